"""Instruction fetch: the chapter book/cpu/instruction-fetch.md."""
