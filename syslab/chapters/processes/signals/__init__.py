"""Signals that end a process: the chapter book/processes/signals.md."""

from __future__ import annotations

from .ask import clean_up, core_flag, inherited, keyboard, one, outcomes, setups, shell_says, trapped, with_setup

__all__ = ["clean_up", "core_flag", "inherited", "keyboard", "one", "outcomes", "setups", "shell_says", "trapped", "with_setup"]
