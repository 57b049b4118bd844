"""What reads text that somebody pasted: in time for any text, and whatever the blanks in it are."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from syslab.bits import get
from syslab.bits.reading import plain
from tests.adversarial import patterns, texts


@pytest.mark.long
def test_no_pattern_takes_long_over_any_text() -> None:
    """In a process of its own: a search cannot be interrupted."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.adversarial"], capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=900
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert len(patterns()) > 30


@pytest.mark.parametrize(
    ("pattern", "hard"),
    [
        (r"\bioctl\(\s*\d+(?:<[^>]*>)?\s*,", "ioctl( 0<ioctl( 0<"),  # what each was before it was mended
        (r"segfault at .*? error ([0-9a-f]+)", "segfault at segfault at "),
        (r"\b(?:make|gmake).*\bError (\d+)", "makemake"),
        (r"\bw?status\s*[=:]?\s*0x([0-9a-f]{1,8})\b", "wstatus     "),
        (r"^\s*[0-9a-f]*[a-f][0-9a-f]*\s*$", "aaa"),
    ],
)
def test_the_hard_texts_are_made_for_these(pattern: str, hard: str) -> None:
    assert any(hard in text for text in texts(pattern, 100)), list(texts(pattern, 30))


def test_every_kind_of_blank_is_one() -> None:
    """Python's white space and JavaScript's, together; but not the control characters that only Python takes for blanks."""
    blanks = [chr(n) for n in range(0x10000) if chr(n).isspace() or unicodedata.category(chr(n)).startswith("Z")]
    pfec = get("pfec")
    for blank in blanks:
        if blank in "\x1c\x1d\x1e\x1f":
            with pytest.raises(ValueError, match=re.escape(repr(blank)[1:-1])):
                pfec.read(f"0x15{blank}")
            continue
        assert plain(blank) in (" ", "\n", "\t"), repr(blank)
        assert pfec.read(f"{blank}0x15{blank}").value == 0x15
        assert plain(blank) != " " or pfec.read(f"error_code={blank}15").value == 0x15
    for nothing in "\ufeff\u200b\u200c\u200d\u2060\xad":
        assert pfec.read(f"{nothing}0x{nothing}15").value == 0x15


def test_what_cannot_be_read_is_shown() -> None:
    """Also where it cannot be seen."""
    for text, shown in (("0x15\u200e", r"'0x15\u200e'"), ("\x1b[1m0x15", r"'\x1b[1m0x15'"), ("15\u2028zz\xa0", r"'15\nzz'")):
        with pytest.raises(ValueError, match=re.escape(f"cannot read {shown}; accepted")):
            get("pfec").read(text)
    with pytest.raises(ValueError, match=r"page-fault error code \(32 bits\): a number of 5000 digits does not fit"):
        get("pfec").read("9" * 5000)
    assert get("pfec").read("0" * 5000 + "15").value == 15
