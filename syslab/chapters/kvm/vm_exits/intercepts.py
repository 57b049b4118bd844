"""What the manuals and KVM say of each instruction that the chapter on exits executes: does it leave, and as what?

``intel`` are the SDM's rules; ``vmx`` and ``svm`` are the names in :mod:`.exit_reasons`; ``kvm`` says whether KVM's SVM
module asks for the intercept.
"""

from __future__ import annotations

from dataclasses import dataclass

from syslab.bits import given
from syslab.bits.core import Source

SOURCES = (
    Source("Intel SDM volume 3", "Instructions That Cause VM Exits Unconditionally; ... Conditionally", "by title"),
    Source("Linux", "arch/x86/kvm/svm/svm.c, init_vmcb()", "6.1.192"),
)
ALWAYS, NEVER = "always", "never"
SET, UNSET, WITHOUT_NPT = "set", "not set", "set without nested paging"
SELECTIVE = "set, but blind to this write"

UNCONDITIONAL = (
    "CPUID", "GETSEC", "INVD", "XSETBV",
    "INVEPT", "INVVPID", "VMCALL", "VMCLEAR", "VMLAUNCH", "VMPTRLD", "VMPTRST", "VMRESUME", "VMXOFF", "VMXON",
)  # fmt: skip
"""The SDM's list of instructions that leave VMX non-root operation whatever the controls say."""
WITH_TDX = ("SEAMCALL", "TDCALL")
"""And two on a CPU with TDX, by nested_vmx_l1_wants_exit() in arch/x86/kvm/vmx/nested.c of Linux 7.2.13."""


@dataclass(frozen=True)
class Rule:
    """``vmx`` and ``svm`` are "" where that vendor has no exit for it."""

    intel: str
    vmx: str
    svm: str
    kvm: str


RULES = {
    "nop": Rule(NEVER, "", "", ""),
    "cpuid": Rule(ALWAYS, "CPUID", "CPUID", SET),
    "hlt": Rule("HLT exiting", "HLT", "HLT", SET),
    "in": Rule("I/O exiting, or the port's bit in the I/O bitmap", "IO_INSTRUCTION", "IOIO", SET),
    "out": Rule("I/O exiting, or the port's bit in the I/O bitmap", "IO_INSTRUCTION", "IOIO", SET),
    "out-denied": Rule("#GP has priority", "", "", SET),
    "mmio-load": Rule("the nested page tables", "EPT_MISCONFIG", "NPF", SET),
    "mmio-store": Rule("the nested page tables", "EPT_MISCONFIG", "NPF", SET),
    "rdmsr": Rule("the MSR's bit in the MSR bitmap", "MSR_READ", "MSR", SET),
    "wrmsr": Rule("the MSR's bit in the MSR bitmap", "MSR_WRITE", "MSR", SET),
    "rdmsr-gs": Rule("the MSR's bit in the MSR bitmap", "MSR_READ", "MSR", "not set for this MSR"),
    "rdmsr-unknown": Rule("the MSR's bit in the MSR bitmap", "MSR_READ", "MSR", SET),
    "vmcall": Rule(ALWAYS, "VMCALL", "EXCP_BASE + 6", SET),
    "vmmcall": Rule("exception bitmap, #UD", "EXCEPTION_NMI", "VMMCALL", SET),
    "invd": Rule(ALWAYS, "INVD", "INVD", SET),
    "wbinvd": Rule("WBINVD exiting", "WBINVD", "WBINVD", SET),
    "monitor": Rule("MONITOR exiting", "MONITOR_INSTRUCTION", "MONITOR", SET),
    "mwait": Rule("MWAIT exiting", "MWAIT_INSTRUCTION", "MWAIT", SET),
    "pause": Rule("PAUSE exiting, or PAUSE-loop exiting", "PAUSE_INSTRUCTION", "PAUSE", "set, behind a counter"),
    "rdtsc": Rule("RDTSC exiting", "RDTSC", "RDTSC", UNSET),
    "rdtscp": Rule("RDTSC exiting", "RDTSCP", "RDTSCP", UNSET),
    "rdpmc": Rule("RDPMC exiting", "RDPMC", "RDPMC", SET),
    "rdrand": Rule("RDRAND exiting", "RDRAND", "", ""),
    "invlpg": Rule("INVLPG exiting", "INVLPG", "INVLPG", WITHOUT_NPT),
    "cr0-read": Rule(NEVER, "", "READ_CR0", "set while CR0 differs from the guest's"),
    "cr0-same": Rule("mask and read shadow", "CR_ACCESS", "CR0_SEL_WRITE", SELECTIVE),
    "cr0-ts": Rule("mask and read shadow", "CR_ACCESS", "CR0_SEL_WRITE", SELECTIVE),
    "cr0-am": Rule("mask and read shadow", "CR_ACCESS", "CR0_SEL_WRITE", SET),
    "clts": Rule("mask and read shadow", "CR_ACCESS", "WRITE_CR0", "set while CR0 differs from the guest's"),
    "lmsw": Rule("mask and read shadow, bits 3:0", "CR_ACCESS", "WRITE_CR0", "set while CR0 differs from the guest's"),
    "cr3-read": Rule("CR3-store exiting", "CR_ACCESS", "READ_CR3", WITHOUT_NPT),
    "cr3-write": Rule("CR3-load exiting", "CR_ACCESS", "WRITE_CR3", WITHOUT_NPT),
    "cr4-read": Rule(NEVER, "", "READ_CR4", SET),
    "cr4-write": Rule("mask and read shadow", "CR_ACCESS", "WRITE_CR4", SET),
    "cr8-read": Rule("CR8-store exiting", "CR_ACCESS", "READ_CR8", UNSET),
    "cr8-write": Rule("CR8-load exiting", "CR_ACCESS", "WRITE_CR8", SET),
    "sgdt": Rule("descriptor-table exiting", "GDTR_IDTR", "GDTR_READ", UNSET),
    "str": Rule("descriptor-table exiting", "LDTR_TR", "TR_READ", UNSET),
    "popf": Rule(NEVER, "", "POPF", UNSET),
    "cli-sti": Rule(NEVER, "", "", ""),
    "ud2": Rule("exception bitmap, #UD", "EXCEPTION_NMI", "EXCP_BASE + 6", SET),
    "page-fault": Rule("exception bitmap, #PF", "EXCEPTION_NMI", "EXCP_BASE + 14", WITHOUT_NPT),
    "xsetbv": Rule(ALWAYS, "XSETBV", "XSETBV", SET),
}
"""By the key of the case in :mod:`syslab.kvm.exit_cases`; rules of CPL 0."""


def expected(key: str, nested_paging: bool) -> str:
    """The name in :data:`.exit_reasons.SVM` as which the case leaves, going by what KVM asks for; "" where it stays."""
    rule = RULES[given.one_of(key, RULES, "case")]
    if rule.svm == "NPF" and not nested_paging:
        return "EXCP_BASE + 14"
    return rule.svm if rule.kvm == SET or (rule.kvm == WITHOUT_NPT and not nested_paging) else ""
