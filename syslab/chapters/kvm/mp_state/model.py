"""KVM's multiprocessing states: what their numbers mean, and how an x86 vCPU goes from one to the next. Pure.

Read in Linux 6.1.192, 6.12.117 and 7.2.13, where nothing of this differs: kvm_arch_vcpu_ioctl_set_mpstate(),
kvm_arch_vcpu_ioctl_get_mpstate() and vcpu_block() in arch/x86/kvm/x86.c, kvm_apic_accept_events() in lapic.c.
The chapter's experiment tries every step of :func:`step` on a real vCPU.
"""

from __future__ import annotations

from dataclasses import dataclass

RUNNABLE, UNINITIALIZED, INIT_RECEIVED, HALTED, SIPI_RECEIVED, AP_RESET_HOLD = 0, 1, 2, 3, 4, 9


@dataclass(frozen=True)
class MpState:
    """``documented``: the architectures that api.rst names for it, None where its table leaves the state out."""

    number: int
    name: str
    documented: tuple[str, ...] | None
    meaning: str

    @property
    def constant(self) -> str:
        """The name in <linux/kvm.h>."""
        return f"KVM_MP_STATE_{self.name}"


STATES = (
    MpState(0, "RUNNABLE", ("x86", "arm64", "riscv", "loongarch"), "runs, or would run if KVM_RUN were called"),
    MpState(1, "UNINITIALIZED", ("x86",), "an AP that waits for its first INIT"),
    MpState(2, "INIT_RECEIVED", ("x86",), "an AP that is reset and waits for a SIPI"),
    MpState(3, "HALTED", ("x86",), "has executed HLT and waits for an interrupt"),
    MpState(4, "SIPI_RECEIVED", ("x86",), "can be set, and is never read"),
    MpState(5, "STOPPED", ("s390", "arm64", "riscv"), "not on x86"),
    MpState(6, "CHECK_STOP", ("s390",), "not on x86"),
    MpState(7, "OPERATING", ("s390",), "not on x86"),
    MpState(8, "LOAD", ("s390",), "not on x86"),
    MpState(9, "AP_RESET_HOLD", None, "an AP of an SEV-ES guest that has asked to wait"),
    MpState(10, "SUSPENDED", ("arm64",), "not on x86"),
)  # fmt: skip
BY_NUMBER = {state.number: state for state in STATES}
SETTABLE = (UNINITIALIZED, INIT_RECEIVED, HALTED, SIPI_RECEIVED, AP_RESET_HOLD)  # besides RUNNABLE, and with a local APIC in KVM
READABLE = (RUNNABLE, UNINITIALIZED, INIT_RECEIVED, HALTED, AP_RESET_HOLD)
TRIED = (*range(12), 255)  # 11 and 255 are no state of any architecture

EVENTS = {f"set-{n}": f"KVM_SET_MP_STATE({n})" for n in range(12)} | {
    "init": "the other vCPU sends INIT",
    "sipi": "the other vCPU sends SIPI",
    "hlt": "KVM_RUN, the next instruction is HLT",
    "nmi": "KVM_NMI, then KVM_RUN",
}
UNTRIED = {("nmi", UNINITIALIZED), ("nmi", INIT_RECEIVED)}  # a CPU that waits for INIT or SIPI takes no NMI; it stays pending


@dataclass(frozen=True)
class Step:
    """``result`` is what came back: ``ok``, an errno, ``#GP`` in the sender, ``waits`` inside KVM_RUN, an exit reason."""

    state: int
    result: str


def name(number: int) -> str:
    """``INIT_RECEIVED`` for 2; ``no state`` for numbers that <linux/kvm.h> does not have."""
    return BY_NUMBER[number].name if number in BY_NUMBER else "no state"


def start(irqchip: bool, vcpu: int) -> int:
    """The state of a new vCPU: only an AP, and only with a local APIC in KVM, has to wait for INIT."""
    return UNINITIALIZED if irqchip and vcpu else RUNNABLE


def step(state: int, event: str, irqchip: bool, vcpu: int) -> Step | None:
    """What ``event`` does to a vCPU in ``state``, read back with KVM_GET_MP_STATE. None where it is not modelled.

    ``irqchip``: local APICs in KVM. ``vcpu`` 0 is the bootstrap processor. ValueError for unknown words.
    """
    if event not in EVENTS:
        raise ValueError(f"no event {event!r}; there are {', '.join(EVENTS)}")
    if state not in READABLE:
        raise ValueError(f"no state to be in: {state!r}; there are {', '.join(map(str, READABLE))}")
    if (event, state) in UNTRIED:
        return None
    if event.startswith("set-"):
        wanted = int(event.removeprefix("set-"))
        if wanted != RUNNABLE and not (irqchip and wanted in SETTABLE):
            return Step(state, "EINVAL")
        # 4 is kept as INIT_RECEIVED and a pending SIPI, and reading the state delivers the SIPI
        return Step(RUNNABLE if wanted == SIPI_RECEIVED else wanted, "ok")
    if event in ("init", "sipi"):
        if not irqchip:
            return Step(state, "#GP")  # the sender writes an MSR that is not there
        if event == "init":
            return Step(INIT_RECEIVED if vcpu else RUNNABLE, "ok")
        return Step(RUNNABLE if state == INIT_RECEIVED else state, "ok")
    if event == "nmi":
        return Step(RUNNABLE, "KVM_EXIT_IO")  # its handler writes to a port
    if not irqchip:
        return Step(state, "KVM_EXIT_HLT")
    return Step(HALTED if state == RUNNABLE else state, "waits")
