"""Machine code in this process. A page is writable or executable, never both at once.

x86-64 Linux only: elsewhere every entry point raises :class:`~syslab.native.UnsupportedMachine`.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from types import TracebackType

from . import require_x86_64_linux

PAGE = mmap.PAGESIZE
PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
MAP_PRIVATE_ANONYMOUS = 0x22
_FAILED = ctypes.c_void_p(-1).value


def libc() -> ctypes.CDLL:
    """The C library with the prototypes this package uses."""
    require_x86_64_linux()
    lib = ctypes.CDLL(None, use_errno=True)
    lib.mmap.restype = ctypes.c_void_p
    lib.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    lib.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    lib.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    return lib


def _check(result: int, what: str) -> None:
    if result:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def map_pages(protection: int, size: int = PAGE) -> int:
    """Address of ``size`` fresh anonymous bytes with ``protection`` (PROT_* bits)."""
    if protection & PROT_WRITE and protection & PROT_EXEC:
        raise ValueError("a page is writable or executable, never both")
    address: int = libc().mmap(None, size, protection, MAP_PRIVATE_ANONYMOUS, -1, 0)
    if address == _FAILED:
        code = ctypes.get_errno()
        raise OSError(code, f"mmap of {size} bytes: {os.strerror(code)}")
    return address


def protect(address: int, protection: int, size: int = PAGE) -> None:
    """mprotect(2)."""
    if protection & PROT_WRITE and protection & PROT_EXEC:
        raise ValueError("a page is writable or executable, never both")
    _check(libc().mprotect(address, size, protection), "mprotect")


def unmap(address: int, size: int = PAGE) -> None:
    """munmap(2)."""
    _check(libc().munmap(address, size), "munmap")


class Code:
    """Machine code, callable with up to six integers or addresses; returns RAX as an unsigned 64-bit int.

    The bytes are written to a fresh page, which then becomes read-execute. Use as a context manager, or
    :meth:`close` it. Calling convention: System V AMD64.
    """

    def __init__(self, code: bytes) -> None:
        if not isinstance(code, (bytes, bytearray)):
            raise TypeError(f"machine code is bytes, not {type(code).__name__}")
        if not code:
            raise ValueError("machine code is empty")
        self.code = bytes(code)
        self.size = -(-len(code) // PAGE) * PAGE
        self.address = map_pages(PROT_READ | PROT_WRITE, self.size)
        ctypes.memmove(self.address, self.code, len(self.code))
        protect(self.address, PROT_READ | PROT_EXEC, self.size)

    def __call__(self, *arguments: int) -> int:
        if not self.address:
            raise ValueError("this code page is closed")
        if len(arguments) > 6:
            raise TypeError(f"at most 6 arguments travel in registers, not {len(arguments)}")
        prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, *[ctypes.c_uint64] * len(arguments))
        return int(prototype(self.address)(*arguments))

    def close(self) -> None:
        """Unmap the page; calling afterwards is an error."""
        if self.address:
            unmap(self.address, self.size)
            self.address = 0

    def __enter__(self) -> Code:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def disassemble(code: bytes, address: int = 0) -> str:
    """``code`` as Intel-syntax assembly, a line an instruction: offset, bytes, mnemonic. Needs capstone."""
    import capstone

    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    rows = [(i.address, i.bytes.hex(" "), f"{i.mnemonic} {i.op_str}".strip()) for i in engine.disasm(code, address)]
    done = sum(len(bytes.fromhex(row[1])) for row in rows)
    if done < len(code):
        rows.append((address + done, code[done:].hex(" "), "(not an instruction)"))
    wide = max((len(row[1]) for row in rows), default=0)
    return "\n".join(f"{at:4x}  {raw:<{wide}}  {text}" for at, raw, text in rows)
