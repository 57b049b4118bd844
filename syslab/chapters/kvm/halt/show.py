"""Tables of the chapter on HLT, its figure, and its flow."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING

from syslab.evidence import Answer, Evidence
from syslab.evidence.line import styled
from syslab.show.asked import under
from syslab.show.table import Column, Named, Table, Verdict, flat

from .ask import Case, Event, Halted, Maximum, Polling, Waiting
from .model import Halt, Parameters, wakes

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import Flow

Rule = Callable[[int, int, Parameters], int]
EVENT = {"none": "none", "interrupt": "interrupt line", "nmi": "NMI"}
CASES = {
    "pending": "The line is raised before sti; hlt",
    "blocked": "An NMI, while the guest halts in its NMI handler",
    "inject": "KVM_INTERRUPT, for a vCPU with a local APIC in the kernel",
    "signal": "A signal to the thread in KVM_RUN",
}


def _told(row: Event | Case) -> str:
    return f"{row['then']}, state {row['state']}"


def hlt(answers: Sequence[Evidence[list[Halted]]]) -> Table:
    """What KVM_RUN does with HLT, by the interrupt controller and whether HLT exits."""
    return Table(
        answers,
        [Column("KVM_RUN", lambda row: f"{row['run']}; state {row['state']}; halt_exits {row['halt_exits']}")],
        keys=[Column("Local APIC", lambda row: row["irqchip"]), Column("HLT exits", lambda row: row["hlt_exits"])],
        caption="KVM_RUN comes to, MP state afterwards, KVM's count of halts",
    )


def events(answers: Sequence[Evidence[list[Event]]], rule: Callable[[str, bool], bool] = wakes) -> Table:
    """Who runs next, if anybody, and whether ``rule`` says so."""

    def held(row: Event) -> Verdict:
        return Verdict(rule(row["event"], row["interrupts"]) == (row["then"] != "blocks"), _told(row))

    def predicted(row: Event) -> str:
        return "wakes" if rule(row["event"], row["interrupts"]) else "waits"

    return Table(
        answers,
        [Column("Then", held)],
        keys=[
            Column("Event", lambda row: EVENT[row["event"]]),
            Column("IF", lambda row: int(row["interrupts"]), number=True),
            Column("The rule", predicted),
        ],
        caption="Whether the rule holds: who runs next, and the MP state",
    )


def special(answers: Sequence[Evidence[list[Case]]]) -> Table:
    """The cases beside the table."""
    return Table(answers, [Column("Then", _told)], keys=[Column("Case", lambda row: CASES[row["case"]])])


def parameters(answers: Sequence[Evidence[dict[str, int]]]) -> Table:
    """The four module parameters."""
    value = Column[Named]("Value", lambda row: row["answer"], number=True)
    return Table(answers, [value], keys=[Column("Parameter", lambda row: row["what"])])


def per_vm(answers: Sequence[Evidence[list[Maximum]]]) -> Table:
    """A VM's own maximum."""
    return Table(
        answers,
        [Column("Halts", lambda row: f"{row['halts']} halts, {'some' if row['polled'] else 'none'} polled")],
        keys=[Column("The VM's maximum, ns", lambda row: f"{row['maximum']:,}", number=True)],
    )


def _callers(names: list[str]) -> str:
    return ", ".join(f"{name}()" for name in names) or "nowhere"


def functions(answers: Sequence[Evidence[list[Waiting]]]) -> Table:
    """Which function KVM waits in."""
    return Table(
        answers,
        [
            Column("The vCPU waits in", lambda row: row["state"]),
            Column("kvm_vcpu_halt() is called from", lambda row: _callers(row["kvm_vcpu_halt"])),
            Column("kvm_vcpu_block() is called from", lambda row: _callers(row["kvm_vcpu_block"])),
            Column("KVM_RUN", lambda row: row["run"]),
        ],
    )


class Transition(Halt):
    """A halt by its number; the window before and after it, in ns; what a rule makes of it, and whether that is the same."""

    number: int
    before: int
    after: int
    said: int
    agrees: bool


def transitions(row: Polling, rule: Rule) -> list[Transition]:
    """Each halt of one traced run: the window before it, after it, and what ``rule`` makes of the same halt."""
    found: list[Transition] = []
    p, window = Parameters.of(row["parameters"]), 0
    for number, halt in enumerate(row["halts"], 1):
        begun = window
        window = min(window, p.maximum) if halt["new"] is None else halt["new"]
        said = rule(begun, halt["halted"], p)
        found.append({**halt, "number": number, "before": begun, "after": window, "said": said, "agrees": said == window})
    return found


def score(answer: Answer[list[Polling]], rule: Rule) -> Table:
    """For each setting, how many halts the rule predicts, starting each from the traced window before it."""

    def count(which: Callable[[Transition], bool]) -> Callable[[Polling], int]:
        return lambda row: sum(which(halt) for halt in transitions(row, rule))

    def verdict(row: Polling) -> Verdict:
        right, all_ = count(lambda halt: halt["agrees"])(row), len(row["halts"])
        return Verdict(right == all_, f"{right} of {all_}")

    columns: list[Column[Polling]] = [
        Column("Parameters", lambda row: row["setting"]),
        Column("Halts", lambda row: len(row["halts"]), number=True),
        Column("Grew", count(lambda halt: halt["change"] == "grow"), number=True),
        Column("Shrank", count(lambda halt: halt["change"] == "shrink"), number=True),
        Column("The rule, halt by halt", verdict),
    ]
    return Table(answer, columns)


def changes(answer: Answer[list[Polling]], rule: Rule, setting: int = -1, most: int = 14) -> Table:
    """The first ``most`` halts of one setting that changed the window, and the rule's value for each."""
    rows = [halt for halt in transitions(answer.data[setting], rule) if halt["change"]][:most]
    columns: list[Column[Transition]] = [
        Column("Halt", lambda row: row["number"], number=True),
        Column("It lasted, ns", lambda row: f"{row['halted']:,}", number=True),
        Column("The thread", lambda row: "slept" if row["slept"] else "stayed awake"),
        Column("Window before", lambda row: f"{row['before']:,}", number=True),
        Column("KVM traced", lambda row: f"{row['change']} to {row['new']:,}"),
        Column("The rule", lambda row: Verdict(row["agrees"], f"{row['said']:,}")),
    ]
    return Table(
        answer,
        columns,
        rows,
        caption=f"The first {len(rows)} halts that changed the window, with {answer.data[setting]['setting']}",
    )


WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 330, 62, 34, 300
LOWEST, HIGHEST = 1e4, 1e8
"""Nanoseconds at the two ends of the figure's logarithmic axis. A closed window is drawn below it."""


def _y(ns: int) -> float:
    share = (log10(min(max(ns, LOWEST / 2), HIGHEST)) - log10(LOWEST)) / (log10(HIGHEST) - log10(LOWEST))
    return round(BOTTOM - 20 - share * (BOTTOM - 20 - TOP), 1) if ns else BOTTOM


@dataclass(frozen=True)
class WindowFigure:
    """The window over the halts of one traced run, and the rule's, which starts from 0 and sees only how long each halt was."""

    answer: Answer[list[Polling]]
    rule: Rule
    setting: int = -1

    def _rows(self) -> list[tuple[Transition, int]]:
        row = self.answer.data[self.setting]
        rows: list[tuple[Transition, int]] = []
        p, window = Parameters.of(row["parameters"]), 0
        for halt in transitions(row, self.rule):
            window = self.rule(window, halt["halted"], p)
            rows.append((halt, window))
        return rows

    def __repr__(self) -> str:
        return f"{self._words()}\n{flat(self.answer)[0]!r}"

    def _words(self) -> str:
        rows = self._rows()
        same = sum(halt["after"] == window for halt, window in rows)
        widest = max(halt["after"] for halt, _ in rows)
        return f"Window after each of {len(rows)} halts: at most {widest:,} ns; the rule's is the same after {same} of them."

    def _repr_html_(self) -> str:
        rows = self._rows()
        step = (WIDTH - LEFT - 10) / len(rows)
        x = [round(LEFT + (i + 0.5) * step, 1) for i in range(len(rows))]
        maximum = self.answer.data[self.setting]["parameters"]["halt_poll_ns"]
        parts = [
            f'<line class="hf-grid" x1="{LEFT}" x2="{WIDTH - 10}" y1="{_y(at)}" y2="{_y(at)}"/>'
            f'<text class="hf-end" x="{LEFT - 6}" y="{_y(at) + 5}">{label}</text>'
            for at, label in (
                (0, "closed"),
                (10**4, "10 µs"),
                (10**5, "0.1 ms"),
                (10**6, "1 ms"),
                (10**7, "10 ms"),
                (10**8, "0.1 s"),
            )
        ]
        parts.append(f'<line class="hf-max" x1="{LEFT}" x2="{WIDTH - 10}" y1="{_y(maximum)}" y2="{_y(maximum)}"/>')
        line = " ".join(
            f"{left - step / 2:.1f},{_y(h['after'])} {left + step / 2:.1f},{_y(h['after'])}"
            for left, (h, _) in zip(x, rows, strict=True)
        )
        parts.append(f'<polyline class="hf-win" points="{line}"/>')
        for left, (halt, said) in zip(x, rows, strict=True):
            kind = "hf-slept" if halt["slept"] else "hf-awake"
            parts.append(f'<circle class="{kind}" cx="{left}" cy="{_y(halt["halted"])}" r="3.5"/>')
            parts.append(f'<path class="hf-rule" d="M{left - 4:.1f} {_y(said) - 4}l8 8m0-8l-8 8"/>')
        words = html.escape(self._words())
        return styled(
            f'<figure class="measured hf">{STYLE}<div class="scroll" tabindex="0" role="region" aria-label="Halts and polling window">'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">{LEGEND}{"".join(parts)}'
            f'<text class="hf-mid" x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 6}">halts, in order</text></svg></div>'
            f"<figcaption>{words}{under(flat(self.answer))}</figcaption></figure>"
        )


STYLE = (
    "<style>.hf svg{width:100%;min-width:34rem;height:auto;display:block;font-size:15px;fill:var(--rsn-ink,currentColor)}"
    ".hf :is(line,polyline,path){fill:none}.hf-grid{stroke:var(--rsn-line,#8886)}.hf-max{stroke:var(--rsn-edge,#888);stroke-dasharray:6 5}"
    ".hf-win{stroke:var(--rsn-accent,#8a1253);stroke-width:3}.hf-rule{stroke:var(--rsn-ink,currentColor);stroke-width:1.5}"
    ".hf-slept{fill:none;stroke:var(--rsn-soft,#777);stroke-width:1.5}.hf-awake{fill:var(--rsn-soft,#777)}"
    ".hf-end{text-anchor:end}.hf-mid{text-anchor:middle}</style>"
)
LEGEND = (
    '<polyline class="hf-win" points="66,14 88,14"/><text x="94" y="19">window, traced</text>'
    '<path class="hf-rule" d="M216 10l8 8m0-8l-8 8"/><text x="231" y="19">window, by the rule</text>'
    '<circle class="hf-slept" cx="386" cy="14" r="3.5"/><text x="396" y="19">halt, slept</text>'
    '<circle class="hf-awake" cx="486" cy="14" r="3.5"/><text x="496" y="19">halt, awake</text>'
    '<line class="hf-max" x1="592" x2="614" y1="14" y2="14"/><text x="620" y="19">maximum</text>'
)


def flow(hlts: Sequence[Evidence[list[Halted]]], event_answers: Sequence[Evidence[list[Event]]]) -> Flow:
    """The path of a HLT; what both tables measured is attached to its inputs."""
    from .flow import build

    return build(hlts, event_answers)
