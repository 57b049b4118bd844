"""A chapter's cells: run in order, and the functions that they define, to be tested as a reader gets them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tools.chapters import Chapter


def functions(name: str) -> dict[str, Any]:
    """Name -> function, for the cells of chapter ``name`` that begin with one: all that such a cell defines."""
    space: dict[str, Any] = {}
    exec(compile(ast.Module([*definitions(name)], []), name, "exec"), space)
    return space


def definitions(name: str) -> list[ast.FunctionDef]:
    """The same, as they are written there."""
    bodies = [ast.parse(cell).body for cell in Chapter(name).cells if cell.startswith("def ")]
    return [one for body in bodies for one in body if isinstance(one, ast.FunctionDef)]


def run(chapter: Chapter) -> Iterator[Callable[[], Any]]:
    """For each cell, what runs it: it returns what the cell ends with, or None. In one space, so in order."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in chapter.cells:
        yield partial(_run, chapter.name, cell, space)


def _run(name: str, cell: str, space: dict[str, Any]) -> Any:
    body = ast.parse(cell).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), name, "exec"), space)
    return eval(ast.unparse(last), space) if last else None
