"""Two files read by several means, edited by one byte and read again; and what each says to bytes that are no such file."""

from __future__ import annotations

import os
import shutil
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import LINUX, tool

from .parsers import FILES, FormatError, Values, by_cstruct, by_kaitai, by_struct, by_tools

FQ, POKE = tool("fq"), tool("poke")
LIBRARIES = {"struct": by_struct, "cstruct": by_cstruct, "kaitai": by_kaitai}
NOTE = 0x78  # phdr[1].p_type of the ELF file: 4, a note


@experiment()
def libraries() -> dict[str, dict[str, Values]]:
    """Both files by each Python reader: ``{"elf": {"struct": values, ...}, "efi": ...}``."""
    return {
        kind: {name: getattr(reader, kind)(path.read_bytes()) for name, reader in LIBRARIES.items()} for kind, path in FILES.items()
    }


@experiment(POKE, tools=("poke",), timeout=60)
def poke() -> dict[str, Values]:
    """Both files by GNU poke."""
    return {"elf": by_tools.poke_elf(FILES["elf"]), "efi": by_tools.poke_efi(FILES["efi"])}


class Probe(TypedDict):
    """fq's exit status and words for a file whose format it may choose itself."""

    status: int
    said: str


class Fq(TypedDict):
    """The ELF file by fq, where its decoder gave up, and a probe of each file."""

    elf: Values
    stopped: str
    probe: dict[str, Probe]


@experiment(FQ, tools=("fq",), timeout=60)
def fq() -> Fq:
    """Both files by fq. ``stopped`` is where its ELF decoder gave up; ``probe`` what it says when it may choose the format."""
    values, stopped = by_tools.fq(FILES["elf"])
    probes: dict[str, Probe] = {}
    for kind, path in FILES.items():
        status, said = by_tools.fq_probe(path)
        probes[kind] = {"status": status, "said": said}
    return {"elf": values, "stopped": stopped, "probe": probes}


def _copy(folder: str) -> Path:
    copy = Path(folder) / FILES["elf"].name
    copy.write_bytes(FILES["elf"].read_bytes())
    return copy


def _entries(values: Values) -> int:
    return sum(name.startswith("phdr[") and name.endswith(".p_type") for name in values)


def _every(path: Path) -> Iterator[tuple[str, Values, str]]:
    """Reader, what it found, and where it stopped ("" if it did not)."""
    for name, reader in LIBRARIES.items():
        yield name, reader.elf(path.read_bytes()), ""
    yield "poke", by_tools.poke_elf(path), ""
    yield "fq", *by_tools.fq(path)


class Edited(TypedDict):
    """A reader before and after the edit: phdr[1].p_type, how many program headers it gives, whether it stops, and what changed."""

    reader: str
    before: int
    after: int
    entries_before: int
    entries_after: int
    stopped_before: bool
    stopped_after: bool
    changed_bytes: list[int]
    changed_members: list[str]


@experiment(POKE, FQ, tools=("poke", "fq"), timeout=60)
def edited() -> Iterator[Edited]:
    """Poke writes 0 over the byte at 0x78 of a copy: a note becomes an unused entry. Every reader before and after."""
    with tempfile.TemporaryDirectory(prefix="syslab-") as folder:
        copy = _copy(folder)
        before = list(_every(copy))
        by_tools.poke_byte(copy, NOTE, 0)
        pairs = zip(FILES["elf"].read_bytes(), copy.read_bytes(), strict=True)
        changed = [at for at, (old, new) in enumerate(pairs) if old != new]
        for (name, was, was_stop), (_, now, now_stop) in zip(before, _every(copy), strict=True):
            yield {
                "reader": name,
                "before": int(was["phdr[1].p_type"]), "after": int(now["phdr[1].p_type"]),
                "entries_before": _entries(was), "entries_after": _entries(now),
                "stopped_before": bool(was_stop), "stopped_after": bool(now_stop),
                "changed_bytes": changed,
                "changed_members": [key for key in now if key in was and was[key] != now[key]],
            }  # fmt: skip


def _told(reader: Callable[[bytes], Values], data: bytes) -> str:
    try:
        values = reader(data)
    except FormatError as error:
        return str(error)
    return f"read: e_type {values['ehdr.e_type']:#x}, {values['ehdr.e_phnum']} program headers"


class Told(TypedDict):
    """What each Python reader says of the same bytes."""

    struct: str
    cstruct: str
    kaitai: str


def _each(data: bytes) -> Told:
    return {"struct": _told(by_struct.elf, data), "cstruct": _told(by_cstruct.elf, data), "kaitai": _told(by_kaitai.elf, data)}


class Edit(Told):
    """An edit: where, the byte that was there, the members that have changed, and what is said of the file now."""

    offset: str
    byte_before: int
    changed: str


@experiment(POKE, tools=("poke",), timeout=60)
def edit(offset: int = 0x10, value: int = 3) -> Edit:
    """Poke writes ``value`` at ``offset`` of a copy. What Python's readers then say of it; ValueError outside file or byte."""
    with tempfile.TemporaryDirectory(prefix="syslab-") as folder:
        copy = _copy(folder)
        was = by_struct.elf(copy.read_bytes())
        by_tools.poke_byte(copy, offset, value)
        data = copy.read_bytes()
        try:
            now = by_struct.elf(data)
            changed = ", ".join(f"{k}: {was[k]} to {now[k]}" for k in now if k in was and was[k] != now[k]) or "none of those read"
        except FormatError:
            changed = "it is refused"
        byte = FILES["elf"].read_bytes()[offset]
        return {"offset": f"{offset:#x}", "byte_before": byte, "changed": changed, **_each(data)}


def _mapped_library() -> str:
    """The C library that this process has mapped, "" if it has none that shows."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        paths = [line.rstrip().split(" ")[-1] for line in maps if "/" in line]
    return next((path for path in paths if os.path.basename(path).startswith(("libc.", "libc-", "ld-musl"))), "")


class SystemFile(TypedDict):
    """A file by all five readers: its type, program headers, members that all have and those that differ; or why it was not read."""

    file: str
    type: int | None
    entries: int
    members: int
    differ: list[str]
    why: str


@experiment(LINUX, FQ, POKE, tools=("fq", "poke"), timeout=60)
def system_files() -> Iterator[SystemFile]:
    """Three files of this machine by all five readers: members that all have, and members on which they differ."""
    files = {"ls": shutil.which("ls") or "", "the C library": _mapped_library(), "Python itself": os.path.realpath(sys.executable)}
    for name, path in files.items():
        row: SystemFile = {"file": name, "type": None, "entries": 0, "members": 0, "differ": [], "why": ""}
        try:
            found = list(_every(Path(path)))
        except (OSError, FormatError, by_tools.ToolFailed) as error:
            yield row | {"why": str(error).replace(path, name) if path else "not found"}
            continue
        shared = [key for key in found[0][1] if all(key in values for _, values, _ in found)]
        differ = [key for key in shared if len({values[key] for _, values, _ in found}) > 1]
        head = found[0][1]
        yield row | {"type": int(head["ehdr.e_type"]), "entries": _entries(head), "members": len(shared), "differ": differ}


def broken() -> dict[str, bytes]:
    """Bytes that are no whole 64-bit little-endian ELF file, by what is wrong with them."""
    whole = FILES["elf"].read_bytes()

    def with_byte(offset: int, value: int) -> bytes:
        return whole[:offset] + bytes([value]) + whole[offset + 1 :]

    return {
        "nothing at all": b"",
        "a text": b"These bytes are a sentence and no program, whatever a reader makes of them.",
        "the first 40 bytes": whole[:40],
        "the first 100 bytes": whole[:100],
        "class 1, 32-bit": with_byte(4, 1),
        "data 2, big-endian": with_byte(5, 2),
        "e_phoff far outside": with_byte(0x26, 0x40),
    }


def _plain_struct(data: bytes) -> str:
    try:
        return f"e_type {struct.unpack_from(by_struct.EHDR, data)[7]:#x}"
    except struct.error as error:
        return f"struct.error: {error}"


class Refusal(Told):
    """Broken bytes by name, and what plain ``struct.unpack_from`` makes of them."""

    bytes: str
    unpack: str


@experiment()
def refusals() -> Iterator[Refusal]:
    """Broken bytes: what plain ``struct.unpack_from`` makes of the header, and what each of the readers says."""
    for what, data in broken().items():
        yield {"bytes": what, "unpack": _plain_struct(data), **_each(data)}


class Writes(TypedDict):
    """The Kaitai runtime's version, what can write, and the bytes that a write changed."""

    runtime: str
    runtime_writes: bool
    parser_writes: bool
    changed_bytes: list[int]


@experiment()
def writes() -> Writes:
    """Whether the installed Kaitai runtime and the generated parser can write; two bytes written through the runtime."""
    from io import BytesIO

    import kaitaistruct

    from .parsers.elf64_headers import Elf64Headers

    data = FILES["elf"].read_bytes()
    able = hasattr(kaitaistruct, "ReadWriteKaitaiStruct") and hasattr(kaitaistruct.KaitaiStream, "write_u2le")
    changed: list[int] = []
    if able:
        stream = kaitaistruct.KaitaiStream(BytesIO(data))
        stream.seek(0x10)
        stream.write_u2le(3)
        changed = [at for at, (old, new) in enumerate(zip(data, stream.to_byte_array(), strict=True)) if old != new]
    return {
        "runtime": kaitaistruct.__version__,
        "runtime_writes": able,
        "parser_writes": hasattr(Elf64Headers, "_write"),
        "changed_bytes": changed,
    }
