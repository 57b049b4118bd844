"""What displays an answer is found by name, never imported by the question; and the code that asked is under it."""

from __future__ import annotations

import ast
import builtins
import html
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from syslab import ask
from syslab.chapters.files import bool_size
from syslab.chapters.kvm import halt
from syslab.chapters.memory import page_fault_error_code
from syslab.evidence import Answer, Evidence, Provenance, experiment, recorded, records
from syslab.questions.kvm_capabilities import disable_exits
from syslab.show import asked
from syslab.show.answer import view_of
from syslab.show.table import Table
from syslab.sources import PACKAGE, closure
from tools.chapters import Chapter, written_chapters
from tools.environment import ROOT
from tools.record import experiments

PROVENANCE = Provenance("live", "host", "A CPU", "Linux 1", "root", "2026-01-01", 0.1)
ALL = list(experiments())


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")


def on_record(question: Any) -> Answer[Any]:
    return Answer(question, [recorded(question, witness) for witness in records.witnesses(question.name)])


@experiment()
def shown_plainly() -> list[dict[str, int]]:
    return [{"n": 1}]


def test_an_answer_is_its_evidence() -> None:
    answer = on_record(halt.hlt)
    first, second = answer
    assert answer[0] is first and answer[1:] == (second,) and len(answer) == 2
    assert answer.data == first.data and answer.provenance == first.provenance and answer.name == "halt.hlt"


def test_the_view_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = on_record(halt.hlt)
    page = answer._repr_html_()
    assert "<caption>KVM_RUN comes to" in page and page.count('class="provenance"') == 2
    assert "KVM_RUN comes to" not in repr(answer) and "differs" in repr(answer)
    assert "Can be disabled" in repr(on_record(disable_exits)[:1]) or "yes" in repr(on_record(disable_exits))
    show = import_module("syslab.chapters.kvm.halt.show")
    monkeypatch.delattr(show, "hlt")
    assert view_of(halt.hlt) is None and "behind hlt" in repr(answer), "the plain table has every key"
    monkeypatch.setattr(show, "hlt", halt.hlt, raising=False)
    assert view_of(halt.hlt) is None, "a question that show.py imports is no view"


def test_a_question_without_a_view_is_a_plain_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYSLAB_EVIDENCE", raising=False)
    answer = ask(shown_plainly)
    assert repr(answer).splitlines()[:2] == ["n", "1"] and "live · host" in repr(answer)
    assert "How it was asked" in answer._repr_html_()


@pytest.mark.parametrize("question", ALL, ids=lambda one: one.name)
def test_every_question_can_be_shown(question: Any) -> None:
    answer = on_record(question)
    assert isinstance(answer._view(), Table), "a view with a question's name takes the answer alone and gives a table"
    page = answer._repr_html_()
    assert page.count('class="provenance"') == len(answer._view().answers) >= len(answer)
    assert page.count('<details class="asked">') == 1
    assert repr(answer)


@pytest.mark.parametrize("chapter", written_chapters(), ids=lambda one: one.name)
def test_a_chapter_hands_on_its_questions_and_nothing_else(chapter: Chapter) -> None:
    folder = PACKAGE / "chapters" / chapter.name.replace("-", "_")
    package = "syslab.chapters." + chapter.name.replace("-", "_").replace("/", ".")
    questions = {
        name for name, one in vars(import_module(f"{package}.ask")).items() if getattr(one, "target", "") == f"{package}.ask:{name}"
    }
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    handed = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "ask" for alias in node.names}
    assert handed == questions == set(import_module(package).__all__)
    assert len([node for node in tree.body if isinstance(node, ast.ImportFrom)]) == 2, "from __future__, and from .ask"
    beside = {path.stem for path in folder.iterdir()}
    assert not beside & questions, "a module of that name would take the question's place"


@pytest.mark.parametrize("chapter", written_chapters(), ids=lambda one: one.name)
def test_a_question_reaches_no_table_but_its_page_is_run_again_when_one_changes(chapter: Chapter) -> None:
    module = "syslab.chapters." + chapter.name.replace("-", "_").replace("/", ".") + ".ask"
    rooms = {path.relative_to(PACKAGE).parts[0] for path in closure({module})}
    assert not rooms & {"show", "widgets"} and not [path for path in closure({module}) if path.name == "show.py"]
    folder = PACKAGE / "chapters" / chapter.name.replace("-", "_")
    show = PACKAGE / "show"
    assert {folder / "show.py", show / "table.py", show / "table.html", show / "asked.py"} <= set(chapter.files)


# the fold


def test_the_question_comes_first_then_what_it_uses_of_its_file() -> None:
    text = asked.source(halt.hlt)
    assert text.startswith("@experiment(X86_64, KVM, lab=True, witness=witness, timeout=30)\ndef hlt()")
    defined = [name for node in ast.parse(text).body for name in asked._names(node)]
    assert defined[0] == "hlt" and {"_run", "_guest", "CLI", "HLT", "SHORT"} <= set(defined)
    assert not {"polling", "SETTINGS", "EVENTS", "special"} & set(defined)
    assert "Seconds of KVM_RUN" in text, "the text behind a constant"
    assert "# one CPU, three conventions" in asked.source(bool_size.sizes), "comments"


@pytest.mark.parametrize("question", ALL, ids=lambda one: one.name)
def test_every_name_that_the_code_uses_is_there_or_imported(question: Any) -> None:
    text = asked.source(question)
    tree = ast.parse(text)
    file = ast.parse(Path(question.function.__code__.co_filename).read_text(encoding="utf-8"))
    own = {name for node in file.body for name in asked._names(node)}
    there = {name for node in tree.body for name in asked._names(node)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(dir(builtins))
    assert used & own <= there, "what it uses of its file is shown"


@pytest.mark.parametrize("question", ALL, ids=lambda one: one.name)
def test_colours_lose_no_character(question: Any) -> None:
    text = asked.source(question)
    coloured = asked.coloured(text)
    assert html.unescape(re.sub(r"<[^>]+>", "", coloured)) == text
    assert set(re.findall(r'class="(\w+)"', coloured)) <= asked.COLOURED


def test_every_colour_is_in_both_style_sheets() -> None:
    book = (ROOT / "book/_assets/rsn/rsn.css").read_text(encoding="utf-8")
    notebook = (PACKAGE / "evidence/notebook.css").read_text(encoding="utf-8")
    used = {name for one in ALL for name in re.findall(r'<span class="(\w+)"', asked.coloured(asked.source(one)))}
    assert used >= {"k", "c1", "nf"}
    for name in used:
        assert re.search(rf"\.{name}(,| \{{)", book), f"rsn.css has no colour for .{name}"
        assert re.search(rf"\.{name}\b", notebook), f"notebook.css has no colour for .{name}"


def test_without_pygments_the_code_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygments.lexers.python", None)
    assert asked.coloured("a < b  # <i>") == "a &lt; b  # &lt;i&gt;"


def test_a_table_of_two_questions_has_the_code_of_each() -> None:
    hlt, events = on_record(halt.hlt), on_record(halt.events)
    page = Table([hlt, events], rows=[{"n": 1}])._repr_html_()
    assert page.count('class="provenance"') == 4
    assert [m for m in re.findall(r"<summary>(.*?)</summary>", page)] == ["How it was asked: hlt", "How it was asked: events"]
    unknown = Table(Evidence("x.y", [{"n": 1}], PROVENANCE))._repr_html_()
    assert "provenance" in unknown and "asked" not in unknown


def test_the_fold_is_reached_by_keyboard_and_named() -> None:
    page = on_record(page_fault_error_code.faults)._repr_html_()
    assert '<pre tabindex="0" role="group" aria-label="Code of page_fault_error_code.faults">' in page
    assert "<p>syslab/chapters/memory/page_fault_error_code/ask.py</p>" in page


def test_code_that_is_not_at_the_top_of_a_file_is_an_error() -> None:
    @experiment()
    def inner() -> int:
        return 1

    with pytest.raises(RuntimeError, match="inner is not defined at the top of its file"):
        asked.source(inner)


def test_what_the_book_says_to_type_works() -> None:
    typed = re.findall(r"^>>> (.*)$", (ROOT / "book/how-to.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert "from syslab import ask" in typed
    exec("\n".join(typed), {})
