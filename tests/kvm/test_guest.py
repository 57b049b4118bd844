"""The kernel that a guest gets: exceptions come back at both privilege levels, with the place, and pages are whose they are."""

from __future__ import annotations

import struct

import pytest

from syslab.bits import exceptions
from syslab.kvm import Hlt, Io, Kvm, Vcpu, Vm, modes
from syslab.kvm.guest import CODE, DONE, END, GDT, MAPPED, PAGE_TABLES, SUPERVISOR_TABLES, TSS, Kernel, exception
from syslab.native import asm

NOP = asm.code("90", "nop")
RAISE = {
    "#UD": asm.code("0f 0b", "ud2"),
    "#DE": asm.code("31 c9  f7 f1", "xor ecx, ecx; div ecx"),
    "#GP": asm.code("b9 ff ff ff ff  0f 32", "mov ecx, 0xffffffff; rdmsr"),
    "#PF": asm.code("8b 04 25 {at:4}", "mov eax, [{at}]", at=MAPPED),
}


@pytest.fixture
def vcpu(kvm: Kvm, vm: Vm) -> Vcpu:
    vcpu = vm.create_vcpu()
    vcpu.set_cpuid(kvm.supported_cpuid())
    return vcpu


@pytest.mark.parametrize("cpl", [0, 3])
def test_an_exception_comes_back_with_its_place(vm: Vm, vcpu: Vcpu, cpl: int) -> None:
    kernel = Kernel(vm)
    for name, code in RAISE.items():
        vm.write(CODE, NOP + code)
        kernel.enter(vcpu, cpl=cpl)
        vector = exception(vcpu.run())
        assert vector is not None and exceptions.name(vector) == name
        first = len(NOP) + len(code) - {"#UD": 2, "#DE": 2, "#GP": 2, "#PF": 7}[name]
        assert kernel.returns_to(vcpu, vector) == CODE + first


def test_the_end_of_code_at_both_levels(vm: Vm, vcpu: Vcpu) -> None:
    kernel = Kernel(vm)
    vm.write(CODE, END)
    kernel.enter(vcpu)
    done = vcpu.run()
    assert isinstance(done, Io) and done.port == DONE and exception(done) is None
    assert isinstance(vcpu.run(), Hlt)
    kernel.enter(vcpu, cpl=3)  # no port is allowed there
    assert exceptions.name(exception(vcpu.run()) or 0) == "#GP"
    assert kernel.returns_to(vcpu, 13) == CODE


def test_user_code_may_not_use_the_supervisors_pages(vm: Vm, vcpu: Vcpu) -> None:
    kernel = Kernel(vm)
    vm.write(CODE, END)
    kernel.enter(vcpu, user_pages=False)
    assert isinstance(vcpu.run(), Io)
    kernel.enter(vcpu, cpl=3, user_pages=False)
    assert exceptions.name(exception(vcpu.run()) or 0) == "#PF"


def test_what_lies_where(vm: Vm) -> None:
    Kernel(vm)
    last = (MAPPED - modes.LARGE_PAGE).to_bytes(8, "little")
    for tables, rights in ((PAGE_TABLES, 7), (SUPERVISOR_TABLES, 3)):
        entries = [vm.read(tables + at, 8) for at in (0, 0x1000, 0x2000 + 8 * (MAPPED // modes.LARGE_PAGE - 1))]
        wanted = (tables + 0x1000 | rights, tables + 0x2000 | rights, int.from_bytes(last, "little") | rights | 0x80)
        assert [int.from_bytes(entry, "little") for entry in entries] == list(wanted)
    selectors = {name: getattr(modes, name) >> 3 for name in ("CODE", "DATA", "USER_DATA", "USER_CODE")}
    descriptors = struct.unpack("<7Q", vm.read(GDT, 56))
    kinds = {name: (descriptors[at] >> 40 & 0xFF, descriptors[at] >> 53 & 1) for name, at in selectors.items()}  # access byte, L
    assert kinds == {"CODE": (0x9B, 1), "DATA": (0x93, 0), "USER_DATA": (0xF3, 0), "USER_CODE": (0xFB, 1)}
    task = descriptors[modes.TASK >> 3]
    assert (task & 0xFFFF, task >> 16 & 0xFF_FFFF, task >> 40 & 0xFF) == (103, TSS, 0x8B)
