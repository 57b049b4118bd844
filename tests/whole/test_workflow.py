"""What the workflow may do, and what it runs on."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.environment import ROOT

TEXT = (ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8")
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


def test_actions_are_named_by_commit_with_their_version_beside() -> None:
    """A tag can be moved to other code; a commit cannot."""
    used = re.findall(r"uses: (.*)", TEXT)
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+(\.\d+)+", line)] == []


def test_no_token_stays_in_the_checkout() -> None:
    steps = [step for job in JOBS.values() for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert steps and all(step["with"]["persist-credentials"] is False for step in steps)


@pytest.mark.parametrize("job", JOBS)
def test_only_what_publishes_may_write(job: str) -> None:
    assert yaml.safe_load(TEXT)["permissions"] == {"contents": "read"}
    assert ("permissions" in JOBS[job]) == (job == "publish")


def test_each_release_is_tried_and_one_is_published() -> None:
    releases = JOBS["test"]["strategy"]["matrix"]["debian"]
    assert JOBS["test"]["container"] == "debian:${{ matrix.debian }}"
    uploads = [step["if"] for step in JOBS["test"]["steps"] if "upload-pages-artifact" in step.get("uses", "")]
    named = [re.findall(r"matrix\.debian == '(\d+)'", condition) for condition in uploads]
    assert len(named) == 1 and len(named[0]) == 1 and named[0][0] in releases
