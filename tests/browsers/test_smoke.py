"""Every widget of every page in Firefox and in WebKit: drawn, answers a click, and nothing complains.

Run by ``make test-all``; needs Debian's firefox-esr, webkit2gtk-driver and xvfb. Chromium has tests/pages.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.exhaustive import EXHAUSTIVE
from tests.pages.conftest import Site, serving
from tools.chapters import all_chapters

from .firefox import Firefox
from .webkit import WebKit

# Each widget's module, whether it is drawn, and whether a click on its first control that is not chosen changes anything.
TRY = """async () => {
  await document.fonts.ready;
  const frames = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
  const told = [];
  for (const root of document.querySelectorAll(".cell_output > .rsn-w, .cell_output .rsn-w:not(.rsn-w .rsn-w)")) {
    const drawn = root.getBoundingClientRect().height > 40 && root.innerText.trim() !== "";
    const state = () => root.innerHTML + [...root.querySelectorAll("input, select")].map((e) => e.value + e.checked) + location.hash;
    const before = state();
    let changed = false;
    for (const control of [...root.querySelectorAll("button, input[type=radio], [role=radio]")].slice(0, 12)) {
      if (control.disabled) continue;
      control.click();
      await frames();
      if ((changed = state() !== before)) break;
    }
    told.push([root.className, drawn, changed]);
  }
  return JSON.stringify(told);
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture(scope="module", params=[Firefox, WebKit], ids=lambda one: one.__name__)
def browser(request: pytest.FixtureRequest) -> Iterator[Firefox | WebKit]:
    if not EXHAUSTIVE:
        pytest.skip("make test-all runs it")
    kind = request.param
    for program in (kind.program, *(["Xvfb"] if kind is WebKit else [])):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    with kind() as browser:
        yield browser


@pytest.mark.parametrize("name", [chapter.name for chapter in all_chapters()])
def test_widgets_are_drawn_and_answer(browser: Firefox | WebKit, site: Site, name: str) -> None:
    browser.open(site.url(name))
    told = json.loads(browser.evaluate(TRY))
    assert len(told) == len(site.widgets(name))
    assert [one for one in told if not all(one)] == []
    assert browser.complaints == []
