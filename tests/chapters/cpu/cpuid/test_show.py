"""Tables of the chapter on CPUID, from the records."""

from __future__ import annotations

from dataclasses import replace

from syslab.chapters.cpu.cpuid import ask as experiment
from syslab.chapters.cpu.cpuid import show
from syslab.evidence import recorded


def test_a_leaf_that_this_cpu_may_lack_is_no_link() -> None:
    answer = recorded(experiment.first_seen)
    rows = [row | {"cpuid": row["anchor"].startswith("cpuid-7-0-")} for row in answer.data]
    page = show.when(replace(answer, data=rows))._repr_html_()
    assert 'href="#cpuid=7.0"' in page
    assert 'href="#cpuid=7.1"' not in page and "7.1\u00a0EAX" in page
    page = show.when(replace(answer, data=[row | {"cpuid": True} for row in rows]))._repr_html_()
    assert 'href="#cpuid=7.1"' in page
