"""Tables and widgets of the chapter on VM exits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from syslab.evidence import Answer, Evidence
from syslab.evidence.lab import WITNESS
from syslab.kvm.exit_cases import Case, cases
from syslab.show.table import Column, Link, Table, Verdict

from .ask import Exits, Returned
from .exit_reasons import SVM, VMX
from .intercepts import RULES, expected
from .model import ALL, CLTS, LMSW, MOV_CR0, MOV_CR4, WRITES

if TYPE_CHECKING:  # widgets take a while to import; tables need none
    from syslab.widgets import ChoiceTable, Lookup
    from syslab.widgets.choice_table import Outcome

    from .widget import MaskedRegister

ANCHOR, LOOKUP, MASK = "exits", "exit", "crmask"
Key = tuple[str, int]
CASES = {(case.key, case.cpl): case for case in cases()}
READERS = (
    r"\breason (?:EXIT_REASON_|SVM_EXIT_|EXIT_)?([\w -]{1,60}?)(?: FAILED_VMENTRY)? (?:rip|info1?)\b",
    r"^\s*(?:EXIT_REASON_|SVM_EXIT_)([A-Z]\w{1,40})\s*$",
    r"\bhardware error (0x[0-9a-f]{1,16})\b",
    r"\bSuberror: 3\s{1,4}extra data\[0\]: \w{1,18}\s{1,4}extra data\[1\]: (\w{1,18})\b",
)
"""Lines of the trace and of QEMU; group 1 is a reason's word or number."""
REFUSALS = (
    (
        r"\bkvm_userspace_exit: ",
        "This line says why KVM_RUN came back, which is another border: KVM_EXIT names, or an errno behind error",
    ),
    (r"^\s*extra data\[", "What these words are depends on the Suberror line above them"),
    (r"\bunknown kvm exit code", "This kernel has exit codes of its own, such as PVM's; VMX and SVM do not give them"),
)
"""Lines about something else, and what they are."""
ALSO: dict[tuple[str, int], tuple[str, ...]] = {
    ("VMX", 7): ("PENDING_INTERRUPT",),  # its older name in Linux
    ("VMX", 33): ("0x80000021",),  # bit 31: VM entry failed
    ("VMX", 34): ("0x80000022",),
    ("VMX", 41): ("0x80000029",),
    ("SVM", -1): ("0xffffffff", "0xffffffffffffffff"),
}
"""Other names and numbers of a reason."""
PICKED = (
    "cpuid", "out", "hlt", "mmio-store", "rdmsr", "rdmsr-gs", "rdmsr-unknown", "vmcall", "vmmcall", "invd", "wbinvd", "xsetbv",
    "monitor", "mwait", "pause", "rdtsc", "rdpmc", "rdrand", "invlpg", "cr0-ts", "cr0-am", "cr3-write", "cr4-read", "cr8-write",
    "sgdt", "ud2", "page-fault",
)  # fmt: skip
"""Cases of the picker: one of a kind."""


class Both(Exits):
    """A case with nested paging, and its ``exits`` without (``off``)."""

    off: dict[str, int]


def case_key(row: Returned | Exits) -> Key:
    """Which case a row is about."""
    return row["instruction"], row["cpl"]


def _shown(row: Returned | Exits) -> Link | str:
    text = CASES[case_key(row)].shown
    return Link(text, f"#{ANCHOR}={row['instruction']}.{row['cpl']}.on") if row["instruction"] in PICKED else text


def _counts(counts: dict[str, int], nothing: str) -> str:
    return ", ".join(f"{name} {n}" for name, n in counts.items()) or nothing


def _user_space(row: Returned) -> str:
    return row["stopped"] or _counts(row["user_space"], "nothing")


def returned(answers: Sequence[Evidence[list[Returned]]]) -> Table:
    """The cases in kernel mode for which KVM_RUN came back, or did not come to the end, on some witness."""
    wanted = {
        case_key(row) for answer in answers for row in answer.data if row["cpl"] == 0 and (row["user_space"] or row["stopped"])
    }
    return Table(
        answers,
        [Column("KVM_RUN returned", _user_space)],
        lambda answer: [row for row in answer.data if case_key(row) in wanted],
        keys=[Column("Executed 10 times, at CPL 0", _shown)],
    )


def _in_user_mode(row: Returned) -> str:
    seen = row["stopped"] or _counts(row["user_space"], "")
    return ", ".join([row["counter"] or "unknown", *([seen] if seen else []), *(f"{name} to its kernel" for name in row["guest"])])


def user_mode(answers: Sequence[Evidence[list[Returned]]]) -> Table:
    """CPL 3: did the vCPU leave, by KVM's counters; what did user space see, and what did the guest's own kernel get?"""
    return Table(
        answers,
        [Column("The guest", _in_user_mode)],
        lambda answer: [row for row in answer.data if row["cpl"] == 3],
        keys=[Column("Executed 10 times, at CPL 3", _shown)],
        telling=("CPUID", "RDTSC", "HLT", "RDMSR of IA32_PAT", "VMCALL", "VMMCALL", "INVD", "OUT to a port, IOPL 3"),
    )


def _reason(name: str) -> Link | str:
    found = next((reason for reason in SVM if reason.name == name), None)
    return Link(found.trace, f"#{LOOKUP}={found.shown}") if found else "none"


def joined(counted: Answer[list[Exits]], shadowed: Answer[list[Exits]]) -> list[Both]:
    """Cases in kernel mode with both counts."""
    off = {case_key(row): row["exits"] for row in shadowed.data}
    return [{**row, "off": off[case_key(row)]} for row in counted.data if row["cpl"] == 0]


def as_asked(row: Both) -> Verdict:
    """Whether it left as KVM asked for, in both settings."""
    for exits, nested in ((row["exits"], True), (row["off"], False)):
        name = expected(row["instruction"], nested)
        trace = next((reason.trace for reason in SVM if reason.name == name), "")
        if (trace not in exits) if name else (set(exits) - helpers(row["instruction"], nested)):
            return Verdict(False, trace)
    return Verdict(True)


def helpers(key: str, nested: bool) -> set[str]:
    """Exits of the instruction that a case needs to prepare its own: reading a register before it is written."""
    before = {"cr3-write": "cr3-read", "cr4-write": "cr4-read"}.get(key)
    return {reason.trace for reason in SVM if before and reason.name == expected(before, nested)}


TELLING = (
    "CPUID",
    "HLT",
    "load where no memory is",
    "VMCALL",
    "INVLPG",
    "MOV to CR3",
    "XSETBV",
    "RDTSC",
    "MOV to CR0, flips TS",
    "NOP",
)
"""The instructions that the page speaks of."""


def counts(counted: Answer[list[Exits]], shadowed: Answer[list[Exits]]) -> Table:
    """Every case: the rules, what KVM asks for, and what was counted; those that leave first."""
    rows = sorted(joined(counted, shadowed), key=lambda row: not (row["exits"] or row["off"] or not as_asked(row).held))
    columns: list[Column[Both]] = [
        Column("Instruction", _shown),
        Column("VMX leaves by", lambda row: RULES[row["instruction"]].intel),
        Column("SVM's exit", lambda row: _reason(RULES[row["instruction"]].svm)),
        Column("KVM's request", lambda row: RULES[row["instruction"]].kvm or "there is none"),
        Column("Nested paging", lambda row: _counts(row["exits"], "0")),
        Column("npt=0", lambda row: _counts(row["off"], "0")),
        Column("As KVM asked", as_asked),
    ]
    return Table([counted, shadowed], columns, rows, "kvm_exit by reason, for 10 executions at CPL 0", telling=TELLING)


def register() -> MaskedRegister:
    """Mask, shadow and operand, with the cases that the chapter speaks of."""
    from .widget import MaskedRegister, state

    linux, ts = 0x8005_0033, CLTS.looks
    pe, vmxe, smap = (field.mask for field in (LMSW.layout.field("PE"), MOV_CR4.layout.field("VMXE"), MOV_CR4.layout.field("SMAP")))
    presets = {
        "Turn paging on": state(MOV_CR0, 0x8000_0021, 0x21, 0x31, 0x8000_0021),
        "Set TS, which is the guest's": state(MOV_CR0, ALL & ~ts, linux, linux, linux | ts),
        "Clear WP, which is not": state(MOV_CR0, ALL & ~ts, linux, linux, linux & ~MOV_CR0.layout.field("WP").mask),
        "A CR4 that hides VMXE": state(MOV_CR4, vmxe, 0, 0x20 | vmxe, 0x20 | smap),
        "LMSW cannot clear PE": state(LMSW, pe, pe, 0x31, 0),
        "CLTS": state(CLTS, 0, 0, linux | ts),
    }
    return MaskedRegister(MASK, WRITES, presets)


def lookup() -> Lookup:
    """Every exit reason of VMX and SVM that three kernels name."""
    from syslab.widgets import Lookup

    reasons = (*VMX, *SVM)
    rows = [(r.vendor, r.shown, r.name, r.meaning, r.since or "unnamed") for r in reasons]
    return Lookup(
        LOOKUP,
        ("Vendor", "Number", "Linux's name", "What happened", "First of the three"),
        rows,
        words=[", ".join((*([r.trace] if r.trace != r.name else []), *ALSO.get((r.vendor, r.number), ()))) for r in reasons],
        readers=READERS,
        refusals=REFUSALS,
        prompt="A number, a name, or a kvm_exit line",
    )


def _outcome(case: Case, row: Exits, told: dict[str, Returned]) -> Outcome:
    from syslab.widgets.choice_table import Outcome

    lab = next((said for witness, said in told.items() if witness.startswith(WITNESS)), None)
    rule, exits = RULES[case.key], row["exits"]
    got = _counts(lab["guest"], "") if lab else ""
    if exits:
        out = _counts(lab["user_space"], "") if lab else ""
        title = f"Leaves the guest. {'KVM passes it on to user space' if out else 'KVM handles it'}."
        if got:
            title = f"Leaves the guest. KVM gives the guest {got.split()[0]}."
    else:
        title = (
            f"Stays in the guest, which gets {got.split()[0]} from its CPU." if got else "Stays in the guest: the CPU executes it."
        )
    lines: list[tuple[str, ...]] = [("counted:", _counts(exits, "no exit in 10 executions"))]
    if case.cpl == 0:
        lines += [("VMX leaves by:", rule.intel), ("SVM's intercept:", rule.kvm or "there is none")]
    for witness, said in told.items():
        lines.append((f"{witness}:", f"user space got {_user_space(said)}, the guest {_counts(said['guest'], 'no exception')}"))
    return Outcome(title, lines, "bad" if exits else "good")


def picker(counted: Answer[list[Exits]], shadowed: Answer[list[Exits]], answers: Sequence[Evidence[list[Returned]]]) -> ChoiceTable:
    """Instruction, privilege and paging -> who handles it."""
    from syslab.widgets import ChoiceTable

    keys = [*PICKED, "out-denied"]
    told = {key: {a.provenance.witness: row for a in answers for row in a.data if case_key(row) == key} for key in CASES}
    outcomes: dict[tuple[str, ...], Outcome] = {
        (row["instruction"], str(row["cpl"]), paging): _outcome(CASES[case_key(row)], row, told[case_key(row)])
        for paging, answer in (("on", counted), ("off", shadowed))
        for row in answer.data
        if row["instruction"] in keys
    }
    names = {key: next(case.shown for case in CASES.values() if case.key == key) for key in keys}
    dimensions = {
        "Instruction": names,
        "CPL": {"0": "0, the guest's kernel", "3": "3, its programs"},
        "Nested paging": {"on": "on", "off": "off (npt=0)"},
    }
    return ChoiceTable(ANCHOR, dimensions, outcomes, ("cpuid", "0", "on"), "This was not tried at this CPL.")
