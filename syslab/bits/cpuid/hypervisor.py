"""CPUID leaves 0x40000000 and 0x40000001: which hypervisor, and what KVM offers its guest.

No CPU answers these; a hypervisor does. Other hypervisors use 0x40000001 and above in their own way.
"""

from __future__ import annotations

from ..core import Field
from .build import KVM, register, whole

_WHO = "Only where leaf 1 ECX has HYPERVISOR. KVM signs KVMKVMKVM and three zero bytes."
CPUID_40000000_EAX = register(
    0x40000000, "", "eax", whole("MAX_LEAF", "highest leaf of the hypervisor; 0 in old KVM stands for 0x40000001", "x"), KVM, note=_WHO,
)  # fmt: skip
CPUID_40000000_EBX = register(0x40000000, "", "ebx", whole("NAME1", "hypervisor's name, letters 1 to 4", "s"), KVM, note=_WHO)
CPUID_40000000_ECX = register(0x40000000, "", "ecx", whole("NAME2", "hypervisor's name, letters 5 to 8", "s"), KVM, note=_WHO)
CPUID_40000000_EDX = register(0x40000000, "", "edx", whole("NAME3", "hypervisor's name, letters 9 to 12", "s"), KVM, note=_WHO)


def _kvm(at: int, name: str, title: str) -> Field:
    return Field(name, at, title, linux=(f"KVM_FEATURE_{name}",))


CPUID_40000001_EAX = register(
    0x40000001, "", "eax",
    (
        _kvm(0, "CLOCKSOURCE", "clock in shared memory, first MSR numbers"),
        _kvm(1, "NOP_IO_DELAY", "no delay is needed after port I/O"),
        _kvm(2, "MMU_OP", "paging operations by hypercall; given up"),
        _kvm(3, "CLOCKSOURCE2", "clock in shared memory, today's MSR numbers"),
        _kvm(4, "ASYNC_PF", "page faults answered later: the guest may run another task"),
        _kvm(5, "STEAL_TIME", "time that other guests took"),
        _kvm(6, "PV_EOI", "end of interrupt without an exit"),
        _kvm(7, "PV_UNHALT", "wake-up of a halted vCPU, for spin locks"),
        _kvm(9, "PV_TLB_FLUSH", "TLB flushes that skip preempted vCPUs"),
        _kvm(10, "ASYNC_PF_VMEXIT", "late page faults reach a nested hypervisor as exits"),
        _kvm(11, "PV_SEND_IPI", "interrupts to many vCPUs in one hypercall"),
        _kvm(12, "POLL_CONTROL", "the guest can stop the host's polling on HLT"),
        _kvm(13, "PV_SCHED_YIELD", "yield to a vCPU by hypercall"),
        _kvm(14, "ASYNC_PF_INT", "late pages are announced by an interrupt"),
        _kvm(15, "MSI_EXT_DEST_ID", "MSI addresses carry 15-bit APIC IDs"),
        _kvm(16, "HC_MAP_GPA_RANGE", "hypercall: this memory is encrypted or shared"),
        _kvm(17, "MIGRATION_CONTROL", "the guest says whether it may be migrated"),
        _kvm(24, "CLOCKSOURCE_STABLE_BIT", "the clock is the same on all vCPUs"),
    ),
    KVM, note="Meaningful only where leaf 0x40000000 says KVM.",
)  # fmt: skip
CPUID_40000001_EDX = register(
    0x40000001, "", "edx",
    (Field("REALTIME", 0, "hint: vCPUs are never preempted for long", linux=("KVM_HINTS_REALTIME",)),),
    KVM, note="Meaningful only where leaf 0x40000000 says KVM.",
)  # fmt: skip
