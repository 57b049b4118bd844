"""The crontab widget in a browser: typing, links, bad lines, a phone, and the same rules as Python's over random lines."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from syslab.chapters.processes.cron.firings import EPOCH, FIRST_YEAR, LAST_YEAR, ZONES, firings, minutes, segments
from syslab.chapters.processes.cron.model import FIELDS, NICKNAMES, CrontabError, parse
from syslab.chapters.processes.cron.widget import CronLine, state
from tests.exhaustive import EXHAUSTIVE

NOTED = state('0 3 * * * "fish ~/x"', "Europe/Berlin", "2026-03-28T12:00")
SPRING = state("30 2 * * * x", "Europe/Berlin", "2026-03-28T12:00")
BY_PAGE = """([rules, cases]) => {
  const { parse, firings } = rsn["processes-cron"].cronRules(rules);
  return cases.map(([line, zone, start]) => {
    try {
      const L = parse(line), fires = firings(L, zone, Date.parse(start + ":00Z") / 6e4, 6).map(f => [f.utc, f.offset, f.planned]);
      return { command: L.command, stdin: L.stdin, words: L.words, sets: L.sets, notes: L.notes, fires };
    } catch (e) { return { error: e.message }; }
  });
}"""
BAD_ITEMS = ("x", "", "L", "1#2", "-1", "5/2", "*/0", "*/", "3-", "1-2-3", "1/2/3", "99", "*5", "**", "mon", "*-5", "é")


def widget() -> CronLine:
    """The noted line, and one across a change."""
    return CronLine("cron", {"Noted": NOTED, "Spring": SPRING})


def fired(page: Page) -> list[str]:
    """The firings as shown."""
    return page.locator(".cl-fires li").all_inner_texts()


def _item(choose: random.Random, number: int) -> str:
    _, low, high, names = FIELDS[number]
    kind = choose.random()
    if kind < 0.35:
        return "*"
    if kind < 0.45:
        return f"*/{choose.randint(1, high + 3)}"
    if kind < 0.8:
        if names and choose.random() < 0.3:
            return choose.choice(names).lower()
        return str(choose.choice((0, 1, 2, 3)) if number == 1 and choose.random() < 0.5 else choose.randint(low, high))
    if kind < 0.82:
        return choose.choice(BAD_ITEMS)
    ends = sorted((choose.randint(low, high), choose.randint(low, high)))
    if choose.random() < 0.03:
        ends.reverse()
    return f"{ends[0]}-{ends[1]}" + (f"/{choose.randint(1, 9)}" if choose.random() < 0.5 else "")


def _case(choose: random.Random) -> tuple[str, str, str]:
    """A line, a zone, and a start near one of the zone's changes or anywhere."""
    zone = choose.choice(ZONES)
    change = choose.choice(segments(zone)[1:] or [(minutes(datetime(2028, 2, 27)), 0)])
    start = EPOCH + timedelta(
        minutes=sum(change) + (choose.randint(-200, 60) if choose.random() < 0.6 else choose.randint(-3000, 300))
    )
    if choose.random() < 0.2 or not FIRST_YEAR <= start.year <= LAST_YEAR:
        start = datetime(FIRST_YEAR, 1, 1) + timedelta(minutes=choose.randrange((LAST_YEAR - FIRST_YEAR + 1) * 365 * 1440))
    often = (1, 1, 0.5, 0.3, 0.5)
    fields = [
        ",".join(_item(choose, i) for _ in range(1 if choose.random() < 0.8 else choose.randint(2, 4)))
        if choose.random() < often[i]
        else "*"
        for i in range(5)
    ]
    schedule = choose.choice([*NICKNAMES, "@x", "A=", "#"]) if choose.random() < 0.03 else " ".join(fields)
    parts = (
        "fish",
        "~/x",
        " ",
        "'",
        '"',
        "%",
        "\\",
        "\\%",
        "a b",
        "$X",
        ";",
        "|",
        "#",
        "=",
        "X=1 ",
        "\t",
        "é",
        "\\\\",
        "root ",
        "? ",
        "* ",
        "/a\\ b",
    )
    return f"{schedule} {''.join(choose.choice(parts) for _ in range(choose.randint(0, 9)))}", zone, f"{start:%Y-%m-%dT%H:%M}"


def _by_python(line: str, zone: str, start: str) -> dict[str, Any]:
    try:
        read = parse(line)
    except CrontabError as error:
        return {"error": str(error)}
    fires = [[f.utc, f.offset, f.planned] for f in firings(read, zone, datetime.fromisoformat(start))]
    words = {"command": read.command, "stdin": read.stdin, "words": list(read.words)}
    return words | {"sets": [sorted(s) for s in read.sets], "notes": list(read.notes), "fires": fires}


@pytest.mark.parametrize("seed", range(4 if EXHAUSTIVE else 1))
def test_the_same_rules_as_python(standalone: Callable[..., Page], seed: int) -> None:
    choose, shown = random.Random(seed), widget()
    cases = [_case(choose) for _ in range(2500)]
    rules = json.loads(json.dumps(shown.rules, sort_keys=True))  # as a saved page has them
    answers = standalone(shown).evaluate(BY_PAGE, [rules, [list(case) for case in cases]])
    expected = [_by_python(*case) for case in cases]
    for case, mine, theirs in zip(cases, expected, answers, strict=True):
        assert mine == theirs, case
    assert sum("error" not in mine for mine in expected) > 1500
    fires = [mine["fires"] for mine in expected if mine.get("fires")]
    assert sum(len({offset for _, offset, _ in some}) > 1 for some in fires) > 80, "clock changes are among them"
    assert sum(any(utc + offset != planned for utc, offset, planned in some) for some in fires) > 10


def test_typing(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    expect(page.locator(".cl-notes [data-tone=bad]")).to_contain_text("one word of it")
    line = page.get_by_label("A line of a crontab")
    line.fill("*/30 2 * * * cat%Hello,%you")
    assert fired(page)[0].startswith("Mon 2026-03-30 02:00 UTC+02:00")
    assert page.locator(".cl-facts pre").text_content() == "Hello,\nyou\n"
    page.get_by_label("Zone").select_option("UTC")
    assert fired(page)[0].startswith("Sun 2026-03-29 02:00 UTC+00:00")
    page.get_by_label("From").fill("2026-10-24 12:00")
    assert fired(page)[0].startswith("Sun 2026-10-25 02:00")
    assert page.url.endswith("#cron=" + quote("UTC,2026-10-24T12:00,*/30 2 * * * cat%Hello,%you", safe="!*'()"))


def test_a_change_is_marked(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), fragment="#cron=" + quote(SPRING))
    assert fired(page)[0] == "Sun 2026-03-29 03:00 UTC+02:00for 02:30, which this day does not have"
    page.get_by_label("A line of a crontab").fill("0 * * * * x")
    page.get_by_label("From").fill("2026-10-25 01:30")
    assert "the second time" in fired(page)[1]
    expect(page.locator(".cl-jump")).to_have_text("UTC+01:00")


def test_bad_lines_say_which_field(standalone: Callable[..., Page]) -> None:
    page = standalone(widget())
    line, before = page.get_by_label("A line of a crontab"), fired(page)
    line.fill("0 24 * * * x")
    expect(page.locator(".bf-note")).to_have_text("hour: 24 is out of range. It takes 0 to 23.")
    expect(line).to_have_attribute("aria-invalid", "true")
    assert fired(page) == before, "the last good line stays"
    line.fill("0 23 * * * x")
    expect(page.locator(".bf-note")).to_be_empty()
    assert line.get_attribute("aria-invalid") is None
    page.get_by_label("From").fill("2026-02-30 00:00")
    expect(page.locator(".bf-note")).to_contain_text("From: write a time as")


@pytest.mark.parametrize(
    "bad", ["", "UTC", "Mars,2026-03-28T12:00,@daily x", "UTC,soon,@daily x", "UTC,2026-03-28T12:00,60 * * * * x", "%E0%A4%A"]
)
def test_malformed_fragment(standalone: Callable[..., Page], bad: str) -> None:
    page = standalone(widget(), fragment=f"#cron={bad}")
    expect(page.locator(".bf-note")).to_contain_text("The link cannot be shown, this is the default.")
    expect(page.get_by_label("A line of a crontab")).to_have_value('0 3 * * * "fish ~/x"')
    assert len(fired(page)) == 6
    page.get_by_role("button", name="Spring").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_line_that_never_runs_and_a_phone(standalone: Callable[..., Page]) -> None:
    page = standalone(widget(), fragment="#cron=" + quote("UTC,2026-01-01T00:00,0 3 30 2 * x"), width=360)
    assert fired(page) == ["none before 2037"]
    expect(page.locator(".cl-notes [data-tone=bad]")).to_contain_text("never runs it")
    page.get_by_label("A line of a crontab").fill("@reboot " + "x" * 300)
    assert fired(page) == ["when cron first starts after a boot"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
