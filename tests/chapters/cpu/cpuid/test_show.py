"""Tables of the chapter on CPUID, from the records."""

from __future__ import annotations

from dataclasses import replace

from syslab.chapters.cpu import cpuid
from syslab.chapters.cpu.cpuid.ask import Seen
from syslab.evidence import Answer, recorded


def test_a_leaf_that_this_cpu_may_lack_is_no_link() -> None:
    recorded_here = recorded(cpuid.first_seen)

    def shown(rows: list[Seen]) -> str:
        return Answer(cpuid.first_seen, [replace(recorded_here, data=rows)])._repr_html_()

    rows = [row | {"cpuid": row["anchor"].startswith("cpuid-7-0-")} for row in recorded_here.data]
    page = shown(rows)
    assert 'href="#cpuid=7.0"' in page
    assert 'href="#cpuid=7.1"' not in page and "7.1\u00a0EAX" in page
    page = shown([row | {"cpuid": True} for row in rows])
    assert 'href="#cpuid=7.1"' in page
