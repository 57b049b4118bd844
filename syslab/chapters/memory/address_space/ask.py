"""Where the address space has its hole, what an access to it raises, and where a process's mappings are."""

from __future__ import annotations

import ctypes
import errno
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import TypedDict

from syslab.bits import exceptions
from syslab.bits.address import WIDTHS, canonical
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import X86_64, tool
from syslab.native import asm
from syslab.native import faults as native
from syslab.native.code import MAP_PRIVATE_ANONYMOUS, PAGE, PROT_READ, libc
from syslab.qemu.bare_metal import Machine, Tcg
from syslab.qemu.bare_metal_protocol import Request
from syslab.questions.access_matrix import ask_all, outcome
from syslab.questions.machines import BOTH, MACHINES, QEMU

from . import maps
from .model import predict_here

EDGES = (
    0x0000_7FFF_FFFF_FFFF,
    0x0000_8000_0000_0000,
    0x00FF_FFFF_FFFF_FFFF,
    0x0100_0000_0000_0000,
    0x8000_0000_0000_0000,
    0xFEFF_FFFF_FFFF_FFFF,
    0xFF00_0000_0000_0000,
    0xFFFF_7FFF_FFFF_FFFF,
    0xFFFF_8000_0000_0000,
    0xFFFF_FFFF_FFFF_FFFF,
)
"""The last and the first address of each side, with four levels and with five, and the middle."""
BY_STACK = asm.code("55  48 89 fd  8a 45 00  5d  c3", "push rbp; mov rbp, rdi; mov al, [rbp]; pop rbp; ret")
SI_CODES = {("SIGSEGV", 1): "SEGV_MAPERR", ("SIGSEGV", 2): "SEGV_ACCERR"}
MAP_FIXED_NOREPLACE = 0x100000
PROCESSES = 16


class Edge(TypedDict):
    """A read of an address in hex, with this many levels of page tables, a page there or not: the result, ``allowed`` or #PF."""

    address: str
    levels: int
    user: bool
    mapped: bool
    result: str


def _request(address: int, levels: int, user: bool, mapped: bool) -> Request:
    request = Request("read", user=user, address=address, la57=levels == 5)
    return request if mapped else replace(request, pml4e=0, pml5e=0)


def _named(vector: int | None) -> str:
    return "allowed" if vector is None else exceptions.name(vector)


def _answers(make: Callable[[], Machine], addresses: tuple[int, ...], mapped: tuple[bool, ...]) -> Iterator[Edge]:
    with make() as guest:
        cpu = guest.features()
    cases = [(n, user, there, a) for n in WIDTHS for user in (False, True) for there in mapped for a in addresses]
    requests = [_request(a, n, user, there) for n, user, there, a in cases]
    able = [not cpu.lacks(request) for request in requests]
    replies = iter(ask_all(make, [request for request, can in zip(requests, able, strict=True) if can]))
    for (levels, user, there, address), can in zip(cases, able, strict=True):
        if can:
            found = outcome(next(replies))
            text = found if isinstance(found, str) else _named(found.vector)
            yield {"address": f"{address:#018x}", "levels": levels, "user": user, "mapped": there, "result": text}


@experiment(witnesses=BOTH, timeout=30)
def edges(machine: str) -> Iterator[Edge]:
    """A read of each of :data:`EDGES`: four levels and five, both modes, mapped and not. Five only where the CPU has them."""
    yield from _answers(MACHINES[machine], EDGES, (False, True))


class Bit(TypedDict):
    """What reads of two addresses came to, by the levels of page tables: ``alone`` has bit n, ``above`` that and all above it."""

    bit: int
    alone4: str
    above4: str
    alone5: str
    above5: str


@experiment(QEMU, timeout=20, tools=("qemu-system-x86_64",), witness="tcg-max")
def bits() -> Iterator[Bit]:
    """For each bit from 12 up, two reads in supervisor mode, with nothing mapped: see :class:`Bit`."""
    numbers = range(12, 64)
    alone, above = tuple(1 << n for n in numbers), tuple((1 << 64) - (1 << n) for n in numbers)
    rows = [row for row in _answers(Tcg, alone + above, (False,)) if not row["user"]]
    found = {(row["levels"], int(row["address"], 16)): row["result"] for row in rows}
    for n, one, all_ in zip(numbers, alone, above, strict=True):
        yield {"bit": n, "alone4": found[4, one], "above4": found[4, all_], "alone5": found[5, one], "above5": found[5, all_]}


@cache
def this_cpu() -> dict[str, bool]:
    """Whether this kernel uses five levels, LASS and LAM, as the flags of /proc/cpuinfo say."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = re.search(r"^flags\s*: (.*)$", file.read(), re.MULTILINE)
    known = flags[1].split() if flags else []
    return {name: name in known for name in ("la57", "lass", "lam")}


ACCESSES = {"read": native.READ, "write": native.WRITE, "fetch": native.FETCH, "read by RBP": BY_STACK}


class Raised(TypedDict):
    """An access to an address in hex: the exception by the manuals and the one that came, and what the program was told."""

    access: str
    address: str
    predicted: str
    exception: str
    signal: str
    si_code: str
    si_addr: str


def _raised(access: str, address: int) -> Raised:
    cpu = this_cpu()
    row: Raised = {
        "access": access,
        "address": f"{address:#018x}",
        "predicted": predict_here(access, address, 5 if cpu["la57"] else 4, cpu["lass"]),
        "exception": "none",
        "signal": "",
        "si_code": "",
        "si_addr": "",
    }
    if fault := native.provoke(partial(native.run_code, ACCESSES[access], address)):
        row["exception"] = _named(fault.vector)
        row["signal"] = fault.signal
        row["si_code"] = "SI_KERNEL" if fault.si_code == 128 else SI_CODES.get((fault.signal, fault.si_code), str(fault.si_code))
        row["si_addr"] = "the address" if fault.si_addr == address else hex(fault.si_addr)
    return row


@experiment(X86_64, timeout=20)
def faults() -> Iterator[Raised]:
    """A read of each of :data:`EDGES` by a child of this process, and other accesses to the middle of the hole."""
    cases = [("read", address) for address in EDGES] + [(access, 1 << 63) for access in ACCESSES if access != "read"]
    for access, address in cases:
        yield _raised(access, address)


@experiment(X86_64)
def one_access(access: str = "read", address: int = EDGES[1]) -> Raised:
    """One access of :data:`ACCESSES` to any address, in a child. ValueError for other words and for more than 64 bits."""
    if access not in ACCESSES:
        raise ValueError(f"access {access!r} is none of {', '.join(ACCESSES)}")
    canonical(address)  # refuses what is no address
    return _raised(access, address)


TRIES: tuple[tuple[str, int], ...] = (
    ("read", 1 << 47),
    ("read", 1 << 63),
    ("write", 1 << 63),
    ("read by RBP", 16),
    ("read by RBP", 1 << 63),
)
"""Arguments of :func:`one_access`: what an exercise offers to choose from."""


@experiment(X86_64)
def tries() -> Iterator[Raised]:
    """What becomes of each of :data:`TRIES`."""
    for access, address in TRIES:
        yield _raised(access, address)


HINTS: tuple[tuple[str, int, bool], ...] = (
    ("no hint", 0, False),
    ("a hint in the lower half", 1 << 46, False),
    ("a hint at 2^47", 1 << 47, False),
    ("a hint at 2^55", 1 << 55, False),
    ("fixed, last page but one", (1 << 47) - 2 * PAGE, True),
    ("fixed, last page of the lower half", (1 << 47) - PAGE, True),
    ("fixed, first page above it", 1 << 47, True),
    ("fixed, first page of the upper half", 0xFFFF_8000_0000_0000, True),
)


class Hint(TypedDict):
    """What mmap(2) was asked, the hint in hex ("" for none), and where the page came or the error's name."""

    asked: str
    hint: str
    got: str


@experiment(X86_64)
def hints() -> Iterator[Hint]:
    """Where mmap(2) puts a page for each hint: below 2^47, exactly there, or an error."""
    lib = libc()
    for name, hint, fixed in HINTS:
        flags = MAP_PRIVATE_ANONYMOUS | (MAP_FIXED_NOREPLACE if fixed else 0)
        got = lib.mmap(hint or None, PAGE, PROT_READ, flags, -1, 0)
        if got == (1 << 64) - 1:
            where = errno.errorcode[ctypes.get_errno()]
        else:
            where = "at the hint" if got == hint else "below 2^47" if got < 1 << 47 else "above 2^47"
            lib.munmap(got, PAGE)
        yield {"asked": name, "hint": f"{hint:#x}" if hint else "", "got": where}


class Mapped(TypedDict):
    """A class of mappings, first and last address in hex, size in bytes. ``why`` is "", or why there was no such process."""

    kind: str
    start: str
    end: str
    bytes: int
    why: str


@experiment(X86_64, tool("cat", "coreutils"))
def mappings() -> list[Mapped]:
    """The mappings of a process that was started without address randomization, by class, lowest first.

    Where that is not allowed, one row says so.
    """
    try:
        found = maps.read(randomized=False)
    except PermissionError as error:
        return [{"kind": "none", "start": "", "end": "", "bytes": 0, "why": str(error)}]
    return [
        {"kind": kind, "start": f"{start:#018x}", "end": f"{end - 1:#018x}", "bytes": end - start, "why": ""}
        for kind, start, end in found
    ]


class Moved(TypedDict):
    """A class of mappings over several processes: at how many places it began, how many below 2^47, and all top bits."""

    kind: str
    processes: int
    places: int
    below_2_47: int
    top_bit: list[int]


@experiment(X86_64, tool("cat", "coreutils"), timeout=20)
def randomized() -> list[Moved]:
    """Over :data:`PROCESSES` ordinary processes: at how many places each class of mappings began, and in which half."""
    starts: dict[str, list[int]] = {}
    for _ in range(PROCESSES):
        first: dict[str, int] = {}
        for kind, start, _end in maps.read(randomized=True):
            first.setdefault(kind, start)
        for kind, start in first.items():
            starts.setdefault(kind, []).append(start)
    return [
        {
            "kind": kind,
            "processes": len(found),
            "places": len(set(found)),
            "below_2_47": sum(a < 1 << 47 for a in found),
            "top_bit": sorted({a >> 63 for a in found}),
        }
        for kind, found in sorted(starts.items(), key=lambda item: item[1][0])
    ]
