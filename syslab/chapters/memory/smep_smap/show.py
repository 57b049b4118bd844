"""Tables of the chapter on SMEP and SMAP, the matrix of everything measured, and the story of the confused deputy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.bits.page_fault import PFEC
from syslab.evidence import Evidence
from syslab.evidence.witnesses import called
from syslab.questions.access_matrix import predict
from syslab.show.heat import Heat, Said
from syslab.show.table import Column, Table

from .ask import ACCESSES, PAGES, Access, Answered, Case, Pointer, Told, case_of

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.questions.access_matrix import Tried
    from syslab.widgets import ChoiceTable, Stepper

ANCHOR, STORY = "smap", "deputy"
SWITCHES = ("smep", "smap", "ac", "wp", "xd")
TITLES = {"smep": "CR4.SMEP", "smap": "CR4.SMAP", "ac": "RFLAGS.AC", "wp": "CR0.WP", "xd": "XD of the page"}
Answers = Sequence[Evidence[list[Answered]]]
Rule = Callable[[str, Case], object]


def _text(value: int | str | None) -> str:
    return "allowed" if value is None else value if isinstance(value, str) else f"#PF {value:#x}"


def _who(case: Case) -> str:
    return "user" if case.user_mode else "kernel"


def _key(case: Case, access: str) -> tuple[str, ...]:
    return (_who(case), access, case.page, *(str(int(getattr(case, switch))) for switch in SWITCHES))


def _name(answer: Evidence[object]) -> str:
    words = called(answer.provenance.witness)
    return "QEMU's CPU (TCG)" if words == "TCG" else words


def _in_corner(row: Answered) -> bool:
    return (row["user_mode"], row["page"], row["xd"], row["wp"]) == (False, "uw", False, True)


def _corner(answer: Evidence[list[Answered]]) -> list[Answered]:
    return [row for row in answer.data if _in_corner(row)]


TINTS = {"allowed": "the access is made", "#PF": "a page fault, with its error code", "other": "another answer"}
"""Kinds of outcome in the matrix: the first has no tint."""


def _linked(access: Access) -> Column[Answered]:
    """What ``access`` came to; it opens the choices."""

    def cell(row: Answered) -> Heat:
        value = row[access]
        kind = "allowed" if value is None else "other" if isinstance(value, str) else "#PF"
        return Heat(Said(_text(value), kind, f"#{ANCHOR}={'.'.join(_key(case_of(row), access))}"))

    return Column(access, cell)


def matrix(answers: Evidence[list[Answered]] | Answers) -> Table:
    """The corner that the names are about: kernel mode on a writable user page, with WP and without XD. All is in :func:`choices`."""
    return Table(
        answers,
        [*map(_linked, ACCESSES)],
        _corner,
        keys=[
            Column("SMEP", lambda row: int(row["smep"]), number=True),
            Column("SMAP", lambda row: int(row["smap"]), number=True),
            Column("AC", lambda row: int(row["ac"]), number=True),
        ],
        fold=True,
        tints=TINTS,
    )


class Group(NamedTuple):
    """Accesses of which model and machine say the same two things: how many they are, by witness, and one of the cases."""

    who: str
    access: str
    model: str
    machine: str
    counts: dict[str, int]
    example: str = ""


def _count(name: str) -> Column[Group]:
    return Column(name, lambda row: row.counts[name], number=True)


def score(answers: Answers, code: Callable[[str, Case], int], *rules: Rule) -> Table:
    """A model against all that was measured: how often they agree, and where they do not, by what each says.

    The access is forbidden, with ``code``, if any of ``rules`` says so; each is called with the access and the case.
    """
    names = [_name(answer) for answer in answers]
    agree = Group("they agree", "", "", "", dict.fromkeys(names, 0))
    groups: dict[tuple[str, str, str, str], Group] = {}
    for name, answer in zip(names, answers, strict=True):
        for row in answer.data:
            case = case_of(row)
            for access in ACCESSES:
                says = code(access, case) if any(rule(access, case) for rule in rules) else None
                if says == row[access]:
                    agree.counts[name] += 1
                    continue
                key = (_who(case), access, _text(says).replace(" ", "\u00a0"), _text(row[access]).replace(" ", "\u00a0"))
                groups.setdefault(key, Group(*key, dict.fromkeys(names, 0), str(case))).counts[name] += 1
    columns: list[Column[Group]] = [
        Column("Mode", lambda row: row.who),
        Column("Access", lambda row: row.access),
        Column("Model", lambda row: row.model),
        Column("Machine", lambda row: row.machine),
        *map(_count, names),
        Column("For example", lambda row: row.example),
    ]
    if not groups:
        columns = [Column("Model and machine", lambda row: row.who), *map(_count, names)]
    caption = "Rules: " + ", ".join(getattr(rule, "__name__", "?") for rule in rules)
    return Table(
        answers,
        columns,
        [agree, *groups.values()],
        caption,
        heads=2,
    )


AC_CONDITIONS = (
    "user, SMAP, AC=0",
    "user, SMAP, AC=1 by popf",
    "user, SMAP, AC=1 by stac",
    "user, read-only, SMAP, AC=1",
    "user, SMEP, AC=1",
)


def overrides(answers: Sequence[Evidence[list[Tried]]]) -> Table:
    """What AC suspends in kernel mode, and by which instruction it was set, on each witness: read, write, fetch."""

    def column(answer: Evidence[list[Tried]]) -> Column[str]:
        kernel = [row for row in answer.data if row["mode"] == "kernel"]
        found = {
            (row["condition"], row["access"]): row["result"].partition(" (")[0] if row["tried"] else row["result"] for row in kernel
        }

        def text(condition: str) -> str:
            three = [found.get((condition, access), "not asked") for access in ACCESSES]
            return three[0] if len(set(three)) == 1 else ", ".join(three)

        return Column(_name(answer), text)

    columns = [Column[str]("Page and switches", lambda condition: condition), *map(column, answers)]
    return Table(answers, columns, AC_CONDITIONS, "Kernel mode: read, write, fetch")


def in_user_mode(answers: Sequence[Evidence[list[Told]]]) -> Table:
    """What a program got for stac, clac, and an AC of its own."""
    return Table(
        answers,
        [
            Column("In user mode", lambda row: row["does"]),
            Column("Exception", lambda row: row["exception"]),
            Column("Signal", lambda row: row["signal"]),
            Column("AC read back", lambda row: {None: "", True: "set", False: "clear"}[row["sticks"]]),
        ],
    )


def bad_pointers(answers: Sequence[Evidence[list[Pointer]]]) -> Table:
    """The same pointer read by the program, and by the kernel for it."""
    return Table(
        answers,
        [
            Column("Pointer to", lambda row: row["pointer"]),
            Column("The program reads it", lambda row: row["program"]),
            Column("write(2) reads it", lambda row: row["write"]),
        ],
    )


def choices(answers: Answers) -> ChoiceTable:
    """Every combination, with what each witness answered and what the manuals say."""
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

    measured: dict[tuple[str, ...], dict[str, int | str | None]] = {}
    manuals: dict[tuple[str, ...], int | None] = {}
    for answer in answers:
        for row in answer.data:
            case = case_of(row)
            for access in ACCESSES:
                key = _key(case, access)
                measured.setdefault(key, {})[_name(answer)] = row[access]
                manuals[key] = predict(case.request(access)).error_code
    outcomes = {}
    for key, found in measured.items():
        value = manuals[key]
        lines = [
            (f"{_name(answer)}:", _text(found[_name(answer)]) if _name(answer) in found else "not asked, its CPU lacks a switch")
            for answer in answers
        ]
        if any(given != value for given in found.values()):
            lines.append(("the manuals say:", f"{_text(value)}. They differ."))
        title = "Allowed." if value is None else f"#PF {value:#x}: {PFEC.sentence(value)}"
        outcomes[key] = Outcome(title, lines, "good" if value is None else "bad")
    dimensions: dict[str, dict[str, str]] = {
        "Who": {"kernel": "kernel mode", "user": "user mode"},
        "Access": {access: access for access in ACCESSES},
        "Page": {name: words for name, (words, _) in PAGES.items()},
        **{TITLES[switch]: {"0": "0", "1": "1"} for switch in SWITCHES},
    }
    return ChoiceTable(ANCHOR, dimensions, outcomes, ("kernel", "read", "uw", "1", "1", "0", "1", "0"))


def deputy(answers: Answers) -> Stepper:
    """How a kernel is tricked into using a user page, and what stops it. The CPU's answers are the measured ones."""
    from syslab.widgets import Stepper

    from .deputy import LANES, steps

    measured = {(case_of(row), access): _text(row[access]) for row in answers[0].data for access in ACCESSES}

    def cpu(access: Access, case: Case) -> str:
        return f"Supervisor {access} from a user page: `{measured.get((case, access), 'not measured')}`."

    return Stepper(STORY, LANES, steps(cpu))
