"""What the manuals say about an access to an address: compared with what was measured. Pure: asks no machine.

Source: Intel SDM volume 1, "Canonical Addressing"; volume 3A, the chapters on exceptions and on linear-address pre-processing.
"""

from __future__ import annotations

from syslab.bits.address import canonical


def predict(address: int, levels: int, mapped: bool = False) -> str:
    """What an access raises, by the manuals: #GP if not canonical, else what the page tables say."""
    if not canonical(address, levels):
        return "#GP"
    return "allowed" if mapped else "#PF"


def predict_here(access: str, address: int, levels: int, lass: bool) -> str:
    """What a program on this host finds: :func:`predict`, but #SS by the stack's registers, and LASS refuses the upper half."""
    refused = "#SS" if access == "read by RBP" else "#GP"
    return refused if not canonical(address, levels) or (lass and address >> 63) else "#PF"
