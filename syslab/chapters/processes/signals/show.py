"""Tables of the chapter on signals, and the choice table of everything that was tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syslab.bits.signal_mask import SIGMASK
from syslab.bits.wait_status import SHELL_STATUS, WAIT
from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table

from .ask import Cleaned, Core, End
from .cases import DISPOSITIONS, NAMESPACED, SHELLS, SIGNALS, TARGETS, TITLES, Observed
from .typing import Pressed

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable

ANCHOR = "signals"
SHORT = {
    "process": "plain process",
    "script": "script",
    "script-waiting": "script that waits for a command",
    "interactive-bash": "interactive bash",
    "background-job": "background job",
    "pid-1": "PID 1, from outside",
    "pid-1-inside": "PID 1, from inside",
}
FATES = {"died": "ended", "not possible here": "not possible"}


def _hex(value: int) -> Link:
    """A wait status that opens in its decoder."""
    return Link(f"{value:#x}", f"#{WAIT.anchor}={value:#x}")


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _fate(row: Observed | Pressed | Cleaned) -> str:
    return FATES.get(row["outcome"], row["outcome"])


def _heard(row: Observed) -> bool:
    return f"handler SIG{row['signal']}" in row["said"]


def _open(row: Observed, text: str) -> Link:
    """``text``, opening the row in the choice table."""
    return Link(text, f"#{ANCHOR}={row['signal']}.{row['disposition']}.{row['target']}")


def _brief(row: Observed) -> str:
    """What became of it, in a few words."""
    words = [row["refused"], _fate(row), "handler ran" if _heard(row) else "", "pending" if row["pending"] else ""]
    return ", ".join(word for word in words if word)


def dispositions(answer: Answer[list[Observed]]) -> Table:
    """A plain process: a row a signal, a column a disposition."""
    found = {(row["signal"], row["disposition"]): row for row in answer.data if row["target"] == "process"}

    def cell(how: str) -> Column[str]:
        return Column(how, lambda name: _open(found[name, how], _brief(found[name, how])))

    return Table(answer, [Column("Signal", lambda name: f"SIG{name}"), *map(cell, DISPOSITIONS)], SIGNALS)


def targets(answer: Answer[list[Observed]]) -> Table:
    """Nothing set for the signal: a row a kind of process, a column a signal."""
    found = {(row["target"], row["signal"]): row for row in answer.data if row["disposition"] == "default"}

    def cell(name: str) -> Column[str]:
        return Column(name, lambda target: _open(found[target, name], _fate(found[target, name])))

    return Table(answer, [Column("Process", TITLES.__getitem__), *map(cell, SIGNALS)], list(TARGETS))


def _pressed(row: Pressed) -> str | Link:
    """What a key did to one process; where the shell has a ``$?`` for it, that too, and a link to its decoder."""
    fate, status = _fate(row), row["shell_status"]
    if not row["got_it"]:
        return "not reached" if row["outcome"] == "survived" else f"not reached, {fate}"
    if status is None:
        return f"got it, {fate}"
    return Link(f"got it, {fate} ($?\u00a0{status})", f"#{SHELL_STATUS.anchor}={status:#x}")


def keyboard(answer: Answer[list[Pressed]]) -> Table:
    """Who got what was typed: a row a process, a column a key."""
    pressed = list(dict.fromkeys(row["key"] for row in answer.data))
    rows: dict[tuple[str, str], dict[str, Pressed]] = {}
    for row in answer.data:
        rows.setdefault((row["process"], row["situation"]), {})[row["key"]] = row

    def name(group: dict[str, Pressed]) -> str:
        row = group[pressed[0]]
        return row["process"] + {"jobs": "", "prompt": ", at its prompt"}[row["situation"]]

    def in_front(group: dict[str, Pressed]) -> str:
        return ", ".join(dict.fromkeys(_yes(row["in_foreground_group"]) for row in group.values()))

    def cell(key: str) -> Column[dict[str, Pressed]]:
        return Column(key, lambda group: _pressed(group[key]))

    columns = [Column("Process", name), Column("In the foreground group", in_front), *map(cell, pressed)]
    return Table(answer, columns, list(rows.values()))


def _core(row: Core) -> tuple[str | Link, str]:
    """The wait status, and what it says."""
    word = row["wait_status"]
    return ("not tried", "it would leave a core behind") if word is None else (_hex(word), WAIT.sentence(word))


def core_flag(answer: Answer[list[Core]]) -> Table:
    """SIGQUIT under three core limits."""
    return Table(
        answer,
        [
            Column("Core limit", lambda row: row["limit"]),
            Column("Wait status", lambda row: _core(row)[0], number=True),
            Column("In words", lambda row: _core(row)[1]),
        ],
        caption=f"core_pattern: {answer.data[0]['core_pattern'] or '(empty)'}",
    )


def clean_up(answers: Sequence[Evidence[list[Cleaned]]]) -> Table:
    """Whether clean-up code ran."""
    return Table(
        answers,
        [
            Column("Program", lambda row: row["program"]),
            Column("What it sets", lambda row: row["handling"]),
            Column("Signal", lambda row: f"SIG{row['signal']}"),
            Column("Then", _fate),
            Column("Wait status", lambda row: "" if row["wait_status"] is None else _hex(row["wait_status"]), number=True),
            Column("atexit or EXIT ran", lambda row: _yes(row["atexit_ran"])),
            Column("finally ran", lambda row: _yes(row["finally_ran"])),
        ],
        heads=3,
    )


def shell_says(answers: Sequence[Evidence[list[End]]]) -> Table:
    """One end, told three ways."""

    def status(row: End) -> Link:
        return Link(str(row["shell_status"]), f"#{SHELL_STATUS.anchor}={row['shell_status']:#x}")

    return Table(
        answers,
        [
            Column("The program", lambda row: row["command"]),
            Column("wait(2)", lambda row: _hex(row["wait_status"]), number=True),
            Column("Python's returncode", lambda row: row["returncode"], number=True),
            Column("bash's $?", status, number=True),
        ],
    )


def title(row: Observed) -> str:
    """The outcome in one sentence."""
    if row["outcome"] == "not possible here":
        return "This could not be tried on the machine that made this page."
    if row["wait_status"] is not None:
        return WAIT.sentence(row["wait_status"])
    if row["shell_status"] is not None:
        return f"{_fate(row).capitalize()}; its shell says {row['shell_status']}."
    if row["outcome"] != "survived":
        return f"{_fate(row).capitalize()}."
    return "Survived; the handler ran." if _heard(row) else "Survived; the signal is pending." if row["pending"] else "Survived."


def reason(row: Observed) -> str:
    """Why, where the choice alone does not tell; "" where it does."""
    name, how, target, stands = row["signal"], row["disposition"], row["target"], row["stands"]
    if row["outcome"] == "not possible here":
        return row["why"]
    if row["refused"]:
        text = f"the kernel refused the disposition: {row['refused']}"
    elif stands == "default" and how == "blocked":
        text = "a request to block it is dropped, without an error"
    elif stands == "default" and how != "default":
        text = "bash takes the trap and changes nothing"
    else:
        text = ""
    if target in NAMESPACED and stands == "default" and row["outcome"] == "survived":
        init = "PID 1 of a namespace is sent nothing for which it has no handler"
        return f"{text}; {init}" if text else init
    if text:
        return text
    if (target, name, how) == ("script-waiting", "INT", "default"):
        return "while it waits, bash has a handler of its own: it lets the command decide"
    if target == "interactive-bash" and how == "handled" and row["outcome"] == "died":
        return "readline takes the interrupted read for the end of input: bash exits before the trap runs"
    if target == "interactive-bash" and (name, how, row["outcome"]) == ("HUP", "default", "died"):
        return "bash's own handler passes the signal on to its jobs; then bash ends by it"
    if target == "interactive-bash" and stands == "blocked, ignored" and not row["pending"]:
        return "it was kept at first; readline then set it to ignored once more, and that drops it"
    if how == "default" and "ignored" in stands and target in SHELLS:
        return "bash ignores it by itself"
    if how == "default" and "handled" in stands and target in SHELLS:
        return "bash has a handler of its own"
    if how == "default" and "ignored" in stands:
        return "the shell that started it had it ignored"
    if name == "CONT" and row["outcome"] == "survived":
        return "nothing had stopped it: SIGSTOP from inside is dropped too"
    if name == "CONT" and stands != "default":
        return "SIGCONT continues a stopped process whatever its disposition"
    return ""


def lines(row: Observed) -> list[tuple[str, ...]]:
    """What is known besides :func:`title`: only what says something."""
    told: list[tuple[str, ...]] = []
    held = row["stands"].split(", ") if row["stands"] else []
    masks = {"blocked": ("SigBlk", row["sig_blk"]), "ignored": ("SigIgn", row["sig_ign"]), "handled": ("SigCgt", row["sig_cgt"])}
    for way in held:
        if way in masks:
            name, mask = masks[way]
            told.append(("before the signal:", f"{way} ({name} {mask})", f"#{SIGMASK.anchor}={mask}"))
        else:
            told.append(("before the signal:", way))
    word = row["wait_status"]
    if word is not None:
        told.append(("wait status:", f"{word:#x}", f"#{WAIT.anchor}={word:#x}"))
    status = row["shell_status"]
    if status is None and word is not None and row["outcome"] == "died":
        number = word & 0x7F  # 0: it exited. As Linux has it, on every system
        status = 128 + number if number else word >> 8
    if status is not None:
        told.append(("a shell's $?:", str(status), f"#{SHELL_STATUS.anchor}={status:#x}"))
    if row["atexit_ran"] is not None:
        told.append(("atexit functions:", "ran" if row["atexit_ran"] else "did not run"))
    if row["pending"] and row["outcome"] != "survived":
        told.append(("the signal:", "is pending too"))
    if _heard(row) and row["outcome"] != "survived":
        told.append(("the handler:", "ran"))
    if why := reason(row):
        told.append(("why:", why))
    return told


TONES = {"died": "bad", "survived": "good"}


def table(answer: Answer[list[Observed]]) -> ChoiceTable:
    """Every row of ``outcomes`` as a choice table."""
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

    dimensions = {
        "Signal": {name: f"SIG{name}" for name in SIGNALS},
        "Disposition": {how: how for how in DISPOSITIONS},
        "Process": SHORT,
    }
    outcomes: dict[tuple[str, ...], Outcome] = {
        (row["signal"], row["disposition"], row["target"]): Outcome(title(row), lines(row), TONES.get(row["outcome"], "plain"))
        for row in answer.data
    }
    return ChoiceTable(ANCHOR, dimensions, outcomes, ("TERM", "default", "interactive-bash"))
