"""The C compiler of this machine: what it accepts, what it makes of a source, and what the program then says.

Each call has a private folder that is gone afterwards, a deadline, and a process group of its own.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NAMES = ("gcc", "cc", "clang")
SECONDS = 20.0  # a compiler on a busy machine; it needs a tenth of one
STANDARD = ("-std=c11", "-pedantic-errors")
MARK = "@@"


class CompileError(RuntimeError):
    """The compiler refused the source; the text is its first error."""


@dataclass(frozen=True)
class Verdict:
    """``message`` is the compiler's first error without the place, "" where it accepted the source."""

    accepted: bool
    message: str


def name() -> str | None:
    """The first of :data:`NAMES` on PATH; None where there is no compiler."""
    return next((one for one in NAMES if shutil.which(one)), None)


def _run(argv: Sequence[str], text: str, folder: str) -> subprocess.CompletedProcess[str]:
    """Run ``argv`` in ``folder`` with ``text`` as its input. TimeoutError after :data:`SECONDS`; the group is gone then."""
    variables = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TMPDIR": folder, "HOME": folder}
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=variables,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            out, err = process.communicate(text, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise TimeoutError(f"{argv[0]} did not end within {SECONDS:g} s") from None
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def _compile(source: str, flags: Sequence[str], folder: str) -> subprocess.CompletedProcess[str]:
    compiler = name()
    if not compiler:
        raise FileNotFoundError(f"no C compiler is installed: none of {', '.join(NAMES)}")
    return _run([compiler, *STANDARD, *flags, "-x", "c", "-"], source, folder)


def _error(text: str) -> str:
    found = re.search(r"error: (.*)", text)
    return found[1] if found else (text.strip().splitlines() or [""])[0]


def check(source: str, flags: Sequence[str] = ()) -> Verdict:
    """Whether the compiler accepts ``source``; nothing is produced."""
    with tempfile.TemporaryDirectory(prefix="syslab-cc-") as folder:
        done = _compile(source, ["-fsyntax-only", *flags], folder)
    return Verdict(done.returncode == 0, "" if done.returncode == 0 else _error(done.stderr))


def assembly(source: str, flags: Sequence[str] = ()) -> str:
    """The assembly that the compiler makes of ``source``. CompileError where it refuses."""
    with tempfile.TemporaryDirectory(prefix="syslab-cc-") as folder:
        done = _compile(source, ["-S", "-o", "-", *flags], folder)
    if done.returncode:
        raise CompileError(_error(done.stderr))
    return done.stdout


def constants(expressions: Sequence[str], flags: Sequence[str] = ()) -> list[int]:
    """What integer constant expressions come to, without running anything: so also for targets that cannot run here.

    Each becomes the operand of an empty asm statement, as in the kernel's ``include/linux/kbuild.h``.
    """
    rows = "".join(f'__asm__ volatile("\\n{MARK} %c0" :: "i" ((long long)({one})));\n' for one in expressions)
    text = assembly(f"void rows(void) {{\n{rows}}}\n", flags)
    return [int(number) for number in re.findall(rf"^\s*{MARK} \$?(-?\d+)", text, re.MULTILINE)]


def instructions(source: str, function: str) -> list[str]:
    """The instructions of one function, optimised, in Intel syntax: no directives, no labels, blanks made single."""
    flags = ["-O2", "-masm=intel", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-fno-pic"]
    body = assembly(source, flags).split(f"\n{function}:", 1)[1].split(f"\t.size\t{function}", 1)[0]
    lines = [line.split("#", 1)[0] for line in body.splitlines()]
    return [" ".join(line.split()) for line in lines if re.match(r"\s+[a-z]", line)]


def output(source: str) -> str:
    """What the program of ``source`` prints. CompileError where it is refused, RuntimeError where it fails."""
    with tempfile.TemporaryDirectory(prefix="syslab-cc-") as folder:
        program = Path(folder) / "program"
        done = _compile(source, ["-o", str(program)], folder)
        if done.returncode:
            raise CompileError(_error(done.stderr))
        ran = _run([str(program)], "", folder)
    if ran.returncode:
        raise RuntimeError(f"the program ended with status {ran.returncode}: {ran.stderr[:200]}")
    return ran.stdout
