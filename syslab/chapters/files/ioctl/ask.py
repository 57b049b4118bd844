"""What ioctl(2) does through Python's fcntl: window sizes, waiting bytes, rules for the argument, errors, /dev/kvm."""

from __future__ import annotations

import array
import ctypes
import errno
import mmap
import os
import select
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypedDict

from syslab.bits.ioctl_names import BY_NAME
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, LINUX, X86_64
from syslab.kvm import witness
from syslab.posix import fcntl, termios

from .argument import parse
from .short_buffer import outcome
from .window import PATIENCE, Seen, asked, program, resize, terminal

SIZE = (24, 80)
"""Rows and columns of the terminal, where nothing else is said."""


class Resized(Seen):
    """A step: which end set which rows and columns, if any, and what the program in the window then sees."""

    step: str
    end: str
    set: list[int] | None


@experiment(LINUX)
def resized() -> Iterator[Resized]:
    """A window is resized from outside; what the program in it learns. Then the program's own side sets a size."""
    with terminal() as ends, program(ends.tty) as child:
        yield {"step": "a new pseudoterminal", "end": "", "set": None, **asked(child)}
        for step, end, size in (
            ("the window gets a size", "master", SIZE),
            ("it is made smaller", "master", (10, 40)),
            ("the same size again", "master", (10, 40)),
            ("the program's end sets one", "tty", (50, 132)),
        ):
            resize(getattr(ends, end), *size)
            yield {"step": step, "end": end, "set": list(size), **asked(child)}


# What comes before the call, and the call
ARGUMENTS = (
    ("", "ioctl()"),
    ("", "ioctl(tty)"),
    ("", "ioctl(tty, TIOCGWINSZ)"),
    ("", "ioctl(tty, TIOCGWINSZ, 0)"),
    ("", "ioctl(tty, TIOCGWINSZ, 2**31)"),
    ("address = addressof(page)", "ioctl(tty, TIOCGWINSZ, address)"),
    ("", "ioctl(tty, TIOCGWINSZ, 1.5)"),
    ("", "ioctl(tty, TIOCGWINSZ, bytes(8))"),
    ("", "ioctl(tty, TIOCGWINSZ, bytes(4))"),
    ("", "ioctl(tty, TIOCGWINSZ, bytes(1024))"),
    ("", "ioctl(tty, TIOCGWINSZ, bytes(1025))"),
    ("buffer = bytearray(8)", "ioctl(tty, TIOCGWINSZ, buffer)"),
    ("buffer = bytearray(8)", "ioctl(tty, TIOCGWINSZ, buffer, False)"),
    ("buffer = array('H', [0] * 4)", "ioctl(tty, TIOCGWINSZ, buffer)"),
    ("buffer = memoryview(bytes(8))", "ioctl(tty, TIOCGWINSZ, buffer)"),
    ("buffer = bytearray(1025)", "ioctl(tty, TIOCGWINSZ, buffer)"),
    ("buffer = bytearray(1025)", "ioctl(tty, TIOCGWINSZ, buffer, False)"),
)


def _said(value: Any) -> str:
    """``0``, or the first four of some bytes: rows and columns."""
    if isinstance(value, int):
        return str(value)
    raw = bytes(value)
    return f"{len(raw)} bytes: {raw[:4].hex(' ')}{' …' if len(raw) > 4 else ''}"


class Attempt(TypedDict):
    """A call and what comes before it; what it returned, or which error, and what is in ``buffer`` afterwards."""

    before: str
    call: str
    returned: str
    buffer: str
    error: str
    errno: str
    message: str


def _attempt(call: str, names: dict[str, Any], before: str = "") -> Attempt:
    """Run ``before`` and ``call``, which use ``names``: functions, numbers, buffers."""
    row: Attempt = {"before": before, "call": call, "returned": "", "buffer": "", "error": "", "errno": "", "message": ""}
    names = dict(names)
    exec(before, names)
    try:
        row["returned"] = _said(eval(call, names))
    except OSError as error:
        row |= {"error": "OSError", "errno": errno.errorcode[error.errno or 0], "message": error.strerror or ""}
    except Exception as error:
        row |= {"error": type(error).__name__, "message": str(error)}
    if "buffer" in names:
        row["buffer"] = _said(names["buffer"])
    return row


class Argument(Attempt):
    """An attempt, and the version of the Python that made it."""

    python: str


@experiment(LINUX)
def arguments() -> Iterator[Argument]:
    """Each call of :data:`ARGUMENTS`, run as it stands on a terminal of 24 rows and 80 columns."""
    page = ctypes.c_char.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with terminal() as ends:
        resize(ends.master, *SIZE)
        names = {"ioctl": fcntl.ioctl, "tty": ends.tty, "TIOCGWINSZ": termios.TIOCGWINSZ, "array": array.array}
        names |= {"addressof": ctypes.addressof, "page": page}
        for before, call in ARGUMENTS:
            yield {"python": version, **_attempt(call, names, before)}


@contextmanager
def _files() -> Iterator[dict[str, int]]:
    """A descriptor of each kind of file, with something to read where that is possible; all closed afterwards."""
    with terminal() as ends, tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
        resize(ends.master, *SIZE)
        os.write(ends.master, b"hello\n")
        select.select([ends.tty], [], [], PATIENCE)  # the kernel passes it on in its own time
        read, write = os.pipe()
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        os.write(write, b"hello")
        near.send(b"one")
        near.send(b"three")
        file.write(b"12345678")
        file.seek(3)
        opened = [os.open(folder, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY), os.open(folder, os.O_PATH)]
        gone = os.dup(read)
        os.close(gone)
        kinds = (ends.tty, read, far.fileno(), file.fileno(), *opened, gone)
        try:
            yield dict(zip(FILES, kinds, strict=True))
        finally:
            near.close()
            far.close()
            for fd in (read, write, *opened):
                os.close(fd)


FILES = (
    "a terminal, where hello and Enter were typed",
    "a pipe with 5 bytes",
    "a datagram socket, two messages: one, three",
    "a file of 8 bytes, 3 of them read",
    "a directory",
    "/dev/null",
    "a directory opened with O_PATH",
    "a descriptor that is closed",
)


def _int_or_errno(fd: int, request: int) -> str:
    """The int that the kernel fills in, as text, or the error's name."""
    try:
        answer: bytes = fcntl.ioctl(fd, request, bytes(8))
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return str(int.from_bytes(answer[:4], sys.byteorder))


class Asked(TypedDict):
    """A kind of file: bytes to read or the error, and ``a size`` or the error."""

    file: str
    waiting: str
    window: str


@experiment(LINUX)
def files() -> Iterator[Asked]:
    """The same two requests to every kind of file: bytes to read or the error, and whether there is a window size."""
    with _files() as each:
        for what, fd in each.items():
            waiting, answer = _int_or_errno(fd, termios.FIONREAD), _int_or_errno(fd, termios.TIOCGWINSZ)
            yield {"file": what, "waiting": waiting, "window": answer if answer in errno.errorcode.values() else "a size"}


# What it shows, and the call
NUMBERS = (
    ("the number of the header", "ioctl(tty, 0x5413, bytes(8))"),
    ("with the direction and size it should have", "ioctl(tty, 0x80085413, bytes(8))"),
    ("another driver's number", "ioctl(tty, 0xAE00, 0)"),
    ("a value that does not exist", "ioctl(tty, TIOCSETD, pack('i', 255))"),
    ("_IOW, a pointer to an int, says the number", "ioctl(master, 0x40045436, pack('i', SIGINT))"),
    ("the int itself, which the number does not say", "ioctl(master, 0x40045436, SIGINT)"),
)


class Number(TypedDict):
    """What a call shows, and what it returned or its errno."""

    what: str
    call: str
    answer: str


@experiment(LINUX)
def numbers() -> Iterator[Number]:
    """Whether the kernel reads the parts of a number: each call of :data:`NUMBERS` on a pseudoterminal."""
    with terminal() as ends:
        resize(ends.master, *SIZE)
        names = {"ioctl": fcntl.ioctl, "pack": struct.pack, "TIOCSETD": termios.TIOCSETD, "SIGINT": int(signal.SIGINT)}
        for what, call in NUMBERS:
            row = _attempt(call, names | ends._asdict())
            yield {"what": what, "call": call, "answer": row["errno"] or row["returned"]}


# What it shows, the request, and the argument
ON_KVM = (
    ("the version", "KVM_GET_API_VERSION", 0),
    ("an argument that it does not take", "KVM_GET_API_VERSION", 1),
    ("has it KVM_CAP_USER_MEMORY?", "KVM_CHECK_EXTENSION", 3),
    ("a request for a vCPU, not for /dev/kvm", "KVM_RUN", 0),
    ("a request for a terminal", "TIOCGWINSZ", bytes(8)),
)


class OnKvm(TypedDict):
    """A request to /dev/kvm by name, its argument as Python writes it, and what it returned or its errno."""

    what: str
    request: str
    argument: str
    answer: str


@experiment(X86_64, KVM, lab=True, witness=witness)
def kvm() -> Iterator[OnKvm]:
    """Requests to /dev/kvm, with nothing but Python's own library: what it returns, or the error."""
    device = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    try:
        for what, name, argument in ON_KVM:
            try:
                answer = str(fcntl.ioctl(device, BY_NAME[name].number, argument))
            except OSError as error:
                answer = errno.errorcode[error.errno or 0]
            yield {
                "what": what,
                "request": name,
                "argument": f"bytes({len(argument)})" if isinstance(argument, bytes) else str(argument),
                "answer": answer,
            }
    finally:
        os.close(device)


# How many entries the buffer says that it has room for, and how many bytes it has
ROOM = ((1, 8), (100, 8), (1000, 8 + 1000 * 40))


class Room(TypedDict):
    """A buffer for KVM_GET_SUPPORTED_CPUID, and what became of the Python that passed it."""

    nent: int
    bytes: int
    outcome: str


@experiment(X86_64, KVM, witness=witness, timeout=40)
def room() -> Iterator[Room]:
    """KVM_GET_SUPPORTED_CPUID from a Python of its own for each row of :data:`ROOM`: a header of 8 bytes, and room for 40 an entry or not."""
    for nent, size in ROOM:
        yield {"nent": nent, "bytes": size, "outcome": outcome(nent, size)}


REQUESTS = ("TIOCGWINSZ", "TIOCSWINSZ", "FIONREAD", "TCGETS", "TIOCGPGRP", "TIOCGPTN", "TIOCOUTQ")
"""What :func:`one` may ask: they change nothing but the size of its own terminal."""


One = TypedDict("One", {"it returns": str, "the buffer afterwards": str, "the error": str})
"""A reader's own call; "" where there is none of the three."""


@experiment(LINUX)
def one(request: str = "TIOCGWINSZ", argument: str = "bytes(8)") -> One:
    """One of :data:`REQUESTS` to a new terminal of 24 rows and 80 columns. ValueError for what :func:`parse` refuses."""
    if request not in REQUESTS:
        raise ValueError(f"no request {request!r} here; one of {', '.join(REQUESTS)}")
    given = parse(argument)
    with terminal() as ends:
        resize(ends.master, *SIZE)
        names = {"ioctl": fcntl.ioctl, "tty": ends.tty, "request": BY_NAME[request].number}
        if given is None:
            row = _attempt("ioctl(tty, request)", names)
        else:
            row = _attempt("ioctl(tty, request, buffer)", names | {"buffer": given})
    if not isinstance(given, bytearray):
        row["buffer"] = ""  # not ours to look into: a number, or a copy
    error = " ".join(part for part in (row["error"], row["errno"]) if part)
    return {
        "it returns": row["returned"],
        "the buffer afterwards": row["buffer"],
        "the error": f"{error}: {row['message']}" if error else "",
    }
