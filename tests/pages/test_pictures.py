"""Pictures on the pages: nothing is cut off and no words lie on each other, wide or narrow; one of the two layouts is shown."""

from __future__ import annotations

from tools.chapters import written_chapters

from .conftest import UNFOLD, Tabs

CHECK = """() => [...document.querySelectorAll('figure.picture')].flatMap((figure) => {
  const shown = [...figure.querySelectorAll(':scope > svg')].filter((svg) => svg.getBoundingClientRect().width);
  if (shown.length !== 1) return [`${figure.id}: ${shown.length} layouts are shown`];
  const frame = shown[0].getBoundingClientRect();
  const texts = [...shown[0].querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const found = texts.filter(([, box]) => box.left < frame.left - 3 || box.right > frame.right + 3 || box.bottom > frame.bottom + 3)
    .map(([words]) => `${figure.id}: "${words}" is cut off`);
  texts.forEach(([words, a], i) => texts.slice(i + 1).forEach(([others, b]) => {
    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left), y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (x > 2 && y > 5) found.push(`${figure.id}: "${words}" lies on "${others}"`);
  }));
  return found;
})"""


def test_words_are_whole_and_apart(browse: Tabs) -> None:
    page = browse(1440)
    found = {}
    for chapter in written_chapters():
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(browse.site.url(chapter.name))
        page.evaluate("document.fonts.ready")
        page.evaluate(UNFOLD)
        assert page.locator("figure.picture").count() >= 1, chapter.name
        found[chapter.name, 1440] = page.evaluate(CHECK)
        page.set_viewport_size({"width": 360, "height": 900})
        found[chapter.name, 360] = page.evaluate(CHECK)
    assert not {name: said for name, said in found.items() if said}
