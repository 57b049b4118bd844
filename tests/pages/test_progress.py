"""What is solved is seen: in the sidebar, on the front page and after the chapter, at once, in other tabs, and where nothing is kept."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from syslab.chapters.memory.page_fault_error_code.exercises import log_line, smap_write
from tools.chapters import Chapter, written_chapters

from .conftest import HTML, Site, Tabs

CHAPTER = "memory/page-fault-error-code"
ALL = [chapter.name for chapter in written_chapters()]


def anchors(site: Site, name: str) -> list[str]:
    """The exercises of a page."""
    return sorted(state["anchor"] for state in site.widgets(name) if state["module"] == "quiz")


def in_sidebar(page: Page, name: str) -> str | None:
    """What the sidebar says of a chapter."""
    return page.locator(f'.bd-links [data-chapter="{name}"]').get_attribute("data-done")


def test_the_data_is_what_the_pages_have(site: Site) -> None:
    text = (HTML / "_static/rsn/rsn.js").read_text(encoding="utf-8")
    found = re.match(r"globalThis\.rsnChapters=(.+);\n", text)
    assert found
    data = json.loads(found[1])
    assert list(data) == ALL
    assert data == {name: anchors(site, name) for name in ALL}
    assert all(data.values()), "a chapter without an exercise could never be solved"


def test_solved_at_once_and_everywhere(browse: Tabs, site: Site) -> None:
    """One tab solves; the chapter's end, its sidebar and a second tab with the front page follow."""
    page = browse.open(CHAPTER)
    front = page.context.new_page()
    front.goto(site.url("index"))
    told = front.locator(".course [role=status]")
    expect(told).to_have_text(re.compile(rf"^{len(ALL)} chapters, .* to read"))
    assert in_sidebar(page, CHAPTER) == ""

    page.locator("fieldset.predict input").first.check()
    assert in_sidebar(page, CHAPTER) == "begun"
    expect(told).to_have_text(f"0 of {len(ALL)} solved; next: {Chapter(CHAPTER).title}, begun.")

    def solve(question: str, answer: str) -> None:
        quiz = page.locator(".qz", has_text=question)
        if quiz.locator(".qz-choice").count():
            quiz.get_by_role("radio", name=answer, exact=True).check()
        else:
            quiz.get_by_role("textbox").fill(answer)
            quiz.get_by_role("textbox").press("Enter")

    end = page.locator(".onward .solved")
    exercises = {state["anchor"]: state for state in site.widgets(CHAPTER) if state["module"] == "quiz"}
    assert {log_line.anchor, smap_write.anchor} <= set(exercises)
    for number, state in enumerate(exercises.values(), 1):
        solve(state["question"], state["accepts"][0])
        if number < len(exercises):
            expect(end).to_have_text(f"So far: {number} of {len(exercises)} exercises solved.")
            assert in_sidebar(page, CHAPTER) == "begun"
    expect(end).to_have_text("All exercises of this chapter are solved.")
    assert in_sidebar(page, CHAPTER) == "solved"
    link = page.locator(f'.bd-links [data-chapter="{CHAPTER}"]')
    expect(link).to_have_text(f"{Chapter(CHAPTER).title} ({len(exercises)} of {len(exercises)} exercises solved)")
    part = [name for name in ALL if name.startswith("memory/")]
    expect(page.locator(".bd-links .caption", has_text="Memory")).to_have_text(f"Memory and its guards 1 of {len(part)}")

    following = ALL[ALL.index(CHAPTER) + 1]
    expect(told).to_have_text(f"1 of {len(ALL)} solved; next: {Chapter(following).title}.")
    assert front.locator(f'.map [data-chapter="{CHAPTER}"]').get_attribute("data-done") == "solved"
    assert front.locator('.course-bits [data-done="solved"]').count() == 1
    told.get_by_role("link").click()
    assert front.url == site.url(following)


def test_all_of_them(browse: Tabs, site: Site) -> None:
    page = browse.open("index")
    page.evaluate("Object.values(rsnChapters).flat().forEach(a => localStorage.setItem(`rsn:quiz:${a}`, 'x'))")
    page.reload()
    expect(page.locator(".course [role=status]")).to_have_text(f"{len(ALL)} of {len(ALL)} solved, which is all there is.")


def test_copied_brought_back_and_forgotten(browse: Tabs, site: Site) -> None:
    """From the page without a server, where the clipboard may be closed; the sidebar follows at once."""
    page = browse()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(site.local("how-to"))
    box = page.locator(".remembered")
    field, said = box.get_by_label("Your answers as text"), box.get_by_role("status")
    take, copy, forget = (box.get_by_role("button", name=name) for name in ("Take over", "Copy", "Forget"))
    copy.click()
    expect(said).to_have_text("Nothing is remembered yet.")
    for odd in (
        "",
        "{",
        "[1]",
        '"x"',
        "null",
        '{"quiz:a": 1}',
        '{"mode": "dark"}',
        '{"quiz:<b>": "x"}',
        json.dumps({"quiz:a": "x" * 999}),
    ):
        field.fill(odd)
        take.click()
        expect(said).to_have_text("There is no answer in it. Paste what Copy gave you in the other browser.")
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('rsn:'))") == []

    given = {f"quiz:{anchor}": "0x3" for anchor in anchors(site, CHAPTER)}
    field.fill(json.dumps({**given, "mode": "dark", "predict:kvm/halt.html0": "1"}))
    take.click()
    expect(said).to_have_text(f"Taken over: {len(given) + 1} answers.")
    assert in_sidebar(page, CHAPTER) == "solved" and in_sidebar(page, "kvm/halt") == "begun"
    field.fill("")
    copy.click()
    expect(said).to_have_text(f"{len(given) + 1} answers, selected for Ctrl+C.")
    assert json.loads(field.input_value()) == {**given, "predict:kvm/halt.html0": "1"}

    page.evaluate("localStorage.setItem('theirs', '1')")
    forget.click()
    expect(said).to_contain_text("They are still in the field")
    assert in_sidebar(page, CHAPTER) == "" and page.evaluate("localStorage.getItem('theirs')") == "1"
    take.click()
    assert in_sidebar(page, CHAPTER) == "solved"


def test_where_nothing_is_kept(browse: Tabs, site: Site) -> None:
    """A browser that refuses storage shows the pages all the same."""
    page = browse()
    page.add_init_script(
        "for (const name of ['getItem', 'setItem']) { const old = Storage.prototype[name]; Storage.prototype[name] ="
        " function (key, ...rest) { if (key.startsWith('rsn:')) throw new DOMException('no', 'SecurityError'); return old.call(this, key, ...rest); }; }"
        "Object.keys = (keys => thing => { if (thing === localStorage) throw new DOMException('no', 'SecurityError'); return keys(thing); })(Object.keys)"
    )
    page.goto(site.url("index"))
    expect(page.locator(".course [role=status]")).to_contain_text(f"{len(ALL)} chapters")
    page.goto(site.url("how-to"))
    page.locator(".remembered").get_by_role("button", name="Copy").click()
    expect(page.locator(".remembered").get_by_role("status")).to_have_text(
        "This browser keeps nothing for this page, as in a private window."
    )
