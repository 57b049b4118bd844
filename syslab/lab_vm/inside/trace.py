"""The lab VM's kernel, watched: tracepoints (``kvm:kvm_exit``) and functions (ftrace), through tracefs.

Documentation/trace/events.rst and ftrace.rst of the kernel tell the files that are written here.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

TRACING = Path("/sys/kernel/tracing")
_LINE = re.compile(
    r"\s*(?P<task>.{1,16})-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+\S+\s+(?P<time>[\d.]+): (?P<name>[\w.]+): ?(?P<text>.*)"
)
_CALL = re.compile(
    r"\s*(?P<task>.{1,16})-(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]\s+\S+\s+(?P<time>[\d.]+): (?P<name>[\w.]+)(?: \[\w+\])? <-(?P<caller>\S+)"
)
_LOST = re.compile(r"LOST (\d+) EVENTS")


class TraceLost(RuntimeError):
    """The buffer was too small: events are missing, so a count would be wrong."""


def _write(file: str, text: str, append: bool = False) -> None:
    with (TRACING / file).open("a" if append else "w", encoding="ascii") as out:
        out.write(text)


def fields(text: str) -> dict[str, str]:
    """``vcpu 0 reason cpuid rip 0x1000`` or ``vcpu=0 reason=cpuid`` -> names and values, as far as they pair up.

    KVM's own events print words in pairs; what does not pair is only in the text.
    """
    words = re.findall(r"[^\s,=]+|=", text)
    if "=" in words:
        return {words[i - 1]: words[i + 1] for i in range(1, len(words) - 1) if words[i] == "="}
    return dict(zip(words[::2], words[1::2], strict=False))


class _Tracing:
    """Off, empty, set up, on; afterwards off and as before. Only this process and its threads and children count."""

    def __init__(self, buffer_kb: int, everybody: bool) -> None:
        self.buffer_kb, self.everybody = buffer_kb, everybody
        self.lost = 0

    def _set_up(self) -> None:
        raise NotImplementedError

    def _take_down(self) -> None:
        raise NotImplementedError

    def _lines(self) -> list[str]:
        text = (TRACING / "trace").read_text(encoding="utf-8", errors="replace")
        self.lost = sum(int(found) for found in _LOST.findall(text)) + self._overrun()
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    def _overrun(self) -> int:
        total = 0
        for path in TRACING.glob("per_cpu/cpu*/stats"):
            total += sum(int(n) for n in re.findall(r"(?:overrun|dropped events): (\d+)", path.read_text(encoding="ascii")))
        return total

    def __enter__(self) -> Any:
        if not TRACING.is_dir():
            raise RuntimeError("there is no tracefs here; traces are for experiments with the need LAB_VM")
        _write("tracing_on", "0")
        _write("buffer_size_kb", str(self.buffer_kb))
        try:
            self._set_up()
            _write("trace", "")
            _write("tracing_on", "1")
        except BaseException:
            self._take_down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _write("tracing_on", "0")
        try:
            self._read()
        finally:
            self._take_down()
            _write("trace", "")
            _write("buffer_size_kb", "64")

    def _read(self) -> None:
        raise NotImplementedError

    def _mine(self) -> list[int]:
        return [int(entry) for entry in os.listdir("/proc/self/task")]


class Trace(_Tracing):
    """Tracepoints while the block runs: ``with Trace("kvm:kvm_exit", "kvm:kvm_entry") as t:`` then ``t.events``.

    Each event is a dict: ``event`` ("kvm_exit"), ``fields`` (names and values as text, see :func:`fields`), ``text``
    (all after the name), ``task``, ``pid`` (of the thread), ``cpu``, ``time`` (seconds since boot). "kvm:*" means all
    of a system. By default only this process, its threads and children are traced; ``everybody=True`` also the rest.
    ValueError for an event that the kernel lacks; TraceLost when the buffer (``buffer_kb``) was too small.
    """

    def __init__(self, *events: str, buffer_kb: int = 4096, everybody: bool = False) -> None:
        if not events:
            raise ValueError('name events, such as Trace("kvm:kvm_exit")')
        super().__init__(buffer_kb, everybody)
        self.names = events
        self.events: list[dict[str, Any]] = []

    def _files(self) -> list[str]:
        files = []
        for name in self.names:
            system, _, event = name.partition(":")
            file = f"events/{system}/enable" if event in ("", "*") else f"events/{system}/{event}/enable"
            if not (TRACING / file).exists():
                raise ValueError(f"this kernel has no tracepoint {name}")
            files.append(file)
        return files

    def _set_up(self) -> None:
        files = self._files()
        _write("options/event-fork", "1")
        _write("set_event_pid", "" if self.everybody else " ".join(map(str, self._mine())))
        for file in files:
            _write(file, "1")

    def _take_down(self) -> None:
        _write("events/enable", "0")
        _write("set_event_pid", "")
        _write("options/event-fork", "0")

    def _read(self) -> None:
        for line in self._lines():
            if found := _LINE.match(line):
                self.events.append(
                    {
                        "event": found["name"],
                        "fields": fields(found["text"]),
                        "text": found["text"].strip(),
                        "task": found["task"].strip(),
                        "pid": int(found["pid"]),
                        "cpu": int(found["cpu"]),
                        "time": float(found["time"]),
                    }
                )
        if self.lost:
            raise TraceLost(f"{self.lost} events were lost; trace less, or give a larger buffer_kb than {self.buffer_kb}")

    def named(self, event: str) -> list[dict[str, Any]]:
        """The events of one name, in order."""
        return [found for found in self.events if found["event"] == event.rpartition(":")[2]]

    def counts(self, field: str, event: str = "") -> dict[str, int]:
        """How often each value of a field came, by value: ``t.counts("reason", "kvm_exit")`` -> {"cpuid": 10, ...}."""
        chosen = self.named(event) if event else self.events
        return dict(sorted(Counter(found["fields"][field] for found in chosen if field in found["fields"]).items()))


class FunctionTrace(_Tracing):
    """Calls of kernel functions while the block runs: ``with FunctionTrace("kvm_vcpu_kick") as t:`` then ``t.calls``.

    ``calls`` is the ordered list of dicts: ``name``, ``caller`` (the function it was called from), ``task``, ``pid``,
    ``cpu``, ``time``; ``counts`` maps each name asked for to a number, 0 included. A name may have * in it. Functions the
    kernel cannot trace (inlined, notrace) are in ``untraceable``, or raise ValueError with ``strict=True``.
    By default only this process, its threads and children are traced; ``everybody=True`` also the rest (interrupts
    and kernel threads that act for it).
    """

    def __init__(self, *functions: str, buffer_kb: int = 4096, everybody: bool = False, strict: bool = False) -> None:
        if not functions:
            raise ValueError('name functions, such as FunctionTrace("kvm_vcpu_kick")')
        super().__init__(buffer_kb, everybody)
        self.functions, self.strict = functions, strict
        self.untraceable: list[str] = []
        self.calls: list[dict[str, Any]] = []

    def _set_up(self) -> None:
        _write("current_tracer", "nop")
        with (TRACING / "set_ftrace_filter").open("wb", buffering=0) as out:  # what it has is applied once, on closing
            for name in self.functions:
                try:
                    out.write(name.encode() + b"\n")
                except OSError:
                    if self.strict:
                        raise ValueError(f"this kernel cannot trace {name}") from None
                    self.untraceable.append(name)
        if len(self.untraceable) == len(self.functions):
            raise ValueError(f"this kernel can trace none of {', '.join(self.functions)}")
        _write("options/function-fork", "1")
        _write("set_ftrace_pid", "" if self.everybody else " ".join(map(str, self._mine())))
        _write("current_tracer", "function")

    def _take_down(self) -> None:
        _write("current_tracer", "nop")
        _write("set_ftrace_filter", "")
        _write("set_ftrace_pid", "")
        _write("options/function-fork", "0")

    def _read(self) -> None:
        for line in self._lines():
            if found := _CALL.match(line):
                call: dict[str, Any] = found.groupdict()
                call |= {
                    "task": call["task"].strip(),
                    "pid": int(call["pid"]),
                    "cpu": int(call["cpu"]),
                    "time": float(call["time"]),
                }
                self.calls.append(call)
        if self.lost:
            raise TraceLost(f"{self.lost} calls were lost; trace fewer functions, or give a larger buffer_kb than {self.buffer_kb}")

    @property
    def counts(self) -> dict[str, int]:
        """How often each was called."""
        count = Counter(call["name"] for call in self.calls)
        plain = [name for name in self.functions if "*" not in name and name not in self.untraceable]
        return {name: count[name] for name in dict.fromkeys([*plain, *sorted(count)])}
