"""Every tool says what it is for when asked, and does nothing else then."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tools.environment import ROOT

MAINS = sorted(path.stem for path in (ROOT / "tools").glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MAINS)
def test_help_is_all_that_happens(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tools.{name}", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"usage: .+\n", done.stdout, re.IGNORECASE) and len(done.stdout.splitlines()) > 4
    assert done.stderr == ""
