"""What each page makes a browser fetch: the budget, the table, and that no replaced file came back."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from syslab.widgets.base import PACKAGE, parts
from tools.sphinx_ext.widgets import bundle, module

from .conftest import HTML, WEIGHTS, Site, Tabs

BUDGET = 90_000  # bytes, gzip
WIDGET_BUDGET = 7_000  # one script, its style sheet in it
MODULE = re.compile(r"rsn/([\w-]+)\.[0-9a-f]{8}\.js")
KINDS = ("html", "css", "js", "widgets", "font", "other")
SUFFIXES = {".html": "html", ".css": "css", ".js": "js", ".woff2": "font"}
REPLACED = re.compile(
    r"pydata-sphinx-theme|bootstrap|font-?awesome|fa-(solid|brands|regular)|mathjax|thebe|require(\.min)?\.js|pygments\.css"
    r"|sphinx-book-theme|mystnb|sphinx-design|copybutton|togglebutton|basic\.css|html-manager|plotly"
    r"|doctools|sphinx_highlight|documentation_options|searchtools|searchindex|language_data",
    re.IGNORECASE,
)
SEARCH_ONLY = re.compile(r"rsn/(search|answers)")


def weight(path: str) -> int:
    """Bytes on the wire: gzip, unless the file is compressed already."""
    data = (HTML / path).read_bytes()
    return len(data) if path.endswith((".woff2", ".png")) else len(gzip.compress(data, 9, mtime=0))


def modules() -> list[str]:
    """The widgets' scripts that the build has written."""
    return sorted(path.relative_to(HTML).as_posix() for path in (HTML / "_static" / "rsn").glob("*.????????.js"))


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, Counter[str]]]:
    """Collects one row a page and writes them to ``_build/weights.txt``, with one line a widget's script below."""
    rows: dict[str, Counter[str]] = {}
    yield rows
    wide = max([4, *map(len, rows)])
    lines = ["page".ljust(wide) + "".join(kind.rjust(9) for kind in (*KINDS, "all", "files"))]
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["all"]):
        lines.append(name.ljust(wide) + "".join(f"{row[kind]:9,}" for kind in (*KINDS, "all", "files")))
    lines += ["", "script".ljust(wide) + "gzip".rjust(9) + "plain".rjust(9)]
    for size, path in sorted(((weight(path), path) for path in modules()), reverse=True):
        lines.append(MODULE.search(path)[1].ljust(wide) + f"{size:9,}{(HTML / path).stat().st_size:9,}")  # type: ignore[index]
    WEIGHTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


def loaded(browse: Tabs, site: Site, name: str) -> list[str]:
    """Paths that the browser asked for, from an empty cache until nothing more comes."""
    page = browse.open(name)
    page.evaluate("document.fonts.ready")
    page.wait_for_load_state("networkidle")
    return [urlsplit(url).path.lstrip("/") for url in browse.requests if url.startswith(site.root)]


def test_weight_and_files(browse: Tabs, site: Site, name: str, table: dict[str, Counter[str]]) -> None:
    paths = loaded(browse, site, name)
    row: Counter[str] = Counter()
    for path in paths:
        kind = "widgets" if MODULE.search(path) else SUFFIXES.get("." + path.rpartition(".")[2], "other")
        row[kind] += weight(path)
    row["all"] = row.total()
    row["files"] = len(paths)
    table[name] = row
    assert all(row[kind] for kind in ("html", "css", "js", "font"))
    assert row["all"] <= BUDGET
    assert [path for path in paths if REPLACED.search(path)] == []
    assert [path for path, times in Counter(paths).items() if times > 1] == []
    assert any(SEARCH_ONLY.search(path) for path in paths) == (name == "search")


@pytest.mark.parametrize("path", modules())
def test_a_widget_is_light(path: str) -> None:
    assert 500 < weight(path) <= WIDGET_BUDGET


def test_pages_load_the_scripts_of_their_widgets_and_no_others(site: Site) -> None:
    """And the build leaves none behind that no page loads."""
    sources = {module(path): path for path in PACKAGE.rglob("*.js")}
    loaded: set[str] = set()
    for page in HTML.rglob("*.html"):
        scripts = re.findall(r'<script src="[./]*_static/(rsn/[\w-]+\.[0-9a-f]{8}\.js)', page.read_text(encoding="utf-8"))
        own = [MODULE.search(path)[1] for path in scripts]  # type: ignore[index]
        needed = {state["module"] for state in site.widgets(page.relative_to(HTML).with_suffix("").as_posix())}
        assert set(own) == {bundle(part) for name in needed for part in parts(sources[name])}, page
        loaded |= {f"_static/{path}" for path in scripts}
    assert loaded == set(modules())
