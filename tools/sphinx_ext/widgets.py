"""The widgets' state in a page: only what rsn/loader.js uses, and every script and style sheet once.

MyST-NB embeds each widget with a full copy of its module, and the layout and style models of plain ipywidgets, which
the hosted page does not draw.
"""

from __future__ import annotations

import json
from typing import Any

STATE = "application/vnd.jupyter.widget-state+json"
SHARED = ("_esm", "_css")
DROPPED = frozenset(
    [
        "_anywidget_id",
        "_dom_classes",
        "_model_module",
        "_model_module_version",
        "_model_name",
        "_view_count",
        "_view_module",
        "_view_module_version",
        "_view_name",
        "layout",
        "tabbable",
        "tooltip",
    ]
)


def shrink(body: str) -> str:
    """``body`` with anywidgets only, and their scripts and styles as numbers into a list ``shared``."""
    shared: list[str] = []
    models: dict[str, Any] = {}
    given = json.loads(body)["state"]
    # in an order of their contents: ids are random, and gzip finds what lies near
    for name, model in sorted(given.items(), key=lambda item: json.dumps(item[1]["state"], sort_keys=True)):
        state = model["state"]
        if "_esm" not in state:
            continue
        kept = {key: value for key, value in state.items() if key not in DROPPED}
        for key in SHARED:
            if kept.get(key):
                if kept[key] not in shared:
                    shared.append(kept[key])
                kept[key] = shared.index(kept[key])
        models[name] = {"state": kept}
    text = json.dumps({"state": models, "shared": shared}, separators=(",", ":"), ensure_ascii=False)
    return text.replace("</", "<\\/")  # a "</script>" inside would end the element


def shrink_script(script: Any) -> None:
    """Shrink a page's state in place, if ``script`` is one."""
    attributes = getattr(script, "attributes", None) or {}
    if attributes.get("type") == STATE and attributes.get("body"):
        attributes["body"] = shrink(attributes["body"])
