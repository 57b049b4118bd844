"""Why a guest left: the numbers that VMX and SVM give, with the words of KVM's trace, by kernel version.

VMX writes a basic exit reason of 16 bits into the VMCS, SVM an EXITCODE into the VMCB. The tracepoint ``kvm:kvm_exit``
prints Linux's names for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from syslab.bits import exceptions, given
from syslab.bits.core import Source

VERSIONS = ("6.1.192", "6.12.117", "7.2.13")
"""The kernels whose headers were read."""
SOURCES = (
    Source("Linux", "arch/x86/include/uapi/asm/vmx.h", ", ".join(VERSIONS)),
    Source("Linux", "arch/x86/include/uapi/asm/svm.h", ", ".join(VERSIONS)),
    Source("Intel SDM volume 3", "VMX Basic Exit Reasons", "by title"),
    Source("AMD64 APM volume 2", "SVM Intercept Exit Codes", "by title"),
)


@dataclass(frozen=True)
class ExitReason:
    """One number. ``name`` is the kernel's without its prefix; ``since`` the oldest of :data:`VERSIONS` that has it.

    ``since`` is "" where none of these kernels has a name for it.
    """

    vendor: str
    number: int
    name: str
    meaning: str
    since: str = VERSIONS[0]

    @property
    def constant(self) -> str:
        """``EXIT_REASON_CPUID``, ``SVM_EXIT_CPUID``."""
        return f"{'EXIT_REASON' if self.vendor == 'VMX' else 'SVM_EXIT'}_{self.name}"

    @property
    def trace(self) -> str:
        """What ``kvm:kvm_exit`` prints after "reason": upper case on VMX, words of its own on SVM, the number where it has none."""
        if self.name in _WORDLESS[self.vendor]:
            return f"{self.number:#x}"
        if self.vendor == "VMX":
            return self.name
        if 0 <= self.number - _EXCEPTIONS <= _LAST_EXCEPTION:
            vector = self.number - _EXCEPTIONS
            named = "XF" if vector == _XM else exceptions.name(vector).removeprefix("#")
            return f"{named} excp" if vector in _NAMED else f"{self.number:#x}"
        table, _, way = self.name.partition("_")
        if table in ("IDTR", "GDTR", "LDTR", "TR"):
            return f"{way.lower()}_{'rt' if table == 'TR' else table.lower()}"
        register, _, trap = self.name.partition("_")
        if trap == "WRITE_TRAP":
            return f"write_{register.lower()}_trap"
        return _WORDS.get(self.name, self.name.lower())

    @property
    def shown(self) -> str:
        """Decimal for VMX, hex for SVM, as their manuals count; -1 is -1."""
        return str(self.number) if self.vendor == "VMX" or self.number < 0 else hex(self.number)


_VMX = """
0 EXCEPTION_NMI an exception that the hypervisor asked for, or an NMI
1 EXTERNAL_INTERRUPT an interrupt for the host
2 TRIPLE_FAULT a fault while delivering a double fault
3 INIT_SIGNAL INIT arrived
4 SIPI_SIGNAL start-up IPI arrived
6 OTHER_SMI an SMI, not right after an I/O instruction @7.2.13
7 INTERRUPT_WINDOW the guest can take an interrupt now
8 NMI_WINDOW the guest can take an NMI now
9 TASK_SWITCH a hardware task switch
10 CPUID CPUID
11 GETSEC GETSEC @-
12 HLT HLT
13 INVD INVD
14 INVLPG INVLPG
15 RDPMC RDPMC
16 RDTSC RDTSC
17 RSM RSM in SMM @-
18 VMCALL VMCALL
19 VMCLEAR VMCLEAR
20 VMLAUNCH VMLAUNCH
21 VMPTRLD VMPTRLD
22 VMPTRST VMPTRST
23 VMREAD VMREAD
24 VMRESUME VMRESUME
25 VMWRITE VMWRITE
26 VMOFF VMXOFF
27 VMON VMXON
28 CR_ACCESS MOV CR, CLTS or LMSW
29 DR_ACCESS MOV DR
30 IO_INSTRUCTION IN, OUT, INS, OUTS
31 MSR_READ RDMSR
32 MSR_WRITE WRMSR
33 INVALID_STATE VM entry failed: the guest's state is not valid
34 MSR_LOAD_FAIL VM entry failed: an MSR could not be loaded
36 MWAIT_INSTRUCTION MWAIT
37 MONITOR_TRAP_FLAG the monitor trap flag: one instruction done
39 MONITOR_INSTRUCTION MONITOR
40 PAUSE_INSTRUCTION PAUSE, each one or too many in a row
41 MCE_DURING_VMENTRY VM entry failed: a machine check
43 TPR_BELOW_THRESHOLD the guest lowered its task priority
44 APIC_ACCESS an access to the page of the local APIC
45 EOI_INDUCED an end-of-interrupt that the hypervisor wants to see
46 GDTR_IDTR LGDT, LIDT, SGDT, SIDT
47 LDTR_TR LLDT, LTR, SLDT, STR
48 EPT_VIOLATION an access that the nested page tables do not allow
49 EPT_MISCONFIG an entry of the nested page tables makes no sense; KVM marks MMIO so
50 INVEPT INVEPT
51 RDTSCP RDTSCP
52 PREEMPTION_TIMER the VMX preemption timer reached zero
53 INVVPID INVVPID
54 WBINVD WBINVD or WBNOINVD
55 XSETBV XSETBV
56 APIC_WRITE a write to the virtual APIC page is done
57 RDRAND RDRAND
58 INVPCID INVPCID
59 VMFUNC VMFUNC
60 ENCLS ENCLS
61 RDSEED RDSEED
62 PML_FULL the log of dirty pages is full
63 XSAVES XSAVES
64 XRSTORS XRSTORS
67 UMWAIT UMWAIT
68 TPAUSE TPAUSE
74 BUS_LOCK a locked access that held the bus
75 NOTIFY no chance for an event in the guest for too long
76 SEAMCALL SEAMCALL @7.2.13
77 TDCALL TDCALL @7.2.13
84 MSR_READ_IMM RDMSR with the MSR as an immediate @7.2.13
85 MSR_WRITE_IMM WRMSRNS with the MSR as an immediate @7.2.13
"""

_SVM = """
65 CR0_SEL_WRITE a write to CR0 that changes more than TS and MP
66 IDTR_READ SIDT
67 GDTR_READ SGDT
68 LDTR_READ SLDT
69 TR_READ STR
6a IDTR_WRITE LIDT
6b GDTR_WRITE LGDT
6c LDTR_WRITE LLDT
6d TR_WRITE LTR
60 INTR an interrupt for the host
61 NMI an NMI
62 SMI an SMI
63 INIT INIT arrived
64 VINTR the guest can take a virtual interrupt now
6e RDTSC RDTSC
6f RDPMC RDPMC
70 PUSHF PUSHF
71 POPF POPF
72 CPUID CPUID
73 RSM RSM
74 IRET IRET
75 SWINT INT n
76 INVD INVD
77 PAUSE PAUSE, once its filter has counted down
78 HLT HLT
79 INVLPG INVLPG
7a INVLPGA INVLPGA
7b IOIO IN, OUT, INS, OUTS
7c MSR RDMSR or WRMSR
7d TASK_SWITCH a hardware task switch
7e FERR_FREEZE the x87 waits for its error interrupt
7f SHUTDOWN a triple fault
80 VMRUN VMRUN
81 VMMCALL VMMCALL
82 VMLOAD VMLOAD
83 VMSAVE VMSAVE
84 STGI STGI
85 CLGI CLGI
86 SKINIT SKINIT
87 RDTSCP RDTSCP
88 ICEBP the opcode F1
89 WBINVD WBINVD or WBNOINVD
8a MONITOR MONITOR or MONITORX
8b MWAIT MWAIT or MWAITX
8c MWAIT_COND MWAIT while the monitor is armed
8d XSETBV XSETBV
8e RDPRU RDPRU
8f EFER_WRITE_TRAP EFER was written
a2 INVPCID INVPCID
a5 BUS_LOCK a locked access that held the bus @7.2.13
a6 IDLE_HLT HLT with no virtual interrupt waiting @7.2.13
400 NPF an access that the nested page tables do not allow; MMIO too
401 AVIC_INCOMPLETE_IPI an IPI that the virtual APIC could not deliver alone
402 AVIC_UNACCELERATED_ACCESS an APIC register that needs the hypervisor
403 VMGEXIT VMGEXIT of an encrypted guest
f0000000 SW for the hypervisor's own use
"""
_WORDS = {
    "INTR": "interrupt", "IOIO": "io", "VMMCALL": "hypercall", "BUS_LOCK": "buslock", "IDLE_HLT": "idle-halt", "ERR": "invalid_guest_state",
}  # fmt: skip
"""Words of SVM_EXIT_REASONS that are not the constant's name in lower case."""
_WORDLESS = {
    "VMX": frozenset(["OTHER_SMI", "GETSEC", "RSM", "SEAMCALL"]),
    "SVM": frozenset(["MWAIT_COND", "RDPRU", "SW", *(f"CR{n}_WRITE_TRAP" for n in range(16) if n not in (0, 4, 8))]),
}
"""What VMX_EXIT_REASONS and SVM_EXIT_REASONS leave out."""
_ERR = -1
_XM = 19  # Linux writes #XM as XF
_NAMED = frozenset((0, 1, *range(3, 9), *range(10, 15), *range(16, 20)))
"""The vectors that svm.h's SVM_EXIT_REASONS has words for."""
_CRS, _LAST_CR, _DRS = (0, 2, 3, 4, 8), 15, range(8)
_EXCEPTIONS, _LAST_EXCEPTION = 0x40, 31


def _rows(vendor: str, text: str, base: int) -> list[ExitReason]:
    found = []
    for line in text.strip().splitlines():
        number, name, meaning = line.split(" ", 2)
        meaning, _, since = meaning.partition(" @")
        found.append(ExitReason(vendor, int(number, base), name, meaning, {"": VERSIONS[0], "-": ""}.get(since, since)))
    return found


def _regular() -> list[ExitReason]:
    """SVM's codes that count registers and exceptions."""
    found = [ExitReason("SVM", n, f"READ_CR{n}", f"MOV from CR{n}") for n in _CRS]
    found += [ExitReason("SVM", 0x10 + n, f"WRITE_CR{n}", f"MOV to CR{n}") for n in _CRS]
    found += [ExitReason("SVM", 0x20 + n, f"READ_DR{n}", f"MOV from DR{n}") for n in _DRS]
    found += [ExitReason("SVM", 0x30 + n, f"WRITE_DR{n}", f"MOV to DR{n}") for n in _DRS]
    found += [ExitReason("SVM", 0x90 + n, f"CR{n}_WRITE_TRAP", f"CR{n} was written") for n in range(_LAST_CR + 1)]
    found += [
        ExitReason("SVM", _EXCEPTIONS + n, "EXCP_BASE" if n == 0 else "LAST_EXCP" if n == _LAST_EXCEPTION else f"EXCP_BASE + {n}",
                   f"exception {n}" + (f", {exceptions.name(n)}" if n in _NAMED else ""))
        for n in range(_LAST_EXCEPTION + 1)
    ]  # fmt: skip
    return [*found, ExitReason("SVM", _ERR, "ERR", "VMRUN failed: the guest's state is not valid")]


VMX = tuple(_rows("VMX", _VMX, 10))
SVM = tuple(sorted((*_rows("SVM", _SVM, 16), *_regular()), key=lambda r: r.number % (1 << 64)))


_BY_VENDOR = {"VMX": VMX, "SVM": SVM}


def named(vendor: str, version: str) -> dict[str, int]:
    """Constant -> number, of the names that this kernel has. ValueError for another vendor or a version not read."""
    if version not in VERSIONS:
        raise ValueError(f"kernel {version!r} was not read; {', '.join(VERSIONS)} were")
    rows = _BY_VENDOR[given.one_of(vendor, _BY_VENDOR, "vendor")]
    upto = VERSIONS[: VERSIONS.index(version) + 1]
    return {r.constant: r.number for r in rows if r.since in upto and " + " not in r.name}


def find(vendor: str, number: int) -> ExitReason:
    """The row of a number; KeyError that names both where there is none. ValueError for another vendor, TypeError for no int."""
    given.number(number, "an exit reason", -(1 << 63), (1 << 64) - 1)
    for row in _BY_VENDOR[given.one_of(vendor, _BY_VENDOR, "vendor")]:
        if row.number == number:
            return row
    raise KeyError(f"{vendor} has no exit reason {number} in this table")
