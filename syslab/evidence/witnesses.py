"""The witnesses' names in words. The names themselves are what the provenance and the records' files have."""

from __future__ import annotations

NAMES = {
    "host": "this machine",
    "tcg-max": "TCG",
    "tcg-qemu64": "TCG (qemu64)",
    "kvm-pvm": "KVM (PVM)",
    "kvm-svm": "KVM (SVM)",
    "kvm-vmx": "KVM (VMX)",
    "kvm-svm-tcg": "KVM (SVM in TCG)",
}


def called(witness: str, short: bool = False) -> str:
    """``KVM (PVM)`` for ``kvm-pvm``, or ``KVM`` where ``short``; a witness without words keeps its name."""
    words = NAMES.get(witness, witness)
    return words.partition(" (")[0] if short else words
