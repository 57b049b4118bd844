"""Real-mode code that says where it was fetched: RIP is an offset in CS, not a linear address.

Copies of probe/probe.bin are put at several physical addresses; each knows its own. Under QEMU the CPU
comes out of reset and a far jump, in a ROM made here, leads to one of them; under KVM the registers are just set.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from syslab.native import asm
from syslab.qemu.guest_process import (
    Command,
    Explain,
    GuestProcess,
    ImageCorrupt,
    MachineMissing,
    explain_kvm,
    explain_tcg,
    kvm_command,
    tcg_command,
)

PROBE = Path(__file__).with_name("probe") / "probe.bin"
PROBE_SHA256 = "df0ff395af0e77dfddfb04b89a081ddc318a186546ddb381d34cc686b3da284f"
RAM = 16 << 20
RESULT = 0x600
TAG_OFFSET = 2  # the immediate of the probe's first instruction, mov eax, imm32
ROM_BYTES, RESET_OFFSET = 1 << 16, 0xFFF0
TOP = 0xA0000
"""RAM that every PC has in real mode ends here."""


@dataclass(frozen=True)
class Place:
    """What the code saw: the selector in ``cs``, its first byte's ``ip``; and the physical address ``fetched`` from."""

    cs: int
    ip: int
    fetched: int


def probe(address: int) -> bytes:
    """The probe, as it has to be at physical ``address``. MachineMissing or ImageCorrupt if its file is not in order."""
    try:
        code = PROBE.read_bytes()
    except OSError as error:
        raise MachineMissing(f"the guest's image cannot be read: {error}") from None
    if hashlib.sha256(code).hexdigest() != PROBE_SHA256:
        raise ImageCorrupt(f"{PROBE.name} is not the image this code was written for; build it again")
    return code[:TAG_OFFSET] + struct.pack("<I", address) + code[TAG_OFFSET + 4 :]


def reset_rom(cs: int, ip: int) -> bytes:
    """64 kByte for the top of the address space: where the CPU fetches after reset there is ``ljmp cs:ip``."""
    jump = asm.code16("ea {ip:2} {cs:2}", "ljmp {cs}:{ip}", cs=cs, ip=ip)
    return (bytes(RESET_OFFSET) + jump).ljust(ROM_BYTES, b"\0")


def _run(command: Command, explain: Explain, copies: Iterable[int], rom: bytes, seconds: float) -> Place:
    contents: dict[int, bytes] = {}
    for address in copies:
        if not 0 <= address < TOP:
            raise ValueError(f"a copy at {address:#x} is outside the RAM of real mode, 0 to {TOP:#x}")
        code = probe(address)
        if any(abs(address - other) < len(code) for other in (*contents, RESULT)):
            raise ValueError(f"a copy at {address:#x} overlaps another, or the results at {RESULT:#x}")
        contents[address] = code
    guest = GuestProcess(command, explain, RAM, contents, {"rom": rom} if rom else None)
    try:
        guest.wait(seconds)
        return Place(*struct.unpack_from("<HHI", guest.memory, RESULT))
    finally:
        guest.close()


def jump_tcg(cs: int, ip: int, copies: Iterable[int], model: str = "max", seconds: float = 30.0) -> Place:
    """Under QEMU TCG: reset, ``ljmp cs:ip``, and what the probe saw that was there.

    ``copies`` are the physical addresses that hold a probe. ValueError for addresses outside real mode's RAM; a
    :class:`MachineError`, such as GuestHung where the jump led to no probe.
    """
    if not (0 <= cs <= 0xFFFF and 0 <= ip <= 0xFFFF):
        raise ValueError(f"{cs:#x}:{ip:#x} is not a far address of 16:16 bits")
    command = tcg_command(model, "-bios", "{folder}/rom", ram=RAM)
    return _run(command, explain_tcg, copies, reset_rom(cs, ip), seconds)


def start_kvm(cs: int, base: int, ip: int, copies: Iterable[int], seconds: float = 30.0) -> Place:
    """Under KVM: start in real mode with CS ``cs``, its base ``base`` (any, not only ``cs`` times 16) and IP ``ip``."""
    if not (0 <= cs <= 0xFFFF and 0 <= ip <= 0xFFFF and 0 <= base < 1 << 32):
        raise ValueError(f"CS {cs:#x}, base {base:#x} or IP {ip:#x} does not fit in 16, 32 and 16 bits")
    return _run(kvm_command("real", hex(cs), hex(base), hex(ip)), explain_kvm, copies, b"", seconds)
