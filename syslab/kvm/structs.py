"""The structures that KVM's ioctls carry, with the kernel's names and fields, as ctypes lays them out on x86-64.

Source: include/uapi/linux/kvm.h and arch/x86/include/uapi/asm/kvm.h, Linux 6.1 and 6.12; both only ever grow at
what was padding. A field may be read and written by name: ``sregs.cs.base = 0x8000``.
"""

# ruff: noqa: RUF012  (ctypes makes something else of _fields_)
from __future__ import annotations

from ctypes import c_int16, c_uint8, c_uint16, c_uint32, c_uint64

from .c_types import Structure

# ioctls on /dev/kvm and on a VM


class kvm_userspace_memory_region(Structure):
    _addresses_ = frozenset({"userspace_addr"})
    _fields_ = [
        ("slot", c_uint32),
        ("flags", c_uint32),
        ("guest_phys_addr", c_uint64),
        ("memory_size", c_uint64),
        ("userspace_addr", c_uint64),
    ]


class kvm_cpuid_entry2(Structure):
    _fields_ = [
        ("function", c_uint32),
        ("index", c_uint32),
        ("flags", c_uint32),
        ("eax", c_uint32),
        ("ebx", c_uint32),
        ("ecx", c_uint32),
        ("edx", c_uint32),
        ("padding", c_uint32 * 3),
    ]


class kvm_cpuid2(Structure):
    """Only the head: ``nent`` entries of :class:`kvm_cpuid_entry2` follow it."""

    _fields_ = [("nent", c_uint32), ("padding", c_uint32)]


class kvm_enable_cap(Structure):
    _fields_ = [("cap", c_uint32), ("flags", c_uint32), ("args", c_uint64 * 4), ("pad", c_uint8 * 64)]


class kvm_irq_level(Structure):
    _fields_ = [("irq", c_uint32), ("level", c_uint32)]


class kvm_irqchip(Structure):
    """An interrupt controller's state, which KVM_GET_IRQCHIP and KVM_SET_IRQCHIP take as a whole."""

    _fields_ = [("chip_id", c_uint32), ("pad", c_uint32), ("chip", c_uint8 * 512)]


class kvm_dirty_log(Structure):
    """``dirty_bitmap`` is where KVM writes a bit for each page of the slot."""

    _addresses_ = frozenset({"dirty_bitmap"})
    _fields_ = [("slot", c_uint32), ("padding1", c_uint32), ("dirty_bitmap", c_uint64)]


class kvm_clock_data(Structure):
    """``clock`` in nanoseconds."""

    _fields_ = [
        ("clock", c_uint64),
        ("flags", c_uint32),
        ("pad0", c_uint32),
        ("realtime", c_uint64),
        ("host_tsc", c_uint64),
        ("pad", c_uint32 * 4),
    ]


class _msr_filter_range(Structure):
    _addresses_ = frozenset({"bitmap"})
    _fields_ = [("flags", c_uint32), ("nmsrs", c_uint32), ("base", c_uint32), ("bitmap", c_uint64)]


class kvm_msr_filter(Structure):
    """All zero, it allows every MSR."""

    _fields_ = [("flags", c_uint32), ("ranges", _msr_filter_range * 16)]


# a vCPU's state


class kvm_regs(Structure):
    _fields_ = [
        (name, c_uint64)
        for name in (
            *("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp"),
            *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
            *("rip", "rflags"),
        )
    ]


class kvm_segment(Structure):
    """A segment register with what the CPU hides: base, limit (in bytes) and the descriptor's bits, one a field."""

    _fields_ = [
        ("base", c_uint64),
        ("limit", c_uint32),
        ("selector", c_uint16),
        *((name, c_uint8) for name in ("type", "present", "dpl", "db", "s", "l", "g", "avl", "unusable", "padding")),
    ]


class kvm_dtable(Structure):
    """GDTR or IDTR."""

    _fields_ = [("base", c_uint64), ("limit", c_uint16), ("padding", c_uint16 * 3)]


class kvm_sregs(Structure):
    _fields_ = [
        *((name, kvm_segment) for name in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt")),
        *((name, kvm_dtable) for name in ("gdt", "idt")),
        *((name, c_uint64) for name in ("cr0", "cr2", "cr3", "cr4", "cr8", "efer", "apic_base")),
        ("interrupt_bitmap", c_uint64 * 4),
    ]


class kvm_xcr(Structure):
    _fields_ = [("xcr", c_uint32), ("reserved", c_uint32), ("value", c_uint64)]


class kvm_xcrs(Structure):
    """Extended control registers; there is one, XCR0."""

    _fields_ = [("nr_xcrs", c_uint32), ("flags", c_uint32), ("xcrs", kvm_xcr * 16), ("padding", c_uint64 * 16)]


class kvm_mp_state(Structure):
    _fields_ = [("mp_state", c_uint32)]


class kvm_interrupt(Structure):
    """A vector to inject, of the one who emulates the interrupt controller in user space."""

    _fields_ = [("irq", c_uint32)]


class kvm_signal_mask(Structure):
    """``len`` is 8, as the kernel's own sigset_t; the kernel's structure ends in an array of no length."""

    _fields_ = [("len", c_uint32), ("sigset", c_uint8 * 0)]


class _exception(Structure):
    _fields_ = [
        ("injected", c_uint8),
        ("nr", c_uint8),
        ("has_error_code", c_uint8),
        ("pending", c_uint8),
        ("error_code", c_uint32),
    ]


class _interrupt(Structure):
    _fields_ = [("injected", c_uint8), ("nr", c_uint8), ("soft", c_uint8), ("shadow", c_uint8)]


class _nmi(Structure):
    _fields_ = [("injected", c_uint8), ("pending", c_uint8), ("masked", c_uint8), ("pad", c_uint8)]


class _smi(Structure):
    _fields_ = [("smm", c_uint8), ("pending", c_uint8), ("smm_inside_nmi", c_uint8), ("latched_init", c_uint8)]


class _triple_fault(Structure):
    _fields_ = [("pending", c_uint8)]


class kvm_vcpu_events(Structure):
    _fields_ = [
        ("exception", _exception),
        ("interrupt", _interrupt),
        ("nmi", _nmi),
        ("sipi_vector", c_uint32),
        ("flags", c_uint32),
        ("smi", _smi),
        ("triple_fault", _triple_fault),
        ("reserved", c_uint8 * 26),
        ("exception_has_payload", c_uint8),
        ("exception_payload", c_uint64),
    ]


class kvm_guest_debug(Structure):
    """``debugreg`` is what the guest's DR0 to DR7 are to hold in its place (kernel: ``arch.debugreg``)."""

    _fields_ = [("control", c_uint32), ("pad", c_uint32), ("debugreg", c_uint64 * 8)]


class kvm_msr_entry(Structure):
    _fields_ = [("index", c_uint32), ("reserved", c_uint32), ("data", c_uint64)]


class kvm_msrs(Structure):
    """Only the head: ``nmsrs`` entries of :class:`kvm_msr_entry` follow it."""

    _fields_ = [("nmsrs", c_uint32), ("pad", c_uint32)]


# what KVM_GET_STATS_FD's file holds


class kvm_stats_header(Structure):
    _fields_ = [
        (name, c_uint32) for name in ("flags", "name_size", "num_desc", "id_offset", "desc_offset", "data_offset")
    ]  # fmt: skip


class kvm_stats_desc(Structure):
    """The name, of ``kvm_stats_header.name_size`` bytes, follows it."""

    _fields_ = [("flags", c_uint32), ("exponent", c_int16), ("size", c_uint16), ("offset", c_uint32), ("bucket_size", c_uint32)]
