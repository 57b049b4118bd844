"""What the build makes beside the pages: minutes, the feed, the map, absolute links; each from what it is given alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tools.chapters import all_chapters
from tools.markup import Way, ways
from tools.sphinx_ext.feed import CHANGES, Entry, atom, entries
from tools.sphinx_ext.missing import absolute
from tools.sphinx_ext.onward import shown
from tools.sphinx_ext.reading import Reader, filled, minutes, told
from tools.sphinx_ext.sharing import sitemap

BASE = "https://host.example/notes/"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.mark.parametrize(
    ("body", "words", "rows", "code"),
    [
        ("<p>One two, three — four.</p>", 4, 0, 0),
        ("<p>One</p><details><summary>Two</summary><p>three</p></details><p>four</p>", 2, 0, 0),
        ('<p>One</p><p hidden>two</p><div hidden><p>three<br>four</p><img src="x"></div>five', 2, 0, 0),
        (
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b c</td></tr><tr hidden><td>d</td></tr></tbody></table>e",
            1,
            1,
            0,
        ),
        ("<pre>a b\nc\n</pre>d", 1, 0, 2),
        ("<aside><p>one</p></aside><script>two</script><ul><li>three<li>four</ul>five", 3, 0, 0),
    ],
)
def test_what_counts_as_read(body: str, words: int, rows: int, code: int) -> None:
    reader = Reader()
    reader.feed(body)
    assert (reader.words, reader.rows, reader.code) == (words, rows, code)


def test_minutes() -> None:
    assert minutes("") == 1
    assert minutes("word " * 1000) == 5
    assert minutes("word " * 1000 + "<tbody>" + "<tr><td>x</td></tr>" * 40 + "</tbody>") == 7
    assert [told(number) for number in (1, 59, 60, 61, 383)] == [
        "1\u00a0min",
        "59\u00a0min",
        "1\u00a0h",
        "1\u00a0h\u00a01\u00a0min",
        "6\u00a0h\u00a023\u00a0min",
    ]


def test_minutes_are_filled_in_again_and_again() -> None:
    page = '<span data-minutes="a/b"></span> <span data-minutes="a/b c/d"></span> <span data-minutes="e/f">7</span>'
    once = filled(page, {"a/b": 5, "c/d": 60})
    assert (
        once
        == '<span data-minutes="a/b">5\u00a0min</span> <span data-minutes="a/b c/d">1\u00a0h\u00a05\u00a0min</span> <span data-minutes="e/f">7</span>'
    )
    assert filled(once, {"a/b": 5, "c/d": 60}) == once
    assert ">6\u00a0min<" in filled(once, {"a/b": 6})


CHANGELOG = "# Changes\n\nText.\n\n## Unreleased (2027-02-03)\n\n- `a` & <b>\n\n## 0.2.0 (2027-01-31)\n\n- c\n"


def test_the_feed() -> None:
    assert entries(CHANGELOG) == [
        Entry("Unreleased", "2027-02-03", "\n\n- `a` & <b>\n\n"),
        Entry("0.2.0", "2027-01-31", "\n\n- c\n"),
    ]
    text = atom(BASE, "Notes & more", "we", entries(CHANGELOG))
    assert text == atom(BASE, "Notes & more", "we", entries(CHANGELOG))
    feed = ET.fromstring(text.encode())
    assert feed.findtext(f"{ATOM}updated") == "2027-02-03T00:00:00Z"
    assert [entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")] == [
        "tag:host.example,2026:notes/changes/unreleased", "tag:host.example,2026:notes/changes/0.2.0",
    ]  # fmt: skip
    assert "<code>a</code> &amp; " in (feed.findtext(f"{ATOM}entry/{ATOM}content") or "")


def test_an_id_outlives_a_corrected_sentence() -> None:
    def ids(text: str) -> list[str | None]:
        return [e.text for e in ET.fromstring(atom(BASE, "N", "we", entries(text)).encode()).iter(f"{ATOM}id")]

    assert ids(CHANGELOG) == ids(CHANGELOG.replace("- c", "- c, corrected"))


def test_a_version_without_a_date_is_named() -> None:
    with pytest.raises(ValueError, match=r"0\.2\.0 has no date"):
        entries(CHANGELOG.replace(" (2027-01-31)", ""))
    assert entries(CHANGES.read_text(encoding="utf-8"))


def test_the_map_of_the_site() -> None:
    text = sitemap(BASE, ["index", "kvm/halt"])
    assert "<loc>https://host.example/notes/</loc>" in text and "<loc>https://host.example/notes/kvm/halt.html</loc>" in text


def test_links_of_a_page_that_is_shown_anywhere() -> None:
    page = '<html data-content_root="./"><a href="kvm/halt.html#x">a</a><a href="#x">b</a><a href="https://x/">c</a><form action="search.html"><img src="./_static/a.svg"><img src="data:,"><a href="mailto:a@b">'
    made = absolute(page, BASE)
    assert (
        made
        == '<html data-content_root="/notes/"><a href="/notes/kvm/halt.html#x">a</a><a href="#x">b</a><a href="https://x/">c</a><form action="/notes/search.html"><img src="/notes/_static/a.svg"><img src="data:,"><a href="mailto:a@b">'
    )
    assert absolute(made, BASE) == made


def test_ways() -> None:
    assert ways(["- [I want it](kvm/halt.md) All of it.", ""], "here") == [Way("I want it", "All of it.", "kvm/halt")]
    with pytest.raises(ValueError, match="here: cannot read"):
        ways(["I want it"], "here")


def test_a_page_is_written_again_when_a_line_that_it_shows_is_another() -> None:
    chapters = all_chapters()
    at = {chapter.name: number for number, chapter in enumerate(chapters)}
    before = [shown(chapters, number) for number in range(len(chapters))]
    chapters[at["kvm/halt"]].front["rsn"]["line"] = "Another one."
    changed = {chapter.name for chapter, old in zip(chapters, before, strict=True) if shown(chapters, at[chapter.name]) != old}
    leading = {chapter.name for chapter in chapters if "kvm/halt" in chapter.about.get("next", {})}
    assert changed == {"kvm/mp-state", "kvm/vcpu-requests"} | leading
