"""The least of a kernel that a guest in 64-bit mode needs, as tables in its memory: code runs at CPL 0 or 3, and an
exception comes back to user space as a message instead of a triple fault. Standard library only.

>>> kernel = Kernel(vm)
>>> vm.write(CODE, asm.code("0f 0b", "ud2"))
>>> kernel.enter(vcpu, CODE, cpl=3)
>>> vector = exception(vcpu.run())
>>> exceptions.name(vector), hex(kernel.returns_to(vcpu, vector))
('#UD', '0x20000')
"""

from __future__ import annotations

from syslab.bits.exceptions import VECTORS, WITH_ERROR_CODE
from syslab.native import asm

from . import modes
from .exits import Exit, Io
from .vcpu import Vcpu
from .vm import Vm

DONE, FAULT = 0xE0, 0xE1
"""Ports: what the code says at its end, by :data:`END`; the vector of an exception, which its stub says."""
END = asm.out(DONE) + asm.code("f4", "hlt")
"""The end of code at CPL 0. At CPL 3 both instructions raise #GP."""
MAPPED = 16 << 20
"""Bytes that are mapped to themselves. A VM of 4 MByte ends before them: what is behind is MMIO."""
PAGE_TABLES, GDT, IDT, STUBS, TSS, KERNEL_STACK, USER_STACK, SUPERVISOR_TABLES, CODE = (
    0x10000, 0x13000, 0x14000, 0x15000, 0x16000, 0x1A000, 0x1C000, 0x1C000, 0x20000,
)  # fmt: skip
"""Where all this lies, and from where on memory is free. A stack ends where it is said to be."""
_STUB = 16


class Kernel:
    """Page tables, GDT, IDT, TSS, and a stub for each exception, in the memory of a VM between 0x10000 and :data:`CODE`."""

    def __init__(self, vm: Vm) -> None:
        self.vm = vm
        stubs = {vector: STUBS + _STUB * vector for vector in VECTORS}
        for address, content in (
            (PAGE_TABLES, modes.identity_map(PAGE_TABLES, MAPPED)),
            (SUPERVISOR_TABLES, modes.identity_map(SUPERVISOR_TABLES, MAPPED, user=False)),
            (GDT, modes.user_gdt(TSS)),
            (IDT, modes.idt(stubs)),
            (TSS, modes.task_state(KERNEL_STACK)),
            *((stub, asm.say(FAULT, vector) + asm.code("f4", "hlt")) for vector, stub in stubs.items()),
        ):
            vm.write(address, content)

    def enter(
        self, vcpu: Vcpu, rip: int = CODE, *, cpl: int = 0, cr4: int = 0, efer: int = 0, rflags: int = 0, user_pages: bool = True
    ) -> None:
        """Put ``vcpu`` before the instruction at ``rip``, with more bits set in ``cr4``, ``efer`` and ``rflags``.

        CR0, CR4 and EFER are as Linux has them as far as every CPU can: write protection, x87 and SSE work. Without
        ``user_pages``, all pages are the supervisor's, as SMEP and SMAP want them for code at CPL 0. General registers other
        than RSP stay what they are. KvmError EINVAL for bits that this vCPU may not have.
        """
        sregs = vcpu.sregs()
        modes.long_mode(sregs, PAGE_TABLES if user_pages else SUPERVISOR_TABLES, cpl)
        sregs.cr0 |= modes.CR0_MP | modes.CR0_NE | modes.CR0_WP | modes.CR0_AM
        sregs.cr4 |= modes.CR4_OSFXSR | modes.CR4_OSXMMEXCPT | cr4
        sregs.efer |= efer
        sregs.tr.base, sregs.tr.limit = TSS, modes.TSS_BYTES - 1
        sregs.gdt.base, sregs.gdt.limit = GDT, len(modes.user_gdt(TSS)) - 1
        sregs.idt.base, sregs.idt.limit = IDT, modes.GATE_BYTES * len(VECTORS) - 1
        vcpu.set_sregs(sregs)
        vcpu.set_regs(rip=rip, rflags=2 | rflags, rsp=USER_STACK if cpl else KERNEL_STACK)

    def returns_to(self, vcpu: Vcpu, vector: int) -> int:
        """RIP in the frame that the CPU pushed for the exception, while its stub is at work."""
        frame = vcpu.regs.rsp + (8 if vector in WITH_ERROR_CODE else 0)
        return int.from_bytes(self.vm.read(frame, 8), "little")


def exception(left: Exit) -> int | None:
    """The vector, where a stub said it; None for any other exit."""
    return left.data[0] if isinstance(left, Io) and left.out and left.port == FAULT else None
