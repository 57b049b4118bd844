"""The tables of the chapter on links of NTFS show what was measured, and lead into its widget."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from syslab.chapters.files.ntfs_links import ask as experiment
from syslab.chapters.files.ntfs_links import show as view
from syslab.chapters.files.ntfs_links.image import LINKS
from syslab.chapters.files.ntfs_links.widget import ReparseBuffer
from syslab.evidence import Answer, recorded


def test_every_row_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSLAB_HOSTED", "1")
    for shown, which in (
        (view.contents, experiment.contents),
        (view.buffers, experiment.buffers),
        (view.mounted, experiment.mounted),
    ):
        answer = recorded(which)
        assert shown(answer)._repr_html_().count("<tr") == 1 + len(answer.data)


def test_links_open_in_the_widget() -> None:
    links = re.findall(rf'href="#{view.ANCHOR}=([^"]+)"', view.buffers(recorded(experiment.buffers))._repr_html_())
    assert {ReparseBuffer.read(unquote(link)) for link in links} == {link.buffer for link in LINKS}


def test_taken_apart_covers_every_byte() -> None:
    answer = Answer(experiment.buffers, [recorded(experiment.buffers)])
    text = repr(view.taken_apart(answer, ["junction"]))
    assert "\\??\\C:\\target" in text and "0xa0000003" in text
    with pytest.raises(ValueError, match="no link 'gone' in the image; there are"):
        view.taken_apart(answer, ["gone"])


def test_the_widgets() -> None:
    assert len(view.encoder().buffer) == 64
    table = view.resolution()
    assert len(table.outcomes) == 10
    assert all(["Checked", "read in the sources, not run"] in outcome["lines"] for outcome in table.outcomes.values())
