"""What process 1 does with its kernel: mounts, modules, and putting back what an experiment changed."""

from __future__ import annotations

import ctypes
import errno
import glob
import mmap
import os
from functools import cache

from . import MOUNTS, TRACING


@cache
def libc() -> ctypes.CDLL:
    """The C library, loaded when it is first asked for, so that every system can import this."""
    return ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def insmod(name: str) -> None:
    """Load one of the image's modules."""
    with open(f"/lab/modules/{name}.ko", "rb") as file:
        checked(libc().syscall(313, file.fileno(), b"", 0), f"finit_module {name}")


def power_off() -> None:
    """Ends QEMU too."""
    libc().reboot(0x4321FEDC)
    os._exit(1)


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def parameters() -> dict[str, str]:
    """Every readable parameter of kvm and kvm_amd."""
    found = {}
    for path in glob.glob("/sys/module/kvm*/parameters/*"):
        try:
            with open(path, encoding="ascii") as file:
                found[path] = file.read()
        except OSError:
            continue  # write-only, or not readable
    return found


def restore(before: dict[str, str]) -> None:
    """What a job may have changed in the kernel is as it was: modules and their parameters, tracing."""
    now = parameters()
    if now != before:
        try:
            for path, value in before.items():
                if now.get(path) != value:
                    write(path, value.strip())
        except OSError:  # read-only, or the module is gone
            for name in ("kvm_amd", "kvm"):
                libc().syscall(176, name.encode(), os.O_NONBLOCK)
            for name in ("kvm", "kvm-amd"):
                if not os.path.isdir("/sys/module/" + name.replace("-", "_")):
                    insmod(name)
    for file, text in (
        ("tracing_on", "0"), ("current_tracer", "nop"), ("events/enable", "0"), ("set_ftrace_filter", ""), ("set_ftrace_pid", ""),
        ("set_event_pid", ""), ("trace", ""),
    ):  # fmt: skip
        try:
            write(f"{TRACING}/{file}", text)
        except OSError:
            continue  # this kernel has no such file


def mount_all() -> None:
    """Whatever is not mounted yet."""
    for kind, where in MOUNTS:
        os.makedirs(where, exist_ok=True)
        if libc().mount(b"lab", where.encode(), kind.encode(), 0, None) < 0 and ctypes.get_errno() != errno.EBUSY:
            checked(-1, f"mount {where}")


def zero_free_memory() -> None:
    """Pages that hold nothing are zero, and a zero page costs the snapshot nothing."""
    with open("/proc/meminfo", encoding="ascii") as file:
        free = next(int(line.split()[1]) for line in file if line.startswith("MemFree")) * 1024
    with mmap.mmap(-1, max(1 << 20, free - (6 << 20)), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000):  # MAP_POPULATE
        pass
