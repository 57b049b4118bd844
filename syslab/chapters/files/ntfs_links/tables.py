"""REPARSE_DATA_BUFFER as tables: where its fields lie, which targets a link takes, and every sentence about a bad one.

:mod:`.model` works by them, and so does the widget. Field names are those of the sources.
"""

from __future__ import annotations

from dataclasses import dataclass

from syslab.bits.core import Source

SOURCES = (
    Source("[MS-FSCC] File System Control Codes", "Mount Point Reparse Data Buffer; Symbolic Link Reparse Data Buffer"),
    Source("Windows driver documentation", "REPARSE_DATA_BUFFER structure (ntifs.h)"),
)
MOUNT_POINT, SYMLINK = 0xA0000003, 0xA000000C
RELATIVE = 1  # SYMLINK_FLAG_RELATIVE
NT = "\\??\\"
"""What an absolute substitute name begins with: the folder of the NT namespace that has the drive letters."""
MOST = 16384
"""MAXIMUM_REPARSE_DATA_BUFFER_SIZE, bytes."""


@dataclass(frozen=True)
class Part:
    """A number of ``size`` bytes, little-endian, at ``offset`` in the buffer."""

    name: str
    offset: int
    size: int
    title: str

    def of(self, data: bytes) -> int:
        """Its value in ``data``."""
        return int.from_bytes(data[self.offset : self.offset + self.size], "little")


HEAD = (
    Part("ReparseTag", 0, 4, "whose data this is"),
    Part("ReparseDataLength", 4, 2, "bytes after the first 8"),
    Part("Reserved", 6, 2, "not used"),
)
NAMES = (
    Part("SubstituteNameOffset", 8, 2, "where in the path buffer it begins"),
    Part("SubstituteNameLength", 10, 2, "bytes, without a terminator"),
    Part("PrintNameOffset", 12, 2, "where in the path buffer it begins"),
    Part("PrintNameLength", 14, 2, "bytes, without a terminator"),
)
FLAGS = Part("Flags", 16, 4, "1: relative to the folder of the link; 0: absolute")
TEXTS = {
    "SubstituteName": "the path that is followed",
    "PrintName": "the path that is shown",
    "Unused": "in neither name",
}


@dataclass(frozen=True)
class Kind:
    """One kind of link.

    ``forms`` say which targets it takes: (pattern, characters to drop, what to put in front) make the substitute name.
    ``flags`` is None where the buffer has no such field; ``terminated`` puts a NUL behind each name.
    """

    key: str
    label: str
    tag: int
    forms: tuple[tuple[str, int, str], ...]
    refuses: str
    says: str
    flags: int | None = None
    terminated: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its numbers, in the order of the bytes."""
        return HEAD + NAMES + (() if self.flags is None else (FLAGS,))

    @property
    def path(self) -> int:
        """Where the path buffer begins, in bytes."""
        return self.parts[-1].offset + self.parts[-1].size


JUNCTION = Kind(
    "junction",
    "Junction",
    MOUNT_POINT,
    ((r"^[A-Za-z]:\\", 0, NT), (r"^\\\\\?\\(?:Volume\{|[A-Za-z]:\\)", 4, NT)),
    r"A junction takes an absolute path on a local volume, such as C:\target. “{0}” is none.",
    "A junction to {0}.",
    terminated=True,
)
ABSOLUTE = Kind(
    "symlink",
    "Symbolic link, absolute",
    SYMLINK,
    ((r"^[A-Za-z]:\\", 0, NT), (r"^\\\\\?\\[A-Za-z]:\\", 4, NT), (r"^\\\\[^\\?.]", 2, NT + "UNC\\")),
    r"An absolute symbolic link takes a path with a drive or a server, such as C:\target or \\server\share\target. “{0}” is none.",
    "A symbolic link to {0}.",
    flags=0,
)
RELATIVE_LINK = Kind(
    "relative",
    "Symbolic link, relative",
    SYMLINK,
    ((r"^(?![A-Za-z]:)(?!\\\\)", 0, ""),),
    r"A relative symbolic link takes a path without a drive or a server, such as ..\target. “{0}” has one.",
    "A relative symbolic link to {0}.",
    flags=RELATIVE,
)
KINDS = (JUNCTION, ABSOLUTE, RELATIVE_LINK)

SAYS = {
    "kind": "“{0}” is no kind of link; it takes junction, symlink or relative.",
    "empty": "There is no target to encode.",
    "nul": "Character {0} of the target is a NUL; no path has one.",
    "slash": "Character {0} of the target is /. Between the names of this buffer stands \\.",
    "half": "Character {0} of the target is half of a surrogate pair, so it is not UTF-16.",
    "dots": "“{0}” contains . or .. as a name; the target of a junction must not.",
    "long": "With this target the buffer is {0} bytes long; 16384 are allowed.",
    "hex": "Character {0} of the bytes, “{1}”, is no hex digit.",
    "odd": "{0} hex digits are no whole number of bytes.",
    "much": "{0} bytes are too many; 16384 are allowed.",
    "short": "The buffer ends after {0} bytes. The tag and the length alone take 8.",
    "tag": "Bytes 0 to 3 are the tag {0}{1}.{2} A junction has 0xa0000003, a symbolic link 0xa000000c.",
    "headless": "Bytes 0 to 3 are {0}, which is no known tag, and no length follows. What fsutil calls Reparse Data begins after the tag and the length: "
    "paste its lines above too, from Reparse Tag Value on.",
    "length": "Bytes 4 and 5: ReparseDataLength is {0}, but {1} bytes follow the first 8.",
    "head": "The buffer ends after {0} bytes, in the middle of its fields; the path buffer begins at byte {1}.",
    "unit": "Bytes {0} and {1}: {2} is {3}, an odd number. Names are UTF-16, two bytes a unit.",
    "past": "{0} ends at byte {1} of the path buffer, which has {2}.",
    "utf16": "Byte {0}, in {1}: half of a surrogate pair, so it is not UTF-16.",
    "reserved": "Reserved, bytes 6 and 7, is {0}. It should be 0; a reader ignores it.",
    "flags": "Flags, bytes 16 to 19, is {0}. Only 0 and 1 have a meaning.",
    "none": "The substitute name is empty, so there is nothing to follow.",
    "local": "The substitute name does not begin with \\, so it is not absolute. A junction needs that.",
    "lost": "Flags says absolute, but the substitute name does not begin with \\.",
    "root": "The substitute name is absolute, but does not begin with \\??\\, where the drive letters are: it is a path of the NT namespace itself.",
    "both": "Flags says relative, but the substitute name begins with \\??\\.",
}
"""Every complaint. {0} and so on are numbers, places or what was given."""
