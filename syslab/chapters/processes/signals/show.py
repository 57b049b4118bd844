"""Tables of the chapter on signals, and the choice table of everything that was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syslab.bits.signal_mask import SIGMASK
from syslab.bits.wait_status import SHELL_STATUS, WAIT
from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured

from .cases import DISPOSITIONS, NAMESPACED, SHELLS, SIGNALS, TARGETS, TITLES

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
HELD = {"blocked": "sig_blk", "ignored": "sig_ign", "handled": "sig_cgt"}  # the mask that says so
FATES = {"died": "ended", "not possible here": "not possible"}
Row = dict[str, Any]


def _hex(anchor: str, value: int) -> Link:
    """A number in hex that opens in the decoder with this anchor."""
    return Link(f"{value:#x}", f"#{anchor}={value:#x}")


def _word(value: int | None) -> Any:
    return "" if value is None else _hex(WAIT.anchor, value)


def _shell(value: int | None) -> Any:
    return "" if value is None else Link(str(value), f"#{SHELL_STATUS.anchor}={value:#x}")


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _fate(row: Row) -> str:
    return FATES.get(row["outcome"], str(row["outcome"]))


def _heard(row: Row) -> bool:
    return f"handler SIG{row['signal']}" in row["said"]


def _open(row: Row, text: str) -> Link:
    """``text``, opening the row in the choice table."""
    return Link(text, f"#{ANCHOR}={row['signal']}.{row['disposition']}.{row['target']}")


def _brief(row: Row) -> str:
    """What became of it, in a few words."""
    words = [row["refused"], _fate(row), "handler ran" if _heard(row) else "", "pending" if row["pending"] else ""]
    return ", ".join(word for word in words if word)


def dispositions(answer: Evidence) -> Measured:
    """A plain process: a row a signal, a column a disposition."""
    rows = {name: {r["disposition"]: r for r in answer.data if (r["signal"], r["target"]) == (name, "process")} for name in SIGNALS}

    def cell(how: str) -> Column:
        return Column(how, lambda group: _open(group[how], _brief(group[how])))

    head = Column("Signal", lambda group: f"SIG{group['default']['signal']}")
    return Measured(answer, [head, *map(cell, DISPOSITIONS)], list(rows.values()))


def targets(answer: Evidence) -> Measured:
    """Nothing set for the signal: a row a kind of process, a column a signal."""
    rows = {name: {r["signal"]: r for r in answer.data if (r["target"], r["disposition"]) == (name, "default")} for name in TARGETS}

    def cell(name: str) -> Column:
        return Column(name, lambda group: _open(group[name], _fate(group[name])))

    head = Column("Process", lambda group: TITLES[group["INT"]["target"]])
    return Measured(answer, [head, *map(cell, SIGNALS)], list(rows.values()))


def _pressed(row: Row) -> Any:
    """What a key did to one process; where the shell has a ``$?`` for it, that too, and a link to its decoder."""
    fate, status = _fate(row), row["shell_status"]
    if not row["got_it"]:
        return "not reached" if row["outcome"] == "survived" else f"not reached, {fate}"
    if status is None:
        return f"got it, {fate}"
    return Link(f"got it, {fate} ($?\u00a0{status})", f"#{SHELL_STATUS.anchor}={status:#x}")


def keys(answer: Evidence) -> Measured:
    """Who got what was typed: a row a process, a column a key."""
    pressed = list(dict.fromkeys(row["key"] for row in answer.data))
    rows: dict[tuple[str, str], dict[str, Row]] = {}
    for row in answer.data:
        rows.setdefault((row["process"], row["situation"]), {})[row["key"]] = row

    def name(group: dict[str, Row]) -> str:
        row = group[pressed[0]]
        return str(row["process"]) + {"jobs": "", "prompt": ", at its prompt"}[row["situation"]]

    def in_front(group: dict[str, Row]) -> str:
        return ", ".join(dict.fromkeys(_yes(row["in_foreground_group"]) for row in group.values()))

    def cell(key: str) -> Column:
        return Column(key, lambda group: _pressed(group[key]))

    columns = [Column("Process", name), Column("In the foreground group", in_front), *map(cell, pressed)]
    return Measured(answer, columns, list(rows.values()))


def core(answer: Evidence) -> Measured:
    """SIGQUIT under three core limits."""
    columns = [
        Column("Core limit", "limit"),
        Column("Wait status", lambda row: _word(row["wait_status"]) if row["tried"] else "not tried", number=True),
        Column("In words", lambda row: WAIT.sentence(row["wait_status"]) if row["tried"] else "it would leave a core behind"),
    ]
    return Measured(answer, columns, caption=f"core_pattern: {answer.data[0]['core_pattern'] or '(empty)'}")


def clean_up(answer: Evidence) -> Measured:
    """Whether clean-up code ran."""
    columns = [
        Column("Program", "program"),
        Column("What it sets", "handling"),
        Column("Signal", lambda row: f"SIG{row['signal']}"),
        Column("Then", _fate),
        Column("Wait status", lambda row: _word(row["wait_status"]), number=True),
        Column("atexit or EXIT ran", lambda row: _yes(row["atexit_ran"])),
        Column("finally ran", lambda row: _yes(row["finally_ran"])),
    ]
    return Measured(answer, columns)


def shell_says(answer: Evidence) -> Measured:
    """One end, told three ways."""
    columns = [
        Column("The program", "command"),
        Column("wait(2)", lambda row: _word(row["wait_status"]), number=True),
        Column("Python's returncode", "returncode", number=True),
        Column("bash's $?", lambda row: _shell(row["shell_status"]), number=True),
    ]
    return Measured(answer, columns)


def title(row: Row) -> str:
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


def reason(row: Row) -> str:
    """Why, where the choice alone does not tell; "" where it does."""
    name, how, target, stands = row["signal"], row["disposition"], row["target"], row["stands"]
    if row["outcome"] == "not possible here":
        return str(row["why"])
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


def lines(row: Row) -> list[tuple[str, ...]]:
    """What is known besides :func:`title`: only what says something."""
    told: list[tuple[str, ...]] = []
    held = row["stands"].split(", ") if row["stands"] else []
    for word in held:
        if word in HELD:
            mask = row[HELD[word]]
            told.append(
                ("before the signal:", f"{word} ({'Sig' + HELD[word][4:].capitalize()} {mask})", f"#{SIGMASK.anchor}={mask}")
            )
        else:
            told.append(("before the signal:", word))
    word = row["wait_status"]
    if word is not None:
        told.append(("wait status:", f"{word:#x}", f"#{WAIT.anchor}={word:#x}"))
    status = row["shell_status"]
    if status is None and row["outcome"] == "died":
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


def table(answer: Evidence) -> ChoiceTable:
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
