"""Which memory accesses x86 allows: a model of the check, and machines that are asked the same questions.

Several chapters use this (page-table entries, page-fault error codes, SMEP and SMAP, address space). :func:`predict`
is what the manuals say; the machines are asked without it, and :func:`compare` finds where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypedDict

from syslab.bits import page_fault as pfec
from syslab.evidence.experiment import experiment
from syslab.qemu.bare_metal import Answer, GuestHung, GuestShutdown, GuestStopped, Machine, MachineError
from syslab.qemu.bare_metal_protocol import LEVELS, PS, XD, Features, P, Request, U, W

from .access_combinations import CONDITIONS, combinations, modes
from .machines import BOTH, MACHINES

PAGE_FAULT, GENERAL_PROTECTION = 14, 13
AMD = ("AuthenticAMD", "HygonGenuine")


class Outcome(NamedTuple):
    """``vector`` is None where the access is made, ``error_code`` where the exception has none."""

    vector: int | None
    error_code: int | None


ALLOWED = Outcome(None, None)


def _below(high: int, low: int) -> int:
    return (2 << high) - (1 << low)


def reserved_bits(level: str, entry: int, nxe: bool, cpu: Features) -> int:
    """Bits that must be zero in a present ``entry`` of ``level`` (pml5e to pte).

    Intel SDM volume 3A, "4-Level Paging and 5-Level Paging", the tables of entry formats. AMD differs in one bit:
    bit 8 of a PML4E (APM volume 2, "Long-Mode Page Translation"; Linux, arch/x86/kvm/mmu/mmu.c, nonleaf_bit8_rsvd).
    """
    bits = _below(51, cpu.maxphyaddr) | (0 if nxe else XD)
    if level in ("pml5e", "pml4e"):
        bits |= PS | (1 << 8 if cpu.vendor in AMD else 0)
    if level == "pdpte" and not cpu.gbpages:
        bits |= PS
    elif level == "pdpte" and entry & PS:
        bits |= _below(29, 13)
    if level == "pde" and entry & PS:
        bits |= _below(20, 13)
    return bits


def canonical(address: int, width: int) -> bool:
    """Whether bits 63 to ``width`` - 1 of a 64-bit address are equal."""
    return address >> (width - 1) in (0, (1 << (65 - width)) - 1)


def _forbidden(request: Request, rights: int, xd: bool) -> bool:
    """The rights of the translation against the access, without protection keys. ``rights``: W and U over all levels."""
    user_page = bool(rights & U)
    if request.access == "fetch":
        return xd or (not user_page if request.user else user_page and request.smep)
    read_only = request.access == "write" and not rights & W
    if request.user:
        return not user_page or read_only
    return (user_page and request.smap and not request.ac) or (read_only and request.wp)


def _key_forbids(request: Request, rights: int, leaf: int) -> bool:
    if not request.pke or not rights & U or request.access == "fetch":
        return False
    no_access, no_write = (request.pkru >> 2 * (leaf >> 59 & 15) + bit & 1 for bit in (0, 1))
    return bool(no_access or (no_write and request.access == "write" and (request.user or request.wp)))


def predict(request: Request, cpu: Features = Features()) -> Outcome:  # noqa: B008  (frozen)
    """What the manuals say about ``request`` on ``cpu``.

    Intel SDM volume 3A, "Linear-Address Pre-Processing" (canonical), "Determination of Access Rights", "Page-Fault
    Exceptions" and "Protection Keys". Pure: asks no machine. A request the CPU cannot be asked is still answered.
    """
    if not canonical(request.address, 57 if request.la57 else 48):
        return Outcome(GENERAL_PROTECTION, 0)
    code = (pfec.W if request.access == "write" else 0) | (pfec.U if request.user else 0)
    if request.access == "fetch" and (request.nxe or request.smep):
        code |= pfec.I
    rights, xd, entry = W | U, False, 0
    for level, entry in zip(LEVELS, request.entries, strict=True):
        if level == "pml5e" and not request.la57:
            continue
        if not entry & P:
            return Outcome(PAGE_FAULT, code)
        if entry & reserved_bits(level, entry, request.nxe, cpu):
            return Outcome(PAGE_FAULT, code | pfec.P | pfec.RSVD)
        rights &= entry
        xd |= bool(entry & XD)
        if entry & PS and level in ("pdpte", "pde"):
            break
    key = _key_forbids(request, rights, entry)
    if not key and not _forbidden(request, rights, xd):
        return ALLOWED
    return Outcome(PAGE_FAULT, code | pfec.P | (pfec.PK if key else 0))


Reply = Answer | MachineError


def ask_all(make: Callable[[], Machine], requests: Sequence[Request], timeout: float = 20.0) -> list[Reply]:
    """Ask a machine from ``make`` everything; where a request ends it, its error stands there and a new one goes on."""
    replies: list[Reply] = []
    while len(replies) < len(requests):
        try:
            with make() as machine:
                replies += machine.ask(requests[len(replies) :], timeout)
        except (GuestHung, GuestShutdown, GuestStopped) as error:
            if error.request is None:  # it did not even start
                raise
            replies += [*error.answers, error]
    return replies


def outcome(reply: Reply) -> Outcome | str:
    """The outcome of a request that was tried, or in words why there is none."""
    if isinstance(reply, MachineError):
        return str(reply)
    if reply.status == "unsupported":
        return "this CPU has no " + ", ".join(reply.lacks)
    if reply.status == "outside":
        return f"not tried: its {reply.out_at} leads to other memory"
    return Outcome(reply.vector, reply.error_code)


def _text(found: Outcome | str) -> str:
    if isinstance(found, str):
        return found
    if found.vector is None:
        return "allowed"
    if found.vector != PAGE_FAULT or found.error_code is None:
        return f"vector {found.vector}" + ("" if found.error_code is None else f", error code {found.error_code:#x}")
    return f"#PF {found.error_code:#x} ({'|'.join(reversed(pfec.PFEC.decode(found.error_code).set_names)) or '-'})"


class Tried(TypedDict):
    """An access under a condition: what came out, what the model says, and whether it was tried; no exception, no ``vector``."""

    witness: str
    condition: str
    mode: str
    access: str
    result: str
    vector: int | None
    error_code: int | None
    tried: bool
    at: str
    model: str
    agrees: bool


@experiment(witnesses=BOTH, timeout=60)
def truth_table(machine: str) -> Iterator[Tried]:
    """Every condition, six ways: what came out, and whether the model agrees. What stops the guest is the reason it gives."""
    make = MACHINES[machine]
    with make() as asked:
        cpu, witness = asked.features(), asked.witness
    cases = [(name, mode, access, Request(**what, **way)) for name, what in CONDITIONS.items() for mode, access, way in modes()]
    cases = [case for case in cases if not cpu.lacks(case[3])]
    replies = ask_all(make, [case[3] for case in cases])
    for (condition, mode, access, request), reply in zip(cases, replies, strict=True):
        found, model = outcome(reply), predict(request, cpu)
        vector, error_code = found if isinstance(found, Outcome) else (None, None)
        yield {
            "witness": witness,
            "condition": condition,
            "mode": mode,
            "access": access,
            "result": _text(found),
            "vector": vector,
            "error_code": error_code,
            "tried": isinstance(found, Outcome),
            "at": reply.at if isinstance(reply, Answer) else "",
            "model": _text(model),
            "agrees": found == model,
        }


class Difference(TypedDict):
    """What model and machine say where they differ, how often they do so, and one request, as text."""

    model: str
    machine: str
    count: int
    example: str


class Compared(TypedDict):
    """A machine, how many requests it was asked, in how many the model agrees, and the differences, the most frequent first."""

    witness: str
    features: dict[str, bool | int | str]
    asked: int
    agree: int
    differences: list[Difference]


@experiment(witnesses=BOTH, timeout=120)
def every_combination(machine: str) -> Compared:
    """Every combination of rights, mode, access and controls, compared with the model.

    On this machine's KVM for pages without restrictions in the tables above them.
    """
    make = MACHINES[machine]
    with make() as asked:
        cpu, witness = asked.features(), asked.witness
    requests = list(combinations(cpu, tables=machine == "tcg"))
    counts: dict[tuple[Outcome, Outcome | str], int] = {}
    examples: dict[tuple[Outcome, Outcome | str], Request] = {}
    for request, reply in zip(requests, ask_all(make, requests, timeout=60), strict=True):
        pair = predict(request, cpu), outcome(reply)
        if pair[0] != pair[1]:
            counts[pair] = counts.get(pair, 0) + 1
            examples.setdefault(pair, request)
    return {
        "witness": witness,
        "features": {name: getattr(cpu, name) for name in Features.__dataclass_fields__},
        "asked": len(requests),
        "agree": len(requests) - sum(counts.values()),
        "differences": [
            {"model": _text(model), "machine": _text(found), "count": counts[model, found], "example": str(examples[model, found])}
            for model, found in sorted(counts, key=lambda pair: (-counts[pair], _text(pair[0]), _text(pair[1])))
        ],
    }
