"""The NTFS image in ``volume/``: unpacked in bounds, built, and mounted with ntfs-3g where that is possible.

Reading it needs no mount and no rights. Building and mounting need ntfs-3g, FUSE and the right to mount; they happen
in a mount namespace of their own, which ends with the process.
"""

from __future__ import annotations

import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, TypeVar

from .model import NAMES, decode, encode

IMAGE = Path(__file__).with_name("volume") / "links.img.xz"
SIZE = 2 << 20
MEMORY = 64 << 20  # what the decompressor may use
SECONDS = 20.0
DRIVE, FUSE = "C:\\", "/dev/fuse"
CAP_SYS_ADMIN = 21
T = TypeVar("T")
NOTE = b"One file, three names.\n"
NOTE_NAMES = ("target/note.txt", "hard.txt", "target/second.txt")


@dataclass(frozen=True)
class Link:
    """A link of the image: its path, whether it is a folder, and its buffer."""

    path: str
    folder: bool
    buffer: bytes


def print_first(buffer: bytes) -> bytes:
    """The same relative link with the print name in front: the sources leave the order to whoever writes it."""
    found = decode(buffer)
    lengths = [found.values[NAMES[1].name], found.values[NAMES[3].name]]
    head, path = buffer[: NAMES[0].offset], buffer[found.kind.path :]
    followed, shown = path[: lengths[0]], path[lengths[0] :]
    numbers = (len(shown), len(followed), 0, len(shown))
    fields = b"".join(n.to_bytes(2, "little") for n in numbers)
    return head + fields + buffer[NAMES[3].offset + 2 : found.kind.path] + shown + followed


def says_another(buffer: bytes, shown: str) -> bytes:
    """The same link, which shows a path that it does not lead to; ``shown`` is as long as the old one."""
    raw, found = shown.encode("utf-16-le"), decode(buffer)
    if len(raw) != found.values["PrintNameLength"]:
        raise ValueError(f"{shown!r} is not as long as {found.shown!r}")
    start = found.kind.path + found.values["PrintNameOffset"]
    return buffer[:start] + raw + buffer[start + len(raw) :]


LINKS = (
    Link("junction", True, encode("junction", DRIVE + "target")),
    Link("dir-link", True, encode("symlink", DRIVE + "target")),
    Link("dir-relative", True, encode("relative", "target")),
    Link("folder/up", True, encode("relative", "..\\target")),
    Link("file-link", False, encode("symlink", DRIVE + "target\\note.txt")),
    Link("file-relative", False, encode("relative", "target\\note.txt")),
    Link("print-first", False, print_first(encode("relative", "target\\note.txt"))),
    Link("two-faced", True, says_another(encode("junction", DRIVE + "target"), DRIVE + "folder")),
    Link("other-volume", True, encode("junction", "D:\\data")),
    Link("other-machine", True, encode("symlink", "\\\\server\\share\\data")),
    Link("dangling", False, encode("relative", "gone.txt")),
)


class ImageError(Exception):
    """The image is missing, damaged or cannot be made; the message says which."""


def load(path: Path = IMAGE) -> bytes:
    """The unpacked image. Never more than :data:`SIZE` bytes, whatever the file claims; ImageError names the file."""
    try:
        packed = path.read_bytes()
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
        data = unpacker.decompress(packed, max_length=SIZE + 1)
    except (OSError, lzma.LZMAError) as error:
        raise ImageError(f"{path.name} cannot be unpacked: {error}") from None
    if len(data) != SIZE or not (unpacker.eof or unpacker.needs_input):
        raise ImageError(f"{path.name} does not unpack to {SIZE} bytes")
    if data[3:11] != b"NTFS    ":
        raise ImageError(f"{path.name} holds no NTFS: bytes 3 to 10 are {data[3:11].hex(' ')}")
    return data


def cannot_mount() -> str | None:
    """Why this process cannot mount with FUSE; None where it can."""
    if not os.access(FUSE, os.R_OK | os.W_OK):
        return f"{FUSE} is missing or not for this user"
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        able = int(status.split("CapEff:")[1].split()[0], 16)
    except (OSError, IndexError, ValueError):
        able = 0
    return None if able >> CAP_SYS_ADMIN & 1 else "mounting needs root"


def _with_mounted(image: Path, options: str, use: Callable[[Path], T]) -> T:
    """``use(folder)`` while ntfs-3g serves ``image`` there. Runs inside the namespace; ntfs-3g stays a child of ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = subprocess.Popen(
            ["ntfs-3g", "-o", f"no_detach,{options}", image, folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            until = time.monotonic() + SECONDS
            while not os.path.ismount(folder):
                if server.poll() is not None or time.monotonic() > until:
                    raise ImageError(
                        f"ntfs-3g did not mount: {(server.stderr.read() if server.poll() is not None and server.stderr else '')[:500]}"
                    )
                time.sleep(0.01)
            return use(folder)
        finally:
            if os.path.ismount(folder):
                subprocess.run(["umount", folder], timeout=SECONDS, check=False)
            try:
                server.wait(SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _fill(folder: Path) -> None:
    """Files and links, through ntfs-3g's extended attribute for reparse data."""
    first, *others = NOTE_NAMES
    (folder / "target").mkdir()
    (folder / "folder").mkdir()
    (folder / first).write_bytes(NOTE)
    for name in others:
        os.link(folder / first, folder / name)
    for link in LINKS:
        path = folder / link.path
        path.mkdir() if link.folder else path.touch()
        os.setxattr(path, "system.ntfs_reparse_data", link.buffer)


class Followed(TypedDict):
    """What a Linux program finds behind a link: readlink(2), with the mount point as MOUNT, or its error; and what is there."""

    path: str
    readlink: str
    leads_to: str


def _read(folder: Path) -> list[Followed]:
    rows: list[Followed] = []
    for link in LINKS:
        path = folder / link.path
        try:
            target = os.readlink(path).replace(str(folder), "MOUNT")
        except OSError as error:
            target = os.strerror(error.errno or 0)
        there = "a folder" if path.is_dir() else "a file" if path.is_file() else "nothing"
        rows.append({"path": link.path, "readlink": target, "leads_to": there})
    return rows


def _inside(job: str, *arguments: str) -> str:
    """Run this module in a mount namespace of its own and return what it prints; ImageError with its complaint."""
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", __name__, job, *arguments]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[4], start_new_session=True
    )
    try:
        out, complaint = child.communicate(timeout=2 * SECONDS)
    except subprocess.TimeoutExpired:
        out, complaint = "", f"no answer in {2 * SECONDS:.0f} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, 9)
        child.wait()
    if child.returncode:
        raise ImageError(complaint.strip().splitlines()[-1] if complaint.strip() else f"{job} ended with {child.returncode}")
    return out


def build(path: Path) -> None:
    """Make the image at ``path``, unpacked. ImageError where that fails; see :func:`cannot_mount`."""
    with open(path, "wb") as file:
        file.truncate(SIZE)
    options = ["-F", "-q", "-Q", "-T", "-L", "LINKS", "-p", "0", "-H", "0", "-S", "0"]
    made = subprocess.run(["mkntfs", *options, path], capture_output=True, text=True, timeout=SECONDS, check=False)
    if made.returncode:
        raise ImageError(f"mkntfs: {made.stderr.strip()}")
    _inside("fill", str(path))


def mounted() -> list[Followed]:
    """The committed image mounted read-only, and what readlink and stat say of each link."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "links.img"
        path.write_bytes(load())
        rows: list[Followed] = json.loads(_inside("read", str(path)))
        return rows


def main(job: str, image: str) -> None:
    """Inside the namespace: ``fill`` or ``read`` an image."""
    if job == "fill":
        _with_mounted(Path(image), "rw", _fill)
    else:
        print(json.dumps(_with_mounted(Path(image), "ro", _read)))


def commit(path: Path = IMAGE) -> None:
    """Build the image anew and pack it into ``path``; only for volume/build.py."""
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "links.img"
        build(raw)
        packed = lzma.compress(raw.read_bytes(), preset=6 | lzma.PRESET_EXTREME)
    scratch = path.with_suffix(".new")
    scratch.write_bytes(packed)
    shutil.move(scratch, path)


if __name__ == "__main__":
    main(*sys.argv[1:3])
