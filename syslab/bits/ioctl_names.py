"""Requests by name: every terminal request of the asm-generic headers, and those of KVM that this book calls.

Names, numbers and what is passed as the third argument. The numbers are x86-64's. Some architectures, such as
PowerPC, number the terminal requests in their own way.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import given
from .core import Source

NONE, WRITE, READ, BOTH = range(4)
"""The directions, seen from the program: WRITE is data for the kernel, READ is data from it."""
MACROS = ("_IO", "_IOW", "_IOR", "_IOWR")
KVMIO, TTY = 0xAE, ord("T")
SOURCES = (
    Source("Linux", "include/uapi/asm-generic/ioctls.h", "6.1.187"),
    Source("Linux", "include/uapi/linux/kvm.h", "6.1.187"),
    Source("Linux man-pages", "ioctl_tty(2)", "6.03"),
)


def ioc(direction: int, kind: int, nr: int, size: int = 0) -> int:
    """The macro ``_IOC``: a request's number from its parts. ValueError for a part that does not fit."""
    for name, value, bits in (("direction", direction, 2), ("type", kind, 8), ("nr", nr, 8), ("size", size, 14)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"the {name} of a request is an int, not {type(value).__name__} {value!r:.60}")
        if not 0 <= value < 1 << bits:
            raise ValueError(f"the {name} of a request has {bits} bits; {value} does not fit")
    return direction << 30 | size << 16 | kind << 8 | nr


@dataclass(frozen=True)
class Request:
    """``argument`` is what is really passed, "" where no manual page says; ``purpose`` in a few words.

    ``plain``: the header has the number as it is, not built by a macro. ``group`` is ``terminal`` or ``KVM``.
    """

    name: str
    number: int
    group: str
    argument: str
    purpose: str
    plain: bool = False

    @property
    def built(self) -> str:
        """How the header writes the number: ``_IOW(0xae, 0x90, 8 bytes)``, or ``0x5413``."""
        if self.plain:
            return f"{self.number:#x}, as it is"
        kind, size = self.number >> 8 & 0xFF, self.number >> 16 & 0x3FFF
        letter = f"'{chr(kind)}'" if chr(kind).isalpha() and kind < 0x80 else f"{kind:#x}"
        of = f", {size} bytes" if size else ""
        return f"{MACROS[self.number >> 30]}({letter}, {self.number & 0xFF:#04x}{of})"


# number's low byte, name, argument by ioctl_tty(2) (">" the kernel reads it, "<" it fills it), purpose
_OLD = """
01|TCGETS|< struct termios|get the terminal's settings
02|TCSETS|> struct termios|set them, now
03|TCSETSW|> struct termios|set them, once the output is out
04|TCSETSF|> struct termios|the same, and throw waiting input away
05|TCGETA|< struct termio|get the settings, in an older structure
06|TCSETA|> struct termio|set them, in the older structure
07|TCSETAW|> struct termio|the same, once the output is out
08|TCSETAF|> struct termio|the same, and throw waiting input away
09|TCSBRK|an int|send a break; or wait for the output
0a|TCXONC|an int|stop or restart output or input
0b|TCFLSH|an int|throw away what waits
0c|TIOCEXCL|nothing|refuse further opens
0d|TIOCNXCL|nothing|allow them again
0e|TIOCSCTTY|an int|become the session's controlling terminal
0f|TIOCGPGRP|< pid_t|the foreground process group
10|TIOCSPGRP|> pid_t|set it
11|TIOCOUTQ|< int|bytes that wait to go out
12|TIOCSTI|> char|put a byte into the input
13|TIOCGWINSZ|< struct winsize|get the window's size
14|TIOCSWINSZ|> struct winsize|set the window's size
15|TIOCMGET|< int|modem lines
16|TIOCMBIS|> int|set some modem lines
17|TIOCMBIC|> int|clear some
18|TIOCMSET|> int|set all
19|TIOCGSOFTCAR|< int|whether the carrier is ignored
1a|TIOCSSOFTCAR|> int|ignore it or not
1b|FIONREAD|< int|bytes that can be read; also on pipes, sockets and files
1b|TIOCINQ|< int|another name of FIONREAD
1c|TIOCLINUX||selection and other matters of the Linux console, ioctl_console(2)
1d|TIOCCONS|nothing|redirect the console's output
1e|TIOCGSERIAL||get a serial line's settings
1f|TIOCSSERIAL||set them
20|TIOCPKT|> int|packet mode of a pseudoterminal
21|FIONBIO||non-blocking reads and writes
22|TIOCNOTTY|nothing|give up the controlling terminal
23|TIOCSETD|> int|set the line discipline
24|TIOCGETD|< int|get it
25|TCSBRKP|an int|send a break of this length
27|TIOCSBRK|nothing|begin a break
28|TIOCCBRK|nothing|end it
29|TIOCGSID|< pid_t|the terminal's session
2e|TIOCGRS485||RS-485 settings
2f|TIOCSRS485||set them
32|TCGETX||System V settings
33|TCSETX||set them
34|TCSETXF||set them, throw waiting input away
35|TCSETXW||set them, once the output is out
37|TIOCVHANGUP||hang up
50|FIONCLEX||keep the descriptor open across exec
51|FIOCLEX||close it at exec
52|FIOASYNC||signal-driven input and output
53|TIOCSERCONFIG||serial line: configure by itself
54|TIOCSERGWILD||serial line
55|TIOCSERSWILD||serial line
56|TIOCGLCKTRMIOS|< struct termios|which settings are locked
57|TIOCSLCKTRMIOS|> struct termios|lock some
58|TIOCSERGSTRUCT||serial line, for debugging
59|TIOCSERGETLSR|< int|whether the output is out
5a|TIOCSERGETMULTI||serial line: several ports
5b|TIOCSERSETMULTI||set them
5c|TIOCMIWAIT|an int|wait for a change of modem lines
5d|TIOCGICOUNT|< struct serial_icounter_struct|how often they changed
60|FIOQSIZE||the size of a file or directory
"""
# direction, nr, size, name, argument, purpose
_NEW = (
    (READ, 0x2A, 44, "TCGETS2", "< struct termios2", "settings with any speed"),
    (WRITE, 0x2B, 44, "TCSETS2", "> struct termios2", "set them, now"),
    (WRITE, 0x2C, 44, "TCSETSW2", "> struct termios2", "set them, once the output is out"),
    (WRITE, 0x2D, 44, "TCSETSF2", "> struct termios2", "the same, and throw waiting input away"),
    (READ, 0x30, 4, "TIOCGPTN", "< unsigned int", "the number of a pseudoterminal"),
    (WRITE, 0x31, 4, "TIOCSPTLCK", "> int", "lock or unlock it"),
    (READ, 0x32, 4, "TIOCGDEV", "", "the device behind /dev/console"),
    (WRITE, 0x36, 4, "TIOCSIG", "an int, though the number says a pointer to one", "signal to the other side of a pseudoterminal"),
    (READ, 0x38, 4, "TIOCGPKT", "< int", "whether packet mode is on"),
    (READ, 0x39, 4, "TIOCGPTLCK", "< int", "whether it is locked"),
    (READ, 0x40, 4, "TIOCGEXCL", "< int", "whether opens are refused"),
    (NONE, 0x41, 0, "TIOCGPTPEER", "an int", "open the other side of a pseudoterminal"),
    (READ, 0x42, 40, "TIOCGISO7816", "", "smart-card settings"),
    (BOTH, 0x43, 40, "TIOCSISO7816", "", "set them"),
)
# KVM: direction, nr, size, name without KVM_, purpose
_KVM = (
    (NONE, 0x00, 0, "GET_API_VERSION", "the version of the interface"),
    (NONE, 0x01, 0, "CREATE_VM", "make a machine; returns its file descriptor"),
    (NONE, 0x03, 0, "CHECK_EXTENSION", "whether KVM has a feature"),
    (NONE, 0x04, 0, "GET_VCPU_MMAP_SIZE", "bytes shared with a vCPU"),
    (BOTH, 0x05, 8, "GET_SUPPORTED_CPUID", "what CPUID may say"),
    (BOTH, 0x09, 8, "GET_EMULATED_CPUID", "features that KVM emulates"),
    (NONE, 0x41, 0, "CREATE_VCPU", "make a CPU; returns its file descriptor"),
    (WRITE, 0x46, 32, "SET_USER_MEMORY_REGION", "give the guest memory"),
    (NONE, 0x47, 0, "SET_TSS_ADDR", "three pages for KVM's own use"),
    (NONE, 0x60, 0, "CREATE_IRQCHIP", "interrupt controllers in the kernel"),
    (WRITE, 0x61, 8, "IRQ_LINE", "raise or lower an interrupt line"),
    (NONE, 0x80, 0, "RUN", "run the guest until it needs us"),
    (READ, 0x81, 144, "GET_REGS", "general registers"),
    (WRITE, 0x82, 144, "SET_REGS", "set them"),
    (READ, 0x83, 312, "GET_SREGS", "segments and control registers"),
    (WRITE, 0x84, 312, "SET_SREGS", "set them"),
    (WRITE, 0x86, 4, "INTERRUPT", "inject an interrupt"),
    (BOTH, 0x88, 8, "GET_MSRS", "model-specific registers"),
    (WRITE, 0x89, 8, "SET_MSRS", "set them"),
    (WRITE, 0x8B, 4, "SET_SIGNAL_MASK", "the signals blocked while the guest runs"),
    (WRITE, 0x90, 8, "SET_CPUID2", "what CPUID says to the guest"),
    (BOTH, 0x91, 8, "GET_CPUID2", "read it back"),
    (READ, 0x98, 4, "GET_MP_STATE", "running, halted, or waiting for a SIPI"),
    (WRITE, 0x99, 4, "SET_MP_STATE", "set it"),
    (NONE, 0x9A, 0, "NMI", "send an NMI"),
    (WRITE, 0x9B, 72, "SET_GUEST_DEBUG", "single steps and breakpoints"),
    (READ, 0x9F, 64, "GET_VCPU_EVENTS", "pending exceptions and interrupts"),
    (WRITE, 0xA0, 64, "SET_VCPU_EVENTS", "set them"),
    (WRITE, 0xA3, 104, "ENABLE_CAP", "switch a feature on"),
    (NONE, 0xCE, 0, "GET_STATS_FD", "a file with KVM's counters"),
)
# struct kvm_cpuid2, kvm_msrs and kvm_signal_mask end with an array that has no size of its own, so that the size in the number is the header's
_ARRAYS = ("GET_SUPPORTED_CPUID", "GET_EMULATED_CPUID", "GET_MSRS", "SET_MSRS", "SET_SIGNAL_MASK", "SET_CPUID2", "GET_CPUID2")
_SIGNS = {"<": "fills a ", ">": "reads a "}


def _argument(text: str) -> str:
    sign, _, kind = text.partition(" ")
    if sign not in _SIGNS:
        return text
    return f"the kernel {_SIGNS[sign]}{kind}".replace(" a int", " an int").replace(" a unsigned", " an unsigned")


def _kvm_argument(direction: int, size: int, name: str) -> str:
    more = {NONE: "an int, or nothing", WRITE: "the kernel reads", READ: "the kernel fills", BOTH: "the kernel reads and fills"}
    return more[direction] + (f" {size} bytes" if direction else "") + (" and the array after them" if name in _ARRAYS else "")


def _terminal() -> tuple[Request, ...]:
    rows = []
    for line in _OLD.strip().splitlines():
        low, name, argument, purpose = line.split("|")
        rows.append(Request(name, TTY << 8 | int(low, 16), "terminal", _argument(argument), purpose, plain=True))
    for direction, nr, size, name, argument, purpose in _NEW:
        rows.append(Request(name, ioc(direction, TTY, nr, size), "terminal", _argument(argument), purpose))
    return tuple(sorted(rows, key=lambda row: row.number & 0xFF))


TERMINAL = _terminal()
"""By their low byte."""
KVM = tuple(
    Request(f"KVM_{name}", ioc(direction, KVMIO, nr, size), "KVM", _kvm_argument(direction, size, name), purpose)
    for direction, nr, size, name, purpose in _KVM
)
REQUESTS = (*KVM, *TERMINAL)
WITH_ARRAY = tuple(request.number for request in KVM if request.name.removeprefix("KVM_") in _ARRAYS)
"""Requests whose size is that of a header alone."""
ALSO_CALLED = {"TIOCINQ": "FIONREAD"}
"""Second names of a number; :func:`name_of` gives the first."""
BY_NAME = {request.name: request for request in REQUESTS}


def names() -> dict[int, str]:
    """The name of each known number."""
    return {request.number: request.name for request in REQUESTS if request.name not in ALSO_CALLED}


def name_of(number: int) -> str:
    """``TIOCGWINSZ`` for 0x5413; "" for a number that is not in the tables."""
    return names().get(given.number(number, "a request", 0, 0xFFFFFFFF), "")
