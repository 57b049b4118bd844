"""Where the kernel puts the mappings of a process: those of a fresh ``cat``, with and without address randomization."""

from __future__ import annotations

import os
import subprocess

from syslab.native.code import libc

NO_RANDOM = 0x0040000  # ADDR_NO_RANDOMIZE of personality(2)


def _kind(name: str) -> str:
    special = {"[heap]": "heap", "[stack]": "stack", "[vsyscall]": "vsyscall page", "[vdso]": "vDSO and its data"}
    if name.startswith("[vvar"):
        return "vDSO and its data"
    if name.startswith("/") and os.path.basename(name) == "cat":
        return "program"
    return special.get(name, "libraries and mmap")


def read(randomized: bool) -> list[tuple[str, int, int]]:
    """Class, start and end (excluded) of the mappings of a fresh ``cat``; neighbours of one class joined.

    PermissionError where address randomization may not be turned off.
    """

    def before() -> None:
        if not randomized and libc().personality(NO_RANDOM) == -1:
            os._exit(100)  # a container may forbid it

    done = subprocess.run(
        ["cat", "/proc/self/maps"], env={"PATH": os.environ["PATH"]}, preexec_fn=before, capture_output=True, text=True
    )
    if done.returncode:
        raise PermissionError("personality(ADDR_NO_RANDOMIZE) is not allowed here, as in many containers")
    joined: list[tuple[str, int, int]] = []
    for line in done.stdout.splitlines():
        span, _, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(part, 16) for part in span.split("-"))
        kind = _kind(name[0] if name else "")
        if joined and joined[-1][0] == kind:
            start = joined.pop()[1]
        joined.append((kind, start, end))
    return joined
