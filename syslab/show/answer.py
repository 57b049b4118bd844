"""How an answer looks: by the function of the question's name in the module ``show`` beside it, else as a plain table."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType
from typing import Any

from syslab.evidence import Answer, Experiment

from .table import Table


def view_of(experiment: Experiment[Any]) -> Callable[..., Any] | None:
    """``chapters/kvm/halt/show.py:hlt`` for ``chapters/kvm/halt/ask.py:hlt``; None where there is no such function."""
    room = experiment.function.__module__.rpartition(".")[0]
    name = f"{room}.show"
    if not room or not find_spec(name):
        return None
    found = getattr(import_module(name), experiment.function.__name__, None)
    return found if isinstance(found, FunctionType) and found.__module__ == name else None


def view(answer: Answer[Any]) -> Any:
    """What displays ``answer``."""
    return (view_of(answer.experiment) or Table)(answer)
