"""Changing code that another process runs, without a page that is writable and executable. x86-64 Linux only.

The code lies in a memfd. The *reader*, this process, has it mapped R-X and runs it. A *patcher*, a child, maps the
same page RW, in its own page tables only, and changes the constant that the code returns.
"""

from __future__ import annotations

import ctypes
import os
from types import TracebackType

from syslab.native import asm
from syslab.native.code import PAGE, PROT_EXEC, PROT_READ, PROT_WRITE, Code, libc, unmap
from syslab.native.faults import run_code

FUNCTION = asm.code("b8 01 00 00 00  c3", "mov eax, 1; ret")
PATCHED = 1
"""Offset of the byte that is changed: the lowest of the constant."""
CPUID = asm.code("53  31 c0  0f a2  5b  c3", "push rbx; xor eax, eax; cpuid; pop rbx; ret")  # serializes the CPU
STORE = asm.code("40 88 37  c3", "mov [rdi], sil; ret")
NAME = "poked-code"
_MAP_SHARED = 1
_FAILED = ctypes.c_void_p(-1).value


class Page:
    """The code in a memfd. Its first bytes are put there with write(2), before anybody maps it."""

    def __init__(self) -> None:
        self.file = os.memfd_create(NAME)
        self.mapped: list[int] = []
        os.truncate(self.file, PAGE)
        os.pwrite(self.file, FUNCTION, 0)

    def map(self, protection: int) -> int:
        """Address of a shared mapping. ValueError for writable and executable at once."""
        if protection & PROT_WRITE and protection & PROT_EXEC:
            raise ValueError("a mapping is writable or executable, never both")
        address: int = libc().mmap(None, PAGE, protection, _MAP_SHARED, self.file, 0)
        if address == _FAILED:
            code = ctypes.get_errno()
            raise OSError(code, f"mmap: {os.strerror(code)}")
        self.mapped.append(address)
        return address

    def unmap(self) -> None:
        """Give up every mapping of this process."""
        while self.mapped:
            unmap(self.mapped.pop())

    def close(self) -> None:
        """Unmap and close."""
        self.unmap()
        os.close(self.file)


def call(address: int) -> int:
    """Run the function at ``address``, after a serializing instruction, as the SDM asks after cross-modification."""
    run_code(CPUID)
    return int(ctypes.CFUNCTYPE(ctypes.c_uint64)(address)())


def store(address: int, value: int) -> None:
    """Write one byte."""
    with Code(STORE) as code:
        code(address, value)


def permissions(pid: int | str = "self") -> list[str]:
    """The rights of every mapping of the code page in ``pid``: ``r-xs``, ``rw-s``."""
    return sorted(line[1] for line in _maps(pid) if NAME in line[-1])


def writable_and_executable(pid: int | str = "self") -> int:
    """How many mappings of ``pid``, of anything, are both."""
    return sum("w" in line[1] and "x" in line[1] for line in _maps(pid))


def _maps(pid: int | str) -> list[list[str]]:
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        return [line.rstrip("\n").split(maxsplit=5) for line in maps]


class Patcher:
    """A child that does one thing each time it is told to: ``map``, ``write``, ``unmap``. Use it in a with statement."""

    def __init__(self, page: Page, value: int, offset: int = PATCHED) -> None:
        """The child first gives up the mappings it has from the reader. ``value`` is the byte that it will write at ``offset``."""
        orders, self._orders = os.pipe()
        self._done, done = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(orders)
            os.close(done)
            self._wait()
            return
        try:
            os.close(self._orders)
            os.close(self._done)
            page.unmap()
            alias = 0
            os.write(done, b".")
            while order := os.read(orders, 1):
                if order == b"m":
                    alias = page.map(PROT_READ | PROT_WRITE)
                elif order == b"w":
                    store(alias + offset, value)
                elif order == b"u":
                    page.unmap()
                os.write(done, b".")
        finally:
            os._exit(0)

    def _wait(self) -> None:
        if os.read(self._done, 1) != b".":
            raise RuntimeError("the patcher ended early")

    def tell(self, order: str) -> None:
        """Have it ``map``, ``write`` or ``unmap``, and wait until it has."""
        os.write(self._orders, order[:1].encode())
        self._wait()

    def __enter__(self) -> Patcher:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        os.close(self._orders)
        os.close(self._done)
        os.waitpid(self.pid, 0)
