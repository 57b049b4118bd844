"""Live controls: choose inputs, press Run, and a machine is asked. Plain ipywidgets, so they need a kernel.

On the hosted page the loader puts a note with the launch links in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from ..evidence import Evidence, Experiment, ask
from ..evidence.show import Column, Measured
from .base import FOLDER


def table(answer: Evidence) -> Measured:
    """An answer of one row as a table of its own, a line for each value; codes and status words in hex."""

    def value(row: dict[str, Any]) -> str:
        number = isinstance(row["value"], int) and not isinstance(row["value"], bool)
        return f"{row['value']:#x}" if number and row["name"].endswith(("code", "status")) else str(row["value"])

    rows = [{"name": name, "value": content} for name, content in answer.data.items()]
    return Measured(answer, [Column("What", lambda row: row["name"].replace("_", " ")), Column("Answer", value)], rows)


def live(experiment: Experiment, **options: Mapping[str, Any]) -> widgets.Widget:
    """A menu for each argument of ``experiment`` (label -> value), a Run button, and the answer or why there is none."""
    menus = {
        name: widgets.Dropdown(options=list(choices.items()), description=name.replace("_", " "))
        for name, choices in options.items()
    }
    run = widgets.Button(description="Run", tooltip="Ask this machine")
    output = widgets.Output()

    def answer(_: object = None) -> None:
        run.disabled = True
        output.clear_output(wait=True)
        try:
            with output:
                result = ask(**{name: menu.value for name, menu in menus.items()})
                if isinstance(getattr(result, "data", None), dict):
                    for key, value in result.data.items():
                        print(
                            f"{key:>12}  {f'{value:#x}' if key.endswith(('code', 'status')) and isinstance(value, int) else value}"
                        )
                display(result)
        except Exception as error:
            with output:
                print(f"{type(error).__name__}: {error}")
        finally:
            run.disabled = False

    run.on_click(answer)
    style = widgets.HTML(f"<style>{(FOLDER / 'live.css').read_text(encoding='utf-8')}</style>")
    box = widgets.VBox([style, widgets.HBox([*menus.values(), run]), output])
    box.add_class("rsn-live")
    return box
