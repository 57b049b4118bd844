"""Things that user space does to a VM while its vCPU runs, and what the kernel then asks of the vCPU. For the lab VM.

The values come from kprobes on the functions that requests to all vCPUs go through, and on the kick. A request of one
vCPU is made by an inline function, which no probe sees; the kick that follows is seen.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypedDict

from syslab.kvm import call
from syslab.kvm.ioctls import KVM_SET_USER_MEMORY_REGION, Ioctl, make
from syslab.kvm.structs import kvm_clock_data, kvm_dirty_log, kvm_irqchip, kvm_msr_filter, kvm_userspace_memory_region
from syslab.lab_vm.inside.trace import TRACING, Trace

from .spinning_vcpu import PATIENCE, Spinner, StillRunning

PAGE = mmap.PAGESIZE
KVM_MEM_LOG_DIRTY_PAGES = 1
SECOND_SLOT = 0x1000_0000  # guest-physical, beyond the first slot
KVM_IRQCHIP_IOAPIC = 2
KVM_GET_DIRTY_LOG = make("KVM_GET_DIRTY_LOG", "write", 0x42, kvm_dirty_log)
KVM_GET_IRQCHIP = make("KVM_GET_IRQCHIP", "read+write", 0x62, kvm_irqchip)
KVM_SET_IRQCHIP = make("KVM_SET_IRQCHIP", "read", 0x63, kvm_irqchip)  # the kernel's header calls it _IOR
KVM_SET_CLOCK = make("KVM_SET_CLOCK", "write", 0x7B, kvm_clock_data)
KVM_X86_SET_MSR_FILTER = make("KVM_X86_SET_MSR_FILTER", "write", 0xC6, kvm_msr_filter)


def _region(spinner: Spinner, slot: int, start: int, memory: mmap.mmap, size: int, flags: int = 0) -> None:
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    region = kvm_userspace_memory_region(slot=slot, flags=flags, guest_phys_addr=start, memory_size=size, userspace_addr=address)
    call(spinner.vm.fd, KVM_SET_USER_MEMORY_REGION, region)


def _page_away(spinner: Spinner) -> Callable[[], None]:
    return lambda: spinner.vm.memory.madvise(mmap.MADV_DONTNEED, 0, PAGE * 16)


def _slot_away(spinner: Spinner) -> Callable[[], None]:
    more = mmap.mmap(-1, PAGE)
    _region(spinner, 1, SECOND_SLOT, more, PAGE)
    return lambda: _region(spinner, 1, SECOND_SLOT, more, 0)


def _log_dirty(spinner: Spinner) -> Callable[[], None]:
    return lambda: _region(spinner, 0, 0, spinner.vm.memory, spinner.vm.size, KVM_MEM_LOG_DIRTY_PAGES)


def _read_log(spinner: Spinner) -> Callable[[], None]:
    _log_dirty(spinner)()
    spinner.runs(PATIENCE)  # so that there is something to report
    bits = (ctypes.c_uint8 * (spinner.vm.size // PAGE // 8))()
    return lambda: _ioctl(spinner, KVM_GET_DIRTY_LOG, kvm_dirty_log(slot=0, dirty_bitmap=ctypes.addressof(bits)))


def _ioctl(spinner: Spinner, ioctl: Ioctl, argument: ctypes.Structure) -> None:
    call(spinner.vm.fd, ioctl, argument)


def _once(ioctl: Ioctl, argument: Callable[[], ctypes.Structure]) -> Callable[[Spinner], Callable[[], None]]:
    return lambda spinner: lambda: _ioctl(spinner, ioctl, argument())


def _io_apic(spinner: Spinner) -> Callable[[], None]:
    chip = kvm_irqchip(chip_id=KVM_IRQCHIP_IOAPIC)
    _ioctl(spinner, KVM_GET_IRQCHIP, chip)
    return lambda: _ioctl(spinner, KVM_SET_IRQCHIP, chip)


class Cause(NamedTuple):
    """``prepare`` gets the spinner with its guest running, and returns what is then done and watched."""

    key: str
    title: str
    prepare: Callable[[Spinner], Callable[[], None]]


CAUSES = (
    Cause("page", "madvise(MADV_DONTNEED) on the page the guest writes to", _page_away),
    Cause("slot", "KVM_SET_USER_MEMORY_REGION: a memory slot removed", _slot_away),
    Cause("log", "KVM_SET_USER_MEMORY_REGION: dirty logging turned on", _log_dirty),
    Cause("dirty", "KVM_GET_DIRTY_LOG", _read_log),
    Cause("clock", "KVM_SET_CLOCK", _once(KVM_SET_CLOCK, kvm_clock_data)),
    Cause("msr", "KVM_X86_SET_MSR_FILTER", _once(KVM_X86_SET_MSR_FILTER, kvm_msr_filter)),
    Cause("ioapic", "KVM_SET_IRQCHIP: the I/O APIC", _io_apic),
    Cause("line", "KVM_IRQ_LINE: line 0 raised", lambda spinner: lambda: spinner.vm.irq_line(0, 1)),
)
GROUP = "syslab_requests"
PROBES = {
    "all": ("kvm_make_all_cpus_request_except kvm_make_all_cpus_request", "req=%si:x32"),  # Linux 6.12 has the second alone
    "some": ("kvm_make_vcpus_request_mask", "req=%si:x32"),
    "kick": ("kvm_vcpu_kick", "from=+0(%sp):symbol"),
}
"""Name of the probe -> functions, of which the first that this kernel has, and what it notes: the second argument, which is the
request (RSI, by the System V calling convention); or the return address, which lies on top of the stack when a function begins."""


def _define(line: str) -> None:
    # not open(..., "a"): that seeks to the end, which this file refuses
    probes = os.open(TRACING / "kprobe_events", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(probes, line.encode() + b"\n")
    finally:
        os.close(probes)


def _define_first(lines: list[str]) -> None:
    """The first that names a function of this kernel; OSError if none does."""
    for line in lines[:-1]:
        try:
            return _define(line)
        except OSError:
            continue
    _define(lines[-1])


@contextmanager
def _probes() -> Iterator[None]:
    made = []
    try:
        for name, (functions, noted) in PROBES.items():
            _define_first([f"p:{GROUP}/{name} kvm:{function} {noted}" for function in functions.split()])
            made.append(name)
        yield
    finally:
        for name in made:
            _define(f"-:{GROUP}/{name}")


class Asked(TypedDict):
    """What a :class:`Cause` led to: the ``request``, a value that goes to all vCPUs, or the function that a vCPU was ``kicked_by``."""

    cause: str
    request: int | None
    kicked_by: str | None


def _row(cause: Cause, event: Mapping[str, Any]) -> Asked:
    told = event["fields"]
    kick = event["event"] == "kick"
    return {
        "cause": cause.key,
        "request": None if kick else int(told["req"], 16),
        "kicked_by": told["from"].partition("+")[0] if kick else None,
    }


def _mark(text: str) -> None:
    (TRACING / "trace_marker").write_text(text, encoding="ascii")


def watch() -> Iterator[Asked]:
    """Do each of :data:`CAUSES` while the guest runs: a row for every request to all or several vCPUs and for every kick,
    in order, without repeats."""
    me = threading.get_native_id()
    # one trace for all, with marks in it: switching a trace on and off takes longer than all the rest
    with _probes(), Trace(f"{GROUP}:*", buffer_kb=256) as trace, Spinner(irqchip=True) as spinner:
        spinner.enter()
        for cause in CAUSES:
            if not spinner.runs(PATIENCE):
                raise StillRunning("the guest does not count")
            act = cause.prepare(spinner)
            _mark(cause.key)
            act()
            _mark("-")
    causes = {cause.key: cause for cause in CAUSES}
    now: Cause | None = None
    seen: list[Asked] = []
    for event in trace.events:
        if event["event"] == "tracing_mark_write":
            now, seen = causes.get(event["text"]), []
        elif now and event["pid"] == me and (row := _row(now, event)) not in seen:
            seen.append(row)
            yield row
