"""Charts of distributions: their numbers against the definitions, and that nothing is drawn outside."""

from __future__ import annotations

import random
import re

import pytest

from syslab.show.chart import chart
from syslab.show.measured import (
    Axis,
    Bar,
    Curve,
    Mark,
    _edges,
    _extremes,
    _shares,
    _tail,
    bars,
    course,
    curves,
    histogram,
    measure,
    summary,
    tail,
)

NS = Axis("latency", "ns")
DICE = random.Random(7)
SAMPLES = [DICE.lognormvariate(11, 0.4) for _ in range(3000)]


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1_500_000, "ns", "1.5\u00a0ms"),
        (999, "ns", "999\u00a0ns"),
        (0.25, "ns", "0.25\u00a0ns"),
        (2**25, "bytes", "32\u00a0MiB"),
        (12, "", "12"),
        (140, "cycles", "140\u00a0cycles"),
    ],
)
def test_a_measure_in_words(value: float, unit: str, said: str) -> None:
    assert measure(value, unit) == said


def test_summary_is_that_of_the_definitions() -> None:
    found = summary(list(range(1001)))  # the p-th percentile of 0 … 1000 is 10 p
    assert found == (1001, 0, 500, 950, 990, pytest.approx(999), 1000)
    with pytest.raises(ValueError, match="1 samples have no distribution; at least 2 are needed"):
        summary([3.0])


def test_every_sample_is_in_one_class() -> None:
    edges = _edges(min(SAMPLES), max(SAMPLES), 30, log=True)
    assert sum(_shares(SAMPLES, edges)) == pytest.approx(100)
    by_hand = sum(edges[4] <= value < edges[5] for value in SAMPLES) / 30
    assert _shares(SAMPLES, edges)[4] == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="a logarithmic axis begins above 0, and the least sample is 0"):
        histogram({"x": [0, 1]}, NS)


def test_a_tail_says_how_many_took_longer() -> None:
    for value, share in _tail(SAMPLES):
        assert share == pytest.approx(sum(other >= value for other in SAMPLES) / len(SAMPLES))
    assert _tail([1, 2, 3, 4])[0] == (1, 1) and _tail([1, 2, 3, 4])[-1] == (4, 0.25)


def test_a_course_keeps_the_extremes() -> None:
    samples = [(float(i), value) for i, value in enumerate(SAMPLES)]
    bars = _extremes(samples, 50)
    assert len(bars) <= 50
    assert min(low for _, low, _ in bars) == min(SAMPLES) and max(high for _, _, high in bars) == max(SAMPLES)
    assert _extremes(samples[:3], 50) == [(at, value, value) for at, value in samples[:3]]


LINES = [Curve("plain", [(4096, 1), (2**20, 9)], [(1, 2), (8, 30)]), Curve("hinted", [(4096, 1), (2**20, 2)])]


@pytest.mark.parametrize("width", [800, 320])
@pytest.mark.parametrize(
    "draw",
    [
        histogram({"a": SAMPLES, "b": SAMPLES[:500]}, NS),
        histogram({"a": SAMPLES}, NS, log_share=True),
        tail({"a": SAMPLES, "b": SAMPLES[:500]}, NS, [Mark(1e5, "deadline")]),
        course({"a": [(i * 1e6, value) for i, value in enumerate(SAMPLES)]}, Axis("time", "ns", log=False), NS),
        course({"a": [(i * 1e6, value) for i, value in enumerate(SAMPLES[:9])]}, Axis("time", "ns", log=False), NS),
        curves(LINES, Axis("array", "bytes"), Axis("a load", "ns"), [Mark(2**15, "L1d")]),
        bars(
            {"CPUID": [Bar(2500, "2.5 µs"), Bar(60, "too small")], "OUT": [Bar(8e6, "8 ms"), Bar(9000, "9 µs")]},
            "ab",
            Axis("a round", "ns"),
            1e2,
            1e7,
        ),
        histogram({"one value": [5, 5, 5]}, Axis("gap", "ns", log=False)),
    ],
)
def test_a_chart_is_small_and_nothing_is_outside(draw: object, width: int) -> None:
    wide, high, body = chart(draw)(width).parts("m")  # type: ignore[arg-type]
    assert len(body) < 7000
    for data in re.findall(r'd="([^"]+)"', re.sub(r"<defs>.*?</defs>", "", body)):
        for letter, rest in re.findall(r"([MLHV])([^MLHVz]*)", data):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
            across = numbers[::2] if letter in "ML" else numbers if letter == "H" else []
            down = numbers[1::2] if letter in "ML" else numbers if letter == "V" else []
            assert all(0 <= x <= wide for x in across) and all(0 <= y <= high for y in down), data[:80]


def test_a_step_of_a_tail_lies_below_its_value() -> None:
    """Of 10, 100 and 1,000 two thirds took longer than 10: the line falls at 10 and then runs to 100."""
    body = chart(tail({"a": [10, 100, 1000]}, NS))(800).parts("m")[2]
    line = re.search(r'<path class="s-accent"[^>]* d="(M[^"]+)"', body)
    assert line and re.fullmatch(r"M[\d. ]+V[\d.]+H[\d.]+V[\d.]+H[\d.]+", line[1]), line and line[1]
