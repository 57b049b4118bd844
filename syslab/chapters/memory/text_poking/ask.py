"""Code that is changed while it is mapped read-execute, in user space: who can write, and who can run it, when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypedDict

from syslab.bits import exceptions
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import X86_64
from syslab.native import faults
from syslab.native.code import PAGE, PROT_EXEC, PROT_READ, PROT_WRITE, protect

from . import poke

RX, RW = PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE
NEW = 2
DESIGNS = {
    "unprotect": "the code itself made writable",
    "shared": "a writable alias in the same address space",
    "private": "a writable alias in another address space",
}


class After(TypedDict):
    """After a step: the rights of each process's mappings of the code, what it returns, and how many mappings are both w and x."""

    step: str
    reader: list[str]
    patcher: list[str]
    returns: int
    writable_and_executable: int


def _row(step: str, code: int, patcher: int | None) -> After:
    return {
        "step": step,
        "reader": poke.permissions(),
        "patcher": [] if patcher is None else poke.permissions(patcher),
        "returns": poke.call(code),
        "writable_and_executable": poke.writable_and_executable()
        + (0 if patcher is None else poke.writable_and_executable(patcher)),
    }


@experiment(X86_64)
def steps() -> Iterator[After]:
    """The poke, step by step: rights of the code in both processes, from /proc/PID/maps, and what the code returns."""
    page = poke.Page()
    code = page.map(RX)
    yield _row("before", code, None)
    with poke.Patcher(page, NEW) as patcher:
        yield _row("the patcher is there", code, patcher.pid)
        for order, step in (("map", "it maps the page"), ("write", "it writes one byte"), ("unmap", "it unmaps the page")):
            patcher.tell(order)
            yield _row(step, code, patcher.pid)
    yield _row("the patcher has ended", code, None)
    page.close()


def _attempt(action: Callable[[], object]) -> str:
    """``works``, or the fault: a forked copy of this process tries it, so it has the same mappings."""
    fault = faults.provoke(action)
    return "works" if fault is None else f"#PF {fault.error_code:#x}" if fault.vector == 14 else f"vector {fault.vector}"


def _write(code: int, where: int, run_first: bool) -> None:
    if run_first:
        poke.call(code)  # so that the page is present in the copy too when the write comes
    poke.store(where + poke.PATCHED, NEW)


def _open_window(design: str, page: poke.Page, code: int) -> tuple[int, poke.Patcher | None]:
    if design == "unprotect":
        protect(code, RW, PAGE)
        return code, None
    if design == "shared":
        return page.map(RW), None
    patcher = poke.Patcher(page, NEW)
    patcher.tell("map")
    return code, patcher


class Window(TypedDict):
    """A design while its window is open: the rights of each process's mappings, and what became of running and of writing."""

    design: str
    reader: list[str]
    patcher: list[str]
    run: str
    write: str


def _window(design: str) -> Window:
    page = poke.Page()
    code = page.map(RX)
    poke.call(code)
    where, patcher = _open_window(design, page, code)
    try:
        return {
            "design": design,
            "reader": poke.permissions(),
            "patcher": poke.permissions(patcher.pid) if patcher else [],
            "run": _attempt(partial(poke.call, code)),
            "write": _attempt(partial(_write, code, where, design == "private")),
        }
    finally:
        if patcher:
            patcher.close()
        page.close()


@experiment(X86_64)
def windows() -> Iterator[Window]:
    """Three ways to get a writable page: while it is open, can the reader run the code, and can it write to it?"""
    for design in DESIGNS:
        yield _window(design)


@experiment(X86_64)
def one_window(design: str) -> Window:
    """One of the ways. ValueError for others."""
    if design not in DESIGNS:
        raise ValueError(f"design {design!r} is none of {', '.join(DESIGNS)}")
    return _window(design)


TRIES = ((1, 2), (2, 2), (3, 2), (0, 0xCC), (5, 0x90))
"""Offset and byte for :func:`one_poke`: what an exercise offers to choose from."""


class Poked(TypedDict):
    """The code as it was after the poke, in hex, and what came of a call: ``returns 2``, or the exception."""

    code: str
    result: str


@experiment(X86_64)
def one_poke(offset: int, value: int) -> Poked:
    """One byte of the code changed by the patcher, then called by a copy of the reader. ValueError outside of the code."""
    if not 0 <= offset < len(poke.FUNCTION) or not 0 <= value < 256:
        raise ValueError(f"the code has the bytes 0 to {len(poke.FUNCTION) - 1}, and a byte is 0 to 255; not {offset} and {value}")
    page = poke.Page()
    code = page.map(RX)
    try:
        with poke.Patcher(page, value, offset) as patcher:
            for order in ("map", "write", "unmap"):
                patcher.tell(order)
        after = bytearray(poke.FUNCTION)
        after[offset] = value
        fault = faults.provoke(partial(poke.call, code))
        result = f"returns {poke.call(code)}" if fault is None else exceptions.name(fault.vector)
        return {"code": after.hex(" "), "result": result}
    finally:
        page.close()


@experiment(X86_64)
def tries() -> Iterator[Poked]:
    """What becomes of each of :data:`TRIES`."""
    for offset, value in TRIES:
        yield one_poke(offset=offset, value=value)
