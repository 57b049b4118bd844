"""Read, and edited, on the command line: fq and GNU poke. Each run is bounded and reads nothing from the terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import FormatError, Values
from . import by_struct as names

HERE = Path(__file__).parent
PATIENCE = 30.0  # seconds; a run takes about half of one on an idle machine


class ToolFailed(RuntimeError):
    """A program did not do what was asked; the message has its last words."""


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, output and errors of ``argv``; ToolFailed if it does not end in :data:`PATIENCE` seconds."""
    with tempfile.TemporaryDirectory(prefix="syslab-") as home:  # their histories and settings stay out of it
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True
        ) as child:
            try:
                out, err = child.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                raise ToolFailed(f"{argv[0]} did not end in {PATIENCE:.0f} s") from None
        return child.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def fq(path: Path) -> tuple[Values, str]:
    """What fq's ELF decoder found in ``path``, and its complaint where it stopped ("" if it did not).

    It has no field of its own for single bytes of the magic number and the padding: these two are left out.
    FormatError with fq's words if it finds no ELF header.
    """
    code, out, err = run(["fq", "-c", "-d", "elf", "-f", str(HERE / "elf.jq"), str(path)])
    try:
        found = json.loads(out)
        head = found["ehdr"]
        if code or None in head.values():
            raise ValueError
    except (ValueError, KeyError, AttributeError):
        raise FormatError(f"fq: {' '.join((err or out).replace(str(path), path.name).split()) or 'no ELF header'}") from None
    values: Values = {f"ehdr.{name}": value for name, value in head.items()}
    for i, entry in enumerate(found["phdr"]):
        values |= {f"phdr[{i}].{name}": value for name, value in entry.items()}
    return values, found["error"]


def fq_probe(path: Path) -> tuple[int, str]:
    """Exit status and words of ``fq . FILE``: fq tries all its formats."""
    code, out, err = run(["fq", "-r", '._format // "none"', str(path)])
    return code, " ".join((err if code else out).replace(str(path), path.name).split())


def poke_script(path: Path, lines: str, pickle: str = "") -> str:
    """What GNU poke prints for ``lines``, with the file open as ``f``; ToolFailed with its words if it complains."""
    if any(c in str(path) for c in '"\\\n'):
        raise ToolFailed(f"poke cannot be given the path {str(path)!r}")
    load = (HERE / pickle).read_text(encoding="utf-8") if pickle else ""
    with tempfile.TemporaryDirectory(prefix="syslab-") as folder:
        script = Path(folder) / "script.pk"
        script.write_text(f'{load}\nvar f = open ("{path}");\n{lines}\nclose (f);\n', encoding="utf-8")
        code, out, err = run(["poke", "-L", str(script)])
    complaint = [line for line in (err + out).splitlines() if "error" in line or "exception" in line]
    if code or err.strip() or complaint:
        raise ToolFailed(f"poke: {' '.join((complaint or [err or out])[-1].split())[:200]}")
    return out


def _print(variable: str, prefix: str, members: Sequence[str], arrays: Sequence[str]) -> str:
    """Poke that prints ``members``: a line each, name and value; ``prefix`` may hold poke's %-format and its argument."""
    form, _, argument = prefix.partition("|")
    said = []
    for name in members:
        if name in arrays:
            said.append(f'printf ("{form}.{name} #"{argument}); for (b in {variable}.{name}) printf ("%u8x", b); printf ("\\n");')
        else:
            said.append(f'printf ("{form}.{name} %u64d\\n"{argument}, {variable}.{name} as uint<64>);')
    return "\n".join(said)


def _table(kind: str, start: str, stride: str, count: str, prefix: str, members: Sequence[str], arrays: Sequence[str]) -> str:
    body = _print("x", f"{prefix}[%u64d]|, i as uint<64>", members, arrays)
    return (
        f"for (var i = 0UL; i < {count} as uint<64>; i = i + 1UL)\n"
        f"{{\nvar x = {kind} @ f : (({start}) as uint<64> + i * ({stride}) as uint<64>)#B;\n{body}\n}}"
    )


def _values(text: str) -> Values:
    pairs = (line.split(" ", 1) for line in text.splitlines() if " " in line)
    return {name: value[1:] if value.startswith("#") else int(value) for name, value in pairs}


def poke_elf(path: Path) -> Values:
    """Header and program headers by ``elf64.pk``; ToolFailed with poke's words."""
    head = _print("e", "ehdr", names.EHDR_NAMES, ("ei_mag", "ei_pad"))
    table = _table("Phdr", "e.e_phoff", "e.e_phentsize", "e.e_phnum", "phdr", names.PHDR_NAMES, ())
    return _values(poke_script(path, f"var e = Ehdr @ f : 0#B;\n{head}\n{table}", "elf64.pk"))


def poke_efi(path: Path) -> Values:
    """The headers of a PE32+ file by ``pe.pk``; ToolFailed with poke's words."""
    lines = [
        "var d = Dos @ f : 0#B;", _print("d", "dos", names.DOS_NAMES, ("e_magic", "unread")),
        "var p = Pe @ f : d.e_lfanew#B;", _print("p", "pe", names.PE_NAMES, ("signature",)),
        "var o = Opt @ f : (d.e_lfanew + 24)#B;", _print("o", "opt", names.OPT_NAMES, ("versions",)),
        _table("Section", "d.e_lfanew + 24 + p.size_of_optional_header", "40", "p.number_of_sections", "section",
               names.SECTION_NAMES, ("name",)),
    ]  # fmt: skip
    return _values(poke_script(path, "\n".join(lines), "pe.pk"))


def poke_byte(path: Path, offset: int, value: int) -> None:
    """Write one byte of ``path`` with GNU poke, in place. ValueError outside the file or a byte; give it a copy."""
    size = path.stat().st_size
    if not 0 <= offset < size:
        raise ValueError(f"byte {offset:#x} is outside the file: it has {size:#x} bytes")
    if not 0 <= value <= 255:
        raise ValueError(f"{value} is no byte: 0 to 255")
    poke_script(path, f"byte @ f : {offset}#B = {value}UB;")
