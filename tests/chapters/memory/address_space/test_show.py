"""The tables of the chapter on the address space."""

from __future__ import annotations

import pytest

from syslab.chapters.memory.address_space import ask as experiment
from syslab.chapters.memory.address_space import show as view
from syslab.evidence import recorded


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


def test_equal_bits_are_one_row() -> None:
    text = repr(view.bits(recorded(experiment.bits_tcg)))
    assert [line.split("  ")[0] for line in text.splitlines()[1:6]] == ["12 to 46", "47", "48 to 55", "56", "57 to 63"]


def test_every_edge_opens_the_decoder() -> None:
    page = view.edges(recorded(experiment.edges_tcg))._repr_html_()
    assert page.count("vb-confirmed") == len(experiment.EDGES)
    assert 'href="#va=0x800000000000"' in page


def test_a_witness_that_differs_is_shown() -> None:
    answer = recorded(experiment.edges_tcg)
    rows = [r | {"result": "#PF"} if r["user"] and r["mapped"] and r["result"] == "allowed" else r for r in answer.data]
    page = view.edges(type(answer)(answer.name, rows, answer.provenance))._repr_html_()
    assert "supervisor allowed, user #PF" in page and "differs" in page


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (4096, "4 KiB"), (1000 << 10, "1000 KiB"), (1 << 47, "128 TiB"), (1 << 64, "16 EiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert view.size(count) == text


def test_the_map_has_linux_and_the_process() -> None:
    made = view.address_map(recorded(experiment.mappings))
    assert [space["key"] for space in made.spaces] == ["levels-4", "levels-5", "process"]
    assert not made.follows and view.address_map(recorded(experiment.mappings), view.bit_field()).follows


def test_with_a_kernel_map_and_bits_move_together() -> None:
    bits = view.bit_field()
    made = view.address_map(recorded(experiment.mappings), bits)
    assert made.value == bits.value
    bits.value = "0xffff800000000000"
    assert made.value == bits.value
