"""The Content Security Policy: on every page, and it holds: no eval, no script that the page was not built with, no other host."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from syslab.widgets.base import PACKAGE, source
from tools.sphinx_ext.policy import policy

from .conftest import HTML, Site, Tabs

PAGES = sorted(path for path in HTML.rglob("*.html") if "_static" not in path.parts)
TRIED = """foreign => new Promise(done => {
  const found = {};
  document.addEventListener("securitypolicyviolation", e => { (found[e.effectiveDirective] ??= []).push(e.blockedURI); });
  // as the page's own code would: Chromium lets a debugger's evaluate() do more
  setTimeout(async () => {
    for (const [name, act] of Object.entries({
      eval: () => eval("1"), Function: () => new Function("return 1")(), text: () => setTimeout("window.ran = 1"),
    })) try { act(); found[name] = "ran"; } catch (error) { found[name] = error.name; }
    const script = document.createElement("script");
    script.textContent = "window.ran = 1";
    document.head.append(script);
    try { await fetch(foreign); found.fetch = "sent"; } catch (error) { found.fetch = error.name; }
    const image = new Image();
    image.src = foreign + "/x.png";
    document.body.append(Object.assign(document.createElement("iframe"), { src: foreign }));
    setTimeout(() => done({ ...found, ran: window.ran ?? null }), 500);
  });
})"""


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_every_page_has_it_before_anything_that_runs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    metas = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert metas == [policy()]
    assert text.index("Content-Security-Policy") < re.search(r"<(script|link|style)\b", text).start()  # type: ignore[union-attr]
    assert "unsafe-eval" not in metas[0] and "unsafe-inline" not in re.search(r"script-src([^;]*)", metas[0])[1]  # type: ignore[index]
    assert not re.search(r"\b(https?|wss?):", metas[0])
    assert not re.search(r"<[a-z][^>]*\son[a-z]+=", text), "no handler in an attribute"


@pytest.fixture
def foreign() -> Iterator[tuple[str, list[str]]]:
    """Another origin, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("place", ("http", "file"))
def test_it_holds(browse: Tabs, site: Site, place: str, foreign: tuple[str, list[str]]) -> None:
    host, asked = foreign
    page = browse()
    name = "memory/page-fault-error-code"
    page.goto(site.url(name) if place == "http" else site.local(name))
    expect(page.locator(".bf").first).to_be_visible()
    assert browse.complaints == []
    found = page.evaluate(TRIED, host)
    assert (found["eval"], found["Function"], found["fetch"]) == ("EvalError", "EvalError", "TypeError")
    assert found["ran"] is None, "no text became a script"
    assert "inline" in found["script-src-elem"]
    assert {"connect-src", "img-src", "frame-src"} <= set(found)
    browse.complaints.clear()  # each of these was refused aloud
    assert asked == []
    blank = browse()
    blank.goto(host)  # which would have answered
    assert asked[0] == "/"
    blank.close()  # before its server: a connection that breaks would be a complaint
    browse.complaints.clear()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("chapters/*/*/widget.py")), ids=lambda p: p.parent.name)
def test_jupyterlab_gets_a_module_that_loads(browse: Tabs, path: Path) -> None:
    """All that a widget imports, in one text, has no name twice."""
    from syslab.widgets.base import script

    text = script(str(path))
    assert source(text) == path.with_suffix(".js")
    page = browse()
    page.goto("about:blank")
    load = "text => import(URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))).then(m => typeof m.default.render)"
    assert page.evaluate(load, text) == "function"
