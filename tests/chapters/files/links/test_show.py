"""The tables and the drawing of the chapter on links show what was measured."""

from __future__ import annotations

import pytest

from syslab.chapters.files.links import ask as experiment
from syslab.chapters.files.links import show as view
from syslab.chapters.files.links.ask import STORIES
from syslab.evidence import Answer, recorded


@pytest.mark.parametrize("title", STORIES)
def test_a_story_has_its_calls_and_leads_into_the_drawing(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    shown = view.story(recorded(experiment.stories), title)._repr_html_()
    assert shown.count("<tr") == 1 + len(STORIES[title].split("."))
    assert f'href="#links={STORIES[title]}"' in shown


def test_what_the_tables_say() -> None:
    stories = recorded(experiment.stories)
    assert "symlink “a” → ENOENT" in repr(view.story(stories, "two names and a path"))
    assert "file 1, 0 links: text 1" not in repr(view.story(stories, "two names and a path"))
    assert "0 links: text 1" in repr(view.story(stories, "open without a name"))
    assert "symlink “a” → ENOENT, 2 links" in repr(view.story(stories, "two names for a symlink"))
    assert "os.link('d', 'b')" in repr(view.refusals(stories))
    assert "x × 255" in repr(view.sizes(recorded(experiment.sizes)))
    assert "os.symlink" in repr(view.across(recorded(experiment.across)))
    assert "a (deleted)" in repr(view.without_name(recorded(experiment.without_name)))
    assert "temporary folder" in repr(view.directory_counts(recorded(experiment.directory_counts)))


def test_what_was_not_tried_says_so() -> None:
    protections, across = recorded(experiment.protections), recorded(experiment.across)
    blank = [row | {"result": None, "setting": None} for row in protections.data]
    assert repr(view.protections(type(protections)(protections.name, blank, protections.provenance))).count("takes root") == 9
    blank = [row | {"result": None, "reads": None} for row in across.data]
    assert repr(view.across(type(across)(across.name, blank, across.provenance))).count("one file system") == 3


def test_rules_off_and_on_stand_side_by_side() -> None:
    shown = repr(view.protections_switched(recorded(experiment.protections_switched))).splitlines()
    assert len(shown) == 1 + 9 + 1
    assert sum("done" in line and ("EPERM" in line or "EACCES" in line) for line in shown) == 3


def test_a_machines_own_settings_stand_beside_both_of_the_lab() -> None:
    own, switched = (Answer(q, [recorded(q)]) for q in (experiment.protections, experiment.protections_switched))
    shown = [line.split() for line in repr(view.protected(own, switched)).splitlines()]
    trap = [line for line in shown if line[0] == "protected_symlinks" and line[-1] == "EACCES"]
    assert [line[-2] for line in trap] == ["done", "done"]
    assert len(shown) == 1 + 9 + 2


def test_the_drawing_tells_the_stories() -> None:
    graph = view.graph()
    assert [calls for _, calls in graph.stories] == list(STORIES.values())
    assert graph.state["names"][0][0] == "b"
