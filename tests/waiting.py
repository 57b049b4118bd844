"""Waiting for what will come, however slow the machine is: only what never comes fails."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0  # seconds: a guard against hanging, far beyond what anything takes


def soon(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether ``condition`` becomes true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
