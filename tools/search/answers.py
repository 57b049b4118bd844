"""What a query is answered with before any page: a word with bits that it may be, and a name that a layout or a table knows.

Numbers and lines are read by the page, with the layouts' own readers (:func:`readable`); names are looked up among
:func:`named`. Each answer leads to a widget that shows the same: tests/pages/test_search.py follows every link.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from syslab.bits import get
from syslab.bits.core import Field
from syslab.bits.cpuid import LEAVES, cpuinfo_name, title
from syslab.bits.ioctl_names import REQUESTS
from syslab.bits.ioctl_request import IOC
from syslab.bits.signal_mask import DEFAULT_ACTION, NAMES, SIGMASK

from .words import phrase

DESK = "desk"


@dataclass(frozen=True)
class Decoder:
    """A layout, as a query may mean it.

    ``said`` is its name in a sentence; ``chapter`` explains it, and the desk shows it unless ``only_there``. ``called``:
    what it is called in a query that has a number besides, which is in base ``bare`` if it does not say. A number alone is
    likely this word if it is from ``least`` to ``most`` and written in one of ``bases``; or, with ``known``, if the layout has
    a name for it.
    """

    anchor: str
    said: str
    chapter: str
    called: str
    least: int = 1 << 64
    most: int = 1 << 64
    bases: tuple[int, ...] = (2, 16)
    bare: int = 16
    only_there: bool = False
    known: bool = False

    @property
    def page(self) -> str:
        """Where a link to a state leads."""
        return self.chapter if self.only_there else DESK


LONG, WORD = 1 << 32, (1 << 64) - 1
# In the order in which a number is answered.
DECODERS = (
    Decoder("shell-status", "a shell's $?", "processes/signals", r"\$\?|exit(?! reason)|status|return", 0, 255, (10,), bare=10),
    Decoder("pfec", "a page-fault error code", "memory/page-fault-error-code",
            r"pfec|#?pf\b|page.?fault|error.?code|segfault|oops", 0, 0xFFFF),
    Decoder("ioc", "an ioctl request", "files/ioctl", r"ioc|request", bare=10, known=True),
    Decoder("va", "a linear address", "memory/address-space", r"addr|pointer|canonical|\bva\b|rip\b|cr2\b", LONG, WORD),
    Decoder("pte", "a page-table entry", "memory/page-table-entry", r"\bpte|page.?table", LONG, WORD),
    Decoder("cr0", "CR0", "kvm/vm-exits", r"\bcr0", 1 << 31, LONG - 1),
    Decoder("wait", "a wait status", "processes/signals", r"wait", 0, 0xFFFF, bare=10),
    Decoder("sigmask", "a signal mask", "processes/signals", r"\bsig(?:mask|blk|ign|cgt|pnd)|mask"),
    Decoder("cr4", "CR4", "memory/smep-smap", r"\bcr4"),
    Decoder("efer", "EFER", "memory/page-table-entry", r"efer|c0000080"),
    Decoder("rflags", "RFLAGS", "kvm/single-step", r"flags"),
    Decoder("icr", "an interrupt command (ICR)", "kvm/mp-state", r"\bicr|\bipi", only_there=True),
    Decoder("kvm-requests", "a vCPU's requests", "kvm/vcpu-requests", r"requests", only_there=True),
)  # fmt: skip
SHORT = 2  # letters: the name of a bit that means too much by itself
ALSO = {"XD": "NX"}
CRON = r"^\s*(?:[\d*][\d*,/-]*\s+){3}[\w*][\w*,/-]*\s+[\w*][\w*,/-]*(?:\s+\S.*)?$"
# Names of bits are known by themselves; of what is a number or an everyday word, the kind must be said. Ways to say it:
KINDS = (
    ("exit", r"\b(?:(?:vm ?|vmx |svm )exits?|exit reason)\b"),
    ("cpuid", r"\b(?:cpuid (?:leaf|function)|cpuid|leaf)\b"),
    ("signal", r"\b(?:signal|kill|kill s)\b"),
    ("bit", r"\b(?:bits?|flag)\b"),
    ("", r"\b(?:x86_feature_|x86_cr\d_|x86_pf_)"),
)


def link(page: str, anchor: str, value: str) -> str:
    """A page with the state of one of its widgets."""
    return f"{page}.html#{anchor}={quote(value, safe='')}"


BASES = ("hex,", "decimal,", "binary,")
"""How a reader's text begins that reads a bare number: answers.js weighs it by its base, and a line by none."""


def readable() -> list[list[Any]]:
    """What the page needs of each decoder: the layout without titles and without what a reader is called, and where it leads."""
    rows = []
    for decoder in DECODERS:
        whole = get(decoder.anchor).to_dict()
        kept = {key: whole[key] for key in ("name", "anchor", "width", "clauses", "impossible")}
        kept["readers"] = [[pattern, base, how if how.startswith(BASES) else ""] for pattern, base, how in whole["readers"]]
        kept["fields"] = [
            {key: value for key, value in f.items() if key in ("name", "bit", "width", "show", "values")} for f in whole["fields"]
        ]
        likely = [hex(decoder.least), hex(decoder.most), list(decoder.bases), int(decoder.known)]
        rows.append([kept, decoder.said, decoder.page, decoder.chapter, decoder.called, decoder.bare, *likely])
    return rows


@dataclass(frozen=True)
class Answer:
    """``names``: phrases that are answered; then the answer: a label, a sentence, and where it can be seen."""

    names: tuple[str, ...]
    label: str
    text: str
    href: str


def _signals() -> Iterator[Answer]:
    for number, name in NAMES.items():
        if name.startswith(("SIGRT", "SIG3")):
            continue
        about = SIGMASK.field(name).title.partition(": ")[2]
        status = "" if DEFAULT_ACTION[number] in ("ignore", "continue") else f" A shell's $? is then {128 + number}."
        names = (name, f"signal {number}", f"signal {name[3:]}")
        href = link(DESK, "shell-status", hex(128 + number)) if status else link(DESK, "sigmask", hex(1 << number - 1))
        yield Answer(names, f"{name}, signal {number}", f"{about[:1].upper()}{about[1:]}.{status}", href)


def _requests() -> Iterator[Answer]:
    for request in REQUESTS:
        said = IOC.sentence(request.number).partition(": ")[2]
        text = f"{request.purpose[:1].upper()}{request.purpose[1:]}. As a number: {said}"
        yield Answer((request.name,), f"{request.name}, {request.number:#x}", text, link("files/ioctl", "ioc", hex(request.number)))


def _bits(prefix: str, field: Field) -> tuple[str, str]:
    bits = f"bit {field.bit}" if field.width == 1 else f"bits {field.bits}"
    return f"{prefix}.{field.name}, {bits}", f"{field.title[:1].upper()}{field.title[1:]}."


def _known_as(name: str) -> list[str]:
    """By which words the name of a bit is found."""
    names = (name, ALSO.get(name, name))
    return [word if len(phrase(word)) > SHORT else f"bit {word}" for word in names]


def _decoders() -> Iterator[Answer]:
    for decoder in DECODERS:
        layout = get(decoder.anchor)
        start = layout.examples[0][1] if layout.examples else 0
        name = decoder.said.removeprefix("a ").removeprefix("an ")
        fields = ", ".join(field.name for field in reversed(layout.fields[:12]))
        text = (
            f"{layout.width} bits: {fields}{', …' if len(layout.fields) > 12 else ''}. Paste a number or a line, read a sentence."
        )
        href = link(decoder.page, decoder.anchor, hex(start))
        yield Answer((decoder.anchor, name, layout.name), f"Decoder for {decoder.said}", text, href)


def _fields() -> Iterator[Answer]:
    for decoder in DECODERS:
        if decoder.anchor in ("sigmask", "shell-status"):  # signals have answers of their own
            continue
        layout = get(decoder.anchor)
        called = decoder.anchor.upper()
        for field in layout.fields:
            names = (f"{decoder.anchor} {field.name}", *_known_as(field.name))
            label, text = _bits(called, field)
            yield Answer(names, label, text, link(decoder.page, decoder.anchor, hex(1 << field.bit)))


def _leaves(page: str, anchor: str, state: dict[str, Any]) -> Iterator[Answer]:
    """Of the leaf browser: its leaves by number, and their fields."""
    shown = {row[0].replace(".n", ".0") for row in state["registers"]}
    for (leaf, subleaf), registers in LEAVES.items():
        key = f"{leaf:x}.{subleaf or 0:x}"
        if key not in shown:
            continue
        href = link(page, anchor, key)
        if not subleaf and title(leaf):
            text = f"{title(leaf)[:1].upper()}{title(leaf)[1:]}: every register and field, as several machines answered."
            yield Answer((f"cpuid {leaf:x}", f"cpuid {leaf:x} 0"), f"CPUID leaf {leaf:#x}", text, href)
        for register, layout in registers.items():
            for field in layout.fields:
                flags = {cpuinfo_name(c) for c in field.linux if c.startswith("X86_FEATURE_")}
                at = f"CPUID.{leaf:X}{'' if subleaf is None else f'.{subleaf:X}'}:{register.upper()}"
                names = [known for name in (field.name, *flags) if name for known in _known_as(name)]
                yield Answer(tuple(names), *_bits(at, field), href)


def _exits(page: str, anchor: str, state: dict[str, Any]) -> Iterator[Answer]:
    """Of the list of exits: by name and by number."""
    by_name: dict[str, list[list[str]]] = {}
    for row in state["rows"]:
        by_name.setdefault(row[2], []).append(row)
    for name, rows in by_name.items():
        where = ", ".join(f"{vendor} {number}" for vendor, number, *_ in rows)
        said = f"{rows[0][3][:1].upper()}{rows[0][3][1:]}."
        names = (f"exit {name}", *([name] if "_" in name else []))  # HLT alone is more than an exit
        numbers = tuple(f"exit {number}" for _, number, *_ in rows)
        yield Answer((*names, *numbers), f"VM exit {name}: {where}", said, link(page, anchor, name))


def named(states: dict[str, list[dict[str, Any]]]) -> list[Answer]:
    """Every answer by name. ``states``: the widgets of each page, of which the leaf browser and the list of exits are asked."""
    found = [*_decoders(), *_signals(), *_requests(), *_fields()]
    for page, widgets in states.items():
        for state in widgets:
            anchor = state.get("anchor")
            if anchor == "cpuid" and "registers" in state:
                found += _leaves(page, anchor, state)
            if anchor == "exit" and "rows" in state:
                found += _exits(page, anchor, state)
    return found
