"""What the titles of CPUID's fields say, against the kernel's own words for the same bits: a title in the wrong place fails.

For each field its title has a word in common with what kcpuid's table and the comments of ``cpufeatures.h`` say of these bits, or
the manuals where those have a mnemonic alone. And no two titles of a register would fit better if they changed places.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from syslab.bits import Field, Layout, anchors, get

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "linux_cpuid_words.json").read_text(encoding="utf-8"))
REGISTERS = [anchor for anchor in anchors() if anchor.startswith("cpuid-")]
_SMALL = """the of a an and or for in is are to with by on support supported cpu be it its that this as at from not bit bits if can has
have feature number max"""
SMALL = frozenset(_SMALL.split())

# Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E; Linux, Documentation/virt/kvm/x86/cpuid.rst: what the mnemonic is about, where the
# kernel's tables have the mnemonic alone, other words, or one description for two fields.
MANUALS = """
0-ebx: VENDOR1=maker letters 1 4
0-edx: VENDOR2=maker letters 5 8
0-ecx: VENDOR3=maker letters 9 12
80000000-ebx: VENDOR1=maker letters 1 4
80000000-edx: VENDOR2=maker letters 5 8
80000000-ecx: VENDOR3=maker letters 9 12
4-n-eax: SELF_INIT=initialization
6-eax: HDC=hardware duty cycling
b-n-ecx: TYPE=level type
1-eax: STEPPING=revision; MODEL=low; EXT_MODEL=high
80000001-eax: STEPPING=revision; MODEL=low; EXT_MODEL=high
1-ecx: PCLMULQDQ=carry-less multiplication; VMX=virtualization; FMA=fused multiply-add; CMPXCHG16B=compare exchange 16; XTPR=task priority messages; PDCM=IA32_PERF_CAPABILITIES MSR; DCA=prefetching memory mapped device; x2APIC=APIC 32-bit IDs MSRs; MOVBE=move swaps bytes; POPCNT=counting set bits; AVX=256-bit vectors floating; RDRAND=random; HYPERVISOR=hypervisor
1-edx: PSE=pages 4 MB; CMPXCHG8B=compare exchange 8; PSE36=4-MB pages above 4 GB; ACPI=clock modulation
7-0-ebx: AVX2=256-bit vectors integers; SMEP=user pages execute; RDSEED=seeds random; CLWB=write line back keep; BMI1=first; BMI2=second
7-0-ecx: OSPKE=CR4.PKE set; WAITPKG=UMONITOR UMWAIT TPAUSE; GFNI=GF arithmetic; VPCLMULQDQ=carry-less multiplication vectors; RDPID=read processor ID; CLDEMOTE=line move away; MOVDIRI=direct store 4 8; MOVDIR64B=direct store 64; AVX512_VBMI=permutations; AVX512_VBMI2=compression shifts; AVX512_BITALG=bytes words; AVX512_VPOPCNTDQ=doublewords quadwords
7-0-edx: AVX512_VP2INTERSECT=intersection vectors; HYBRID=cores kinds; AVX512_4FMAPS=multiply four; AVX512_FP16=half precision
7-1-eax: CMPCCXADD=compare add condition; AMX-FP16=tiles half-precision; SHA512=sha-512; RAO-INT=remote atomic operations; INVD_DISABLE=INVD forbidden firmware; MOVRS=loads sharing reading
7-1-edx: AVX-VNNI-INT8=dot products bytes; AVX-NE-CONVERT=conversions without exceptions; AVX-VNNI-INT16=dot products words; USER_MSR=URDMSR UWRMSR user; UIRET_UIF=UIRET flag; AVX10=AVX10 version
7-2-edx: DDPD_U=data-dependent prefetching; MONITOR_MITG_NO=MONITOR UMONITOR mitigation; MCDT_NO=MXCSR timing
d-0-eax: SSE=XMM MXCSR; AVX=upper halves YMM; PKRU=protection keys rights; APX=APX R16 R31 general registers; BNDCSR=configuration status MPX; TILECFG=configuration
d-1-eax: XFD=fault first use
d-1-ecx: PT=processor trace; PASID=address-space process ENQCMD; HDC=hardware duty cycling; UINTR=user interrupts; LBR=last-branch records; HWP=hardware P-states
80000001-ecx: CmpLegacy=cores without hyper-threading; SVM=virtualization; DataBkptExt=address masks; AddrMaskExt=bit 31 reach
80000001-edx: PSE=pages 4 MB; CMPXCHG8B=compare exchange 8; PSE36=4-MB pages above 4 GB; NX=pages executed; MMXExt=additions; MMX=repeats; FXSR=repeats; FFXSR=fast; 3DNowExt=additions
4-n-ecx: SETS=sets number
d-n-ecx: XFD_FAULT=XFD fault
40000001-eax: CLOCKSOURCE=clock first MSR; MMU_OP=paging operations; CLOCKSOURCE2=clock today MSR; ASYNC_PF=page faults later task; PV_EOI=end of interrupt exit; PV_UNHALT=wake-up halted spin locks; ASYNC_PF_VMEXIT=page faults nested exits; PV_SEND_IPI=interrupts many vCPUs hypercall; ASYNC_PF_INT=interrupt announced late; HC_MAP_GPA_RANGE=encrypted shared hypercall; MIGRATION_CONTROL=migrated; CLOCKSOURCE_STABLE_BIT=same all vCPUs clock
2-eax: INVALID=register holds
2-ebx: INVALID=register holds
2-ecx: INVALID=register holds
2-edx: INVALID=register holds
80000005-eax: ITLB_ENTRIES=instruction; ITLB_WAYS=instruction; DTLB_ENTRIES=data; DTLB_WAYS=data
80000005-ebx: ITLB_ENTRIES=instruction; ITLB_WAYS=instruction; DTLB_ENTRIES=data; DTLB_WAYS=data
80000006-eax: ITLB_ENTRIES=instruction; ITLB_WAYS=instruction; DTLB_ENTRIES=data; DTLB_WAYS=data
80000006-ebx: ITLB_ENTRIES=instruction; ITLB_WAYS=instruction; DTLB_ENTRIES=data; DTLB_WAYS=data
80000008-ebx: IbrsSameMode=privilege level; STIBP=single thread; StibpAlwaysOn=left on better; IbrsAlwaysOn=left on better; CLZERO=zero line; MCOMMIT=stores wait memory; WBNOINVD=write caches back keep
80000007-edx: TTP=hot off
"""
# Fields that kcpuid's table does not have, and who does.
NOT_IN_KCPUID = {
    "4-n-ecx SETS": "it has bits 30:0; the SDM has all 32",
    "7-1-eax SHA512": "Intel's instruction set extensions reference (319433)",
    "7-1-eax SM3": "Intel 319433", "7-1-eax SM4": "Intel 319433", "7-1-eax RAO-INT": "Intel 319433",
    "7-1-eax INVD_DISABLE": "Intel 319433", "7-1-eax MOVRS": "Intel 319433",
    "7-1-edx AVX-VNNI-INT16": "Intel 319433", "7-1-edx USER_MSR": "Intel 319433", "7-1-edx UIRET_UIF": "Intel 319433",
    "7-1-edx AVX10": "Intel 361050, AVX10", "7-1-edx APX_F": "Intel 355828, APX", "d-0-eax APX": "Intel 355828, APX",
    "7-2-edx MONITOR_MITG_NO": "SDM", "d-n-ecx XFD_FAULT": "SDM; it has subleaf 0 alone",
    "80000007-edx FastCPPC": "scattered.c: X86_FEATURE_AMD_FAST_CPPC", "80000007-edx CPPCPerfPrio": "scattered.c: X86_FEATURE_CPPC_PERF_PRIO",
}  # fmt: skip


def words(text: str) -> set[str]:
    """What a text is about: its words in lower case, without endings, without the small ones."""
    found = set()
    for word in re.findall(r"[a-z0-9]+", text.lower()):
        if word not in SMALL:
            plain = re.sub(r"(ing|ed|es|s)$", "", word) if len(word) > 4 and not word[-2].isdigit() else word
            found |= {plain} - SMALL - {""}
    return found


def manuals() -> dict[str, set[str]]:
    found = {}
    for line in re.split(r"\n(?=\S+: )", MANUALS.strip()):
        register, _, rest = line.partition(": ")
        for part in rest.split(";"):
            name, _, said = part.strip().partition("=")
            found[f"{register} {name}"] = words(said)
    return found


SAID = manuals()


def about(anchor: str, field: Field) -> set[str]:
    """What others say of these bits."""
    short = anchor.removeprefix("cpuid-")
    found = set(ORACLE["kcpuid"].get(short, {}).get(field.bits, "").split()) | SAID.get(f"{short} {field.name}", set())
    for constant in field.linux:
        name = constant.removeprefix("X86_FEATURE_")
        found |= set(ORACLE["comments"].get(name, "").split()) | words(name.replace("_", " "))
    return found


def misplaced(anchor: str, layout: Layout) -> list[str]:
    """Titles that nobody else's words support, and pairs that would fit as well the other way round."""
    heard = [(field, words(field.title), about(anchor, field)) for field in layout.fields]
    bad = [field.name for field, title, said in heard if not title & said]
    for (one, first, of_one), (two, second, of_two) in combinations(heard, 2):
        if len(first & of_one) + len(second & of_two) <= len(first & of_two) + len(second & of_one):
            bad.append(f"{one.name} and {two.name}")
    return bad


@pytest.mark.parametrize("anchor", REGISTERS)
def test_titles_say_what_the_kernel_says(anchor: str) -> None:
    assert not misplaced(anchor, get(anchor))


@pytest.mark.parametrize("anchor", REGISTERS)
def test_two_titles_in_each_others_place_would_be_noticed(anchor: str) -> None:
    """The measure bites: of every register, with any two titles swapped."""
    layout = get(anchor)
    for one, two in combinations(layout.fields, 2):
        titles = {one.name: two.title, two.name: one.title}
        swapped = tuple(
            replace(field, title=titles.get(field.name, field.title)) for field in layout.fields if field.name in titles
        )
        assert misplaced(anchor, replace(layout, fields=swapped)), f"{one.name} and {two.name}"


def test_fields_that_kcpuid_does_not_have_are_listed() -> None:
    found = {
        f"{short} {field.name}"
        for short, rows in ORACLE["kcpuid"].items()
        for field in get(f"cpuid-{short}").fields
        if field.bits not in rows
    }
    assert found == set(NOT_IN_KCPUID)


@pytest.mark.parametrize(
    ("field", "text"),
    [  # number, text: Intel SDM volume 2A, CPUID, leaf 4 (EAX 4:0) and 0xB (ECX 15:8), version information (EAX 13:12)
        ("cpuid-4-n-eax TYPE", {0: "no more caches", 1: "data", 2: "instructions", 3: "unified"}),
        ("cpuid-b-n-ecx TYPE", {0: "no more levels", 1: "threads", 2: "cores"}),
        ("cpuid-1-eax TYPE", {0: "original", 1: "OverDrive", 2: "dual"}),
        ("cpuid-80000001-eax TYPE", {0: "original", 1: "OverDrive", 2: "dual"}),
        # AMD APM volume 3, Fn8000_0005 and Fn8000_0006: associativity; kcpuid's and intel_cacheinfo.c's assocs[] agree
        *((f"cpuid-80000005-{place}", {0: "reserved", 1: "direct", 255: "fully"}) for place in
          ("eax ITLB_WAYS", "eax DTLB_WAYS", "ebx ITLB_WAYS", "ebx DTLB_WAYS", "ecx WAYS", "edx WAYS")),
        *((f"cpuid-80000006-{place}", {0: "off", 1: "direct", 2: "2-", 3: "3-", 4: "4-", 5: "6-", 6: "8-", 8: "16-", 10: "32-", 11: "48-",
                                       12: "64-", 13: "96-", 14: "128-", 15: "fully"}) for place in
          ("eax ITLB_WAYS", "eax DTLB_WAYS", "ebx ITLB_WAYS", "ebx DTLB_WAYS", "ecx WAYS", "edx WAYS")),
        ("cpuid-80000008-ecx PerfTscSize", {0: "40", 1: "48", 2: "56", 3: "64"}),
        # Linux, arch/x86/include/asm/apicdef.h: APIC_DM_ and APIC_DEST_
        ("icr MODE", {0: "fixed", 1: "lowest", 2: "SMI", 3: "reserved", 4: "NMI", 5: "INIT", 6: "SIPI", 7: "reserved"}),
        ("icr SHORT", {0: "destination", 1: "itself", 2: "all", 3: "but the sender"}),
        # Intel SDM volume 3A, Page Attribute Table: memory types
        *((f"pat PA{n}", {0: "UC,", 1: "WC,", 4: "WT,", 5: "WP,", 6: "WB,", 7: "UC-,"}) for n in range(8)),
        # Linux, include/uapi/asm-generic/ioctl.h: _IOC_NONE 0, _IOC_WRITE 1, _IOC_READ 2
        ("ioc DIR", {0: "none", 1: "write: the kernel reads", 2: "read: the kernel fills", 3: "read and write"}),
        # Linux, include/uapi/linux/ptrace.h: PTRACE_EVENT_
        ("wait EVENT", {1: "fork", 2: "vfork", 3: "clone", 4: "exec", 5: "vfork", 6: "exit", 7: "seccomp", 128: "stop"}),
        # elf.h: ELFCLASS, ELFDATA, ET_; Microsoft's PE format: machine, magic, subsystem
        ("elf-class ei_class", {0: "invalid", 1: "32", 2: "64"}),
        ("elf-data ei_data", {0: "invalid", 1: "little", 2: "big"}),
        ("elf-type e_type", {0: "ET_NONE", 1: "ET_REL", 2: "ET_EXEC", 3: "ET_DYN", 4: "ET_CORE"}),
        ("pe-magic magic", {0x10B: "PE32", 0x20B: "PE32+"}),
        ("pe-subsystem subsystem", {1: "native", 2: "GUI", 3: "console", 10: "application", 11: "boot", 12: "runtime", 13: "ROM"}),
        # Intel SDM volume 3A: P, R/W, U/S of a paging-structure entry and of the error code; the topmost bit of an address
        *((f"{entry} R/W", {0: "read-only", 1: "writable"}) for entry in ("pte", "pde-2m", "pdpte-1g", "paging-table")),
        *((f"{entry} U/S", {0: "supervisor", 1: "user"}) for entry in ("pte", "pde-2m", "pdpte-1g", "paging-table", "pfec")),
        ("pfec W/R", {0: "read", 1: "write"}),
        ("pfec P", {0: "not present"}),
        ("va Top", {0: "lower", 1: "upper"}),
    ],
)  # fmt: skip
def test_values_mean_what_the_sources_say(field: str, text: dict[int, str]) -> None:
    anchor, name = field.split(" ")
    values = get(anchor).field(name).values
    for number, part in text.items():
        assert part in values[number], f"{number}: {values[number]}"


def test_every_field_with_named_values_is_held() -> None:
    """Those not named above have an oracle of their own: kernel constants by number, or one text for many values."""
    marks = [mark for mark in test_values_mean_what_the_sources_say.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    here = {field for field, _ in marks[0].args[1]}
    elsewhere = {
        "wait TERMSIG",
        "ioc TYPE",
        "kvm-req NUMBER",
        "kvm-req-6-12 NUMBER",
        "kvm-req-6-1 NUMBER",
    }  # each in its layout's test
    elsewhere |= {
        "elf-machine e_machine",
        "elf-ptype p_type",
        "pe-machine machine",
    }  # constants' names; tests/chapters/files/binary_formats
    found = {f"{anchor} {field.name}" for anchor in anchors() for field in get(anchor).fields if field.values}
    assert {field for field in found - here - elsewhere if not field.startswith("cpuid-2-")} == set()
