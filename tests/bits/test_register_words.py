"""What the titles of registers say, against the manuals: a title in the wrong place, or with 0 and 1 exchanged, fails.

The words are those of Intel SDM volume 3A, "Control Registers", and volume 1, "EFLAGS Register"; AMD64 APM volume 2, "Extended Feature
Enable Register"; and the comments of Linux, ``arch/x86/include/uapi/asm/processor-flags.h`` (7.2.13). Each is in its own field's title,
and in no other title of the register.
"""

from __future__ import annotations

import re

import pytest

from syslab.bits import anchors, get

WORDS = {
    "cr0": "PE=protected mode; MP=WAIT and FWAIT; EM=no x87; TS=task switched; ET=extension type; NE=x87 errors; WP=write protect; "
           "AM=alignment; NW=not write-through; CD=cache disable; PG=paging;",
    "cr3": "PWT=write-through; PCD=cache disable; ROOT=physical address; LAM_U57=62:57; LAM_U48=62:48;",
    "cr4": "VME=virtual-8086; PVI=virtual interrupts; TSD=RDTSC; DE=debugging; PSE=4-MByte; PAE=64 bits; MCE=machine-check; "
           "PGE=global pages; PCE=RDPMC; OSFXSR=saves SSE state; OSXMMEXCPT=SSE errors; UMIP=SGDT; LA57=5-level; VMXE=VMX; SMXE=SMX; "
           "FSGSBASE=RDFSBASE; PCIDE=process-context; OSXSAVE=XSAVE; SMEP=no fetches; SMAP=no data accesses; PKE=PKRU; CET=control-flow; "
           "PKS=keys for supervisor; LASS=separation; LAM_SUP=masking; FRED=flexible return;",
    "efer": "SCE=SYSCALL; LME=once paging is turned on; LMA=is active; NXE=XD; SVME=virtualization; LMSLE=segment limits; FFXSR=FXSAVE; "
            "TCE=INVLPG; AUTOIBRS=IBRS;",
    "rflags": "CF=carry; PF=parity; AF=lowest four bits; ZF=zero; SF=sign; TF=trap; IF=interrupts are accepted; DF=downwards; OF=overflow; "
              "IOPL=I/O; NT=nested; RF=resume; VM=virtual-8086; AC=alignment; VIF=virtual interrupt flag; VIP=pending; ID=CPUID;",
    "pfec": "W/R=write; U/S=user mode; RSVD=paging-structure entry had a reserved bit; I/D=instruction fetch; PK=protection key; "
            "SS=shadow-stack; HLAT=HLAT paging; SGX=the SGX access checks; RMP=SEV-SNP;",
    "pte": "R/W=writes allowed; U/S=user-mode accesses; PWT=write-through; PCD=cache disable; A=accessed; D=dirty; G=global; PAT=PAT; "
           "PK=protection key; XD=no instruction fetches; FRAME=physical address;",
}  # fmt: skip
# 1 means the first, 0 the second
POLAR = {
    "pfec P": ("", "not present|no translation was present"),
    "pde-2m PS": ("maps a page", "references a table"), "pdpte-1g PS": ("maps a page", "references a table"),
    "paging-table PS": ("maps a page", "references a table"), "pte P": ("", "ignores all other bits"),
    "pde-2m P": ("", "ignores all other bits"), "pdpte-1g P": ("", "ignores all other bits"), "paging-table P": ("", "ignores all other bits"),
    "icr LOGICAL": ("logical ID", "own ID"), "icr LEVEL": ("level-triggered", "edge-triggered"),  # apicdef.h: APIC_DEST_LOGICAL, _LEVELTRIG
    "cpuid-4-n-edx COMPLEX_INDEX": ("complex function", "the address bits"), "cpuid-d-n-ecx SUPERVISOR": ("IA32_XSS", "XCR0"),  # SDM, CPUID
}  # fmt: skip
FOLLOWS = re.compile(r"\b([01])(?: in a PDE or PDPTE)?: ((?:(?!; [01][ :]).)*)")


def pairs(text: str) -> dict[str, str]:
    return dict(part.strip().split("=", 1) for part in text.split(";") if part.strip())  # type: ignore[misc]


@pytest.mark.parametrize("anchor", WORDS)
def test_each_title_has_its_own_word(anchor: str) -> None:
    fields = {field.name: field.title for field in get(anchor).fields}
    for name, word in pairs(WORDS[anchor]).items():
        assert re.search(rf"\b{re.escape(word)}", fields[name]), f"{name}: {fields[name]}"
    named = pairs(WORDS[anchor])
    for name, word in named.items():
        for other in named:
            swapped = other != name and re.search(rf"\b{re.escape(word)}", fields[other])
            back = re.search(rf"\b{re.escape(named[other])}", fields[name])
            assert not (swapped and back), f"{name} and {other} could change places"


@pytest.mark.parametrize("field", POLAR)
def test_zero_and_one_mean_what_they_do(field: str) -> None:
    anchor, name = field.split()
    said = {digit: words for digit, words in FOLLOWS.findall(get(anchor).field(name).title)}
    one, zero = POLAR[field]
    assert not one or one in said["1"], said
    assert re.search(zero, said["0"]), said


def test_no_title_that_says_both_is_left_out() -> None:
    both = {
        f"{anchor} {field.name}"
        for anchor in anchors()
        for field in get(anchor).fields
        if field.width == 1 and re.search(r"\b0: ", field.title)
    }
    assert both == set(POLAR)
