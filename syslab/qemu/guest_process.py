"""A guest in a process of its own: started, rung, waited for, and gone in every case.

The process is QEMU or :mod:`.kvm_runner`; both have the guest's RAM in a file, and a serial port as bell on stdin and
stdout. It gets its own session and a private folder, no network, no display and no reboot.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from syslab import kvm

from . import kvm_runner

QEMU = "qemu-system-x86_64"
RAM_FILE = "ram"


class MachineError(RuntimeError):
    """Something is wrong with a machine. ``answers`` are those it had given, ``request`` the index it was at."""

    answers: list[Any] = []  # noqa: RUF012  (an empty default, replaced and never changed)
    request: int | None = None


class MachineMissing(MachineError):
    """QEMU, /dev/kvm or the guest's image is not there or not for this user."""


class UnknownModel(MachineError, ValueError):
    """QEMU has no CPU model of this name."""


class ImageCorrupt(MachineError):
    """The guest's image is not the one this code was written for, or it does not behave like it."""


class GuestHung(MachineError):
    """The guest did not answer in time."""


class GuestShutdown(MachineError):
    """A triple fault: an exception while an exception while an exception was delivered."""


class GuestStopped(MachineError):
    """KVM gave the vCPU back for a reason that the guest did not mean."""


class GuestPanicked(MachineError):
    """The guest met an exception outside a request."""


class MachineDied(MachineError):
    """The process ended, or was killed, while it was needed."""


def need_qemu() -> str:
    """QEMU's path, or :class:`MachineMissing`."""
    path = shutil.which(QEMU)
    if not path:
        raise MachineMissing(f"{QEMU} is not installed (Debian: apt install qemu-system-x86)")
    return path


def need_kvm(device: str = kvm.DEVICE) -> None:
    """:class:`MachineMissing` unless this user may use KVM."""
    if why := kvm.missing(device):
        raise MachineMissing(why)


Command = Callable[[Path], list[str]]
Explain = Callable[[int, str], MachineError]


def tcg_command(model: str, *options: str, ram: int) -> Command:
    """QEMU without hardware virtualization and without any device but a serial port; ``ram`` in bytes.

    ``{folder}`` in an option is the machine's own.
    """
    qemu = need_qemu()

    def command(folder: Path) -> list[str]:
        return [
            qemu, "-accel", "tcg", "-cpu", model, "-machine", "q35,memory-backend=ram", "-m", f"{ram >> 20}",
            "-object", f"memory-backend-file,id=ram,size={ram},share=on,mem-path={folder / RAM_FILE}",
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-chardev", "stdio,id=bell,signal=off", "-device", "isa-serial,chardev=bell",
            *(option.format(folder=folder) for option in options),
        ]  # fmt: skip

    return command


def explain_tcg(status: int, said: str) -> MachineError:
    """Why QEMU ended. With ``-no-reboot`` a guest's triple fault, which resets a PC, is an exit with status 0."""
    if "unable to find CPU model" in said:
        return UnknownModel(said.strip().splitlines()[-1])
    if status == 0:
        return GuestShutdown("the guest reset itself: a triple fault")
    return _died("QEMU", status, said)


def kvm_command(*arguments: str) -> Command:
    """:mod:`.kvm_runner` with ``arguments`` after the RAM's file."""
    need_kvm()
    return lambda folder: [sys.executable, "-I", "-S", kvm_runner.__file__, str(folder / RAM_FILE), *arguments]


def explain_kvm(status: int, said: str) -> MachineError:
    """Why the runner ended."""
    last = said.strip().splitlines()[-1] if said.strip() else ""
    if status != kvm_runner.STOPPED:
        return _died("the KVM runner", status, said)
    if last == "KVM_EXIT_SHUTDOWN":
        return GuestShutdown("KVM_EXIT_SHUTDOWN: a triple fault")
    return GuestStopped(last)


def _died(who: str, status: int, said: str) -> MachineError:
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    said = said.strip()[-400:]
    return MachineDied(f"{who} {how}" + (f": {said}" if said else ""))


def _end(process: subprocess.Popen[bytes], folder: str) -> None:
    """Kill the process's session and remove its folder; also at exit, for a machine that nobody closed."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    shutil.rmtree(folder, ignore_errors=True)


class GuestProcess:
    """A running guest. ``memory`` is its RAM of ``ram`` bytes.

    Before it starts, ``contents`` are put there by address, and ``files`` into its folder by name.
    """

    def __init__(
        self,
        command: Command,
        explain: Explain,
        ram: int,
        contents: Mapping[int, bytes] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._explain = explain
        folder = tempfile.mkdtemp(prefix="syslab-guest-")  # 0700
        self._stderr = Path(folder, "stderr")
        try:
            for name, data in (files or {}).items():
                Path(folder, name).write_bytes(data)
            with open(Path(folder, RAM_FILE), "w+b") as backing:
                backing.truncate(ram)
                self.memory = mmap.mmap(backing.fileno(), ram)
            for address, data in (contents or {}).items():
                self.memory[address : address + len(data)] = data
            with open(self._stderr, "wb") as stderr:
                self.process = subprocess.Popen(
                    command(Path(folder)),
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=True,
                )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._finalizer = weakref.finalize(self, _end, self.process, folder)

    @property
    def alive(self) -> bool:
        """Whether :meth:`close` has not been called."""
        return self._finalizer.alive

    def ring(self) -> None:
        """Tell the guest to look into its memory."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # it is gone; waiting for its bell says why
            self.process.stdin.write(b"!")

    def wait(self, seconds: float) -> bytes:
        """The guest's next bell, one byte. GuestHung after ``seconds``; if the process ended, what explains it."""
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            raise GuestHung(f"the guest did not answer within {seconds:g} s")
        bell = self.process.stdout.read(1)
        if bell:
            return bell
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise GuestHung("the machine closed its output and did not end") from None
        raise self._explain(status, self._stderr.read_text(encoding="utf-8", errors="replace"))

    def close(self) -> None:
        """Kill it and remove what it left; a second call does nothing."""
        self._finalizer()
