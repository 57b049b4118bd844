"""Tables of the chapter on a first virtual machine, and its shelf of small guests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syslab.evidence import Evidence
from syslab.show.table import Column, Link, Table

from .ask import Call, Ran, Round
from .guest import ENTRY, PROGRAMS

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable

MODE_NAMES = {"real": "real mode, 16 bit", "long": "long mode, 64 bit"}
_BITS = {"real": 16, "long": 64}
SHELF = "guest"

CALLED_ON = {
    "KVM_GET_API_VERSION": ("/dev/kvm", "is this the API that we know?"),
    "KVM_CREATE_VM": ("/dev/kvm", "an empty machine"),
    "KVM_SET_TSS_ADDR": ("the VM", "three pages for KVM's own use: older Intel CPUs need them for real mode"),
    "KVM_SET_USER_MEMORY_REGION": ("the VM", "64 kByte of ours are the guest's memory, from address 0"),
    "KVM_GET_VCPU_MMAP_SIZE": ("/dev/kvm", "how much we share with a vCPU"),
    "KVM_CREATE_VCPU": ("the VM", "a CPU; its file is mapped, and so we see why it stops"),
    "KVM_GET_SREGS": ("the vCPU", "segments and control registers, as after reset"),
    "KVM_SET_SREGS": ("the vCPU", "the mode"),
    "KVM_SET_REGS": ("the vCPU", "where it begins"),
    "KVM_SET_SIGNAL_MASK": ("the vCPU", "let one signal in: our alarm clock"),
    "KVM_RUN": ("the vCPU", "go"),
}
"""ioctl -> the file it is called on, and what for."""


def ioctls(answers: Sequence[Evidence[list[Call]]], mode: str = "real") -> Table:
    """Every ioctl in order: on which file, what for, and what came back."""

    def rows(answer: Evidence[list[Call]]) -> list[Call]:
        return [row for row in answer.data if row["mode"] == mode]

    return Table(
        answers,
        [Column("It returns", lambda row: row["result"]), Column("The guest left with", lambda row: row["left"])],
        rows,
        "The ioctls",
        keys=[
            Column("Called on", lambda row: CALLED_ON[row["ioctl"]][0]),
            Column("ioctl", lambda row: row["ioctl"]),
            Column("For", lambda row: CALLED_ON[row["ioctl"]][1]),
        ],
        fold=True,
        telling=(
            "KVM_CREATE_VM",
            "KVM_SET_USER_MEMORY_REGION",
            "KVM_CREATE_VCPU",
            "KVM_SET_SREGS",
            "KVM_SET_REGS",
            "KVM_SET_SIGNAL_MASK",
            "KVM_RUN",
        ),
    )


def instructions(code: bytes, mode: str) -> list[tuple[int, str, str]]:
    """Address, bytes and mnemonic of each instruction, as a CPU in ``mode`` reads them. Needs capstone."""
    import capstone

    bits = {16: capstone.CS_MODE_16, 64: capstone.CS_MODE_64}[_BITS[mode]]
    found = capstone.Cs(capstone.CS_ARCH_X86, bits).disasm(code, ENTRY)
    return [(one.address, one.bytes.hex(" "), f"{one.mnemonic} {one.op_str}".strip()) for one in found]


def _came_of(row: Ran, place: bool) -> str:
    """``KVM_EXIT_HLT, at RIP 0x1007 with RSP 0x1000``."""
    where = f", at RIP {row['rip']:#x} with RSP {row['rsp']:#x}" if place and row["rip"] is not None else ""
    return "; ".join(row["exits"]) + where


def programs(answers: Sequence[Evidence[list[Ran]]], *names: str, place: bool = False) -> Table:
    """What became of the programs of these names, or of all, in every mode. ``place``: and where each was; else with its bytes."""

    def rows(answer: Evidence[list[Ran]]) -> list[Ran]:
        return [row for row in answer.data if row["program"] in (names or PROGRAMS)]

    keys: list[Column[Ran]] = [
        Column("Program", lambda row: Link(PROGRAMS[row["program"]].title, f"#{SHELF}={row['program']}.{row['mode']}")),
        Column("Mode", lambda row: row["mode"]),
    ]
    if not place:
        keys.append(Column("Bytes", lambda row: row["code"]))
    caption = "The guest " + " and ".join(f"\u201c{name}\u201d" for name in names) if names else "All guests"
    return Table(answers, [Column("It left with", lambda row: _came_of(row, place))], rows, caption, keys=keys, fold=True)


COSTS = {
    "loop": "4 instructions in the guest that never leave it",
    "cpuid": "4 instructions, one of them CPUID: KVM answers it in the kernel",
    "ioctl": "OUT, and KVM_RUN again at once: the exit reaches us",
    "run": "OUT, and the library's bounded run()",
}


def microseconds(nanoseconds: int) -> str:
    """Two digits, in µs."""
    return f"{nanoseconds / 1000:,.2g}" if nanoseconds < 10_000 else f"{round(nanoseconds / 1000):,}"


def cost(answers: Sequence[Evidence[list[Round]]]) -> Table:
    """Microseconds and exits of one round, two columns a witness."""
    columns = [Column[str]("One round of", lambda what: COSTS[what])]
    for answer in answers:
        columns += _costs(answer)
    return Table(answers, columns, list(COSTS))


def _costs(answer: Evidence[list[Round]]) -> list[Column[str]]:
    found = {row["what"]: row for row in answer.data}
    return [
        Column(f"µs, {answer.provenance.witness}", lambda what: microseconds(found[what]["nanoseconds"]), number=True),
        Column("exits", lambda what: found[what]["exits"], number=True),
    ]


_TOLD = {"halted": "It halts", "stopped": "KVM gives it up", "spins": "It never leaves", "talks": "It never stops leaving"}
_TONES = {"halted": "good", "stopped": "bad", "spins": "bad", "talks": "plain"}


def shelf(answers: Sequence[Evidence[list[Ran]]]) -> ChoiceTable:
    """Choose a program and a mode: what the CPU reads, and what each witness answered."""
    from syslab.widgets import ChoiceTable
    from syslab.widgets.choice_table import Outcome

    outcomes: dict[tuple[str, ...], Outcome] = {}
    for name, program in PROGRAMS.items():
        for mode, code in program.code.items():
            found = {
                answer.provenance.witness: row
                for answer in answers
                for row in answer.data
                if (row["program"], row["mode"]) == (name, mode)
            }
            ends = list(dict.fromkeys(row["ended"] for row in found.values()))
            lines = [(raw, text) for _, raw, text in instructions(code, mode)]
            for witness, row in found.items():
                lines.append((witness, _came_of(row, place=True)))
            title = " or ".join(_TOLD[end] for end in ends) or "It was not run"
            outcomes[name, mode] = Outcome(title, lines, _TONES[ends[0]] if len(ends) == 1 else "plain")
    titles = {name: program.title for name, program in PROGRAMS.items()}
    return ChoiceTable(SHELF, {"Program": titles, "Mode": MODE_NAMES}, outcomes)
