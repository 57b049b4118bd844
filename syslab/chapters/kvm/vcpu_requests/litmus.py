"""Two threads that store to one variable and load another, on two real CPUs: did a load overtake a store?

Each thread stores 1, 2, 3 ... to its own variable, and after each store notes what it finds in the other's. If one thread,
after its store of n, has not yet found m, and the other, after its store of m, has not yet found n, then both loads
came before both stores: no order of whole instructions explains that. So no round has to wait for another.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass

from syslab.native import asm
from syslab.native.code import Code

LINE = 64  # bytes: each variable gets a cache line of its own
_ARRIVE = asm.code("f0 41 ff 08", "lock dec dword [r8]")
_WAIT = asm.code("f3 90  41 83 38 00  7f f8", "pause; cmp dword [r8], 0; jg $-6")  # until both are here
_FIRST = asm.code("b8 01 00 00 00", "mov eax, 1")
STORES = {
    "store": asm.code("48 89 07", "mov [rdi], rax"),
    "locked": asm.code("49 89 c2  4c 87 17", "mov r10, rax; xchg [rdi], r10"),  # locked even without the prefix
}
FENCE = asm.code("0f ae f0", "mfence")
LOAD = asm.code("4c 8b 0e", "mov r9, [rsi]")
_NOTE = asm.code("4c 89 0c c2  48 ff c0  48 39 c8", "mov [rdx + rax*8], r9; inc rax; cmp rax, rcx")
_RET = asm.code("c3", "ret")


@dataclass(frozen=True)
class Side:
    """How a thread writes: ``store`` is a key of :data:`STORES`; ``fence``, whether MFENCE comes between store and load."""

    store: str = "store"
    fence: bool = False

    @property
    def body(self) -> bytes:
        """The instructions in question."""
        return STORES[self.store] + (FENCE if self.fence else b"") + LOAD

    @property
    def code(self) -> bytes:
        """All of the thread: RDI its variable, RSI the other's, RDX where to note, RCX how many, R8 who is still missing."""
        return _ARRIVE + _WAIT + _FIRST + asm.again(self.body + _NOTE, "jbe") + _RET


def _cyclic(mine: list[int], others: list[int]) -> bool:
    """Whether any two rounds contradict every order of whole instructions. Lists start with an unused 0."""
    last = len(others) - 1
    for n in range(1, len(mine)):
        missing = mine[n] + 1  # the first of the other's stores that this round did not find
        if missing <= last and others[missing] < n:
            return True
    return False


@dataclass(frozen=True)
class Sight:
    """``overtaken``: a load was seen to come before the store in front of it. ``overlapped``: the threads ran at once at all."""

    overtaken: bool
    overlapped: bool


def race(first: Side, second: Side, rounds: int = 100_000) -> Sight:
    """Run both threads once, ``rounds`` stores each. x86-64 only, else UnsupportedMachine."""
    memory = (ctypes.c_uint8 * (4 * LINE))()
    base = -(-ctypes.addressof(memory) // LINE) * LINE
    missing = ctypes.c_int32.from_address(base + 2 * LINE)
    missing.value = 2
    notes = [(ctypes.c_uint64 * (rounds + 1))() for _ in range(2)]
    with Code(first.code) as one, Code(second.code) as two:
        # CFUNCTYPE lets go of Python's lock during the call, so the two really run at once
        threads = [
            threading.Thread(
                target=code, args=(base + i * LINE, base + (1 - i) * LINE, ctypes.addressof(notes[i]), rounds, base + 2 * LINE)
            )
            for i, code in enumerate((one, two))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen = [list(note) for note in notes]
    overlapped = all(len(set(note[1:])) > 2 for note in seen)
    return Sight(_cyclic(seen[0], seen[1]), overlapped)
