"""The error code that x86 pushes with a page fault (#PF, vector 14)."""

from __future__ import annotations

from .core import Case, Field, Layout, Source, otherwise
from .reading import Reader

P, W, U, RSVD, I, PK, SS, HLAT, SGX, RMP = (1 << n for n in (0, 1, 2, 3, 4, 5, 6, 7, 15, 31))  # noqa: E741

NOT_A_PAGE_FAULT = tuple(
    Reader(pattern, 0, label)
    for pattern, label in (
        (r"\bkvm_page_fault: ",
         "kvm_page_fault has the EPT exit qualification on VMX, a nested page fault's error code on SVM, and the word of a #PF only "
         "where KVM shadows page tables; the line does not say which"),
        (r"\bfast_page_fault: ", "fast_page_fault writes the flags by name: F is FETCH, not 0xf"),
        (r"\bintr_info 0x[0-9a-f]{1,8} error_code ",
         "this error_code belongs to intr_info, which is no page fault here (a #PF with an error code is 0x80000b0e)"),
        (r"\bInternal error: ", "this is an arm64 or arm oops; its number is the fault syndrome (ESR, FSR) and has other bits"),
        (r"\bOops: [0-9a-f]{1,8} ilc:", "this is an oops of s390; its number is a program interruption code"),
        (r"\b(?:general protection|invalid opcode|divide error|stack.segment|double fault|control protection|alignment check|invalid TSS|"
         r"segment not present|coprocessor segment|stack guard page|bounds:|overflow:|int3:|debug:|v=[0-9a-f]{2} e=|"
         r"FATAL TRAP: vec(?:tor =)? (?:[0-9]|1[0-35-9]|[2-9][0-9])\b|kvm_inj_exception: #[A-OQ-Z]|kernel: [a-oq-z][a-z0-9 ]{2,40} trap, code=|protection fault trap)",
         "this line reports another exception, not a page fault; its error code has other bits"),
    )
)  # fmt: skip
"""Lines with a number that looks like this word and is another."""

PFEC = Layout(
    name="page-fault error code",
    anchor="pfec",
    width=32,
    fields=(
        Field("P", 0, "0: the walk met an entry that is not present; 1: it did not, and a right, a reserved bit, SGX or the RMP forbids the access",
              values={0: "not present", 1: "present"}, since="80386", linux=("X86_PF_PROT",)),
        Field("W/R", 1, "1: the access was a write", values={0: "read or fetch", 1: "write"}, since="80386",
              linux=("X86_PF_WRITE",)),
        Field("U/S", 2, "1: the access was made in user mode (it says nothing about the page's own U/S bit)",
              values={0: "supervisor", 1: "user"}, since="80386", linux=("X86_PF_USER",)),
        Field("RSVD", 3, "1: a paging-structure entry had a reserved bit set", since="Pentium (PSE, PAE)",
              linux=("X86_PF_RSVD",)),
        Field("I/D", 4, "1: instruction fetch; only reported when NX or SMEP is enabled", since="CPUs with NX",
              linux=("X86_PF_INSTR",)),
        Field("PK", 5, "1: a protection key forbade the data access", since="CPUs with protection keys",
              linux=("X86_PF_PK",)),
        Field("SS", 6, "1: a shadow-stack access", since="CPUs with CET", linux=("X86_PF_SHSTK",)),
        Field("HLAT", 7, "1: HLAT paging found no translation: an entry of its tables was not present, or had a reserved bit set; Linux has no constant "
              "for it, and no machine here has shown it",
              since="CPUs with HLAT"),
        Field("SGX", 15, "1: the SGX access checks forbade it", since="CPUs with SGX", linux=("X86_PF_SGX",)),
        Field("RMP", 31, "1: the RMP check of SEV-SNP forbade it (AMD)", since="CPUs with SEV-SNP",
              linux=("X86_PF_RMP",)),
    ),
    sources=(
        Source("Intel SDM volume 3A", "Page-Fault Exceptions", "June 2025 edition by title"),
        Source("AMD64 APM volume 2", "Page-Fault Error Code", "by title"),
        Source("Linux", "arch/x86/include/asm/trap_pf.h", "6.1.192, 6.12.117, 7.2.13"),
        Source("Intel Xeon Processor 5400 Series Specification Update", "erratum AX74", "as quoted on LKML, 1 July 2022"),
    ),
    clauses=(
        (Case(U, U, "User-mode code tried to "), otherwise("Supervisor-mode code tried to ")),
        (Case(I, I, "fetch an instruction from "), Case(W, W, "write to "), otherwise("read from ")),
        (
            Case(SGX, SGX, "a page that SGX's access checks forbid"),
            Case(P | RSVD, RSVD, "an address that has no page, or a reserved bit in its translation"),
            Case(RSVD, RSVD, "an address whose translation has a reserved bit set"),
            Case(P, P, "a present page that does not allow it"),
            otherwise("a page that is not present"),
        ),
        (Case(PK, PK, ", and a protection key said no"),),
        (Case(SS, SS, ", as a shadow-stack access"),),
        (Case(HLAT, HLAT, ", during HLAT paging"),),
        (Case(RMP, RMP, ", and the RMP check of SEV-SNP said no"),),
        (otherwise("."),),
    ),
    impossible=(
        Case(P | SGX, SGX, "SGX without P: SGX's checks come after a translation that succeeded."),
        Case(RSVD | SGX, RSVD | SGX, "SGX with RSVD: SGX's checks come after a translation that succeeded."),
        Case(PK | SGX, PK | SGX, "SGX with PK: SGX's checks come after those of paging, and the key had refused already."),
        Case(
            P | RSVD, RSVD,
            "RSVD without P: the manuals look for reserved bits in entries that are present. QEMU's software CPU reports reserved bits so, "
            "and some older Intel CPUs (Xeon 5400, erratum AX74) a page that is just not present: ignore RSVD there.",
        ),
        Case(P | PK, PK, "PK without P: a protection key belongs to a page that is present."),
        Case(RSVD | PK, RSVD | PK, "PK with RSVD: where a reserved bit is set there is no translation, and so no key."),
        Case(P | RSVD | HLAT, P | HLAT, "HLAT with P and without RSVD: HLAT says that there was no translation, and rights forbid the access only where there is one."),
        Case(W | I, W | I, "W/R with I/D: one access is a write or a fetch, never both."),
        Case(I | PK, I | PK, "PK with I/D: protection keys do not apply to instruction fetches."),
        Case(I | SS, I | SS, "SS with I/D: a shadow-stack access is a data access."),
    ),
    readers=(
        Reader(r"#PF: error_code\(0x([0-9a-f]{1,16})\)", 16, "the #PF line of an oops"),
        Reader(r"segfault at .{1,100}? error ([0-9a-f]{1,8})\b", 16, "a segfault line of dmesg (its number is hex)"),
        Reader(r"\bv=0e e=([0-9a-f]{4,8})\b", 16, "QEMU's -d int log"),
        Reader(r"\bkvm_inj_exception: #PF \(0x([0-9a-f]{1,8})\)", 16, "kvm_inj_exception, the #PF that KVM injects"),
        Reader(r"\bintr_info 0x80000b0e error_code 0x([0-9a-f]{8})\b", 16, "kvm_exit's error_code, as intr_info is a #PF"),
        *NOT_A_PAGE_FAULT,
        Reader(r"\berror_code[=: (]{1,3}(?:0x)?([0-9a-f]{1,16})\b", 16, "a tracepoint's error_code="),
        Reader(r"\bOops: ([0-9a-f]{4,16})\b", 16, "the Oops: line (its number is hex)"),
        Reader(r"\bBad pagetable: ([0-9a-f]{4})\b", 16, "the Bad pagetable: line of an oops"),
        Reader(r"\bpferr ([0-9a-f]{1,16})\b", 16, "pferr of KVM's page-table walker (hex)"),
        Reader(r"\berror code: (?:0x)?0{8}([0-9a-f]{8})\b", 16, "error code: with sixteen digits, as macOS and Nanos print a #PF"),
        Reader(r"\bpage fault trap, code=([0-9a-f]{1,8})\b", 16, "OpenBSD's page fault trap"),
        Reader(r"\berror_code[=: ]{1,3}([1-9][0-9]{1,9})\b", 10, "error_code= in decimal"),
    ),
    examples=(
        ("First touch", 0x6), ("Copy on write", 0x7), ("NX fetch", 0x15), ("Kernel NULL read", 0x0), ("SMAP read", 0x1),
    ),
)  # fmt: skip
