"""The live controls: they ask a real machine with what the menus say, and tell why there is no answer."""

from __future__ import annotations

from typing import Any

import ipywidgets
import pytest

from syslab.chapters.memory.page_fault_error_code.ask import one_fault
from syslab.evidence import X86_64, CannotRunHere, Experiment, Need, Witness
from syslab.widgets.live import live

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
