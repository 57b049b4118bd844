"""What cron does with a line: the chapter book/processes/cron.md."""

from __future__ import annotations

from .ask import backslashes, both_hours, by_cron, by_pam, by_shell, clock_changes, command, grammar, percent, reboots

__all__ = [
    "backslashes",
    "both_hours",
    "by_cron",
    "by_pam",
    "by_shell",
    "clock_changes",
    "command",
    "grammar",
    "percent",
    "reboots",
]
