"""A bound for one blocking system call of this thread: a timer of the kernel that sends this thread a signal.

The signal is blocked in the thread, so no handler is needed and nobody else's is touched; KVM_RUN lets it in through
KVM_SET_SIGNAL_MASK, comes back with EINTR, and the signal is taken back here. So it works in every thread, in forked
children, and beside a reader's own SIGALRM. Source: Documentation/virt/kvm/api.rst, "KVM_SET_SIGNAL_MASK";
timer_create(2), SIGEV_THREAD_ID.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

SIGNAL = 64 - 5
"""SIGRTMAX - 5, of Linux: a real-time signal that nobody else uses; its default action never happens, as it is blocked wherever it is sent."""
LONGEST = 86400.0
"""Seconds. A run without a bound is not offered."""
_CLOCK_MONOTONIC, _SIGEV_THREAD_ID = 1, 4
_SI_TIMER = -2


class _sigevent(ctypes.Structure):
    _fields_ = [
        ("sigev_value", ctypes.c_uint64),
        ("sigev_signo", ctypes.c_int),
        ("sigev_notify", ctypes.c_int),
        ("sigev_notify_thread_id", ctypes.c_int),
        ("_pad", ctypes.c_uint8 * 44),
    ]


class _itimerspec(ctypes.Structure):
    _fields_ = [(name, ctypes.c_long) for name in ("interval_s", "interval_ns", "value_s", "value_ns")]


@cache
def _timer(what: str) -> ctypes._NamedFuncPointer:
    """``create``, ``settime`` or ``delete`` from the C library; glibc before 2.34 has them in librt."""
    libc = ctypes.CDLL(None, use_errno=True)
    library = libc if hasattr(libc, f"timer_{what}") else ctypes.CDLL("librt.so.1", use_errno=True)
    function: ctypes._NamedFuncPointer = getattr(library, f"timer_{what}")
    return function


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def check(seconds: float) -> float:
    """``seconds`` as a float. TypeError or ValueError where it is no bound."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"a timeout is a number of seconds, not {seconds!r}")
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"a timeout is more than 0 and at most {LONGEST:g} s, not {seconds!r}")
    return float(seconds)


class Bound:
    """What the thread learns afterwards: ``expired``, the time was over; ``kicked``, somebody else sent the signal.

    ``mask`` are the signals to block during the call: the thread's own, without :data:`SIGNAL`.
    """

    def __init__(self, mask: frozenset[int]) -> None:
        self.mask = mask
        self.expired = self.kicked = False

    def _take_back(self) -> None:
        """The signals that came, so that none is left when they are let in again."""
        while told := signal.sigtimedwait({SIGNAL}, 0):
            if told.si_code == _SI_TIMER:
                self.expired = True
            else:
                self.kicked = True


@contextmanager
def bound(seconds: float) -> Iterator[Bound]:
    """For one call in the body: SIGNAL comes after ``seconds``, and is blocked before, in and after the body."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {SIGNAL})
    try:
        result = Bound(frozenset(int(number) for number in before) - {SIGNAL})
        over = time.monotonic() + seconds
        timer = _start_timer(seconds)
        try:
            yield result
        finally:
            result._take_back()  # first: with the timer, newer kernels take back what it has sent
            _timer("delete")(timer)
            result._take_back()
            result.expired |= time.monotonic() >= over  # whatever became of the signal
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_timer(seconds: float) -> ctypes.c_void_p:
    """A timer for this thread alone, running."""
    event = _sigevent(sigev_signo=SIGNAL, sigev_notify=_SIGEV_THREAD_ID, sigev_notify_thread_id=threading.get_native_id())
    timer = ctypes.c_void_p()
    _check(_timer("create")(_CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)), "timer_create")
    whole, rest = divmod(max(int(seconds * 1e9), 1), 1_000_000_000)
    _check(_timer("settime")(timer, 0, ctypes.byref(_itimerspec(0, 0, whole, rest)), None), "timer_settime")
    return timer
