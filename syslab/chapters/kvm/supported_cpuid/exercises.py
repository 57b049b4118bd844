"""Exercises of the chapter on KVM_GET_SUPPORTED_CPUID."""

from __future__ import annotations

from functools import cache
from typing import Any

from syslab.bits.cpuid import REGISTERS
from syslab.evidence import ask
from syslab.widgets.exercise import Exercise, Feedback, Trial

from .ask import compared

which = Exercise(
    anchor="kvmcpuid-which",
    question="Leaf 7 subleaf 0 EDX is 0x00000010 on a host and 0x20000000 in KVM's table. Which bit was masked, and which was added? "
    "Answer as two numbers, the masked one first.",
    accepts=("4 29", "4, 29", "4/29", "4 and 29"),
    why="Bit 4 is in the host's word and not in KVM's: masked. Bit 29 is in KVM's and not in the host's: added. The two have nothing in common.",
    near={
        "29 4": "The other way round: the host is what KVM starts from.",
        "29, 4": "The other way round: the host is what KVM starts from.",
        "5 30": "Bits are counted from 0.",
        "5, 30": "Bits are counted from 0.",
        "16 29": "0x10 is 16, which is bit 4.",
        "28 29": "Count the zeros to the right in the host's word too: 0x10 has four.",
        "10 29": "0x10 is a mask, not a bit number.",
    },
    hint="A hex digit is four bits. 0x10 has one zero digit on the right, 0x20000000 has seven.",
)

cluster = Exercise(
    anchor="kvmcpuid-cluster",
    question="Two hosts form a cluster. For leaf 7 subleaf 0 EBX, KVM reports 0x01800182 on the first and 0x00840082 on the second. "
    "What is the most a guest may be given if it has to run on both?",
    accepts=("0x00800082",),
    why="A bit may be set only where both report it: AND. This is what the ioctl was made for. It holds for flags; "
    "of a wider field, such as an address width, you would take what both can do, not the AND.",
    near={
        "0x018401a2": "There is a bit in it that neither host reports.",
        "0x01840182": "That is OR: the guest would lose features when it moves.",
        "0x01800182": "The second host does not have all of these.",
        "0x00840082": "The first host does not have all of these.",
        "0x01040100": "That is XOR: the bits on which the hosts differ, exactly those that you cannot use.",
    },
    hint="Which bits may be set on the first host and on the second?",
)


@cache
def _measured() -> list[tuple[int, int]]:
    """Every word of the host and KVM's, asked for once."""
    words = [(row["host"] or [0] * 4, row["kvm"] or [0] * 4) for row in ask(compared).data]
    return [(host[i], kvm[i]) for host, kvm in words for i in range(len(REGISTERS))]


def _masks(answer: Any) -> Feedback:
    """Try the function on every word that was measured, and on those that tell wrong ones apart."""
    cases = _measured()
    for host, kvm in [(0b0011, 0b0101), (0, 1 << 31), (0xFFFF_FFFF, 0), *cases]:
        wanted = host & ~kvm, kvm & ~host
        try:
            given = answer(host, kvm)
        except Exception as error:  # the reader's code may do anything
            return Feedback(False, f"For host {host:#x} and KVM {kvm:#x} it raised {type(error).__name__}: {error}")
        if given != wanted:
            said = [f"{w:#x}" if isinstance(w, int) else repr(w) for w in (given if isinstance(given, tuple) else (given,))]
            return Feedback(
                False, f"For host {host:#x} and KVM {kvm:#x} it returned {', '.join(said)}. One of these bits is in the wrong set."
            )
    return Feedback(True, f"Right for all {len(cases)} words of the host and of KVM, and for three made to catch mistakes.")


masks = Trial(
    anchor="kvmcpuid-masks",
    question="Of two words, the host's and KVM's: which function returns the masked and the added bits, as two masks?",
    judge=_masks,
    wrong=(
        lambda host, kvm: (host ^ kvm, 0),
        lambda host, kvm: (kvm & ~host, host & ~kvm),
        lambda host, kvm: (host - kvm, kvm - host),
        lambda host, kvm: host & ~kvm,
        lambda host: (host, 0),
        "host & ~kvm",
    ),
    choices={
        "lambda host, kvm: (host ^ kvm, 0)": lambda host, kvm: (host ^ kvm, 0),
        "lambda host, kvm: (host - kvm, kvm - host)": lambda host, kvm: (host - kvm, kvm - host),
        "lambda host, kvm: (kvm & ~host, host & ~kvm)": lambda host, kvm: (kvm & ~host, host & ~kvm),
        "lambda host, kvm: (host & ~kvm, kvm & ~host)": lambda host, kvm: (host & ~kvm, kvm & ~host),
    },
)
