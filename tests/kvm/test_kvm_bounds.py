"""What breaks a hypervisor: threads, signals, forks, closing, bad use. Needs /dev/kvm, but for a few at the end."""

from __future__ import annotations

import contextlib
import gc
import mmap
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syslab.kvm import (
    CpuidEntry,
    Hlt,
    Intr,
    Kvm,
    KvmClosed,
    KvmError,
    KvmMissing,
    Vcpu,
    VcpuTimeout,
    Vm,
    backend,
    call,
    ioctls,
    modes,
    structs,
)
from tests.waiting import PATIENCE, soon

SPIN, HLT = b"\xeb\xfe", b"\xf4"
CODE, SPINNING = 0x1000, 0x2000
ROOT = Path(__file__).parents[2]


@pytest.fixture
def vcpu(vm: Vm) -> Vcpu:
    """Long mode, at an endless loop; at CODE it would halt."""
    vm.write(SPINNING, SPIN)
    vm.write(CODE, HLT)
    made = vm.create_vcpu()
    made.long_mode(SPINNING)
    return made


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """The thread, started, and what it will have returned or raised."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:
            found.append(error.with_traceback(None))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def in_kvm_run(vcpu: Vcpu) -> None:
    """Wait until a thread is in it."""
    assert soon(lambda: vcpu._thread is not None)


# getting out


def test_a_kick_gets_it_out(vcpu: Vcpu) -> None:
    thread, found = in_a_thread(lambda: vcpu.run(30))
    in_kvm_run(vcpu)
    assert vcpu.kick() is True
    thread.join(PATIENCE)
    assert found == [Intr()]


def test_who_asks_a_running_vcpu_is_told_and_does_not_wait(vcpu: Vcpu) -> None:
    """kvm_vcpu_ioctl() of virt/kvm/kvm_main.c takes the vCPU's mutex, which KVM_RUN holds."""
    thread, found = in_a_thread(lambda: vcpu.run(30))
    in_kvm_run(vcpu)
    for ask in (lambda: vcpu.regs, vcpu.sregs, lambda: vcpu.mp_state, vcpu.nmi, vcpu.stats, vcpu.get_cpuid):
        with pytest.raises(RuntimeError, match="this vCPU is running, in another thread"):
            ask()
    vcpu.kick()
    thread.join(PATIENCE)
    assert found == [Intr()]
    assert vcpu.regs.rip


def test_a_kick_too_early_is_not_lost_and_counts_once(vcpu: Vcpu) -> None:
    assert vcpu.kick() is False
    assert vcpu.kick() is False
    assert vcpu.run(30) == Intr()
    with pytest.raises(VcpuTimeout):
        vcpu.run(0.05)


def test_kicks_without_end(vcpu: Vcpu) -> None:
    """However they fall, a run ends with one, and none is left over to hit the process."""
    stop = threading.Event()

    def kicks() -> None:
        while not stop.is_set():
            vcpu.kick()

    thread, _ = in_a_thread(kicks)
    try:
        assert {vcpu.run(30) for _ in range(60)} == {Intr()}
    finally:
        stop.set()
        thread.join(PATIENCE)


def test_handlers_of_signals_may_kick(vcpu: Vcpu) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: vcpu.kick())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0003)
        assert {vcpu.run(30) for _ in range(200)} == {Intr()}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_immediate_exit(vcpu: Vcpu) -> None:
    vcpu.immediate_exit = True
    assert vcpu.immediate_exit and vcpu.run(30) == Intr() == vcpu.run(30)
    vcpu.immediate_exit = False
    with pytest.raises(VcpuTimeout):
        vcpu.run(0.05)


def test_immediate_exit_completes_the_access_before(vm: Vm) -> None:
    vm.write(CODE, bytes.fromhex("e410 f4"))
    vcpu = vm.create_vcpu()
    vcpu.long_mode(CODE)
    vcpu.run()
    vcpu.answer(b"\x09")
    vcpu.immediate_exit = True
    assert vcpu.run() == Intr() and vcpu.regs.rax & 0xFF == 9


def test_a_run_in_a_thread_is_bounded(vcpu: Vcpu) -> None:
    thread, found = in_a_thread(lambda: vcpu.run(0.1))
    thread.join(PATIENCE)
    assert isinstance(found[0], VcpuTimeout)


def test_a_readers_own_alarm_goes_on(vcpu: Vcpu) -> None:
    rang: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: rang.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert vcpu.run(30) == Intr()
        assert rang == [signal.SIGALRM]
        signal.setitimer(signal.ITIMER_REAL, 60)
        with pytest.raises(VcpuTimeout):
            vcpu.run(0.05)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_a_handler_raises_comes_out(vcpu: Vcpu) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupted)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            vcpu.run(30)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    vcpu.long_mode(CODE)
    assert vcpu.run() == Hlt()


def test_a_signal_that_the_thread_blocks_stays_blocked(vcpu: Vcpu) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        with pytest.raises(VcpuTimeout):
            vcpu.run(0.05)
        assert signal.SIGUSR1 in signal.sigpending()
        signal.sigwait({signal.SIGUSR1})
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_one_vcpu_in_two_threads(vcpu: Vcpu) -> None:
    thread, found = in_a_thread(lambda: vcpu.run(30))
    in_kvm_run(vcpu)
    with pytest.raises(RuntimeError, match="already running, in another thread"):
        vcpu.run()
    vcpu.kick()
    thread.join(PATIENCE)
    assert found == [Intr()]


def test_closing_ends_a_run(kvm: Kvm, vcpu: Vcpu) -> None:
    thread, found = in_a_thread(lambda: vcpu.run(30))
    in_kvm_run(vcpu)
    kvm.close()
    thread.join(PATIENCE)
    assert found == [Intr()]


def test_two_vms_at_once(kvm: Kvm) -> None:
    threads = []
    for number in range(2):
        vm = kvm.create_vm()
        vm.write(CODE, bytes([0xB0, number, *bytes.fromhex("e610 eb fc")]))  # mov al, number; out 0x10, al, for ever
        vcpu = vm.create_vcpu()
        vcpu.long_mode(CODE)
        threads.append(in_a_thread(lambda vcpu=vcpu: {vcpu.run().data for _ in range(200)}))
    for number, (thread, found) in enumerate(threads):
        thread.join(PATIENCE)
        assert found == [{bytes([number])}]


def test_two_vcpus_share_the_memory(vm: Vm) -> None:
    vm.write(CODE, bytes.fromhex("80 3c25 00300000 01  75 f6  f4"))  # cmp byte [0x3000], 1; jne back; hlt
    vm.write(SPINNING, bytes.fromhex("c6 0425 00300000 01  f4"))  # mov byte [0x3000], 1; hlt
    waits, tells = vm.create_vcpu(0), vm.create_vcpu(1)
    waits.long_mode(CODE)
    tells.long_mode(SPINNING)
    thread, found = in_a_thread(lambda: waits.run(30))
    in_kvm_run(waits)
    assert tells.run() == Hlt()
    thread.join(PATIENCE)
    assert found == [Hlt()]


def _child(answers: Any) -> None:
    with Kvm() as kvm, kvm.create_vm() as vm:
        vm.write(CODE, SPIN)
        vcpu = vm.create_vcpu()
        vcpu.long_mode(CODE)
        try:
            answers.send(vcpu.run(0.1))
        except VcpuTimeout as error:
            answers.send(error)


def test_in_a_forked_child(kvm: Kvm, vcpu: Vcpu) -> None:
    with pytest.raises(VcpuTimeout):
        vcpu.run(0.05)  # a timer of the parent's is nothing to the child
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs,))
    child.start()
    assert ours.poll(PATIENCE)
    answer = ours.recv()
    child.join(PATIENCE)
    assert (type(answer), answer.seconds, answer.rip) == (VcpuTimeout, 0.1, CODE)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e9])
def test_timeouts_that_are_none(vcpu: Vcpu, timeout: float) -> None:
    with pytest.raises(ValueError, match="more than 0 and at most 86400 s"):
        vcpu.run(timeout)
    for kind in (None, "1", True):
        with pytest.raises(TypeError, match="number of seconds"):
            vcpu.run(kind)  # type: ignore[arg-type]


# closing


def test_what_is_closed_says_so(kvm: Kvm) -> None:
    vm = kvm.create_vm()
    vcpu = vm.create_vcpu()
    vm.close()
    vm.close()
    vcpu.close()
    for use in (lambda: vcpu.regs, vcpu.run, vcpu.kick, vcpu.stats, lambda: vcpu.run_struct, lambda: vcpu.answer(b"1"),
                lambda: vcpu.immediate_exit, vcpu.real_mode):  # fmt: skip
        with pytest.raises(KvmClosed, match="this vCPU is closed"):
            use()  # type: ignore[operator]
    for use in (lambda: vm.memory, vm.create_vcpu, lambda: vm.read(0, 1), lambda: vm.write(0, b"1"), vm.stats):
        with pytest.raises(KvmClosed, match="this VM is closed"):
            use()
    kvm.close()
    for use in (kvm.version, kvm.create_vm, kvm.supported_cpuid):
        with pytest.raises(KvmClosed, match="this Kvm is closed"):
            use()


def open_files() -> list[str]:
    """What this process has open, but for sockets and pipes: a browser of other tests opens and closes them beside us."""
    gc.collect()
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return sorted(name for name in found if not name.startswith(("socket:", "pipe:", "anon_inode:[event")))


def test_nothing_leaks(kvm: Kvm) -> None:
    before = open_files()
    for _ in range(20):
        with kvm.create_vm(irqchip=True) as vm:
            vcpu = vm.create_vcpu()
            vcpu.stats()
            vm.create_vcpu(1)
            with pytest.raises(KvmError, match="KVM_CREATE_VCPU: EEXIST"):
                vm.create_vcpu(1)
    assert open_files() == before


def test_what_nobody_closes_ends_with_its_object(kvm: Kvm) -> None:
    before = open_files()
    Kvm().create_vm().create_vcpu().long_mode()
    assert open_files() == before


def test_a_kept_run_struct_is_safe_and_lets_go_when_dropped(kvm: Kvm) -> None:
    before = open_files()
    vm = kvm.create_vm()
    run, view = vm.create_vcpu().run_struct, memoryview(vm.memory)
    vm.close()
    assert run.exit_reason == 0 and view[0] == 0
    del run, view
    assert open_files() == before


def test_a_vm_that_cannot_be_made_leaves_nothing(kvm: Kvm) -> None:
    before = open_files()
    for memory in (0, -4096, 4097, 1 << 40):
        with pytest.raises(ValueError, match="multiple of 4096"):
            kvm.create_vm(memory)
    read_only = mmap.mmap(-1, 4096, prot=mmap.PROT_READ)
    with pytest.raises(TypeError):
        kvm.create_vm(read_only)
    assert open_files() == before


def test_memory_of_ones_own_stays_open(kvm: Kvm) -> None:
    memory = mmap.mmap(-1, 1 << 20)
    with kvm.create_vm(memory) as vm:
        vm.write(CODE, HLT)
        vcpu = vm.create_vcpu()
        vcpu.real_mode(CODE)
        assert vcpu.run() == Hlt()
    assert memory[CODE] == 0xF4
    memory.close()


# bad use


@pytest.mark.parametrize(("address", "size"), [(-1, 1), (4 << 20, 1), ((4 << 20) - 1, 2), (1 << 70, 1)])
def test_outside_the_memory(vm: Vm, address: int, size: int) -> None:
    with pytest.raises(ValueError, match="outside the VM's memory, 0 to 0x400000"):
        vm.write(address, bytes(size))
    with pytest.raises(ValueError, match="outside the VM's memory"):
        vm.read(address, size)


def test_registers_that_are_none(vcpu: Vcpu) -> None:
    with pytest.raises(TypeError, match="no register 'eip' among rax, rbx"):
        vcpu.set_regs(eip=1)
    with pytest.raises(ValueError, match="does not fit"):
        vcpu.set_regs(rax=1 << 64)
    before = vcpu.regs
    vcpu.set_regs(rbx=1)
    assert vcpu.regs.rbx == 1 and vcpu.regs.rsp == before.rsp
    vcpu.set_regs(before)
    assert vcpu.regs == before


def test_running_before_anything_is_set_up_is_allowed(vm: Vm) -> None:
    """It starts at the reset vector, where this VM has no memory: whatever KVM makes of it, it ends."""
    with contextlib.suppress(VcpuTimeout):
        vm.create_vcpu().run(0.2)


def test_calls_that_are_none(kvm: Kvm) -> None:
    with pytest.raises(ValueError, match="does not fit in a C int"):
        call(kvm.fd, ioctls.KVM_CHECK_EXTENSION, 1 << 31)
    with pytest.raises(TypeError, match="KVM_SET_REGS takes a structure of 144 bytes"):
        call(kvm.fd, ioctls.KVM_SET_REGS)
    with pytest.raises(TypeError, match="KVM_GET_REGS writes its answer"):
        call(kvm.fd, ioctls.KVM_GET_REGS, bytes(144))
    with pytest.raises(ValueError, match="KVM_SET_REGS needs 144 bytes, not 8"):
        call(kvm.fd, ioctls.KVM_SET_REGS, bytes(8))
    with pytest.raises(KvmError, match="KVM_SET_REGS: EINVAL") as caught:
        call(kvm.fd, ioctls.KVM_SET_REGS, structs.kvm_regs())
    assert caught.value.errno == 22 and isinstance(caught.value, OSError)
    same = pickle.loads(pickle.dumps(caught.value))
    assert (str(same), same.ioctl, same.errorname) == (str(caught.value), "KVM_SET_REGS", "EINVAL")


def test_a_vm_of_another_process_is_refused(kvm: Kvm, vcpu: Vcpu) -> None:
    """A VM belongs to the address space that made it; the child of a fork has another."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def tries() -> None:
        try:
            theirs.send(vcpu.regs)
        except KvmError as error:
            theirs.send(error)

    child = context.Process(target=tries)
    child.start()
    assert ours.poll(PATIENCE)
    assert "EIO" in str(ours.recv())
    child.join(PATIENCE)


WORDS = st.integers(-(2**65), 2**65) | st.sampled_from([0, 1, 0x1000, 0x3FFFFF, 0x400000, 2**31, 2**32, 2**63, 2**64 - 1])
SMALL = st.integers(-5, 5000)
USES: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "set_mp_state": (WORDS,), "interrupt": (WORDS,), "nmi": (), "get_cpuid": (SMALL,), "enable_cap": (WORDS, WORDS),
    "answer": (st.binary(max_size=20),), "real_mode": (WORDS, WORDS, WORDS), "protected_mode": (WORDS,),
    "long_mode": (WORDS, st.none() | WORDS), "guest_debug": (st.booleans(), st.lists(WORDS, max_size=5), st.booleans(), WORDS),
    "set_idt": (st.dictionaries(SMALL, WORDS, max_size=3), WORDS), "run": (st.sampled_from([0.01, 0, -1, None]),),
    "set_cpuid": (st.lists(st.builds(CpuidEntry, *[WORDS] * 7), max_size=3) | st.just([CpuidEntry(1)] * 257),),
    "set_regs": (st.builds(lambda a, b, c: structs.kvm_regs(rip=a % 2**64, rsp=b % 2**64, rflags=c % 2**64), *[WORDS] * 3),),
    "kick": (), "events": (), "stats": (),
}  # fmt: skip
USE = st.sampled_from(sorted(USES)).flatmap(lambda name: st.tuples(st.just(name), st.tuples(*USES[name])))


@settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(USE, min_size=1, max_size=12), st.binary(max_size=64))
def test_bad_use_is_an_error_and_never_more(kvm: Kvm, uses: list[tuple[str, tuple[Any, ...]]], code: bytes) -> None:
    """Any order, any number: an error that Python or KVM has a name for, or a run that ends in time."""
    with kvm.create_vm() as vm:
        vm.write(CODE, code)
        vcpu = vm.create_vcpu()
        vcpu.long_mode(CODE)
        for name, arguments in uses:
            with contextlib.suppress(KvmError, ValueError, TypeError, RuntimeError):
                getattr(vcpu, name)(*arguments)
        with contextlib.suppress(VcpuTimeout, KvmError):
            vcpu.run(0.02)


# without KVM


NO_HYPERVISOR, KVM_HYPERVISOR, TCG = b"", b"KVMKVMKVM\0\0\0", b"TCGTCGTCGTCG"


@pytest.mark.parametrize(
    ("modules", "cpu", "under", "want"),
    [
        ("kvm kvm_intel", "vmx", NO_HYPERVISOR, "vmx"),
        ("kvm kvm_amd", "svm", KVM_HYPERVISOR, "svm"),
        ("kvm kvm_amd", "svm", TCG, "svm-tcg"),
        ("kvm kvm_pvm", "", KVM_HYPERVISOR, "pvm"),
        ("kvm kvm_pvm", "vmx", NO_HYPERVISOR, "pvm"),  # loaded instead of kvm_intel
        # both built into the kernel: their folders are there whatever the CPU is
        ("kvm kvm_intel kvm_amd", "svm", NO_HYPERVISOR, "svm"),
        ("kvm kvm_intel kvm_amd", "svm", TCG, "svm-tcg"),
        ("kvm kvm_intel kvm_amd", "vmx", TCG, "vmx"),
        ("kvm kvm_intel kvm_amd kvm_pvm", "", KVM_HYPERVISOR, "pvm"),
        ("kvm kvm_intel kvm_amd", "", KVM_HYPERVISOR, "unknown"),
        ("kvm", "vmx", NO_HYPERVISOR, "unknown"),
    ],
)
def test_backends(modules: str, cpu: str, under: bytes, want: str, tmp_path: Path) -> None:
    for module in modules.split():
        (tmp_path / module).mkdir()
    assert backend(tmp_path, lambda: under, lambda: frozenset(cpu.split())) == want


def test_who_lacks_kvm_is_told_what_helps(tmp_path: Path) -> None:
    device = tmp_path / "kvm"
    with pytest.raises(KvmMissing, match=r"there is no .*: load the kvm module"):
        Kvm(str(device))
    device.mkdir()
    with pytest.raises(KvmMissing, match="Is a directory"):
        Kvm(str(device))


def test_an_identity_map_leads_every_address_to_itself() -> None:
    tables, base = modes.identity_map(0x9000), 0x9000
    assert len(tables) == modes.TABLE_BYTES

    def entry(table: int, index: int) -> int:
        at = (table & ~0xFFF) - base + 8 * index
        return int.from_bytes(tables[at : at + 8], "little")

    for address in (0, 0x1FFFFF, 0x200000, 0x3FFFFFFF, 0x40000000, 0xFEE00000, 0xFFFFFFFF):
        level = base
        for shift in (39, 30, 21):
            level = entry(level, address >> shift & 511)
            assert level & 7 == 7
        assert level & 0x80 and level & ~0xFFF == address & ~0x1FFFFF
    with pytest.raises(ValueError, match="multiple of 4096"):
        modes.identity_map(0x9001)


def test_gates_that_are_none() -> None:
    assert modes.idt({}) == b"" and len(modes.idt({255: 1})) == 4096
    for handlers in ({-1: 0}, {256: 0}, {3: -1}, {3: 1 << 64}):
        with pytest.raises(ValueError, match="no gate leads from vector"):
            modes.idt(handlers)


def test_the_library_runs_without_site_packages() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import syslab.kvm; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, ROOT], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    ours = {name for name in done.stdout.split() if name.startswith("syslab")}
    assert {name for name in ours if not name.startswith("syslab.kvm")} == {
        "syslab",
        "syslab.native",
        "syslab.native.kvm_device",
        "syslab.posix",
    }
