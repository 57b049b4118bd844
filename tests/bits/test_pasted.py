"""What people really paste: the lines of public bug reports, and what each is. In Python, and in the pages' JavaScript.

``data/pasted.json`` has a line each: ``where`` it is pasted (a layout's anchor, or a lookup's), the ``text`` (host names, users
and times replaced), and what is ``right`` of it by the sources. Then what the decoder owes: a ``value`` with the ``others`` that
it can mean, whether it is ``impossible``; the ``rows`` of a lookup; or that it is ``refused``, with the words that say why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from syslab.bits import get
from syslab.bits.bare import MOST, other_readings
from syslab.chapters.files.ioctl import show as ioctl
from syslab.chapters.kvm.vm_exits import show as vm_exits
from syslab.widgets.base import FOLDER, IMPORT

LINES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "pasted.json").read_text(encoding="utf-8"))
LOOKUPS = {"exit": vm_exits.lookup, "request": ioctl.by_name}
OF_LAYOUTS = [line for line in LINES if line["where"] not in LOOKUPS]
OF_LOOKUPS = [line for line in LINES if line["where"] in LOOKUPS]

SCRIPT = """
import { readWord, otherReadings } from "./layouts.mjs";
import { finder } from "./lookup.mjs";
import { readFileSync } from "node:fs";
const [lines, layouts, lookups] = JSON.parse(readFileSync(0, "utf-8"));
const read = ({ where, text }) => {
  const found = readWord(layouts[where], text);
  if (found.error) return { refused: found.error };
  const others = otherReadings(layouts[where], text, found.value).map(({ value, how }) => [`0x${value.toString(16)}`, how]);
  return { value: `0x${found.value.toString(16)}`, how: found.how, others };
};
const find = ({ where, text }) => {
  const { rows, words, readers, refusals } = lookups[where];
  const { hits, refused } = finder(rows, words, readers, refusals)(text);
  return { rows: rows.filter((_, at) => hits[at]), refused };
};
console.log(JSON.stringify(lines.map((line) => (lookups[line.where] ? find : read)(line))));
"""


def _module(name: str) -> str:
    """One of the widgets' scripts, as what node takes for a module."""
    text = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    only = IMPORT.sub(lambda found: "" if "frame.js" in found[2] else found[0].replace(".js", ".mjs"), text)
    return only


@pytest.fixture(scope="module")
def in_javascript(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the pages make of each line."""
    node = shutil.which("node")
    if not node:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no node in PATH (apt.txt lists it)")
    place = tmp_path_factory.mktemp("pasted")
    for name in ("layouts", "lookup"):
        (place / f"{name}.mjs").write_text(_module(name), encoding="utf-8")
    (place / "run.mjs").write_text(SCRIPT, encoding="utf-8")
    layouts = {line["where"]: get(line["where"]).to_dict() for line in OF_LAYOUTS}
    lookups = {
        key: {name: list(getattr(made(), name)) for name in ("rows", "words", "readers", "refusals")}
        for key, made in LOOKUPS.items()
    }
    given = json.dumps([LINES, layouts, lookups])
    ran = subprocess.run([node, place / "run.mjs"], input=given, capture_output=True, text=True, timeout=60, check=False)
    assert not ran.stderr, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def in_python(line: dict[str, Any]) -> dict[str, Any]:
    """What Python makes of it, in the same words as :data:`SCRIPT`."""
    layout = get(line["where"])
    try:
        reading = layout.read(line["text"])
    except ValueError as error:
        return {"refused": str(error)}
    others = [[hex(other.value), other.how] for other in other_readings(layout, line["text"], reading.value)]
    return {"value": hex(reading.value), "how": reading.how, "others": others}


def ids(line: dict[str, Any]) -> str:
    return f"{line['where']}: {line['text'][:40]}"


@pytest.mark.parametrize("line", OF_LAYOUTS, ids=ids)
def test_a_line_in_python(line: dict[str, Any]) -> None:
    check(line, in_python(line))
    if "value" in line:
        assert bool(get(line["where"]).decode(int(line["value"], 16)).impossible) == line.get("impossible", False), line["right"]


def check(line: dict[str, Any], said: dict[str, Any]) -> None:
    if "refused" in line:
        assert line["refused"] in said.get("refused", said.get("value", "")), line["right"]
        assert "value" not in said and not said.get("rows")
    elif "rows" in line:
        assert [row[:2] for row in said["rows"]] == line["rows"], line["right"]
    else:
        assert said.get("value") == line["value"], f"{line['right']}: {said}"
        assert [value for value, _ in said["others"]] == line.get("others", []), line["right"]


@cache
def places() -> dict[str, int]:
    return {json.dumps(line): at for at, line in enumerate(LINES)}


@pytest.mark.parametrize("line", LINES, ids=ids)
def test_a_line_in_javascript(line: dict[str, Any], in_javascript: list[dict[str, Any]]) -> None:
    said = in_javascript[places()[json.dumps(line)]]
    check(line, said)
    if line not in OF_LAYOUTS:
        return
    python = in_python(line)
    if "value" in python:
        assert said == python
    elif "cannot read" not in python["refused"]:  # quoted by each in its own way
        assert said["refused"].split(" does not fit")[0] == python["refused"].split(" does not fit")[0]


def test_not_more_than_some_others_are_named() -> None:
    many = "\n".join(f"a[1]: segfault at 0 ip 0 sp 0 error {code}" for code in (4, 5, 6, 7, 14, 15))
    assert [one.value for one in other_readings(get("pfec"), many, 4)] == [5, 6, 7, 0x14]
    assert MOST == 4
