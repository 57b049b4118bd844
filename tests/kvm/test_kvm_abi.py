"""The numbers and layouts of KVM's API against the kernel's header, an oracle, and what ran elsewhere. Needs no KVM."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from syslab.chapters.kvm.guest_cpuid import guest
from syslab.chapters.kvm.vcpu_requests import causes
from syslab.kvm import ioctls, run_struct, structs
from syslab.kvm.bounded import _itimerspec, _sigevent
from syslab.kvm.exits import REASONS

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "linux_kvm.json").read_text())["constants"]
NUMBERS = {
    "KVM_GET_API_VERSION": 0xAE00, "KVM_CREATE_VM": 0xAE01, "KVM_CHECK_EXTENSION": 0xAE03, "KVM_GET_VCPU_MMAP_SIZE": 0xAE04,
    "KVM_GET_SUPPORTED_CPUID": 0xC008AE05, "KVM_GET_EMULATED_CPUID": 0xC008AE09, "KVM_CREATE_VCPU": 0xAE41,
    "KVM_SET_USER_MEMORY_REGION": 0x4020AE46, "KVM_SET_TSS_ADDR": 0xAE47, "KVM_CREATE_IRQCHIP": 0xAE60,
    "KVM_IRQ_LINE": 0x4008AE61, "KVM_RUN": 0xAE80, "KVM_GET_REGS": 0x8090AE81, "KVM_SET_REGS": 0x4090AE82,
    "KVM_GET_SREGS": 0x8138AE83, "KVM_SET_SREGS": 0x4138AE84, "KVM_INTERRUPT": 0x4004AE86, "KVM_GET_MSRS": 0xC008AE88,
    "KVM_SET_MSRS": 0x4008AE89, "KVM_SET_SIGNAL_MASK": 0x4004AE8B, "KVM_SET_CPUID2": 0x4008AE90,
    "KVM_GET_CPUID2": 0xC008AE91, "KVM_GET_MP_STATE": 0x8004AE98, "KVM_SET_MP_STATE": 0x4004AE99, "KVM_NMI": 0xAE9A,
    "KVM_SET_GUEST_DEBUG": 0x4048AE9B, "KVM_GET_VCPU_EVENTS": 0x8040AE9F, "KVM_SET_VCPU_EVENTS": 0x4040AEA0,
    "KVM_ENABLE_CAP": 0x4068AEA3, "KVM_GET_STATS_FD": 0xAECE,
}  # fmt: skip


def test_every_ioctl_has_the_number_that_ran() -> None:
    assert {name: hex(ioctl.number) for name, ioctl in ioctls.ALL.items()} == {name: hex(n) for name, n in NUMBERS.items()}
    assert all(getattr(ioctls, name) is ioctl for name, ioctl in ioctls.ALL.items())


def test_the_parts_of_a_number() -> None:
    parts = ioctls.KVM_SET_CPUID2
    assert (parts.direction, parts.kind, parts.nr, parts.size) == ("write", 0xAE, 0x90, 8)
    assert [getattr(ioctls, name).direction for name in ("KVM_RUN", "KVM_GET_REGS", "KVM_GET_CPUID2")] == [
        "none",
        "read",
        "read+write",
    ]


@pytest.mark.parametrize("release", sorted(ORACLE))
def test_exit_reasons_are_the_kernels(release: str) -> None:
    subcodes = ("KVM_EXIT_IO_", "KVM_EXIT_HYPERV_", "KVM_EXIT_XEN_", "KVM_EXIT_ARM_SEA_")
    kernel = {n: name for name, n in ORACLE[release]["kvm_exit"].items() if not name.startswith(subcodes)}
    assert kernel.items() <= REASONS.items()
    if release == max(ORACLE, key=lambda text: [int(part) for part in text.split(".")]):
        assert kernel == REASONS


IN_KVM_RUN = {
    "hw": run_struct._hw, "fail_entry": run_struct._fail_entry, "ex": run_struct._ex, "io": run_struct._io, "debug": run_struct._debug,
    "mmio": run_struct._mmio, "tpr_access": run_struct._tpr_access, "internal": run_struct._internal,
    "emulation_failure": run_struct._emulation_failure, "system_event": run_struct._system_event, "eoi": run_struct._eoi,
    "msr": run_struct._msr, "notify": run_struct._notify,
}  # fmt: skip


def test_every_layout_is_the_one_that_a_c_compiler_makes(tmp_path: Path) -> None:
    """sizeof and offsetof, by the kernel's own header."""
    if not shutil.which("gcc") or not Path("/usr/include/linux/kvm.h").exists():
        pytest.skip("needs gcc and linux/kvm.h (apt: gcc, linux-libc-dev)")
    asked = {}  # C expression -> what ctypes says
    for name, kind in vars(structs).items():
        if name.startswith("kvm_") and name != "kvm_guest_debug":
            asked[f"sizeof(struct {name})"] = ctypes.sizeof(kind)
            for field, *_ in kind._fields_:
                asked[f"offsetof(struct {name}, {field})"] = getattr(kind, field).offset
    asked["sizeof(struct kvm_guest_debug)"] = ctypes.sizeof(structs.kvm_guest_debug)
    asked["offsetof(struct kvm_guest_debug, arch.debugreg)"] = structs.kvm_guest_debug.debugreg.offset
    asked["sizeof(struct kvm_run)"] = ctypes.sizeof(run_struct.kvm_run)
    union = run_struct.kvm_run._exit.offset
    for field in ("immediate_exit", "exit_reason", "if_flag", "flags", "cr8", "apic_base", "kvm_valid_regs", "kvm_dirty_regs"):
        asked[f"offsetof(struct kvm_run, {field})"] = getattr(run_struct.kvm_run, field).offset
    for member, kind in IN_KVM_RUN.items():
        for field, *_ in kind._fields_:
            asked[f"offsetof(struct kvm_run, {member}.{field})"] = union + getattr(kind, field).offset
    of_chapters = [one for module in (causes, guest) for one in vars(module).values() if isinstance(one, ioctls.Ioctl)]
    numbers = {ioctl.name: ioctl.number for ioctl in (*ioctls.ALL.values(), *of_chapters)}
    assert len(numbers) == len(ioctls.ALL) + 6
    lines = "".join(f'printf("%lu\\n", (unsigned long)({expression}));' for expression in (*asked, *numbers))
    source = "#include <linux/kvm.h>\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {" + lines + "}"
    (tmp_path / "abi.c").write_text(source)
    built = subprocess.run(["gcc", "-o", tmp_path / "abi", tmp_path / "abi.c"], capture_output=True, text=True, timeout=60)
    assert built.returncode == 0, built.stderr
    told = subprocess.run([tmp_path / "abi"], capture_output=True, text=True, timeout=60).stdout.split()
    assert dict(zip((*asked, *numbers), map(int, told), strict=True)) == asked | numbers


def test_what_the_kernels_timers_take() -> None:
    assert (ctypes.sizeof(_sigevent), ctypes.sizeof(_itimerspec)) == (64, 32)


# the structures as Python objects


def test_a_structure_shows_what_is_not_zero() -> None:
    regs = structs.kvm_regs(rip=0x1000, rax=7)
    assert repr(regs) == "kvm_regs(rax=0x7, rip=0x1000)"
    assert regs.asdict()["rip"] == 0x1000 and len(regs.asdict()) == 18
    assert regs == structs.kvm_regs(rax=7, rip=0x1000) != structs.kvm_regs()
    assert structs.kvm_regs() != structs.kvm_dtable()
    assert "cs=kvm_segment(base=0x8000)" in repr(structs.kvm_sregs(cs=structs.kvm_segment(base=0x8000)))
    region = structs.kvm_userspace_memory_region(memory_size=4096, userspace_addr=0x7F0000000000)
    assert repr(region) == "kvm_userspace_memory_region(memory_size=0x1000, userspace_addr=<address>)"


@pytest.mark.parametrize("value", [1 << 64, -1])
def test_a_number_that_does_not_fit_changes_nothing(value: int) -> None:
    regs = structs.kvm_regs(rip=5)
    with pytest.raises(ValueError, match=r"does not fit in kvm_regs\.rip"):
        regs.rip = value
    assert regs.rip == 5
    with pytest.raises(ValueError, match=r"kvm_segment\.db"):
        structs.kvm_segment(db=256)


def test_a_misspelt_field_is_an_error() -> None:
    with pytest.raises(AttributeError):
        structs.kvm_regs().eax  # noqa: B018
    with pytest.raises(AttributeError, match="kvm_regs has no field 'eax'"):
        structs.kvm_regs().eax = 1
