"""A virtual CPU that runs: KVM_RUN with a bound, the page it shares with us, and ways to get it out."""

from __future__ import annotations

import errno
import mmap
import signal
import struct
import threading
from typing import TYPE_CHECKING, Any

from . import bounded
from .exits import Exit, Intr, Io, Mmio, decode
from .files import File, KvmClosed
from .ioctls import KVM_RUN, KVM_SET_SIGNAL_MASK, KvmError, call
from .run_struct import kvm_run
from .structs import kvm_signal_mask
from .vcpu_state import State

if TYPE_CHECKING:
    from .vm import Vm

LEAVES = 30.0
"""Seconds that closing waits for a thread that is still in KVM_RUN."""


class VcpuTimeout(RuntimeError):
    """The guest did not leave in time. ``seconds`` is the bound, ``rip`` where the guest was."""

    def __init__(self, seconds: float, rip: int) -> None:
        super().__init__(f"the guest did not leave within {seconds:g} s; it is at RIP {rip:#x}")
        self.seconds, self.rip = seconds, rip

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.seconds, self.rip)


class Vcpu(State):
    """What KVM_CREATE_VCPU made. Make it with :meth:`Vm.create_vcpu`; it ends with its VM."""

    def __init__(self, vm: Vm, number: int, file: File, page_bytes: int) -> None:
        super().__init__(vm, file)
        self.id = number
        self._page = mmap.mmap(file.number, page_bytes)
        self._run: kvm_run | None = kvm_run.from_buffer(self._page)
        self._mask: frozenset[int] | None = None
        self._running = threading.Lock()  # held by the thread that is in run()
        self._guard = threading.RLock()  # for the two that follow; a signal's handler may kick, too
        self._thread: int | None = None  # the thread that may be sent the signal
        self._kicked = False

    def _idle(self) -> int:
        if self._thread not in (None, threading.get_ident()):
            raise RuntimeError("this vCPU is running, in another thread; kick it out first")
        return self.fd

    # running

    @property
    def run_struct(self) -> kvm_run:
        """The ``struct kvm_run`` that KVM and we share, as it is now. Who keeps it keeps the VM in the kernel."""
        if self._run is None:
            raise KvmClosed("this vCPU is closed")
        return self._run

    @property
    def immediate_exit(self) -> bool:
        """While it is set, KVM_RUN completes what is pending and comes back without entering the guest."""
        return bool(self.run_struct.immediate_exit)

    @immediate_exit.setter
    def immediate_exit(self, value: bool) -> None:
        self.run_struct.immediate_exit = int(bool(value))

    def run(self, timeout: float = 10.0) -> Exit:
        """KVM_RUN: let the guest run until it leaves, at most ``timeout`` seconds.

        VcpuTimeout where it does not; Intr where a signal, :meth:`kick` or ``immediate_exit`` got it out. KvmError
        where KVM does not run it at all.
        """
        timeout = bounded.check(timeout)
        self.run_struct  # noqa: B018  (KvmClosed; not kept, as an error's traceback would keep it too)
        if not self._running.acquire(blocking=False):
            raise RuntimeError("this vCPU is already running, in another thread")
        try:
            with bounded.bound(timeout) as bound:
                left = self._enter(bound)
            if left:
                return decode(self.run_struct, self._page)
            if bound.expired and not bound.kicked:
                raise VcpuTimeout(timeout, self.regs.rip)
            return Intr()
        finally:
            self._running.release()

    def _enter(self, bound: bounded.Bound) -> bool:
        """One KVM_RUN. Whether it came back with an exit; else it was interrupted."""
        if bound.mask != self._mask:
            self._let_in_all_but(bound.mask)
        try:
            with self._guard:
                self._thread = threading.get_ident()
                if self._kicked:
                    signal.pthread_kill(self._thread, bounded.SIGNAL)  # it is blocked, so it waits for KVM_RUN
            call(self.fd, KVM_RUN)
            return True
        except KvmError as error:
            if error.errno != errno.EINTR:
                raise
            return False
        finally:
            with self._guard:
                self._thread, self._kicked = None, False

    def _let_in_all_but(self, blocked: frozenset[int]) -> None:
        """KVM_SET_SIGNAL_MASK: in KVM_RUN only these signals are blocked."""
        bits = sum(1 << (number - 1) for number in blocked)
        call(self.fd, KVM_SET_SIGNAL_MASK, bytearray(bytes(kvm_signal_mask(len=8)) + struct.pack("<Q", bits)))
        self._mask = blocked

    def kick(self) -> bool:
        """Get the vCPU out of the guest: its run comes back with Intr. For other threads, and for handlers of signals.

        Where the guest was leaving by itself, the run comes back with that exit, and the kick has done its work. Returns
        whether a thread was in KVM_RUN; if none was, the next run comes back at once.
        """
        self.run_struct  # noqa: B018  (it says so where the vCPU is closed)
        with self._guard:
            if self._thread and not self._kicked:  # one is enough
                signal.pthread_kill(self._thread, bounded.SIGNAL)
            self._kicked = True
            return self._thread is not None

    def answer(self, data: bytes) -> None:
        """What the IN or the read of MMIO that the vCPU last came back with reads, at the next run.

        ValueError where it has not as many bytes as were asked for; RuntimeError where nothing was.
        """
        asked = decode(self.run_struct, self._page)
        if isinstance(asked, Io) and not asked.out:
            start, length = self.run_struct.io.data_offset, asked.size * asked.count
        elif isinstance(asked, Mmio) and not asked.write:
            start, length = kvm_run._exit.offset + type(self.run_struct.mmio).data.offset, asked.length
        else:
            raise RuntimeError(f"the vCPU waits for no answer: it came back with {asked.name}")
        if len(data) != length:
            raise ValueError(f"the guest reads {length} bytes, not {len(data)}")
        self._page[start : start + length] = bytes(data)

    # the end

    def close(self) -> None:
        """Give it back to the kernel; a second call does nothing. A run in another thread is kicked out first."""
        if self._run is None:
            return
        if self._running.locked():
            self.kick()
        if not self._running.acquire(timeout=LEAVES):
            raise RuntimeError(f"this vCPU's run did not end within {LEAVES:g} s")
        try:
            self._run = None
            try:
                self._page.close()
            except BufferError:  # somebody kept run_struct; the mapping goes with it
                self._page = None  # type: ignore[assignment]
            self._file.close()
        finally:
            self._running.release()
