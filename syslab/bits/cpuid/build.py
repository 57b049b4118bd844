"""Shorthand for writing CPUID registers down: one field a line, named and sourced alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..core import Field, Layout, Source

SDM = Source("Intel SDM volume 2A", "CPUID: CPU Identification", "by title")
APM = Source("AMD64 APM volume 3", "Obtaining Processor Information Via the CPUID Instruction", "by title")
LINUX = Source("Linux", "arch/x86/include/asm/cpufeatures.h", "6.1.192, 6.12.117, 7.2.13")
KVM = Source("Linux", "arch/x86/include/uapi/asm/kvm_para.h", "6.1.192, 6.12.117, 7.2.13")


def bit(at: int, name: str, title: str, linux: str = "", since: str = "") -> Field:
    """One feature bit. ``linux`` holds the kernel's constants without ``X86_FEATURE_``, space between."""
    constants = tuple(f"X86_FEATURE_{constant}" for constant in linux.split())
    return Field(name, at, title, since=since, linux=constants)


def wide(bits: str, name: str, title: str, show: str = "d", values: Mapping[int, str] | None = None) -> Field:
    """A field of several bits, ``bits`` as manuals write them: ``15:8``."""
    high, _, low = bits.partition(":")
    return Field(name, int(low), title, width=int(high) - int(low) + 1, show=show, values=values or {})


def whole(name: str, title: str, show: str = "d") -> tuple[Field, ...]:
    """A register that is one field."""
    return (wide("31:0", name, title, show),)


def register(leaf: int, subleaf: int | str, name: str, fields: Iterable[Field], *sources: Source, note: str = "") -> Layout:
    """The layout of register ``name`` (eax, ebx, ecx, edx) of a leaf.

    ``subleaf`` is a number, ``n`` where every subleaf is alike, or "" where the leaf takes none. The anchor is
    ``cpuid-7-0-ebx``, ``cpuid-4-n-eax``, ``cpuid-1-ecx``: leaf in lower-case hex.
    """
    middle = f"-{subleaf}" if subleaf != "" else ""
    which = f" subleaf {subleaf}" if subleaf != "" else ""
    return Layout(
        name=f"CPUID leaf {leaf if leaf < 10 else hex(leaf)}{which} {name.upper()}",
        anchor=f"cpuid-{leaf:x}{middle}-{name}",
        width=32,
        fields=tuple(fields),
        sources=sources,
        note=note,
    )
