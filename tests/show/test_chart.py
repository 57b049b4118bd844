"""Measured pictures: the book's colours only, the same bytes each time, and nothing that a page does not need."""

from __future__ import annotations

import re
from typing import Any

import pytest

from syslab.show.chart import ACCENT, TOKENS, chart, short_path
from tools.environment import ROOT

VARIABLES = {"blue": "c-num", "green": "c-str", "violet": "c-fn"}


def line(figure: Any, axes: Any, wide: bool) -> None:
    axes.plot([0, 1, 2], [0, 4, 1], "o-", color=ACCENT)
    axes.set_xlabel("round & round")


def test_colours_are_those_of_the_light_theme() -> None:
    sheet = (ROOT / "book/_assets/rsn/rsn.css").read_text(encoding="utf-8")
    light = sheet.partition('html[data-theme="light"]')[2].partition("}")[0]
    for colour, token in TOKENS.items():
        name = VARIABLES.get(token, f"rsn-{token}")
        assert re.search(rf"--{name}:\s*{colour};", light), f"{token} is {colour} in chart.py"


def test_a_chart_is_small_whole_and_repeatable() -> None:
    width, height, body = chart(line, 200)(800).parts("x")
    assert (width, height) == (800, 200)
    assert body == chart(line, 200)(800).parts("x")[2]
    assert len(body) < 3000
    assert "round &amp; round" in body and 'class="s-accent"' in body
    assert not re.search(r"#[0-9a-f]{6}|style=|clip|font-family", body)
    assert re.findall(r'id="([^"]+)"', body) == ["x-m0"]


def test_another_colour_is_refused() -> None:
    def forgot(figure: Any, axes: Any, wide: bool) -> None:
        axes.plot([0, 1], [0, 1])

    with pytest.raises(ValueError, match="#1f77b4 is not a colour of the book; it has #1c1721"):
        chart(forgot)(800).parts("x")


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("M 0 144 \nL 216.04 144 \nz", "M0 144H216z"),
        ("M 1 2 L 1 5", "M1 2V5"),
        ("M 1 2 L 1 2 L 3 4", "M1 2L3 4"),
        ("M -1 -2 L 0 1", "M-1-2L0 1"),
    ],
)
def test_paths_are_shortened(long: str, short: str) -> None:
    assert short_path(long) == short
