"""``make book``: build the whole book, then say where it is and what on it is live and what recorded."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter

from syslab.machines.lab_vm import LabError, cache

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


def build(strict: bool = False) -> int:
    """Run jupyter-book; its exit status. ``strict`` turns warnings into errors. It waits for a build that is at work."""
    with build_lock.held():
        command = [sys.executable, "-m", "tools.jupyter_book", "build", "book"]
        if strict:
            command += ["-W", "--keep-going"]
        return children.run("jupyter-book", command, os.environ | contained(), build_lock.descriptors())


def summary() -> str:
    """Where the book is, and how each page's results were made."""
    lines = [f"The book is {BUILD / 'html' / 'index.html'}"]
    for page in sorted((BUILD / "html").rglob("*.html")):
        how = Counter(re.findall(r'class="provenance"><span class="vb vb-(\w+)"', page.read_text(encoding="utf-8")))
        if how:
            counts = ", ".join(f"{n} {word}" for word, n in sorted(how.items()))
            lines.append(f"  {page.relative_to(BUILD / 'html').with_suffix('')}: {counts}")
    return "\n".join(lines)


def main() -> int:
    """Exit status of the build."""
    started = time.monotonic()
    with build_lock.held():
        status = build()
        if status == 0:
            print(f"{summary()}\nbuilt in {time.monotonic() - started:.1f} s")
    return status


if __name__ == "__main__":
    sys.exit(failures.run(main))
