"""The generated notebooks: in step, byte-stable, and readable without Sphinx."""

from __future__ import annotations

import json
import re

import pytest

from tools.chapters import Chapter, all_chapters
from tools.markup import choices
from tools.notebooks import OUT, notebook, translate

RUN = [c for c in all_chapters() if c.runs]


@pytest.mark.parametrize("chapter", RUN, ids=lambda c: c.name)
def test_in_step_and_byte_stable(chapter: Chapter) -> None:
    text = notebook(chapter)
    assert text == notebook(Chapter(chapter.name))
    assert (OUT / f"{chapter.name}.ipynb").read_text() == text, "run `make notebooks`"


@pytest.mark.parametrize("chapter", RUN, ids=lambda c: c.name)
def test_nothing_that_only_sphinx_understands(chapter: Chapter) -> None:
    nb = json.loads(notebook(chapter))
    for cell in nb["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            assert not re.search(r"^(:{3,}|`{3,})\{", source, re.MULTILINE), source
            assert not re.search(r"\{\w+\}`", source), source
            for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", source):
                assert (OUT / f"{chapter.name}.ipynb").parent.joinpath(target.split("#")[0]).resolve().is_file(), target
        else:
            assert cell["outputs"] == [] and cell["execution_count"] is None
            if "remove-input" in cell["metadata"].get("tags", []):
                assert cell["metadata"]["jupyter"]["source_hidden"] is True
    assert len({cell["id"] for cell in nb["cells"]}) == len(nb["cells"])


def test_no_notebook_speaks_of_the_address_bar() -> None:
    """There it is JupyterLab's; a widget's Copy link gives the hosted page."""
    assert [chapter.name for chapter in RUN if "address bar" in translate(chapter)] == []


def test_the_code_is_the_same_in_both() -> None:
    for chapter in RUN:
        cells = ["".join(c["source"]) for c in json.loads(notebook(chapter))["cells"] if c["cell_type"] == "code"]
        assert cells == chapter.cells


class Page(Chapter):
    """A chapter whose text is given."""

    text = ""


def page(body: str) -> Chapter:
    made = Page("memory/made-up")
    object.__setattr__(made, "text", body)
    return made


def test_markup_is_written_out() -> None:
    text = translate(page("{verdict}`live` {term}`#PF` {term}`faults <#PF>` [x](page-fault-error-code.md#sources)"))
    assert text == "**● live** #PF faults [x](page-fault-error-code.ipynb#sources)"


@pytest.mark.parametrize("body", [":::{tabset}\nx\n:::\n", "{numref}`x`"])
def test_markup_nobody_translates_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="means nothing in a notebook"):
        translate(page(body))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["- [x] a"], "cannot read"),
        (["- [x] a | b", "- [x] c | d"], "exactly one"),
        (["- [ ] a | b"], "exactly one"),
        (["hello"], "cannot read"),
    ],
)
def test_a_bad_prediction_is_refused(lines: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        choices(lines, "here")


def test_a_reason_may_go_on_in_the_next_line() -> None:
    found = choices(["- [x] yes | because", "  it is so", "- [ ] no | never"], "here")
    assert [(c.right, c.text, c.why) for c in found] == [(True, "yes", "because it is so"), (False, "no", "never")]
