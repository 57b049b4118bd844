"""What a function that runs in another process says of itself: a JSON object a line, rows as they come.

    {"row": …}* then {"rows": true}      it yielded rows
    {"data": …}                          it returned
    {"error": {type, text, trace}}       it raised

Whoever runs it says more beside that: a process its status or timeout, the lab VM its provenance or what is missing there.
The child of :mod:`syslab.evidence.worker` speaks it, and that of the lab VM's agent, to which this file goes with each job.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

ENDS = ("rows", "data", "error", "missing")


def send(out: int, message: dict[str, Any]) -> None:
    """Write one to the descriptor ``out``, whole."""
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(out, data) :]


def tell(out: int, work: Callable[[], Any]) -> int:
    """Call ``work`` and send what comes of it, whatever that is; the exit status for the process."""
    try:
        result = work()
        if isinstance(result, Iterator):
            for row in result:
                send(out, {"row": row})
            send(out, {"rows": True})
        else:
            send(out, {"data": result})
    except BaseException as error:  # also SystemExit: the reader is told
        send(out, {"error": {"type": type(error).__name__, "text": str(error), "trace": traceback.format_exc(limit=-4)}})
        return 1
    return 0


@dataclass
class Told:
    """What came so far: ``rows``; ``end``, one of the messages that end it, or {}; ``beside``, the other messages' keys."""

    rows: list[Any] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)

    def take(self, line: str | bytes) -> None:
        """One line. ValueError if it is no JSON."""
        message = json.loads(line)
        if "row" in message:
            self.rows.append(message["row"])
        elif any(key in message for key in ENDS):
            self.end = message
        else:
            self.beside |= message

    @property
    def data(self) -> Any:
        """What the function returned, or its rows."""
        return self.end.get("data", self.rows)
