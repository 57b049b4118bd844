"""CPUID: the chapter book/cpu/cpuid.md."""
