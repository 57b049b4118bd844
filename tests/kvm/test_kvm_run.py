"""Guests that really run: every exit that KVM gives here, state in and out, injection, stepping. Needs /dev/kvm."""

from __future__ import annotations

import errno
import struct
from typing import Any

import pytest

from syslab.kvm import (
    BACKENDS,
    CpuidEntry,
    Debug,
    Hlt,
    InternalError,
    Io,
    Kvm,
    KvmError,
    Mmio,
    Shutdown,
    Vcpu,
    VcpuTimeout,
    Vm,
    cpuid_table,
    ioctls,
    modes,
    trace,
    vcpu_state,
)

CODE = 0x1000
HLT = b"\xf4"
STATES = range(12)
MODES = ("real_mode", "protected_mode", "long_mode")


def start(vm: Vm, code: str, mode: str = "long_mode", at: int = CODE) -> Vcpu:
    """A new vCPU at ``code``, which is hex."""
    vm.write(at, bytes.fromhex(code))
    vcpu = vm.create_vcpu()
    getattr(vcpu, mode)(at)
    return vcpu


# exits


@pytest.mark.parametrize("mode", MODES)
def test_out_in_and_hlt_in_every_mode(vm: Vm, mode: str) -> None:
    vcpu = start(vm, "b0 2a  e6 10  e4 20  f4", mode)  # mov al, 42; out 0x10, al; in al, 0x20; hlt
    assert vcpu.run() == Io(True, 0x10, 1, 1, b"*")
    assert vcpu.run() == Io(False, 0x20, 1, 1, b"")
    vcpu.answer(b"\x07")
    assert vcpu.run() == Hlt()
    assert (vcpu.regs.rax, vcpu.regs.rip) == (7, CODE + 7)


def test_ports_of_16_bits_and_words(vm: Vm) -> None:
    vcpu = start(vm, "66ba f80c  b8 78563412  ef  ed  f4")  # mov dx, 0xcf8; mov eax, 0x12345678; out dx, eax; in eax, dx
    assert vcpu.run() == Io(True, 0xCF8, 4, 1, bytes.fromhex("78563412"))
    assert vcpu.run() == Io(False, 0xCF8, 4, 1, b"")
    vcpu.answer(b"abcd")
    assert vcpu.run() == Hlt() and vcpu.regs.rax == int.from_bytes(b"abcd", "little")


def test_string_output_arrives_whole(vm: Vm) -> None:
    vm.write(0x2000, b"hello")
    vcpu = start(vm, "ba e9000000  be 00200000  b9 05000000  f3 6e  f4")  # rep outsb
    said = b""
    while isinstance(left := vcpu.run(), Io):
        assert left.out and left.port == 0xE9
        said += left.data
    assert (said, left) == (b"hello", Hlt())


def test_mmio_beyond_the_memory(vm: Vm) -> None:
    vcpu = start(vm, "b8 78563412  a3 00000030 00000000  8b0425 04000030  f4")  # mov [0x30000000], eax; mov eax, [0x30000004]
    assert vcpu.run() == Mmio(0x30000000, bytes.fromhex("78563412"), 4, True)
    assert vcpu.run() == Mmio(0x30000004, b"", 4, False)
    vcpu.answer(b"wxyz")
    assert vcpu.run() == Hlt()
    assert vcpu.regs.rax == int.from_bytes(b"wxyz", "little")


def test_a_triple_fault(vm: Vm) -> None:
    vcpu = start(vm, "0f0b")  # ud2
    sregs = vcpu.sregs()
    sregs.idt.limit = 0  # no vector has a gate
    vcpu.set_sregs(sregs)
    assert vcpu.run() == Shutdown()


def test_page_tables_that_the_guest_destroys(vm: Vm) -> None:
    vcpu = start(vm, "31c0  48 ab  0f20d8 0f22d8  f4")  # xor eax, eax; stosq; mov rax, cr3; mov cr3, rax
    vcpu.set_regs(rdi=vcpu.sregs().cr3)
    sregs = vcpu.sregs()
    sregs.idt.limit = 0
    vcpu.set_sregs(sregs)
    assert vcpu.run() == Shutdown()


def test_what_cannot_be_emulated(vm: Vm) -> None:
    """Code where there is no memory cannot be fetched, and KVM has nothing to execute for the guest."""
    vcpu = start(vm, "f4")
    vcpu.set_regs(rip=0x3000_0000)
    left = vcpu.run()
    assert isinstance(left, InternalError)
    assert (left.suberror, left.why) == (1, "emulation")


def test_a_guest_that_spins(vm: Vm) -> None:
    vcpu = start(vm, "eb fe")
    with pytest.raises(VcpuTimeout, match=r"within 0\.1 s; it is at RIP 0x1000") as caught:
        vcpu.run(0.1)
    assert (caught.value.seconds, caught.value.rip) == (0.1, CODE)
    vm.write(CODE, HLT * 2)
    assert vcpu.run() == Hlt()  # it goes on where it was


def test_hlt_with_an_irqchip_blocks_in_the_kernel(kvm: Kvm) -> None:
    vcpu = start(kvm.create_vm(irqchip=True), "f4")
    with pytest.raises(VcpuTimeout):
        vcpu.run(0.1)
    assert vcpu.mp_state == 3


def test_in_that_nobody_answers(vm: Vm) -> None:
    vcpu = start(vm, "e4 20  f4")
    vcpu.run()
    assert vcpu.run() == Hlt()


@pytest.mark.parametrize(("code", "length"), [("e4 20 f4", 1), ("8b0425 04000030 f4", 4)])
def test_answers_that_do_not_fit(vm: Vm, code: str, length: int) -> None:
    vcpu = start(vm, code)
    with pytest.raises(RuntimeError, match="waits for no answer: it came back with KVM_EXIT_UNKNOWN"):
        vcpu.answer(b"1")
    vcpu.run()
    with pytest.raises(ValueError, match=f"reads {length} bytes, not 9"):
        vcpu.answer(b"123456789")
    vcpu.answer(b"1" * length)
    assert vcpu.run() == Hlt()
    with pytest.raises(RuntimeError, match="KVM_EXIT_HLT"):
        vcpu.answer(b"1")


# state


@pytest.mark.parametrize("mode", MODES)
def test_modes_read_back(vm: Vm, mode: str) -> None:
    vcpu = start(vm, "f4", mode)
    sregs = vcpu.sregs()
    assert {"real_mode": (0, 0, 0), "protected_mode": (1, 0, 0), "long_mode": (1, 1, 1)}[mode] == (
        sregs.cr0 & 1, sregs.cr0 >> 31, sregs.efer >> 10 & 1,
    )  # fmt: skip
    assert sregs.cs.l == (mode == "long_mode") and sregs.cs.db == (mode == "protected_mode")
    assert vcpu.regs.rip == CODE and vcpu.regs.rflags == 2


def test_from_mode_to_mode(vm: Vm) -> None:
    vcpu = start(vm, "f4")
    for mode in (*MODES, *reversed(MODES)):
        getattr(vcpu, mode)(CODE)
        assert vcpu.run() == Hlt(), mode


def test_real_mode_takes_any_base(vm: Vm) -> None:
    vm.write(0x20010, HLT)
    vcpu = vm.create_vcpu()
    vcpu.real_mode(0x10, selector=0x1234, base=0x20000)
    assert vcpu.run() == Hlt()
    vm.write(0x12350, HLT)
    vcpu.real_mode(0x10, selector=0x1234)
    assert vcpu.run() == Hlt() and vcpu.sregs().cs.base == 0x12340


def test_long_mode_needs_room_for_its_tables(kvm: Kvm) -> None:
    vcpu = kvm.create_vm(memory=0x7000).create_vcpu()
    with pytest.raises(ValueError, match="have no room for 24576 of page tables and a GDT"):
        vcpu.long_mode()


def test_long_mode_where_kvm_wants_it_in_cpuid(vm: Vm, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Linux 6.12.118 does: EFER.LME only for a vCPU whose CPUID has long mode."""

    def insists(fd: int, ioctl: Any, argument: Any = 0) -> int:
        table = cpuid_table.ask(fd, ioctls.KVM_GET_CPUID2, 256)
        told = any(e.function == modes.EXTENDED_FEATURES and e.edx & modes.HAS_LONG_MODE for e in table)
        if ioctl is ioctls.KVM_SET_SREGS and argument.efer & modes.EFER_LME and not told:
            raise KvmError("KVM_SET_SREGS", errno.EINVAL)
        return ioctls.call(fd, ioctl, argument)

    monkeypatch.setattr(vcpu_state, "call", insists)
    vcpu = start(vm, "b0 2a  e6 10  f4")
    assert vcpu.run() == Io(True, 0x10, 1, 1, b"*") and vcpu.run() == Hlt()
    other = vm.create_vcpu(1)
    other.set_cpuid([CpuidEntry(1, eax=7)])
    with pytest.raises(KvmError, match="KVM_SET_SREGS: EINVAL"):
        other.long_mode(CODE)
    assert modes.EXTENDED_FEATURES not in [entry.function for entry in other.get_cpuid()], "whose table says otherwise keeps it"


def test_an_exception_through_the_idt_and_back(vm: Vm) -> None:
    vm.write(0x2000, bytes.fromhex("e6 80  48 83 04 24 02  48cf"))  # out 0x80, al; add qword [rsp], 2; iretq
    vcpu = start(vm, "0f0b  f4")  # ud2, two bytes; hlt
    vcpu.set_idt({6: 0x2000}, 0x3000)
    assert isinstance(left := vcpu.run(), Io) and left.port == 0x80
    assert vcpu.run() == Hlt()


def test_injection(vm: Vm) -> None:
    for vector in (2, 0x21):
        vm.write(0x2000 + vector * 16, bytes([0xE6, vector, 0x48, 0xCF]))  # out vector, al; iretq
    vcpu = start(vm, "fb  90  f4  f4  f4")  # sti; nop; hlt
    vcpu.set_idt({vector: 0x2000 + vector * 16 for vector in (2, 0x21)}, 0x3000)
    assert vcpu.run() == Hlt()
    vcpu.interrupt(0x21)
    assert vcpu.events().interrupt.nr == 0x21
    assert isinstance(left := vcpu.run(), Io) and left.port == 0x21
    assert vcpu.run() == Hlt()
    vcpu.nmi()
    assert isinstance(left := vcpu.run(), Io) and left.port == 2
    assert vcpu.run() == Hlt()


def test_events_read_and_write(vm: Vm) -> None:
    vcpu = start(vm, "f4")
    events = vcpu.events()
    events.nmi.masked, events.flags = 1, 0
    vcpu.set_events(events)
    assert vcpu.events().nmi.masked == 1


def test_irq_lines_need_an_irqchip(kvm: Kvm, vm: Vm) -> None:
    with pytest.raises(KvmError, match="KVM_IRQ_LINE: ENXIO"):
        vm.irq_line(4, True)
    other = kvm.create_vm(irqchip=True)
    vcpu = other.create_vcpu()
    other.irq_line(4, True)
    other.irq_line(4, False)
    with pytest.raises(KvmError, match="KVM_INTERRUPT: ENXIO"):
        vcpu.interrupt(0x21)


@pytest.mark.parametrize("irqchip", [False, True])
def test_mp_states(kvm: Kvm, irqchip: bool) -> None:
    """As arch/x86/kvm/x86.c has it: without an APIC in the kernel only RUNNABLE; SIPI_RECEIVED becomes RUNNABLE."""
    vm = kvm.create_vm(irqchip=irqchip)
    vcpu, second = vm.create_vcpu(0), vm.create_vcpu(1)
    assert (vcpu.mp_state, second.mp_state) == (0, int(irqchip))
    found = {}
    for state in STATES:
        try:
            vcpu.set_mp_state(state)
            found[state] = vcpu.mp_state
        except KvmError as error:
            assert (error.ioctl, error.errorname) == ("KVM_SET_MP_STATE", "EINVAL")
    assert found == ({0: 0, 1: 1, 2: 2, 3: 3, 4: 0, 9: 9} if irqchip else {0: 0})


# debugging


def test_single_steps(vm: Vm) -> None:
    vcpu = start(vm, "90 90 31c0 eb fe")
    vcpu.guest_debug(single_step=True)
    steps = [vcpu.run() for _ in range(4)]
    assert all(isinstance(step, Debug) and step.exception == 1 and step.dr6 >> 14 & 1 for step in steps)
    assert [step.pc - CODE for step in steps] == [1, 2, 4, 4]  # type: ignore[union-attr]
    vcpu.guest_debug()
    with pytest.raises(VcpuTimeout):
        vcpu.run(0.05)


def test_hardware_breakpoints(kvm: Kvm, vm: Vm) -> None:
    vcpu = start(vm, "90 90 90 90 f4")
    vcpu.guest_debug(hardware=[CODE + 1, CODE + 3])
    left = vcpu.run()
    if kvm.backend == "svm-tcg" and left == Hlt():
        pytest.skip("hardware breakpoints do not reach a guest of a guest of TCG")
    assert isinstance(left, Debug) and (left.pc, left.dr6 & 3) == (CODE + 1, 1)
    with pytest.raises(ValueError, match="5 addresses are too many"):
        vcpu.guest_debug(hardware=range(5))


# CPUID


def test_cpuid_goes_in_and_comes_out(kvm: Kvm, vm: Vm) -> None:
    supported = kvm.supported_cpuid()
    assert supported[0].function == 0 and len(supported) > 10
    vcpu = start(vm, "b8 00000050  31c9  0fa2  f4")  # mov eax, 0x50000000; xor ecx, ecx; cpuid; hlt
    mine = CpuidEntry(0x5000_0000, eax=1, ebx=2, ecx=3, edx=4)
    vcpu.set_cpuid([*supported, mine])
    assert mine in vcpu.get_cpuid()
    assert vcpu.run() == Hlt()
    regs = vcpu.regs
    assert (regs.rax, regs.rbx, regs.rcx, regs.rdx) == mine[3:]


def test_tables_that_kvm_refuses(kvm: Kvm, vm: Vm) -> None:
    vcpu = vm.create_vcpu()
    with pytest.raises(KvmError, match=r"^KVM_SET_CPUID2: E2BIG \(Argument list too long\)$"):
        vcpu.set_cpuid([CpuidEntry(number) for number in range(257)])
    with pytest.raises(KvmError, match="KVM_GET_SUPPORTED_CPUID: E2BIG"):
        kvm.supported_cpuid(room=2)
    with pytest.raises(ValueError, match="0x7: eax is 32 bits wide"):
        vcpu.set_cpuid([CpuidEntry(7, eax=1 << 32)])
    vcpu.set_cpuid([])
    assert vcpu.get_cpuid(room=0) == []
    with pytest.raises(ValueError, match="room for -1"):
        vcpu.get_cpuid(room=-1)


def test_what_kvm_emulates_is_told(kvm: Kvm) -> None:
    assert all(isinstance(entry, CpuidEntry) for entry in kvm.emulated_cpuid())


# the rest


def test_statistics_count_exits(vm: Vm) -> None:
    vcpu = start(vm, "e6 10 eb fc")
    before = vcpu.stats()
    for _ in range(10):
        vcpu.run()
    after = vcpu.stats()
    assert isinstance(before["exits"], int) and isinstance(after["exits"], int)
    assert after["exits"] - before["exits"] >= 10
    assert isinstance(vm.stats()["remote_tlb_flush"], int)
    assert all(isinstance(value, int) for value in after.values()), "histograms are left out"


def test_a_trace_tells_every_ioctl(kvm: Kvm) -> None:
    told: list[tuple[str, str, int | str]] = []
    with trace(lambda *row: told.append(row)):
        vm = kvm.create_vm()
        vcpu = start(vm, "f4")
        vcpu.run()
        with pytest.raises(KvmError):
            vcpu.set_mp_state(5)
    vcpu.stats()
    names = [name for name, *_ in told]
    assert names == [
        "KVM_CREATE_VM", "KVM_SET_TSS_ADDR", "KVM_SET_USER_MEMORY_REGION", "KVM_GET_VCPU_MMAP_SIZE", "KVM_CREATE_VCPU",
        "KVM_GET_SREGS", "KVM_SET_SREGS", "KVM_SET_REGS", "KVM_SET_SIGNAL_MASK", "KVM_RUN", "KVM_SET_MP_STATE",
    ]  # fmt: skip
    assert told[2][1] == "kvm_userspace_memory_region(memory_size=0x400000, userspace_addr=<address>)"
    assert told[-1] == ("KVM_SET_MP_STATE", "kvm_mp_state(mp_state=0x5)", "EINVAL")


def test_a_trace_that_asks_kvm_itself_does_not_trace_that(vm: Vm) -> None:
    vcpu = start(vm, "f4")
    with trace(lambda *_: vcpu.regs):
        assert vcpu.run() == Hlt()


def test_the_device(kvm: Kvm) -> None:
    assert kvm.version() == 12
    assert kvm.check(3) == 1  # KVM_CAP_USER_MEMORY
    assert kvm.check(99999) == 0
    assert kvm.backend in BACKENDS


def test_capabilities_of_a_vm(vm: Vm) -> None:
    assert vm.check(3) == 1
    with pytest.raises(KvmError, match="KVM_ENABLE_CAP: EINVAL"):
        vm.enable_cap(99999, 1)


def test_memory_is_the_guests(vm: Vm) -> None:
    vcpu = start(vm, "48 b8 efcdab8967452301  48 a3 0020000000000000  f4")  # mov rax, imm64; mov [0x2000], rax
    assert vcpu.run() == Hlt()
    assert vm.read(0x2000, 8) == struct.pack("<Q", 0x0123456789ABCDEF) == vm.memory[0x2000:0x2008]
