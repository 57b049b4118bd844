"""Every exit decoded from a kvm_run made by hand. Needs no KVM."""

from __future__ import annotations

import dataclasses
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.kvm import exits
from syslab.kvm.exits import REASONS, Debug, Exit, FailEntry, Hlt, InternalError, Intr, Io, Mmio, Other, Shutdown, Unknown
from syslab.kvm.run_struct import kvm_run

PAGE = 3 * 4096


def decoded(reason: int, union: bytes = b"", data: bytes = b"", at: int = 4096) -> Exit:
    """``union`` begins at byte 32 of struct kvm_run, the exit reason is at 8."""
    page = bytearray(PAGE)
    struct.pack_into("<I", page, 8, reason)
    page[32 : 32 + len(union)] = union
    page[at : at + len(data)] = data
    return exits.decode(kvm_run.from_buffer(page), page)


def words(suberror: int, ndata: int, *data: int) -> bytes:
    return struct.pack(f"<II{len(data)}Q", suberror, ndata, *data)


FAILED = bytes.fromhex("0f01c1") + bytes(12)
CASES: list[tuple[int, bytes, bytes, Exit]] = [
    (0, struct.pack("<Q", 0x80000021), b"", Unknown(0x80000021)),
    (2, struct.pack("<BBHIQ", 1, 1, 0x3F8, 1, 4096), b"A", Io(True, 0x3F8, 1, 1, b"A")),
    (2, struct.pack("<BBHIQ", 0, 4, 0xCFC, 1, 4096), b"old!", Io(False, 0xCFC, 4, 1, b"")),
    (2, struct.pack("<BBHIQ", 1, 2, 0x1F0, 3, 4096), b"abcdef", Io(True, 0x1F0, 2, 3, b"abcdef")),
    (4, struct.pack("<IIQQQ", 1, 0, 0x1001, 0xFFFF4FF0, 0x400), b"", Debug(1, 0x1001, 0xFFFF4FF0, 0x400)),
    (5, b"", b"", Hlt()),
    (6, struct.pack("<Q8sIB", 0xFEE00020, b"12345678", 4, 1), b"", Mmio(0xFEE00020, b"1234", 4, True)),
    (6, struct.pack("<Q8sIB", 0xFEE00020, b"12345678", 8, 0), b"", Mmio(0xFEE00020, b"", 8, False)),
    (8, b"", b"", Shutdown()),
    (9, struct.pack("<QI", 0x80000021, 3), b"", FailEntry(0x80000021, 3)),
    (10, b"", b"", Intr()),
    (17, words(1, 0), b"", InternalError(1, "emulation", ())),
    (17, words(1, 2, 1, 0), b"", InternalError(1, "emulation", (1, 0))),
    (17, words(1, 3, 1) + b"\x03" + FAILED, b"", InternalError(
        1, "emulation", (1, *struct.unpack("<QQ", b"\x03" + FAILED)), bytes.fromhex("0f01c1"))),
    (17, words(3, 3, 7, 8, 9, 10), b"", InternalError(3, "event delivery", (7, 8, 9))),
    (17, words(2, 200, 5), b"", InternalError(2, "simultaneous exceptions", (5, *[0] * 15))),
    (17, words(77, 0), b"", InternalError(77, "suberror 77", ())),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "union", "data", "want"), CASES)
def test_decoding(reason: int, union: bytes, data: bytes, want: Exit) -> None:
    found = decoded(reason, union, data)
    assert found == want
    assert (found.number, found.name) == (reason, REASONS[reason])
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.port = 1  # type: ignore[union-attr, misc]
    assert isinstance(found, Exit)


def test_the_cases_cover_every_class() -> None:
    assert {type(want) for *_, want in CASES} | {Other} == set(Exit.__args__)


@given(st.integers(0, 2**32 - 1), st.binary(max_size=256))
def test_no_reason_is_without_a_name(reason: int, union: bytes) -> None:
    found = decoded(reason, union)
    assert found.number == reason and found.name.startswith("KVM_EXIT_")
    if reason not in REASONS:
        assert found == Other(reason, f"KVM_EXIT_{reason}")


@pytest.mark.parametrize("reason", sorted(set(REASONS) - {want.number for *_, want in CASES}))
def test_other_reasons_keep_their_name(reason: int) -> None:
    assert decoded(reason) == Other(reason, REASONS[reason])
