"""The Python half of the masked register: states, what they decide, and what it refuses."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm.vm_exits.model import CLTS, MOV_CR0, MOV_CR4, WRITES
from syslab.chapters.kvm.vm_exits.widget import MaskedRegister, state

TURNS_PAGING_ON = state(MOV_CR0, mask=0x80000021, shadow=0x21, real=0x31, operand=0x80000021)


def test_a_state_and_what_it_decides() -> None:
    widget = MaskedRegister("m", WRITES, {"paging": TURNS_PAGING_ON})
    assert widget.value == TURNS_PAGING_ON == "mov-cr0.80000021.21.31.80000021"
    assert (widget.refused, widget.reads) == (1 << 31, 0x31)
    widget.value = "mov-cr0.80000021.21.31.29"
    assert (widget.refused, widget.reads) == (0, 0x29)
    widget.value = state(CLTS, mask=0, shadow=0, real=0x3B)
    assert (widget.refused, widget.reads) == (0, 0x33)


def test_layouts_come_once() -> None:
    widget = MaskedRegister("m", WRITES, {"paging": TURNS_PAGING_ON})
    assert [layout["name"] for layout in widget.fields] == ["CR0", "CR4"]
    assert [w["layout"] for w in widget.writes] == [0, 1, 0, 0]
    assert ["operand" in w for w in widget.writes] == [False, False, False, True]


@pytest.mark.parametrize(
    "bad", ["", "mov-cr0", "mov-cr0.1.2.3", "mov-cr9.1.2.3.4", "mov-cr0.1.2.3.4.5", "mov-cr0.x.2.3.4", "mov-cr0.1.2.3." + "f" * 17]
)
def test_refuses_what_no_link_would_say(bad: str) -> None:
    with pytest.raises(ValueError, match="is not an instruction and mask, shadow, real, operand in hex"):
        MaskedRegister("m", WRITES, {"bad": bad})


def test_refuses_nothing_and_too_much() -> None:
    with pytest.raises(ValueError, match="at least one instruction and one preset"):
        MaskedRegister("m", [], {"paging": TURNS_PAGING_ON})
    with pytest.raises(ValueError, match="at least one instruction and one preset"):
        MaskedRegister("m", [MOV_CR4], {})
    with pytest.raises(ValueError, match="shadow 0x10000000000000000 does not fit"):
        state(MOV_CR0, 0, 1 << 64, 0)
    with pytest.raises(ValueError, match="not an instruction"):
        MaskedRegister("m", [MOV_CR4], {"of another instruction": TURNS_PAGING_ON})
