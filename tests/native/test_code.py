"""Machine code in this process: it runs, W^X holds, and other machines are refused."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

from syslab.native import UnsupportedMachine, require_x86_64_linux
from syslab.native import code as native


def executable_and_writable() -> list[str]:
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if re.match(r"\S+ .wx", line)]


def test_code_runs_and_takes_arguments() -> None:
    with native.Code(bytes.fromhex("488d0437 c3")) as add:  # lea rax, [rdi+rsi]; ret
        assert add(2, 40) == 42
        assert add(2**64 - 1, 1) == 0
        assert not executable_and_writable()
    with pytest.raises(ValueError, match="closed"):
        add(1, 2)


def test_no_page_is_ever_writable_and_executable() -> None:
    for call in (lambda: native.map_pages(native.PROT_WRITE | native.PROT_EXEC), lambda: native.protect(0, 6)):
        with pytest.raises(ValueError, match="never both"):
            call()


def test_bad_code_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes, not str"):
        native.Code("90")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="empty"):
        native.Code(b"")
    with native.Code(b"\xc3") as code, pytest.raises(TypeError, match="at most 6"):
        code(1, 2, 3, 4, 5, 6, 7)


def test_errors_carry_errno() -> None:
    with pytest.raises(OSError, match="mprotect"):
        native.protect(1, native.PROT_READ)
    with pytest.raises(OSError, match="mmap of"):
        native.map_pages(native.PROT_READ, 1 << 62)


def test_disassembly() -> None:
    assert native.disassemble(bytes.fromhex("8a07c3")) == "   0  8a 07  mov al, byte ptr [rdi]\n   2  c3     ret"
    assert "(not an instruction)" in native.disassemble(bytes.fromhex("c3 0f"))


def test_other_machines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(UnsupportedMachine, match="this machine is arm64 Darwin"):
        require_x86_64_linux()
    with pytest.raises(UnsupportedMachine):
        native.Code(b"\xc3")
