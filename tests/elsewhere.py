"""The book's Python on another system: ``python -m tests.elsewhere Windows`` prints as JSON what became of everything.

modules     module -> the error of its import, "" where there is none
asked       experiment -> what `ask` says where there is a record, else why there is no answer
calls       experiment -> what a plain call of it raises
cells       chapter -> what each of its cells shows, or its error
exercises   how many accepted their answers and refused all near ones; trials that refused a wrong answer
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tests.chapter_functions import run
from tests.other_systems import SYSTEMS, WINDOWS, become
from tools.chapters import all_chapters
from tools.environment import ROOT


def foreign() -> set[str]:
    """The modules that syslab imports anywhere and that are not its own."""
    found = set()
    for path in (ROOT / "syslab").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module or "")
    return {name for name in found if not name.startswith("syslab")}


def imported() -> dict[str, str]:
    import syslab

    found = {}
    for module in pkgutil.walk_packages(syslab.__path__, "syslab.", onerror=lambda name: None):
        try:
            importlib.import_module(module.name)
            found[module.name] = ""
        except BaseException as error:
            found[module.name] = f"{type(error).__name__}: {error}"
    return found


def experiments() -> Iterator[Any]:
    from syslab.evidence import Experiment
    from syslab.sources import with_questions

    for room in with_questions():
        module = importlib.import_module(room)
        yield from (
            one for one in vars(module).values() if isinstance(one, Experiment) and one.function.__module__ == module.__name__
        )


def asked(one: Any) -> dict[str, Any]:
    from syslab.evidence import CannotRunHere, ask

    answer: dict[str, Any] = {"missing": [[need.name, why] for need, why in one.missing()], "lines": [], "none": ""}
    try:
        answer["lines"] = [repr(evidence) for evidence in ask(one)]
    except CannotRunHere as why:
        answer["none"] = str(why)
    return answer


def called(one: Any) -> str:
    """What a call without bounds says. Those that only read files of the project work."""
    try:
        one()
        return ""
    except BaseException as error:
        return type(error).__name__


def shown(value: Any) -> str:
    """All that a reader could see of a cell's value."""
    traits = getattr(value, "get_state", dict)()
    state = {name: trait for name, trait in traits.items() if not name.startswith("_") and name not in ("layout", "children")}
    html = value._repr_html_() if hasattr(value, "_repr_html_") else ""
    return re.sub(r" at 0x[0-9a-f]+>", ">", f"{value!r}\n{html}\n{json.dumps(state, sort_keys=True, default=repr)}")


def cells(chapter: Any) -> list[str]:
    found = []
    for cell in run(chapter):
        try:
            value = cell()
            found.append("" if value is None else shown(value))
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


def exercised() -> dict[str, int]:
    from syslab.sources import with_questions
    from syslab.widgets.exercise import Exercise, Trial

    count = {"accepted": 0, "refused": 0, "tried": 0}
    for room in with_questions():
        if not room.endswith(".ask"):
            continue
        module: ModuleType = importlib.import_module(f"{room.removesuffix('.ask')}.exercises")
        for one in vars(module).values():
            if isinstance(one, Exercise):
                count["accepted"] += all(one.check(answer).right for answer in one.accepts)
                count["refused"] += not any(one.check(answer).right for answer in one.near)
            elif isinstance(one, Trial):
                count["tried"] += not any(one.check(answer).right for answer in one.wrong)
    return count


def main(name: str) -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # what a cell prints is no report
    system, packages = SYSTEMS[name], foreign()
    chapters = [chapter for chapter in all_chapters() if chapter.runs]
    become(system, packages)
    if system.platform != "linux":  # whose text is UTF-8
        warnings.filterwarnings("error", category=EncodingWarning, module="syslab")
    report: dict[str, Any] = {"modules": imported()}
    from syslab.evidence import X86_64

    if system.name == "Linux":  # who needs no x86, such as QEMU, would really answer
        report["asked"] = {one.name: asked(one) for one in experiments() if all(X86_64 in way.needs for way in one.witnesses)}
    else:
        report["asked"] = {one.name: asked(one) for one in experiments()}
        report["calls"] = {one.name: called(one) for one in experiments()} if system is WINDOWS else {}
        report["cells"] = {chapter.name: cells(chapter) for chapter in chapters}
        report["exercises"] = exercised()
    json.dump(report, out)


if __name__ == "__main__":
    main(sys.argv[1])
