"""Why KVM_RUN came back: a class for each reason that this book's guests meet.

Each has a ``name`` as the kernel's header has it, and its ``number`` in kvm_run.exit_reason. Source: KVM_EXIT_ of
include/uapi/linux/kvm.h; Documentation/virt/kvm/api.rst, "The kvm_run structure".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from .run_struct import kvm_run

_NAMES = {
    0: "UNKNOWN", 1: "EXCEPTION", 2: "IO", 3: "HYPERCALL", 4: "DEBUG", 5: "HLT", 6: "MMIO", 7: "IRQ_WINDOW_OPEN",
    8: "SHUTDOWN", 9: "FAIL_ENTRY", 10: "INTR", 11: "SET_TPR", 12: "TPR_ACCESS", 13: "S390_SIEIC", 14: "S390_RESET",
    15: "DCR", 16: "NMI", 17: "INTERNAL_ERROR", 18: "OSI", 19: "PAPR_HCALL", 20: "S390_UCONTROL", 21: "WATCHDOG",
    22: "S390_TSCH", 23: "EPR", 24: "SYSTEM_EVENT", 25: "S390_STSI", 26: "IOAPIC_EOI", 27: "HYPERV", 28: "ARM_NISV",
    29: "X86_RDMSR", 30: "X86_WRMSR", 31: "DIRTY_RING_FULL", 32: "AP_RESET_HOLD", 33: "X86_BUS_LOCK", 34: "XEN",
    35: "RISCV_SBI", 36: "RISCV_CSR", 37: "NOTIFY", 38: "LOONGARCH_IOCSR", 39: "MEMORY_FAULT", 40: "TDX",
    41: "ARM_SEA", 42: "ARM_LDST64B", 43: "SNP_REQ_CERTS",
}  # fmt: skip
REASONS = {number: f"KVM_EXIT_{name}" for number, name in _NAMES.items()}
"""The name of each number in kvm_run.exit_reason, up to Linux 7.2; other architectures' too."""
INTERNAL_ERRORS = {1: "emulation", 2: "simultaneous exceptions", 3: "event delivery", 4: "unexpected exit reason"}
"""KVM_INTERNAL_ERROR_: what the suberror of KVM_EXIT_INTERNAL_ERROR says."""
_HAS_INSTRUCTION = 1  # KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES
_EMULATION = 1


@dataclass(frozen=True)
class Unknown:
    """The CPU left the guest for a reason that KVM does not know."""

    name: ClassVar[str] = REASONS[0]
    number: ClassVar[int] = 0
    hardware_reason: int


@dataclass(frozen=True)
class Io:
    """IN or OUT: ``count`` times ``size`` bytes at ``port``. ``data`` is what OUT wrote; IN waits for an answer."""

    name: ClassVar[str] = REASONS[2]
    number: ClassVar[int] = 2
    out: bool
    port: int
    size: int
    count: int
    data: bytes


@dataclass(frozen=True)
class Debug:
    """A debug exception that :meth:`Vcpu.guest_debug` asked for; 1 is #DB, 3 is #BP. ``pc`` is a linear address."""

    name: ClassVar[str] = REASONS[4]
    number: ClassVar[int] = 4
    exception: int
    pc: int
    dr6: int
    dr7: int


@dataclass(frozen=True)
class Hlt:
    """HLT, and no interrupt controller in the kernel that could wake the vCPU."""

    name: ClassVar[str] = REASONS[5]
    number: ClassVar[int] = 5


@dataclass(frozen=True)
class Mmio:
    """An access to a guest-physical ``address`` without memory. ``data`` is what was written; a read waits for it."""

    name: ClassVar[str] = REASONS[6]
    number: ClassVar[int] = 6
    address: int
    data: bytes
    length: int
    write: bool


@dataclass(frozen=True)
class Shutdown:
    """A triple fault."""

    name: ClassVar[str] = REASONS[8]
    number: ClassVar[int] = 8


@dataclass(frozen=True)
class FailEntry:
    """The CPU refused to enter the guest: its state is not a legal one. ``reason`` is the hardware's."""

    name: ClassVar[str] = REASONS[9]
    number: ClassVar[int] = 9
    reason: int
    cpu: int


@dataclass(frozen=True)
class Intr:
    """KVM_RUN was interrupted (EINTR): a signal, :meth:`Vcpu.kick` or ``immediate_exit``. The guest did nothing wrong."""

    name: ClassVar[str] = REASONS[10]
    number: ClassVar[int] = 10


@dataclass(frozen=True)
class InternalError:
    """KVM gave up. ``why`` is the suberror in words; ``data`` are KVM's 64-bit words about it."""

    name: ClassVar[str] = REASONS[17]
    number: ClassVar[int] = 17
    suberror: int
    why: str
    data: tuple[int, ...]
    instruction: bytes = field(default=b"")
    """The bytes that could not be emulated, where KVM tells them."""


@dataclass(frozen=True)
class Other:
    """Any other reason; what KVM says about it is in :attr:`Vcpu.run_struct`."""

    number: int
    name: str


Exit = Unknown | Io | Debug | Hlt | Mmio | Shutdown | FailEntry | Intr | InternalError | Other
"""What KVM_RUN came back with; all have ``name`` and ``number``."""


def decode(run: kvm_run, page: Any) -> Exit:
    """The exit that ``run`` tells. ``page`` is the whole mapping that ``run`` begins: what OUT wrote lies there."""
    reason = run.exit_reason
    if reason == Io.number:
        io = run.io
        data = bytes(page[io.data_offset : io.data_offset + io.size * io.count]) if io.direction else b""
        return Io(bool(io.direction), io.port, io.size, io.count, data)
    if reason == Mmio.number:
        mmio = run.mmio
        data = bytes(mmio.data)[: mmio.len] if mmio.is_write else b""
        return Mmio(mmio.phys_addr, data, mmio.len, bool(mmio.is_write))
    if reason == Debug.number:
        arch = run.debug.arch
        return Debug(arch.exception, arch.pc, arch.dr6, arch.dr7)
    if reason == InternalError.number:
        return _internal_error(run)
    if reason == FailEntry.number:
        return FailEntry(run.fail_entry.hardware_entry_failure_reason, run.fail_entry.cpu)
    if reason == Unknown.number:
        return Unknown(run.hw.hardware_exit_reason)
    if reason == Hlt.number:
        return Hlt()
    if reason == Shutdown.number:
        return Shutdown()
    if reason == Intr.number:
        return Intr()
    return Other(reason, REASONS.get(reason, f"KVM_EXIT_{reason}"))


def _internal_error(run: kvm_run) -> InternalError:
    internal, failure = run.internal, run.emulation_failure
    words = tuple(internal.data)[: internal.ndata]
    told = internal.suberror == _EMULATION and len(words) >= 3 and failure.flags & _HAS_INSTRUCTION
    instruction = bytes(failure.insn_bytes)[: failure.insn_size] if told else b""
    why = INTERNAL_ERRORS.get(internal.suberror, f"suberror {internal.suberror}")
    return InternalError(internal.suberror, why, words, instruction)
