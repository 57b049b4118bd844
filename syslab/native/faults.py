"""Provoking a CPU exception in a child and reading what the kernel says of it in the signal frame.

No Python runs in the signal handler: it is about eighty bytes of machine code that copy ``siginfo`` and
``ucontext`` into a pipe and leave. x86-64 Linux only.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import struct
from collections.abc import Callable
from dataclasses import dataclass

from syslab.posix import resource

from . import asm
from .code import PAGE, PROT_READ, PROT_WRITE, Code, libc, map_pages

# rdi is the address; each returns if nothing happens
READ = asm.code("8a 07  c3", "mov al, [rdi]; ret")
WRITE = asm.code("c6 07 01  c3", "mov byte [rdi], 1; ret")
FETCH = asm.code("ff d7  c3", "call rdi; ret")
UD2 = asm.code("0f 0b  c3", "ud2; ret")
DIVIDE_BY_ZERO = asm.code("31 c9  31 c0  99  f7 f9  c3", "xor ecx, ecx; xor eax, eax; cdq; idiv ecx; ret")
INT3 = asm.code("cc  c3", "int3; ret")

# addresses that fault for a user
NULL = 0x10
KERNEL = 0xFFFF_FFFF_8100_0000  # inside the kernel's text mapping (x86_64/mm.rst), mapped or not
HOLE = 0xFFFF_FFFF_FFE0_0000  # the unused hole at the very top (x86_64/mm.rst): nothing is ever mapped there
VSYSCALL = 0xFFFF_FFFF_FF60_0000
NON_CANONICAL = 0x8000_0000_0000_0000

SIGNALS = (11, 7, 4, 8, 5)  # Linux's SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP; not every system has all the names
SIGINFO_BYTES, UCONTEXT_BYTES = 128, 256  # all of siginfo_t, and ucontext_t up to the end of its registers
GREGS = 40  # offset of uc_mcontext.gregs in ucontext_t
REG_RIP, REG_ERR, REG_TRAPNO, REG_CR2 = 16, 19, 20, 22  # indices of <sys/ucontext.h>
SA_SIGINFO, SA_ONSTACK = 4, 0x08000000
STACK = 16 * PAGE
_WRITE, _EXIT_GROUP = 1, 231  # numbers of system calls, arch/x86/entry/syscalls/syscall_64.tbl


@dataclass(frozen=True)
class Fault:
    """One exception as the kernel reported it. ``cr2`` is only meaningful for a page fault (vector 14)."""

    signal: str
    si_code: int
    si_addr: int
    vector: int
    error_code: int
    cr2: int
    rip: int


def handler_code(buffer: int, pipe: int) -> bytes:
    """The signal handler: rsi = siginfo, rdx = ucontext; copy both to ``buffer``, write them to ``pipe``, exit."""
    return asm.code(
        "49 89 d4  48 bf {buffer:8}  b9 {info:4}  f3 48 a5  4c 89 e6  b9 {context:4}  f3 48 a5",
        "mov r12, rdx; mov rdi, {buffer}; mov ecx, {info}; rep movsq; mov rsi, r12; mov ecx, {context}; rep movsq",
        buffer=buffer, info=SIGINFO_BYTES // 8, context=UCONTEXT_BYTES // 8,
    ) + asm.code(
        "bf {pipe:4}  48 be {buffer:8}  ba {length:4}  b8 {write:4}  0f 05",
        "mov edi, {pipe}; mov rsi, {buffer}; mov edx, {length}; mov eax, {write}; syscall",
        pipe=pipe, buffer=buffer, length=SIGINFO_BYTES + UCONTEXT_BYTES, write=_WRITE,
    ) + asm.code("31 ff  b8 {exit:4}  0f 05", "xor edi, edi; mov eax, {exit}; syscall", exit=_EXIT_GROUP)  # fmt: skip


def _install_handler(pipe: int) -> None:
    lib = libc()
    handler = Code(handler_code(map_pages(PROT_READ | PROT_WRITE), pipe))
    stack = map_pages(PROT_READ | PROT_WRITE, STACK)
    if lib.sigaltstack(struct.pack("<QiiQ", stack, 0, 0, STACK), None):
        raise OSError(ctypes.get_errno(), "sigaltstack")
    # glibc's struct sigaction on x86-64: handler, 128 bytes of mask, flags, padding, restorer
    action = struct.pack("<Q128siiQ", handler.address, b"", SA_SIGINFO | SA_ONSTACK, 0, 0)
    for number in SIGNALS:
        if lib.sigaction(number, action, None):
            raise OSError(ctypes.get_errno(), f"sigaction({signal.Signals(number).name})")


def provoke(action: Callable[[], object], seconds: float = 30.0) -> Fault | None:
    """Run ``action`` in a forked child; the exception it raised, or None if it raised none.

    Call it from a process with one thread (an experiment's is). TimeoutError if the child is silent for
    ``seconds``; RuntimeError if it dies of something the handler does not see.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
            _install_handler(writing)
            action()
            os.write(writing, b"none")
        finally:
            os._exit(0)
    os.close(writing)
    try:
        answer = _read_all(reading, seconds)
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if answer == b"none":
        return None
    if len(answer) != SIGINFO_BYTES + UCONTEXT_BYTES:
        raise RuntimeError(f"the child ended with status {status} and no signal frame")
    number, _, si_code = struct.unpack_from("<3i", answer)
    registers = struct.unpack_from("<23Q", answer, SIGINFO_BYTES + GREGS)
    return Fault(
        signal=signal.Signals(number).name,
        si_code=si_code,
        si_addr=struct.unpack_from("<Q", answer, 16)[0],
        vector=registers[REG_TRAPNO],
        error_code=registers[REG_ERR],
        cr2=registers[REG_CR2],
        rip=registers[REG_RIP],
    )


def _read_all(pipe: int, seconds: float) -> bytes:
    data = b""
    while select.select([pipe], [], [], seconds)[0]:
        part = os.read(pipe, 4096)
        if not part:
            return data
        data += part
    raise TimeoutError(f"the child said nothing for {seconds:g} s")


def run_code(code: bytes, *arguments: int) -> int:
    """Call ``code`` once; the page stays mapped, as the caller is a child about to die."""
    return Code(code)(*arguments)
