"""Pictures of the chapter on ioctl: the parts of a number make the number again, and returned values are the recorded ones."""

from __future__ import annotations

import pytest

from syslab.bits.ioctl_names import BY_NAME
from syslab.chapters.files.ioctl import ask as experiment
from syslab.chapters.files.ioctl import pictures
from syslab.evidence import Answer, recorded


@pytest.mark.parametrize("name", pictures.TELLING)
def test_the_four_parts_are_the_number(name: str) -> None:
    found = pictures.parts(BY_NAME[name].number)
    assert list(found) == ["DIR", "SIZE", "TYPE", "NR"]
    assert int("".join(bits for bits, _ in found.values()), 2) == BY_NAME[name].number


def test_the_parts_in_words() -> None:
    assert [word for _, word in pictures.parts(0x4008AE90).values()] == ["write", "8 bytes", "0xae", "0x90"]
    assert [word for _, word in pictures.parts(0x80045430).values()] == ["read", "4 bytes", "0x54 'T'", "0x30"]
    shown = pictures.request_numbers()._repr_html_()
    assert 'href="#ioc=0x4008ae90"' in shown


def test_what_the_calls_returned() -> None:
    alt = pictures.copies(Answer(experiment.arguments, [recorded(experiment.arguments)])).alt
    assert "none: OSError EFAULT: Bad address; bytes(8): 8 bytes: 18 00 50 00" in alt
    assert alt.endswith("bytearray(8): 0.")
