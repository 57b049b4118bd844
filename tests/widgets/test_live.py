"""The live controls: they ask a real machine with what the menus say, and tell why there is no answer."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import partial
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import ipywidgets
import pytest

from syslab.chapters.memory.page_fault_error_code.ask import one_fault
from syslab.evidence import X86_64, Answer, CannotRunHere, Evidence, Experiment, ExperimentFailed, Need, Witness
from syslab.evidence.provenance import Provenance
from syslab.widgets.live import live
from tools.chapters import Chapter, all_chapters

WHO = Provenance("live", "host", "A CPU", "Linux 6.1.192", "root", "2026-11-27", 0.1)
OPTIONS: dict[str, dict[str, Any]] = {
    "access": {"read": "read", "write": "write", "fly": "fly"},
    "touch": {"no": False, "yes": True},
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr("syslab.widgets.live.display", found.append)
    return found


def parts(box: Any) -> tuple[list[ipywidgets.Dropdown], ipywidgets.Button]:
    row = box.children[1]
    return list(row.children[:-1]), row.children[-1]


@pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))
def test_run_asks_with_what_is_chosen(shown: list[Any]) -> None:
    menus, run = parts(live(one_fault, **OPTIONS))
    menus[0].value, menus[1].value = "write", True
    run.click()
    text = repr(shown[-1])
    assert "error code  0x7" in text
    assert "live · host" in text
    assert not run.disabled


@pytest.mark.skipif(X86_64.missing() is not None, reason=str(X86_64.missing()))
def test_a_failure_is_told(shown: list[Any]) -> None:
    menus, run = parts(live(one_fault, **OPTIONS))
    menus[0].value = "fly"
    run.click()
    assert "is none of read, write, fetch" in shown[-1].data
    assert not run.disabled


def test_a_machine_that_cannot_says_what_is_missing(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    unicorn = Need("a unicorn", lambda: None)
    monkeypatch.setattr(Witness, "missing", lambda self: [(unicorn, "there are none")])
    parts(live(one_fault, **OPTIONS))[1].click()
    assert "needs a unicorn, but there are none" in shown[-1].data


@pytest.mark.parametrize("error", [CannotRunHere, partial(ExperimentFailed, rows=[])])
def test_what_an_error_says_is_no_markup(
    error: Callable[[str], Exception], shown: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine's words, such as a path or what a program printed, are shown as they are."""

    def ask(*_: object, **__: object) -> Any:
        raise error("no <img src=x onerror=alert(1)> & no <b>")

    monkeypatch.setattr("syslab.widgets.live.ask", ask)
    parts(live(one_fault, **OPTIONS))[1].click()
    assert shown[-1].data == "<p>no &lt;img src=x onerror=alert(1)&gt; &amp; no &lt;b&gt;</p>"


def test_what_an_answer_says_is_no_markup(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    said = Answer(one_fault, [Evidence("page_fault_error_code.one_fault", {"error_code": 7, "<i>": "<img src=x> & <b>"}, WHO)])
    monkeypatch.setattr("syslab.widgets.live.ask", lambda *_, **__: said)
    parts(live(one_fault, **OPTIONS))[1].click()
    page = shown[-1]._repr_html_()
    assert "0x7" in page and "&lt;img src=x&gt; &amp; &lt;b&gt;" in page and "&lt;i&gt;" in page
    assert "<img" not in page and "<i>" not in page


def test_a_text_is_typed(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def ask(_: Experiment[Any], **arguments: Any) -> Any:
        asked.append(arguments)
        raise CannotRunHere("not today")

    monkeypatch.setattr("syslab.widgets.live.ask", ask)
    controls, run = parts(live(one_fault, access="read", touch={"yes": True}))
    assert isinstance(controls[0], ipywidgets.Text)
    controls[0].value = "a <b>"
    run.click()
    assert asked == [{"access": "a <b>", "touch": True}]
    assert "not today" in shown[-1].data


LIVE = [
    pytest.param(chapter, cell, id=chapter.name)
    for chapter in all_chapters()
    if chapter.runs
    for cell in chapter.cells
    if re.search(r"\blive\(", cell)
]


def _alternatives(annotation: Any) -> list[Any]:
    return list(get_args(annotation)) if get_origin(annotation) in (Union, UnionType) else [annotation]


@pytest.mark.parametrize(("chapter", "cell"), LIVE)
def test_what_a_page_asks_live_answers_with_one_row(chapter: Chapter, cell: str) -> None:
    """A mapping: the box shows a line for each key."""
    imports = [node for code in chapter.cells for node in ast.parse(code).body if isinstance(node, ast.Import | ast.ImportFrom)]
    space: dict[str, Any] = {}
    exec(compile(ast.Module(imports, []), chapter.name, "exec"), space)
    calls = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "live"]
    assert calls
    for call in calls:
        question = eval(ast.unparse(call.args[0]), space)
        for kind in _alternatives(get_type_hints(question.function)["return"]):
            assert is_typeddict(kind) or get_origin(kind) in (dict, Mapping), f"{question.name} answers with {kind}"
        assert {keyword.arg for keyword in call.keywords if keyword.arg} <= set(question.parameters)
