"""Where instructions come from: CS base and RIP in each mode, and what a fetch needs of a page."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from typing import Any, TypedDict

from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64
from syslab.kvm import witness
from syslab.native import faults
from syslab.native.code import PROT_READ, PROT_WRITE, map_pages
from syslab.qemu.bare_metal_protocol import TEST_FRAME, XD, P, Request, U, W
from syslab.questions.access_matrix import Outcome, ask_all, outcome, predict
from syslab.questions.machines import BOTH, MACHINES, QEMU

from . import cs_base, real_mode

MASK_32 = 0xFFFF_FFFF
NULL = 0x10
RIP = 0x8000
BASES = (0, 0x1000, 0x30000)
COPIES = tuple(base + RIP for base in BASES)
JUMPS = ((0x0000, 0x2000), (0x0100, 0x1000), (0x0200, 0x0000), (0x0200, 0x1000), (0x0300, 0x1000))
JUMP_COPIES = (0x2000, 0x3000, 0x4000)
PAGES = {
    "absent": 0,
    "supervisor": TEST_FRAME | P | W,
    "user": TEST_FRAME | P | W | U,
    "supervisor-xd": TEST_FRAME | P | W | XD,
    "user-xd": TEST_FRAME | P | W | U | XD,
}
MODES = {"supervisor": False, "user": True}


def linear(mode: str, base: int, rip: int) -> int:
    """The linear address of a fetch. Intel SDM volume 1, "Segment Registers in 64-Bit Mode": there the base is zero."""
    return rip if mode == "long" else (base + rip) & MASK_32


class Start(TypedDict):
    """A start in a mode: CS base and RIP, the address that the instruction was fetched from, and where it is by the model."""

    mode: str
    base: int
    rip: int
    fetched: int
    model: int


@experiment(X86_64, KVM, timeout=20, witness=witness)
def modes() -> Iterator[Start]:
    """One RIP, three CS bases, three modes: the address the instruction came from. Paging maps each address to itself."""
    for mode, base in product(cs_base.MODES, BASES):
        found = cs_base.start(mode, base, RIP, COPIES)
        yield {"mode": mode, "base": base, "rip": found.rip, "fetched": found.fetched, "model": linear(mode, base, RIP)}


@experiment(X86_64, KVM, witness=witness)
def reset() -> cs_base.Reset:
    """CS and RIP that KVM gives a new vCPU."""
    return cs_base.after_reset()


class Jump(TypedDict):
    """A far jump: CS and IP that the code saw, the address that it was fetched from, and where it is by the model."""

    cs: int
    ip: int
    fetched: int
    model: int


@experiment(QEMU, timeout=30, tools=("qemu-system-x86_64",), witness="tcg-max")
def far_jumps() -> Iterator[Jump]:
    """Reset and ``ljmp cs:ip`` to code that says its CS, its IP and where it was fetched."""
    for cs, ip in JUMPS:
        place = real_mode.jump_tcg(cs, ip, JUMP_COPIES)
        yield {"cs": place.cs, "ip": place.ip, "fetched": place.fetched, "model": cs * 16 + ip}


@experiment(X86_64, KVM, witness=witness)
def one_start(mode: str, base: int = 0, rip: int = RIP) -> dict[str, str]:
    """Start in ``mode`` with CS ``base`` at ``rip``. A copy of the code stands where the model expects it, and at ``rip``.

    ValueError for places that the guest has not or needs for its page tables, and for a RIP that real mode has not.
    """
    if mode == "real" and rip > 0xFFFF:
        raise ValueError(f"IP {rip:#x} does not fit in 16 bits")
    places = {linear(mode, base, rip), rip}
    for place in places:
        if not 0 <= place < cs_base.FREE - 0x100:
            raise ValueError(f"{place:#x} is not free in this guest")
    found = cs_base.start(mode, base, rip, places)
    return {"mode": mode, "CS base": hex(base), "RIP": hex(found.rip), "fetched from": hex(found.fetched)}


TRIES: tuple[dict[str, Any], ...] = (
    {"mode": "real", "base": 0x9000, "rip": 0x9000},
    {"mode": "real", "base": 0x900, "rip": 0x9000},
    {"mode": "protected", "base": 0x10000, "rip": 0x2000},
    {"mode": "long", "base": 0x10000, "rip": 0x2000},
    {"mode": "long", "base": 0x9000, "rip": 0x12000},
)
"""Arguments of :func:`one_start`: what an exercise offers to choose from."""


@experiment(X86_64, KVM, witness=witness)
def tries() -> Iterator[dict[str, str]]:
    """What becomes of each of :data:`TRIES`."""
    for arguments in TRIES:
        yield one_start(**arguments)


def request(mode: str, page: str, smep: bool) -> Request:
    """A fetch in ``mode`` from ``page``, as the bare-metal guest is asked."""
    return Request("fetch", user=MODES[mode], pte=PAGES[page], smep=smep)


def _code(found: Outcome | str) -> int | None:
    return found.error_code if isinstance(found, Outcome) and found.vector == 14 else None


class Fetch(TypedDict):
    """A fetch from a page: its error code and the model's, None where it is allowed; ``why`` it was not tried, or ""."""

    mode: str
    page: str
    smep: bool
    allowed: bool
    error_code: int | None
    why: str
    model: int | None
    agrees: bool


@experiment(witnesses=BOTH, timeout=30)
def pages(machine: str) -> Iterator[Fetch]:
    """A fetch in both modes from every kind of page, with and without SMEP."""
    make = MACHINES[machine]
    with make() as guest:
        cpu = guest.features()
    cases = [case for case in product(MODES, PAGES, (False, True)) if cpu.smep or not case[2]]
    for (mode, page, smep), reply in zip(cases, ask_all(make, [request(*case) for case in cases]), strict=True):
        found, model = outcome(reply), predict(request(mode, page, smep), cpu)
        yield {
            "mode": mode,
            "page": page,
            "smep": smep,
            "allowed": isinstance(found, Outcome) and found.vector is None,
            "error_code": _code(found),
            "why": "" if isinstance(found, Outcome) else found,
            "model": model.error_code,
            "agrees": found == model,
        }


def _write_then_fetch(address: int) -> None:
    faults.run_code(faults.WRITE, address)
    faults.run_code(faults.FETCH, address)


class Refused(TypedDict):
    """A fetch by a user program: the exception and its error code, the signal, and whether CR2, RIP and the address are one."""

    page: str
    vector: int
    error_code: int
    signal: str
    cr2_is_rip: bool


@experiment(X86_64, timeout=20)
def host() -> Iterator[Refused]:
    """A user program fetches from a page that is there but not executable, and from one that is not there."""
    for name, place, action in (
        ("data page, written before", partial(map_pages, PROT_READ | PROT_WRITE), _write_then_fetch),
        ("nothing mapped", partial(int, NULL), partial(faults.run_code, faults.FETCH)),
    ):
        address = place()
        fault = faults.provoke(partial(action, address))
        if fault is None:
            raise RuntimeError(f"{name}: the fetch was allowed")
        yield {
            "page": name,
            "vector": fault.vector,
            "error_code": fault.error_code,
            "signal": fault.signal,
            "cr2_is_rip": fault.cr2 == fault.rip == address,
        }
