"""The structures that KVM's ioctls carry, with the kernel's names and fields, as ctypes lays them out on x86-64.

Source: include/uapi/linux/kvm.h and arch/x86/include/uapi/asm/kvm.h, Linux 6.1 and 6.12; both only ever grow at
what was padding. A field may be read and written by name: ``sregs.cs.base = 0x8000``.
"""

# ruff: noqa: RUF012  (ctypes makes something else of _fields_)
from __future__ import annotations

from ctypes import c_char, c_int16, c_uint8, c_uint16, c_uint32, c_uint64

from .c_types import Structure, Union

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


# struct kvm_run: the page that a vCPU shares with us


class _hw(Structure):
    _fields_ = [("hardware_exit_reason", c_uint64)]


class _fail_entry(Structure):
    _fields_ = [("hardware_entry_failure_reason", c_uint64), ("cpu", c_uint32)]


class _ex(Structure):
    _fields_ = [("exception", c_uint32), ("error_code", c_uint32)]


class _io(Structure):
    _fields_ = [
        ("direction", c_uint8),
        ("size", c_uint8),
        ("port", c_uint16),
        ("count", c_uint32),
        ("data_offset", c_uint64),
    ]


class kvm_debug_exit_arch(Structure):
    _fields_ = [("exception", c_uint32), ("pad", c_uint32), ("pc", c_uint64), ("dr6", c_uint64), ("dr7", c_uint64)]


class _debug(Structure):
    _fields_ = [("arch", kvm_debug_exit_arch)]


class _mmio(Structure):
    _fields_ = [("phys_addr", c_uint64), ("data", c_uint8 * 8), ("len", c_uint32), ("is_write", c_uint8)]


class _hypercall(Structure):
    _fields_ = [("nr", c_uint64), ("args", c_uint64 * 6), ("ret", c_uint64), ("flags", c_uint64)]


class _tpr_access(Structure):
    _fields_ = [("rip", c_uint64), ("is_write", c_uint32), ("pad", c_uint32)]


class _internal(Structure):
    _fields_ = [("suberror", c_uint32), ("ndata", c_uint32), ("data", c_uint64 * 16)]


class _emulation_failure(Structure):
    """The same bytes as :class:`_internal`, when the suberror is KVM_INTERNAL_ERROR_EMULATION."""

    _fields_ = [
        ("suberror", c_uint32),
        ("ndata", c_uint32),
        ("flags", c_uint64),
        ("insn_size", c_uint8),
        ("insn_bytes", c_uint8 * 15),
    ]


class _system_event(Structure):
    _fields_ = [("type", c_uint32), ("ndata", c_uint32), ("data", c_uint64 * 16)]


class _eoi(Structure):
    _fields_ = [("vector", c_uint8)]


class _msr(Structure):
    _fields_ = [
        ("error", c_uint8),
        ("pad", c_uint8 * 7),
        ("reason", c_uint32),
        ("index", c_uint32),
        ("data", c_uint64),
    ]


class _notify(Structure):
    _fields_ = [("flags", c_uint32)]


class _memory_fault(Structure):
    _fields_ = [("flags", c_uint64), ("gpa", c_uint64), ("size", c_uint64)]


class _exit(Union):
    _fields_ = [
        ("hw", _hw),
        ("fail_entry", _fail_entry),
        ("ex", _ex),
        ("io", _io),
        ("debug", _debug),
        ("mmio", _mmio),
        ("hypercall", _hypercall),
        ("tpr_access", _tpr_access),
        ("internal", _internal),
        ("emulation_failure", _emulation_failure),
        ("system_event", _system_event),
        ("eoi", _eoi),
        ("msr", _msr),
        ("notify", _notify),
        ("memory_fault", _memory_fault),
        ("padding", c_char * 256),
    ]


class kvm_run(Structure):
    """``exit_reason`` says which member of the union counts: ``run.io.port`` after KVM_EXIT_IO."""

    _anonymous_ = ("_exit",)
    _fields_ = [
        ("request_interrupt_window", c_uint8),
        ("immediate_exit", c_uint8),
        ("padding1", c_uint8 * 6),
        ("exit_reason", c_uint32),
        ("ready_for_interrupt_injection", c_uint8),
        ("if_flag", c_uint8),
        ("flags", c_uint16),
        ("cr8", c_uint64),
        ("apic_base", c_uint64),
        ("_exit", _exit),
        ("kvm_valid_regs", c_uint64),
        ("kvm_dirty_regs", c_uint64),
        ("padding2", c_char * 2048),
    ]
