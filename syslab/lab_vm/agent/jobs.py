"""Jobs: taking one, running it in a child, passing on what it says, and clearing up after it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import struct
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from . import KEPT_OUTPUT, START
from .kernel import parameters, power_off, restore, write


class Port:
    """The virtio port to the host."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR)
        self.buffer = b""

    def _more(self) -> None:
        for _ in range(100):
            if data := os.read(self.fd, 1 << 16):
                self.buffer += data
                return
            time.sleep(0.02)  # nobody is at the other end, or not yet after a restore
        power_off()

    def line(self) -> bytes:
        """Up to the next line feed."""
        while b"\n" not in self.buffer:
            self._more()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def take(self, size: int) -> bytes:
        """Exactly ``size`` bytes."""
        while len(self.buffer) < size:
            self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def frame(self, kind: bytes, data: bytes) -> None:
        """Send one."""
        data = kind + struct.pack("<I", len(data)) + data
        while data:
            data = data[os.write(self.fd, data) :]

    def gone(self) -> bool:
        """Whether the host has closed its end."""
        poll = select.poll()
        poll.register(self.fd, 0)
        return any(event & select.POLLHUP for _, event in poll.poll(0))


def experiment(job: dict[str, Any], out: int) -> None:
    """In the child: run it and report; never returns."""
    status = 1
    try:
        messages = import_module("syslab.messages")  # came with the job
        status = messages.tell(out, lambda: _found(job, lambda message: messages.send(out, message)))
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)


def _found(job: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> Any:
    """What the job's function returns. A question says first who answers; one that cannot be asked here ends there."""
    module, name = job["target"].split(":")
    found = getattr(import_module(module), name)
    if hasattr(found, "missing"):
        missing = [(need.name, why) for need, why in found.missing()]
        provenance = import_module("syslab.evidence.provenance")
        send({"provenance": provenance.here("lab", 0.0, found.tools, found.witness).to_dict()})
        if missing:
            send({"missing": missing})
            os._exit(0)
    return getattr(found, "function", found)(**job["arguments"])


def _start(job: dict[str, Any], folder: str, port: Port) -> tuple[int, int, int]:
    """Fork; pid, and the descriptors its messages and its output come from."""
    messages, out = os.pipe()
    output, printed = os.pipe()
    pid = os.fork()
    if pid:
        os.close(out)
        os.close(printed)
        return pid, messages, output
    os.setsid()
    for fd in (port.fd, messages, output):
        os.close(fd)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    os.close(printed)
    write("/proc/self/oom_score_adj", "500")
    sys.path.insert(0, f"{folder}/code")
    os.makedirs(f"{folder}/work", mode=0o700)
    os.chdir(f"{folder}/work")
    os.environ.clear()
    os.environ.update(TMPDIR=os.getcwd(), HOME=os.getcwd(), LC_ALL="C.UTF-8", PATH="/usr/bin:/bin", PYTHONPATH=f"{folder}/code")
    experiment(job, out)
    raise AssertionError("not reached")


def _clear() -> int:
    """Kill and reap everybody but us; how many there were."""
    count = 0
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                count += 1
            time.sleep(0.001)
        except ChildProcessError:
            return count


def answer(job: dict[str, Any], folder: str, port: Port) -> None:
    """Run one job to its end, whatever it does."""
    deadline = time.monotonic() + job["timeout"] + START
    pid, messages, output = _start(job, folder, port)
    end: dict[str, Any] = {}
    kept, begun = 0, False
    poll = select.poll()
    poll.register(messages, select.POLLIN)
    poll.register(output, select.POLLIN)
    watched = os.pidfd_open(pid)
    poll.register(watched, select.POLLIN)
    reading = {messages, output}
    while reading or "left" not in end:
        ready = poll.poll(min(500.0, max(0.0, deadline - time.monotonic()) * 1000) if not end else 500.0)
        for fd, _ in ready:
            if fd == watched:
                poll.unregister(watched)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                end = end or {"status": status}
                end["left"] = _clear()
                continue
            data = os.read(fd, 1 << 16)
            if not data:
                poll.unregister(fd)
                reading.discard(fd)
            elif fd == messages:
                if not begun and not end:
                    begun, deadline = True, time.monotonic() + job["timeout"]
                port.frame(b"m", data)
            elif kept < KEPT_OUTPUT:
                kept += len(data)
                port.frame(b"o", data)
        if not end and time.monotonic() >= deadline:
            end = {"timeout": job["timeout"]}
            os.kill(pid, signal.SIGKILL)
        if not ready and port.gone():
            power_off()
    for fd in (messages, output, watched):
        os.close(fd)
    port.frame(b"e", json.dumps(end).encode())


def serve(port: Port) -> None:
    """Jobs, one after another, for ever."""
    before = parameters()
    for count in range(1 << 62):
        job = json.loads(port.line())
        time.clock_settime(time.CLOCK_REALTIME, job["now"])
        folder = f"/tmp/job-{count}"
        for name, size in job["files"]:
            path = f"{folder}/code/{name}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(port.take(size))
        try:
            answer(job, folder, port)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            restore(before)
