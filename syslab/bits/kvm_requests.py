"""KVM's vCPU requests on x86: the value that names one, and the bitmap ``vcpu->requests`` that holds those pending.

Both are internal to the kernel, so their numbers may change with any release: ask for a version.

>>> request("7.2").decode(0x700).sentence
'KVM_REQ_OUTSIDE_GUEST_MODE: sets no bit. Sent to all vCPUs, it leaves sleeping ones asleep and waits for those in the guest.'
"""

from __future__ import annotations

from .core import Case, Field, Layout, Source, otherwise
from .reading import Reader

VERSIONS = ("6.1", "6.12", "7.2")
"""The kernels whose headers were read, oldest first."""
MASK, NO_WAKEUP, WAIT, NO_ACTION, ARCH_BASE = 0xFF, 1 << 8, 1 << 9, 1 << 10, 8
OUTSIDE = NO_ACTION | WAIT | NO_WAKEUP
_BOTH = WAIT | NO_WAKEUP

# number -> name, flags, what the vCPU does about it; as in 6.1 unless _CHANGES says otherwise
_REQUESTS: dict[int, tuple[str, int, str]] = {
    0: ("TLB_FLUSH", _BOTH, "flush all of the guest's TLB entries"),
    1: ("VM_DEAD", _BOTH, "the VM is unusable: KVM_RUN fails"),
    2: ("UNBLOCK", 0, "return from kvm_vcpu_block()"),
    8: ("MIGRATE_TIMER", 0, "move the timers of LAPIC and PIT to the CPU it runs on now"),
    9: ("REPORT_TPR_ACCESS", 0, "leave to user space with KVM_EXIT_TPR_ACCESS"),
    10: ("TRIPLE_FAULT", 0, "leave to user space with KVM_EXIT_SHUTDOWN"),
    11: ("MMU_SYNC", 0, "synchronize shadow page tables with the guest's"),
    12: ("CLOCK_UPDATE", 0, "update its kvmclock"),
    13: ("LOAD_MMU_PGD", 0, "load the root of its page tables"),
    14: ("EVENT", 0, "look for an event to inject: interrupt, NMI, exception, INIT"),
    15: ("APF_HALT", 0, "halt until a page is there (asynchronous page fault)"),
    16: ("STEAL_UPDATE", 0, "record the time that it did not get to run"),
    17: ("NMI", 0, "take over the NMIs that were queued"),
    18: ("PMU", 0, "bring the performance counters up to date"),
    19: ("PMI", 0, "deliver a performance-monitoring interrupt"),
    20: ("SMI", 0, "take over a system-management interrupt"),
    21: ("MASTERCLOCK_UPDATE", 0, "recompute the VM's master clock"),
    22: ("MCLOCK_INPROGRESS", _BOTH, "stay out of the guest while the master clock changes"),
    23: ("SCAN_IOAPIC", _BOTH, "scan the I/O APIC for vectors whose EOI must exit"),
    24: ("GLOBAL_CLOCK_UPDATE", 0, "update the kvmclock of every vCPU"),
    25: ("APIC_PAGE_RELOAD", _BOTH, "load the address of the APIC-access page again"),
    26: ("HV_CRASH", 0, "leave to user space: a Hyper-V guest reported a crash"),
    27: ("IOAPIC_EOI_EXIT", 0, "leave to user space with KVM_EXIT_IOAPIC_EOI"),
    28: ("HV_RESET", 0, "leave to user space: a Hyper-V guest asked for a reset"),
    29: ("HV_EXIT", 0, "leave to user space with KVM_EXIT_HYPERV"),
    30: ("HV_STIMER", 0, "process Hyper-V's synthetic timers"),
    31: ("LOAD_EOI_EXITMAP", 0, "load the bitmap of vectors whose EOI must exit"),
    32: ("GET_NESTED_STATE_PAGES", 0, "map the pages that nested state refers to"),
    33: ("APICV_UPDATE", _BOTH, "turn APIC virtualization on or off"),
    34: ("TLB_FLUSH_CURRENT", 0, "flush the TLB for its current context"),
    35: ("TLB_FLUSH_GUEST", _BOTH, "flush the TLB as the guest itself would"),
    36: ("APF_READY", 0, "a page that it waited for is there (asynchronous page fault)"),
    37: ("MSR_FILTER_CHANGED", 0, "apply the new MSR filter"),
    38: ("UPDATE_CPU_DIRTY_LOGGING", _BOTH, "turn dirty logging by the CPU on or off"),
    39: ("MMU_FREE_OBSOLETE_ROOTS", _BOTH, "drop page-table roots that became obsolete"),
}  # fmt: skip
_CHANGES: dict[str, dict[int, tuple[str, int, str]]] = {
    "6.1": {},
    "6.12": {
        3: ("DIRTY_RING_SOFT_FULL", 0, "leave to user space with KVM_EXIT_DIRTY_RING_FULL"),
        40: ("HV_TLB_FLUSH", _BOTH, "flush what a Hyper-V guest asked to flush"),
        42: ("UPDATE_PROTECTED_GUEST_STATE", 0, "update the state of a protected guest (SEV-SNP)"),
    },
    "7.2": {
        37: ("RECALC_INTERCEPTS", 0, "compute again which MSRs and instructions to intercept"),
        41: ("VMSA_PAGE_RELOAD", _BOTH, "load the page with a protected guest's state again"),
        42: ("UPDATE_PROTECTED_GUEST_STATE", WAIT, "update the state of a protected guest (SEV-SNP)"),
    },
}  # fmt: skip
_BY_VERSION: dict[str, dict[int, tuple[str, int, str]]] = {}
for _version in VERSIONS:
    _BY_VERSION[_version] = {
        **(_BY_VERSION[VERSIONS[VERSIONS.index(_version) - 1]] if _BY_VERSION else _REQUESTS),
        **_CHANGES[_version],
    }

_READ = {"6.1": "6.1.192", "6.12": "6.12.117", "7.2": "7.2.13"}
_FILES = (
    "include/linux/kvm_host.h, KVM_REQUEST_* and KVM_REQ_*",
    "arch/x86/include/asm/kvm_host.h, KVM_REQ_*",
    "arch/x86/kvm/x86.c, vcpu_enter_guest()",
)


def _known(version: str) -> dict[int, tuple[str, int, str]]:
    try:
        return _BY_VERSION[version]
    except KeyError:
        raise ValueError(f"requests of Linux {version!r} are not known here; there are {', '.join(VERSIONS)}") from None


def constants(version: str = VERSIONS[-1]) -> dict[str, int]:
    """``KVM_REQ_*`` of Linux ``version`` on x86, each with its flags; ValueError for a version that was not read."""
    found = {f"KVM_REQ_{name}": number | flags for number, (name, flags, _) in sorted(_known(version).items())}
    return found | {"KVM_REQ_OUTSIDE_GUEST_MODE": OUTSIDE}


def changes(old: str, new: str) -> list[dict[str, str]]:
    """What differs between two versions: request, value in each (empty where there is none)."""
    a, b = constants(old), constants(new)
    names = sorted({*a, *b}, key=lambda name: ((b | a)[name] & MASK, name not in a))
    shown = [(name, *(hex(c[name]) if name in c else "" for c in (a, b))) for name in names if a.get(name) != b.get(name)]
    return [{"request": name, "old": before, "new": after} for name, before, after in shown]


def _sources(version: str) -> tuple[Source, ...]:
    return tuple(Source("Linux", name, _READ[version]) for name in _FILES)


def _anchor(base: str, version: str) -> str:
    return base if version == VERSIONS[-1] else f"{base}-{version.replace('.', '-')}"


def request(version: str = VERSIONS[-1]) -> Layout:
    """The value a request is made with, as ``kvm_make_request()`` takes it. Anchors: ``kvm-req``, ``kvm-req-6-1`` ..."""
    known, called = _known(version), constants(version)
    exact = tuple(Case(0xFFFFFFFF, value, f"{name}: ") for name, value in called.items())
    return Layout(
        name=f"KVM request, Linux {version}",
        anchor=_anchor("kvm-req", version),
        width=32,
        fields=(
            Field("NUMBER", 0, "the request's bit in vcpu->requests; below 8 all architectures share, from 8 on each has its own",
                  width=8, values={n: f"{n} ({name})" for n, (name, _, _) in known.items()}, linux=("KVM_REQUEST_MASK",)),
            Field("NO_WAKEUP", 8, "1: sent to all vCPUs, it leaves sleeping ones asleep; they see it when they wake",
                  linux=("KVM_REQUEST_NO_WAKEUP",)),
            Field("WAIT", 9, "1: kvm_make_all_cpus_request() sends an IPI to all that are not OUTSIDE_GUEST_MODE, and waits until they took it",
                  linux=("KVM_REQUEST_WAIT",)),
            Field("NO_ACTION", 10, "1: only the kick; no bit is set, whatever NUMBER is", linux=("KVM_REQUEST_NO_ACTION",)),
        ),
        sources=_sources(version),
        clauses=(
            (*exact, otherwise("No request of this kernel: ")),
            (Case(NO_ACTION, NO_ACTION, "sets no bit. "), otherwise("sets bit {NUMBER}. ")),
            (Case(NO_WAKEUP, NO_WAKEUP, "Sent to all vCPUs, it leaves sleeping ones asleep"), otherwise("Sent to all vCPUs, it wakes sleeping ones")),
            (Case(WAIT, WAIT, " and waits for those in the guest."), otherwise(" and does not wait.")),
        ),
        impossible=tuple(Case(NO_ACTION | bit, bit, "Number 64 or more: vcpu->requests has 64 bits.") for bit in (0x40, 0x80)),
        examples=tuple((short, called[f"KVM_REQ_{short}"]) for short in ("TLB_FLUSH", "VM_DEAD", "UNBLOCK", "EVENT", "NMI",
                                                                          "OUTSIDE_GUEST_MODE", known[37][0])),
        note="An internal number of the kernel: it may differ in the next release.",
    )  # fmt: skip


def bitmap(version: str = VERSIONS[-1]) -> Layout:
    """``vcpu->requests``, a bit for each request. Anchors: ``kvm-requests``, ``kvm-requests-6-1`` ..."""
    known = _known(version)
    return Layout(
        name=f"vcpu->requests, Linux {version}",
        anchor=_anchor("kvm-requests", version),
        width=64,
        fields=tuple(Field(name, number, title, linux=(f"KVM_REQ_{name}",)) for number, (name, _, title) in known.items()),
        sources=_sources(version),
        readers=(Reader(r"\brequests 0x([0-9a-f]{1,16})\b", 16, "the requests of a kvm_exit trace line"),),
        examples=(("nothing pending", 0), ("an NMI came", 1 << 17 | 1 << 14), ("flush", 1), ("memory slots changed", 1 << 39)),
    )


KVM_REQ_6_1, KVM_REQ_6_12, KVM_REQ = (request(v) for v in VERSIONS)
KVM_REQUESTS_6_1, KVM_REQUESTS_6_12, KVM_REQUESTS = (bitmap(v) for v in VERSIONS)
