"""What SMEP, SMAP and AC stop: a matrix asked of bare-metal guests, and what a program can see from user mode."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import errorcode
from functools import partial
from itertools import product
from typing import Literal, TypedDict

from syslab.bits import exceptions
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import X86_64
from syslab.native import asm, faults
from syslab.native.code import PROT_NONE, PROT_READ, PROT_WRITE, libc, map_pages
from syslab.native.faults import KERNEL, NON_CANONICAL, NULL
from syslab.qemu.bare_metal_protocol import TEST_FRAME, XD, P, Request, U, W
from syslab.questions.access_matrix import PAGE_FAULT, Outcome, ask_all, outcome
from syslab.questions.machines import BOTH, MACHINES

Access = Literal["read", "write", "fetch"]
ACCESSES: tuple[Access, ...] = ("read", "write", "fetch")
PAGES = {"uw": ("user, writable", W | U), "ur": ("user, read-only", U), "sw": ("supervisor, writable", W)}
"""What an access meets: its name in links, in words, and its bits."""
STAC, CLAC = asm.code("0f 01 cb", "stac"), asm.code("0f 01 ca", "clac")
RET = asm.code("c3", "ret")
AC = 1 << 18
SET_AC = asm.code("9c  81 0c 24 {ac:4}  9d", "pushfq; or dword [rsp], {ac}; popfq", ac=AC)
CLEAR_AC = asm.code("9c  81 24 24 {rest:4}  9d", "pushfq; and dword [rsp], {rest}; popfq", rest=0xFFFF_FFFF ^ AC)
FLAGS = asm.code("9c  58", "pushfq; pop rax")
KEEP, KEPT = asm.code("49 89 c0", "mov r8, rax"), asm.code("4c 89 c0", "mov rax, r8")
LOAD = asm.code("8b 0f", "mov ecx, [rdi]")


@dataclass(frozen=True)
class Case:
    """Who accesses which page, and the switches. ``xd``, ``smep``, ``smap``, ``ac``, ``wp`` are the bits' own values."""

    user_mode: bool = False
    page: str = "uw"
    xd: bool = False
    smep: bool = False
    smap: bool = False
    ac: bool = False
    wp: bool = True

    def __post_init__(self) -> None:
        if self.page not in PAGES:
            raise ValueError(f"page {self.page!r} is none of {', '.join(PAGES)}")

    @property
    def user_page(self) -> bool:
        """U/S of the page."""
        return bool(PAGES[self.page][1] & U)

    @property
    def writable(self) -> bool:
        """R/W of the page."""
        return bool(PAGES[self.page][1] & W)

    def request(self, access: str) -> Request:
        """What the guest is asked."""
        pte = TEST_FRAME | P | PAGES[self.page][1] | (XD if self.xd else 0)
        return Request(access, self.user_mode, pte=pte, wp=self.wp, smep=self.smep, smap=self.smap, ac=self.ac)

    def __str__(self) -> str:
        switches = [name.upper() for name in ("xd", "smep", "smap", "ac", "wp") if getattr(self, name)]
        return f"page: {PAGES[self.page][0]}; set: {', '.join(switches) or 'nothing'}"


def cases() -> list[Case]:
    """Every combination: mode and page by five switches."""
    flag = (False, True)
    return [Case(*values) for values in product(flag, PAGES, flag, flag, flag, flag, flag)]


class Answered(TypedDict):
    """A :class:`Case`, and of each access: None if it was made, the error code of its page fault, or in words what else came."""

    witness: str
    user_mode: bool
    page: str
    xd: bool
    smep: bool
    smap: bool
    ac: bool
    wp: bool
    read: int | str | None
    write: int | str | None
    fetch: int | str | None


def case_of(row: Answered) -> Case:
    """The case of a measured row."""
    return Case(row["user_mode"], row["page"], row["xd"], row["smep"], row["smap"], row["ac"], row["wp"])


def _value(found: Outcome | str) -> int | str | None:
    if isinstance(found, str):
        return found
    if found.vector == PAGE_FAULT:
        return found.error_code
    return None if found.vector is None else f"vector {found.vector}"


@experiment(witnesses=BOTH, timeout=60)
def matrix(machine: str) -> Iterator[Answered]:
    """Every case, read, written and fetched from. What the machine's CPU lacks is left out."""
    make = MACHINES[machine]
    with make() as guest:
        cpu, witness = guest.features(), guest.witness
    asked = [case for case in cases() if not cpu.lacks(case.request("read"))]
    replies = iter(ask_all(make, [case.request(access) for case in asked for access in ACCESSES]))
    for case in asked:
        read, write, fetch = (_value(outcome(next(replies))) for _ in ACCESSES)
        yield {
            "witness": witness,
            "user_mode": case.user_mode,
            "page": case.page,
            "xd": case.xd,
            "smep": case.smep,
            "smap": case.smap,
            "ac": case.ac,
            "wp": case.wp,
            "read": read,
            "write": write,
            "fetch": fetch,
        }


SI_CODES = {("SIGILL", 2): "ILL_ILLOPN", ("SIGBUS", 1): "BUS_ADRALN"}


class Told(TypedDict):
    """What a program got for what it does; ``sticks``: whether AC was set when read back, None where it was not read."""

    does: str
    exception: str
    signal: str
    sticks: bool | None


def _told(does: str, code: bytes, *arguments: int) -> Told:
    fault = faults.provoke(partial(faults.run_code, code, *arguments))
    if fault is None:
        return {"does": does, "exception": "none", "signal": "", "sticks": None}
    exception = exceptions.name(fault.vector)
    si_code = SI_CODES.get((fault.signal, fault.si_code), str(fault.si_code))
    return {"does": does, "exception": exception, "signal": f"{fault.signal} {si_code}", "sticks": None}


@experiment(X86_64)
def in_user_mode() -> Iterator[Told]:
    """stac, clac, and AC set by popf, in child processes of this machine."""
    yield _told("stac", STAC + RET)
    yield _told("clac", CLAC + RET)
    read_back = faults.run_code(SET_AC + FLAGS + KEEP + CLEAR_AC + KEPT + RET)
    yield {"does": "set AC with popfq", "exception": "none", "signal": "", "sticks": bool(read_back & AC)}
    page = map_pages(PROT_READ | PROT_WRITE)
    access = LOAD + CLEAR_AC + RET
    yield _told("load 4 bytes at an odd address", access, page + 1)
    yield _told("the same with AC set", SET_AC + access, page + 1)
    yield _told("load at an aligned address with AC set", SET_AC + access, page + 4)


POINTERS: dict[str, Callable[[], int]] = {
    "a page of its own": lambda: map_pages(PROT_READ | PROT_WRITE),
    "NULL + 0x10": lambda: NULL,
    "a PROT_NONE page": lambda: map_pages(PROT_NONE),
    "kernel text": lambda: KERNEL,
    "non-canonical": lambda: NON_CANONICAL,
}


def _write(address: int) -> str:
    """What write(2) of 8 bytes at ``address`` into a pipe returns."""
    lib = libc()
    lib.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    reading, writing = os.pipe()
    try:
        result = lib.write(writing, address, 8)
        return str(result) if result >= 0 else f"-1, {errorcode.get(ctypes.get_errno(), ctypes.get_errno())}"
    finally:
        for end in (reading, writing):
            os.close(end)


class Pointer(TypedDict):
    """A pointer: what a program got that read through it, and what write(2) returned for it."""

    pointer: str
    program: str
    write: str


@experiment(X86_64)
def bad_pointers() -> Iterator[Pointer]:
    """The same pointer twice: read by a child itself, and handed to write(2), which lets the kernel read it."""
    for name, place in POINTERS.items():
        address = place()
        fault = faults.provoke(partial(faults.run_code, faults.READ, address))
        signal = "works" if fault is None else f"{fault.signal}, {exceptions.name(fault.vector)}"
        yield {"pointer": name, "program": signal, "write": _write(address)}
