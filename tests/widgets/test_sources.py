"""The widgets' sources: what their comments say of traits is true, and they are whole as anywidget and as a page gets them."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import anywidget
import pytest

from syslab.widgets.base import FOLDER, PACKAGE, parts, script, source, style
from tools.sphinx_ext.widgets import classic, files, module, short

SHARED = {FOLDER / "frame.js", FOLDER / "layouts.js"}
SOURCES = sorted({*FOLDER.glob("*.js"), *PACKAGE.glob("chapters/*/*/widget.js")} - SHARED)
TRAITS = re.compile(r"/\*\*\n \* @typedef \{object\} Traits\n(.*?) \*/", re.DOTALL)


def widget_class(path: Path) -> type[anywidget.AnyWidget]:
    """The widget whose script this is."""
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    found = [c for c in vars(importlib.import_module(name)).values() if isinstance(c, type) and c.__module__ == name]
    (widget,) = [c for c in found if issubclass(c, anywidget.AnyWidget)]
    return widget


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_the_comments_name_the_traits_that_python_sends(path: Path) -> None:
    own_parts = [part for part in parts(path) if part == path or part.parent == path.parent != FOLDER]
    told = TRAITS.search("".join(part.read_text(encoding="utf-8") for part in own_parts))
    assert told, "tsc checks each use of a trait against this comment"
    named = re.findall(r"^ \* @property \{.*\} (\w+)", told[1], re.MULTILINE)
    own = {name for name in widget_class(path).class_own_traits(sync=True) if not name.startswith("_")}
    assert sorted(named) == sorted(own)


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_each_begins_with_what_it_draws(path: Path) -> None:
    assert re.match(r"/\*\*\n? \*? ?[A-Z][^@]{40,}", path.read_text(encoding="utf-8"))
    assert re.match(r"/\* [A-Z][^*]{20,} \*/\n", path.with_suffix(".css").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_anywidget_gets_one_text_that_says_where_it_is_from(path: Path) -> None:
    widget = widget_class(path)
    text = str(widget._esm)
    assert source(text) == path
    assert text.count("export default { render };") == 1 and not re.search(r"^import\b", text, re.MULTILINE)
    for part in parts(path):
        assert part.read_text(encoding="utf-8")[:60] in text
    assert str(widget._css).startswith("/* Shared by all widgets")


def test_what_a_script_imports_comes_before_it() -> None:
    assert parts(FOLDER / "bit_field.js") == (FOLDER / "frame.js", FOLDER / "layouts.js", FOLDER / "bit_field.js")
    assert parts(FOLDER / "quiz.js") == (FOLDER / "frame.js", FOLDER / "quiz.js")
    assert script("quiz").index("export default") > script("quiz").index("function element(")
    assert style("quiz").index(".qz") > style("quiz").index(".rsn-w")
    assert source("// anything else\n") is None


@pytest.mark.parametrize("path", [*sorted(SHARED), *SOURCES], ids=module)
def test_a_page_gets_no_comment_and_less_than_two_thirds(path: Path) -> None:
    both = path.read_text(encoding="utf-8")
    if path.with_suffix(".css").is_file():
        both += path.with_suffix(".css").read_text(encoding="utf-8")
    assert len(classic(path)) < len(both) * 2 / 3
    assert "@param" not in classic(path) and "/*" not in classic(path)


@pytest.mark.parametrize("path", SOURCES, ids=module)
def test_the_files_of_a_page_run_one_behind_the_other(path: Path, tmp_path: Path) -> None:
    """Two scripts in one file must not become a call of the first with the second."""
    node = shutil.which("node")
    if not node:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no node in PATH (apt.txt lists it)")
    whole = ";\n".join(files(list(parts(path))).values())
    page = tmp_path / "page.js"
    browser = "globalThis.history = {}; globalThis.addEventListener = () => {};"
    page.write_text(f"{browser}\n{whole};\nprocess.stdout.write(typeof rsn[{json.dumps(module(path))}].render)\n", encoding="utf-8")
    ran = subprocess.run([node, page], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr) == ("function", "")


def test_shortening_keeps_the_order_of_what_depends_on_one_another() -> None:
    """A version of the minifier moved a destructuring to the front."""
    whole = "(() => { const first = 1; const second = 2; const { third, fourth } = third_of({ first, second }); return third; })()"
    found = short(whole, "js")
    assert found.index("=1") < found.index("=2") < found.index("third_of")
    assert "third:" in found, "and it does shorten names"
