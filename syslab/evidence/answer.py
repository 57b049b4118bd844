"""What a machine said, and who it was; and the answer to a question: that of each witness.

How an answer looks is found by name when it is displayed (:mod:`syslab.show.answer`). Nothing here imports it: what a question
imports decides which records are stale, and is sent into the lab VM, and a table's columns are neither's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, TypeVar, overload

from .experiment import Experiment
from .provenance import Provenance

VIEWS = "syslab.show.answer"
D = TypeVar("D", covariant=True)


@dataclass(frozen=True)
class Evidence(Generic[D]):
    """Plain data, and who it came from. Displays as its provenance line.

    ``experiment`` is what was asked, where it is known, and ``arguments`` what a reader asked it with.
    """

    name: str
    data: D
    provenance: Provenance
    experiment: Experiment[Any] | None = field(default=None, repr=False, compare=False)
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __repr__(self) -> str:
        return self.provenance.line()

    def _repr_html_(self) -> str:
        from .line import provenance_html, styled

        return styled(provenance_html(self.provenance))


class Answer(Sequence[Evidence[D]]):
    """The evidence of each witness, in the order in which they are asked; never empty.

    ``data`` and ``provenance`` are the first one's, for questions that one machine answers. Displays as the question's
    table, with a provenance line a witness and the code that asked.
    """

    def __init__(self, experiment: Experiment[D], evidence: Sequence[Evidence[D]]) -> None:
        self.experiment = experiment
        self._evidence = tuple(evidence)

    @overload
    def __getitem__(self, place: int) -> Evidence[D]: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Evidence[D]]: ...

    def __getitem__(self, place: int | slice) -> Evidence[D] | Sequence[Evidence[D]]:
        return self._evidence[place]

    def __len__(self) -> int:
        return len(self._evidence)

    def __iter__(self) -> Iterator[Evidence[D]]:
        return iter(self._evidence)

    @property
    def name(self) -> str:
        """The question's."""
        return self.experiment.name

    @property
    def data(self) -> D:
        """What the first witness said."""
        return self._evidence[0].data

    @property
    def provenance(self) -> Provenance:
        """Who the first witness was."""
        return self._evidence[0].provenance

    def _view(self) -> Any:
        return import_module(VIEWS).view(self)

    def __repr__(self) -> str:
        return repr(self._view())

    def _repr_html_(self) -> str:
        shown: str = self._view()._repr_html_()
        return shown
