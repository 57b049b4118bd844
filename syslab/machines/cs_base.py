"""The same instruction in several places of a guest, started with a CS base of our choice, in each mode of the CPU.

Each copy loads its own physical address into EAX and halts. So EAX says which copy was fetched, and RIP where the CPU
thought it was. Needs /dev/kvm; run it in a process of its own, as an experiment does.
"""

from __future__ import annotations

import fcntl
import struct
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass

from .kvm_runner import KVM_SET_SREGS, Vm

MODES = ("real", "protected", "long")
RAM = 2 << 20
TABLES = 0x10000
"""Page tables of long mode, three pages: the first 2 MByte, each address mapped to itself."""
HALT = 0xF4
_KVM_GET_REGS = 0x8090AE81
_REGS = struct.Struct("<18Q")
_RAX, _RIP = 0, 16
_CS = struct.Struct("<QIH8B2x")  # base, limit, selector, type, present, dpl, db, s, l, g, avl
_CR0 = 224


def copy(mode: str, address: int) -> bytes:
    """``mov eax, address; hlt`` for code of ``mode``."""
    operand_size = b"\x66" if mode == "real" else b""
    return operand_size + b"\xb8" + struct.pack("<IB", address, HALT)


@dataclass(frozen=True)
class Fetched:
    """The address ``fetched`` from, and the RIP (IP, EIP) of that instruction."""

    fetched: int
    rip: int


@dataclass(frozen=True)
class Reset:
    """CS and RIP of a vCPU that nobody has touched."""

    selector: int
    base: int
    rip: int


def _registers(vm: Vm) -> tuple[int, ...]:
    data = bytearray(_REGS.size)
    fcntl.ioctl(vm.vcpu, _KVM_GET_REGS, data)
    return _REGS.unpack(data)


def _vm(folder: str) -> Vm:
    path = f"{folder}/ram"
    with open(path, "wb") as file:
        file.truncate(RAM)
    return Vm(path)


def after_reset() -> Reset:
    """What KVM gives a new vCPU."""
    with tempfile.TemporaryDirectory() as folder:
        vm = _vm(folder)
        base, _, selector, *_ = _CS.unpack_from(vm.sregs)
        return Reset(selector, base, _registers(vm)[_RIP])


def start(mode: str, base: int, rip: int, copies: Iterable[int]) -> Fetched:
    """Start in ``mode`` with CS ``base`` at ``rip``. RuntimeError if what ran was no copy."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is none of {', '.join(MODES)}")
    with tempfile.TemporaryDirectory() as folder:
        vm = _vm(folder)
        places = set(copies)
        for address in places:
            code = copy(mode, address)
            vm.ram[address : address + len(code)] = code
        if mode == "real":
            vm.real_mode(0, base, rip)
        elif mode == "protected":
            _CS.pack_into(vm.sregs, 0, base, 0xFFFFFFFF, 0x08, 11, 1, 0, 1, 1, 0, 1, 0)
            struct.pack_into("<Q", vm.sregs, _CR0, 0x11)  # ET, PE: no paging
            vm._start(rip)
        else:
            for table, entry in ((0, TABLES + 0x1007), (0x1000, TABLES + 0x2007), (0x2000, 0x87)):
                struct.pack_into("<Q", vm.ram, TABLES + table, entry)
            vm.long_mode(rip, TABLES)
            struct.pack_into("<Q", vm.sregs, 0, base)
            fcntl.ioctl(vm.vcpu, KVM_SET_SREGS, bytes(vm.sregs))
        stopped = vm.run()
        registers = _registers(vm)
    fetched = registers[_RAX]
    if stopped != "KVM_EXIT_HLT" or fetched not in places:
        raise RuntimeError(f"no copy ran: {stopped}, RAX {fetched:#x}, RIP {registers[_RIP]:#x}")
    return Fetched(fetched, registers[_RIP] - len(copy(mode, fetched)))
