"""What the structures of :mod:`.structs` add to ctypes."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, ClassVar


class Fields:
    """What every structure here adds to ctypes: it can be shown and compared, and refuses what C would."""

    _addresses_: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold addresses of this process: of no meaning to a reader, and different in each run."""

    if TYPE_CHECKING:
        _fields_: ClassVar[Any]

        def __getattr__(self, name: str) -> Any: ...

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")  # ctypes would take it
        before = getattr(self, name)
        super().__setattr__(name, value)
        if isinstance(value, int) and getattr(self, name) != value:  # ctypes keeps the low bits and says nothing
            super().__setattr__(name, before)
            raise ValueError(f"{value:#x} does not fit in {type(self).__name__}.{name}")

    def asdict(self) -> dict[str, Any]:
        """The fields that are numbers, by name; structures in it are dictionaries, arrays lists."""
        return {name: _plain(getattr(self, name)) for name in _names(self)}

    def __repr__(self) -> str:
        """The fields that are not zero."""
        shown = {name: getattr(self, name) for name in _names(self)}
        told = ", ".join(f"{name}={self._show(name, value)}" for name, value in shown.items() if _is_set(value))
        return f"{type(self).__name__}({told})"

    def _show(self, name: str, value: Any) -> str:
        if name in self._addresses_:
            return "<address>"
        return hex(value) if isinstance(value, int) else repr(value) if isinstance(value, Fields) else str(_plain(value))

    def __eq__(self, other: object) -> bool:
        return bytes(self) == bytes(other) if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def _names(structure: Fields) -> list[str]:
    return [name for name, *_ in structure._fields_ if not name.startswith(("pad", "reserved", "_"))]


def _plain(value: Any) -> Any:
    return value.asdict() if isinstance(value, Fields) else list(value) if isinstance(value, ctypes.Array) else value


def _is_set(value: Any) -> bool:
    return any(bytes(value)) if isinstance(value, (Fields, ctypes.Array)) else bool(value)


class Structure(Fields, ctypes.Structure):
    """A C ``struct``."""


class Union(Fields, ctypes.Union):
    """A C ``union``."""
