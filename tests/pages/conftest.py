"""The built book in Chromium: one browser and one loopback server for each test process, both gone when the folder is done.

A test that takes ``name`` runs once for each page of the table of contents and for the search page. ``browse`` opens
tabs and, when the test ends, fails it for whatever a page complained about: errors, failed requests, other hosts.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect, sync_playwright

from tools.chapters import all_chapters
from tools.environment import BUILD
from tools.sphinx_ext.policy import policy
from tools.sphinx_ext.widgets import shrink
from tools.sphinx_ext.widgets import write as write_scripts

HERE = Path(__file__).parent
HTML = BUILD / "html"
WEIGHTS = BUILD / "weights.txt"
HOSTED = "/runnable-systems-notes/"  # the path of html.baseurl in _config.yml
QUIET = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

UNFOLD = "document.querySelectorAll('main details:not(.rsn-menu)').forEach(fold => fold.open = true)"

expect.set_options(timeout=60_000)  # a shared machine may be slow; no test waits this long when it passes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``name``: every page. ``chapter``: the pages that have a source."""
    chapters = [chapter.name for chapter in all_chapters()]
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", [*chapters, "search"])
    if "chapter" in metafunc.fixturenames:
        metafunc.parametrize("chapter", all_chapters(), ids=chapters)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Static files, connections kept open, no log. A page asked for with ``?slow`` comes in pieces."""

    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        """As on the hosted site too, whose 404 page has its addresses from the root of the host."""
        return super().translate_path("/" + path.removeprefix(HOSTED))

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send the file; slowly, so that the browser paints before all of it is there."""
        if not self.path.endswith("?slow"):
            return super().copyfile(source, outputfile)
        while piece := source.read(8192):
            outputfile.write(piece)
            time.sleep(0.02)


class _Server(http.server.ThreadingHTTPServer):
    """A browser opens many connections at once."""

    request_queue_size = 64


@dataclass(frozen=True)
class Site:
    """Where the built pages are."""

    root: str
    folder: Path = HTML

    def url(self, name: str, fragment: str = "") -> str:
        """The address of page ``name``; ``fragment`` with its ``#``, or ``?slow``."""
        return f"{self.root}/{name}.html{fragment}"

    def local(self, name: str) -> str:
        """The same page without a server."""
        return (self.folder / f"{name}.html").as_uri()

    def widgets(self, name: str) -> list[dict[str, Any]]:
        """The states of our own widgets on the page, in the page's order."""
        text = (self.folder / f"{name}.html").read_text(encoding="utf-8")
        scripts = re.findall(r'<script type="application/vnd\.jupyter\.widget-(state|view)\+json">(.*?)</script>', text, re.DOTALL)
        models = {key: model for kind, body in scripts if kind == "state" for key, model in json.loads(body).items()}
        shown = [models.get(json.loads(body)["model_id"]) for kind, body in scripts if kind == "view"]
        return [model["state"] | {"module": model["module"]} for model in shown if model]

    def registers(self, name: str) -> list[dict[str, Any]]:
        """The first layout of each bit field on the page."""
        return [state["layouts"][0] for state in self.widgets(name) if state.get("layouts")]


@dataclass
class Tabs:
    """Opens pages, each with storage of its own, and notes what they complain about."""

    browser: Browser
    site: Site
    contexts: list[Any] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __call__(self, width: int = 1280, height: int = 900, **options: Any) -> Page:
        """An empty tab; ``options`` are those of Playwright's new_context."""
        options = {"reduced_motion": "reduce"} | options  # nothing to wait for
        context = self.browser.new_context(viewport=ViewportSize(width=width, height=height), **options)
        context.set_default_timeout(60_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: self.complaints.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: self.complaints.append(f"page: {e}"))
        # aborted: the page was left before its icon had come
        page.on(
            "requestfailed", lambda r: self.complaints.append(f"{r.failure}: {r.url}") if r.failure != "net::ERR_ABORTED" else None
        )
        page.on("response", lambda r: self.complaints.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
        page.on("request", self._note)
        return page

    def open(self, name: str, fragment: str = "", width: int = 1280, **options: Any) -> Page:
        """Page ``name`` in a new tab, loaded."""
        page = self(width, **options)
        page.goto(self.site.url(name, fragment))
        return page

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((self.site.root, "file:", "data:", "blob:", "about:")):
            self.complaints.append(f"another host: {request.url}")


@contextmanager
def serving() -> Iterator[Site]:
    """The built book behind a loopback server."""
    if not (HTML / "index.html").is_file():
        pytest.fail("the book is not built: run make book")
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(HTML)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """It, for all tests here."""
    with serving() as site:
        yield site


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, headless, its profile in a temporary folder. CI must have it; elsewhere the tests are skipped.

    The shell without toolbars, if it is there: for each tab the whole browser draws a window of its own, which takes twice as long.
    """
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not chromium:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no chromium in PATH (apt.txt lists it)")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*root, *QUIET])
        yield browser
        browser.close()


@pytest.fixture
def browse(browser: Browser, site: Site) -> Iterator[Tabs]:
    """Opens tabs; at the end there must be no complaint left in ``browse.complaints``."""
    tabs = Tabs(browser, site)
    yield tabs
    for context in tabs.contexts:
        context.close()
    assert not tabs.complaints


@pytest.fixture
def standalone(browse: Tabs, tmp_path: Path) -> Callable[..., Page]:
    """Puts widgets on a page of their own, as MyST-NB does, for what no chapter shows yet; opens it without a server."""
    from ipywidgets.embed import embed_data

    def write(*widgets: Any, fragment: str = "", width: int = 1280) -> Page:
        data = embed_data(widgets, drop_defaults=False)
        state = shrink(json.dumps(data["manager_state"]))
        loaded = "".join(f'<script src="{name}"></script>' for name in write_scripts(tmp_path, state.scripts))
        views = "".join(
            f'<div class="cell_output"><script type="application/vnd.jupyter.widget-view+json">{json.dumps(spec)}</script></div>'
            for spec in data["view_specs"]
        )
        assets = HTML / "_static" / "rsn"
        path = tmp_path / "standalone.html"
        path.write_text(
            f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Widgets</title>'
            f'<link rel="stylesheet" href="{(assets / "rsn.css").as_uri()}">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
            f'<script type="application/vnd.jupyter.widget-state+json">{state.text}</script>{loaded}</head>'
            f'<body><main>{state.place(views)}</main><script src="{(assets / "loader.js").as_uri()}"></script></body></html>',
            encoding="utf-8",
        )
        page = browse(width)
        page.goto(path.as_uri() + fragment)
        return page

    return write
