"""A 64-bit guest without an operating system, and the two machines that run it: QEMU's TCG and this machine's KVM.

>>> from syslab.qemu.bare_metal import Request, Tcg
>>> with Tcg("max") as machine:
...     answers = machine.ask([Request("fetch", smep=True)])

The guest is in ``guest/``; what it is asked and answers is in :mod:`.bare_metal_protocol`. Host and guest share
the guest's RAM, a file in a private folder: requests and answers lie there, and one byte each way says that they do.
"""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from syslab import kvm

from . import bare_metal_protocol as protocol
from .bare_metal_protocol import Answer, Features, Request
from .guest_process import (
    GuestHung,
    GuestPanicked,
    GuestProcess,
    GuestShutdown,
    GuestStopped,
    ImageCorrupt,
    MachineDied,
    MachineError,
    MachineMissing,
    UnknownModel,
    explain_kvm,
    explain_tcg,
    kvm_command,
    tcg_command,
)

__all__ = [
    "MODELS", "Answer", "Features", "GuestHung", "GuestPanicked", "GuestShutdown", "GuestStopped", "HostKvm", "ImageCorrupt",
    "Machine", "MachineDied", "MachineError", "MachineMissing", "Request", "Tcg", "UnknownModel",
]  # fmt: skip

IMAGE = Path(__file__).with_name("guest") / "page-fault.elf"
MODELS = ("max", "EPYC", "Skylake-Client", "Cascadelake-Server", "qemu64")
"""CPU models of QEMU that the book asks."""
TEST_MEMORY = {protocol.TEST_FRAME: protocol.FILL * protocol.TEST_FRAME_BYTES}
START = 20.0
"""Seconds a machine may take from its start to the guest's first bell; a busy host needs one."""


def _check_image(image: bytes) -> bytes:
    digest = hashlib.sha256(image).hexdigest()
    if digest != protocol.IMAGE_SHA256:
        raise ImageCorrupt(f"{IMAGE.name} is not the image this code was written for (SHA-256 {digest[:16]}…); build it again")
    return image


def load_elf(image: bytes) -> tuple[dict[int, bytes], int]:
    """What an ELF64 file puts where in physical memory, and its entry point. ImageCorrupt if it is none."""
    try:
        if image[:6] != b"\x7fELF\x02\x01":
            raise ImageCorrupt("the guest's image is not a 64-bit ELF file")
        entry, headers = struct.unpack_from("<QQ", image, 24)
        size, count = struct.unpack_from("<HH", image, 54)
        loads = {}
        for number in range(count):
            kind, _, offset, _, address, length = struct.unpack_from("<IIQQQQ", image, headers + number * size)
            if kind == 1:  # PT_LOAD
                loads[address] = image[offset : offset + length]
        return loads, entry
    except struct.error as error:
        raise ImageCorrupt(f"the guest's image ends too early: {error}") from None


class Machine:
    """What :class:`Tcg` and :class:`HostKvm` have in common; use it as a context manager.

    ``witness`` names the kind of machine, ``description`` says more for a reader. ``image`` runs another guest than
    the committed one (tests do). Entering raises a :class:`MachineError` that says what is missing or wrong.
    """

    witness: str
    description: str

    def __init__(self, *, image: bytes | None = None) -> None:
        self._image = image
        self._guest: GuestProcess | None = None
        self._features: Features | None = None

    def _start(self, image: bytes) -> GuestProcess:
        raise NotImplementedError

    def __enter__(self) -> Self:
        if self._guest and self._guest.alive:
            raise MachineError(f"{self.witness} is already running")
        if self._image is None:
            try:
                image = _check_image(IMAGE.read_bytes())
            except OSError as error:
                raise MachineMissing(f"the guest's image cannot be read: {error}") from None
        else:
            image = self._image
        self._guest = self._start(image)
        try:
            bell = self._guest.wait(START)
            if bell != b"r":
                raise ImageCorrupt(f"the guest began with {bell!r} instead of its ready bell")
            self._features = protocol.unpack_hello(memoryview(self._guest.memory)[protocol.MAILBOX :])
        except ValueError as error:
            self.close()
            raise error if isinstance(error, MachineError) else ImageCorrupt(str(error)) from None
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the machine. A second call does nothing."""
        if self._guest:
            self._guest.close()

    def _running(self) -> GuestProcess:
        if not self._guest or not self._guest.alive:
            raise MachineError(f"{self.witness} is not running: use it in a with statement")
        return self._guest

    @property
    def pid(self) -> int:
        """The process that is the machine."""
        return self._running().process.pid

    @property
    def memory(self) -> memoryview:
        """The guest's physical memory, as it is now."""
        return memoryview(self._running().memory)

    def features(self) -> Features:
        """What CPUID says inside the guest."""
        self._running()
        assert self._features
        return self._features

    def ask(self, requests: Sequence[Request], timeout: float = 30.0) -> list[Answer]:
        """Make the accesses, in order; an answer each. ``timeout`` is in seconds, for all of them.

        On a :class:`MachineError` the machine is ended; the error has the ``answers`` until then, and in ``request``
        the index of the one that did it.
        """
        guest = self._running()
        answers: list[Answer] = []
        deadline = time.monotonic() + timeout
        for start in range(0, len(requests), protocol.MAX_REQUESTS):
            batch = requests[start : start + protocol.MAX_REQUESTS]
            try:
                self._batch(guest, batch, deadline - time.monotonic())
            except MachineError as error:
                done = struct.unpack_from("<I", guest.memory, protocol.DONE)[0]
                error.answers = [*answers, *self._answers(guest, batch[:done])]
                error.request = start + done
                self.close()
                raise
            answers += self._answers(guest, batch)
        return answers

    def _batch(self, guest: GuestProcess, batch: Sequence[Request], seconds: float) -> None:
        packed = b"".join(request.pack() for request in batch)
        guest.memory[protocol.REQUESTS : protocol.REQUESTS + len(packed)] = packed
        struct.pack_into("<III", guest.memory, protocol.PENDING, 1, len(batch), 0)
        guest.ring()
        bell = guest.wait(max(seconds, 0))
        if bell == b"p":
            vector, error, rip, cr2 = protocol.PANIC_WORDS.unpack_from(guest.memory, protocol.PANIC)
            raise GuestPanicked(f"vector {vector}, error code {error:#x} at {rip:#x}, CR2 {cr2:#x}")
        if bell != b"d":
            raise ImageCorrupt(f"the guest rang {bell!r} where it should have answered")

    @staticmethod
    def _answers(guest: GuestProcess, batch: Sequence[Request]) -> list[Answer]:
        data = guest.memory[protocol.ANSWERS : protocol.ANSWERS + len(batch) * protocol.ANSWER_BYTES]
        view, size = memoryview(data), protocol.ANSWER_BYTES
        return [protocol.unpack_answer(view[i * size : (i + 1) * size], request) for i, request in enumerate(batch)]


class Tcg(Machine):
    """QEMU's software CPU of ``model`` (``-cpu`` syntax: ``max``, ``EPYC``, ``max,-smap``). Needs no x86 and no root."""

    def __init__(self, model: str = "max", *, image: bytes | None = None) -> None:
        super().__init__(image=image)
        if not isinstance(model, str) or not model:
            raise UnknownModel(f"a CPU model is a word such as max, not {model!r}")
        self.model = model
        self.witness = f"tcg-{model}"
        self.description = f"QEMU TCG, CPU model {model}"

    def _start(self, image: bytes) -> GuestProcess:
        command = tcg_command(self.model, "-kernel", "{folder}/image", ram=protocol.RAM)
        return GuestProcess(command, explain_tcg, protocol.RAM, TEST_MEMORY, {"image": image})


class HostKvm(Machine):
    """This machine's ``/dev/kvm``, whatever is behind it: the witness is a ``kvm-`` and a key of :data:`.kvm.BACKENDS`."""

    def __init__(self, *, image: bytes | None = None) -> None:
        super().__init__(image=image)
        self.backend = kvm.backend()
        self.witness = f"kvm-{self.backend}"
        self.description = f"KVM, {kvm.BACKENDS.get(self.backend, 'unknown backend')}"

    def _start(self, image: bytes) -> GuestProcess:
        loads, entry = load_elf(image)
        command = kvm_command("long", hex(entry), hex(protocol.HOME_TABLES))
        return GuestProcess(command, explain_kvm, protocol.RAM, loads | TEST_MEMORY)
