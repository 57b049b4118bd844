"""The reparse buffer: known sizes, every refusal, and what goes in comes out."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syslab.chapters.files.ntfs_links import model as reparse
from syslab.chapters.files.ntfs_links.model import BadReparse, decode, encode, read_hex
from syslab.chapters.files.ntfs_links.tags import NAMES as TAGS

NAME = st.text(st.characters(exclude_characters="\\/:\0", exclude_categories=("Cs",)), min_size=1, max_size=30).filter(
    lambda name: name not in (".", "..")
)
PATH = st.lists(NAME, min_size=1, max_size=5).map("\\".join)


def test_known_buffers() -> None:
    junction = encode("junction", "C:\\target")
    assert (len(junction), junction[:4]) == (64, bytes.fromhex("030000a0"))
    relative = encode("relative", "..\\t")
    assert (len(relative), relative[:4], relative[16:20]) == (36, bytes.fromhex("0c0000a0"), bytes.fromhex("01000000"))
    assert decode(encode("symlink", "\\\\server\\share\\x")).followed == "\\??\\UNC\\server\\share\\x"
    assert decode(encode("junction", "\\\\?\\Volume{1}\\")).followed == "\\??\\Volume{1}\\"


@given(
    st.sampled_from([("junction", "C:\\"), ("symlink", "D:\\"), ("symlink", "\\\\s\\"), ("relative", ""), ("relative", "..\\")]),
    PATH,
)
def test_what_goes_in_comes_out(kind: tuple[str, str], path: str) -> None:
    key, front = kind
    data = encode(key, front + path)
    found = decode(data)
    assert (found.kind.key, found.shown, found.notes) == (key, front + path, ())
    assert found.followed.endswith(path)
    assert sum(size for _, size, _ in found.runs) == len(data)


@given(st.sampled_from(["junction", "symlink"]), PATH)
def test_a_library_reads_the_same(key: str, path: str) -> None:
    attr = pytest.importorskip("dissect.ntfs.attr")
    data = encode(key, "C:\\" + path)
    theirs, ours = attr.ReparsePoint(io.BytesIO(data)), decode(data)
    assert (int(theirs.tag), theirs.substitute_name, theirs.print_name) == (ours.kind.tag, ours.followed, ours.shown)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for whole in (
        data,
        struct.pack("<IHH", reparse.SYMLINK, len(data), 0) + data,
        struct.pack("<IHH", reparse.MOUNT_POINT, len(data), 0) + data,
    ):
        try:
            assert decode(whole).sentence
        except BadReparse as wrong:
            assert len(str(wrong)) > 10


@pytest.mark.parametrize(
    ("key", "target", "why"),
    [
        ("hardlink", "x", "no kind of link"),
        ("junction", "", "no target"),
        ("junction", "..\\t", "absolute path on a local volume"),
        ("junction", "\\\\server\\share", "absolute path on a local volume"),
        ("junction", "C:\\a\\..\\b", "must not"),
        ("symlink", "target", "a drive or a server"),
        ("relative", "C:\\target", "has one"),
        ("relative", "\\\\server\\x", "has one"),
        ("relative", "a/b", "Character 2 of the target is /"),
        ("relative", "\U0001f600/b", "Character 3"),  # counted in UTF-16, as the widget does
        ("relative", "a\0b", "Character 2 of the target is a NUL"),
        ("relative", "ab\ud800", "Character 3 of the target is half"),
        ("relative", "x" * 5000, "20020 bytes long; 16384"),
    ],
)
def test_targets_that_are_none(key: str, target: str, why: str) -> None:
    with pytest.raises(BadReparse, match=why):
        encode(key, target)


GOOD = encode("junction", "C:\\target")


def changed(at: int, *values: int) -> bytes:
    """GOOD with other bytes at ``at``."""
    return GOOD[:at] + bytes(values) + GOOD[at + len(values) :]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends after 0 bytes"),
        (GOOD[:7], "ends after 7 bytes"),
        (changed(0, 4), "tag 0xa0000004. It is Microsoft's. It is a name surrogate: the file stands for another. A junction"),
        (
            changed(0, 0x17, 0, 0, 0x80),
            "tag 0x80000017, WOF: a compressed file, or one in a WIM image. It is Microsoft's. A junction",
        ),
        (changed(0, 0x1A, 0x20, 0, 0x90), "CLOUD_2: Cloud Files, such as OneDrive. .* A directory that has it can have children"),
        (changed(0, 0x99, 0, 0, 0), "0x00000099. It is not Microsoft's, so bytes 8 to 23 are its owner's GUID. A junction"),
        (GOOD[:-1], "ReparseDataLength is 56, but 55 bytes"),
        (GOOD + b"\0", "56, but 57"),
        (struct.pack("<IHHI", reparse.SYMLINK, 4, 0, 0), "ends after 12 bytes, .* begins at byte 20"),
        (changed(8, 1), "Bytes 8 and 9: SubstituteNameOffset is 1"),
        (changed(14, 3), "Bytes 14 and 15: PrintNameLength is 3"),
        (changed(10, 200), "SubstituteName ends at byte 200 of the path buffer, which has 48"),
        (changed(16, 0, 0xD8), "Byte 16, in SubstituteName"),
        (changed(44, 0, 0xDC), "Byte 44, in PrintName"),
        (bytes(20000), "20000 bytes are too many"),
    ],
)
def test_buffers_that_are_none(data: bytes, why: str) -> None:
    with pytest.raises(BadReparse, match=why):
        decode(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (changed(6, 1), "Reserved"),
        (changed(10, 0), "empty"),
        (changed(8, 8), "not absolute. A junction"),
        (changed(8, 6), "is absolute, but does not begin with"),
        (encode("symlink", "C:\\t")[:16] + b"\1" + encode("symlink", "C:\\t")[17:], "says relative, but"),
        (encode("relative", "t")[:16] + b"\0" + encode("relative", "t")[17:], "says absolute, but"),
        (encode("relative", "t")[:16] + b"\3" + encode("relative", "t")[17:], "Flags, bytes 16 to 19, is 0x3"),
    ],
)
def test_oddities_are_told_and_read_all_the_same(data: bytes, why: str) -> None:
    if data[10] == 26 and data[8] in (6, 8):
        data = data[:10] + bytes([18]) + data[11:]
    assert any(why in note for note in decode(data).notes)


# https://github.com/winfsp/winfsp/issues/454, comment of 2022-10-19: mklink /D dot .
FSUTIL = """Reparse Tag Value : 0xa000000c
Tag value: Microsoft, Name Surrogate, Symbolic Link

Reparse Data Length: 0x10
Reparse Data:
0000:  02 00 02 00 00 00 02 00  01 00 00 00 2e 00 2e 00  ................
"""
DOT = bytes.fromhex("0c0000a0100000000200020000000200010000002e002e00")


def test_what_fsutil_prints() -> None:
    assert read_hex(FSUTIL) == DOT
    found = decode(DOT)
    assert (found.sentence, found.shown, found.notes) == ("A relative symbolic link to ..", ".", ())
    assert found.values["PrintNameOffset"] == 0 and found.values["SubstituteNameOffset"] == 2, "the print name comes first"
    with pytest.raises(BadReparse, match=r"0x00020002, which is no known tag.* begins after the tag and the length"):
        decode(read_hex(FSUTIL.splitlines()[-1]))
    with pytest.raises(BadReparse, match="0x00020002, which is no known tag"):
        decode(read_hex("02 00 02 00 00 00 02 00  01 00 00 00 2e 00 2e 00"))


@pytest.mark.parametrize("size", [24, 28, 32, 44, 64])
def test_dumps(size: int) -> None:
    """What xxd and hexdump -C print, by their manuals' examples: 16 bytes a line, groups of two or with a gap in the middle."""
    data = (GOOD + encode("relative", "t"))[: size - 4] + b"abcd"
    xxd, canonical, fsutil = [], [], []
    for at in range(0, size, 16):
        line = data[at : at + 16]
        text = "".join(chr(b) if 32 < b < 127 else "." for b in line)
        xxd.append(f"{at:08x}: {line.hex(' ', -2):<39}  {text}")
        halves = f"{line[:8].hex(' '):<23}  {line[8:].hex(' '):<23}"
        canonical.append(f"{at:08x}  {halves}  |{text}|")
        fsutil.append(f"{at:04x}:  {halves}  {text}")
    for dump in (xxd, [*canonical, f"{size:08x}"], fsutil):
        assert read_hex("\n".join(dump)) == data, dump
    assert read_hex(data.hex("-")) == read_hex("".join(f"\\x{b:02x}" for b in data)) == data
    assert read_hex(f"system.ntfs_reparse_data=0x{data.hex()}") == data


def test_every_tag_of_the_specification_is_named() -> None:
    """The values are those of [MS-FSCC] 2.1.2.1 *Reparse Tags*, counted there: 40, and 15 more of the Cloud Files."""
    assert len(TAGS) == 55
    for tag, name in (
        (0x9000E01A, "CLOUD_E"),
        (0x80000023, "AF_UNIX"),
        (0x90001018, "WCI_1"),
        (0xC0000004, "HSM"),
        (0x80000014, "NFS"),
    ):
        assert TAGS[tag].partition(":")[0] == name
    names = [name.partition(":")[0] for name in TAGS.values()]
    assert len(set(names)) == len(names)
    assert {"MOUNT_POINT", "SYMLINK", "LX_FIFO", "LX_CHR", "LX_BLK", "PROJFS", "WCI_LINK", "ONEDRIVE", "DEDUP"} <= set(names)


def test_a_path_that_mklink_takes() -> None:
    assert (
        decode(encode("junction", "\\\\?\\C:\\t")).followed == "\\??\\C:\\t" == decode(encode("symlink", "\\\\?\\C:\\t")).followed
    )


def test_hex_as_dumps_have_it() -> None:
    assert read_hex(" 0c 00,00:a0\n0x10 0x00 ") == bytes.fromhex("0c0000a01000")
    for bad, why in (
        ("0c 0g", "Character 5 of the bytes, “g”"),
        ("0c0", "3 hex digits"),
        ("ä", "Character 1"),
        ("0" * 200_000, "too many"),
    ):
        with pytest.raises(BadReparse, match=why):
            read_hex(bad)
