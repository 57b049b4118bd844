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
    for cell in Chapter(name).cells:
        if cell.startswith("def "):
            defined: list[ast.stmt] = [one for one in ast.parse(cell).body if isinstance(one, ast.FunctionDef)]
            exec(compile(ast.Module(defined, []), name, "exec"), space)
    return space


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
