"""What cron does with a line: the chapter book/processes/cron.md."""

from __future__ import annotations

from .ask import by_cron, by_shell, clock_changes, command, grammar, percent

__all__ = ["by_cron", "by_shell", "clock_changes", "command", "grammar", "percent"]
