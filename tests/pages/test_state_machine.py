"""The state machine, on a page of its own: mouse, keyboard, links, a phone's width, print, and what a screen reader hears."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from syslab.widgets import StateMachine
from syslab.widgets.state_machine import Edge, Event, Machine, State


def lamp() -> StateMachine:
    """Three states; with power they can be left, without it everything is refused."""
    states = (State("off", "OFF", (0, 0), "dark"), State("on", "ON", (1, 0), "light"), State("broken", "BROKEN", (1, 1)))
    events = (
        Event("up", "Press", "Switch", "up"),
        Event("down", "Pull", "Switch", "down", "It is pulled"),
        Event("hit", "Hit", "Force"),
    )
    edges = {
        ("off", "up"): Edge("on", "ok"),
        ("on", "down"): Edge("off", "ok"),
        ("on", "up"): Edge("on", "EBUSY", "It is on already.", True),
        ("on", "hit"): Edge("broken", "ok", "There was a noise."),
    }
    refused = {("off", "up"): Edge("off", "ENODEV", "No power.", True)}
    return StateMachine(
        "lamp",
        states,
        events,
        {("yes",): Machine("off", edges), ("no",): Machine("off", refused)},
        {"Power": {"yes": "on the mains", "no": "none"}},
    )


def now(page: Page, state: str, said: str) -> None:
    expect(page.locator(".sm-now text")).to_have_text(state)
    expect(page.locator(".sm-now-line b")).to_have_text(state)
    expect(page.locator(".sm-head")).to_have_text(said)


def test_mouse(standalone: Callable[..., Page]) -> None:
    page = standalone(lamp())
    now(page, "OFF", "Nothing has happened yet.")
    expect(page.locator(".sm-now-line")).to_have_text("OFF: dark")
    assert "#" not in page.url
    expect(page.get_by_role("button", name="Pull")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Pull").click(force=True)
    now(page, "OFF", "It is pulled: not tried in OFF.")
    page.get_by_role("button", name="Press").click()
    now(page, "ON", "Press: ok.")
    assert page.url.endswith("#lamp=yes.up")
    page.get_by_role("button", name="Press").click()
    now(page, "ON", "Press: EBUSY. It is on already.")
    expect(page.locator(".sm-head")).to_have_attribute("data-tone", "bad")
    page.get_by_role("button", name="Hit").click()
    now(page, "BROKEN", "Hit: ok. There was a noise.")
    expect(page.locator(".sm-path li")).to_have_text(["Press: ok → ON", "Press: EBUSY → ON", "Hit: ok → BROKEN"])
    expect(page.locator(".sm-jump")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    now(page, "ON", "Press: EBUSY. It is on already.")
    page.get_by_role("radio", name="none").check()
    assert page.url.endswith("#lamp=no")
    now(page, "OFF", "Nothing has happened yet.")
    page.get_by_role("button", name="Press").click()
    now(page, "OFF", "Press: ENODEV. No power.")
    expect(page.locator(".sm-out")).to_have_count(2)
    page.get_by_role("button", name="Start over").click()
    assert page.url.endswith("#lamp=no")
    expect(page.locator(".sm-walked")).to_be_hidden()


def test_keyboard(standalone: Callable[..., Page]) -> None:
    page = standalone(lamp())
    page.get_by_role("button", name="Press").focus()
    for key, name in (("ArrowRight", "Pull"), ("ArrowRight", "Press"), ("End", "Pull"), ("Home", "Press"), ("ArrowLeft", "Pull")):
        page.keyboard.press(key)
        expect(page.locator(":focus")).to_have_text(name)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Hit")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    now(page, "ON", "Press: ok.")
    expect(page.get_by_role("img")).to_have_attribute("aria-label", "Now in ON. OFF to ON: up. ON to OFF: down.")
    page.get_by_role("radio", name="on the mains").focus()
    page.keyboard.press("ArrowRight")
    now(page, "OFF", "Nothing has happened yet.")


@pytest.mark.parametrize(
    "value", ["", "maybe", "yes.down", "yes.x", "yes..up", "%zz", "no.up.down", "yes." + ".".join(["up"] * 31), "9" * 500]
)
def test_a_bad_link_is_said(standalone: Callable[..., Page], value: str) -> None:
    page = standalone(lamp(), fragment=f"#lamp={value}")
    now(page, "OFF", "Nothing has happened yet.")
    expect(page.locator(".bf-note")).to_contain_text(
        "is no way through these states; this is the start. It takes power.events, such as yes.up."
    )
    page.get_by_role("button", name="Press").click()
    expect(page.locator(".bf-note")).to_be_empty()


def test_a_link_walks_the_way(standalone: Callable[..., Page]) -> None:
    page = standalone(lamp(), fragment="#lamp=yes.up.down")
    now(page, "OFF", "It is pulled: ok.")
    page.evaluate("location.hash = '#lamp=yes.up.hit'")
    now(page, "BROKEN", "Hit: ok. There was a noise.")


def test_a_way_has_an_end(standalone: Callable[..., Page]) -> None:
    page = standalone(lamp(), fragment="#lamp=yes." + ".".join(["up"] * 30))
    page.get_by_role("button", name="Press").click()
    expect(page.locator(".sm-head")).to_have_text("30 events are enough. Start over.")


def test_narrow_and_printed(standalone: Callable[..., Page]) -> None:
    page = standalone(lamp(), width=360, fragment="#lamp=yes.up")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    text = page.locator(".sm-now text").bounding_box()
    assert text and text["height"] > 10, "the states' names can be read on a phone"
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Press")).to_be_hidden()
    expect(page.locator(".sm-svg")).to_be_visible()
    expect(page.locator(".sm-path li")).to_have_count(1)
