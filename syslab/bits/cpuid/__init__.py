"""What CPUID's leaves hold: a layout for every register that carries fields, and what follows from several leaves.

:data:`LEAVES` finds them by leaf and subleaf; :func:`layouts` does the same for what a CPU answered.

>>> from syslab.bits.cpuid import layouts
>>> print(layouts(7, 0)["ebx"].decode(1 << 7))
0x00000080: Set: SMEP.
"""

from __future__ import annotations

from .leaves import BY_ANCHOR, LEAVES, REGISTERS, Register, layouts, title
from .linux import HIDDEN, cpuinfo_name, first_kernel, since_kernel
from .whole import Leaves, Signature, bits_of, brand, cpuid_features, family_model_stepping, leaves_of, vendor

__all__ = [
    "BY_ANCHOR", "HIDDEN", "LEAVES", "REGISTERS", "Leaves", "Register", "Signature", "bits_of", "brand", "cpuid_features", "cpuinfo_name",
    "family_model_stepping", "first_kernel", "layouts", "leaves_of", "since_kernel", "title",
    "vendor",
]  # fmt: skip
