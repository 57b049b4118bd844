"""Tables of the chapter on links, and its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from syslab.evidence import Answer, Evidence
from syslab.show.table import Column, Link, Table

from .ask import STORIES, Across, Counts, Size, StoryStep, Unnamed
from .model import FILE
from .protection import Outcome
from .state import Name, files, names

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import LinkGraph

ANCHOR = "links"
OK = "done"


def _result(result: str | None) -> str:
    return "not tried" if result is None else result or OK


def _title(story: str) -> str:
    return story[0].upper() + story[1:]


def links_of(count: int) -> str:
    """``1 link``, ``2 links``."""
    return f"{count} link" if count == 1 else f"{count} links"


def _inode(name: Name) -> str:
    if name.links is None:
        return name.kind
    if name.kind == FILE:
        return f"{name.kind} {name.number}, {links_of(name.links)}"
    return f"{name.kind} “{name.target}” → {name.reads}" + (f", {links_of(name.links)}" if name.links > 1 else "")


def _name(path: str) -> Callable[[StoryStep], str]:
    return lambda row: next((_inode(name) for name in names(row) if name.path == path), "")


def _file(descriptor: int) -> Callable[[StoryStep], str]:
    def cell(row: StoryStep) -> str:
        return next((f"file {n}, {links_of(links)}: {text}" for fd, n, links, text in files(row) if fd == descriptor), "")

    return cell


def story(answer: Answer[list[StoryStep]], title: str) -> Table:
    """One of the stories, a line a call. KeyError for a title that is none."""
    calls = STORIES[title].split(".")
    rows = [row for row in answer.data if row["story"] == title]
    reached = {row["step"]: ".".join(calls[: i + 1]) for i, row in enumerate(rows)}
    paths = sorted({name.path for row in rows for name in names(row)})
    descriptors = sorted({file.descriptor for row in rows for file in files(row)})
    columns: list[Column[StoryStep]] = [
        Column("Call", lambda row: Link(row["call"], f"#{ANCHOR}={reached[row['step']]}")),
        Column("Result", lambda row: _result(row["result"])),
        *(Column(path, _name(path)) for path in paths),
        *(Column(f"fd {fd}", _file(fd)) for fd in descriptors),
    ]
    return Table(answer, columns, rows, caption=_title(title))


def refusals(answer: Answer[list[StoryStep]]) -> Table:
    """Every refused call of the stories, and the story it is from."""
    columns: list[Column[StoryStep]] = [
        Column("Story", lambda row: row["story"]),
        Column("Call", lambda row: row["call"]),
        Column("Error", lambda row: row["result"]),
    ]
    return Table(
        answer,
        columns,
        [row for row in answer.data if row["result"]],
        heads=2,
    )


def sizes(answers: Sequence[Evidence[list[Size]]]) -> Table:
    """Symlinks and what lstat says of their size."""

    def target(row: Size) -> str:
        return row["target"] if len(row["target"]) < 20 else f"{row['target'][0]} × {row['characters']}"

    return Table(
        answers,
        [
            Column("The symlink holds", target),
            Column("Characters", lambda row: row["characters"], number=True),
            Column("Bytes", lambda row: row["bytes"], number=True),
            Column("st_size", lambda row: row["size"], number=True),
            Column("Followed", lambda row: row["file"]),
        ],
    )


def across(answers: Sequence[Evidence[list[Across]]]) -> Table:
    """Three calls from one file system to another."""
    return Table(
        answers,
        [
            Column("Call", lambda row: row["call"]),
            Column("From", lambda row: row["from"]),
            Column("To", lambda row: row["to"]),
            Column("Result", lambda row: "not tried: one file system" if row["result"] is None else _result(row["result"])),
            Column("The new name reads", lambda row: row["reads"] or ""),
        ],
    )


def without_name(answers: Sequence[Evidence[list[Unnamed]]]) -> Table:
    """An open file without a name, step by step."""
    return Table(
        answers,
        [
            Column("The file is", lambda row: row["what"]),
            Column("Result", lambda row: _result(row["result"])),
            Column("Links", lambda row: "" if row["links"] is None else row["links"], number=True),
            Column("Reads", lambda row: row["reads"] or ""),
            Column("/proc/self/fd says", lambda row: row["proc"] or ""),
        ],
    )


def directory_counts(answers: Sequence[Evidence[list[Counts]]]) -> Table:
    """Link counts of a directory that is filled."""
    return Table(
        answers,
        [
            Column("In", lambda row: row["place"]),
            Column("File system", lambda row: row["file_system"]),
            Column("empty", lambda row: row["empty"], number=True),
            Column("a file", lambda row: row["a file"], number=True),
            Column("and a directory", lambda row: row["and a directory"], number=True),
            Column("and another directory", lambda row: row["and another directory"], number=True),
        ],
    )


def protections(answers: Sequence[Evidence[list[Outcome]]]) -> Table:
    """Under the settings of the machine that answered."""
    return Table(
        answers,
        [
            Column("fs.", lambda row: row["rule"]),
            Column("is", lambda row: "unknown" if row["setting"] is None else row["setting"], number=True),
            Column("Links to, or follows", lambda row: row["what"]),
            Column("Who", lambda row: row["who"]),
            Column("Result", lambda row: "not tried: takes root" if row["result"] is None else _result(row["result"])),
        ],
        heads=4,
    )


class Case(NamedTuple):
    """Who does what, and which rule of the kernel's is about it."""

    rule: str
    what: str
    who: str


def protections_switched(answer: Answer[list[Outcome]]) -> Table:
    """The same with each rule off and on, one line a case."""
    results = {(Case(row["rule"], row["what"], row["who"]), row["setting"]): _result(row["result"]) for row in answer.data}
    columns: list[Column[Case]] = [
        Column("fs.", lambda case: case.rule),
        Column("Links to, or follows", lambda case: case.what),
        Column("Who", lambda case: case.who),
        Column("Off", lambda case: results[case, 0]),
        Column("On", lambda case: results[case, 1]),
    ]
    return Table(
        answer,
        columns,
        list(dict.fromkeys(case for case, _ in results)),
        heads=3,
    )


def protected(own: Answer[list[Outcome]], switched: Answer[list[Outcome]]) -> Table:
    """Both: under a machine's own settings, and with each rule off and on."""
    results = {(Case(row["rule"], row["what"], row["who"]), row["setting"]): _result(row["result"]) for row in switched.data}

    def of(value: int) -> Callable[[Outcome], str]:
        return lambda row: results[Case(row["rule"], row["what"], row["who"]), value]

    columns: list[Column[Outcome]] = [
        Column("fs.", lambda row: row["rule"]),
        Column("Links to, or follows", lambda row: row["what"]),
        Column("Who", lambda row: row["who"]),
        Column("is", lambda row: "unknown" if row["setting"] is None else row["setting"], number=True),
        Column("Result", lambda row: "not tried: takes root" if row["result"] is None else _result(row["result"])),
        Column("Off", of(0)),
        Column("On", of(1)),
    ]
    return Table([own, switched], columns, own.data)


def graph() -> LinkGraph:
    """Names, inodes and open files, with the stories."""
    from .widget import LinkGraph

    return LinkGraph(ANCHOR, {_title(title): calls for title, calls in STORIES.items()})
