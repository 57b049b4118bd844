"""Signals by number, and the 64-bit masks of ``/proc/PID/status``: bit n - 1 stands for signal n."""

from __future__ import annotations

from .core import Field, Layout, Source
from .reading import Reader

# x86-64 Linux: name, what the default action is, what it is for. signal(7); alpha, mips, parisc and sparc number some otherwise.
_STANDARD = (
    ("SIGHUP", "terminate", "the terminal is gone, or its controlling process ended"),
    ("SIGINT", "terminate", "interrupt from the keyboard, ^C"),
    ("SIGQUIT", "core", "quit from the keyboard, ^\\"),
    ("SIGILL", "core", "illegal instruction"),
    ("SIGTRAP", "core", "breakpoint or trace trap"),
    ("SIGABRT", "core", "abort(3)"),
    ("SIGBUS", "core", "bad memory access, such as past the end of a mapped file"),
    ("SIGFPE", "core", "arithmetic error, such as an integer division by zero"),
    ("SIGKILL", "terminate", "kill; cannot be caught, blocked or ignored"),
    ("SIGUSR1", "terminate", "free for the program"),
    ("SIGSEGV", "core", "invalid memory access"),
    ("SIGUSR2", "terminate", "free for the program"),
    ("SIGPIPE", "terminate", "write to a pipe that nobody reads"),
    ("SIGALRM", "terminate", "timer of alarm(2)"),
    ("SIGTERM", "terminate", "request to end; what kill(1) sends by default"),
    ("SIGSTKFLT", "terminate", "unused by Linux itself"),
    ("SIGCHLD", "ignore", "a child ended, stopped or continued"),
    ("SIGCONT", "continue", "continue if stopped, whatever the disposition"),
    ("SIGSTOP", "stop", "stop; cannot be caught, blocked or ignored"),
    ("SIGTSTP", "stop", "stop from the keyboard, ^Z"),
    ("SIGTTIN", "stop", "a background process reads its terminal"),
    ("SIGTTOU", "stop", "a background process writes to its terminal"),
    ("SIGURG", "ignore", "urgent data on a socket"),
    ("SIGXCPU", "core", "CPU time limit exceeded"),
    ("SIGXFSZ", "core", "file size limit exceeded"),
    ("SIGVTALRM", "terminate", "virtual timer"),
    ("SIGPROF", "terminate", "profiling timer"),
    ("SIGWINCH", "ignore", "the terminal's window changed its size"),
    ("SIGIO", "terminate", "input or output is possible; also called SIGPOLL"),
    ("SIGPWR", "terminate", "power failure"),
    ("SIGSYS", "core", "bad system call, such as one that seccomp refuses"),
)  # fmt: skip


def _real_time(number: int) -> str:
    """The name bash and glibc give: the nearer of SIGRTMIN (34 for a program) and SIGRTMAX (64)."""
    up, down = number - 34, 64 - number
    if up < 0:
        return f"SIG{number}"
    base, offset = ("SIGRTMIN", f"+{up}") if up < 16 else ("SIGRTMAX", f"-{down}")
    return base if offset in ("+0", "-0") else base + offset


NAMES: dict[int, str] = {n: name for n, (name, _, _) in enumerate(_STANDARD, 1)} | {n: _real_time(n) for n in range(32, 65)}
"""Every signal number, 1 to 64, and its name; 32 and 33 are glibc's own and nameless."""
NUMBERS: dict[str, int] = {name: number for number, name in NAMES.items()}
DEFAULT_ACTION: dict[int, str] = dict.fromkeys(NAMES, "terminate") | {n: action for n, (_, action, _) in enumerate(_STANDARD, 1)}
"""What happens where nobody chose otherwise: terminate, core (terminate with a core dump), ignore, stop, continue."""


def _title(number: int) -> str:
    if number <= len(_STANDARD):
        _, action, purpose = _STANDARD[number - 1]
        return f"{purpose}; default action: {action}"
    if number in (32, 33):
        use = "thread cancellation" if number == 32 else "setuid in all threads"
        return f"real-time signal that glibc keeps for itself ({use})"
    return "real-time signal, free for the program; default action: terminate"


_MASK = "[0-9a-f]{16} +"  # a column of ps s

SIGMASK = Layout(
    name="signal mask",
    anchor="sigmask",
    width=64,
    fields=tuple(
        Field(name, number - 1, f"{number}: {_title(number)}", linux=(name,) if number <= len(_STANDARD) else ())
        for number, name in NAMES.items()
    ),
    sources=(
        Source("Linux man-pages", "signal(7), Standard signals; Real-time signals", "6.03"),
        Source("Linux man-pages", "proc(5), /proc/pid/status: SigPnd, ShdPnd, SigBlk, SigIgn, SigCgt", "6.03"),
        Source("Linux", "arch/x86/include/uapi/asm/signal.h; fs/proc/array.c, render_sigset_t", "6.1"),
    ),
    readers=(
        Reader(r"SigBlk:\s*([0-9a-f]{16})\b", 16, "SigBlk of /proc/PID/status, blocked (hex without 0x)"),
        Reader(r"SigIgn:\s*([0-9a-f]{16})\b", 16, "SigIgn of /proc/PID/status, ignored"),
        Reader(r"SigCgt:\s*([0-9a-f]{16})\b", 16, "SigCgt of /proc/PID/status, caught"),
        Reader(r"ShdPnd:\s*([0-9a-f]{16})\b", 16, "ShdPnd of /proc/PID/status, pending for the process"),
        Reader(r"SigPnd:\s*([0-9a-f]{16})\b", 16, "SigPnd of /proc/PID/status, pending for the thread"),
        *(
            Reader(rf"^\s*\d+ +\d+ +{skipped}([0-9a-f]{{16}})\b", 16, f"what ps s shows as {column}")
            for column, skipped in (("BLOCKED", _MASK), ("IGNORED", _MASK * 2), ("CAUGHT", _MASK * 3), ("PENDING", ""))
        ),
        Reader(r"^\s*([0-9a-f]{16})\s*$", 16, "sixteen hex digits, as ps prints a mask"),
        Reader(r"SigQ:", 0, "SigQ counts queued signals and their limit; it is no mask"),
    ),
    examples=(
        ("SigIgn of a Python program", 1 << 12 | 1 << 24),
        ("SigIgn of a script's background job", 1 << 1 | 1 << 2),
        ("SIGTERM pending", 1 << 14),
        ("SigIgn of a kernel thread", (1 << 64) - 1),
    ),
    note=(
        "Numbers are those of x86-64 and most others; alpha, mips, parisc and sparc differ. SIGKILL and SIGSTOP are never blocked, "
        "ignored or caught by a program; a kernel thread shows every signal as ignored."
    ),
)  # fmt: skip
