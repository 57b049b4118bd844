"""The status word of wait(2), and the number a shell makes of it for ``$?``."""

from __future__ import annotations

from .core import Case, Field, Layout, Source, otherwise
from .reading import Reader
from .signal_mask import DEFAULT_ACTION, NAMES

TERMSIG, CORE, BYTE, EVENT = 0x7F, 0x80, 0xFF00, 0xFF0000
STOPPED, CONTINUED, WORD = 0x7F, 0xFFFF, 0xFFFFFFFF
SYSCALL_STOP = 0x80 | 5  # SIGTRAP with bit 7, for tracers that asked for PTRACE_O_TRACESYSGOOD
EVENTS = {
    1: "fork", 2: "vfork", 3: "clone", 4: "exec", 5: "end of vfork", 6: "exit", 7: "seccomp", 128: "stop",
}  # fmt: skip


NEGATIVE = Reader(r"^\s*-\d+\s*$", 0, "a negative number is Python's returncode: -15 means ended by signal 15")
_EXIT = r"\b(?:exited with (?:code|status) |exit(?:ed)?[ _]?(?:code|status)[\s:=(\"]{1,9}|exit |Exited \()"
"""What a shell's number stands behind."""


def _called(number: int) -> str:
    return f"{NAMES[number]} ({number})" if number not in (32, 33) else f"signal {number}, which glibc keeps for itself"


def _bits(mask: int) -> tuple[int, ...]:
    return tuple(1 << n for n in range(32) if mask & 1 << n)


WAIT = Layout(
    name="wait status",
    anchor="wait",
    width=32,
    fields=(
        Field("TERMSIG", 0, "0: exited; 0x7f: stopped or continued; else the signal that ended it", width=7,
              values={n: _called(n) for n in NAMES}, linux=("WTERMSIG",)),
        Field("CORE", 7, "1: it dumped core, or handed the core to a collector", linux=("WCOREDUMP",)),
        Field("STATUS", 8, "the exit code (what exit(3) was given, modulo 256); or the signal that stopped it", width=8,
              linux=("WEXITSTATUS", "WSTOPSIG")),
        Field("EVENT", 16, "why a traced process stopped; 0 without ptrace(2)", width=8, values=EVENTS,
              linux=("PTRACE_EVENT_*",)),
    ),
    sources=(
        Source("Linux man-pages", "wait(2), RETURN VALUE and the W macros", "6.03"),
        Source("Linux man-pages", "ptrace(2), PTRACE_O_TRACESYSGOOD and the PTRACE_EVENT stops", "6.03"),
        Source("glibc", "bits/waitstatus.h", "2.36"),
        Source("Linux", "kernel/exit.c, do_exit, do_group_exit; kernel/signal.c, get_signal", "6.1"),
    ),
    clauses=(
        (
            Case(WORD, CONTINUED, "Continued by SIGCONT"),
            *(Case(0xFFFF, n << 8 | STOPPED, f"Stopped by {_called(n)}") for n in NAMES),
            Case(0xFFFF, SYSCALL_STOP << 8 | STOPPED, "Stopped at a system call, for a tracer"),
            Case(0xFF, STOPPED, "Stopped by {STATUS}, which is no signal"),
            Case(0xFF, TERMSIG | CORE, "No state that wait(2) reports"),
            Case(TERMSIG, 0, "Exited with code {STATUS}"),
            otherwise("Ended by {TERMSIG}"),
        ),
        (
            Case(TERMSIG, TERMSIG, ""),
            Case(TERMSIG | CORE, CORE, ", yet with the core flag"),
            Case(TERMSIG, 0, ""),
            Case(CORE, CORE, ", core dumped"),
            otherwise(", no core"),
        ),
        (Case(0xFF, STOPPED, ""), Case(WORD, CONTINUED, ""),
         *(Case(bit, bit, ", with event bits that only a stop has") for bit in _bits(EVENT))),
        (*(Case(EVENT | 0xFF, n << 16 | STOPPED, ", at the tracer's event {EVENT}") for n in EVENTS),),
        (Case(TERMSIG, 0, ""), Case(TERMSIG, TERMSIG, ""),
         *(Case(bit, bit, ", with an exit code ({STATUS}) that only an exit has") for bit in _bits(BYTE))),
        (otherwise("."),),
    ),
    impossible=(
        Case(0xFF, CORE, "CORE without a signal: only a signal dumps core."),
        Case(0xFFFF, STOPPED, "Stopped by signal 0: there is no such signal."),
        # a low byte of 0xff belongs to 0xffff alone: cases split by the first bit of the second byte that is 0
        *(
            Case(0xFF | (bit << 1) - 0x100, 0xFF | bit - 0x100, "0x7f with the core flag: neither stopped nor continued (0xffff).")
            for bit in _bits(BYTE)
        ),
        *(Case(TERMSIG, n, f"Signal {n}: the highest is 64.") for n in range(65, TERMSIG)),
    ),
    readers=(
        Reader(r"\bAttempted to kill init! exitcode=0x([0-9a-f]{8})\b", 16, "exitcode= of a kernel panic, the status of init"),
        Reader(
            r"\bexit(?:ed)?(?: with)?[ _]?(?:code|status)", 0,
            "an exit code or exit status is one byte of this word, and of a shell it is another number (shell-status)",
        ),
        Reader(r"^\s*\(\s*\d+\s*,\s*(\d+)\s*\)\s*$", 10, "the pair that Python's os.waitpid returns, (pid, status)"),
        Reader(r"^\s*\d+ \(.*\) [A-Za-z](?: -?\d+){48} (\d+)\s*$", 10, "a line of /proc/PID/stat (its field 52, exit_code)"),
        Reader(r"\bw?status(?:\s*[=:])?\s*0x0{0,2}([0-9a-f]{1,6})\b", 16, "status=0x…"),
        Reader(r"si_status=", 0, "si_status is the exit code or the signal alone (si_code says which), not the status word"),
        Reader(
            r"code=(?:exited|killed|dumped)", 0,
            "systemd's status= is the exit code (code=exited) or the signal (killed, dumped), not the status word",
        ),
        NEGATIVE,
    ),
    examples=(
        ("exit 3", 0x300), ("SIGTERM", 0xF), ("SIGSEGV, core", 0x8B), ("^Z", 0x147F), ("continued", CONTINUED),
        ("exit 143", 0x8F00),
    ),
    note="The $? of a shell is not this word: 128 + n there, and its 128 is no core flag. See the layout shell-status.",
)  # fmt: skip


def _shell(number: int) -> str:
    """What ``$?`` = 128 + ``number`` can mean."""
    total, action = 128 + number, DEFAULT_ACTION[number]
    if action in ("ignore", "continue"):
        return f"128 + {number}: the program itself returned {total}; {_called(number)} ends no process."
    verb = "stopped" if action == "stop" else "ended"
    return f"128 + {number}: {verb} by {_called(number)}, or the program itself returned {total}."


SHELL_STATUS = Layout(
    name="shell's $?",
    anchor="shell-status",
    width=8,
    fields=(
        Field("N", 0, "with PLUS128: the signal, if it was one; else the exit code itself", width=7),
        Field("PLUS128", 7, "the shell added 128 because a signal ended or stopped the command; or the code is 128 or more"),
    ),
    sources=(
        Source("GNU Bash manual", "Exit Status", "5.2"),
        Source("POSIX.1-2017", "Shell Command Language, Exit Status for Commands: greater than 128 after a signal"),
    ),
    clauses=(
        (
            Case(0xFF, 0, "0: success."),
            Case(0xFF, 126, "126: the shell found the command and could not execute it, or the program itself returned 126."),
            Case(0xFF, 127, "127: the shell did not find the command, or the program itself returned 127."),
            *(Case(0xFF, 128 + n, _shell(n)) for n in NAMES),
            Case(0xFF, 128, "128: the program itself returned 128; there is no signal 0."),
            Case(0x80, 0x80, "128 + {N}: the program itself returned it; there is no signal {N}."),
            otherwise("{N}: the program itself returned {N}."),
        ),
    ),
    readers=(
        Reader(r"\bexitcode=0x", 0, "the exitcode= of a kernel panic is the status word of wait(2), whose low byte is a signal (wait)"),
        Reader(r"code=(?:killed|dumped)", 0, "systemd knows that it was a signal: its status= is the signal, nothing added"),
        Reader(
            r"code=exited, status=(?:2[0-3][0-9]|24[0-5])/[A-Z]", 0,
            "200 to 245 with a name are systemd's own: it could not prepare or execute the program, which never ran "
            "(systemd.exec(5), Process Exit Codes), unless the program itself returned that number",
        ),
        Reader(r"code=exited, status=(\d+)\b", 10, "systemd's code=exited, status=143 (systemd knows that it was an exit)"),
        NEGATIVE,
        Reader(
            rf"{_EXIT}-[0-9]{{1,2}}\b|\bdied with <Signals\.", 0,
            "this is no shell's number: of Python's subprocess, -11 and SIGSEGV: 11 both mean ended by signal 11",
        ),
        Reader(
            rf"{_EXIT}(?:-[0-9]{{3}}|0x[0-9a-f]{{3}})", 0,
            "this number has more than the eight bits of a shell's $?, as those of Windows have: 0xC0000005 is an access violation",
        ),
        Reader(r"\$\?\s*=+\s*(\d+)\b", 10, "$?=143"),
        Reader(rf"{_EXIT}0x([0-9a-f]{{1,2}})\b", 16, "an exit status in hex"),
        Reader(rf"{_EXIT}(\d+)\b", 10, "exit code 137, exit status 143, Exited (137)"),
        Reader(r"\bexit code: Error executing in Docker Container: (\d+)\b", 10, "kubectl's exit code: … 137"),
        Reader(r"\bg?make(?:\[\d+\])?: .{1,500}\] Error (\d+)\b", 10, "make's Error 143"),
    ),
    examples=(("success", 0), ("not found", 127), ("^C", 130), ("SIGKILL", 137), ("SIGTERM", 143), ("^Z", 148), ("255", 255)),
    note=(
        "One byte for two questions: 143 after SIGTERM and 143 after exit 143 look alike; the word of wait(2) tells them apart. "
        "This is bash's and dash's way; ksh93 adds 256."
    ),
)  # fmt: skip
