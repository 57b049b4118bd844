"""The number of an ioctl(2) request: direction, size, type and number, 32 bits.

    KVM_GET_REGS = 0x8090ae81 = read << 30 | 144 << 16 | 0xae << 8 | 0x81

This is the layout of asm-generic/ioctl.h as x86 uses it. Other architectures override parts: MIPS and PowerPC have three
bits of direction and 13 of size, and PA-RISC swaps the two directions.
"""

from __future__ import annotations

from .core import Case, Field, Layout, Source, otherwise
from .ioctl_names import BOTH, BY_NAME, KVM, KVMIO, NONE, READ, SOURCES, TTY, WITH_ARRAY, WRITE, names
from .reading import Reader

ALL, LETTER, SIZE, DIRECTION = 0xFFFF_FFFF, 0xFF00, 0x3FFF_0000, 0xC000_0000
_TYPES = {code: f"'{chr(code)}' ({code:#x})" for code in range(0x21, 0x7F)} | {KVMIO: "0xae (KVM; Nitro Enclaves)"}
_SHOWN = [
    "TIOCGWINSZ",
    "TIOCSWINSZ",
    "FIONREAD",
    "TIOCGPTN",
    "TIOCSIG",
    "KVM_GET_API_VERSION",
    "KVM_RUN",
    "KVM_GET_REGS",
    "KVM_SET_CPUID2",
    "KVM_GET_CPUID2",
]

CALL = r"\bioctl\(\s*-?\d+(?:<[^()]{0,300}>)?\s*,\s*"
"""What stands before the request in a line of strace, also of ``strace -yy``."""

IOC = Layout(
    name="ioctl request",
    anchor="ioc",
    width=32,
    fields=(
        Field("NR", 0, "which of the driver's requests", width=8, show="x", linux=("_IOC_NRSHIFT",)),
        Field("TYPE", 8, "whose request it is: the driver's letter", width=8, values=_TYPES, show="x", linux=("_IOC_TYPESHIFT",)),
        Field("SIZE", 16, "bytes of the type that the number was made with; an array may follow", width=14, linux=("_IOC_SIZESHIFT",)),
        Field(
            "DIR", 30, "whose data the structure holds, seen from the program", width=2, linux=("_IOC_DIRSHIFT",),
            values={NONE: "none", WRITE: "write: the kernel reads it", READ: "read: the kernel fills it", BOTH: "read and write"},
        ),
    ),
    sources=(
        Source("Linux", "include/uapi/asm-generic/ioctl.h", "6.1.187"),
        Source("Linux", "Documentation/driver-api/ioctl.rst, Command number definitions"),
        *SOURCES,
    ),
    clauses=(
        tuple(Case(ALL, number, f"{name}: ") for number, name in names().items()),
        (
            Case(0xFFE0, KVMIO << 8 | 0x20, "request {NR} of type 0xae, which has Nitro Enclaves from 0x20 to 0x3f and KVM elsewhere"),
            Case(LETTER, KVMIO << 8, "request {NR} of type 0xae (KVM)"),
            otherwise("request {NR} of type {TYPE}"),
        ),
        (
            Case(DIRECTION | SIZE | LETTER, TTY << 8, ". The number has neither direction nor size, as with most terminal requests"),
            *(Case(ALL, r.number, ", made by _IO: the argument is a number, or there is none") for r in KVM if not r.number >> 16),
            Case(DIRECTION | SIZE, 0, ", without direction and size: made by _IO, or an old plain number. It does not say what the argument is"),
            Case(DIRECTION, NONE, ", with a size of {SIZE} and no direction: none of the macros makes that"),
            Case(DIRECTION, WRITE << 30, ", made by _IOW: as it says, the kernel reads {SIZE} bytes from us"),
            Case(DIRECTION, READ << 30, ", made by _IOR: as it says, the kernel fills {SIZE} bytes for us"),
            otherwise(", made by _IOWR: as it says, the kernel reads {SIZE} bytes and fills them"),
        ),
        (
            Case(ALL, BY_NAME["TIOCSIG"].number, ". But the kernel takes the argument for a signal's number."),
            *(Case(ALL, number, ". These are a header, and the array that it counts follows.") for number in WITH_ARRAY),
            Case(ALL, 0x400454CA, ". But if it is TUNSETIFF, the kernel reads and fills a struct ifreq of 40 bytes."),
            Case(ALL, 0x40049409, ". But if it is FICLONE, the argument is a number, a file's descriptor."),
            otherwise("."),
        ),
    ),
    readers=(
        Reader(rf"{CALL}0x(?:ffffffff)?([0-9a-f]{{1,8}})\b", 16, "a line of strace -X raw: ioctl(3, 0x5413, …)"),
        Reader(rf"{CALL}_IOC\(", 0, "strace has no name for this request, and writes _IOC(direction, type, number, size) for the number"),
        Reader(rf"{CALL}[A-Z_]", 0, "strace has put the request's name for its number; strace -X raw shows the number"),
        Reader(r"\bioctlcmd=", 0, "SELinux logs the low 16 bits of a request, type and number: the direction and the size are not in the line"),
        Reader(r"\bsyscall=16 .{1,90}?\ba1=(?:ffffffff)?([0-9a-f]{1,8})\b", 16, "a1= of auditd, where syscall=16 is ioctl (hex)"),
        Reader(r"\bsyscall=\d", 0, "in this line a1= is another system call's: ioctl is syscall=16"),
        Reader(r"\ba1=(?:ffffffff)?([0-9a-f]{1,8})\b", 16, "a1= of auditd (hex), if the call is an ioctl"),
        Reader(r"\b(?:cmd|request)\s*[=:]\s*0x([0-9a-f]{1,8})\b", 16, "cmd=0x5413"),
        Reader(r"\b(?:cmd|request)\s*[=:]\s*([0-9]{1,10})\b", 10, "a decimal number behind cmd= or request="),
        Reader(r"\b(?:cmd|request)\s*[=:]\s*([0-9a-f]{1,8})\b", 16, "hex digits behind cmd= or request="),
        Reader(r"^\s*0xffffffff([0-9a-f]{8})\s*$", 16, "a request whose sign was extended to 64 bits"),
        Reader(r"^\s*-\d+\s*$", 0, "a request that was taken for a signed number: add 4294967296 to it (2 to the 32nd)"),
    ),
    examples=tuple((name, BY_NAME[name].number) for name in _SHOWN),
    note=(
        "The sentence is what the number says. Nothing holds a driver to it: old requests of terminals, sockets and disks have "
        "plain numbers, and where an array follows a structure, the size is that of the structure alone."
    ),
)  # fmt: skip
