"""Pictures of the chapter on ioctl: request numbers as strips of bits, and who copies which bytes where."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from syslab.bits.ioctl_names import BOTH, BY_NAME, NONE, READ, WRITE
from syslab.bits.ioctl_request import IOC
from syslab.evidence import Answer
from syslab.show.drawing import Canvas, n
from syslab.show.picture import Picture

from . import show
from .ask import SIZE as TERMINAL
from .ask import Argument

TELLING = ("KVM_SET_CPUID2", "KVM_GET_CPUID2", "TIOCGPTN", "KVM_RUN", "TIOCGWINSZ")
WORDS = {NONE: "none", WRITE: "write", READ: "read", BOTH: "both"}
COLOURS = {"DIR": "accent", "SIZE": "blue", "TYPE": "green", "NR": "violet"}


def parts(number: int) -> dict[str, tuple[str, str]]:
    """For each field, the highest first: its bits, and what they say."""
    found = {}
    for one in sorted(IOC.fields, key=lambda one: -one.bit):
        value = one.of(number)
        word = {"DIR": WORDS.get(value, ""), "SIZE": f"{value} bytes" if value else "0", "TYPE": _letter(value)}.get(one.name)
        found[one.name] = (f"{value:0{one.width}b}", word or f"{value:#04x}")
    return found


def _letter(kind: int) -> str:
    return f"{kind:#x} {chr(kind)!r}" if chr(kind).isascii() and chr(kind).isalpha() else f"{kind:#x}"


def request_numbers(names: Sequence[str] = TELLING) -> Picture:
    """The 32 bits of some requests, with their four parts."""
    numbers = {name: BY_NAME[name].number for name in names}

    def draw(width: float) -> Canvas:
        wide = width > 600
        cell, row = width / 32, 74
        canvas = Canvas(width, 22 + row * len(numbers) - 12)
        x = 0.0
        for name, (bits, _) in parts(0).items():
            canvas.text(
                x if name == "DIR" else x + len(bits) * cell / 2, 12, name, "start" if name == "DIR" else "middle", COLOURS[name]
            )
            x += len(bits) * cell
        for place, (name, number) in enumerate(numbers.items()):
            with canvas.moved(0, 22 + place * row):
                with canvas.link(f"#{IOC.anchor}={number:#x}", f"{name}, {number:#010x}"):
                    canvas.text(0, 14, name, bold=True)
                canvas.text(width, 14, f"{number:#010x}", "end", mono=True)
                x = 0.0
                for part, (bits, word) in parts(number).items():
                    canvas.bits(x, 20, cell, bits, COLOURS[part])
                    middle = part != "DIR"
                    short = word if wide else word.replace(" bytes", "").split(" ")[0]
                    canvas.text(x + len(bits) * cell / 2 if middle else x, 56, short, "middle" if middle else "start", "soft", 12)
                    x += len(bits) * cell
        return canvas

    said = "; ".join(
        f"{name}, {number:#010x}: " + ", ".join(f"{part} {word}" for part, (_, word) in parts(number).items())
        for name, number in numbers.items()
    )
    return Picture(
        "ioctl-numbers",
        draw,
        title="Five request numbers, bit by bit",
        alt=f"The 32 bits of five requests. {said}.",
        caption="Bit 31 is on the left. DIR is the direction, seen from the program; SIZE counts the bytes of the structure; TYPE is the "
        "driver's letter, NR the request's own number. A name opens its number in the widget below.",
        source=str(IOC.sources[0]),
        links=True,
    )


class _Places:
    """Where the bytes of one call are: a column each for the program, Python and the kernel, ``y`` the row's top."""

    def __init__(self, canvas: Canvas, y: float) -> None:
        self.canvas, self.y, self.wide = canvas, y, canvas.width > 600
        gap = 60 if self.wide else 18
        self.column = (canvas.width - 2 * gap) / 3
        self.left = [place * (self.column + gap) for place in range(3)]
        self.cell = min(24, self.column / 8)

    def strip(self, place: int, data: bytes, colour: str = "accent", after: int = 0) -> None:
        """Bytes in a column; the last ``after`` of them are not ours to write."""
        x, y = self.left[place], self.y + 20
        self.canvas.box(x, y, len(data) * self.cell, 22, colour, "edge", 0.16, 0)
        if after:
            self.canvas.box(x + (len(data) - after) * self.cell, y, after * self.cell, 22, "bad", "bad", 0.3, 0)
        ends = "".join(f"M{n(x + i * self.cell)} {n(y)}v22" for i in range(1, len(data)))
        self.canvas.put(f'<path class="s-line" d="{ends}"/>')
        for i, byte in enumerate(data if self.wide else b""):
            self.canvas.text(x + (i + 0.5) * self.cell, y + 15, f"{byte:02x}", "middle", mono=True, size=12)

    def arrow(self, start: int, end: int, length: int, colour: str = "ink") -> None:
        """From the left edge of a column to what ``length`` bytes take in another."""
        y = self.y + 31
        self.canvas.arrow((self.left[start] - 2, y), (self.left[end] + length * self.cell + 3, y), colour=colour)

    def words(self, place: int, text: str, low: bool = False, mono: bool = False, colour: str = "soft") -> None:
        """Above the strip, or below it."""
        self.canvas.text(self.left[place], self.y + (57 if low else 13), text, colour=colour, mono=mono, size=12)


def copies(answer: Answer[list[Argument]]) -> Picture:
    """Where the kernel's bytes go, for the four telling arguments."""
    rows = {show.third(row): row for row in answer.data}
    size = struct.pack("4H", *TERMINAL, 0, 0)

    def draw(width: float) -> Canvas:
        wide, row = width > 600, 76
        canvas = Canvas(width, 24 + 4 * row - 12)
        places = _Places(canvas, 0)
        for left, name in zip(places.left, ("Your program", "Python", "The kernel"), strict=True):
            canvas.text(left, 13, name, bold=True)
        for place, argument in enumerate(("none", "bytes(8)", "bytes(4)", "bytearray(8)")):
            found, length = rows[argument], {"bytes(4)": 4}.get(argument, 8)
            at = _Places(canvas, 24 + place * row)
            at.words(
                0, argument if argument != "none" else "no third argument" if wide else "none", mono=argument != "none", colour=""
            )
            at.strip(2, size, "blue")
            said = show.error(found).partition(":")[0] or f"returns {found['returned'].partition(':')[0]}"
            at.words(0, said if wide else said.removeprefix("returns ").removeprefix("OSError "), True)
            if argument == "none":
                at.words(1, "passes address 0" if wide else "address 0")
                at.arrow(2, 1, 1, "bad")
                canvas.text(at.left[1], at.y + 36, "?", bold=True, colour="bad")
            elif argument == "bytearray(8)":
                at.words(1, "its copy")
                at.strip(1, size)
                at.arrow(2, 1, 8, "accent")
                at.strip(0, size)
                at.arrow(1, 0, 8, "accent")
                at.words(1, "written back into yours" if wide else "written back", True)
            else:
                at.words(1, "its copy")
                at.strip(1, size, after=8 - length)
                at.arrow(2, 1, 8, "accent")
                if not found["error"]:
                    at.strip(0, size[:length])
                    at.arrow(1, 0, length)
                if length < 8:
                    at.words(1, "4 bytes land after the copy" if wide else "4 too many", True, colour="bad")
        return canvas

    told = "; ".join(
        f"{name}: {rows[name]['returned'] or show.error(rows[name])}" for name in ("none", "bytes(8)", "bytes(4)", "bytearray(8)")
    )
    return Picture(
        "ioctl-copies",
        draw,
        title="Where the kernel's eight bytes go, by the third argument",
        alt="Three columns: your program, Python, the kernel. Without a third argument Python passes the address 0, where the kernel cannot "
        "write. Of bytes Python makes a copy, the kernel fills the copy, and the call returns it; with four bytes too few, the rest lands in "
        f"Python's memory after the copy. A bytearray has the copy written back into it. What the calls returned: {told}.",
        caption="The request is TIOCGWINSZ, which fills a structure of 8 bytes, in hex; Python's copies are read in its source. A bytearray of "
        "more than 1024 bytes has none: the kernel writes into it. The numbers have every argument that was tried.",
        numbers=show.arguments(answer),
    )
