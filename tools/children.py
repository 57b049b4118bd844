"""The programs that ``make`` runs: each in a process group of its own, told to stop when we are, and gone when we are."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from .environment import ROOT
from .failures import Interrupted, by_signal

GRACE = 30.0  # seconds to clean up in after SIGINT
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _end_with_parent() -> None:
    """In the child: SIGINT when our process dies, however it does. It comes from us alone, so a shell's "ignore" is over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def run(name: str, command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()) -> int:
    """Run ``command`` in the project's folder; its exit status, or 128 and its signal's number, after saying what that means.

    What ends us (an exception, Ctrl-C) ends it first: SIGINT, and SIGKILL for its whole group if it does not stop.
    """
    child = subprocess.Popen(
        command, cwd=ROOT, env=dict(environment), pass_fds=pass_fds, process_group=0, preexec_fn=_end_with_parent
    )
    try:
        status = child.wait()
    except BaseException as error:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if isinstance(error, Interrupted) and child.returncode == 128 + signal.SIGINT:
            raise SystemExit(128 + error.number) from error  # it has said so itself
        raise
    if status >= 0:
        return status
    print(f"\n{name} was {by_signal(-status)}.", file=sys.stderr, flush=True)
    return 128 - status
