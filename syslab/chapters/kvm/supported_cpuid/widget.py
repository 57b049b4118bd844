"""CompareBits: two words of one layout side by side, such as a host's CPUID and KVM's, for many words and several machines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import traitlets

from syslab.bits.core import Field, Layout
from syslab.widgets.base import Widget, columns, script, style

from .model import BOTH, CHANGED, FIRST, NEITHER, SAME, SECOND, ZEROED, Pair, Words, paired

_ORDER = (NEITHER, FIRST, SECOND, BOTH, SAME, CHANGED, ZEROED)
_SIGNS = {NEITHER: "·", FIRST: "−", SECOND: "+", BOTH: "=", SAME: "=", CHANGED: "≠", ZEROED: "↓"}


@dataclass(frozen=True)
class Side:
    """``rows``: (entry, first words, second words); ``label`` for the menu, ``line`` says who answered."""

    label: str
    rows: Sequence[tuple[str, Words, Words]]
    line: str = ""


class CompareBits(Widget):
    """``machines``: key -> :class:`Side`, the first one shown first; ``names``: what the words of an entry are called.

    ``layouts``: entry -> name -> layout; ``titles``: entry -> a few words; ``sides``: what the two columns are called;
    ``outcomes``: a word for each outcome of :mod:`syslab.chapters.kvm.supported_cpuid.model`. ``value`` is what links say, the entry,
    the machine's key where it is not the first, and the field that is chosen: ``7.0``, ``7.0.kvm-svm``, ``7.0.ebx.7``. ``start`` is the entry shown first.
    """

    becomes = "all entries, with a search over their fields"
    _esm = script(__file__)
    _css = style(__file__)
    machines: traitlets.List[Any] = traitlets.List().tag(sync=True)
    names: traitlets.List[str] = traitlets.List().tag(sync=True)
    sides: traitlets.List[str] = traitlets.List().tag(sync=True)
    outcomes: traitlets.List[Any] = traitlets.List().tag(sync=True)
    words: traitlets.List[Any] = traitlets.List().tag(sync=True)
    same: traitlets.Dict[str, str] = traitlets.Dict().tag(sync=True)
    fields: traitlets.Dict[str, Any] = traitlets.Dict().tag(sync=True)
    titles: traitlets.Dict[str, str] = traitlets.Dict().tag(sync=True)
    anchor = traitlets.Unicode("compare").tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        machines: Mapping[str, Side],
        names: Sequence[str],
        sides: tuple[str, str],
        outcomes: Mapping[str, str],
        *,
        layouts: Mapping[str, Mapping[str, Layout]],
        titles: Mapping[str, str],
        anchor: str,
        start: str = "",
    ) -> None:
        """ValueError for no machine, a key that cannot be in a link, a machine without rows, words that do not match the
        names or their layout, an outcome without a word, a ``start`` that the first machine lacks."""
        if not machines:
            raise ValueError("CompareBits needs at least one machine")
        if missing := set(_ORDER) - set(outcomes):
            raise ValueError(f"CompareBits has no word for {', '.join(sorted(missing))}")
        for key, machine in machines.items():
            if not re.fullmatch(r"[a-z][a-z0-9-]*", key):
                raise ValueError(f"CompareBits: the key {key!r} is not lower-case letters, digits and hyphens")
            if not machine.rows:
                raise ValueError(f"CompareBits: machine {key} has no rows")
            for entry, *pair in machine.rows:
                for words in pair:
                    _check(f"{key}, {entry}", words, names, layouts.get(entry, {}))
        used = {entry for m in machines.values() for entry, a, b in m.rows if any(a or ()) or any(b or ())}
        self._layouts = {entry: found for entry, found in layouts.items() if entry in used and found}
        first = next(iter(machines.values())).rows
        value = start or first[0][0]
        if not any(entry == value for entry, *_ in first):
            raise ValueError(f"CompareBits: machine {next(iter(machines))} has no entry {value}")
        same = _same(self._layouts)
        own = [
            (entry, *word) for entry, found in sorted(self._layouts.items()) if entry not in same for word in sorted(found.items())
        ]
        super().__init__(
            machines=[{"key": k, "label": m.label, "line": m.line, **_told(m, names, layouts)} for k, m in machines.items()],
            names=list(names),
            sides=list(sides),
            outcomes=[[outcomes[o], _SIGNS[o]] for o in _ORDER],
            # each set of layouts once; every word with how many of the fields are its own
            words=[[entry, name, x.width, x.note, len(x.fields)] for entry, name, x in own],
            fields=columns(_field(field) for _, _, x in own for field in x.fields),
            same=same,
            titles={entry: text for entry, text in titles.items() if text},
            anchor=anchor,
            value=value,
        )

    @property
    def compared(self) -> dict[str, list[Pair]]:
        """What the current state shows, by word."""
        entry, machine = self._shown()
        a, b = next((row[1] or None, row[2] or None) for row in machine["rows"] if row[0] == entry)
        return paired(self.names, self._layouts.get(entry, {}), a, b)

    def _shown(self) -> tuple[str, Any]:
        keys = "|".join(re.escape(m["key"]) for m in self.machines)
        found = re.fullmatch(rf"(.*?)(?:\.({keys}))?(?:\.(?:{'|'.join(self.names)})\.\d+)?", self.value)
        assert found  # whatever it is
        return found[1], next((m for m in self.machines if m["key"] == found[2]), self.machines[0])

    def in_words(self) -> str:
        """The entry, and its fields by what became of them."""
        entry, machine = self._shown()
        lines = [f"{machine['label']}, {entry}{f', {self.titles[entry]}' if entry in self.titles else ''}:"]
        outcomes = dict(zip(_ORDER, self.outcomes, strict=True))
        for name, pairs in self.compared.items():
            for outcome in (o for o in _ORDER if o != NEITHER):
                found = [pair.field.name for pair in pairs if pair.outcome == outcome]
                if found:
                    lines.append(f"{name.upper()} {outcomes[outcome][0]}: {', '.join(found)}")
        return "\n".join(lines)


def _check(where: str, words: Words, names: Sequence[str], layouts: Mapping[str, Layout]) -> None:
    if words is None:
        return
    if len(words) != len(names):
        raise ValueError(f"CompareBits: {where} has {len(words)} words; there are {len(names)} names")
    for name, word in zip(names, words, strict=True):
        if name in layouts:
            layouts[name].check(word)


def _short(words: Words) -> list[int] | int | None:
    return None if words is None else list(words) if any(words) else 0


def _told(machine: Side, names: Sequence[str], layouts: Mapping[str, Mapping[str, Layout]]) -> dict[str, Any]:
    """The rows for the page, each with the marks for its line in the menu, and how often each outcome occurs."""
    totals: Counter[str] = Counter()
    rows = []
    for entry, a, b in machine.rows:
        found = Counter(pair.outcome for pairs in paired(names, layouts.get(entry, {}), a, b).values() for pair in pairs)
        marks = " ".join(f"{_SIGNS[o]}{found[o]}" for o in (FIRST, SECOND, CHANGED, ZEROED) if found[o])
        rows.append([entry, _short(a), _short(b), marks])
        if any(a or ()) or any(b or ()):  # zeros against zeros say nothing
            totals.update(found)
    return {"rows": rows, "totals": [totals[o] for o in _ORDER]}


def _same(layouts: Mapping[str, Mapping[str, Layout]]) -> dict[str, str]:
    """Entry -> the first one that has the same layouts, of those that are not the first themselves."""
    seen: dict[tuple[str, ...], str] = {}
    first = {entry: seen.setdefault(tuple(x.anchor for x in found.values()), entry) for entry, found in layouts.items()}
    return {entry: other for entry, other in first.items() if other != entry}


def _field(f: Field) -> dict[str, Any]:
    values = {str(k): v for k, v in f.values.items()}
    return {"name": f.name, "bit": f.bit, "title": f.title, "width": f.width, "show": f.show, "values": values or None}
