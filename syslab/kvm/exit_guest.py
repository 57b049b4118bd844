"""A guest in 64-bit mode that executes an instruction :data:`TIMES` times, and says what became of it.

It has page tables, a GDT, an IDT and a TSS of its own, so that an exception comes back as a message instead of a triple
fault, and code can run at CPL 0 and at CPL 3. Standard library only.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from syslab import kvm

from .exit_cases import Case

TIMES = 10
NO_ANSWER = "no answer"
DONE, FAULT = 0xE0, 0xE1
"""Ports: the code has come to its end; an exception has come, its vector in AL. At CPL 3 the end is an exception too."""
_STRIDE = 32
_ERROR_CODE = frozenset({8, 10, 11, 12, 13, 14, 17, 21, 29, 30})
_PML4, _PDPT, _PD, _GDT, _IDT, _STUBS, _TSS, _CODE = 0x10000, 0x11000, 0x12000, 0x13000, 0x14000, 0x15000, 0x16000, 0x20000
_KERNEL_STACK, _USER_STACK, _TSS_SIZE = 0x1A000, 0x1C000, 104
_END = _CODE + TIMES * _STRIDE
_END_KERNEL = bytes([0xE6, DONE, 0xF4])  # out DONE, al; hlt
_END_USER = b"\xf4"  # hlt: #GP at CPL 3, which no hypervisor here has to intercept
_P_RW_US, _LARGE, _TWO_MB = 0x7, 0x80, 0x200000
_MAPPED = 8  # entries of 2 MB: the memory and, behind it, the hole
_KERNEL_CS, _KERNEL_DS, _USER_DS, _USER_CS, _TR = 0x08, 0x10, 0x1B, 0x23, 0x28
_CR0, _PAE, _EFER = 0x8005_0033, 0x20 | 0x600, 0x500  # PE MP ET NE WP AM PG; PAE and SSE; LME and LMA
_VECTORS = {0: "#DE", 1: "#DB", 3: "#BP", 6: "#UD", 7: "#NM", 8: "#DF", 12: "#SS", 13: "#GP", 14: "#PF", 17: "#AC"}


@dataclass
class Told:
    """What one execution of a case showed to user space.

    ``exits``: name of KVM_EXIT_ -> how often, without the guest's own messages; ``faults``: exception -> how often the guest
    got it; ``messages``: the guest's messages; ``stopped``: why it did not come to its end, or "".
    """

    exits: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    stopped: str = ""


def _segment(selector: int, kind: int, dpl: int, code: bool) -> dict[str, int]:
    return {"base": 0, "limit": 0xFFFFFFFF, "selector": selector, "type": kind, "present": 1, "dpl": dpl, "db": int(not code),
            "s": 1, "l": int(code), "g": 1, "avl": 0, "unusable": 0}  # fmt: skip


def _tables() -> Iterator[tuple[int, bytes]]:
    """What lies where before the guest starts."""
    yield _PML4, struct.pack("<Q", _PDPT | _P_RW_US)
    yield _PDPT, struct.pack("<Q", _PD | _P_RW_US)
    yield _PD, struct.pack(f"<{_MAPPED}Q", *(n * _TWO_MB | _P_RW_US | _LARGE for n in range(_MAPPED)))
    flat = (
        0,
        0x00AF9B000000FFFF,
        0x00CF93000000FFFF,
        0x00CFF3000000FFFF,
        0x00AFFB000000FFFF,
    )  # -, code, data, user data, user code
    tss = (_TSS_SIZE - 1) | (_TSS & 0xFFFFFF) << 16 | 0x8B << 40 | (_TSS >> 24 & 0xFF) << 56
    yield _GDT, struct.pack("<7Q", *flat, tss, 0)
    yield _TSS, struct.pack("<IQ", 0, _KERNEL_STACK).ljust(102, b"\0") + struct.pack("<H", _TSS_SIZE)  # no port is allowed
    for vector in range(32):
        stub = _STUBS + vector * 16
        yield stub, bytes([0xB0, vector, 0xE6, FAULT, 0xF4])  # mov al, vector; out FAULT, al; hlt
        yield _IDT + vector * 16, struct.pack("<HHBBHII", stub & 0xFFFF, _KERNEL_CS, 0, 0x8E, stub >> 16, 0, 0)


class ExitGuest:
    """A VM that executes cases, put together by :func:`guest`. After a case that was ``stopped``, take another one."""

    def __init__(self, vm: kvm.Vm, vcpu: kvm.Vcpu) -> None:
        self.vm, self.vcpu = vm, vcpu
        for address, content in _tables():
            vm.write(address, content)

    def _start(self, case: Case, rip: int) -> None:
        user = case.cpl == 3
        sregs = self.vcpu.sregs()
        code = _segment(_USER_CS if user else _KERNEL_CS, 11, case.cpl, True)
        data = _segment(_USER_DS if user else _KERNEL_DS, 3, case.cpl, False)
        for name in ("cs", "ds", "es", "fs", "gs", "ss"):
            for part, value in (code if name == "cs" else data).items():
                setattr(getattr(sregs, name), part, value)
        for part, value in {"base": _TSS, "limit": _TSS_SIZE - 1, "selector": _TR, "type": 11, "present": 1, "s": 0, "l": 0, "db": 0,
                            "g": 0, "dpl": 0, "unusable": 0}.items():  # fmt: skip
            setattr(sregs.tr, part, value)
        sregs.gdt.base, sregs.gdt.limit = _GDT, 7 * 8 - 1
        sregs.idt.base, sregs.idt.limit = _IDT, 32 * 16 - 1
        sregs.cr0, sregs.cr3, sregs.cr4, sregs.efer = _CR0, _PML4, _PAE | case.cr4, _EFER
        self.vcpu.set_sregs(sregs)
        self.vcpu.set_regs(rip=rip, rflags=2 | case.rflags, rsp=_USER_STACK if user else _KERNEL_STACK)

    def execute(self, case: Case, timeout: float = 5.0) -> Told:
        """Run the case from its start. ``timeout`` in seconds for each KVM_RUN. ValueError for code that is too long."""
        if len(case.code) > _STRIDE:
            raise ValueError(f"case {case.key}: {len(case.code)} bytes of code, at most {_STRIDE} fit")
        told = Told()
        copies = case.code.ljust(_STRIDE, b"\x90") * TIMES
        self.vm.write(_CODE, copies + (_END_KERNEL if case.cpl == 0 else _END_USER))  # anew: KVM may have patched it
        self._start(case, _CODE)
        for _ in range(4 * TIMES):
            try:
                out = self.vcpu.run(timeout=timeout)
            except kvm.VcpuTimeout:
                out = kvm.Intr()
            if isinstance(out, kvm.Intr):  # the bound's signal; one KVM reports it as an exit, another as EINTR
                told.stopped = NO_ANSWER
                return told
            if isinstance(out, kvm.Io) and out.out and out.port in (DONE, FAULT):
                told.messages += 1
                behind = 0 if out.port == DONE else self._behind(out.data[0])
                if out.port == DONE or behind > _END:
                    return told
                told.faults[_VECTORS.get(out.data[0], f"exception {out.data[0]}")] += 1
                self._start(case, behind)
                continue
            told.exits[out.name] += 1
            if isinstance(out, kvm.Io) and not out.out:
                self.vcpu.answer(b"\xff" * out.size * out.count)
            elif isinstance(out, kvm.Mmio) and not out.write:
                self.vcpu.answer(b"\xff" * out.length)
            elif not isinstance(out, kvm.Io | kvm.Mmio | kvm.Hlt):
                told.stopped = out.name
                return told
        told.stopped = "it never came to its end"
        return told

    def _behind(self, vector: int) -> int:
        """The start of the copy behind the one that raised ``vector``, from the frame that the CPU pushed."""
        frame = self.vcpu.regs.rsp + (8 if vector in _ERROR_CODE else 0)
        rip = int.from_bytes(self.vm.read(frame, 8), "little")
        return _CODE + ((rip - _CODE) // _STRIDE + 1) * _STRIDE


@contextmanager
def guest() -> Iterator[ExitGuest]:
    """A fresh VM, with the CPUID that KVM supports."""
    with kvm.Kvm() as device, device.create_vm() as vm:
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(device.supported_cpuid())
        yield ExitGuest(vm, vcpu)
