"""The local APIC's interrupt command register, as MSR 0x830 in x2APIC mode: writing it sends an interrupt to other CPUs."""

from __future__ import annotations

from .core import Case, Field, Layout, Source, otherwise

FIXED, LOWEST, SMI, NMI, INIT, STARTUP = 0, 1, 2, 4, 5, 6
ASSERT = 1 << 14
MSR = 0x830

ICR = Layout(
    name="x2APIC interrupt command",
    anchor="icr",
    width=64,
    fields=(
        Field("VECTOR", 0, "the interrupt's number; of a SIPI, the page where the CPU starts (vector * 0x1000)", width=8, show="x",
              linux=("APIC_VECTOR_MASK",)),
        Field("MODE", 8, "what is sent", width=3,
              values={0: "fixed", 1: "lowest priority", 2: "SMI", 3: "reserved", 4: "NMI", 5: "INIT", 6: "SIPI", 7: "reserved"},
              linux=("APIC_DM_*",)),
        Field("LOGICAL", 11, "1: the destination is a logical ID; 0: a local APIC's own ID", linux=("APIC_DEST_LOGICAL",)),
        Field("ASSERT", 14, "1 for all but the INIT level de-assert of old systems", linux=("APIC_INT_ASSERT",)),
        Field("LEVEL", 15, "1: level-triggered; 0: edge-triggered", linux=("APIC_INT_LEVELTRIG",)),
        Field("SHORT", 18, "who gets it", width=2,
              values={0: "the destination", 1: "the sender itself", 2: "all", 3: "all but the sender"},
              linux=("APIC_DEST_SELF", "APIC_DEST_ALLINC", "APIC_DEST_ALLBUT")),
        Field("DEST", 32, "the destination, if SHORT is 0", width=32, show="d"),
    ),
    sources=(
        Source("Intel SDM vol. 3A", "Interrupt Command Register (ICR), and ICR Operation in x2APIC Mode, by title"),
        Source("Linux", "arch/x86/include/asm/apicdef.h"),
    ),
    clauses=(
        (
            Case(0x700, STARTUP << 8, "SIPI with vector {VECTOR}"),
            Case(0x700, INIT << 8, "INIT"),
            Case(0x700, NMI << 8, "NMI"),
            Case(0x700, SMI << 8, "SMI"),
            Case(0x700, LOWEST << 8, "Interrupt {VECTOR}, to the one with the lowest priority"),
            Case(0x700, FIXED, "Interrupt {VECTOR}"),
            otherwise("A reserved delivery mode"),
        ),
        (
            Case(0xC0000, 0x40000, ", to the sender itself"),
            Case(0xC0000, 0x80000, ", to all"),
            Case(0xC0000, 0xC0000, ", to all but the sender"),
            Case(0x800, 0x800, ", to logical destination {DEST}"),
            otherwise(", to local APIC {DEST}"),
        ),
        (Case(0xC700, 0x8500, "; level de-assert, which does nothing on later CPUs"), otherwise("")),
        (otherwise("."),),
    ),
    examples=(
        ("INIT to 1", 0x1_0000_4500), ("SIPI to 1, page 8", 0x1_0000_4608), ("NMI to 1", 0x1_0000_4400), ("SIPI to all others", 0xC4608),
    ),
    note="In xAPIC mode the same bits are two registers in memory, and the destination has 8 bits: 63:56.",
)  # fmt: skip


def command(mode: int, destination: int, vector: int = 0) -> int:
    """The value that sends ``mode`` to the local APIC with the ID ``destination``."""
    return ICR.encode(MODE=mode, DEST=destination, VECTOR=vector, ASSERT=1)
