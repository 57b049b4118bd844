"""Experiments for the lab VM's tests; sent in with the source of this module."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from syslab import kvm
from syslab.evidence import LAB_VM, experiment
from syslab.lab_vm.inside import FunctionTrace, Trace, debugfs_kvm, parameters, reload, set_parameter


def _cpuid_loop(count: int) -> None:
    code = b"\x31\xc0" + b"\x0f\xa2\x31\xc0" * count + b"\xf4"
    with kvm.Kvm() as k, k.create_vm() as vm:
        vm.write(0x1000, code)
        vcpu = vm.create_vcpu()
        vcpu.real_mode(rip=0x1000)
        while not isinstance(vcpu.run(), kvm.Hlt):
            pass


@experiment(LAB_VM, witness=kvm.witness)
def exits(count: int = 10) -> dict[str, Any]:
    with Trace("kvm:kvm_exit") as t:
        _cpuid_loop(count)
    with FunctionTrace("kvm_emulate_cpuid", "kvm_emulate_halt", "kvm_vcpu_kick", "no_such_function") as f:
        _cpuid_loop(count)
    return {
        "reasons": t.counts("reason"),
        "first": t.events[0],
        "calls": f.counts,
        "untraceable": f.untraceable,
        "call": f.calls[0],
    }


@experiment(LAB_VM, witness=kvm.witness)
def reloaded() -> dict[str, Any]:
    before = parameters("kvm_amd")["npt"], debugfs_kvm()["exits"]
    reload(npt=0)
    return {"before": before, "now": parameters("kvm_amd")["npt"], "exits": exits.function()["reasons"]}


@experiment(lab=True)
def talks() -> list[str]:
    print("on standard output")
    os.write(2, b"on standard error\n")
    return [sys.executable, os.getcwd(), os.environ["HOME"], str(os.getpid() != 1)]


@experiment(lab=True)
def rows(stop: int = 3) -> Iterator[int]:
    yield from range(stop)


@experiment(lab=True)
def fails() -> Iterator[int]:
    yield 7
    raise KeyError("missing thing")


@experiment(lab=True, timeout=5)
def slow() -> Iterator[int]:
    yield 1
    yield 2
    while True:
        pass


@experiment(lab=True)
def family() -> int:
    """How many processes there are, kernel threads aside, before it makes some."""
    count = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with open(f"/proc/{entry}/cmdline", "rb") as line:
                count += bool(line.read())
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(1000)
    return count


@experiment(lab=True)
def big() -> str:
    return "x" * 1_000_000


@experiment(lab=True)
def not_json() -> bytes:
    return b"bytes"


@experiment(lab=True)
def noisy() -> int:
    for _ in range(3000):
        os.write(1, b"y" * 1024)
    return 1


@experiment(lab=True)
def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@experiment(lab=True)
def eats_memory() -> int:
    return len(bytearray(b"x" * (1 << 20)) * 1024)


@experiment(lab=True)
def panics() -> Iterator[int]:
    yield 1
    time.sleep(0.3)
    with open("/proc/sysrq-trigger", "w", encoding="ascii") as trigger:
        trigger.write("c")


@experiment(lab=True, timeout=5)
def starves() -> Iterator[int]:
    """Nobody else gets the CPU any more, the agent included."""
    yield 1
    time.sleep(0.3)
    with open("/proc/sys/kernel/sched_rt_runtime_us", "w", encoding="ascii") as limit:
        limit.write("-1")
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
    while True:
        pass


@experiment(lab=True, timeout=60)
def waits() -> Iterator[int]:
    yield 1
    time.sleep(1000)


@experiment(lab=True)
def network() -> list[str]:
    return sorted(os.listdir("/sys/class/net"))


@experiment(lab=True)
def date() -> float:
    return time.time()


@experiment(LAB_VM)
def leaves_changes() -> None:
    reload(npt=0)
    set_parameter("kvm", "halt_poll_ns", 0)
    for file, text in (("set_ftrace_filter", "kvm_vcpu_kick"), ("current_tracer", "function"), ("events/kvm/enable", "1")):
        with open(f"/sys/kernel/tracing/{file}", "w", encoding="ascii") as out:
            out.write(text)


@experiment(LAB_VM)
def settings() -> list[str]:
    found = [parameters("kvm_amd")["npt"], str(parameters("kvm")["halt_poll_ns"] != "0")]
    for file in ("current_tracer", "events/kvm/enable"):
        with open(f"/sys/kernel/tracing/{file}", encoding="ascii") as text:
            found.append(text.read().strip())
    return found


@experiment(lab=True, timeout=20)
def bad_use() -> list[str]:
    said = []
    for use in (
        lambda: Trace("kvm:no_such_event").__enter__(),
        lambda: FunctionTrace("no_such_function").__enter__(),
        lambda: reload(no_such_parameter=1),
        lambda: set_parameter("kvm_amd", "npt", 0),
        lambda: set_parameter("kvm", "nothing", 0),
    ):
        try:
            use()
            said.append("went well")
        except (ValueError, OSError) as error:
            said.append(f"{type(error).__name__}: {error}")
    return said


@experiment(LAB_VM)
def in_use() -> str:
    with kvm.Kvm() as k, k.create_vm():
        try:
            reload()
        except BlockingIOError as error:
            return str(error)
    return "reloaded"
