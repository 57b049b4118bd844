"""Running an experiment bounded: its own process, session and temp folder, a deadline, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from syslab.messages import Told

from .experiment import Experiment

GRACE = 15.0  # seconds the supervisor gets for starting and for cleaning up, on top of the experiment's timeout


class ExperimentFailed(RuntimeError):
    """The experiment ran and failed; ``rows`` are what it had measured by then."""

    def __init__(self, message: str, rows: list[Any]) -> None:
        had = f"; it had measured {len(rows)} row(s)" if rows else ""
        super().__init__(message + had)
        self.rows = rows


class ExperimentTimeout(ExperimentFailed):
    """It took longer than it may."""


@dataclass(frozen=True)
class Result:
    """What came back, and the seconds it took (the experiment's own process, start included)."""

    data: Any
    seconds: float


def run(experiment: Experiment[Any], arguments: dict[str, Any] | None = None, timeout: float | None = None) -> Result:
    """Run ``experiment`` with keyword ``arguments`` in its own process; ``timeout`` in seconds overrides its own.

    Raises :class:`ExperimentTimeout` or :class:`ExperimentFailed`, both with the rows measured until then.
    """
    limit = experiment.timeout if timeout is None else timeout
    job = json.dumps({"target": experiment.target, "arguments": arguments or {}, "timeout": limit})
    started = time.monotonic()
    try:
        worker = subprocess.Popen(
            [sys.executable, "-m", "syslab.evidence.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as error:  # no more processes, files or memory
        raise ExperimentFailed(f"{experiment.name} could not be started: {error.strerror}", []) from None
    try:
        out, err = worker.communicate(job, timeout=limit + GRACE)
    except subprocess.TimeoutExpired:
        raise ExperimentTimeout(f"{experiment.name}: its supervisor did not answer within {limit + GRACE:g} s", []) from None
    finally:
        if worker.poll() is None:  # an interrupt, or the case above: the supervisor cleans up on SIGTERM
            worker.terminate()
            try:
                worker.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
    return Result(_result(experiment, out, err), time.monotonic() - started)


def _result(experiment: Experiment[Any], out: str, err: str) -> Any:
    told = Told()
    for line in out.splitlines():
        told.take(line)
    if error := told.end.get("error"):
        raise ExperimentFailed(f"{experiment.name}: {error['type']}: {error['text']}", told.rows) from RuntimeError(error["trace"])
    if told.end:
        return told.data
    if "timeout" in told.beside:
        raise ExperimentTimeout(f"{experiment.name} took longer than {told.beside['timeout']:g} s", told.rows)
    if "status" in told.beside:
        raise ExperimentFailed(f"{experiment.name} ended with status {told.beside['status']} and no answer", told.rows)
    raise ExperimentFailed(f"{experiment.name} could not be started: {err.strip()[-400:]}", told.rows)
