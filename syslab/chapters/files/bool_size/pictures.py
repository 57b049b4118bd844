"""Pictures of the chapter on the size of bool: structs as bytes, a write that gets lost, and memory as a string of bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from syslab.evidence import Answer
from syslab.show.drawing import LETTER, SIZE, Canvas, Lanes, n
from syslab.show.picture import Picture

from . import show
from .ask import Compiled, Declared
from .bit_strings import SetBit
from .model import BYTE, lay_out

COLOURS = ("accent", "blue", "green", "violet")


def owners(row: Declared) -> list[str]:
    """For each bit of the struct, lowest first, the member that has it; "" is padding. As the compiler laid it out."""
    owner = [""] * (BYTE * row["size"])
    for name, mask in row["members"].items():
        bits = int.from_bytes(bytes.fromhex(mask), "little")
        for at in range(len(owner)):
            if bits >> at & 1:
                owner[at] = name
    return owner


def _runs(owner: list[str]) -> Iterator[tuple[str, int, int]]:
    """Who, from which bit, how many; padding ends where its byte does."""
    for (who, _), bits in groupby(range(len(owner)), lambda at: (owner[at], 0 if owner[at] else at // BYTE)):
        places = list(bits)
        yield who, places[0], len(places)


def _hatch(x: float, y: float, w: float, h: float) -> str:
    """Diagonal lines in a box."""
    ends = ((x + max(0, c - h), y + min(c, h), x + min(c, w), y + max(0, c - w)) for c in range(5, int(w + h), 6))
    return "".join(f"M{n(a)} {n(b)}L{n(c)} {n(d)}" for a, b, c, d in ends)


def _strip(canvas: Canvas, owner: list[str], cell: float, high: float = 22) -> None:
    """A struct from (0, 0): a tinted piece a member, hatched padding, and a line at each byte."""
    bit, names, padding = cell / BYTE, sorted({*owner} - {""}), ""
    for who, at, long in _runs(owner):
        x, wide = at * bit, long * bit
        if not who:
            padding += _hatch(x, 0, wide, high)
            continue
        canvas.box(x, 0, wide, high, COLOURS[names.index(who) % len(COLOURS)], "edge", 0.2, 0)
        if wide > 11:
            canvas.text(x + wide / 2, high / 2 + 4.5, who, "middle", mono=True)
    if padding:
        canvas.put(f'<path class="s-edge" d="{padding}"/>')
    ends = "".join(f"M{n(i * cell)} 0v{n(high)}" for i in range(1, len(owner) // BYTE))
    canvas.put(f'<path class="s-edge" stroke-dasharray="2 3" d="{ends}"/>' if ends else "")
    canvas.box(0, 0, len(owner) * bit, high, "", "ink", round=0)


def layouts(answer: Answer[list[Declared]]) -> Picture:
    """Every struct of the experiment as its bytes."""
    widest = max(row["size"] for row in answer.data)

    def draw(width: float) -> Canvas:
        wide = width > 600
        left = 236 if wide else 0
        cell, high = ((width - left - 70) / widest, 32) if wide else (width / widest, 49)
        canvas = Canvas(width, 20 + high * len(answer.data))
        for i in range(widest):
            canvas.text(left + (i + 0.5) * cell, 12, str(i), "middle", "soft", 12)
        for place, row in enumerate(answer.data):
            size = f"{row['size']} byte{'s' * (row['size'] != 1)}"
            with canvas.moved(0, 20 + place * high):
                with canvas.link(f"#{show.ANCHOR}={row['declaration']}", f"{row['title']}, {size}"):
                    canvas.text(0, 16 if wide else 13, row["title"])
                if wide:
                    canvas.text(left + row["size"] * cell + 8, 16, size, colour="soft")
                else:
                    canvas.text(width, 13, size, "end", "soft")
                with canvas.moved(left, 0 if wide else 19):
                    _strip(canvas, owners(row), cell)
        return canvas

    said = "; ".join(f"{row['title']}, {lay_out(row['declaration']).sentence.rstrip('.')}" for row in answer.data)
    return Picture(
        "bool-layouts",
        draw,
        title="What the members take, and what is padding",
        alt=f"Thirteen structs, each as a strip of bytes: {said}.",
        caption="A row a struct, byte 0 on the left, and in each byte bit 0 on the left. Letters are members in the order of their "
        "declaration, and hatched bits belong to none. A struct's name opens it in the widget above.",
        numbers=show.structs(answer),
        links=True,
    )


def _touching(instructions: Sequence[str]) -> tuple[str, str]:
    """The load and the store among the instructions of a function that changes a bit at ``[rdi]``."""
    there = [one for one in instructions if "[rdi]" in one]
    return there[0], there[-1]


def lost(answer: Answer[list[Compiled]]) -> Picture:
    """Two threads, two neighbouring bits, and the order in which one write gets lost."""
    found = {row["function"]: row["instructions"] for row in answer.data}
    load, store = (one.replace(" PTR", "") for one in _touching(found["copy_bit"]))
    masks = {name: mask[0] for name, mask in lay_out(",".join(["bool:1"] * BYTE)).masks.items()}
    a, d = masks["a"], masks["d"]

    def draw(width: float) -> Canvas:
        one, byte, two = (
            ("Thread 1: s.d = 1", "The byte", "Thread 2: s.a = 1") if width > 600 else ("s.d = 1", "The byte", "s.a = 1")
        )
        lanes = Lanes(width, (one, byte, two))
        lanes.say(byte, f"{0:08b}", mono=True, fill="paper")
        lanes.go(byte, one, f"{0:08b}")
        lanes.say(one, load, mono=True)
        lanes.go(byte, two, f"{0:08b}")
        lanes.say(two, load, mono=True)
        lanes.say(two, f"sets a,\n{store}", mono=True)
        lanes.go(two, byte, f"{a:08b}", "accent")
        lanes.say(byte, f"{a:08b}", mono=True, fill="paper", edge="accent")
        lanes.say(one, f"sets d,\n{store}", mono=True)
        lanes.go(one, byte, f"{d:08b}", "bad")
        lanes.say(byte, f"{d:08b}\na is lost", mono=True, fill="paper", edge="bad")
        return lanes.done()

    return Picture(
        "bool-lost",
        draw,
        title="How a write to a neighbouring bit is lost",
        alt=f"Three lanes: thread 1 sets the bit d, the byte that has both bits, thread 2 sets the bit a. Both load {0:08b} with {load}. "
        f"Thread 2 sets a and stores {a:08b}. Thread 1 sets d in what it loaded and stores {d:08b}, in which a is 0 again.",
        caption="Time goes down. The order is made up, and allowed; the load and the store are those that the compiler made for "
        "copy_bit, in the numbers below.",
        numbers=show.code(answer),
    )


def _labels(found: Sequence[SetBit]) -> list[tuple[int, str]]:
    """Each byte that was changed in memory by an offset in a register, and the offsets that did it."""
    form = found[0]["form"]
    places = sorted({row["byte"] for row in found if row["form"] == form and row["byte"] is not None})
    return [(byte, ", ".join(str(row["offset"]) for row in found if (row["form"], row["byte"]) == (form, byte))) for byte in places]


def bit_string(answer: Answer[list[SetBit]]) -> Picture:
    """Memory around the operand, and where each offset went."""
    labels = _labels(answer.data)
    first, last = labels[0][0], labels[-1][0]
    form = answer.data[0]["form"]
    others = [row for row in answer.data if row["form"] != form]

    def ended(row: SetBit) -> str:
        if row["byte"] is None:
            return f"bit {row['value'].bit_length() - 1} of the register"
        return f"byte {row['byte']}, bit {row['value'].bit_length() - 1}"

    def draw(width: float) -> Canvas:
        wide = width > 600
        cell = width / (last - first + 1)
        levels: list[float] = []
        placed = []
        for byte, words in labels:
            x = (byte - first + 0.5) * cell
            half = len(words) * SIZE * LETTER / 2
            middle = min(max(x, half), width - half)
            level = next((i for i, end in enumerate(levels) if end < middle - half - 8), len(levels))
            levels[level : level + 1] = [middle + half]
            placed.append((x, middle, level, words))
        top = 22 + 20 * len(levels)
        canvas = Canvas(width, top + 58 + 20 * len(others) * (1 if wide else 2))
        for x, _, level, _ in placed:
            canvas.line((x, top - 17 - 20 * level), (x, top), colour="edge", width=1)
        for _, middle, level, words in placed:  # its box hides the lines of those above
            y, room = top - 22 - 20 * level, len(words) * SIZE * LETTER
            canvas.box(middle - room / 2, y - 12, room, 17, "paper", "", round=0)
            canvas.text(middle, y + 1, words, "middle", bold=True)
        for byte, _ in labels:
            canvas.box((byte - first) * cell, top, cell, 22, "accent", "", 0.45, 0)
        canvas.box(0, top, width, 22, "", "edge", round=0)
        lines = "".join(f"M{n(i * cell)} {n(top)}v22" for i in range(1, last - first + 1))
        canvas.put(f'<path class="s-line" d="{lines}"/>')
        start = -first * cell
        canvas.box(start, top, BYTE * cell, 22, "", "accent", round=0)
        for byte in range(first, last + 1, BYTE if wide else 2 * BYTE):
            canvas.text((byte - first) * cell, top + 38, str(byte), "start", "soft", 12)
        for place, row in enumerate(others):
            y = top + 62 + 20 * place * (1 if wide else 2)
            canvas.text(0, y, row["form"] + (f", rsi = {row['offset']}" if row["byte"] is None else "") + ":", mono=True)
            canvas.text(*((300, y) if wide else (14, y + 18)), ended(row))
        return canvas

    told = "; ".join(f"offset {words} changed byte {byte}" for byte, words in labels)
    return Picture(
        "bool-bit-string",
        draw,
        title=f"Which byte {form} changed",
        alt=f"A strip of the bytes {first} to {last} around the address. {told}. "
        + "; ".join(f"{row['form']} with offset {row['offset']}: {ended(row)}" for row in others)
        + ".",
        caption="The strip is memory, with the numbers of the bytes counted from rdi below it; the operand's eight are framed. Above "
        "it stand the bit offsets in rsi, each at the byte that changed. The last two lines are the forms that take the offset modulo "
        "the operand's width.",
        numbers=show.bits(answer),
    )
