"""One QEMU: the lab's machine, its monitor, and the port that the agent inside listens on.

No path is shared with it and no file left by it: monitor, port, snapshot and log are descriptors it inherits. It has
a session of its own, is killed by the kernel when the thread that started it ends, and has no network device.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

from .errors import LabDied, LabHung, LabMissing

PROGRAM = "qemu-system-x86_64"
# -M pc and one CPU: what the part's experiments were measured on; microvm hangs at times, and KVM on PVM aborts QEMU
MACHINE = (
    "-accel",
    "tcg",
    "-cpu",
    "EPYC,+svm",
    "-M",
    "pc",
    "-m",
    "192",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
)
APPEND = "console=ttyS0 quiet panic=-1 nokaslr no_timer_check cryptomgr.notests"
# The kernel kills QEMU with us from the moment setpriv has asked for it; who died before that is no parent any more.
_UNLESS_ORPHAN = '[ "$PPID" = "$0" ] && exec "$@"'
# Guests of guests go astray in it: an AP's start, a #UD in real mode, a spinning vCPU, with Linux 6.1 and 6.8 alike, which
# both pass in 7.2. It is Ubuntu 24.04's.
UNFIT = ("8.2.2",)
FRAME = struct.Struct("<cI")


def program() -> str:
    """Where QEMU is; LabMissing if nowhere."""
    path = shutil.which(PROGRAM)
    if not path:
        raise LabMissing(f"{PROGRAM} is not installed", "apt install qemu-system-x86")
    return path


def check() -> None:
    """LabMissing for a QEMU whose SVM is known not to work."""
    if (number := version().partition(" ")[0]) in UNFIT:
        raise LabMissing(f"QEMU {number} emulates SVM with faults that send guests astray; 7.2 and 10.0 are known to work")


def setpriv() -> str:
    """Where setpriv is; LabMissing if nowhere."""
    path = shutil.which("setpriv")
    if not path:
        raise LabMissing("setpriv is not installed", "apt install util-linux")
    return path


def version() -> str:
    """What QEMU says it is, with the distribution's revision."""
    path = program()
    status = os.stat(path)
    return _version(path, status.st_mtime_ns, status.st_size)


@cache
def _version(path: str, _changed: int, _size: int) -> str:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabMissing(f"{path} --version: {error}") from None
    line = done.stdout.partition("\n")[0].removeprefix("QEMU emulator version ")
    if done.returncode or not line:
        raise LabMissing(f"{path} --version failed: {done.stderr.strip()[-200:]}")
    return line


class Qemu:
    """A started machine. Give ``initrd`` to boot, or ``incoming``, a descriptor of the snapshot, to go on from there.

    Use as a context manager; leaving it kills.
    """

    def __init__(self, kernel: Path, initrd: Path | None = None, incoming: int | None = None) -> None:
        self.port, port = socket.socketpair()
        self.monitor, monitor = socket.socketpair()
        self.log = os.memfd_create("lab-console")
        self.ended = False
        command = [program(), *MACHINE, "-kernel", str(kernel), "-append", APPEND]
        command += ["-initrd", str(initrd)] if initrd else []
        command += ["-serial", "stdio"]
        command += ["-chardev", f"socket,id=monitor,fd={monitor.fileno()}", "-mon", "chardev=monitor,mode=control"]
        command += ["-chardev", f"socket,id=port,fd={port.fileno()}", "-device", "virtio-serial-pci,max_ports=2"]
        command += ["-device", "virtserialport,chardev=port,name=lab,nr=1"]
        command += ["-S", "-incoming", f"fd:{incoming}"] if incoming is not None else []
        try:
            self.process = subprocess.Popen(
                [setpriv(), "--pdeathsig", "KILL", "--", "/bin/sh", "-c", _UNLESS_ORPHAN, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                cwd="/",
                start_new_session=True,
                pass_fds=[port.fileno(), monitor.fileno(), *([incoming] if incoming is not None else [])],
            )
        except BaseException as error:
            self.port.close()
            self.monitor.close()
            os.close(self.log)
            if isinstance(error, OSError):
                raise LabMissing(f"{command[0]} does not start: {error}") from None
            raise
        finally:
            port.close()
            monitor.close()
        self._replies = b""
        self._frames = b""

    # the monitor

    def _reply(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._replies:
            self._replies += self._receive(self.monitor, deadline, "its monitor")
        line, _, self._replies = self._replies.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def ask(self, command: str, deadline: float, fd: int | None = None, **arguments: Any) -> Any:
        """One QMP command; ``fd`` travels with it. ``deadline`` as of time.monotonic()."""
        data = json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
        try:
            if fd is None:
                self.monitor.sendall(data)
            else:
                socket.send_fds(self.monitor, [data], [fd])
        except OSError:
            raise self.died() from None
        while True:
            reply = self._reply(deadline)
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                raise LabDied(f"QEMU refused {command}: {reply['error'].get('desc')}")

    def greet(self, deadline: float) -> None:
        """Open the monitor."""
        self.ask("qmp_capabilities", deadline)

    # the port

    def frame(self, deadline: float) -> tuple[bytes, bytes]:
        """The next frame of the agent: its letter and its data."""
        while True:
            if len(self._frames) >= FRAME.size:
                kind, size = FRAME.unpack_from(self._frames)
                if len(self._frames) >= FRAME.size + size:
                    data = self._frames[FRAME.size : FRAME.size + size]
                    self._frames = self._frames[FRAME.size + size :]
                    return kind, data
            self._frames += self._receive(self.port, deadline, "the agent")

    def send(self, data: bytes, deadline: float) -> None:
        """To the agent."""
        self.port.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            self.port.sendall(data)
        except TimeoutError:
            raise LabHung("the guest takes no job") from None
        except OSError:
            raise self.died() from None

    def _receive(self, source: socket.socket, deadline: float, who: str) -> bytes:
        source.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = source.recv(1 << 18)
        except TimeoutError:
            raise LabHung(f"{who} did not answer in time{self.console()}") from None
        except OSError:
            data = b""
        if not data:
            raise self.died()
        return data

    # its end

    def died(self) -> LabDied:
        """Say how it ended."""
        try:
            status = self.process.wait(2)
        except subprocess.TimeoutExpired:
            return LabDied(f"QEMU hung up{self.console()}")
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        return LabDied(f"QEMU {how}{self.console()}")

    def console(self, lines: int = 6) -> str:
        """The last lines of what QEMU and the guest's kernel said, for an error message."""
        if self.ended:
            return ""
        size = os.fstat(self.log).st_size
        text = os.pread(self.log, 4000, max(0, size - 4000)).decode(errors="replace").replace("\r", "").strip()
        said = [line for line in text.splitlines() if " warning: " not in line]  # what TCG lacks of an EPYC
        worst = [line for line in said if "Kernel panic" in line or "BUG:" in line]
        return ": " + " | ".join(worst[-1:] or said[-lines:]) if said else ""

    def close(self) -> None:
        """Kill it, with its session, and reap it."""
        if not self.ended:
            if self.process.poll() is None:
                try:
                    os.killpg(self.process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    self.process.kill()
            self.process.wait()
            self.ended = True
            self.port.close()
            self.monitor.close()
            os.close(self.log)

    def __enter__(self) -> Qemu:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_for_ready(qemu: Qemu, deadline: float) -> dict[str, Any]:
    """Until the agent waits; what it says of itself."""
    while True:
        kind, data = qemu.frame(deadline)
        if kind == b"r":
            ready: dict[str, Any] = json.loads(data)
            return ready


def save(qemu: Qemu, write: Any, deadline: float) -> None:
    """Stop the machine and hand its state, as it comes, to ``write(bytes)``."""
    qemu.ask("stop", deadline)
    source, sink = os.pipe()
    try:
        qemu.ask("getfd", deadline, fd=sink, fdname="snapshot")
        os.close(sink)
        sink = -1
        qemu.ask("migrate-set-parameters", deadline, **{"max-bandwidth": 1 << 40})
        qemu.ask("migrate", deadline, uri="fd:snapshot")
        while data := os.read(source, 1 << 20):  # ends when QEMU closes it, done or dead
            write(data)
            if time.monotonic() > deadline:
                raise LabHung("the snapshot took too long")
    finally:
        os.close(source)
        if sink >= 0:
            os.close(sink)
    while (status := qemu.ask("query-migrate", deadline).get("status")) in ("setup", "active", "device"):
        time.sleep(0.005)
    if status != "completed":
        raise LabDied(f"the snapshot is {status}{qemu.console()}")


def resume(qemu: Qemu, deadline: float) -> None:
    """Until the restored machine runs."""
    while (status := qemu.ask("query-status", deadline)["status"]) == "inmigrate":
        time.sleep(0.003)
    if status not in ("paused", "prelaunch", "postmigrate"):
        raise LabDied(f"the snapshot did not load: the machine is {status}{qemu.console()}")
    qemu.ask("cont", deadline)
