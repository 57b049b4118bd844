"""What KVM_GET_SUPPORTED_CPUID returns, against the CPUID of the machine it runs on, and what its bits oblige to.

A row that holds words has them in the order of :data:`~syslab.bits.cpuid.REGISTERS`.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypedDict

from syslab import kvm
from syslab.bits.cpuid import REGISTERS
from syslab.evidence.experiment import experiment
from syslab.evidence.needs import KVM, X86_64
from syslab.kvm import CpuidEntry, Kvm, ioctls, structs
from syslab.native import asm
from syslab.native import cpuid as machine

FEATURE_WORDS = (
    (1, 0, "ecx"),
    (1, 0, "edx"),
    (7, 0, "ebx"),
    (7, 0, "ecx"),
    (7, 0, "edx"),
    (0x8000_0001, 0, "ecx"),
    (0x8000_0001, 0, "edx"),
)
"""Leaf, subleaf, register: words that hold nothing but features."""
REPORTED, CLEARED, FILLED = "as reported", "every bit cleared", "every bit set"
RAN, UNDEFINED = "it ran", "#UD"

Place = tuple[int, int]


class Case(NamedTuple):
    """An instruction, and the bit of leaf 1 ECX that stands for it."""

    name: str
    code: bytes
    bit: int


CASES = (
    Case("MOVBE", asm.code16("0f 38 f0 06 00 20", "movbe ax, [0x2000]"), 22),
    Case("MONITOR, MWAIT", asm.code16("0f 01 c8  0f 01 c9", "monitor; mwait"), 3),
    Case("POPCNT", asm.code16("f3 0f b8 c0", "popcnt ax, ax"), 23),
)

_CODE, _HANDLER, _INVALID_OPCODE = 0x1000, 0x1100, 6
_ASK = asm.code16("0f a2  f4", "cpuid; hlt")
_HLT = asm.code16("f4", "hlt")


class Entry(TypedDict):
    """An entry: KVM's flags, and its words from the host's CPUID and in KVM's table; None where there is no such entry."""

    leaf: int
    subleaf: int
    flags: int | None
    host: list[int] | None
    kvm: list[int] | None


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=20)
def compared() -> list[Entry]:
    """Every entry of the host's CPUID and of KVM's table.

    Both are asked on one CPU, since some answers hold the number of the CPU that was asked.
    """
    with machine.pinned(), Kvm() as device:
        host = {(row["leaf"], row["subleaf"]): [row[r] for r in REGISTERS] for row in machine.dump()}
        table = {_place(entry): entry for entry in device.supported_cpuid()}
    return [
        {
            "leaf": leaf,
            "subleaf": subleaf,
            "flags": table[leaf, subleaf].flags if (leaf, subleaf) in table else None,
            "host": host.get((leaf, subleaf)),
            "kvm": _words(table[leaf, subleaf]) if (leaf, subleaf) in table else None,
        }
        for leaf, subleaf in sorted(host.keys() | table.keys())
    ]


class Room(TypedDict):
    """An ioctl with an array of ``nent`` entries: the error's name or "0", and nent afterwards."""

    ioctl: str
    room: str
    nent: int
    result: str
    returned: int


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=20)
def room() -> Iterator[Room]:
    """How large the array may be."""
    with Kvm() as device:
        for name in ("KVM_GET_SUPPORTED_CPUID", "KVM_GET_EMULATED_CPUID"):
            ioctl = getattr(ioctls, name)
            enough = next(n for n in range(1, 257) if _get(device.fd, ioctl, n)[0] == "0")
            sizes = {"none": 0, "one too few": enough - 1, "just enough": enough, "one more": enough + 1, "far more": 1000}
            for words, nent in sizes.items():
                result, returned = _get(device.fd, ioctl, nent)
                yield {"ioctl": name, "room": words, "nent": nent, "result": result, "returned": returned}


class Emulated(TypedDict):
    """The words of an entry in each of the three answers; ``supported`` is None where that table has no such entry."""

    leaf: int
    subleaf: int
    emulated: list[int]
    supported: list[int] | None
    host: list[int]


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=20)
def emulated() -> list[Emulated]:
    """KVM_GET_EMULATED_CPUID beside KVM_GET_SUPPORTED_CPUID and the host's CPUID."""
    with machine.pinned(), Kvm() as device:
        supported = {_place(entry): _words(entry) for entry in device.supported_cpuid()}
        return [
            {
                "leaf": entry.function,
                "subleaf": entry.index,
                "emulated": _words(entry),
                "supported": supported.get(_place(entry)),
                "host": list(machine.cpuid(entry.function, entry.index)),
            }
            for entry in device.emulated_cpuid()
        ]


class Reading(TypedDict):
    """A word: reported, given, and read by the guest (None if refused); the result is an error's name or "0"."""

    table: str
    leaf: int
    subleaf: int
    register: str
    reported: int
    given: int
    result: str
    guest: int | None


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def readings() -> Iterator[Reading]:
    """Three tables given to KVM_SET_CPUID2, and what the guest's CPUID then says, word by word of :data:`FEATURE_WORDS`."""
    with Kvm() as device:
        reported = device.supported_cpuid()
        for name, change in ((REPORTED, None), (CLEARED, 0), (FILLED, 0xFFFF_FFFF)):
            given = [_changed(entry, change) for entry in reported]
            result, seen = _through_a_guest(device, given)
            for leaf, subleaf, register in FEATURE_WORDS:
                yield {
                    "table": name,
                    "leaf": leaf,
                    "subleaf": subleaf,
                    "register": register,
                    "reported": _word(reported, leaf, subleaf, register),
                    "given": _word(given, leaf, subleaf, register),
                    "result": result,
                    "guest": seen[leaf, subleaf][REGISTERS.index(register)] if seen else None,
                }


class Executed(TypedDict):
    """An instruction, who has its bit of leaf 1 ECX, and its outcome: :data:`RAN`, :data:`UNDEFINED`, or the exit's name."""

    instruction: str
    bit: int
    host: bool
    supported: bool
    emulated: bool
    given: bool
    outcome: str


@experiment(X86_64, KVM, lab=True, witness=kvm.witness, timeout=30)
def beyond() -> Iterator[Executed]:
    """Instructions of :data:`CASES`, executed by a guest whose table has their bit and by one whose table lacks it."""
    with machine.pinned(), Kvm() as device:
        host = machine.cpuid(1, 0).ecx
        supported, emulated = device.supported_cpuid(), device.emulated_cpuid()
        for case in CASES:
            for given in (True, False):
                yield {
                    "instruction": case.name,
                    "bit": case.bit,
                    "host": bool(host >> case.bit & 1),
                    "supported": bool(_word(supported, 1, 0, "ecx") >> case.bit & 1),
                    "emulated": bool(_word(emulated, 1, 0, "ecx") >> case.bit & 1),
                    "given": given,
                    "outcome": _execute(device, case, _with_bit(supported, case.bit, given)),
                }


@experiment(X86_64, KVM, lab=True, alone=True, witness=kvm.witness, timeout=20)
def one_word(leaf: int, subleaf: int, register: str, given: int) -> dict[str, str]:
    """One word of the table changed: what the ioctl says and what the guest reads. Names a missing entry in its answer."""
    with Kvm() as device:
        reported = device.supported_cpuid()
        if (leaf, subleaf) not in {_place(entry) for entry in reported}:
            return {"reported": "no such entry"}
        table = [entry._replace(**{register: given}) if _place(entry) == (leaf, subleaf) else entry for entry in reported]
        result, seen = _through_a_guest(device, table, {(leaf, subleaf)})
    return {
        "reported": f"{_word(reported, leaf, subleaf, register):#010x}",
        "given": f"{given:#010x}",
        "KVM_SET_CPUID2": result,
        "guest": f"{seen[leaf, subleaf][REGISTERS.index(register)]:#010x}" if seen else "",
    }


def _place(entry: CpuidEntry) -> Place:
    return entry.function, entry.index


def _words(entry: CpuidEntry) -> list[int]:
    return [entry.eax, entry.ebx, entry.ecx, entry.edx]


def _word(table: Iterable[CpuidEntry], leaf: int, subleaf: int, register: str) -> int:
    """The word in ``table``, 0 where it has no such entry: the answer of a CPU that lacks it."""
    return next((getattr(entry, register) for entry in table if _place(entry) == (leaf, subleaf)), 0)


def _changed(entry: CpuidEntry, value: int | None) -> CpuidEntry:
    words = [register for *place, register in FEATURE_WORDS if tuple(place) == _place(entry)]
    return entry if value is None else entry._replace(**dict.fromkeys(words, value))


def _with_bit(table: Iterable[CpuidEntry], bit: int, on: bool) -> list[CpuidEntry]:
    """``table`` with ``bit`` of leaf 1 ECX as told."""
    mask = 1 << bit
    return [e._replace(ecx=e.ecx | mask if on else e.ecx & ~mask) if _place(e) == (1, 0) else e for e in table]


def _get(fd: int, ioctl: ioctls.Ioctl, nent: int) -> tuple[str, int]:
    """The ioctl with an array of ``nent`` entries: the error's name or "0", and the nent that stands there afterwards."""
    buffer = bytearray(ctypes.sizeof(structs.kvm_cpuid2) + ctypes.sizeof(structs.kvm_cpuid_entry2) * nent)
    struct.pack_into("<I", buffer, 0, nent)
    try:
        ioctls.call(fd, ioctl, buffer)
    except kvm.KvmError as error:
        return error.errorname, struct.unpack_from("<I", buffer)[0]
    return "0", struct.unpack_from("<I", buffer)[0]


def _through_a_guest(
    device: Kvm, table: list[CpuidEntry], places: Iterable[Place] = ()
) -> tuple[str, dict[Place, tuple[int, ...]]]:
    """``table`` set, then CPUID executed by the guest for each place: the ioctl's result, and what the guest read."""
    with device.create_vm() as vm:
        vm.write(_CODE, _ASK)
        vcpu = vm.create_vcpu()
        try:
            vcpu.set_cpuid(table)
        except kvm.KvmError as error:
            return error.errorname, {}
        seen: dict[Place, tuple[int, ...]] = {}
        vcpu.real_mode(rip=_CODE)
        for leaf, subleaf in dict.fromkeys(places or ((leaf, subleaf) for leaf, subleaf, _ in FEATURE_WORDS)):
            vcpu.set_regs(rip=_CODE, rflags=2, rax=leaf, rcx=subleaf)
            left = vcpu.run()
            if left.name != "KVM_EXIT_HLT":
                raise RuntimeError(f"CPUID in the guest ended in {left}, not in HLT")
            after = vcpu.regs
            seen[leaf, subleaf] = tuple(getattr(after, name) & 0xFFFF_FFFF for name in ("rax", "rbx", "rcx", "rdx"))
    return "0", seen


def _execute(device: Kvm, case: Case, table: list[CpuidEntry]) -> str:
    """What became of the instruction in a real-mode guest that has ``table``."""
    with device.create_vm() as vm:
        vm.write(_CODE, case.code + _HLT)
        vm.write(_HANDLER, _HLT)
        vcpu = vm.create_vcpu()
        vcpu.set_cpuid(table)
        vcpu.real_mode(rip=_CODE)
        vcpu.set_vectors({_INVALID_OPCODE: _HANDLER})
        vcpu.set_regs(rip=_CODE, rflags=2, rsp=0x8000)
        left = vcpu.run()
        if left.name != "KVM_EXIT_HLT":
            return left.name
        return UNDEFINED if vcpu.regs.rip > _HANDLER else RAN
