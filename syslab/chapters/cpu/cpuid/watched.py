"""The features whose first appearance is looked for, and the CPUs that GCC knows by name."""

from __future__ import annotations

from typing import Literal

Line = Literal["core", "atom", "amd"]
LINES: dict[Line, str] = {
    "core": """
        nehalem westmere sandybridge ivybridge haswell broadwell skylake skylake-avx512 cascadelake cannonlake icelake-client
        cooperlake tigerlake icelake-server rocketlake alderlake sapphirerapids graniterapids arrowlake pantherlake diamondrapids
    """,
    "atom": "bonnell silvermont goldmont goldmont-plus tremont gracemont sierraforest grandridge clearwaterforest",
    "amd": "k8 barcelona bdver1 bdver2 bdver3 bdver4 znver1 znver2 znver3 znver4 znver5",
}
"""GCC's names for CPUs, oldest first: Intel's Core and Xeon, Intel's Atom (and Xeons of such cores), AMD. No Xeon Phi."""

WATCHED = (
    ("cpuid-7-0-ebx", "AVX2", "__AVX2__"),
    ("cpuid-7-0-ebx", "ADX", "__ADX__"),
    ("cpuid-7-0-ebx", "SHA", "__SHA__"),
    ("cpuid-7-0-ebx", "AVX512F", "__AVX512F__"),
    ("cpuid-7-0-ebx", "CLWB", "__CLWB__"),
    ("cpuid-7-0-ecx", "PKU", "__PKU__"),
    ("cpuid-7-0-ecx", "WAITPKG", "__WAITPKG__"),
    ("cpuid-7-0-ebx", "SMEP", ""),
    ("cpuid-7-0-ebx", "SMAP", ""),
    ("cpuid-7-0-ecx", "UMIP", ""),
    ("cpuid-7-0-ecx", "LA57", ""),
    ("cpuid-7-1-eax", "LAM", ""),
    ("cpuid-7-1-eax", "FRED", ""),
    ("cpuid-7-1-eax", "LASS", ""),
)
"""Features of this book: layout, field, and the macro GCC defines where it may use the feature ("": the kernel's matter)."""
