"""``make book``: build the whole book, then say where it is and what on it is live and what recorded."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections import Counter

from syslab.evidence.line import RUN_FAILED
from syslab.lab_vm.host import LabError, cache

from . import build_lock, children, failures
from .environment import BUILD, contained


def lab_vm() -> None:
    """Build the lab VM before chapters that ask it run side by side, and within their cells' time; say why if it cannot be.

    Once: the kernels that this process starts inherit the answer.
    """
    if os.environ.get("SYSLAB_EVIDENCE") == "record":
        return
    try:
        cache.ready(say=lambda text: print(text, flush=True))
    except LabError as error:
        print(f"{error}. What needs it is shown from records.", flush=True)


def build(strict: bool = False, live: bool = False) -> int:
    """Run jupyter-book; its exit status. ``strict`` turns warnings into errors. It waits for a build that is at work.

    ``live`` forgets what earlier builds were answered, so that every cell runs.
    """
    with build_lock.held():
        if live:
            shutil.rmtree(BUILD / ".jupyter_cache", ignore_errors=True)
        command = [sys.executable, "-m", "tools.jupyter_book", "build", "book"]
        if strict:
            command += ["-W", "--keep-going"]
        return children.run("jupyter-book", command, os.environ | contained(), build_lock.descriptors())


def summary() -> str:
    """Where the book is, and how each page's results were made."""
    lines = [f"The book is {BUILD / 'html' / 'index.html'}"]
    failed = 0
    for page in sorted((BUILD / "html").rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        failed += text.count(RUN_FAILED)
        how = Counter(re.findall(r'class="provenance"[^>]*><span class="vb vb-(\w+)"', text))
        if how:
            counts = ", ".join(f"{n} {word}" for word, n in sorted(how.items()))
            lines.append(f"  {page.relative_to(BUILD / 'html').with_suffix('')}: {counts}")
    if failed:
        lines.append(f"In {failed} places a run failed here and its record is shown; the same command tries these again.")
    return "\n".join(lines)


def main() -> int:
    """Exit status of the build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--live", action="store_true", help="run every cell again, whatever earlier builds answered")
    live = parser.parse_args().live
    started = time.monotonic()
    with build_lock.held():
        status = build(live=live)
        if status == 0:
            print(f"{summary()}\nbuilt in {time.monotonic() - started:.1f} s")
    return status


if __name__ == "__main__":
    sys.exit(failures.run(main))
