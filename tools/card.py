"""``python -m tools.card``: draws the picture that stands beside a link to the book elsewhere, book/_assets/rsn/card.png.

It has the book's own font, colours and drawings, so it is drawn by Chromium, on the machine of whoever changes one of these,
and is kept; a build only copies it.
"""

from __future__ import annotations

import argparse
import shutil
import sys

from . import failures
from .chapters import BOOK, written_chapters
from .failures import Failure
from .sphinx_ext.front import drawing
from .sphinx_ext.sharing import CARD_SIZE

ASSETS = BOOK / "_assets/rsn"
PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Card</title><style>
@font-face{{font-family:R;src:url({font}) format("woff2");font-weight:400 800}}
*{{box-sizing:border-box;margin:0}}
body{{width:{width}px;height:{height}px;padding:62px 70px 0;background:#141017;color:#ece7ef;font:400 33px/1.38 R;letter-spacing:-.012em}}
.logo{{height:78px;overflow:visible}} .on{{fill:#ff4d97}} .off{{fill:none;stroke:#7d7287}}
h1{{margin:26px 0 16px;font-size:88px;line-height:1;font-weight:780;letter-spacing:-.032em}}
p{{color:#b0a6b8;max-width:1010px}} b{{color:#ece7ef;font-weight:650}}
div{{position:absolute;left:70px;right:70px;bottom:54px;display:grid;grid-template-columns:repeat({columns},52px);justify-content:space-between;gap:26px 0}}
.art{{width:52px;height:52px;fill:none;stroke:#7d7287;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}}
.art .a{{fill:#ff4d97;stroke:none}} .art .b{{stroke:#ff4d97}} .art .s{{fill:#29222f;stroke:none}}
</style><svg class="logo" viewBox="0 0 46 22">{logo}</svg><h1>Runnable Systems Notes</h1>
<p><b>x86, KVM, QEMU and Linux.</b> Every claim is tried on a real machine, and the page says which one answered.</p>
<div>{art}</div></html>"""


def page() -> str:
    """The card as a page."""
    bits = "".join(
        f'<rect x="{at % 4 * 12}" y="{12 if at > 3 else 0}" width="10" height="10" rx="2" class="{"on" if bit else "off"}"/>'
        for at, bit in enumerate((0, 1, 0, 1, 0, 0, 1, 0))
    )
    width, height = CARD_SIZE
    font = (ASSETS / "recursive-rsn.woff2").as_uri()
    chapters = written_chapters()
    return PAGE.format(
        font=font, width=width, height=height, logo=bits, columns=-(-len(chapters) // 2), art="".join(map(drawing, chapters))
    )


def main() -> int:
    """Exit status."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    from playwright.sync_api import ViewportSize, sync_playwright

    chromium = shutil.which("chromium")
    if not chromium:
        raise Failure("no chromium in PATH (apt.txt lists it)")
    width, height = CARD_SIZE
    source = ASSETS / "card.html"
    source.write_text(page(), encoding="utf-8")  # beside the font, which a page without an address may not read
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            tab = browser.new_page(viewport=ViewportSize(width=width, height=height))
            tab.goto(source.as_uri())
            tab.evaluate("document.fonts.ready")
            tab.screenshot(path=ASSETS / "card.png")
            browser.close()
    finally:
        source.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(failures.run(main))
