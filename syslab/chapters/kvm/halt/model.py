"""A model of KVM's halt polling and of what ends a halt, and the small guests that show both.

The rules are those of ``virt/kvm/kvm_main.c`` and ``arch/x86/kvm/x86.c``; the chapter on HLT compares them with traces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from syslab.native import asm

if TYPE_CHECKING:
    from syslab.kvm import Kvm, Vcpu, Vm

PARAMETERS = Path("/sys/module/kvm/parameters")
X2APIC_EOI, X2APIC_SPURIOUS, X2APIC_LVT_TIMER, X2APIC_INITIAL_COUNT, X2APIC_DIVIDE = 0x80B, 0x80F, 0x832, 0x838, 0x83E
PERIODIC, BY_ONE, APIC_ON = 1 << 17, 0xB, 0x1FF
VECTOR, HANDLER, IDT, CODE = 0x20, 0x5000, 0x4000, 0x8000
X2APIC_ENABLED = 0xC00  # bits of the APIC base: on, and in x2APIC mode
CHANGE = re.compile(r"vcpu (\d+): halt_poll_ns (\d+) \((grow|shrink) (\d+)\)")
WAKEUP = re.compile(r"(wait|poll) time (\d+) ns, polling (valid|invalid)")


class Parameters(NamedTuple):
    """The module parameters of kvm that halt polling looks at: ``halt_poll_ns`` and its ``_grow``, ``_grow_start``, ``_shrink``."""

    maximum: int
    grow: int
    grow_start: int
    shrink: int

    @classmethod
    def of(cls, values: Mapping[str, int]) -> Parameters:
        """From the names that the kernel gives them. KeyError if one is missing."""
        return cls(*(values[f"halt_poll_ns{suffix}"] for suffix in ("", "_grow", "_grow_start", "_shrink")))


class Change(TypedDict):
    """What a halt made of the window, in ns: ``change`` is grow, shrink or "" for nothing, with ``old`` and ``new`` None."""

    change: str
    old: int | None
    new: int | None


class Halt(Change):
    """A traced halt: how many ns it lasted, and whether the thread slept."""

    halted: int
    slept: bool


def kernel_parameters() -> dict[str, int]:
    """The four parameters of the running kernel, by name. OSError where the module kvm is not there."""
    names = [f"halt_poll_ns{suffix}" for suffix in ("", "_grow", "_grow_start", "_shrink")]
    return {name: int((PARAMETERS / name).read_text()) for name in names}


def after_halt(window: int, halted: int, p: Parameters) -> int:
    """The window in ns after a halt that lasted ``halted`` ns, polling included; ``window`` is the one it began with.

    ``kvm_vcpu_halt()``, ``grow_halt_poll_ns()`` and ``shrink_halt_poll_ns()``, as in Linux 6.1 to 7.2.
    """
    window = min(window, p.maximum)
    if halted <= window or not p.maximum:
        return window
    if halted > p.maximum:
        smaller = window // p.shrink if p.shrink else 0
        return smaller if smaller >= p.grow_start else 0
    if halted < p.maximum and window < p.maximum:
        return max(window * p.grow, p.grow_start) if p.grow else window
    return window


def windows(halts: Iterable[int], p: Parameters, window: int = 0) -> list[int]:
    """The window after each of ``halts`` (ns), starting from ``window``."""
    found = []
    for halted in halts:
        window = after_halt(window, halted, p)
        found.append(window)
    return found


def wakes(event: str, interrupts: bool) -> bool:
    """Whether ``event`` (none, interrupt, nmi) ends a halt, with RFLAGS.IF as ``interrupts``.

    The part of ``kvm_vcpu_has_events()`` that the chapter tries. ValueError for other events.
    """
    if event not in ("none", "interrupt", "nmi"):
        raise ValueError(f"event {event!r} is none of none, interrupt, nmi")
    return interrupts if event == "interrupt" else event == "nmi"


def keeps_out(instructions: Sequence[str]) -> list[str]:
    """What keeps a pending interrupt out right after each of ``instructions``: ``IF = 0``, ``shadow``, or "" for nothing.

    They begin with IF 0. STI lets interrupts in one instruction later, if it was STI that set IF.
    """
    enabled, found = False, []
    for name in instructions:
        shadow = name == "sti" and not enabled
        enabled = name == "sti" or (enabled and name != "cli")
        found.append("shadow" if shadow else "" if enabled else "IF = 0")
    return found


def read_trace(events: Sequence[Mapping[str, Any]]) -> list[Halt]:
    """A row for each ``kvm_vcpu_wakeup``, with the change of the window that the same halt traced just before it.

    ``events`` have ``event`` and ``text``. ValueError for a line that says something else than in Linux 6.1.
    """
    rows: list[Halt] = []
    change: Change = {"change": "", "old": None, "new": None}
    for event in events:
        if event["event"] == "kvm_halt_poll_ns":
            found = _match(CHANGE, event["text"])
            change = {"change": found[3], "old": int(found[4]), "new": int(found[2])}
        elif event["event"] == "kvm_vcpu_wakeup":
            found = _match(WAKEUP, event["text"])
            rows.append({"halted": int(found[2]), "slept": found[1] == "wait", **change})
            change = {"change": "", "old": None, "new": None}
    return rows


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.search(text)
    if not found:
        raise ValueError(f"the trace says {text!r}, not {pattern.pattern}")
    return found


def timer_guest(phases: Sequence[tuple[int, int]]) -> bytes:
    """Long-mode code: for each (period in ns, wake-ups), set the x2APIC timer to that period and HLT so often; then OUT 0xe9.

    The timer is periodic: with a one-shot timer, an interrupt that comes before HLT is the last one.
    """
    code = asm.wrmsr(X2APIC_SPURIOUS, APIC_ON) + asm.wrmsr(X2APIC_DIVIDE, BY_ONE) + asm.wrmsr(X2APIC_LVT_TIMER, PERIODIC | VECTOR)
    for period, count in phases:
        code += asm.wrmsr(X2APIC_INITIAL_COUNT, period) + asm.code("41 bc {count:4}", "mov r12d, {count}", count=count)
        code += asm.again(asm.code("fb  f4  fa  41 ff cc", "sti; hlt; cli; dec r12d"), "jne")
    return code + asm.out(0xE9)


END_OF_INTERRUPT = asm.wrmsr(X2APIC_EOI, 0) + asm.code("48 cf", "iretq")
"""The timer's handler, up to its iretq. It changes eax, ecx and edx: the guest keeps nothing there over a HLT."""


def timer_vcpu(kvm: Kvm, vm: Vm, phases: Sequence[tuple[int, int]]) -> Vcpu:
    """A vCPU of ``vm`` (made with an irqchip) that is ready to run :func:`timer_guest`."""
    vcpu = vm.create_vcpu()
    vcpu.set_cpuid(kvm.supported_cpuid())
    vm.write(CODE, timer_guest(phases))
    vm.write(HANDLER, END_OF_INTERRUPT)
    vcpu.long_mode(CODE)
    sregs = vcpu.sregs()
    sregs.apic_base |= X2APIC_ENABLED
    vcpu.set_sregs(sregs)
    vcpu.set_idt({VECTOR: HANDLER}, IDT)
    return vcpu
