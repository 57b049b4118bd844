"""The picture of the signature says what the rule makes of the measured word."""

from __future__ import annotations

from syslab.chapters.cpu import cpuid
from syslab.chapters.cpu.cpuid import pictures
from syslab.evidence import Answer, Evidence, recorded


def shown(eax: int) -> str:
    """The words of a picture of leaf 1 EAX."""
    evidence = recorded(cpuid.leaves)
    leaf = {"leaf": 1, "subleaf": 0, "eax": eax, "ebx": 0, "ecx": 0, "edx": 0}
    return pictures.signature(Answer(cpuid.leaves, [Evidence("leaves", [leaf], evidence.provenance, cpuid.leaves)])).alt  # type: ignore[list-item]


def test_what_the_pieces_come_to() -> None:
    """Intel SDM volume 2A, CPUID: the extended parts count where the family is 15, the model's also where it is 6."""
    assert "family 0xf + 0xa = 25, model 0x1 before 0x1 = 17, stepping 0x1 = 1" in shown(0x00A10F11)
    assert "family 0x6 = 6, model 0xc before 0xf = 207, stepping 0x8 = 8" in shown(0x000C06F8)
    assert "family 0x5 = 5, model 0x4 = 4, stepping 0x3 = 3" in shown(0x00000543)
