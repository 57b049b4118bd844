"""Faults that a user program can provoke, and the error code the kernel shows for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypedDict

from syslab.bits import exceptions
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import X86_64
from syslab.native import asm
from syslab.native import faults as machine
from syslab.native.code import PAGE, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE, map_pages, protect
from syslab.native.faults import HOLE, KERNEL, NON_CANONICAL, NULL, VSYSCALL

RET_THERE = asm.code("c6 07 c3  c3", "mov byte [rdi], 0xc3; ret")  # 0xc3 is a ret
ACCESS = {"read": machine.READ, "write": machine.WRITE, "fetch": machine.FETCH}
PROTECTIONS = {"r": PROT_READ, "w": PROT_WRITE, "x": PROT_EXEC}
SI_CODES = {
    ("SIGSEGV", 1): "SEGV_MAPERR",
    ("SIGSEGV", 2): "SEGV_ACCERR",
    ("SIGSEGV", 128): "SI_KERNEL",
    ("SIGILL", 2): "ILL_ILLOPN",
    ("SIGFPE", 1): "FPE_INTDIV",
    ("SIGTRAP", 128): "SI_KERNEL",
}


def _nothing(address: int) -> None:
    pass


def _read(address: int) -> None:
    machine.run_code(machine.READ, address)


def _write(address: int) -> None:
    machine.run_code(machine.WRITE, address)


def _read_then_close(address: int) -> None:
    _read(address)
    protect(address, PROT_NONE)


def _read_here_already() -> int:
    address = map_pages(PROT_READ)
    _read(address)
    return address


@dataclass(frozen=True)
class Page:
    """What an access meets: ``place`` maps it in the parent, ``prepare`` works on it in the child that will fault.

    ``present`` is what the paging entry says by then. A page read only in the parent is not present in the child:
    fork leaves out entries that the child can get back by faulting.
    """

    name: str
    place: Callable[[], int]
    prepare: Callable[[int], None] = _nothing
    present: bool = False
    kernel_half: bool = False
    canonical: bool = True


PAGES = {
    page.name: page
    for page in (
        Page("NULL + 0x10", lambda: NULL),
        Page("read-only, never touched", lambda: map_pages(PROT_READ)),
        Page("read-only, read before", lambda: map_pages(PROT_READ), _read, present=True),
        Page("read-only, read before the fork", _read_here_already),
        Page("PROT_NONE, read before", lambda: map_pages(PROT_READ), _read_then_close),
        Page("data (NX), written before", lambda: map_pages(PROT_READ | PROT_WRITE), _write, present=True),
        Page("kernel text", lambda: KERNEL, present=True, kernel_half=True),
        Page("unused hole at the top", lambda: HOLE, kernel_half=True),
        Page("vsyscall page", lambda: VSYSCALL, present=True, kernel_half=True),
        Page("non-canonical", lambda: NON_CANONICAL, canonical=False),
    )
}
CASES = (
    ("read", "NULL + 0x10"),
    ("write", "NULL + 0x10"),
    ("fetch", "NULL + 0x10"),
    ("write", "read-only, never touched"),
    ("write", "read-only, read before"),
    ("write", "read-only, read before the fork"),
    ("read", "PROT_NONE, read before"),
    ("fetch", "data (NX), written before"),
    ("read", "kernel text"),
    ("write", "kernel text"),
    ("fetch", "kernel text"),
    ("read", "unused hole at the top"),
    ("read", "vsyscall page"),
    ("read", "non-canonical"),
)
OTHERS = (("ud2", machine.UD2), ("divide by zero", machine.DIVIDE_BY_ZERO), ("int3", machine.INT3))


class Faulted(TypedDict):
    """An access, and the exception it raised, if any, as the signal frame has it: ``cr2`` says what it holds, "" where that is old."""

    access: str
    page: str
    exception: str
    vector: int | None
    error_code: int | None
    signal: str
    si_code: str
    cr2: str


def _row(access: str, page: str, fault: machine.Fault | None, address: int | None = None) -> Faulted:
    if fault is None:
        return {
            "access": access,
            "page": page,
            "exception": "none",
            "vector": None,
            "error_code": None,
            "signal": "",
            "si_code": "",
            "cr2": "",
        }
    code = SI_CODES.get((fault.signal, fault.si_code), str(fault.si_code))
    hit = "the address" if fault.cr2 == address else "something else"
    return {
        "access": access,
        "page": page,
        "exception": exceptions.name(fault.vector),
        "vector": fault.vector,
        "error_code": fault.error_code,
        "signal": fault.signal,
        "si_code": code,
        "cr2": hit if fault.vector == 14 else "",  # CR2 belongs to page faults; elsewhere the frame holds an old one
    }


def _fault(access: str, address: int, prepare: Callable[[int], None]) -> machine.Fault | None:
    def in_the_child() -> None:
        prepare(address)
        machine.run_code(ACCESS[access], address)

    return machine.provoke(in_the_child)


@experiment(X86_64, timeout=20)
def faults() -> Iterator[Faulted]:
    """Every case of :data:`CASES`, then :data:`OTHERS`: exceptions that are not page faults. A child each."""
    for access, name in CASES:
        page = PAGES[name]
        address = page.place()
        yield _row(access, name, _fault(access, address, page.prepare), address)
    for name, code in OTHERS:
        yield _row("execute", name, machine.provoke(partial(machine.run_code, code)))


@cache
def levels() -> int:
    """Levels of this kernel's page tables: it shows the flag la57 where it uses five."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = re.search(r"^flags\s*: (.*)$", file.read(), re.MULTILINE)
    return 5 if flags and "la57" in flags[1].split() else 4


BORDER = (
    ("the last byte that a program can map", -PAGE - 1),
    ("the first byte of the last page", -PAGE),
    ("the last byte of the lower half", -1),
)
"""Bytes by their distance from the end of the lower half."""


class AtBorder(Faulted):
    """A read of a byte of :data:`BORDER`, with its address in hex."""

    address: str


@experiment(X86_64)
def last_page() -> Iterator[AtBorder]:
    """A read on both sides of the end of user space, which is a page below the end of the lower half. A child each."""
    end = 1 << (47 if levels() == 4 else 56)
    for name, distance in BORDER:
        address = end + distance
        yield {**_row("read", name, _fault("read", address, _nothing), address), "address": hex(address)}


class OneFault(Faulted):
    """An access to a page of the reader's, and whether that was touched before."""

    touched: bool


@experiment(X86_64)
def one_fault(access: str, protection: str = "r", touch: bool = False) -> OneFault:
    """One access (read, write, fetch) to a page of ``protection`` (letters of rwx), in place before if ``touch``.

    The page holds a ``ret``. ValueError for other words, and for w with x: no page here is both.
    """
    if access not in ACCESS:
        raise ValueError(f"access {access!r} is none of {', '.join(ACCESS)}")
    if set(protection) - set(PROTECTIONS):
        raise ValueError(f"protection {protection!r} has letters other than r, w and x")
    wanted = sum(PROTECTIONS[letter] for letter in set(protection))
    if wanted & PROT_WRITE and wanted & PROT_EXEC:
        raise ValueError(f"protection {protection!r}: a page is writable or executable here, never both")
    touch = touch or "x" in protection  # otherwise the page would hold zeros, which are instructions too
    address = map_pages(PROT_READ | PROT_WRITE) if touch else map_pages(wanted)

    def fill(at: int) -> None:
        if touch:
            machine.run_code(RET_THERE, at)
            protect(at, wanted)

    names = [f"PROT_{word}" for word, bit in (("READ", PROT_READ), ("WRITE", PROT_WRITE), ("EXEC", PROT_EXEC)) if wanted & bit]
    row = _row(access, " | ".join(names) or "PROT_NONE", _fault(access, address, fill), address)
    return {**row, "touched": touch}


TRIES: tuple[dict[str, Any], ...] = (
    {"access": "write", "protection": "r", "touch": False},
    {"access": "write", "protection": "r", "touch": True},
    {"access": "write", "protection": "rw", "touch": True},
    {"access": "fetch", "protection": "rw", "touch": True},
    {"access": "read", "protection": "", "touch": True},
)
"""Arguments of :func:`one_fault`: what an exercise offers to choose from."""


@experiment(X86_64, timeout=20)
def tries() -> Iterator[OneFault]:
    """What becomes of each of :data:`TRIES`."""
    for arguments in TRIES:
        yield one_fault(**arguments)
