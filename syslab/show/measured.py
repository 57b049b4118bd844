"""Charts of what was measured many times: a distribution, its tail, a course over time, a cost against a size.

Each function returns what :func:`.chart.chart` takes, and :class:`.picture.Picture` turns into a figure:

>>> Picture("wake-tail", chart(tail({"idle": ns, "under load": more}, Axis("wake-up latency", "ns"))), title="…", alt="…", …)

Samples are plain numbers in the axis's unit. Lines differ in dash as well as in colour. :func:`summary` gives the numbers that
the text beside a chart needs.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any, NamedTuple

from .chart import ACCENT, BLUE, EDGE, GREEN, INK, SOFT, VIOLET, Draw

LOOKS: tuple[tuple[str, Any], ...] = (
    (ACCENT, "-"),
    (BLUE, (0, (5, 2))),
    (GREEN, (0, (2, 1.5))),
    (VIOLET, (0, (7, 2, 2, 2))),
    (INK, (0, (1, 1.2))),
    (SOFT, "-"),
)
"""Colour and dash of each line, in order."""
SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "ns": ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")),
    "bytes": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")),
}


def measure(value: float, unit: str) -> str:
    """``1.5 ms`` for 1,500,000 ns: three digits, in the largest unit that leaves at least 1; other units as they are."""
    for size, name in SCALES.get(unit, ()):
        if abs(value) >= size:
            return f"{value / size:.3g}\u00a0{name}"
    return f"{value:.3g}\u00a0{unit}" if unit else f"{value:.3g}"


class Axis(NamedTuple):
    """An axis: what is measured, in which unit ("ns" and "bytes" are scaled), and whether it is logarithmic."""

    label: str
    unit: str
    log: bool = True

    def words(self) -> str:
        """Its label; a unit that the ticks do not say is added."""
        return self.label if self.unit in SCALES or not self.unit else f"{self.label}, {self.unit}"


class Mark(NamedTuple):
    """A place on the horizontal axis with a name, such as a cache's size."""

    at: float
    text: str


class Curve(NamedTuple):
    """A line through ``points`` (x, y); ``spread`` is the lowest and highest y of each, drawn as a bar."""

    label: str
    points: Sequence[tuple[float, float]]
    spread: Sequence[tuple[float, float]] = ()


class Bar(NamedTuple):
    """A bar of one group: how long it is, and what is written at its end."""

    value: float
    text: str


class Summary(NamedTuple):
    """What samples come to, in their own unit. ``p999`` is the 99.9th percentile."""

    number: int
    least: float
    median: float
    p95: float
    p99: float
    p999: float
    most: float


def summary(samples: Sequence[float]) -> Summary:
    """By linear interpolation between the samples (``statistics.quantiles``, inclusive). ValueError for fewer than two."""
    if len(samples) < 2:
        raise ValueError(f"{len(samples)} samples have no distribution; at least 2 are needed")
    cuts = quantiles(samples, n=1000, method="inclusive")
    return Summary(len(samples), min(samples), median(samples), cuts[949], cuts[989], cuts[998], max(samples))


def curves(lines: Sequence[Curve], x: Axis, y: Axis, marks: Sequence[Mark] = (), dots: bool = True) -> Draw:
    """Cost against size: a line for each of ``lines``, a bar for its spread, a thin upright line for each of ``marks``."""

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        for one, (colour, dash) in zip(lines, LOOKS, strict=False):
            at, values = zip(*one.points, strict=True)
            form = "o" if dots else ""
            axes.plot(at, values, form, color=colour, linestyle=dash, lw=2, ms=4 if wide else 3, label=one.label)
            for place, (low, high) in zip(at, one.spread, strict=False):
                axes.plot([place, place], [low, high], color=colour, lw=1)
        everything = [value for one in lines for _, value in one.points] + [
            end for one in lines for pair in one.spread for end in pair
        ]
        _scaled(axes, "y", y, everything, 6)
        _scaled(axes, "x", x, [place for one in lines for place, _ in one.points], 8 if wide else 4)
        _marked(axes, marks)
        legend(figure, wide)

    return draw


def bars(groups: Mapping[str, Sequence[Bar]], names: Sequence[str], x: Axis, least: float, most: float) -> Draw:
    """Costs side by side on a logarithmic axis from ``least`` to ``most``: a bar of each of ``names`` in each group.

    A group's label stands above its bars, so that a bar may begin at the left edge.
    """

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        high = 0.62 / len(names)
        axes.set_xscale("log")
        axes.set_xlim(least, most * (1 if wide else 20))  # a phone needs room for what is written at the end
        for place, (label, group) in enumerate(groups.items()):
            axes.text(least, place - 0.12, label, va="center", color=INK)
            for i, (name, bar) in enumerate(zip(names, group, strict=True)):
                middle = place + (i + 0.5) * high
                colour, first = LOOKS[i % len(LOOKS)][0], None if place else name
                axes.barh(middle, max(bar.value - least, 0), high * 0.85, left=least, color=colour, label=first)
                axes.text(max(bar.value, least) * 1.2, middle, bar.text, va="center", color=INK, fontsize=12)
        ticks = _ticks(least * 2, most / 2, x.unit, 8 if wide else 3)
        axes.set_xticks(ticks, labels=[_tick(tick, x.unit) for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel(x.words())
        axes.set_yticks([])
        axes.set_ylim(len(groups) - 0.3, -0.35)
        axes.grid(True, axis="x")
        legend(figure, wide)

    return draw


def histogram(series: Mapping[str, Sequence[float]], x: Axis, bins: int = 40, log_share: bool = False) -> Draw:
    """The share of samples, in per cent, in each of ``bins`` classes of equal width on the axis (of equal ratio on a log one)."""
    everything = [value for samples in series.values() for value in samples]
    edges = _edges(min(everything), max(everything), bins, x.log)

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        lowest = min(100 / len(samples) for samples in series.values())
        floor = lowest / 2 if log_share else 0  # what is empty is drawn at the axis; nothing may lie outside
        for (label, samples), (colour, dash) in zip(series.items(), LOOKS, strict=False):
            shares = [max(share, floor) for share in _shares(samples, edges)]
            axes.stairs(shares, edges, baseline=floor, color=colour, linestyle=dash, lw=2, label=label)
        if log_share:
            axes.set_yscale("log")
            ticks = [tick for tick in (0.001, 0.01, 0.1, 1, 10, 100) if tick >= floor]
            axes.set_yticks(ticks, labels=[f"{tick:g}" for tick in ticks])
            axes.minorticks_off()
            axes.set_ylim(floor, 120)
        axes.set_ylabel("share of samples, %")
        _scaled(axes, "x", x, everything, 8 if wide else 4)
        legend(figure, wide)

    return draw


def tail(series: Mapping[str, Sequence[float]], x: Axis, marks: Sequence[Mark] = ()) -> Draw:
    """The share of samples that took longer, on a log axis: where a line crosses 5 % is its 95th percentile."""

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        for (label, samples), (colour, dash) in zip(series.items(), LOOKS, strict=False):
            axes.step(*zip(*_tail(samples), strict=True), where="pre", color=colour, linestyle=dash, lw=2, label=label)
        axes.set_yscale("log")
        least = min(1 / len(samples) for samples in series.values())
        ticks = [tick for tick in (1, 0.5, 0.05, 0.01, 0.001, 0.0001, 0.00001) if tick >= least]
        axes.set_yticks(ticks, labels=[f"{100 * tick:g} %" for tick in ticks])
        axes.minorticks_off()
        axes.set_ylim(least / 1.6, 1.3)
        axes.set_ylabel("took longer")
        _scaled(axes, "x", x, [value for samples in series.values() for value in samples], 8 if wide else 4)
        _marked(axes, marks)
        legend(figure, wide)

    return draw


def course(series: Mapping[str, Sequence[tuple[float, float]]], x: Axis, y: Axis, columns: int = 120) -> Draw:
    """Samples in the order in which they came: dots where they are few, else a bar from the least to the most of each of
    ``columns`` stretches."""

    def draw(figure: Any, axes: Any, wide: bool) -> None:
        for (label, samples), (colour, _), form in zip(series.items(), LOOKS, "ox^sD+", strict=False):
            bars = _extremes(samples, columns if wide else columns // 2)
            if len(samples) > len(bars):
                bars = [(at, low, max(high, low * 1.03)) for at, low, high in bars]  # one that can be seen
                axes.vlines(*zip(*bars, strict=True), color=colour, lw=3 if wide else 2, label=label)
            else:
                fill = {} if form in "x+" else {"mfc": "none"}
                axes.plot(*zip(*samples, strict=True), form, color=colour, ms=4 if wide else 3, mew=1.2, label=label, **fill)
        _scaled(axes, "y", y, [value for samples in series.values() for _, value in samples], 6)
        _scaled(axes, "x", x, [at for samples in series.values() for at, _ in samples], 8 if wide else 4)
        legend(figure, wide)

    return draw


def _edges(low: float, high: float, bins: int, log: bool) -> list[float]:
    if log and low <= 0:
        raise ValueError(f"a logarithmic axis begins above 0, and the least sample is {low}")
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - 1, high + 1)
    if log:
        return [low * (high / low) ** (i / bins) for i in range(bins + 1)]
    return [low + (high - low) * i / bins for i in range(bins + 1)]


def _shares(samples: Sequence[float], edges: Sequence[float]) -> list[float]:
    """Per cent of ``samples`` in each class; the ends belong to the outer ones."""
    counts = [0] * (len(edges) - 1)
    for value in samples:
        counts[min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    return [100 * count / len(samples) for count in counts]


def _tail(samples: Sequence[float], most: int = 160) -> list[tuple[float, float]]:
    """(value, share of samples that are at least that), at no more than ``most`` places, closer together where samples are rare.

    Just below a value, that is the share above: so a step is drawn to the left of it.
    """
    ordered, count = sorted(samples), len(samples)
    places = {0, count - 1, *(count - 1 - round(count ** (i / most)) + 1 for i in range(most + 1))}
    return [(ordered[i], 1 - i / count) for i in sorted(place for place in places if 0 <= place < count)]


def _extremes(samples: Sequence[tuple[float, float]], columns: int) -> list[tuple[float, float, float]]:
    """Place, least and most of each sample where they are few, and otherwise of each of ``columns`` stretches of the axis."""
    if len(samples) <= 2 * columns:
        return [(at, value, value) for at, value in samples]
    edges = _edges(samples[0][0], samples[-1][0], columns, log=False)
    kept: dict[int, tuple[float, float]] = {}
    for at, value in samples:
        place = min(max(bisect_left(edges, at) - 1, 0), columns - 1)
        low, high = kept.get(place, (value, value))
        kept[place] = min(low, value), max(high, value)
    return [((edges[place] + edges[place + 1]) / 2, low, high) for place, (low, high) in sorted(kept.items())]


def _ticks(low: float, high: float, unit: str, most: int) -> list[float]:
    """At most ``most`` round places of a log axis: powers of ten, of two for bytes, with 2 and 5 between where there is room."""
    if unit == "bytes":
        powers = [2.0**i for i in range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)]
    else:
        tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        powers = [10.0**i for i in tens]
        finer = [step * 10.0**i for i in tens for step in (1, 2, 5)]
        if sum(low <= tick <= high for tick in powers) < 3:
            powers = finer
    inside = [tick for tick in powers if low * 0.999 <= tick <= high * 1.001]
    return inside[:: math.ceil(len(inside) / most)] if inside else [low, high]


def _scaled(axes: Any, name: str, axis: Axis, values: Sequence[float], most: int) -> None:
    low, high = min(values), max(values)
    if axis.log:
        getattr(axes, f"set_{name}scale")("log")
        ticks = _ticks(low, high, axis.unit, most)
        getattr(axes, f"set_{name}ticks")(ticks, labels=[_tick(tick, axis.unit) for tick in ticks])
        axes.minorticks_off()
    elif axis.unit in SCALES:
        size, unit = next((scale for scale in SCALES[axis.unit] if high >= scale[0]), SCALES[axis.unit][-1])
        getattr(axes, f"{name}axis").set_major_formatter(lambda value, _: f"{value / size:g}\u00a0{unit}")
        getattr(axes, f"{name}axis").set_major_locator(_located(most, size))
    getattr(axes, f"set_{name}label")(axis.words())


def _tick(value: float, unit: str) -> str:
    return measure(value, unit) if unit in SCALES else f"{value:g}"


def _located(most: int, size: float) -> Any:
    from matplotlib.ticker import MaxNLocator

    class InUnits(MaxNLocator):
        """Round numbers of the unit that the labels have."""

        def tick_values(self, vmin: float, vmax: float) -> Any:
            return [tick * size for tick in super().tick_values(vmin / size, vmax / size)]

    return InUnits(most)


def _marked(axes: Any, marks: Sequence[Mark]) -> None:
    low, high = axes.get_xlim()
    for mark in marks:
        if low <= mark.at <= high:
            axes.axvline(mark.at, color=EDGE, lw=1, linestyle=(0, (3, 3)))
            words = {"rotation": 90, "rotation_mode": "anchor", "ha": "right", "va": "bottom", "color": SOFT}
            axes.annotate(
                mark.text, (mark.at, 1), xytext=(-3, -3), xycoords=axes.get_xaxis_transform(), textcoords="offset points", **words
            )


def legend(figure: Any, wide: bool) -> None:
    """Who is who, above the axes; nothing for a chart of one line."""
    if sum(len(axes.get_legend_handles_labels()[1]) for axes in figure.axes) > 1:
        figure.legend(loc="outside upper left", ncols=3 if wide else 1, handlelength=2.4, columnspacing=1.6, borderpad=0)
