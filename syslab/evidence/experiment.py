"""Declaring an experiment: a plain function, who can answer it, what each of them needs, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, overload

from syslab.native import UnsupportedMachine

from .needs import LAB_VM, LINUX, X86_64, Need

D = TypeVar("D")  # what a question answers with
D_co = TypeVar("D_co", covariant=True)
R = TypeVar("R")  # a row of it


@dataclass(frozen=True)
class Witness:
    """A kind of machine that can answer a question.

    ``called`` is its name in the provenance and the record's file: ``host``, ``tcg-max``, or a function where it depends
    on the machine that the book runs on (``kvm-svm``). ``machine`` is what the question's function gets as its argument of
    that name, where several kinds of machines are asked the same; "" for none.
    """

    called: str | Callable[[], str] = "host"
    needs: tuple[Need, ...] = ()
    tools: tuple[str, ...] = ()
    machine: str = ""

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.called if isinstance(self.called, str) else self.called()

    @property
    def arguments(self) -> dict[str, Any]:
        """What the question's function is called with for it."""
        return {"machine": self.machine} if self.machine else {}

    def missing(self) -> list[tuple[Need, str]]:
        """The needs that this machine does not meet, each with the reason.

        Every witness needs Linux, declared or not: only there is a run bounded. Elsewhere nothing else would help.
        """
        if elsewhere := LINUX.missing():
            return [(X86_64 if {X86_64, LAB_VM} & set(self.needs) else LINUX, elsewhere)]
        return [(need, why) for need in self.needs if (why := need.missing())]


@dataclass(frozen=True)
class Experiment(Generic[D_co]):
    """A question: a function that asks a machine and returns JSON-able data, or yields rows of it.

    ``Experiment[list[Row]]`` for a generator of rows, ``Experiment[Data]`` for a function that returns data: what it is
    annotated with is what a table's columns are checked against.

    Calling it runs it right here, unbounded; :func:`syslab.evidence.ask` runs it bounded and says who answered.
    A generator's rows are kept when it is stopped by its timeout, so prefer one where there are several cases.
    """

    function: Callable[..., Any]
    witnesses: tuple[Witness, ...]
    timeout: float
    lab: bool = False
    alone: bool = False

    @property
    def witness(self) -> str:
        """Who answers when it runs here; the first, where there are several."""
        return self.witnesses[0].name

    @property
    def needs(self) -> tuple[Need, ...]:
        """What its witnesses need, all of them together."""
        return tuple(dict.fromkeys(need for witness in self.witnesses for need in witness.needs))

    @property
    def tools(self) -> tuple[str, ...]:
        """The programs whose versions belong into the provenance."""
        return tuple(dict.fromkeys(tool for witness in self.witnesses for tool in witness.tools))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The arguments that a reader can give."""
        code = self.function.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return tuple(name for name in names if not (name == "machine" and self.witnesses[0].machine))

    @property
    def name(self) -> str:
        """``page_fault_error_code.faults``: the chapter's name, or the module's, and the function's."""
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
        """The needs this machine does not meet, each with the reason; none if one of the witnesses can be asked here."""
        return min((witness.missing() for witness in self.witnesses), key=len)

    def __call__(self, **arguments: Any) -> D_co:
        if {LINUX, X86_64} & set(self.needs) and (elsewhere := LINUX.missing()):
            raise UnsupportedMachine(f"{self.name} needs Linux, and {elsewhere}")
        result = self.function(**arguments)
        return list(result) if isinstance(result, Iterator) else result  # type: ignore[return-value]


class Declare(Protocol):
    """What makes a function a question."""

    @overload
    def __call__(self, function: Callable[..., Iterator[R]]) -> Experiment[list[R]]: ...

    @overload
    def __call__(self, function: Callable[..., D]) -> Experiment[D]: ...


def experiment(
    *needs: Need,
    timeout: float = 10.0,
    tools: tuple[str, ...] = (),
    witness: str | Callable[[], str] = "host",
    witnesses: tuple[Witness, ...] = (),
    lab: bool = False,
    alone: bool = False,
) -> Declare:
    """Decorator. ``timeout`` in seconds; ``tools`` are programs whose versions belong into the provenance.

    ``witness`` names the machine that answers, see :class:`Witness`; ``witnesses`` instead, where several kinds of machines
    are asked the same, says of each what it needs: the function takes an argument ``machine``. ``lab`` says that the lab VM
    answers as well: the function and what it imports need nothing but the standard library and this project. Needing
    ``LAB_VM`` says that it runs nowhere else. ``alone``: one answer is enough, so the lab VM's only where there is none here.
    ValueError if both ways of naming the witnesses are used.
    """
    if witnesses and (needs or tools or witness != "host"):
        raise ValueError("an experiment with witnesses has its needs, tools and names there")

    def declare(function: Callable[..., Any]) -> Experiment[Any]:
        return Experiment(function, witnesses or (Witness(witness, needs, tools),), timeout, lab, alone)

    return declare
