"""Names, inodes and open files: what a call such as link or rename does to them, and which error it gives instead.

The rules are those of Linux for one user's own files on one file system. ``tests/chapters/files/links/test_model.py`` compares
them with a real folder, ``tests/pages/test_link_graph.py`` with the same rules in ``chapters/files/links/widget.js``.
Source: path_resolution(7), link(2), rename(2), unlink(2), rmdir(2), open(2); Linux ``fs/namei.c``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from syslab.bits import given

from .state import Name, OpenFile, State

MAX_SYMLINKS = 40  # followed for one path; include/linux/namei.h, MAXSYMLINKS
LONGEST = 30  # calls in a sequence; a link should stay a link
FIRST_FD = 3  # 0, 1 and 2 are taken in every program

PATHS = ("a", "b", "c", "d", "d/a", "d/b")
"""What the calls may name: four names in the folder, and two in its directory ``d``, if there is one."""
TARGETS = (*PATHS, "../a")
"""What a symlink may hold."""

FILE, SYMLINK, DIRECTORY = "file", "symlink", "directory"


@dataclass(frozen=True)
class Call:
    """``text`` shows it as Python; ``takes`` has a letter for each operand: p a path, t a symlink's target, f a descriptor."""

    key: str
    text: str
    takes: str
    labels: tuple[str, ...]


CALLS = (
    Call("create", "open('{}', 'x')", "p", ("New name",)),
    Call("link", "os.link('{}', '{}')", "pp", ("Existing name", "New name")),
    Call("symlink", "os.symlink('{}', '{}')", "tp", ("Text it holds", "New name")),
    Call("rename", "os.rename('{}', '{}')", "pp", ("Old name", "New name")),
    Call("unlink", "os.unlink('{}')", "p", ("Name",)),
    Call("mkdir", "os.mkdir('{}')", "p", ("New name",)),
    Call("rmdir", "os.rmdir('{}')", "p", ("Name",)),
    Call("open", "open('{}', 'r+')", "p", ("Name",)),
    Call("close", "os.close({})", "f", ("Descriptor",)),
)
BY_KEY = {call.key: call for call in CALLS}

WHY = {
    "link EPERM": "A directory takes no hard links.",
    "EEXIST": "The new name is taken.",
    "ENOENT": "A name on the way, or the last one, does not exist.",
    "ENOTDIR": "A directory is needed there, and this is none.",
    "EISDIR": "That is a directory.",
    "ENOTEMPTY": "The directory still has names in it.",
    "EINVAL": "A directory cannot move into itself.",
    "ELOOP": f"More than {MAX_SYMLINKS} symlinks had to be followed.",
    "EBADF": "No such descriptor is open.",
}
"""An errno in words; ``call errno`` where one call means something special by it."""


def token(operand: str) -> str:
    """An operand as links say it: ``d/a`` is ``da``, and ``../a`` is ``ua``."""
    return given.text(operand, "an operand").replace("..", "u").replace("/", "")


_PATHS = {token(path): path for path in PATHS}
_TARGETS = {token(path): path for path in TARGETS}


def parse(step: str) -> tuple[Call, list[str]]:
    """``link-a-da`` as its call and operands; ValueError that says what is wrong with it."""
    key, *operands = given.text(step, "a call").split("-")
    if key not in BY_KEY:
        raise ValueError(f"{step!r}: {key!r} is none of {', '.join(BY_KEY)}")
    call = BY_KEY[key]
    if len(operands) != len(call.takes):
        raise ValueError(f"{step!r}: {key} takes {len(call.takes)} operands, not {len(operands)}")
    found = []
    for kind, operand in zip(call.takes, operands, strict=True):
        known = {"p": _PATHS, "t": _TARGETS}.get(kind)
        if known is None and not re.fullmatch(r"[1-9]?[0-9]", operand):
            raise ValueError(f"{step!r}: {operand!r} is not the number of a descriptor")
        if known is not None and operand not in known:
            raise ValueError(f"{step!r}: {operand!r} is none of {', '.join(known)}")
        found.append(operand if known is None else known[operand])
    return call, found


def shown(step: str) -> str:
    """``link-a-b`` as Python: ``os.link('a', 'b')``. ValueError as :func:`parse`."""
    call, operands = parse(step)
    return call.text.format(*operands)


class Refused(Exception):
    """``name`` is the errno's, such as ``ENOENT``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(eq=False)
class Node:
    """An inode. ``text`` is a file's contents or a symlink's target; ``entries`` and ``parent`` are a directory's."""

    number: int
    kind: str
    text: str = ""
    entries: dict[str, Node] = field(default_factory=dict)
    parent: Node | None = None


class Model:
    """A folder, empty at first. Inodes are numbered from 1 as they are made; file 1 contains ``text 1``."""

    def __init__(self) -> None:
        self._top = Node(0, DIRECTORY, parent=Node(0, DIRECTORY))  # nothing else is in the folder above
        self._made = 0
        self._files: dict[int, Node] = {}

    def do(self, step: str) -> str:
        """One call: ``""`` if it succeeds, else the errno's name, and nothing has changed. ValueError as :func:`parse`."""
        call, operands = parse(step)
        try:
            getattr(self, f"_{call.key}")(*operands)
        except Refused as refused:
            return refused.name
        return ""

    def _walk(self, path: str, follow: bool = False) -> tuple[Node, str, Node | None]:
        """The directory, the last name and what has it; a symlink at the end is resolved only with ``follow``."""
        at, rest, followed, name = self._top, path.split("/"), 0, ""
        while rest:
            name, *rest = rest
            if name == "..":
                at = at.parent or at
                continue
            node = at.entries.get(name)
            if node is None and rest:
                raise Refused("ENOENT")
            if node and node.kind == SYMLINK and (rest or follow):
                followed += 1
                if followed > MAX_SYMLINKS:
                    raise Refused("ELOOP")
                rest = node.text.split("/") + rest
            elif not rest:
                return at, name, node
            elif node and node.kind == DIRECTORY:
                at = node
            else:
                raise Refused("ENOTDIR")
        raise AssertionError(f"{path} ends in ..")

    def _there(self, path: str, follow: bool = False) -> tuple[Node, str, Node]:
        at, name, node = self._walk(path, follow)
        if node is None:
            raise Refused("ENOENT")
        return at, name, node

    def _free(self, path: str) -> tuple[Node, str]:
        at, name, node = self._walk(path)
        if node is not None:
            raise Refused("EEXIST")
        return at, name

    def _new(self, path: str, kind: str, text: str = "") -> None:
        at, name = self._free(path)
        self._made += 1
        at.entries[name] = Node(self._made, kind, text or f"text {self._made}", parent=at if kind == DIRECTORY else None)

    def _create(self, path: str) -> None:
        self._new(path, FILE)

    def _symlink(self, target: str, path: str) -> None:
        self._new(path, SYMLINK, target)

    def _mkdir(self, path: str) -> None:
        self._new(path, DIRECTORY)

    def _link(self, old: str, new: str) -> None:
        node = self._there(old)[2]
        at, name = self._free(new)
        if node.kind == DIRECTORY:
            raise Refused("EPERM")
        at.entries[name] = node

    def _unlink(self, path: str) -> None:
        at, name, node = self._there(path)
        if node.kind == DIRECTORY:
            raise Refused("EISDIR")
        del at.entries[name]

    def _rmdir(self, path: str) -> None:
        at, name, node = self._there(path)
        if node.kind != DIRECTORY:
            raise Refused("ENOTDIR")
        if node.entries:
            raise Refused("ENOTEMPTY")
        del at.entries[name]

    def _rename(self, old: str, new: str) -> None:
        source, was, node = self._walk(old)
        into, name, target = self._walk(new)
        if node is None:
            raise Refused("ENOENT")
        if node in _way_up(into):
            raise Refused("EINVAL")
        if target and source is not into and target in _way_up(source):
            raise Refused("ENOTEMPTY")
        if node is target:
            return  # two names of one inode: rename(2) does nothing, and both stay
        if target and (node.kind == DIRECTORY) != (target.kind == DIRECTORY):
            raise Refused("ENOTDIR" if node.kind == DIRECTORY else "EISDIR")
        if target and target.entries:
            raise Refused("ENOTEMPTY")
        del source.entries[was]
        into.entries[name] = node
        if node.kind == DIRECTORY:
            node.parent = into

    def _leads(self, path: str) -> Node:
        node = self._there(path, follow=True)[2]
        if node.kind == DIRECTORY:
            raise Refused("EISDIR")
        return node

    def _open(self, path: str) -> None:
        node = self._leads(path)
        self._files[lowest_free(self._files)] = node

    def _close(self, descriptor: str) -> None:
        if int(descriptor) not in self._files:
            raise Refused("EBADF")
        del self._files[int(descriptor)]

    def _names(self) -> Iterator[tuple[str, Node]]:
        todo = [("", self._top)]
        while todo:
            prefix, at = todo.pop()
            for name, node in at.entries.items():
                yield prefix + name, node
                if node.kind == DIRECTORY:
                    todo.append((f"{prefix}{name}/", node))

    def state(self) -> State:
        """What the folder looks like now."""
        names = sorted(self._names(), key=lambda item: item[0])
        count = {node: sum(other is node for _, other in names) for _, node in names}
        rows = []
        for path, node in names:
            try:
                reads = self._leads(path).text
            except Refused as refused:
                reads = refused.name
            links = None if node.kind == DIRECTORY else count[node]
            rows.append(list(Name(path, node.number, node.kind, links, node.text if node.kind == SYMLINK else "", reads)))
        files = [list(OpenFile(fd, node.number, count.get(node, 0), node.text)) for fd, node in sorted(self._files.items())]
        return {"names": rows, "files": files}


def _way_up(node: Node | None) -> list[Node]:
    """``node`` and every directory above it."""
    found = []
    while node is not None:
        found.append(node)
        node = node.parent
    return found


def lowest_free(taken: Iterable[int]) -> int:
    """The descriptor that the next open gets."""
    used = set(taken)
    return next(n for n in range(FIRST_FD, FIRST_FD + len(used) + 1) if n not in used)


def run(steps: Iterable[str]) -> tuple[list[str], State]:
    """Every call's result (``""`` or an errno's name), and the state in the end. ValueError as :func:`parse`."""
    model = Model()
    return [model.do(step) for step in steps], model.state()
