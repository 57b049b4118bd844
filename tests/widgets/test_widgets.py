"""The Python half of the widgets: state, refusals, and the size of what a page carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syslab.bits import get
from syslab.widgets import BitField, ChoiceTable, Quiz
from syslab.widgets.base import FOLDER, IMPORT
from syslab.widgets.choice_table import Outcome

PFEC = get("pfec")


@pytest.mark.parametrize(
    "path", [*sorted(FOLDER.glob("*.js")), *sorted(FOLDER.parent.glob("chapters/*/*/*.js"))], ids=lambda p: p.name
)
def test_scripts_import_nothing_from_elsewhere(path: Path) -> None:
    text = IMPORT.sub("", path.read_text())  # one another, which the build and `script` put together
    assert not re.search(
        r"^\s*import\b|\bimport\((?!\"[./\w]*\w\.js\"\)\.)|https?://(?!www\.w3\.org/2000/svg)", text, re.MULTILINE
    )  # a namespace is a name, no request; a type is no import
    assert not re.search(r"\beval\b|new Function|insertAdjacentHTML|innerHTML|document\.write", text), "the policy of the pages"
    if path.name == "widget.js" or (path.parent == FOLDER and path.name not in ("frame.js", "layouts.js")):  # else a part of one
        assert text.rstrip().endswith("export default { render };")
        assert path.with_suffix(".py").exists()


@pytest.mark.parametrize(
    "path", [*sorted(FOLDER.glob("*.js")), *sorted(FOLDER.parent.glob("chapters/*/*/*.js"))], ids=lambda p: p.name
)
def test_no_bit_is_named_in_javascript(path: Path) -> None:
    words = {f.name for f in PFEC.fields if len(f.name) > 2}
    assert not [w for w in words if re.search(rf"(?<![\w/]){re.escape(w)}(?![\w/])", path.read_text())]


def test_bit_field_starts_where_it_is_told() -> None:
    field = BitField(PFEC, value=0x15)
    assert field.value == "0x00000015"
    assert field.decoded.set_names == ("I/D", "U/S", "P")
    field.value = "0x7"
    assert field.decoded.value == 7
    assert BitField(PFEC).value == "0x00000006"


def test_bit_field_refuses() -> None:
    with pytest.raises(ValueError, match="at least one layout"):
        BitField()
    with pytest.raises(ValueError, match="32 bits wide"):
        BitField(PFEC, value=1 << 32)


def test_choice_table() -> None:
    dims = {"Signal": {"TERM": "SIGTERM", "INT": "SIGINT"}, "Target": {"p": "process"}}
    table = ChoiceTable("t", dims, {("TERM", "p"): Outcome("died", [("status", "0xf")], "bad")})
    assert table.value == ["TERM", "p"]
    assert table.outcomes == {"TERM|p": {"title": "died", "tone": "bad", "lines": [["status", "0xf"]]}}
    for outcomes, why in (
        ({("HUP", "p"): Outcome("x")}, "does not name one option"),
        ({("TERM",): Outcome("x")}, "does not name one option"),
        ({("TERM", "p"): Outcome("x", tone="loud")}, "tone 'loud'"),
    ):
        with pytest.raises(ValueError, match=why):
            ChoiceTable("t", dims, outcomes)
    with pytest.raises(ValueError, match="no outcome for"):
        ChoiceTable("t", dims, {("TERM", "p"): Outcome("x")}, value=("INT", "p"))


def test_quiz_refuses_what_cannot_be_answered() -> None:
    with pytest.raises(ValueError, match="no answer would be right"):
        Quiz("q", "?", (), {}, "")
    with pytest.raises(ValueError, match="not among the choices"):
        Quiz("q", "?", ("a",), {}, "", choices=("b",))
