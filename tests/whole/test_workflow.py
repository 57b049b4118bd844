"""What the workflows may do, and what they run on."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.environment import ROOT

TEXT = (ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8")
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_named_by_commit_with_their_version_beside(file: Path) -> None:
    """A tag can be moved to other code; a commit cannot."""
    used = re.findall(r"uses: (.*)", file.read_text(encoding="utf-8"))
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}  # v\d+(\.\d+)+", line)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_token_stays_in_the_checkout(file: Path) -> None:
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
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


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_what_a_workflow_takes_from_the_library_is_there(file: Path) -> None:
    """Nobody sees a nightly job fail for a name that has moved."""
    steps = [step for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values() for step in job["steps"]]
    for code in re.findall(r"python3? -c '([^']*)'", "\n".join(step.get("run", "") for step in steps)):
        tree, taken = ast.parse(code), {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    taken[name.name] = _from(node.module, name.name)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in taken:
                assert hasattr(taken[node.value.id], node.attr), f"{node.value.id}.{node.attr}"


def _from(module: str, name: str) -> Any:
    found = importlib.import_module(module)
    return getattr(found, name) if hasattr(found, name) else importlib.import_module(f"{module}.{name}")
