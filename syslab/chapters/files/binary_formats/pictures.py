"""Pictures of the chapter on binary formats: an ELF file beside a PE file, with what points where."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from syslab.bits.elf64 import PFLAGS, PTYPE, elf64
from syslab.bits.pe import pe
from syslab.bits.structure import Format
from syslab.evidence import Answer
from syslab.show.drawing import Canvas, lines
from syslab.show.picture import Picture

from . import show
from .ask import Fq
from .parsers import FILES, Values


class Block(NamedTuple):
    """Bytes of a file with one meaning. ``inside``: they belong to the block before as well; ``by``: what points here, from where."""

    title: str
    start: int
    size: int
    by: str = ""
    source: str = ""
    inside: bool = False


TITLES = {"ehdr": "ELF header", "phdr": "program header", "dos": "DOS header", "pe": "PE header", "opt": "optional header",
          "section": "section header"}  # fmt: skip
CONTENTS = ("p_offset", "pointer_to_raw_data")
POINTED = {"phdr": ("e_phoff", "ELF header"), "pe": ("e_lfanew", "DOS header")}


def _heads(form: Format, data: bytes) -> list[Block]:
    """The structures that are read, a table as one block."""
    blocks = []
    for name, found in groupby(form.read(data).found, lambda one: one.name.partition(".")[0].partition("[")[0]):
        members = list(found)
        start, end = min(one.offset for one in members), max(one.offset + one.size for one in members)
        count = len({one.name.partition(".")[0] for one in members})
        title = TITLES[name] if count == 1 else f"{count} {TITLES[name]}s"
        blocks.append(Block(title, start, end - start, *POINTED.get(name, ())))
    return blocks


def _elf(values: Values) -> list[Block]:
    heads = _heads(elf64(), FILES["elf"].read_bytes())
    table = heads[-1].title
    found: list[Block] = []
    for i in range(int(values["ehdr.e_phnum"])):
        kind, flags, start, size = (int(values[f"phdr[{i}].p_{key}"]) for key in ("type", "flags", "offset", "filesz"))
        name = PTYPE.fields[0].text(kind).partition(",")[0]
        rights = "".join(letter if PFLAGS.field(letter.upper()).of(flags) else "-" for letter in "rwx")
        inside = any(other.start <= start < other.start + other.size for other in found)
        found.append(Block(f"{name}, {rights}", start, size, "p_offset", table, inside))
    count, size = int(values["ehdr.e_shnum"]), int(values["ehdr.e_shentsize"])
    return [*heads, *found, Block(f"{count} section headers", int(values["ehdr.e_shoff"]), count * size, "e_shoff", "ELF header")]


def _pe(values: Values) -> list[Block]:
    whole = {"optional header": int(values["pe.size_of_optional_header"])}  # of which the book reads the beginning
    heads = [head._replace(size=whole.get(head.title, head.size)) for head in _heads(pe(), FILES["efi"].read_bytes())]
    found = []
    for i in range(int(values["pe.number_of_sections"])):
        name = bytes.fromhex(str(values[f"section[{i}].name"])).rstrip(b"\0").decode("ascii", "replace")
        start, size = (int(values[f"section[{i}].{key}"]) for key in ("pointer_to_raw_data", "size_of_raw_data"))
        found.append(Block(name, start, size, "pointer_to_raw_data", heads[-1].title))
    return [*heads, *found]


def blocks(libraries: Answer[dict[str, dict[str, Values]]]) -> dict[str, list[Block]]:
    """Each file's blocks by their offsets, as ``struct`` read them."""
    found = {"elf": _elf(libraries.data["elf"]["struct"]), "efi": _pe(libraries.data["efi"]["struct"])}
    return {kind: sorted(some, key=lambda block: block.start) for kind, some in found.items()}


def _file(canvas: Canvas, title: str, some: list[Block], width: float) -> float:
    """A file from top to bottom, arrows on its right. Where it ends."""
    left, right = 52.0, width * 0.6
    canvas.text(left, 14, title, bold=True)
    y, end, places = 24.0, 0, dict[str, float]()
    targets: list[tuple[float, float, Block]] = []
    for block in some:
        if block.inside:
            canvas.box(left + 14, y - 32, right - left - 28, 26, "accent", "edge", 0.14, 2)
            canvas.text(left + 20, y - 14, block.title, size=12)
            canvas.text(left - 8, y - 14, f"{block.start:#x}", "end", "soft", 12, mono=True)
            targets.append((y - 19, right - 14, block))
            continue
        if block.start > end:
            canvas.text((left + right) / 2, y + 10, "…", "middle", "soft")
            y += 18
        holds = any(other.inside and block.start <= other.start < block.start + block.size for other in some)
        high = 66 if holds else 34
        contents = block.by in CONTENTS
        canvas.box(left, y, right - left, high, "blue" if contents else "panel", "edge", 0.14 if contents else 1, 2)
        canvas.text(left + 8, y + 15, block.title)
        canvas.text(left + 8, y + 29, f"{block.size:,} bytes", colour="soft", size=12)
        canvas.text(left - 8, y + 15, f"{block.start:#x}", "end", "soft", 12, mono=True)
        places[block.title] = y + 20
        if block.by:
            targets.append((y + 12, right, block))
        y, end = y + high, block.start + block.size
    tracks = {source: right + 12 + 12 * i for i, source in enumerate(dict.fromkeys(block.source for _, _, block in targets))}
    for at, edge, block in sorted(targets, key=lambda target: -target[0]):
        track = tracks[block.source]
        canvas.arrow((right, places[block.source]), (track, places[block.source]), (track, at), (edge, at), colour="accent")
    for at, _, block in targets:
        x = max(tracks.values()) + 8
        for i, line in enumerate(lines(block.by.replace("_", "_\u200b"), width - x, 12, True)):
            canvas.text(x, at + 4 + 14 * i, line, mono=True, size=12)
    return y


def layout(libraries: Answer[dict[str, dict[str, Values]]], poke: Answer[dict[str, Values]], fq: Answer[Fq]) -> Picture:
    """Both files: headers, tables, what they point to."""
    both = [(FILES[kind].name, some) for kind, some in blocks(libraries).items()]

    def draw(width: float) -> Canvas:
        wide = width > 600
        canvas, high = Canvas(width), 0.0
        for i, (name, some) in enumerate(both):
            with canvas.moved(i * (width / 2 + 10) if wide else 0, 0 if wide else high):
                end = _file(canvas, name, some, width / 2 - 10 if wide else width)
            high = max(high, end) if wide else high + end + 20
        canvas.height = high + 2
        return canvas

    def told(name: str, some: list[Block]) -> str:
        parts = [
            f"{b.title} at {b.start:#x}, {b.size} bytes" + (f", found by {b.by} in the {b.source}" if b.by else "") for b in some
        ]
        return f"{name}: {'; '.join(parts)}."

    return Picture(
        "formats-layout",
        draw,
        title="An ELF file and a PE file, from the first byte to the last",
        alt=" ".join(told(name, some) for name, some in both),
        caption="Offsets on the left, in bytes from the beginning; heights are not to scale, and an ellipsis stands for bytes that no header "
        "read here names. An arrow goes from the structure that has an offset to what begins there.",
        answers=libraries,
        numbers=show.members(libraries, poke, fq),
    )
