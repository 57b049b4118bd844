"""The widgets of a page: their scripts in a few files, and their state without what the page does not use.

MyST-NB embeds each widget with a full copy of its module, and the layout and style models of plain ipywidgets, which
the hosted page does not draw. Here a page gets a ``<script src>`` for what its widgets need, see :func:`bundle`. These are classic
scripts, in which a module becomes a function that puts its exports under ``rsn``: they work from ``file:`` too, where
nothing can be imported; they need no ``eval``; and rsn/loader.js can draw a widget while the page is still parsed.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import minify
from sphinx.application import Sphinx

from syslab.widgets.base import EXPORT, FOLDER, IMPORT, PACKAGE, parts, source

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = re.compile(r'(<script type="application/vnd\.jupyter\.widget-view\+json">[^<]*"model_id": ")(\w+)("[^<]*</script>)')
CONTROLS = "These controls drive a real experiment and need Python behind the page."
COMMON = (FOLDER / "frame.js", FOLDER / "layouts.js", FOLDER / "quiz.js")
"""What nearly every page with widgets needs."""
DEFAULT = "export default { render };\n"
DROPPED = frozenset(
    [
        "_anywidget_id",
        "_css",
        "_dom_classes",
        "_esm",
        "_model_module",
        "_model_module_version",
        "_model_name",
        "_page",
        "_says",
        "_view_count",
        "_view_module",
        "_view_module_version",
        "_view_name",
        "layout",
        "tabbable",
        "tooltip",
    ]
)


def short(text: str, kind: str) -> str:
    """JavaScript or CSS without what only people need."""
    return str(minify.string({"js": "text/javascript", "css": "text/css"}[kind], text))


def joined(texts: Iterable[str]) -> str:
    """Scripts in one file. A shortened one has no semicolon at its end, and a "(" behind it would be a call."""
    return ";\n".join(texts)


def module(path: Path) -> str:
    """A script's name on a page: ``bit_field``; a chapter's widget ``kvm-halt``, and what else it has ``kvm-halt-drawing``."""
    names = path.relative_to(PACKAGE).with_suffix("").parts
    return "-".join(names[1:]).removesuffix("-widget")


@cache
def classic(path: Path) -> str:
    """The script for a page, shortened: its exports and its style sheet become ``rsn[module]``."""
    text = path.read_text(encoding="utf-8")
    lines = [f"const {{{names}}} = rsn[{json.dumps(module(path.parent / other))}];" for names, other in _imports(path)]
    exports = [*EXPORT.findall(text), *(["render"] if DEFAULT in text else [])]
    sheet = path.with_suffix(".css")
    css = json.dumps(short(sheet.read_text(encoding="utf-8"), "css"), ensure_ascii=False) if sheet.is_file() else '""'
    body = EXPORT.sub("", IMPORT.sub("", text)).replace(DEFAULT, "")
    whole = f"""((rsn) => {{ "use strict"; {"".join(lines)}
{body}
rsn[{json.dumps(module(path))}] = {{ {", ".join(exports)}, css: {css} }}; }})((globalThis.rsn ??= {{}}));"""
    return short(whole, "js")


def _imports(path: Path) -> list[tuple[str, Path]]:
    return [(names, (path.parent / other).resolve()) for names, other in IMPORT.findall(path.read_text(encoding="utf-8"))]


def bundle(path: Path) -> str:
    """The name of the file that a script is in: what nearly every page needs is one, and so are the parts of a chapter's widget.

    Together they are a tenth smaller, and the first is the same on all pages.
    """
    if path in COMMON:
        return "common"
    if path.parent != FOLDER and path.stem != "widget":
        return f"{module(path.with_name('widget.js'))}-parts"
    return module(path)


def files(scripts: list[Path]) -> dict[str, str]:
    """The files of a page's scripts in order: the name below ``_static``, with a hash of what is in it, and the text."""
    groups: dict[str, list[Path]] = {}
    for path in scripts:
        groups.setdefault(bundle(path), []).append(path)
    texts = {name: joined(map(classic, COMMON if name == "common" else paths)) for name, paths in groups.items()}
    return {f"rsn/{name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}.js": text for name, text in texts.items()}


class Shrunk(NamedTuple):
    """A page's state: ``text`` for the page, the ``scripts`` it needs in order, and by a model's id its short name and its words."""

    text: str
    scripts: list[Path]
    names: dict[str, str]
    words: dict[str, str]

    def place(self, page: str) -> str:
        """``page`` with the short names in the places where widgets are drawn, and there the words for who has no JavaScript."""

        def view(found: re.Match[str]) -> str:
            lines = html.escape(self.words.get(found[2]) or CONTROLS, quote=False).replace("\n", "<br>")
            return f'{found[1]}{self.names.get(found[2], found[2])}{found[3]}<noscript><p class="rsn-kernel">{lines}</p></noscript>'

        return VIEW.sub(view, page)


def shrink(body: str) -> Shrunk:
    """``body`` with anywidgets only, each with the name of its module. Ids are random; without them a build is repeatable."""
    models: dict[str, Any] = {}
    names: dict[str, str] = {}
    words: dict[str, str] = {}
    scripts: dict[Path, None] = {}
    given = json.loads(body)["state"]
    # in an order of their contents: ids are random, and gzip finds what lies near
    for name, model in sorted(given.items(), key=lambda item: json.dumps(item[1]["state"], sort_keys=True)):
        state = model["state"]
        if "_esm" not in state:
            continue
        path = source(state["_esm"])
        if path is None:
            raise ValueError(
                f"a widget {state.get('_anywidget_id')} is on a page whose script syslab.widgets.base.script did not make"
            )
        scripts.update(dict.fromkeys(parts(path)))
        kept = {key: value for key, value in state.items() if key not in DROPPED}
        names[name] = str(len(names))
        words[name] = state.get("_says", "")
        models[names[name]] = {"module": module(path), "state": kept}
    text = json.dumps(models, separators=(",", ":"), ensure_ascii=False)
    return Shrunk(text.replace("</", "<\\/"), list(scripts), names, words)  # a "</script>" inside would end the element


def shrink_script(script: Any) -> Shrunk | None:
    """Shrink a page's state in place, if ``script`` is one."""
    attributes = getattr(script, "attributes", None) or {}
    if attributes.get("type") != STATE or not attributes.get("body"):
        return None
    shrunk = shrink(attributes["body"])
    attributes["body"] = shrunk.text
    return shrunk


def write(static: Path, scripts: list[Path]) -> list[str]:
    """Put the files of ``scripts`` below ``static`` where they are not there yet; their names below it."""
    made = files(scripts)
    for name, text in made.items():
        target = static / name
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return list(made)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Remove scripts of earlier builds that no page names any more."""
    if error or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "rsn"
    pages = "".join(page.read_text(encoding="utf-8") for page in Path(app.outdir).rglob("*.html"))
    for path in folder.glob("*.????????.js"):
        if path.name not in pages:
            path.unlink()
