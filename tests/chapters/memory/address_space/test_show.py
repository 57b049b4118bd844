"""The tables of the chapter on the address space."""

from __future__ import annotations

import pytest

from syslab.chapters.memory import address_space
from syslab.chapters.memory.address_space import pictures, show
from syslab.chapters.memory.address_space.ask import EDGES
from syslab.evidence import Evidence, recorded


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


def test_the_picture_is_the_answer() -> None:
    answer = recorded(address_space.bits)
    for levels, border in ((4, 47), (5, 56)):
        found = pictures.tried(answer.data, levels)
        assert len(found) == 2 * len(answer.data)
        assert found.index("#GP") == border - 12 == found[::-1].index("#GP") - 1
    assert (pictures.one_in(4), pictures.one_in(5)) == (65_536, 128)
    assert "one address in 65,536" in repr(pictures.the_hole([answer]))


def test_equal_bits_are_one_row() -> None:
    text = repr(show.bits([recorded(address_space.bits)]))
    assert [line.split("  ")[0] for line in text.splitlines()[1:6]] == ["12 to 46", "47", "48 to 55", "56", "57 to 63"]


def test_every_edge_opens_the_decoder() -> None:
    page = show.edges(recorded(address_space.edges, "tcg-max"))._repr_html_()
    assert page.count("vb-confirmed") == len(EDGES)
    assert 'href="#va=0x800000000000"' in page


def test_a_cell_names_the_witnesses_only_where_they_differ() -> None:
    both = show.edges([recorded(address_space.edges, witness) for witness in ("tcg-max", "kvm-pvm")])
    assert len(both.shown_rows()) == len(EDGES)
    text = repr(both)
    assert text.count("TCG: allowed; KVM (PVM): supervisor allowed, user #PF") == 1 == text.count("TCG: ")


def test_a_witness_that_differs_is_shown() -> None:
    answer = recorded(address_space.edges, "tcg-max")
    rows = list(answer.data)
    for i, r in enumerate(rows):
        if r["user"] and r["mapped"] and r["result"] == "allowed":
            rows[i] = {**r, "result": "#PF"}
    page = show.edges(Evidence(answer.name, rows, answer.provenance))._repr_html_()
    assert "supervisor allowed, user #PF" in page and "differs" in page


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (4096, "4 KiB"), (1000 << 10, "1000 KiB"), (1 << 47, "128 TiB"), (1 << 64, "16 EiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert show.size(count) == text


def test_the_map_has_linux_and_the_process() -> None:
    made = show.address_map([recorded(address_space.mappings)])
    assert [space["key"] for space in made.spaces] == ["levels-4", "levels-5", "process"]
    assert not made.follows and show.address_map([recorded(address_space.mappings)], show.bit_field()).follows


def test_with_a_kernel_map_and_bits_move_together() -> None:
    bits = show.bit_field()
    made = show.address_map([recorded(address_space.mappings)], bits)
    assert made.value == bits.value
    bits.value = "0xffff800000000000"
    assert made.value == bits.value
