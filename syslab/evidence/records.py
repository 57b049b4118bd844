"""Committed records: what an experiment answered on a real machine, for readers whose machine cannot run it.

``records/<module>/<function>.<witness>.json`` holds the data and its provenance. Only ``make record`` writes
them, from a real run; nothing in them is edited by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .provenance import Provenance

FOLDER = Path(__file__).with_name("records")


class NoRecord(LookupError):
    """There is no record of this experiment by this witness."""


def path(name: str, witness: str = "host") -> Path:
    """Where the record of experiment ``name`` (``module.function``) by ``witness`` lives."""
    module, function = name.split(".")
    return FOLDER / module / f"{function}.{witness}.json"


def witnesses(name: str) -> list[str]:
    """The witnesses that have a record of ``name``."""
    module, function = name.split(".")
    return sorted(p.name.split(".", 1)[1].removesuffix(".json") for p in (FOLDER / module).glob(f"{function}.*.json"))


def load(name: str, witness: str = "host") -> tuple[Any, Provenance]:
    """The data and provenance of a record; :class:`NoRecord` that says which witnesses there are."""
    try:
        stored = json.loads(path(name, witness).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NoRecord(f"no record of {name} by {witness}; there is {witnesses(name) or 'none'}") from None
    return stored["data"], Provenance(**{**stored["provenance"], "install": ()})


def save(name: str, data: Any, provenance: Provenance) -> Path:
    """Write a record; for tools/record.py."""
    target = path(name, provenance.witness)
    target.parent.mkdir(parents=True, exist_ok=True)
    stored = {"provenance": {k: v for k, v in provenance.to_dict().items() if k not in ("install", "note")}, "data": data}
    target.write_text(json.dumps(stored, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return target
