#!/bin/sh
# What `make` needs once: system packages of apt.txt where we may install them, then a virtual environment from the
# locked requirements.txt (hashes checked) with the project beside it. Run through make; PYTHON and VENV come from it,
# and NAMED, which is not empty when somebody named that Python. `setup.sh usable` only says whether VENV can be used.
set -eu
say() { printf '%s\n' "$*"; }
fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

version() { "$1" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null; }

# Not usable: an environment that was never finished, or whose Python is gone or became another one.
usable() {
    [ -e "$VENV/ready" ] && [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -I -c 'import pip' 2>/dev/null &&
        { [ -z "${NAMED:-}" ] || [ "$(version "$VENV/bin/python")" = "$(version "$PYTHON")" ]; }
}
if [ "${1:-}" = usable ]; then
    usable
    exit
fi

# progress PERCENT TEXT: on a terminal one line that is rewritten; in a log a whole line every 25 %.
quarter=0
progress() {
    if [ -t 1 ]; then
        printf '\r  %-70.70s' "$2"
    elif [ "$1" -ge $((quarter + 25)) ]; then
        quarter=$(($1 / 25 * 25))
        say "  $2"
    fi
}

# watched EACH LAST COMMAND...: EACH is called with every line that the command prints, LAST filters all of them when it fails.
# A pipe has the status of its last command, so the command's own comes through it as the last line.
watched() {
    each=$1 last=$2
    shift 2
    { "$@" 2>&1 </dev/null && say "exit status 0" || say "exit status $?"; } | {
        all="" line="" final=""
        while IFS= read -r line; do
            final=$line
            all="$all$line
"
            printf '%s\n' "$line" 2>/dev/null >>"$log" || :  # on a full disk, what is said about it is still shown
            "$each" "$line"
        done
        [ ! -t 1 ] || printf '\r%-72s\r' ""
        case $final in *"exit status 0") exit 0 ;; esac
        printf '%s' "$all" | "$last" >&2
        exit 1
    }
}

end() { tail -n 15; }
apt_end() { grep -Ev '^([dp][lm]|exit )status' | tail -n 15; }

missing=""
if command -v dpkg-query >/dev/null 2>&1; then
    for package in $(cat apt.txt); do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
fi
root="no"
if ! command -v apt-get >/dev/null 2>&1; then :; elif [ "$(id -u)" -eq 0 ]; then root=""; elif sudo -n true 2>/dev/null; then root="sudo -n"; fi

# apt-get's status lines are kind:what:percent:text. They need a descriptor of their own: apt would close it for dpkg's
# scripts, and without stdout these fail. It is opened inside, because sudo closes it too.
apt_line() {
    case $1 in dlstatus:*) now=fetching ;; pmstatus:*) now=installing ;; *) return 0 ;; esac
    [ "$now" = "${before:-}" ] || quarter=0
    before=$now
    rest=${1#*:*:}
    progress "${rest%%[.:]*}" "$now, ${rest%%[.:]*} %: ${rest#*:}"
}
apt_get() {
    $root env LC_ALL=C DEBIAN_FRONTEND=noninteractive sh -c 'exec apt-get "$@" 3>&1' apt-get -qq \
        -o APT::Status-Fd=3 -o DPkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@"
}
install() {
    apt_get update || :  # old lists may still do
    for package in $missing; do
        if apt-cache show "$package" >/dev/null 2>&1; then set -- "$@" "$package"; else say "E: apt knows no package $package" && lacks=1; fi
    done
    apt_get install -y --no-install-recommends "$@" && [ -z "${lacks:-}" ]
}
if [ -n "$missing" ] && [ "$root" != no ]; then
    say "Installing system packages:$missing"
    log=/dev/null
    watched apt_line apt_end install || say "Not all could be installed; going on: experiments that need them are shown from records."
fi

if ! command -v "$PYTHON" >/dev/null 2>&1; then
    fail "There is no $PYTHON. Install it (Debian: apt-get install python3), or name one: make PYTHON=..."
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    fail "$PYTHON is $("$PYTHON" --version 2>&1); this project needs Python 3.11 or newer. Name one: make PYTHON=..."
fi
if ! "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null &&
    ! { "$PYTHON" -c 'import venv' && command -v apt-get && command -v dpkg-deb; } >/dev/null 2>&1; then
    fail "$PYTHON cannot make virtual environments. Install them (Debian: apt-get install python3-venv), or name another: make PYTHON=..."
fi
if [ -n "$missing" ] && [ "$root" = no ]; then
    say "Not installed:$missing. Going on without: experiments that need them are shown from records."
    say "To install them: sudo apt-get install$missing"
fi

log="$VENV/setup.log"
if [ -d "$VENV" ] && [ ! -e "$VENV/pyvenv.cfg" ] && [ ! -e "$log" ] && [ -n "$(ls -A "$VENV")" ]; then
    fail "$VENV is not empty and no virtual environment. Remove it, or name another place: make VENV=..."
fi
if ! { mkdir -p "$VENV" && printf '' >>"$log"; } 2>/dev/null; then
    fail "$log cannot be written. Make room and that folder writable, or name another place: make VENV=..."
fi
# A second make of this checkout waits here, instead of making the same environment at the same time.
if command -v flock >/dev/null 2>&1; then
    exec 9<requirements.txt
    flock -n 9 || { say "Another make is setting up $VENV; waiting for it" && flock 9; } || :
fi

# Debian keeps Python's copy of pip in python3-venv. Where that is missing, pip comes from the package of its wheel, which
# apt fetches for an ordinary user too, from the servers set up here and with its signature checked.
environment() {
    find "$VENV/" -mindepth 1 -maxdepth 1 ! -name setup.log -exec rm -rf {} + || return
    if "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
        "$PYTHON" -m venv "$VENV"
        return
    fi
    "$PYTHON" -m venv --without-pip "$VENV" && mkdir -p "$VENV/apt/lists/partial" "$VENV/apt/cache/archives/partial" || return
    apt=$(cd "$VENV/apt" && pwd) || return
    set -- -q -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o Acquire::Languages=none -o Acquire::Retries=1 -o Acquire::http::Timeout=15
    (cd "$apt" && apt-get "$@" update && apt-get "$@" download python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb .) || return
    for wheel in "$apt"/usr/share/python-wheels/pip-*.whl; do
        PYTHONPATH=$wheel "$VENV/bin/python" -m pip install --disable-pip-version-check --no-index --no-deps "$wheel" || return
    done
    rm -rf "$apt"
}
# Cut short while it copies files, pip would call half a package installed: without its stamp the environment is made anew.
pip_line() {
    case $1 in
    Ignoring*) total=$((total - 1)) ;;
    Collecting* | Processing* | "Requirement already"*)
        n=$((n + 1))
        progress $((100 * n / total)) "$n of $total packages"
        ;;
    "Installing collected"*)
        rm -f "$VENV/ready"
        progress 200 "installing"
        ;;
    esac
}
pip_install() { "$VENV/bin/python" -m pip install --disable-pip-version-check --progress-bar off --no-deps "$@"; }
packages() { pip_install --require-hashes -r requirements.txt && pip_install --no-build-isolation --editable .; }

say "Setting up $VENV from requirements.txt (about a minute, once)"
printf '' >"$log"
failed="Setting up failed; these are the last lines of what was said. When the cause is gone, the same command goes on."
usable || watched : end environment || fail "$failed"
total=$(grep -c == requirements.txt) n=0
watched pip_line end packages || fail "$failed"
touch "$VENV/ready"
