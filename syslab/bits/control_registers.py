"""CR0, CR3, CR4, CR8, EFER and RFLAGS. What the CPU may do, and what memory accesses it checks.

``since`` names the release of Linux that brought a constant, from the kernel's history, not the first of the trees that were read.
"""

from __future__ import annotations

from .core import Field, Layout, Source

_LINUX = Source("Linux", "arch/x86/include/uapi/asm/processor-flags.h", "6.1.192, 6.12.117, 7.2.13")
_SDM = Source("Intel SDM volume 3A", "Control Registers", "by title")


def _bits(prefix: str, rows: tuple[tuple[str, int, str] | tuple[str, int, str, str], ...]) -> tuple[Field, ...]:
    return tuple(Field(name, bit, title, since=rest[0] if rest else "", linux=(prefix + name,)) for name, bit, title, *rest in rows)


CR0 = Layout(
    name="CR0", anchor="cr0", width=64,
    fields=_bits("X86_CR0_", (
        ("PE", 0, "protection enable: protected mode"),
        ("MP", 1, "WAIT and FWAIT raise #NM while TS=1"),
        ("EM", 2, "no x87: its instructions raise #NM"),
        ("TS", 3, "task switched: the next x87 or SSE instruction raises #NM"),
        ("ET", 4, "extension type: always 1"),
        ("NE", 5, "x87 errors raise #MF instead of an interrupt of the PC"),
        ("WP", 16, "write protect: supervisor-mode writes obey R/W=0 of the page"),
        ("AM", 18, "alignment checks in user mode where RFLAGS.AC=1"),
        ("NW", 29, "not write-through: caches"),
        ("CD", 30, "cache disable"),
        ("PG", 31, "paging; with EFER.LME=1 it turns long mode on"),
    )),
    sources=(_SDM, _LINUX),
    examples=(("After reset", 0x60000010), ("Linux", 0x80050033)),
)  # fmt: skip

CR4 = Layout(
    name="CR4", anchor="cr4", width=64,
    fields=(*_bits("X86_CR4_", (
        ("VME", 0, "virtual-8086 mode extensions"),
        ("PVI", 1, "protected-mode virtual interrupts"),
        ("TSD", 2, "RDTSC for supervisor mode alone"),
        ("DE", 3, "debugging extensions: I/O breakpoints"),
        ("PSE", 4, "4-MByte pages in 32-bit paging"),
        ("PAE", 5, "entries of 64 bits; long mode needs it"),
        ("MCE", 6, "machine-check exceptions"),
        ("PGE", 7, "global pages: translations with G=1 survive a change of CR3"),
        ("PCE", 8, "RDPMC in user mode"),
        ("OSFXSR", 9, "the kernel saves SSE state: SSE may be used"),
        ("OSXMMEXCPT", 10, "SSE errors raise #XM"),
        ("UMIP", 11, "SGDT, SIDT, SLDT, SMSW and STR for supervisor mode alone"),
        ("LA57", 12, "5-level paging, linear addresses of 57 bits; changes only while paging is off", "CPUs with 5-level paging"),
        ("VMXE", 13, "VMX instructions (Intel's virtualization)"),
        ("SMXE", 14, "SMX instructions (trusted execution)"),
        ("FSGSBASE", 16, "RDFSBASE and its sisters, in user mode too"),
        ("PCIDE", 17, "process-context identifiers: CR3 bits 11:0 tag translations"),
        ("OSXSAVE", 18, "the kernel uses XSAVE: AVX and later state may be used"),
        ("SMEP", 20, "supervisor-mode execution prevention: no fetches from user pages", "CPUs with SMEP"),
        ("SMAP", 21, "supervisor-mode access prevention: no data accesses to user pages while RFLAGS.AC=0", "CPUs with SMAP"),
        ("PKE", 22, "protection keys for user pages: PKRU is checked", "CPUs with protection keys"),
        ("CET", 23, "control-flow enforcement: shadow stacks and indirect-branch tracking", "CPUs with CET"),
        ("LASS", 27, "linear-address-space separation: the half of an address decides before paging", "CPUs with LASS; Linux 6.19"),
        ("LAM_SUP", 28, "linear-address masking for supervisor pointers", "CPUs with LAM; Linux 6.4"),
        ("FRED", 32, "flexible return and event delivery", "CPUs with FRED; Linux 6.9"),
    )),
        Field("KL", 19, "Key Locker: AES with keys that software cannot read", since="CPUs with Key Locker"),
        Field("PKS", 24, "protection keys for supervisor pages; these Linux versions do not use it", since="CPUs with supervisor keys"),
        Field("UINTR", 25, "user interrupts: sent and taken in user mode", since="CPUs with user interrupts"),
    ),
    sources=(_SDM, _LINUX),
    examples=(("SMEP and SMAP", 0x300020), ("LA57 and PAE", 0x1020)),
)  # fmt: skip

_CR3_TOP = (
    Field("LAM_U57", 61, "user pointers: the CPU ignores bits 62:57", since="CPUs with LAM; Linux 6.4", linux=("X86_CR3_LAM_U57",)),
    Field("LAM_U48", 62, "user pointers: the CPU ignores bits 62:48", since="CPUs with LAM; Linux 6.4", linux=("X86_CR3_LAM_U48",)),
)
_ROOT = Field("ROOT", 12, "physical address of the root table (PML4 or PML5), divided by 4096", width=40, show="x")
CR3 = Layout(
    name="CR3", anchor="cr3", width=64,
    fields=(
        Field("PWT", 3, "memory type of the root table: write-through", linux=("X86_CR3_PWT",)),
        Field("PCD", 4, "memory type of the root table: cache disable", linux=("X86_CR3_PCD",)),
        _ROOT,
        *_CR3_TOP,
    ),
    sources=(_SDM, _LINUX), note="While CR4.PCIDE=0.",
)  # fmt: skip
CR3_PCID = Layout(
    name="CR3 with process-context identifiers", anchor="cr3-pcid", width=64,
    fields=(
        Field("PCID", 0, "which translations are this address space's", width=12, linux=("X86_CR3_PCID_BITS",)),
        _ROOT,
        *_CR3_TOP,
        Field("NOFLUSH", 63, "in a write: keep the translations of this PCID", linux=("X86_CR3_PCID_NOFLUSH",)),
    ),
    sources=(_SDM, _LINUX), note="While CR4.PCIDE=1. X86_CR3_PCID_BITS is the width of PCID.",
)  # fmt: skip
CR8 = Layout(
    name="CR8", anchor="cr8", width=64,
    fields=(Field("TPR", 0, "task priority: interrupts of this class and below wait", width=4, linux=("X86_CR8_TPR",)),),
    sources=(_SDM, _LINUX),
)  # fmt: skip

EFER = Layout(
    name="EFER, MSR 0xc0000080", anchor="efer", width=64,
    fields=tuple(
        Field(name, bit, title, since=since, linux=(f"EFER_{linux}",) if linux else ())
        for name, linux, bit, title, since in (
            ("SCE", "SCE", 0, "SYSCALL and SYSRET", ""),
            ("LME", "LME", 8, "long mode, once paging is turned on", ""),
            ("LMA", "LMA", 10, "long mode is active", ""),
            ("NXE", "NX", 11, "bit 63 of paging entries is XD instead of reserved", ""),
            ("SVME", "SVME", 12, "AMD's virtualization (SVM)", "AMD"),
            ("LMSLE", "LMSLE", 13, "segment limits in long mode", "AMD"),
            ("FFXSR", "FFXSR", 14, "FXSAVE without SSE registers at CPL 0 in 64-bit mode", "AMD"),
            ("TCE", "TCE", 15, "INVLPG and its sisters drop only the upper-level entries they need to", "AMD; Linux 6.15"),
            ("MCOMMIT", "", 17, "MCOMMIT, which waits until stores have reached memory", "AMD"),
            ("INTWB", "", 18, "WBINVD and WBNOINVD may be interrupted", "AMD"),
            ("UAIE", "", 20, "upper address ignore: data accesses do not look at address bits 63:57", "AMD"),
            ("AUTOIBRS", "AUTOIBRS", 21, "automatic IBRS against branch injection", "AMD"),
        )
    ),
    sources=(Source("AMD64 APM volume 2", "Extended Feature Enable Register (EFER)", "by title"),
             Source("Linux", "arch/x86/include/asm/msr-index.h", "6.1.192, 6.12.117, 7.2.13")),
    examples=(("64-bit mode with NX", 0xD01),),
)  # fmt: skip

RFLAGS = Layout(
    name="RFLAGS", anchor="rflags", width=64,
    fields=tuple(sorted((
        *_bits("X86_EFLAGS_", (
            ("CF", 0, "carry"), ("FIXED", 1, "always 1"), ("PF", 2, "even parity of the lowest byte"), ("AF", 4, "carry out of the lowest four bits"),
            ("ZF", 6, "zero"), ("SF", 7, "sign"), ("TF", 8, "trap: #DB after each instruction"), ("IF", 9, "interrupts are accepted"),
            ("DF", 10, "string instructions go downwards"), ("OF", 11, "signed overflow"), ("NT", 14, "nested task"),
            ("RF", 16, "resume: no instruction breakpoint at the next instruction"), ("VM", 17, "virtual-8086 mode"),
            ("AC", 18, "user mode: alignment checks, with CR0.AM; supervisor mode: SMAP lets data accesses to user pages pass"),
            ("VIF", 19, "virtual interrupt flag"), ("VIP", 20, "virtual interrupt pending"), ("ID", 21, "CPUID exists if software can change it"),
        )),
        Field("IOPL", 12, "I/O privilege level: IN, OUT, CLI and STI where CPL is not above it", width=2, linux=("X86_EFLAGS_IOPL",)),
    ), key=lambda f: f.bit)),
    sources=(Source("Intel SDM volume 1", "EFLAGS Register", "by title"), _LINUX),
    examples=(("Nothing set", 0x2), ("STAC has run", 0x40046), ("A user program", 0x246)),
)  # fmt: skip
