"""The layout type itself: decoding, encoding, sentences, and how it refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syslab import bits as layouts
from syslab.bits import Case, Field, Layout, Reader, get, otherwise

TOY = Layout(
    name="toy register",
    anchor="toy",
    width=8,
    fields=(Field("ON", 0, "on"), Field("MODE", 1, "mode", width=2, values={0: "idle", 3: "turbo"}), Field("X/Y", 7, "top")),
    clauses=((Case(1, 1, "On"), otherwise("Off")), (otherwise(", {MODE}."),)),
    impossible=(Case(0x81, 0x81, "ON and X/Y exclude each other."),),
    readers=(Reader(r"toy=([0-9a-f]+)", 16, "a toy line"), Reader(r"doll=", 0, "that is a doll")),
)


def test_decode_names_everything() -> None:
    decoded = TOY.decode(0b1001_0111)
    assert decoded.fields == {"ON": 1, "MODE": 3, "X/Y": 1}
    assert decoded.reserved == (4,)
    assert decoded.impossible == ("ON and X/Y exclude each other.",)
    assert decoded.sentence == "On, turbo. Reserved bit set: 4."
    assert decoded.set_names == ("X/Y", "MODE", "ON")
    assert str(decoded) == "0x97: On, turbo. Reserved bit set: 4."


def test_a_value_without_a_word_is_shown_as_a_number() -> None:
    assert TOY.sentence(0b100) == "Off, 2."


def test_encode_by_flag_and_by_value() -> None:
    assert TOY.encode("on", "xy", MODE=3) == 0b1000_0111
    assert TOY.encode() == 0


@pytest.mark.parametrize("anchor", layouts.anchors())
def test_every_layout_is_found_by_its_anchor(anchor: str) -> None:
    layout = get(anchor)
    assert layout.anchor == anchor
    assert layout.sources or anchor.startswith("cpuid"), "a layout names where its facts were read"
    json.dumps(layout.to_dict())


@pytest.mark.parametrize("anchor", layouts.anchors())
@settings(max_examples=20)  # for each of a hundred layouts
@given(data=st.data())
def test_fields_and_reserved_bits_are_the_whole_value(anchor: str, data: st.DataObject) -> None:
    layout = get(anchor)
    value = data.draw(st.integers(0, (1 << layout.width) - 1))
    decoded = layout.decode(value)
    rebuilt = layout.encode(**decoded.fields) | sum(1 << bit for bit in decoded.reserved)
    assert rebuilt == value
    assert decoded.sentence.strip()


@pytest.mark.parametrize("anchor", layouts.anchors())
@pytest.mark.parametrize("bad", [True, 1.0, "1", None, b"\1"])
def test_the_wrong_type_is_refused_by_name(anchor: str, bad: object) -> None:
    layout = get(anchor)
    with pytest.raises(TypeError, match=rf"\({layout.width} bits\)"):
        layout.decode(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("anchor", layouts.anchors())
def test_the_wrong_width_is_refused_by_name(anchor: str) -> None:
    layout = get(anchor)
    for bad in (-1, 1 << layout.width):
        with pytest.raises(ValueError, match=f"is {layout.width} bits wide"):
            layout.decode(bad)


@pytest.mark.parametrize("anchor", layouts.anchors())
@settings(max_examples=20)
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused_with_what_is_accepted(anchor: str, text: str) -> None:
    layout = get(anchor)
    try:
        reading = layout.read(text)
    except ValueError as error:
        assert layout.name in str(error)
    else:
        assert layout.check(reading.value) == reading.value
        assert reading.how


def test_reading() -> None:
    assert (
        TOY.read("0x1_5").value == TOY.read("21").value == TOY.read(" 0b10101 ").value == TOY.read("kernel: toy=15 !").value == 21
    )
    assert TOY.read("toy=15").how == "a toy line"
    for text, why in {"": "nothing to read", "zz": "cannot read 'zz'", "doll=1": "that is a doll", "0x100": "8 bits wide"}.items():
        with pytest.raises(ValueError, match=why):
            TOY.read(text)
    with pytest.raises(ValueError, match="too many"):
        TOY.read("x" * 70000)
    with pytest.raises(TypeError):
        TOY.read(5)  # type: ignore[arg-type]


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match="it has ON, MODE, X/Y"):
        TOY.encode("off")
    with pytest.raises(ValueError, match=r"MODE is 2 bit\(s\) wide; 4"):
        TOY.encode(MODE=4)
    with pytest.raises(TypeError, match=r"MODE takes an int"):
        TOY.encode(MODE="x")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="pfec"):
        get("nothing")


@pytest.mark.parametrize(
    "fields",
    [
        (Field("A", 0, ""), Field("B", 0, "")),
        (Field("A", 7, "", width=2),),
        (Field("A/B", 0, ""), Field("AB", 1, "")),
        (Field("A", -1, ""),),
    ],
)
def test_fields_that_overlap_or_leave_the_word_are_refused(fields: tuple[Field, ...]) -> None:
    with pytest.raises(ValueError, match="layout broken"):
        Layout(name="broken", anchor="broken", width=8, fields=fields)


def test_widths() -> None:
    with pytest.raises(ValueError, match="65 is not 1 to 64"):
        Layout(name="broken", anchor="broken", width=65, fields=())


def test_importing_a_layout_loads_neither_matplotlib_nor_ipywidgets() -> None:
    code = "import sys, syslab.bits; syslab.bits.get('pfec'); print([m for m in sys.modules if m.split('.')[0] in ('matplotlib', 'ipywidgets', 'anywidget', 'IPython')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
