"""Every cell of every page runs, from records: what make check knows of pages before anything is asked or built."""

from __future__ import annotations

import ast
import os
from typing import Any

import pytest

from tools.chapters import Chapter, all_chapters


@pytest.mark.skipif(os.environ.get("SYSLAB_EVIDENCE") != "record", reason="nbval runs them, live")
@pytest.mark.parametrize("chapter", [one for one in all_chapters() if one.runs], ids=lambda one: one.name)
def test_its_cells_run_and_what_they_end_with_can_be_shown(chapter: Chapter) -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    for cell in chapter.cells:
        body = ast.parse(cell).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), chapter.name, "exec"), space)
        if last:
            value = eval(ast.unparse(last), space)
            assert value._repr_html_() if hasattr(value, "_repr_html_") else repr(value)
