"""The questions of :mod:`.access_matrix`: named conditions for tables, and every combination for checking the model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from syslab.qemu.bare_metal_protocol import HUGE_ADDRESS, PS, TABLES, TEST_FRAME, XD, Features, P, Request, U, W

KEY = 1 << 59  # protection key 1
AD, WD = 0b0100, 0b1000
"""PKRU bits that forbid key 1 every data access, or writes."""
MODES = (("kernel", False), ("user", True))
ACCESSES = ("read", "write", "fetch")
_PAGE = TEST_FRAME | P
_PT = TABLES["pt"] | P
_LARGE = {"pde": TEST_FRAME | P | W | U | PS}
_HUGE: dict[str, Any] = {"pdpte": P | W | U | PS, "address": HUGE_ADDRESS}


def _page(bits: int, **rest: Any) -> dict[str, Any]:
    return {"pte": _PAGE | bits, **rest}


CONDITIONS: dict[str, dict[str, Any]] = {
    "not present": {"pte": 0},
    "not present, NXE=0": {"pte": 0, "nxe": False},
    "supervisor, read-only": _page(0),
    "supervisor, writable": _page(W),
    "user, read-only": _page(U),
    "user, writable": _page(W | U),
    "supervisor, read-only, WP=0": _page(0, wp=False),
    "user, read-only, WP=0": _page(U, wp=False),
    "supervisor, XD": _page(W | XD),
    "user, XD": _page(W | U | XD),
    "user, XD, NXE=0": _page(W | U | XD, nxe=False),
    "not present, XD, NXE=0": {"pte": XD, "nxe": False},
    "reserved bit 51": _page(W | U | 1 << 51),
    "not present, bit 51": {"pte": 1 << 51},
    "PDE not present": _page(W | U, pde=0),
    "PDE read-only": _page(W | U, pde=_PT | U),
    "PDE supervisor": _page(W | U, pde=_PT | W),
    "PDE XD": _page(W | U, pde=_PT | W | U | XD),
    "PDE reserved bit 51, PTE not present": {"pte": 0, "pde": _PT | W | U | 1 << 51},
    "PML4E with bit 7": {"pml4e": TABLES["pdpt"] | P | W | U | PS},
    "PML4E with bit 8": {"pml4e": TABLES["pdpt"] | P | W | U | 1 << 8},
    "user, SMEP": _page(W | U, smep=True),
    "user, SMEP, AC=1": _page(W | U, smep=True, ac=True),
    "user, SMEP, NXE=0": _page(W | U, smep=True, nxe=False),
    "not present, SMEP, NXE=0": {"pte": 0, "smep": True, "nxe": False},
    "supervisor, SMEP": _page(W, smep=True),
    "user, SMAP, AC=0": _page(W | U, smap=True),
    "user, SMAP, AC=1 by popf": _page(W | U, smap=True, ac=True),
    "user, SMAP, AC=1 by stac": _page(W | U, smap=True, ac=True, ac_by="stac"),
    "user, read-only, SMAP, AC=1": _page(U, smap=True, ac=True),
    "user, read-only, SMAP, AC=0, WP=0": _page(U, smap=True, wp=False),
    "supervisor, SMAP, AC=0": _page(W, smap=True),
    "user, PKRU.AD": _page(W | U | KEY, pke=True, pkru=AD),
    "user, PKRU.WD": _page(W | U | KEY, pke=True, pkru=WD),
    "user, PKRU.WD, WP=0": _page(W | U | KEY, pke=True, pkru=WD, wp=False),
    "user, read-only, PKRU.AD": _page(U | KEY, pke=True, pkru=AD),
    "supervisor, PKRU.AD": _page(W | KEY, pke=True, pkru=AD),
    "2-MByte page": _LARGE,
    "2-MByte page, reserved bit 13": {"pde": _LARGE["pde"] | 1 << 13},
    "1-GByte page": _HUGE,
    "1-GByte page, reserved bit 13": _HUGE | {"pdpte": _HUGE["pdpte"] | 1 << 13},
    "last address of the lower half": {"address": (1 << 47) - 1},
    "first non-canonical address": {"address": 1 << 47},
    "last non-canonical address": {"address": (1 << 64) - (1 << 47) - 1},
    "first address of the upper half": {"address": (1 << 64) - (1 << 47)},
    "last address of the lower half, LA57": {"address": (1 << 56) - 1, "la57": True},
    "first non-canonical address, LA57": {"address": 1 << 56, "la57": True},
    "last non-canonical address, LA57": {"address": (1 << 64) - (1 << 56) - 1, "la57": True},
    "first address of the upper half, LA57": {"address": (1 << 64) - (1 << 56), "la57": True},
    "an address that only LA57 makes canonical": {"address": 1 << 47, "la57": True},
}
"""What makes an access special, by name: arguments of :class:`Request`. Each is tried six ways."""


def modes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kernel and user mode by read, write, fetch: two names, and arguments of :class:`Request`."""
    for (mode, user), access in product(MODES, ACCESSES):
        yield mode, access, {"user": user, "access": access}


def _mappings(cpu: Features, tables: bool) -> Iterator[dict[str, Any]]:
    """Entries that map the page, of each size, with every combination of P, R/W, U/S, XD and a reserved bit."""
    rights = [sum(bits) for bits in product((0, P), (0, W), (0, U), (0, XD))]
    key = KEY if cpu.pke else 0
    table = [_PT | W | U, _PT | U, _PT | W, _PT | W | U | XD] if tables else [_PT | W | U]
    for leaf, odd, pde in product(rights, (0, 1 << 51), table):
        yield {"pte": TEST_FRAME | leaf | odd | key, "pde": pde}
    for leaf, odd in product(rights, (0, 1 << 13)):
        yield {"pde": TEST_FRAME | leaf | odd | key | PS}
        yield {"pdpte": leaf | odd | key | PS, "address": HUGE_ADDRESS}
    for leaf in rights:  # the same rights, at the root
        if leaf != P | W | U:  # that one was the first of all
            yield {"pml4e": TABLES["pdpt"] | leaf}
        if cpu.la57:
            yield {"pml5e": TABLES["pml4"] | leaf, "la57": True}


def combinations(cpu: Features, tables: bool = True) -> Iterator[Request]:
    """Every combination of page rights, mode, access and controls that ``cpu`` has; each page size.

    Without ``tables``, the rights of the table above a 4-KByte page are left out, for machines that are slow.
    """
    flag = (False, True)

    def has(feature: bool) -> tuple[bool, ...]:
        return flag if feature else (False,)

    keys: tuple[dict[str, Any], ...] = ({}, {"pke": True, "pkru": AD}, {"pke": True, "pkru": WD}) if cpu.pke else ({},)
    controls: list[dict[str, Any]] = [
        {"wp": wp, "nxe": nxe, "smep": smep, "smap": smap, "ac": ac, **key}
        for wp, nxe, smep, smap, ac, key in product(flag, has(cpu.nxe), has(cpu.smep), has(cpu.smap), flag, keys)
    ]
    for mapping in _mappings(cpu, tables):
        for _, _, way in modes():
            for control in controls:
                yield Request(**mapping, **way, **control)
