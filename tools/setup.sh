#!/bin/sh
# What `make` needs once: system packages of apt.txt where we may install them, then a virtual environment from the
# locked requirements.txt (hashes checked) with the project beside it. Run through make; PYTHON and VENV come from it.
set -eu
say() { printf '%s\n' "$*"; }

missing=""
if command -v dpkg-query >/dev/null 2>&1; then
    for package in $(cat apt.txt); do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
fi
if [ -n "$missing" ]; then
    root=""
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then root="sudo -n"; else root="no"; fi
    fi
    if [ "$root" = no ] || ! command -v apt-get >/dev/null 2>&1; then
        say "Not installed:$missing. Going on without: experiments that need them are shown from records."
        say "To install them: sudo apt-get install$missing"
    else
        say "Installing system packages:$missing"
        { $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing; } >/dev/null ||
            say "That failed; going on without: experiments that need them are shown from records."
    fi
fi

if ! command -v "$PYTHON" >/dev/null 2>&1; then
    say "There is no $PYTHON. Install it (Debian: apt-get install python3 python3-venv), or name one: make PYTHON=..." >&2
    exit 1
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "$PYTHON is $("$PYTHON" --version 2>&1); this project needs Python 3.11 or newer. Name one: make PYTHON=..." >&2
    exit 1
fi
if ! "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; then
    say "$PYTHON cannot make virtual environments. Install them: apt-get install python3-venv" >&2
    exit 1
fi

say "Setting up $VENV from requirements.txt (about a minute, once)"
[ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
total=$(grep -c == requirements.txt)
log="$VENV/setup.log"
if ! "$VENV/bin/python" -m pip install --disable-pip-version-check --progress-bar off --require-hashes --no-deps -r requirements.txt 2>&1 |
    tee "$log" | awk -v total="$total" '/^Collecting/ { printf "\r  %d of %d packages", ++n, total; fflush() } /^Installing/ { printf "\n  installing"; fflush() } END { print "" }' ||
    ! "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . >>"$log" 2>&1; then
    say "Setting up failed; the end of $log:" >&2
    tail -n 15 "$log" >&2
    exit 1
fi
