"""``make fresh``: this checkout's HEAD on a Debian with nothing but what README asks for, and what it does there.

A minimal Debian is made in a folder, HEAD is cloned into it, and make runs there as root or as an ordinary user, in a
mount and PID namespace of its own: with /proc, a small /dev (no /dev/kvm) and the network of this machine. Then this is
checked: the exit status, that there is a book, that `git status` is clean, that nothing still runs, and that nothing was
written but into the clone, ~/.cache and, by root, where apt installs. The folder is removed, whatever happened.

How this machine reaches its registries goes in with it: pip's settings and the files and folders that they name,
certificates, proxies, apt's settings for its servers. Needs root, mmdebstrap and about 6 GB. Ends with 1 if a check failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = "python3,git,make"  # README's first sentence
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CARRIED = re.compile(r"PIP_.*|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|ftp|all|no)_proxy", re.IGNORECASE)
PIP_CONF = ("etc/pip.conf", "etc/xdg/pip/pip.conf")
OWN_PIP_CONF = (".config/pip/pip.conf", ".pip/pip.conf")
# where packages and their scripts write; root's .ssh is systemd-tmpfiles'
APT = (
    "bin",
    "sbin",
    "lib",
    "lib64",
    "usr",
    "etc",
    "var/lib",
    "var/cache",
    "var/log",
    "var/backups",
    "var/mail",
    "var/spool",
    "run",
    "root/.ssh",
)

# The mounts are seen in this namespace alone and end with it, so that nothing outside can delete through one.
# What is listed at the end runs in the PID namespace beside this script, which is its first process.
INSIDE = r"""
set -eu
root=$1 who=$2 clone=$3 target=$4
shift 4
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
while read -r folder; do
    mkdir -p "$root$folder"
    mount --bind -o ro "$folder" "$root$folder"
done <"$root.folders"
there() { chroot --userspec="$who" --groups="" "$root" env -i "$@"; }
there "$@" make -C "$clone" "$target" </dev/null && status=0 || status=$?
echo "$status" >"$root.status"
there "$@" git -C "$clone" status --porcelain >"$root.changed"
sleep 2
for process in "$root"/proc/[0-9]*; do
    if [ "${process##*/}" != 1 ] && grep -q . "$process/cmdline"; then
        tr '\0' ' ' <"$process/cmdline"
        echo
    fi 2>/dev/null
done >"$root.running"
"""


def named_paths(texts: Iterable[str]) -> list[Path]:
    """Absolute paths, plain or as file: URLs, that settings name and that exist here."""
    found = {Path(path) for text in texts for path in re.findall(r"(?:^|[\s='\"]|file://)(/[^\s'\",;]+)", text)}
    return sorted(path for path in found if path.exists() and str(path) != os.devnull)


def carry(root: Path, home: Path) -> tuple[dict[str, str], list[Path]]:
    """Put this machine's ways to its registries into ``root``; the variables to set, and the folders to mount there."""
    variables = {name: value for name, value in os.environ.items() if CARRIED.fullmatch(name)}
    texts = list(variables.values())
    files = [(Path("/", name), root / name) for name in PIP_CONF]
    files += [(Path.home() / name, home / name) for name in OWN_PIP_CONF]
    files += [(Path("/etc/hosts"), root / "etc/hosts"), (Path("/etc/resolv.conf"), root / "etc/resolv.conf")]
    for source, target in files:
        if source.is_file():
            copy(source, target)
            texts += [source.read_text(encoding="utf-8")] if source.name == "pip.conf" else []
    apt = apt_settings()
    (root / "etc/apt/apt.conf.d/99this-machine").write_text(apt, encoding="utf-8")
    paths = named_paths([*texts, apt])
    for path in paths:
        if path.is_file():
            copy(path, root / path.relative_to("/"))
            if b"BEGIN CERTIFICATE" in path.read_bytes():  # Debian's own bundle, once installed, holds it too
                copy(path, root / "usr/local/share/ca-certificates" / f"{path.stem}.crt")
    # an index of files on disk, DIR/simple, refers to files beside it
    return variables, sorted({path.parent if path.name == "simple" else path for path in paths if path.is_dir()})


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o644)


def apt_settings() -> str:
    """What apt is told here about its servers: proxies, certificates, whether dates are checked."""
    if not shutil.which("apt-config"):
        return ""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True, timeout=60)
    return "".join(
        f"{line}\n" for line in done.stdout.splitlines() if re.match(r'Acquire::(https?::|Check-|Retries).* "[^"]+";', line)
    )


def files(folder: Path) -> Iterator[tuple[str, tuple[int, int] | None]]:
    """Every path below, with what changes when it is written; a folder changes with what comes and goes in it: None."""
    for entry in os.scandir(folder):
        status = entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield entry.path, None
            yield from files(Path(entry.path))
        else:
            yield entry.path, (status.st_ino, status.st_ctime_ns)


def written(root: Path, before: dict[str, tuple[int, int] | None], allowed: Iterable[Path]) -> list[str]:
    """What is new or changed below ``root`` since ``before``, outside the folders where that is right."""
    within = tuple(f"{path}/" for path in allowed)
    return sorted(
        path.removeprefix(str(root))
        for path, what in files(root)
        if (path not in before or before[path] != what) and not f"{path}/".startswith(within)
    )


def remove(folder: Path) -> None:
    """Delete it, and never through a mount: OSError if something is mounted there that cannot be unmounted."""

    def mounts() -> list[str]:
        places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        return [place for place in places if f"{place}/".startswith(f"{folder}/")]

    for place in reversed(mounts()):
        subprocess.run(["umount", place], check=False, timeout=60)
    if left := mounts():
        raise OSError(f"still mounted, so it was not deleted: {', '.join(left)}")
    subprocess.run(["rm", "-rf", "--one-file-system", str(folder)], check=True, timeout=600)


def try_in(work: Path, options: argparse.Namespace) -> bool:
    """Make the Debian in ``work``, run the command, print what came of it. True if every check passed."""
    root = work / "debian"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "--aptopt=" + str(work / "apt.conf")]
    (work / "apt.conf").write_text(apt_settings(), encoding="utf-8")
    subprocess.run([*command, options.release, str(root), *([options.mirror] if options.mirror else [])], check=True, timeout=1800)
    person = options.user == "ordinary"
    home = Path("/home/reader" if person else "/root")
    number = 1000 if person else 0
    if person:
        for name, line in (("passwd", f"reader:x:1000:1000::{home}:/bin/bash"), ("group", "reader:x:1000:")):
            with (root / "etc" / name).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
    there = root / home.relative_to("/")
    there.mkdir(exist_ok=True)
    clone = there / "notes"
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(clone)], check=True, timeout=600)
    variables, folders = carry(root, there)
    Path(f"{root}.folders").write_text("".join(f"{folder}\n" for folder in folders), encoding="utf-8")
    for folder in folders:
        (root / folder.relative_to("/")).mkdir(parents=True, exist_ok=True)
    subprocess.run(["chown", "-R", f"{number}:{number}", str(there)], check=True, timeout=60)

    before = dict(files(root))
    variables |= {"HOME": str(home), "USER": "reader" if person else "root", "PATH": PATHS, "LANG": "C.UTF-8"}
    started = time.monotonic()
    child = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private",
         "sh", "-c", INSIDE, "sh", str(root), f"{number}:{number}", str(home / "notes"), options.target,
         *(f"{name}={value}" for name, value in variables.items())],
        stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    late = False
    try:
        child.wait(timeout=60 * options.timeout)
    except subprocess.TimeoutExpired:
        late = True
    finally:
        child.kill()  # the first process of its namespace goes with it, and all others with that one
        child.wait()

    def said(what: str) -> str:
        path = Path(f"{root}.{what}")
        return path.read_text(encoding="utf-8").strip() if path.exists() else "not known"

    allowed = [clone, there / ".cache", *(root / name for name in APT if not person)]
    elsewhere = written(root, before, allowed)
    checks = [
        ("exit status", f"stopped after {options.timeout} min" if late else said("status"), "0"),
        ("book", "built" if (clone / "_build/html/index.html").is_file() else "none", "built"),
        ("git status", said("changed") or "clean", "clean"),
        ("still running", said("running") or "nothing", "nothing"),
        ("written elsewhere", "\n".join(elsewhere[:40]) or "nothing", "nothing"),
    ]
    spent = divmod(round(time.monotonic() - started), 60)
    print(f"\n{options.release}, {options.user}: make {options.target}, {spent[0]} min {spent[1]} s")
    for name, came, right in checks:
        print(f"  {'ok ' if came == right else 'BAD'} {name}: {came}", flush=True)
    return all(came == right for _, came, right in checks)


def main() -> int:
    """Exit status: 0 only if every check passed, 2 if it cannot be tried here."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.fresh_debian", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", nargs="?", default="bookworm", help="Debian's name for it, such as bookworm or trixie")
    parser.add_argument("--user", choices=("root", "ordinary"), default="ordinary")
    parser.add_argument("--target", choices=("book", "test"), default="book", help="what make is asked for")
    parser.add_argument("--timeout", type=float, default=90, metavar="MINUTES")
    parser.add_argument("--folder", default="/var/tmp", help="where the system is made; default %(default)s")
    parser.add_argument("--mirror", help="where its packages come from; default Debian's own servers")
    parser.add_argument("--keep", action="store_true", help="do not remove the system afterwards")
    options = parser.parse_args()
    if os.geteuid():
        parser.error("only root can make a system in a folder and mount in it")
    for tool, package in (("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux"), ("git", "git")):
        if not shutil.which(tool):
            parser.error(f"there is no {tool}: apt-get install {package}")
    if subprocess.run(["git", "-C", str(ROOT), "status", "--porcelain"], capture_output=True, check=True, timeout=60).stdout:
        print("This checkout has changes that are not committed; what is tried is HEAD.", flush=True)
    work = Path(tempfile.mkdtemp(prefix="fresh-debian-", dir=options.folder))
    work.chmod(0o755)  # the ordinary user must reach his system
    try:
        return 0 if try_in(work, options) else 1
    except subprocess.CalledProcessError as failed:
        print(f"{failed.cmd[0]} failed ({failed.returncode}); see above", file=sys.stderr)
        return 2
    except subprocess.TimeoutExpired as late:
        print(f"{late.cmd[0]} took longer than {late.timeout:g} s", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if options.keep:
            print(f"kept: {work}")
        else:
            remove(work)


if __name__ == "__main__":
    sys.exit(main())
