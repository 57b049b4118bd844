"""Live controls: choose inputs, press Run, and a machine is asked. Plain ipywidgets, so they need a kernel.

On the hosted page the loader puts a note with the launch links in their place.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML, display

from syslab.show.table import Column, Named, Table

from ..evidence import Answer, CannotRunHere, Experiment, ExperimentFailed, ask
from .base import FOLDER


def table(answer: Answer[Mapping[str, Any]]) -> Table:
    """An answer of one row as a table of its own, a line for each value; codes and status words in hex."""

    def value(row: Named) -> str:
        said = row["answer"]
        number = isinstance(said, int) and not isinstance(said, bool)
        return f"{said:#x}" if number and row["what"].endswith(("code", "status")) else str(said)

    return Table(answer, [Column("What", lambda row: row["what"].replace("_", " ")), Column("Answer", value)])


def _control(name: str, choices: Mapping[str, Any] | str) -> widgets.Dropdown | widgets.Text:
    described = name.replace("_", " ")
    if isinstance(choices, str):
        return widgets.Text(value=choices, description=described)
    return widgets.Dropdown(options=list(choices.items()), description=described)


def live(experiment: Experiment[Mapping[str, Any]], **options: Mapping[str, Any] | str) -> widgets.Widget:
    """A control for each argument of ``experiment``, a Run button, and the answer or why there is none.

    A menu where ``options`` has its choices (label -> value), a line to type in where it has a text to begin with.
    """
    menus = {name: _control(name, choices) for name, choices in options.items()}
    run = widgets.Button(description="Run", tooltip="Ask this machine")
    output = widgets.Output()

    def answer(_: object = None) -> None:
        run.disabled = True
        try:
            result: Any = table(ask(experiment, **{name: menu.value for name, menu in menus.items()}))
        except (CannotRunHere, ExperimentFailed) as error:
            result = HTML(f"<p>{html.escape(str(error))}</p>")
        finally:
            run.disabled = False
        output.clear_output(wait=True)
        with output:
            display(result)

    run.on_click(answer)
    style = widgets.HTML(f"<style>{(FOLDER / 'live.css').read_text(encoding='utf-8')}</style>")
    box = widgets.VBox([style, widgets.HBox([*menus.values(), run]), output])
    box.add_class("rsn-live")
    return box
