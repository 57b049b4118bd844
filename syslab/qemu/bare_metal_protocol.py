"""What the page-fault guest is asked and answers, and where its memory is: guest/protocol.h in Python.

The guest makes one memory access for each :class:`Request`, on page tables whose five entries the request gives, and
says in an :class:`Answer` which exception that raised. An entry may hold any 64-bit value, an address too. What keeps
the guest whole is one rule, which the guest itself applies: where the walk would lead to memory that is not the
test's (a frame outside the test frame, a table that is not the test's own), the request is not tried and the answer
is ``outside``. Walks that end before (not present, an address bit above MAXPHYADDR, not canonical) are always tried.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from syslab.bits.exceptions import WITH_ERROR_CODE

# physical memory of the guest
RAM = 16 << 20
HOME_TABLES = 0x180000
"""The page tables (PML4) that the guest's 64-bit entry point expects in CR3."""
MAILBOX, REQUESTS, ANSWERS = 0x200000, 0x201000, 0x280000
TABLES = {"pml5": 0x300000, "pml4": 0x301000, "pdpt": 0x302000, "pd": 0x303000, "pt": 0x304000}
"""The test's own page tables: what an entry one level up has to reference."""
TEST_FRAME, TEST_FRAME_BYTES = 0x400000, 0x200000
"""Where an access may land: 2 MByte, aligned."""
FILL = b"\x0e"
"""Every byte of the test frame: an opcode that is invalid in 64-bit mode, so that a fetch ends there with #UD.

A write writes this value, so nothing changes. The host fills the frame: KVM without VMX or SVM emulates the guest's
kernel-mode code instruction by instruction, and would take a second for it.
"""
BELL = 0x3F8
"""The I/O port on which guest and host tell each other to look into the mailbox."""
MAX_REQUESTS = 4096
IMAGE_SHA256 = "fb6ac22d941bce65a0cf18049823ada05377a1703617e726374fc81275578d49"
"""Of guest/page-fault.elf, so that a changed guest changes this module, and with it what records depend on."""

P, W, U, PS, XD = 1, 2, 4, 1 << 7, 1 << 63
PAGE_ADDRESS = 0x4000_0000
"""A tested address in the lower half."""
HUGE_ADDRESS = PAGE_ADDRESS + TEST_FRAME
"""A tested address that lands in the test frame when a 1-GByte page maps frame 0."""

LEVELS = ("pml5e", "pml4e", "pdpte", "pde", "pte")
ACCESSES = {"read": 0, "write": 1, "fetch": 2, "spin": 3, "triple-fault": 4}
USER, WITH_AC, BY_STAC, WP = 0x8, 0x10, 0x20, 0x40
FEATURE_FLAGS = {"nxe": 0x80, "smep": 0x100, "smap": 0x200, "pke": 0x400, "la57": 0x800}
GBPAGES = 0x1000
STATUS = ("tried", "unsupported", "outside")
NO_VECTOR = 0xFFFF_FFFF

_REQUEST = struct.Struct("<6QII8x")
_ANSWER = struct.Struct("<II9Q")
_HELLO = struct.Struct("<7I I12sI 6Q")
MAGIC = 0x314D4D52


def _table(name: str) -> int:
    return TABLES[name] | P | W | U


@dataclass(frozen=True, slots=True)
class Request:
    """One access, and the machine it is made on. Entries are raw 64-bit values, as the CPU reads them.

    ``access`` is read, write or fetch, of one byte (spin and triple-fault break the guest, for tests). ``ac`` sets
    RFLAGS.AC, with the instruction ``ac_by`` (popf or stac; user mode gets it by IRET). ``pkru`` counts with ``pke``,
    ``pml5e`` with ``la57``. ValueError for words and numbers that do not fit.
    """

    access: str = "read"
    user: bool = False
    address: int = PAGE_ADDRESS
    pte: int = TEST_FRAME | P | W | U
    pde: int = _table("pt")
    pdpte: int = _table("pd")
    pml4e: int = _table("pdpt")
    pml5e: int = _table("pml4")
    wp: bool = True
    nxe: bool = True
    smep: bool = False
    smap: bool = False
    ac: bool = False
    ac_by: str = "popf"
    pke: bool = False
    pkru: int = 0
    la57: bool = False

    def __post_init__(self) -> None:
        if self.access not in ACCESSES:
            raise ValueError(f"access {self.access!r} is none of {', '.join(ACCESSES)}")
        if self.ac_by not in ("popf", "stac"):
            raise ValueError(f"ac_by {self.ac_by!r} is neither popf nor stac")
        if (self.address | self.pte | self.pde | self.pdpte | self.pml4e | self.pml5e) >> 64:
            raise ValueError("an address or an entry does not fit in 64 bits")
        if self.pkru >> 32:
            raise ValueError(f"pkru {self.pkru:#x} does not fit in 32 bits")
        if self.user and ACCESSES[self.access] > 2:
            raise ValueError(f"access {self.access!r} is not for user mode")

    @property
    def entries(self) -> tuple[int, int, int, int, int]:
        """The five entries, the root's first."""
        return self.pml5e, self.pml4e, self.pdpte, self.pde, self.pte

    def pack(self) -> bytes:
        """64 bytes for the mailbox."""
        flags = ACCESSES[self.access] | self.user * USER | self.ac * WITH_AC | (self.ac_by == "stac") * BY_STAC | self.wp * WP
        flags |= self.nxe * 0x80 | self.smep * 0x100 | self.smap * 0x200 | self.pke * 0x400 | self.la57 * 0x800
        return _REQUEST.pack(self.address, *self.entries, flags, self.pkru)


@dataclass(frozen=True, slots=True)
class Answer:
    """What happened.

    ``status``: ``tried``; ``unsupported``, with the CPU's ``lacks``; or ``outside``, with the entry that leads
    ``out_at``. ``vector`` is None if the access was made. ``error_code`` is None where the exception has none, ``cr2``
    None but for page faults. ``at`` says what RIP pointed to: the accessing ``instruction``, the accessed ``address``
    (a fetch), or ``elsewhere``. ``after`` are the entries as the CPU left them, accessed and dirty bits included.
    """

    status: str
    vector: int | None = None
    error_code: int | None = None
    cr2: int | None = None
    rip: int | None = None
    at: str = ""
    after: dict[str, int] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    out_at: str = ""


def unpack_answer(data: bytes | memoryview, request: Request) -> Answer:
    """The answer to ``request`` from its 80 bytes."""
    status, vector, error, cr2, rip, instruction, *after = _ANSWER.unpack(data)
    if STATUS[status] == "unsupported":
        lacks = [name for name, flag in FEATURE_FLAGS.items() if error & flag]
        return Answer("unsupported", lacks=tuple(lacks))
    if STATUS[status] == "outside":
        return Answer("outside", out_at=LEVELS[vector])
    entries = dict(zip(LEVELS, after, strict=True))
    if vector == NO_VECTOR:
        return Answer("tried", after=entries)
    at = "instruction" if rip == instruction else "address" if rip == request.address else "elsewhere"
    return Answer(
        "tried", vector, error if vector in WITH_ERROR_CODE else None, cr2 if vector == 14 else None, rip, at, entries
    )  # fmt: skip


ANSWER_BYTES, REQUEST_BYTES = _ANSWER.size, _REQUEST.size


@dataclass(frozen=True)
class Features:
    """What CPUID says inside the guest. ``maxphyaddr`` and ``linear`` are widths of addresses in bits."""

    nxe: bool = True
    smep: bool = True
    smap: bool = True
    pke: bool = True
    la57: bool = True
    gbpages: bool = True
    maxphyaddr: int = 40
    linear: int = 57
    vendor: str = "GenuineIntel"
    signature: int = 0

    def lacks(self, request: Request) -> tuple[str, ...]:
        """What ``request`` needs and this CPU has not."""
        stac = request.ac and request.ac_by == "stac" and not request.user
        wanted = {name: getattr(request, name) for name in FEATURE_FLAGS}
        wanted["smap"] |= stac  # STAC exists only with SMAP
        return tuple(name for name, wants in wanted.items() if wants and not getattr(self, name))


def unpack_hello(data: bytes | memoryview) -> Features:
    """The features from the mailbox; ValueError if the guest's idea of the protocol is not this module's."""
    magic, most, _, _, _, flags, physical, linear, vendor, signature, frame, *tables = _HELLO.unpack_from(data)
    if (magic, most, frame, tables) != (MAGIC, MAX_REQUESTS, TEST_FRAME, list(TABLES.values())):
        raise ValueError("the guest speaks another protocol than bare_metal_protocol.py")
    return Features(
        **{name: bool(flags & flag) for name, flag in FEATURE_FLAGS.items()},
        gbpages=bool(flags & GBPAGES),
        maxphyaddr=physical,
        linear=linear,
        vendor=vendor.decode("ascii", "replace"),
        signature=signature,
    )


PENDING, COUNT, DONE = MAILBOX + 8, MAILBOX + 12, MAILBOX + 16
PANIC = MAILBOX + 96
PANIC_WORDS = struct.Struct("<4Q")
"""Vector, error code, RIP and CR2 of an exception that is the guest's own mistake."""
