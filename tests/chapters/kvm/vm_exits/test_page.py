"""The rules that stand on the page are those of the model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syslab.chapters.kvm.vm_exits import model
from tests.chapter_functions import functions

word = st.integers(0, model.ALL)
PAGE = functions("kvm/vm-exits")


@given(word, word, word, word)
def test_the_pages_rules_are_the_models(mask: int, shadow: int, operand: int, real: int) -> None:
    assert PAGE["refused"](operand, mask, shadow) == model.refused(model.MOV_CR0, mask, shadow, operand)
    assert PAGE["guest_reads"](real, mask, shadow) == model.guest_reads(mask, shadow, real)
