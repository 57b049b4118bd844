"""What a CPU does with the bits of paging entries: rights over the levels, A and D; and what Linux shows of an entry."""

from __future__ import annotations

import ctypes
import json
import os
import struct
from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from syslab.bits.page_fault import PFEC
from syslab.bits.paging import A, D
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import X86_64
from syslab.native.code import PROT_NONE, PROT_READ, PROT_WRITE, map_pages, protect, unmap
from syslab.qemu.bare_metal import Tcg
from syslab.qemu.bare_metal_protocol import HUGE_ADDRESS, LEVELS, PS, TABLES, TEST_FRAME, XD, Answer, P, Request, U, W
from syslab.questions.access_combinations import modes
from syslab.questions.access_matrix import outcome, predict
from syslab.questions.machines import BOTH, MACHINES, QEMU

WALK = ("pml4e", "pdpte", "pde", "pte")
"""The levels of a walk to a 4-KByte page, as arguments of Request; larger pages end it one or two levels earlier."""
FULL = {"pml4e": TABLES["pdpt"] | P | W | U, "pdpte": TABLES["pd"] | P | W | U, "pde": TABLES["pt"] | P | W | U,
        "pte": TEST_FRAME | P | W | U}  # fmt: skip
TAKEN = {"nothing": 0, "R/W = 0": W, "U/S = 0": U, "XD = 1": XD, "P = 0": P}
"""What is done to one entry of a walk that allows everything: these bits flip."""
_2M: dict[str, Any] = {"pde": TEST_FRAME | P | W | U | PS}
_1G: dict[str, Any] = {"pdpte": P | W | U | PS, "address": HUGE_ADDRESS}


def _case(size: str, what: str, access: str, user: bool = True, **rest: Any) -> tuple[str, str, Request]:
    return size, what, Request(access, user=user, **rest)  # rest: any of its fields


CASES = (
    _case("4 KByte", "user read", "read"),
    _case("4 KByte", "user write", "write"),
    _case("4 KByte", "user fetch", "fetch"),
    _case("2 MByte", "user read", "read", **_2M),
    _case("2 MByte", "user write", "write", **_2M),
    _case("1 GByte", "user read", "read", **_1G),
    _case("1 GByte", "user write", "write", **_1G),
    _case("4 KByte", "user write, PTE read-only", "write", pte=FULL["pte"] ^ W),
    _case("4 KByte", "user read, PTE supervisor", "read", pte=FULL["pte"] ^ U),
    _case("4 KByte", "user fetch, PTE XD", "fetch", pte=FULL["pte"] | XD),
    _case("4 KByte", "user read, PTE not present", "read", pte=0),
    _case("4 KByte", "user read, PDE not present", "read", pde=0),
    _case("2 MByte", "user write, PDE read-only", "write", pde=_2M["pde"] ^ W),
    _case("4 KByte", "kernel write, PTE read-only, WP=0", "write", user=False, pte=FULL["pte"] ^ W, wp=False),
)


def _text(answer: Answer) -> str:
    found = outcome(answer)
    if isinstance(found, str):
        return found
    return "allowed" if found.vector is None else f"#PF {found.error_code:#x}" if found.vector == 14 else f"vector {found.vector}"


def _set(request: Request, answer: Answer) -> dict[str, str]:
    """For each level of a four-level walk: which of A and D the CPU has set, ``other`` for any other change."""
    before = dict(zip(LEVELS, request.entries, strict=True))
    changed = {level: answer.after[level] ^ before[level] for level in WALK}
    return {
        level: " ".join(name for name, bits in (("A", A), ("D", D), ("other", ~(A | D))) if diff & bits)
        for level, diff in changed.items()
    }


class Written(TypedDict):
    """An access to a page of this size: its result, and for each level which of A and D are set then. All were clear."""

    size: str
    case: str
    result: str
    set: dict[str, str]
    agrees: bool


@experiment(witnesses=BOTH, timeout=20)
def accessed_dirty(machine: str) -> Iterator[Written]:
    """Every case of :data:`CASES` on entries with A and D clear, and which of them the CPU has set."""
    with MACHINES[machine]() as guest:
        cpu, answers = guest.features(), guest.ask([request for *_, request in CASES])
    for (size, what, request), answer in zip(CASES, answers, strict=True):
        yield {
            "size": size,
            "case": what,
            "result": _text(answer),
            "set": _set(request, answer),
            "agrees": outcome(answer) == predict(request, cpu),
        }


def walk_request(level: str, taken: str, **way: Any) -> Request:
    """A walk that allows everything, but for ``taken`` (one of TAKEN) in the entry of ``level``; ``way``: other arguments of Request."""
    entries: dict[str, Any] = {**FULL, level: FULL[level] ^ TAKEN[taken]}
    return Request(**entries, **way)


class Right(TypedDict):
    """What six accesses gave, by ``user write`` and so on, where ``taken`` is missing at one level."""

    level: str
    taken: str
    outcomes: dict[str, str]
    agrees: bool


@experiment(witnesses=BOTH, timeout=20)
def rights(machine: str) -> Iterator[Right]:
    """One right taken away at one level at a time; all six accesses."""
    places = [("pte", "nothing"), *((level, taken) for taken in list(TAKEN)[1:] for level in WALK)]
    ways = list(modes())
    requests = [walk_request(level, taken, **way) for level, taken in places for *_, way in ways]
    with MACHINES[machine]() as guest:
        cpu, answers = guest.features(), guest.ask(requests)
    for n, (level, taken) in enumerate(places):
        part = slice(n * len(ways), (n + 1) * len(ways))
        yield {
            "level": level,
            "taken": taken,
            "outcomes": {f"{mode} {access}": _text(a) for (mode, access, _), a in zip(ways, answers[part], strict=True)},
            "agrees": all(outcome(a) == predict(r, cpu) for r, a in zip(requests[part], answers[part], strict=True)),
        }


class Accessed(TypedDict):
    """What one access came to, in words too, and which of A and D are set then at each level."""

    result: str
    in_words: str
    pml4e_set: str
    pdpte_set: str
    pde_set: str
    pte_set: str


def _asked(mode: str, access: str, level: str = "pte", taken: str = "nothing") -> Request:
    if mode not in ("user", "kernel") or level not in WALK or taken not in TAKEN:
        raise ValueError(f"{mode!r}, {level!r} or {taken!r} is not among user, kernel; {', '.join(WALK)}; {', '.join(TAKEN)}")
    return walk_request(level, taken, access=access, user=mode == "user")


def _accessed(request: Request, answer: Answer) -> Accessed:
    code, bits = outcome(answer), {level: found or "-" for level, found in _set(request, answer).items()}
    words = PFEC.sentence(code.error_code) if not isinstance(code, str) and code.error_code is not None else ""
    return {
        "result": _text(answer),
        "in_words": words,
        "pml4e_set": bits["pml4e"],
        "pdpte_set": bits["pdpte"],
        "pde_set": bits["pde"],
        "pte_set": bits["pte"],
    }


@experiment(QEMU, timeout=20, tools=("qemu-system-x86_64",), witness="tcg-max")
def one_access(mode: str, access: str, level: str = "pte", taken: str = "nothing") -> Accessed:
    """One access on QEMU's CPU, to a page that allows all but ``taken`` at ``level``; ValueError for other words."""
    request = _asked(mode, access, level, taken)
    with Tcg() as machine:
        return _accessed(request, machine.ask([request])[0])


TRIES: tuple[dict[str, str], ...] = (
    {"mode": "user", "access": "fetch", "level": "pte", "taken": "XD = 1"},
    {"mode": "user", "access": "fetch", "level": "pde", "taken": "XD = 1"},
    {"mode": "kernel", "access": "fetch", "level": "pde", "taken": "XD = 1"},
    {"mode": "user", "access": "fetch", "level": "pml4e", "taken": "U/S = 0"},
    {"mode": "user", "access": "fetch", "level": "pml4e", "taken": "R/W = 0"},
    {"mode": "user", "access": "fetch", "level": "pdpte", "taken": "P = 0"},
)
"""Arguments of :func:`one_access`: what an exercise offers to choose from."""


@experiment(QEMU, timeout=20, tools=("qemu-system-x86_64",), witness="tcg-max")
def tries() -> Iterator[Accessed]:
    """What became of each of :data:`TRIES`."""
    requests = [_asked(**arguments) for arguments in TRIES]
    with Tcg() as machine:
        answers = machine.ask(requests)
    for request, answer in zip(requests, answers, strict=True):
        yield _accessed(request, answer)


# ── what Linux shows of an entry ──
CAP_SYS_ADMIN = 1 << 21
PRESENT, PFN = 1 << 63, (1 << 55) - 1
NOBODY = 65534
_PR_SET_DUMPABLE = 4


def _pagemap(address: int) -> int:
    with open("/proc/self/pagemap", "rb") as file:
        file.seek(address // os.sysconf("SC_PAGE_SIZE") * 8)
        return int(struct.unpack("<Q", file.read(8))[0])


def _privileged() -> bool:
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) & CAP_SYS_ADMIN)


class Summary(TypedDict):
    """What /proc/self/pagemap says of a page: bit 63, and whether the frame number is ``shown`` or ``zero``."""

    who: str
    state: str
    present: int
    pfn: str


def _states(who: str) -> list[Summary]:
    address = map_pages(PROT_READ | PROT_WRITE)
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("mapped, never touched", lambda: None),
        ("written", lambda: ctypes.memset(address, 1, 1)),
        ("PROT_NONE", lambda: protect(address, PROT_NONE)),
    )
    rows: list[Summary] = []
    for state, step in steps:
        step()
        entry = _pagemap(address)
        rows.append({"who": who, "state": state, "present": int(bool(entry & PRESENT)), "pfn": "shown" if entry & PFN else "zero"})
    unmap(address)
    return rows


def _as_nobody() -> list[Summary]:
    """:func:`_states` in a child that has given up root. Such a child owns its /proc files only if it is dumpable."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
            os.write(write, json.dumps(_states("ordinary user")).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    rows: list[Summary] = json.loads(text or b"[]")
    return rows


@experiment(X86_64)
def pagemap() -> list[Summary]:
    """Bit 63 and the frame number in /proc/self/pagemap, for a page in three states; as root also as an ordinary user."""
    if not _privileged():
        return _states("ordinary user")
    return _states("with CAP_SYS_ADMIN") + _as_nobody()
