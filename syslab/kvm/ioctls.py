"""KVM's ioctls: a number built from its parts, a call whose error has a name, and a trace of every call.

    KVM_SET_CPUID2 = 0x4008ae90 = write << 30 | sizeof(struct kvm_cpuid2) << 16 | 0xAE << 8 | 0x90

Source: include/uapi/asm-generic/ioctl.h (_IO, _IOR, _IOW, _IOWR) and include/uapi/linux/kvm.h, Linux 6.1 to 7.2.
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from syslab.posix import fcntl

from . import structs
from .c_types import Fields

KVMIO = 0xAE
"""The type that all of KVM's ioctls have."""
_DIRECTIONS = ("none", "write", "read", "read+write")
LARGEST_INT = (1 << 31) - 1
"""fcntl.ioctl takes an integer argument as a C int."""


class Ioctl(NamedTuple):
    """One request. ``number`` is what the kernel gets; ``name`` is what people say."""

    name: str
    number: int

    @property
    def direction(self) -> str:
        """``none``, ``write`` (the kernel reads our structure), ``read`` (it fills it) or ``read+write``."""
        return _DIRECTIONS[self.number >> 30]

    @property
    def size(self) -> int:
        """Bytes of the structure, or of its head."""
        return self.number >> 16 & 0x3FFF

    @property
    def kind(self) -> int:
        """The driver's letter: 0xAE."""
        return self.number >> 8 & 0xFF

    @property
    def nr(self) -> int:
        """Which of the driver's ioctls."""
        return self.number & 0xFF


def make(name: str, direction: str, nr: int, structure: type[Any] | None = None) -> Ioctl:
    """The number as ``_IOC(direction, KVMIO, nr, sizeof(structure))`` builds it."""
    size = ctypes.sizeof(structure) if structure else 0
    return Ioctl(name, _DIRECTIONS.index(direction) << 30 | size << 16 | KVMIO << 8 | nr)


# on /dev/kvm
KVM_GET_API_VERSION = make("KVM_GET_API_VERSION", "none", 0x00)
KVM_CREATE_VM = make("KVM_CREATE_VM", "none", 0x01)
KVM_CHECK_EXTENSION = make("KVM_CHECK_EXTENSION", "none", 0x03)
KVM_GET_VCPU_MMAP_SIZE = make("KVM_GET_VCPU_MMAP_SIZE", "none", 0x04)
KVM_GET_SUPPORTED_CPUID = make("KVM_GET_SUPPORTED_CPUID", "read+write", 0x05, structs.kvm_cpuid2)
KVM_GET_EMULATED_CPUID = make("KVM_GET_EMULATED_CPUID", "read+write", 0x09, structs.kvm_cpuid2)
# on a VM
KVM_CREATE_VCPU = make("KVM_CREATE_VCPU", "none", 0x41)
KVM_SET_USER_MEMORY_REGION = make("KVM_SET_USER_MEMORY_REGION", "write", 0x46, structs.kvm_userspace_memory_region)
KVM_SET_TSS_ADDR = make("KVM_SET_TSS_ADDR", "none", 0x47)
KVM_CREATE_IRQCHIP = make("KVM_CREATE_IRQCHIP", "none", 0x60)
KVM_IRQ_LINE = make("KVM_IRQ_LINE", "write", 0x61, structs.kvm_irq_level)
# on a vCPU
KVM_RUN = make("KVM_RUN", "none", 0x80)
KVM_GET_REGS = make("KVM_GET_REGS", "read", 0x81, structs.kvm_regs)
KVM_SET_REGS = make("KVM_SET_REGS", "write", 0x82, structs.kvm_regs)
KVM_GET_SREGS = make("KVM_GET_SREGS", "read", 0x83, structs.kvm_sregs)
KVM_SET_SREGS = make("KVM_SET_SREGS", "write", 0x84, structs.kvm_sregs)
KVM_INTERRUPT = make("KVM_INTERRUPT", "write", 0x86, structs.kvm_interrupt)
KVM_GET_MSRS = make("KVM_GET_MSRS", "read+write", 0x88, structs.kvm_msrs)
KVM_SET_MSRS = make("KVM_SET_MSRS", "write", 0x89, structs.kvm_msrs)
KVM_SET_SIGNAL_MASK = make("KVM_SET_SIGNAL_MASK", "write", 0x8B, structs.kvm_signal_mask)
KVM_SET_CPUID2 = make("KVM_SET_CPUID2", "write", 0x90, structs.kvm_cpuid2)
KVM_GET_CPUID2 = make("KVM_GET_CPUID2", "read+write", 0x91, structs.kvm_cpuid2)
KVM_GET_MP_STATE = make("KVM_GET_MP_STATE", "read", 0x98, structs.kvm_mp_state)
KVM_SET_MP_STATE = make("KVM_SET_MP_STATE", "write", 0x99, structs.kvm_mp_state)
KVM_NMI = make("KVM_NMI", "none", 0x9A)
KVM_SET_GUEST_DEBUG = make("KVM_SET_GUEST_DEBUG", "write", 0x9B, structs.kvm_guest_debug)
KVM_GET_VCPU_EVENTS = make("KVM_GET_VCPU_EVENTS", "read", 0x9F, structs.kvm_vcpu_events)
KVM_SET_VCPU_EVENTS = make("KVM_SET_VCPU_EVENTS", "write", 0xA0, structs.kvm_vcpu_events)
# on a VM or a vCPU
KVM_ENABLE_CAP = make("KVM_ENABLE_CAP", "write", 0xA3, structs.kvm_enable_cap)
KVM_GET_STATS_FD = make("KVM_GET_STATS_FD", "none", 0xCE)

ALL = {ioctl.name: ioctl for ioctl in list(globals().values()) if isinstance(ioctl, Ioctl)}
"""Every ioctl of this module by its name."""


class KvmError(OSError):
    """KVM refused. ``ioctl`` is its name, ``errno`` the number, ``errorname`` such as ``EINVAL``."""

    def __init__(self, ioctl: str, number: int) -> None:
        super().__init__(number, os.strerror(number))
        self.ioctl = ioctl
        self.errorname = errno.errorcode.get(number, str(number))

    def __str__(self) -> str:
        return f"{self.ioctl}: {self.errorname} ({self.strerror})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.ioctl, self.errno)


def call(fd: int, ioctl: Ioctl, argument: Any = 0) -> int:
    """ioctl(2). ``argument`` is an int, or a buffer that can be written, where the kernel puts what it answers.

    The buffer is a structure, a ctypes array or a bytearray; ``bytes`` only where the kernel writes nothing. Returns
    what ioctl returns. KvmError where that is -1; TypeError and ValueError before the kernel is asked.
    """
    if isinstance(argument, int):
        if not -LARGEST_INT - 1 <= argument <= LARGEST_INT:
            raise ValueError(f"{ioctl.name}: {argument:#x} does not fit in a C int, as fcntl.ioctl passes it")
        if ioctl.size:
            raise TypeError(f"{ioctl.name} takes a structure of {ioctl.size} bytes, not the number {argument:#x}")
        data: Any = argument
    else:
        data = _buffer(ioctl, argument)
    try:
        result: int | str = _run(fd) if ioctl is KVM_RUN else fcntl.ioctl(fd, ioctl.number, data)
    except OSError as error:
        assert error.errno is not None
        refused = KvmError(ioctl.name, error.errno)
        _tell(ioctl, argument, refused.errorname)
        raise refused from None
    assert isinstance(result, int)
    _tell(ioctl, argument, result)
    return result


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _run(fd: int) -> int:
    """KVM_RUN, once. From Python 3.14 on, fcntl.ioctl would call it again after EINTR, which is how a run is ended."""
    result: int = _libc().ioctl(fd, ctypes.c_ulong(KVM_RUN.number), ctypes.c_ulong(0))
    if result < 0:
        raise OSError(ctypes.get_errno(), "KVM_RUN")
    return result


def _buffer(ioctl: Ioctl, argument: Any) -> Any:
    """``argument``, if it is what fcntl.ioctl passes as a pointer of enough bytes."""
    view = memoryview(argument)
    if view.readonly:
        if "read" in ioctl.direction:
            raise TypeError(f"{ioctl.name} writes its answer; it needs a bytearray or a structure, not {type(argument).__name__}")
        argument = bytearray(view)  # fcntl.ioctl takes no more than 1024 bytes that it may not write to
    if view.nbytes < ioctl.size:
        raise ValueError(f"{ioctl.name} needs {ioctl.size} bytes, not {view.nbytes}")
    return argument


Told = Callable[[str, str, "int | str"], object]
_listeners: list[Told] = []
_telling = threading.local()


@contextmanager
def trace(callback: Told) -> Iterator[None]:
    """Call ``callback(name, argument, result)`` after every ioctl of this process, of any thread.

    ``argument`` is a short text; ``result`` what ioctl returned, or the error's name. What the callback itself asks
    of KVM is not traced.
    """
    _listeners.append(callback)
    try:
        yield
    finally:
        _listeners.remove(callback)


def _tell(ioctl: Ioctl, argument: Any, result: int | str) -> None:
    if not _listeners or getattr(_telling, "now", False):
        return
    _telling.now = True
    try:
        for listener in list(_listeners):
            listener(ioctl.name, summary(argument), result)
    finally:
        _telling.now = False


def summary(argument: Any) -> str:
    """An ioctl's argument in a few words: structures by the fields that are not zero, long ones by their name."""
    if isinstance(argument, int):
        return hex(argument) if argument > 9 else str(argument)
    if isinstance(argument, Fields):
        told = repr(argument)
        return told if len(told) <= 100 else f"{type(argument).__name__}(...)"
    return f"{memoryview(argument).nbytes} bytes"
