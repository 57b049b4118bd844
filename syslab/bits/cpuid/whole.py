"""What several CPUID leaves say together: the maker, the model, the brand, the features by Linux's names.

``Leaves`` is what a CPU answered: (leaf, subleaf) -> (eax, ebx, ecx, edx). :func:`leaves_of` makes it of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..core import Field, Layout
from .features_1 import CPUID_1_EAX
from .leaves import REGISTERS, layouts
from .linux import cpuinfo_name

Leaves = Mapping[tuple[int, int], tuple[int, int, int, int]]


class Signature(NamedTuple):
    """Family, model and stepping as /proc/cpuinfo and the makers' lists show them."""

    family: int
    model: int
    stepping: int


def leaves_of(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Anybody's rows with the keys leaf, subleaf, eax, ebx, ecx, edx as a table. KeyError where a key is missing."""
    return {(r["leaf"], r["subleaf"]): (r["eax"], r["ebx"], r["ecx"], r["edx"]) for r in rows}


def _text(words: Iterable[int]) -> str:
    raw = b"".join(word.to_bytes(4, "little") for word in words)
    return raw.split(b"\0")[0].decode("latin-1").strip()


def vendor(leaves: Leaves) -> str:
    """The maker's name, ``GenuineIntel`` or ``AuthenticAMD``: leaf 0, EBX EDX ECX. KeyError without leaf 0."""
    _, ebx, ecx, edx = leaves[0, 0]
    return _text((ebx, edx, ecx))


def brand(leaves: Leaves) -> str:
    """The brand string of leaves 0x80000002 to 0x80000004, or "" where the CPU has none."""
    return _text(word for leaf in range(0x80000002, 0x80000005) for word in leaves.get((leaf, 0), ()))


def family_model_stepping(eax: int) -> Signature:
    """Leaf 1 EAX as family, model, stepping, as /proc/cpuinfo shows them: the extended family counts where the family is 15, the
    extended model from family 6 up (Linux, arch/x86/lib/cpu.c). The SDM has 6 and 15 alone, Intel's families; VIA and Zhaoxin
    have a 7. TypeError or ValueError where ``eax`` is not 32 bits."""
    part = CPUID_1_EAX.decode(eax).fields
    family, model = part["FAMILY"], part["MODEL"]
    if family >= 6:
        model += part["EXT_MODEL"] << 4
    return Signature(family + (part["EXT_FAMILY"] if family == 15 else 0), model, part["STEPPING"])


def bits_of(leaves: Leaves) -> Iterator[tuple[int, int, str, Layout, Field, bool]]:
    """Every one-bit field of the leaves that were answered: leaf, subleaf, register, layout, field, whether set."""
    for (leaf, subleaf), values in leaves.items():
        for register, layout in layouts(leaf, subleaf).items():
            value = values[REGISTERS.index(register)]
            for field in layout.fields:
                if field.width == 1:
                    yield leaf, subleaf, register, layout, field, bool(field.of(value))


def cpuid_features(leaves: Leaves) -> set[str]:
    """The flags of /proc/cpuinfo that the bits in ``leaves`` stand for; bits that Linux hides have none.

    Linux may still show fewer (switched off, not built in) or more (its own, and leaves without a layout here).
    """
    names = (cpuinfo_name(c) for *_, field, on in bits_of(leaves) if on for c in field.linux if c.startswith("X86_FEATURE_"))
    return {name for name in names if name}
