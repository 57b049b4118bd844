"""The lab VM as a context manager: restored from its snapshot, asked, killed."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from syslab.messages import Told

from ..agent import START
from . import cache, job, qemu
from .errors import LabCorrupt, LabDied, LabHung

RESTORE = 30.0  # seconds a restore may take
GRACE = 8.0  # seconds on top of an experiment's timeout in which the agent must have ended it
AT_ONCE = threading.BoundedSemaphore(2)  # machines a process may run


@dataclass(frozen=True)
class Reply:
    """What came back. Exactly one of data, error, timeout and missing says how it ended.

    ``rows`` are those of a generator, also when it ended early; ``data`` the returned value, or all rows.
    ``error`` has type, text and trace; ``missing`` pairs of a need's name and why it is not met inside.
    ``provenance`` is made inside (None if the module could not be imported); ``left`` counts processes that the
    experiment left behind and that were killed.
    """

    data: Any = None
    rows: list[Any] = field(default_factory=list)
    error: dict[str, str] | None = None
    timeout: float | None = None
    missing: list[tuple[str, str]] = field(default_factory=list)
    output: str = ""
    provenance: dict[str, Any] | None = None
    left: int = 0
    seconds: float = 0.0


class LabVm:
    """Linux with KVM on emulated SVM, as its snapshot has it. Fresh for each ``with``.

    The first one on a machine builds the image: LabMissing says why that cannot be. Use it in the thread that made
    it: the kernel kills QEMU when that thread ends.
    """

    def __init__(self) -> None:
        self._qemu: qemu.Qemu | None = None
        self.image: cache.Image | None = None
        self._counted = False
        self.restored = 0.0  # seconds that took

    def __enter__(self) -> LabVm:
        image = cache.ready()
        AT_ONCE.acquire()
        self._counted = True
        try:
            try:
                self._restore(image)
            except (LabCorrupt, LabDied, LabHung) as first:  # an image that does not start is built anew, once
                try:
                    image = cache.ready(without=image)
                    self._restore(image)
                except (LabCorrupt, LabDied, LabHung):
                    raise LabCorrupt(f"the lab VM's image does not start: {first}") from None
        except BaseException:
            self.close()
            raise
        return self

    def _restore(self, image: cache.Image) -> None:
        started = time.monotonic()
        deadline = started + RESTORE
        self.image = image
        try:
            with image.snapshot.open("rb") as snapshot:
                os.set_inheritable(snapshot.fileno(), True)
                self._qemu = qemu.Qemu(image.kernel, incoming=snapshot.fileno())
            self._qemu.greet(deadline)
            qemu.resume(self._qemu, deadline)
        except FileNotFoundError as gone:  # another process replaced it
            raise LabCorrupt(f"{gone.filename} is gone") from None
        except BaseException:
            if self._qemu:
                self._qemu.close()
            raise
        self.restored = time.monotonic() - started

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the machine."""
        if self._qemu:
            self._qemu.close()
            self._qemu = None
        self.image = None
        if self._counted:
            self._counted = False
            AT_ONCE.release()

    @property
    def pid(self) -> int:
        """QEMU's process."""
        if not self._qemu:
            raise ValueError("this lab VM is closed")
        return self._qemu.process.pid

    def ask(self, target: str, arguments: dict[str, Any] | None = None, timeout: float = 20.0) -> Reply:
        """Run ``module:function`` inside with keyword ``arguments``; at most ``timeout`` seconds after its imports.

        Raises LabHung if the guest does not answer (it is then closed), LabDied if QEMU ends; both have ``rows``.
        """
        if not self._qemu or not self.image:
            raise ValueError("this lab VM is closed")
        started = time.monotonic()
        deadline = started + START + timeout + GRACE
        files = job.pack(target.partition(":")[0], self.image.manifest["magic"])
        head = {"target": target, "arguments": arguments or {}, "timeout": timeout, "now": time.time()}
        head["files"] = [(name, len(content)) for name, content in files]
        received = _Received()
        try:
            self._qemu.send(json.dumps(head).encode() + b"\n" + b"".join(content for _, content in files), deadline)
            first = self._qemu.frame(deadline)  # it has imported its module
            deadline = time.monotonic() + timeout + GRACE
            ended = received.take(*first)
            while not ended:
                ended = received.take(*self._qemu.frame(deadline))
        except (LabHung, LabDied) as error:
            error.rows = received.told.rows
            self._qemu.close()
            self._qemu = None
            raise
        version = self.image.manifest["qemu"].split(" ")[0]
        return received.reply(version, time.monotonic() - started)


class _Received:
    """What the frames of one job add up to."""

    def __init__(self) -> None:
        self.told = Told()
        self.output: list[bytes] = []
        self.messages = b""
        self.end: dict[str, Any] = {}

    def take(self, kind: bytes, data: bytes) -> bool:
        """One frame; whether it was the last."""
        if kind == b"o":
            self.output.append(data)
        elif kind == b"e":
            self.end = json.loads(data)
            return True
        elif kind == b"m":
            *lines, self.messages = (self.messages + data).split(b"\n")
            for line in lines:
                self.told.take(line)
        return False

    def reply(self, version: str, seconds: float) -> Reply:
        """The whole."""
        last, provenance = self.told.end, self.told.beside.get("provenance")
        if provenance:
            tools = {**provenance["tools"], qemu.PROGRAM: version}
            provenance |= {"hypervisor": "QEMU TCG", "tools": tools, "seconds": round(seconds, 3)}
        reply: dict[str, Any] = {
            "rows": self.told.rows,
            "provenance": provenance,
            "left": self.end.get("left", 0),
            "seconds": seconds,
        }
        reply["output"] = b"".join(self.output).decode(errors="replace")
        if "error" in last:
            reply["error"] = last["error"]
        elif "missing" in last:
            reply["missing"] = [tuple(pair) for pair in last["missing"]]
        elif last:
            reply["data"] = self.told.data
        elif "timeout" in self.end:
            reply["timeout"] = self.end["timeout"]
        else:
            text = f"ended with status {self.end.get('status')} and no answer"
            reply["error"] = {"type": "ProcessEnded", "text": text, "trace": ""}
        return Reply(**reply)
