"""What asks the reader: predictions, quizzes, solutions, and the copy button beside them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from syslab.chapters.memory.page_fault_error_code.exercises import log_line, smap_write
from syslab.widgets import Quiz
from tools.chapters import Chapter

from .conftest import Site, Tabs

CHAPTER = "memory/page-fault-error-code"


def reply(page: Page, quiz: Locator) -> Locator:
    """The line under a quiz, which screen readers are told of."""
    return quiz.get_by_role("status")


def test_predictions(browse: Tabs, chapter: Chapter) -> None:
    if ":::{predict}" not in chapter.text:
        return
    page = browse.open(chapter.name)
    questions = page.locator("fieldset.predict")
    assert questions.count() == chapter.text.count(":::{predict}")
    for question in questions.all():
        choices, reasons = question.get_by_role("radio").all(), question.locator(".why")
        assert len(choices) > 1 and question.locator("label.yes").count() == 1
        assert reasons.locator("visible=true").count() == 0
        for number, choice in enumerate(choices):
            choice.locator("xpath=..").click()
            expect(choice).to_be_checked()
            assert reasons.locator("visible=true").count() == 1
            reason = reasons.nth(number)
            expect(reason).to_be_visible()
            right = "yes" in (choice.locator("xpath=..").get_attribute("class") or "")
            expect(reason.locator("b")).to_have_text("Yes." if right else "Not quite.")
            expect(question.get_by_role("status")).to_have_text(reason.text_content() or "")
        choices[0].focus()
        page.keyboard.press("ArrowDown")
        expect(choices[1]).to_be_checked()
        expect(reasons.nth(1)).to_be_visible()
    page.reload()
    for question in questions.all():
        expect(question.get_by_role("radio").nth(1)).to_be_checked()
        expect(question.locator(".why").nth(1)).to_be_visible()


def test_a_memory_of_anything_is_no_selector(browse: Tabs, site: Site) -> None:
    """Other pages of the same host may have written there."""
    page = browse()
    page.goto(site.url("search"))
    page.evaluate("key => localStorage.setItem(key, `'\"]`)", f"rsn:predict:{CHAPTER}.html0")
    page.goto(site.url(CHAPTER))
    assert page.locator("fieldset.predict input:checked").count() == 0
    page.locator("fieldset.predict input").first.check()
    # what rsn.js does after the predictions is done: here, unfolding before a page is printed
    assert page.evaluate(
        "dispatchEvent(new Event('beforeprint')), [...document.querySelectorAll('main details:not(.rsn-menu)')].map(d => d.open)"
    ).count(True)


def test_quiz_with_a_field(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    quiz = page.locator(".qz", has_text=smap_write.question)
    field, said = quiz.get_by_label(smap_write.question), reply(page, quiz)
    field.fill(" ")
    field.press("Enter")
    expect(said).to_have_text("Type an answer first.")
    for answer in ("0x99", "nonsense", *smap_write.near, "3", "0x3", "0b11", " 0X3 "):
        field.fill(answer)
        quiz.get_by_role("button", name="Check").click()
        judged = smap_write.check(answer)
        expect(said).to_have_text(repr(judged))
        expect(said).to_have_attribute("data-kind", "yes" if judged.right else "no")
    page.reload()
    expect(said).to_have_text(f"You solved this one before, with “ 0X3 ”. {smap_write.why}")
    expect(field).to_have_value("")


def test_quiz_with_choices(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    quiz = page.locator(".qz", has_text="A log says")
    said = reply(page, quiz)
    for choice in log_line.choices:
        quiz.get_by_role("radio", name=choice, exact=True).check()
        expect(said).to_have_text(repr(log_line.check(choice)))
    quiz.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text(repr(log_line.check(log_line.choices[1])))
    page.reload()
    expect(said).to_have_text(f"You solved this one before, with “{log_line.accepts[0]}”. {log_line.why}")


def test_a_link_to_a_quiz_says_what_it_cannot(browse: Tabs) -> None:
    page = browse.open(CHAPTER, f"#{smap_write.anchor}=0x3&{log_line.anchor}=<b>")
    for exercise, text in (
        (smap_write, "=0x3 answers nothing. Type an answer here."),
        (log_line, "=<b> answers nothing. Choose an answer here."),
    ):
        said = reply(page, page.locator(".qz", has_text=exercise.question))
        expect(said).to_have_text(f"The link’s #{exercise.anchor}{text}")
    page.reload()
    expect(said).to_contain_text("answers nothing")  # and was not taken for solved


@pytest.mark.parametrize(
    "answer", ["21", "0x15", "0X15", "0b10101", "2_1", "021", "Twenty One", "twenty  one", "22", "-21", "0x", "1e1", "21 "]
)
def test_quiz_judges_as_python_does(standalone: Callable[..., Page], answer: str) -> None:
    from syslab.widgets.exercise import Exercise

    exercise = Exercise("t", "Which?", ("0x15", "twenty one"), "Because.", {"22": "One less."})
    page = standalone(Quiz(exercise.anchor, exercise.question, exercise.accepts, exercise.near, exercise.why, exercise.hint))
    page.get_by_label("Which?").fill(answer)
    page.get_by_label("Which?").press("Enter")
    expect(page.get_by_role("status")).to_have_text(repr(exercise.check(answer)))


def test_solutions_fold(browse: Tabs) -> None:
    page = browse.open(CHAPTER)
    solutions = page.locator("details", has=page.get_by_text("Solutions", exact=True))
    summary, code = solutions.locator("summary"), solutions.locator(".highlight")
    expect(code).to_be_hidden()
    # reachable: Tab from the last control before it
    page.locator(".qz .qz-go").last.focus()
    for _ in range(8):
        page.keyboard.press("Tab")
        if summary.evaluate("s => s === document.activeElement"):
            break
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    expect(code).to_be_visible()
    page.keyboard.press("Space")
    expect(code).to_be_hidden()


def test_copy(browse: Tabs) -> None:
    page = browse.open(CHAPTER, permissions=["clipboard-read", "clipboard-write"])
    cells = [cell for cell in Chapter(CHAPTER).cells if "import faults" in cell]
    box = page.locator(".cell_input .highlight", has_text="import faults").last
    button = box.get_by_role("button", name="Copy")
    button.focus()
    assert button.evaluate("b => getComputedStyle(b).opacity") == "1"  # not by hover alone
    page.keyboard.press("Enter")
    expect(box.locator(".copybtn")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == cells[0]
    expect(box.locator(".copybtn")).to_have_text("Copy")


def test_copy_where_the_clipboard_is_closed(browse: Tabs) -> None:
    page = browse(1280)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(browse.site.url(CHAPTER))
    box = page.locator(".cell_input .highlight").first
    box.get_by_role("button", name="Copy").click()
    expect(box.locator(".copybtn")).to_have_text("Press Ctrl+C")
    assert "import" in page.evaluate("getSelection().toString()")
