"""KVM's functions on the way of one instruction: which source file each is in, and through which table it is reached.

Of arch/x86/kvm as Linux 6.1 has it, and with the names of Linux 6.12 where those differ; the lab VM's kernel confirms
them. The order of the calls is measured, not written here.
"""

from __future__ import annotations

from dataclasses import dataclass

VENDOR, COMMON, EMULATOR = "vendor module", "KVM common", "emulator"
LANES = (VENDOR, COMMON, EMULATOR)
DOWN, UP = "kvm_x86_ops", "x86_emulate_ops"
"""The two tables: the common code calls down into the vendor module, the emulator calls up into the common code."""


@dataclass(frozen=True)
class Function:
    """``file`` below arch/x86/kvm; ``table`` and ``member`` where it is called through one of the two tables."""

    name: str
    lane: str
    file: str
    says: str
    table: str = ""
    member: str = ""


def _down(member: str, says: str, name: str = "") -> Function:
    return Function(name or f"svm_{member}", VENDOR, "svm/svm.c", says, DOWN, member)


def _up(member: str, says: str, name: str = "") -> Function:
    return Function(name or f"emulator_{member}", COMMON, "x86.c", says, UP, member)


def _common(name: str, says: str, file: str = "x86.c") -> Function:
    return Function(name, COMMON, file, says)


def _emulator(name: str, says: str) -> Function:
    return Function(name, EMULATOR, "emulate.c", says)


_ALL = (
    _down("vcpu_run", "the guest runs"),
    _down("handle_exit", "look at the exit code"),
    Function("io_interception", VENDOR, "svm/svm.c", "a port"),
    Function("cr_interception", VENDOR, "svm/svm.c", "a control register"),
    Function("npf_interception", VENDOR, "svm/svm.c", "no memory there"),
    Function("ud_interception", VENDOR, "svm/svm.c", "an invalid opcode, so maybe the prefix"),
    _common("kvm_emulate_cpuid", "handler of CPUID", "cpuid.c"),
    _common("kvm_emulate_rdmsr", "handler of RDMSR"),
    _common("kvm_fast_pio", "handler of IN and OUT"),
    _common("complete_fast_pio_out", "user space is done with the port"),
    _common("handle_ud", "is it the prefix?"),
    _common("kvm_mmu_page_fault", "memory or a device?", "mmu/mmu.c"),
    _common("x86_emulate_instruction", "the emulator's way in"),
    _common("x86_decode_emulated_instruction", "fetch and decode"),
    _emulator("x86_decode_insn", "bytes to an operation and its operands"),
    _up("fetch", "the instruction's bytes", "kvm_fetch_guest_virt"),
    _emulator("x86_emulate_insn", "execute it"),
    _emulator("em_cpuid", "CPUID"),
    _emulator("em_out", "OUT"),
    _emulator("em_cr_write", "MOV to CR"),
    _emulator("em_rdmsr", "RDMSR"),
    _emulator("em_mov", "MOV"),
    _up("read_gpr", "a register"),
    _up("write_gpr", "a register"),
    _up("get_cpuid", "the guest's table"),
    _up("pio_out_emulated", "a port"),
    _up("set_cr", "a control register"),
    _up("get_msr_with_filter", "an MSR"),
    _up("read_emulated", "memory that may be a device"),
    _up("write_emulated", "memory that may be a device"),
    _up("cpl", "which privilege level?", "emulator_get_cpl"),
    _up("get_cr", "a control register"),
    _up("get_msr", "an MSR, such as EFER"),
    _common("kvm_cpuid", "look it up", "cpuid.c"),
    _common("kvm_set_cr0", "check it, and change the paging mode"),
    _common("__kvm_get_msr", "look it up"),
    _common("kvm_msr_allowed", "may the guest?"),
    _common("emulator_read_write_onepage", "memory or a device?"),
    _common("emulator_pio_in_out", "who has this port?"),
    _down("set_cr0", "into the VMCB"),
    _down("get_msr", "from the VMCB, or from the common code"),
    _down("get_cpl", "which privilege level?"),
    _down("can_emulate_instruction", "are the bytes within reach?"),
    _down("check_emulate_instruction", "are the bytes within reach?"),
    _common("kvm_skip_emulated_instruction", "RIP behind the instruction"),
    _down("skip_emulated_instruction", "RIP behind the instruction"),
    _common("complete_emulated_mmio", "user space is done with the access"),
)
FUNCTIONS: dict[str, Function] = {function.name: function for function in _ALL}
"""By name; the lab VM's kernel can trace each of them, and one of two that are :data:`RENAMED`."""
RENAMED = {"svm_can_emulate_instruction": "svm_check_emulate_instruction"}
"""Name in Linux 6.1 -> name in Linux 6.12."""
