"""Every reader agrees on real files, refuses broken ones with a sentence, and edits only what it is given."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syslab.bits.elf64 import elf64
from syslab.bits.pe import pe
from syslab.chapters.files.binary_formats.ask import broken
from syslab.chapters.files.binary_formats.parsers import FILES, FormatError, by_cstruct, by_kaitai, by_struct, by_tools

READERS = (by_struct, by_cstruct, by_kaitai)
HERE = Path(by_struct.__file__).parent
FORMATS = {"elf": elf64, "efi": pe}
FQ = pytest.mark.skipif(shutil.which("fq") is None, reason="needs fq")
POKE = pytest.mark.skipif(shutil.which("poke") is None, reason="needs poke")
GCC = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def system_files() -> list[Path]:
    """ELF files of this machine: programs, libraries, extension modules; 64-bit little-endian ones."""
    found = [Path(p) for name in ("ls", "sh", "gcc") if (p := shutil.which(name))] + [Path(sys.executable)]
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        found += [Path(p) for p in sorted({line.split()[-1] for line in maps if ".so" in line and "/" in line})]
    return [p for p in dict.fromkeys(p.resolve() for p in found if p.is_file()) if p.read_bytes()[:6] == b"\x7fELF\x02\x01"]


@pytest.fixture(scope="module")
def object_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled here: no program headers at all."""
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    folder = tmp_path_factory.mktemp("object")
    (folder / "a.c").write_text("int answer(void) { return 42; }\n")
    subprocess.run(["gcc", "-c", "a.c", "-o", "a.o"], cwd=folder, check=True, timeout=60)
    return folder / "a.o"


@pytest.mark.parametrize("kind", FILES)
def test_readers_agree_on_the_projects_files(kind: str) -> None:
    data = FILES[kind].read_bytes()
    values = [getattr(reader, kind)(data) for reader in READERS]
    assert values[0] == values[1] == values[2] == FORMATS[kind]().read(data).values
    assert list(values[0]) == list(values[1]) == list(values[2])


def test_readers_agree_on_files_of_the_system() -> None:
    files = system_files()
    assert len(files) >= 2
    for path in files:
        data = path.read_bytes()
        values = [reader.elf(data) for reader in READERS]
        assert values[0] == values[1] == values[2] == elf64().read(data).values, path.name
        assert values[0]["ehdr.e_type"] in (2, 3)


def test_readers_agree_on_an_object_file(object_file: Path) -> None:
    data = object_file.read_bytes()
    values = [reader.elf(data) for reader in READERS]
    assert values[0] == values[1] == values[2]
    assert (values[0]["ehdr.e_type"], values[0]["ehdr.e_phnum"]) == (1, 0)


@POKE
def test_poke_agrees(object_file: Path) -> None:
    for path in (FILES["elf"], object_file, system_files()[0]):
        assert by_tools.poke_elf(path) == by_struct.elf(path.read_bytes())
    assert by_tools.poke_efi(FILES["efi"]) == by_struct.efi(FILES["efi"].read_bytes())


@FQ
def test_fq_agrees_on_what_it_gives(object_file: Path) -> None:
    for path in (FILES["elf"], object_file, *system_files()[:2]):
        values, _ = by_tools.fq(path)
        known = by_struct.elf(path.read_bytes())
        assert {name: known[name] for name in values} == values, path.name


@FQ
def test_fq_has_no_decoder_for_pe() -> None:
    with pytest.raises(FormatError, match=r"^fq: "):
        by_tools.fq(FILES["efi"])


@pytest.mark.parametrize("what", broken())
def test_broken_files_are_refused(what: str) -> None:
    for reader in READERS:
        with pytest.raises(FormatError, match=r"\w+"):
            reader.elf(broken()[what])
    assert elf64().read(broken()[what]).problem


@POKE
@pytest.mark.parametrize("what", ["nothing at all", "the first 40 bytes", "the first 100 bytes", "e_phoff far outside"])
def test_poke_complains_in_words(what: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(broken()[what])
    with pytest.raises(by_tools.ToolFailed, match=r"^poke: "):
        by_tools.poke_elf(path)


@pytest.mark.long
@settings(max_examples=300)
@given(
    kind=st.sampled_from(sorted(FILES)),
    edits=st.dictionaries(st.integers(0, 0x1D7), st.integers(0, 255), max_size=4),
    cut=st.integers(0, 0x300),
)
def test_bent_files(kind: str, edits: dict[int, int], cut: int) -> None:
    """All three read the same, or refuse; nothing but FormatError comes out."""
    data = bytearray(FILES[kind].read_bytes())
    for at, byte in edits.items():
        data[at] = byte
    whole = bytes(data[:cut]) if cut < 0x200 else bytes(data)
    answers = []
    for reader in READERS:
        try:
            answers.append(getattr(reader, kind)(whole))
        except FormatError:
            answers.append(None)
    assert answers[0] == answers[1] or None in answers[:2]
    assert (answers[0] is None) == (answers[1] is None)
    if answers[0] is not None and answers[2] is not None:
        assert answers[0] == answers[2]
    tree = FORMATS[kind]().read(whole)
    if answers[0] is not None and not tree.problem:
        assert tree.values == answers[0]


@pytest.mark.long
@given(st.binary(max_size=400))
def test_noise(data: bytes) -> None:
    for reader in READERS:
        for kind in FILES:
            with pytest.raises(FormatError):
                getattr(reader, kind)(data)


def test_messages_say_what_and_where() -> None:
    with pytest.raises(FormatError, match=r"^ehdr\.ei_class at 0x4 is 0x1: only class 2"):
        by_struct.elf(broken()["class 1, 32-bit"])
    with pytest.raises(FormatError, match=r"^phdr\[0\] would be bytes 0x40 to 0x77, but the file has 0x64 bytes"):
        by_struct.elf(broken()["the first 100 bytes"])


@POKE
def test_poke_writes_one_byte_of_a_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.elf"
    copy.write_bytes(FILES["elf"].read_bytes())
    by_tools.poke_byte(copy, 0x10, 3)
    assert by_struct.elf(copy.read_bytes())["ehdr.e_type"] == 3
    assert [a for a, (x, y) in enumerate(zip(copy.read_bytes(), FILES["elf"].read_bytes(), strict=True)) if x != y] == [0x10]
    for offset, value in ((1 << 20, 1), (-1, 1), (0, 256), (0, -1)):
        with pytest.raises(ValueError, match=r"outside the file|no byte"):
            by_tools.poke_byte(copy, offset, value)


@POKE
def test_a_path_cannot_become_code(tmp_path: Path) -> None:
    with pytest.raises(by_tools.ToolFailed, match="cannot be given the path"):
        by_tools.poke_elf(tmp_path / 'a"); evil ("')


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_tools, "PATIENCE", 0.3)
    with pytest.raises(by_tools.ToolFailed, match="did not end"):
        by_tools.run([sys.executable, "-c", "import time; time.sleep(60)"])


@pytest.mark.parametrize(("source", "made"), [("elf64.ksy", "elf64_headers.py"), ("pe.ksy", "pe_headers.py")])
def test_generated_parsers_are_those_of_their_source(source: str, made: str) -> None:
    said = re.search(r"SHA-256 ([0-9a-f]{64})\) by kaitai-struct-compiler 0\.11\.0", (HERE / made).read_text())
    assert said and said[1] == hashlib.sha256((HERE / source).read_bytes()).hexdigest()


@GCC
def test_the_efi_file_is_built_the_same_again(tmp_path: Path) -> None:
    script = FILES["efi"].parent / "build.sh"
    out = tmp_path / "again.efi"
    version = subprocess.run(["ld", "-V"], capture_output=True, text=True, timeout=60).stdout
    if "i386pep" not in version:
        pytest.skip("this ld makes no PE files")
    subprocess.run([str(script), str(out)], check=True, timeout=60, stdout=subprocess.DEVNULL)
    values, known = by_struct.efi(out.read_bytes()), by_struct.efi(FILES["efi"].read_bytes())
    assert values["opt.subsystem"] == known["opt.subsystem"] == 10
    if "2.40" in version and os.uname().machine == "x86_64":
        assert out.read_bytes() == FILES["efi"].read_bytes()
