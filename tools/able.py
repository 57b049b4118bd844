"""What this machine can do of what a chapter's experiments need: part of the chapter's key.

So a page that says "to run it live: apt install bash" is run again once bash is there, and again when it is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module

from syslab.evidence import LAB_VM, Experiment, Need, lab, mode
from syslab.lab_vm.host import LabError
from syslab.lab_vm.host import cache as images


@cache
def _met(need: Need) -> bool:
    return need.missing() is None


@cache
def lab_vm() -> bool:
    """Whether there is a lab VM; nothing is built for the answer."""
    try:
        images.switched_off()
        return images.find(images.made_by()) is not None
    except LabError:
        return False


def forget() -> None:
    """Look again, in a process that has changed what there is."""
    _met.cache_clear()
    lab_vm.cache_clear()


def able(rooms: Iterable[str]) -> tuple[str, ...]:
    """The needs that are met of the experiments in modules ``rooms``, the lab VM, and the evidence asked for."""
    found = {"" if mode() == "strict" else mode()}  # strict answers as usual, or fails
    for room in rooms:
        for one in vars(import_module(room)).values():
            if isinstance(one, Experiment):
                found |= {need.name for need in one.needs if need != LAB_VM and _met(need)}
                found |= {LAB_VM.name} if lab.possible(one) and lab_vm() else set()
    return tuple(sorted(found))
