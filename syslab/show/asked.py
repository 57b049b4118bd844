"""The fold "How it was asked": the experiment's own code, under its answer.

The question comes first, then what it uses of its own file, found from the syntax tree, in the file's order. What it
imports is a name to look up: the reader sees from where.
"""

from __future__ import annotations

import ast
import html
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from syslab.evidence import Evidence, Experiment
from syslab.evidence.line import provenance_html

from .others import Others
from .template import filled

TITLE = "How it was asked"
COLOURED = frozenset(
    [
        "k",
        "kn",
        "kc",
        "ow",
        "s",
        "s1",
        "s2",
        "sa",
        "sb",
        "sd",
        "se",
        "si",
        "mi",
        "mf",
        "mh",
        "mb",
        "mo",
        "c1",
        "nf",
        "nc",
        "nd",
        "nb",
    ]
)
"""Pygments' classes that the book has a colour for. The others would only make the page heavier."""


def _names(node: ast.stmt) -> list[str]:
    """What a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


@cache
def _parts(file: Path) -> tuple[list[str], list[ast.stmt], dict[str, ast.stmt]]:
    """A module's lines, its statements, and the one behind each name that it defines."""
    text = file.read_text(encoding="utf-8")
    body = ast.parse(text).body
    return text.splitlines(), body, {name: node for node in body for name in _names(node)}


def _lines(lines: list[str], body: list[ast.stmt], node: ast.stmt) -> str:
    """A statement's source: decorators, and the text behind a constant that says what it is."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    behind = body[body.index(node) + 1 :][:1]
    told = not isinstance(node, ast.FunctionDef | ast.ClassDef) and behind and isinstance(behind[0], ast.Expr)
    last = (behind[0] if told else node).end_lineno
    return "\n".join(lines[first - 1 : last])


@cache
def source(experiment: Experiment[Any]) -> str:
    """The question's code, then what it uses of its own file. RuntimeError if it is not defined at the top of its file."""
    lines, body, named = _parts(Path(experiment.function.__code__.co_filename))
    question = named.get(experiment.function.__name__)
    if question is None:
        raise RuntimeError(f"{experiment.name} is not defined at the top of its file, so its code cannot be shown")
    todo, found = [question], {question}
    while todo:
        used = {named[n.id] for n in ast.walk(todo.pop()) if isinstance(n, ast.Name) and n.id in named} - found
        found |= used
        todo += used
    order = [question, *(node for node in body if node in found and node is not question)]
    text = _lines(lines, body, question)
    for before, node in pairwise(order):
        big = isinstance(node, ast.FunctionDef | ast.ClassDef) or isinstance(before, ast.FunctionDef | ast.ClassDef)
        text += ("\n\n\n" if big else "\n") + _lines(lines, body, node)
    return text


def coloured(text: str) -> str:
    """Python as HTML with Pygments' class names, neighbours of one class in one element; plain where there is no Pygments."""
    try:
        from pygments.lexers.python import PythonLexer
        from pygments.token import STANDARD_TYPES
    except ImportError:
        return html.escape(text, quote=False)
    runs: list[tuple[str, str]] = []
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = STANDARD_TYPES.get(kind, "")
        name = name if name in COLOURED else ""
        if runs and (runs[-1][0] == name or value.isspace()):
            name, value = runs[-1][0], runs.pop()[1] + value
        runs.append((name, value))
    escaped = [(name, html.escape(value, quote=False)) for name, value in runs]
    return "".join(f'<span class="{name}">{value}</span>' if name else value for name, value in escaped)


@cache
def _fold(experiment: Experiment[Any], title: str) -> str:
    from markupsafe import Markup

    where = experiment.function.__module__.replace(".", "/") + ".py"
    return filled("asked.html", title=title, name=experiment.name, code=Markup(coloured(source(experiment))), where=where)


def under(answers: Sequence[Evidence[Any]], others: Sequence[Others] = (), beside: bool = False) -> str:
    """What stands under measured rows, as HTML: a provenance line an answer, other machines, the code of each question."""
    from markupsafe import Markup

    asked = list(dict.fromkeys(one.experiment for one in answers if one.experiment))
    folds = [_fold(one, TITLE if len(asked) == 1 else f"{TITLE}: {one.function.__name__}") for one in asked]
    said = " ".join(line for other in others for line in other.told(beside))
    told = [f'<p class="elsewhere">{html.escape(said)}</p>'] if said else []
    return Markup("".join([*(provenance_html(one.provenance) for one in answers), *told, *folds]))
