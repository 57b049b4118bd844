"""A vCPU whose guest counts and never leaves, in a thread of its own; and the ways to get its thread out of KVM_RUN.

Made for asking what gets lost: it calls KVM_RUN bare, without the care that :meth:`Vcpu.run` takes.
"""

from __future__ import annotations

import signal
import threading
import time
from types import TracebackType

from syslab.kvm import Kvm, KvmError, Vcpu, Vm, call
from syslab.kvm.ioctls import KVM_RUN
from syslab.native import asm

START, COUNTER = 0x1000, 0x2000
GUEST = asm.code16("ff 06 {counter:2}  eb fa", "inc word [{counter}]; jmp $-4", counter=COUNTER)
SIGNAL = 10  # Linux's SIGUSR1
PATIENCE = 30.0
"""Seconds until waiting is given up."""


class StillRunning(RuntimeError):
    """The thread did not come back from KVM_RUN, whatever was tried."""


class Spinner:
    """A context manager; ``irqchip``: with the kernel's interrupt controllers. :meth:`enter` sends the thread into KVM_RUN, :meth:`returned` says how it came back, if it did."""

    def __init__(self, irqchip: bool = False) -> None:
        self._kvm = Kvm()
        self.vm: Vm = self._kvm.create_vm(irqchip=irqchip)
        self.vcpu: Vcpu = self.vm.create_vcpu()
        self.vm.write(START, GUEST)
        self.vcpu.real_mode(START)
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._ending = False
        self._result: str | None = None
        self._handler = signal.signal(SIGNAL, lambda *_: None)  # something must happen, else it ends the process
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        while True:
            self._go.acquire()
            if self._ending:
                return
            try:
                call(self.vcpu.fd, KVM_RUN)
                self._result = f"exit {self.vcpu.run_struct.exit_reason}"
            except KvmError as error:
                self._result = error.errorname
            self._back.release()

    def counted(self) -> int:
        """The guest's counter, 16 bits, as it is now."""
        return int.from_bytes(self.vm.read(COUNTER, 2), "little")

    def runs(self, seconds: float) -> bool:
        """Whether the guest counts, watched for up to ``seconds``."""
        before, deadline = self.counted(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.counted() != before:
                return True
            time.sleep(0.001)
        return False

    def signal(self) -> None:
        """A signal to the thread, wherever it is."""
        ident = self._thread.ident
        assert ident is not None
        signal.pthread_kill(ident, SIGNAL)

    def enter(self) -> None:
        """Send the thread into KVM_RUN."""
        self._result = None
        self._go.release()

    def returned(self, seconds: float) -> str | None:
        """What KVM_RUN returned, waiting up to ``seconds``: an errno's name, or an exit; None while it has not."""
        return self._result if self._back.acquire(timeout=seconds) else None

    def get_out(self) -> None:
        """Whatever state it is in: flag and signal, until it is back. StillRunning if that does not help."""
        deadline = time.monotonic() + PATIENCE
        self.vcpu.immediate_exit = True
        while time.monotonic() < deadline:
            self.signal()
            if self.returned(0.1) is not None:
                self.vcpu.immediate_exit = False
                return
        raise StillRunning(f"KVM_RUN did not come back within {PATIENCE:g} s")

    def __enter__(self) -> Spinner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending = True
        self.vcpu.immediate_exit = True
        deadline = time.monotonic() + PATIENCE
        self._go.release()
        while self._thread.is_alive() and time.monotonic() < deadline:
            self.signal()
            self._thread.join(0.05)
        signal.signal(SIGNAL, self._handler)
        self._kvm.close()
