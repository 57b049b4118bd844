"""What the pages read of pasted text: the same as Python, whatever the blanks in it are, and in time for any text."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from syslab.bits import Layout, get
from syslab.bits.reading import LONGEST
from syslab.widgets.base import EXPORT, FOLDER
from tests.adversarial import patterns, recipes

BLANKS = " \t\n\r\v\f\xa0\x85\u1680\u2003\u2028\u2029\u202f\u3000\ufeff\u200b\u200d\u2060\xad\x1c\x1f\u200e\x00"
PIECES = ("0x15", "21", "0b1", "0x", "15", "_", "error_code=", "status=0x8b", "exit code 7", "requests 0x1", "SigBlk:", "zz", "é")

READ = """given => {
  const [common, layouts, texts] = JSON.parse(given);
  const js = new Function(common + "; return { read: readWord };")();
  return JSON.stringify(layouts.map(L => texts.map(t => { const r = js.read(L, t); return r.error ?? [r.value.toString(), r.how]; })));
}"""

# in a worker, because nobody can interrupt a search; the seconds guard against waiting for ever
SEARCH = """async ([given, seconds]) => {
  const [common, hard, layout, length, units] = JSON.parse(given);
  const code = common + `
    onmessage = ({ data: [hard, layout, length, units] }) => {
      const text = ([beginning, unit]) => (beginning + unit.repeat(length / unit.length)).slice(0, length - 1) + "!";
      for (const [pattern, recipes] of hard) { postMessage(pattern); for (const r of recipes) new RegExp(pattern, "i").exec(text(r)); }
      length = 65536;
      for (const unit of units) {
        postMessage("read " + escape(unit)); readWord(layout, text(["", unit])); readWord(layout, text(["x", unit])); readWord(layout, text(["0x", unit]));
      }
      postMessage("");
    };`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  let last = "nothing";
  const done = new Promise((resolve, reject) => {
    worker.onmessage = e => { last = e.data; if (!last) resolve(last); };
    worker.onerror = e => reject(Error(e.message));
  });
  worker.postMessage([hard, layout, length, units]);
  await Promise.race([done, new Promise(r => setTimeout(r, 1000 * seconds))]);
  worker.terminate();
  return last;
}"""


@pytest.fixture
def evaluate(browser: Any) -> Any:
    page = browser.new_page()
    yield page.evaluate
    page.close()


def python(layout: Layout, text: str) -> Any:
    try:
        reading = layout.read(text)
    except ValueError as error:
        return str(error)
    return [str(reading.value), reading.how]


def common() -> str:
    return EXPORT.sub("", (FOLDER / "layouts.js").read_text(encoding="utf-8"))


def test_blanks_mean_the_same_in_both_languages(evaluate: Any) -> None:
    choose = random.Random(10)
    tried = [
        "".join(choose.choice(PIECES) if choose.random() < 0.4 else choose.choice(BLANKS) for _ in range(choose.randint(1, 7)))
        for _ in range(400)
    ]
    tried += [f"{a}{piece}{b}" for piece in PIECES for blank in BLANKS for a, b in ((blank, ""), ("", blank))]
    layouts = [get(anchor) for anchor in ("pfec", "wait", "shell-status", "sigmask", "kvm-requests", "ioc", "cr4")]
    found = json.loads(evaluate(READ, json.dumps([common(), [layout.to_dict() for layout in layouts], tried])))
    read = 0
    for layout, answers in zip(layouts, found, strict=True):
        for text, answer in zip(tried, answers, strict=True):
            expected = python(layout, text)
            if isinstance(expected, list):
                read += 1
                assert answer == expected, f"{layout.anchor} {text!r}"
            else:  # the same reason, and what cannot be read is shown as visibly
                assert isinstance(answer, str), f"{layout.anchor} {text!r}: {answer}"
                if "cannot read" in expected and "'" not in text:
                    shown = expected.partition("cannot read '")[2].partition("'; accepted")[0]
                    assert _same(shown) == _same(answer.partition("cannot read “")[2].partition("”; accepted")[0]), repr(text)
                else:
                    assert answer.split(";")[0].split(" does not fit")[0] == expected.split(";")[0].split(" does not fit")[0]
    assert read > 500


def _same(shown: str) -> str:
    r"""Python writes \x1c, a page \u001c."""
    return shown.replace("\\x", "\\u00")


def test_no_pattern_takes_long_over_any_text(evaluate: Any) -> None:
    hard = [[pattern, list(recipes(pattern))] for pattern in patterns()]
    given = json.dumps([common(), hard, get("pfec").to_dict(), 4 * LONGEST, [*BLANKS, *"0_a"]])
    assert evaluate(SEARCH, [given, 120]) == "", "the worker was still busy with it"


def test_the_guard_notices(evaluate: Any) -> None:
    """What it is for: a search that would go on for hours."""
    given = json.dumps([common(), [["^(a+)+$", [["", "a"]]]], get("pfec").to_dict(), 60, []])
    assert evaluate(SEARCH, [given, 2]) == "^(a+)+$"
