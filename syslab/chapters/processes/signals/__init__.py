"""Signals that end a process: the chapter book/processes/signals.md."""
