"""Live controls: choose inputs, press Run, and a machine is asked. Plain ipywidgets, so they need a kernel.

On the hosted page the loader puts a note with the launch links in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from .base import FOLDER


def live(ask: Callable[..., Any], **options: Mapping[str, Any]) -> widgets.Widget:
    """A menu for each keyword (label -> value), a Run button, and what ``ask(**chosen)`` returns, or why it failed."""
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
