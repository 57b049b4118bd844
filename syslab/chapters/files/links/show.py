"""Tables of the chapter on links, and its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Measured

from .ask import STORIES

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from .widget import LinkGraph

Row = dict[str, Any]
ANCHOR = "links"
OK = "done"


def _result(row: Row) -> str:
    return "not tried" if row["result"] is None else row["result"] or OK


def _title(story: str) -> str:
    return story[0].upper() + story[1:]


def _links(count: int) -> str:
    return f"{count} link" if count == 1 else f"{count} links"


def _name(path: str) -> Any:
    def cell(row: Row) -> str:
        for found, number, kind, links, target, reads in row["names"]:
            if found == path:
                if kind == "directory":
                    return str(kind)
                holds = f" “{target}” → {reads}" if kind == "symlink" else ""
                return (
                    f"{kind} {number}, {_links(links)}"
                    if kind == "file"
                    else kind + holds + (f", {links} links" if links > 1 else "")
                )
        return ""

    return cell


def _file(descriptor: int) -> Any:
    def cell(row: Row) -> str:
        return next((f"file {n}, {_links(links)}: {text}" for fd, n, links, text in row["files"] if fd == descriptor), "")

    return cell


def story(answer: Evidence, title: str) -> Measured:
    """One of the stories, a line a call. KeyError for a title that is none."""
    calls = STORIES[title].split(".")
    rows = [row for row in answer.data if row["story"] == title]
    reached = {row["step"]: ".".join(calls[: i + 1]) for i, row in enumerate(rows)}
    paths = sorted({name[0] for row in rows for name in row["names"]})
    files = sorted({file[0] for row in rows for file in row["files"]})
    columns = [
        Column("Call", lambda row: Link(row["call"], f"#{ANCHOR}={reached[row['step']]}")),
        Column("Result", _result),
        *(Column(path, _name(path)) for path in paths),
        *(Column(f"fd {fd}", _file(fd)) for fd in files),
    ]
    return Measured(answer, columns, rows, caption=_title(title))


def refusals(answer: Evidence) -> Measured:
    """Every refused call of the stories, and the story it is from."""
    rows = [row for row in answer.data if row["result"]]
    return Measured(answer, [Column("Story", "story"), Column("Call", "call"), Column("Error", "result")], rows)


def sizes(answer: Evidence) -> Measured:
    """Symlinks and what lstat says of their size."""

    def target(row: Row) -> str:
        return row["target"] if len(row["target"]) < 20 else f"{row['target'][0]} × {row['characters']}"

    columns = [
        Column("The symlink holds", target),
        Column("Characters", "characters", number=True),
        Column("Bytes", "bytes", number=True),
        Column("st_size", "size", number=True),
        Column("Followed", "file"),
    ]
    return Measured(answer, columns)


def across(answer: Evidence) -> Measured:
    """Three calls from one file system to another."""
    columns = [
        Column("Call", "call"),
        Column("From", "from"),
        Column("To", "to"),
        Column("Result", lambda row: "not tried: one file system" if row["result"] is None else _result(row)),
        Column("The new name reads", lambda row: row["reads"] or ""),
    ]
    return Measured(answer, columns)


def without_name(answer: Evidence) -> Measured:
    """An open file without a name, step by step."""

    def maybe(key: str) -> Any:
        return lambda row: "" if row[key] is None else row[key]

    columns = [
        Column("The file is", "what"),
        Column("Result", _result),
        Column("Links", maybe("links"), number=True),
        Column("Reads", maybe("reads")),
        Column("/proc/self/fd says", maybe("proc")),
    ]
    return Measured(answer, columns)


def directory_counts(answer: Evidence) -> Measured:
    """Link counts of a directory that is filled."""
    heads = ("empty", "a file", "and a directory", "and another directory")
    columns = [Column("In", "place"), Column("File system", "file_system"), *(Column(head, head, number=True) for head in heads)]
    return Measured(answer, columns)


def protections(answer: Evidence) -> Measured:
    """Under the settings of the machine that answered."""
    columns = [
        Column("fs.", "rule"),
        Column("is", lambda row: "unknown" if row["setting"] is None else row["setting"], number=True),
        Column("Somebody links to, or follows", "what"),
        Column("Who", "who"),
        Column("Result", lambda row: "not tried: takes root" if row["result"] is None else _result(row)),
    ]
    return Measured(answer, columns)


def switched(answer: Evidence) -> Measured:
    """The same with each rule off and on, one line a case."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in answer.data:
        line = found.setdefault((row["rule"], row["what"], row["who"]), {key: row[key] for key in ("rule", "what", "who")})
        line[str(row["setting"])] = _result(row)
    columns = [
        Column("fs.", "rule"),
        Column("Somebody links to, or follows", "what"),
        Column("Who", "who"),
        Column("Off", "0"),
        Column("On", "1"),
    ]
    return Measured(answer, columns, list(found.values()))


def graph() -> LinkGraph:
    """Names, inodes and open files, with the stories."""
    from .widget import LinkGraph

    return LinkGraph(ANCHOR, {_title(title): calls for title, calls in STORIES.items()})
