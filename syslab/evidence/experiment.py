"""Declaring an experiment: a plain function, what it needs, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from syslab.native import UnsupportedMachine

from .needs import LAB_VM, LINUX, X86_64, Need


@dataclass(frozen=True)
class Experiment:
    """A function that asks a machine a question and returns JSON-able data, or yields rows of it.

    Calling it runs it right here, unbounded; :func:`syslab.evidence.ask` runs it bounded and says who answered.
    A generator's rows are kept when it is stopped by its timeout, so prefer one where there are several cases.
    """

    function: Callable[..., Any]
    needs: tuple[Need, ...]
    timeout: float
    tools: tuple[str, ...]
    asked: str | Callable[[], str] = "host"
    lab: bool = False

    @property
    def witness(self) -> str:
        """Who answers when it runs here: ``host``, ``tcg-max``, or what this machine makes of it (``kvm-svm``)."""
        return self.asked if isinstance(self.asked, str) else self.asked()

    @property
    def name(self) -> str:
        """``page_fault_error_code.faults``: the module's last name and the function's."""
        parts = self.function.__module__.split(".")
        return f"{parts[-2] if parts[-1] == 'ask' else parts[-1]}.{self.function.__name__}"

    @property
    def target(self) -> str:
        """Where another process finds it: ``module:function``."""
        return f"{self.function.__module__}:{self.function.__name__}"

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        return self.function.__doc__ or ""

    def missing(self) -> list[tuple[Need, str]]:
        """The needs this machine does not meet, each with the reason.

        Every experiment needs Linux, declared or not: only there is it bounded. Elsewhere nothing else would help.
        """
        if elsewhere := LINUX.missing():
            return [(X86_64 if {X86_64, LAB_VM} & set(self.needs) else LINUX, elsewhere)]
        return [(need, why) for need in self.needs if (why := need.missing())]

    def __call__(self, **arguments: Any) -> Any:
        if {LINUX, X86_64} & set(self.needs) and (elsewhere := LINUX.missing()):
            raise UnsupportedMachine(f"{self.name} needs Linux, and {elsewhere}")
        result = self.function(**arguments)
        return list(result) if isinstance(result, Iterator) else result


def experiment(
    *needs: Need,
    timeout: float = 10.0,
    tools: tuple[str, ...] = (),
    witness: str | Callable[[], str] = "host",
    lab: bool = False,
) -> Callable[[Callable[..., Any]], Experiment]:
    """Decorator. ``timeout`` in seconds; ``tools`` are programs whose versions belong into the provenance.

    ``witness`` names the machine that answers, in the provenance and the record's file: a function where that
    depends on the machine it runs on. ``lab`` says that it also runs in the lab VM: it and what it imports need
    nothing but the standard library and this project. Needing ``LAB_VM`` says that it runs nowhere else.
    """

    def declare(function: Callable[..., Any]) -> Experiment:
        return Experiment(function, needs, timeout, tools, witness, lab)

    return declare
