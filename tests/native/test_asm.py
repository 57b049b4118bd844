"""Machine code says what its assembly says: every piece in the project is disassembled, and code is written no other way.

Bytes do not say whether they are code. What can be seen in a source are the ways that lead to such bytes: a text in
hexadecimal (``bytes.fromhex``), a bytes literal with something unprintable in it, ``bytes([...])``, and ``struct.pack`` of a
byte, with numbers in them. Each is :mod:`syslab.native.asm`, or named here as data. What would go unseen: code that is
printable (b"P" is PUSH RAX), and a number that has a name before it gets into bytes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import capstone
import pytest

import syslab
from syslab.chapters.kvm.halt.ask import GUESTS
from syslab.native import asm

ROOT = Path(syslab.__file__).parent
WIDTHS = {"code": (64,), "code32": (32,), "code16": (16,), "any_mode": (16, 32, 64)}
MODES = {16: capstone.CS_MODE_16, 32: capstone.CS_MODE_32, 64: capstone.CS_MODE_64}
SIZES = re.compile(r"\b(?:byte|word|dword|qword|xmmword|ymmword|zmmword) (?=\S*\[)")
NUMBER = re.compile(r"(?<!\w)(?:0x[0-9a-f]+|\d+)(?!\w)")
HEX_OPERAND, OPERAND = re.compile(r"\{(\w+):([1248])\}"), re.compile(r"\{(\w+)\}")
SAMPLES = ({1: 0x2A, 2: 0x1234, 4: 0x12345678, 8: 0x123456789ABCDEF0}, {1: 1, 2: 2, 4: 3, 8: 1 << 62})
STRINGS = ("movs", "stos", "lods", "scas", "cmps", "ins", "outs")


class Piece(NamedTuple):
    """A call of one of asm's functions, as it stands in the source."""

    where: str
    function: str
    hexadecimal: str
    assembly: str
    operands: tuple[str, ...]


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


TREES = dict(_trees())


def _function(call: ast.Call, file: str) -> str:
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "asm":
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) and file == "native/asm.py" else ""


def pieces() -> Iterator[Piece]:
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := _function(node, file)) in WIDTHS:
                where = f"{file}:{node.lineno}"
                texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                assert len(texts) == len(node.args) == 2, f"{where}: two literal texts, and operands by name"
                yield Piece(where, name, *map(str, texts), tuple(str(keyword.arg) for keyword in node.keywords))


def canonical(text: str) -> str:
    """One spelling: no ``ptr``, numbers in hex, no blanks inside brackets."""
    text = text.lower().replace(" ptr", "").replace("movabs", "mov")
    text = re.sub(r"\[[^]]*\]", lambda match: match[0].replace(" ", ""), " ".join(text.split()))
    return NUMBER.sub(lambda match: hex(int(match[0], 0)), text)


def spellings(found: capstone.CsInsn) -> set[str]:
    """What may be written for an instruction: all that capstone says, or less where a register or the name says the size."""
    operands = found.op_str
    leads = found.group(capstone.CS_GRP_JUMP) or found.group(capstone.CS_GRP_CALL)
    if leads and [operand.type for operand in found.operands] == [capstone.x86.X86_OP_IMM]:
        distance = found.operands[0].imm - found.address
        operands = f"${distance:+}" if distance else "$"
    full = canonical(f"{found.mnemonic} {operands}".strip())
    told = {full}
    registers = any(operand.type == capstone.x86.X86_OP_REG for operand in found.operands)
    if registers and not found.mnemonic.startswith(("movzx", "movsx")):
        told.add(SIZES.sub("", full))
    if found.mnemonic.split()[-1].startswith(STRINGS):
        told.add(found.mnemonic)
    return told


def check(code: bytes, assembly: str, width: int) -> None:
    engine = capstone.Cs(capstone.CS_ARCH_X86, MODES[width])
    engine.detail = True
    found = list(engine.disasm(code, 0x1000))
    told = [canonical(part) for part in assembly.split(";")]
    assert sum(one.size for one in found) == len(code), f"{code.hex(' ')} is not all code: {[one.mnemonic for one in found]}"
    assert len(found) == len(told), [f"{one.mnemonic} {one.op_str}" for one in found]
    for one, text in zip(found, told, strict=True):
        assert text in spellings(one), f"{one.bytes.hex(' ')} in {width} bits is {spellings(one)}, not {text!r}"


PIECES = list(pieces())


def test_there_are_pieces() -> None:
    assert len(PIECES) > 100


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.where)
def test_the_assembly_is_that_of_the_bytes(piece: Piece) -> None:
    sizes = {name: int(size) for name, size in HEX_OPERAND.findall(piece.hexadecimal)}
    assert set(sizes) == set(OPERAND.findall(piece.assembly)) == set(piece.operands)
    for sample in SAMPLES if sizes else ({},):
        values = {name: sample[size] + n for n, (name, size) in enumerate(sizes.items())}
        code = getattr(asm, piece.function)(piece.hexadecimal, piece.assembly, **values)
        for width in WIDTHS[piece.function]:
            check(code, OPERAND.sub(lambda match: hex(values[match[1]]), piece.assembly), width)  # noqa: B023  (used at once)


# the encoders


@pytest.mark.parametrize("value", [0, 1, 0xFFFF_FFFF, 1 << 32, 0xFEDC_BA98_7654_3210, (1 << 64) - 1])
@pytest.mark.parametrize("msr", [0x10, 0x830, 0xC000_0080])
def test_wrmsr(msr: int, value: int) -> None:
    assembly = f"mov ecx, {msr}; mov eax, {value & 0xFFFFFFFF}; mov edx, {value >> 32}; wrmsr"
    check(asm.wrmsr(msr, value), assembly, 64)
    check(asm.wrmsr16(msr, value), assembly, 16)


@pytest.mark.parametrize("width", [16, 32, 64])
def test_out(width: int) -> None:
    for number in range(256):
        check(asm.out(number), f"out {number}, al", width)
        check(asm.say(number, 255 - number), f"mov al, {255 - number}; out {number}, al", width)


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("jump", ["jmp", "jne", "jbe"])
def test_again(jump: str, width: int) -> None:
    for length in range(127):
        check(asm.again(b"\x90" * length, jump), "nop;" * length + f"{jump} $" + (f"-{length}" if length else ""), width)
    with pytest.raises(OverflowError):
        asm.again(b"\x90" * 127, jump)


def test_operands_that_do_not_fit() -> None:
    with pytest.raises(OverflowError):
        asm.out(0x100)
    with pytest.raises(KeyError, match="port"):
        asm.code("e6 {port:1}", "out {port}, al")
    assert asm.code("05 {value:4}", "add eax, {value}", value=-2) == b"\x05\xfe\xff\xff\xff"


@pytest.mark.parametrize(
    ("code", "assembly", "width"),
    [
        (b"\x0f\xa2", "cpuid; hlt", 64), (b"\x0f\xa2\xf4", "cpuid", 64), (b"\xb0\x02", "mov al, 3", 64), (b"\x0f", "nop", 64),
        (b"\xc6\x07\x01", "mov [rdi], 1", 64), (b"\xff\x06\x00\x20", "inc byte [0x2000]", 16), (b"\xeb\xfe", "jmp $+2", 64),
        (b"\xb8\x01\x00\x00\x00", "mov eax, 1", 16), (b"\x8a\x07", "mov al, [rsi]", 64), (b"\x48\xcf", "iret", 64),
    ],
)  # fmt: skip
def test_a_comment_that_lies_is_found(code: bytes, assembly: str, width: int) -> None:
    with pytest.raises(AssertionError):
        check(code, assembly, width)


# no code elsewhere

READS_HEX = {  # who makes bytes of a text that is not its own
    "native/asm.py": "this assembler",
    "native/code.py": "its own disassembly",
    "chapters/kvm/first_vm/guest.py": "what a reader typed",
    "chapters/files/ntfs_links/model.py": "what a reader typed",
    "chapters/files/ntfs_links/show.py": "a recorded row",
    "chapters/files/binary_formats/pictures.py": "a recorded row",
    "chapters/files/bool_size/pictures.py": "a recorded row",
    "chapters/kvm/halt/ask.py": "guests with their assembly, see below, and what a reader typed",
    "chapters/kvm/halt/exercises.py": "what a reader typed",
}
NUMBERS = {  # file -> bytes, or a number in them, that are data
    "kvm/exit_guest.py": {b"\xff"},  # what a port reads where nothing is
    "qemu/kvm_runner.py": {b"\xff"},
    "qemu/bare_metal.py": {b"\x7fELF\x02\x01"},
    "qemu/bare_metal_protocol.py": {b"\x0e"},  # what fills a frame: no instruction in 64 bits, as its docstring says
    "chapters/files/binary_formats/parsers/by_cstruct.py": {b"\x7fELF"},
    "chapters/kvm/emulator/guest.py": {b"\x05"},  # what a port reads
}
GENERATED = ("chapters/files/binary_formats/parsers/pe_headers.py", "chapters/files/binary_formats/parsers/elf64_headers.py")


def _numbers(nodes: list[ast.expr]) -> bool:
    return any(isinstance(node, ast.Constant) and isinstance(node.value, int) for one in nodes for node in ast.walk(one))


def _made(tree: ast.Module) -> Iterator[tuple[int, str | bytes]]:
    """Line, and what makes bytes of literal numbers there: the bytes themselves, or the name of the function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
            if any(byte not in b"\0\t\n\r" and not 0x20 <= byte < 0x7F for byte in node.value):
                yield node.lineno, node.value
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("bytes", "bytearray") and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
                if _numbers(node.args):
                    yield node.lineno, "bytes([...])"
            elif name.startswith("struct.pack") and node.args and "B" in ast.unparse(node.args[0]) and _numbers(node.args[1:]):
                yield node.lineno, "struct.pack"


def test_no_hexadecimal_text_becomes_bytes_elsewhere() -> None:
    found = {
        file
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if "fromhex" in (getattr(node, "attr", ""), getattr(node, "id", ""))
    }
    assert found == READS_HEX.keys()


@pytest.mark.parametrize(("text", "assembly"), GUESTS.items())
def test_guests_that_are_named_by_their_bytes(text: str, assembly: str) -> None:
    check(bytes.fromhex(text), assembly, 16)


def test_no_bytes_are_made_of_numbers_elsewhere() -> None:
    found = [(file, line, what) for file, tree in TREES.items() if file not in GENERATED for line, what in _made(tree)]
    assert not [one for one in found if one[2] not in NUMBERS.get(one[0], ())]
    assert {(file, what) for file, _, what in found} == {(file, what) for file, known in NUMBERS.items() for what in known}


def test_the_assembler_is_called_by_its_name() -> None:
    """Else its calls would not be found."""
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").endswith("asm"), file
                assert all(alias.asname is None for alias in node.names if alias.name == "asm"), file
