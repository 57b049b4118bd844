"""Each widget in words: what a REPL, GitHub, nbconvert and a page without JavaScript show of it."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from syslab.bits import get
from syslab.chapters.cpu.cpuid.ask import leaves
from syslab.chapters.cpu.cpuid.show import browser
from syslab.chapters.files.binary_formats import show as binary_formats
from syslab.chapters.files.bool_size.widget import StructLayout
from syslab.chapters.files.links.widget import LinkGraph
from syslab.chapters.files.ntfs_links.widget import ReparseBuffer
from syslab.chapters.kvm.halt.widget import Decision, End, Flow
from syslab.chapters.kvm.single_step.widget import InstructionTape, Mark, Tape
from syslab.chapters.kvm.supported_cpuid import ask as supported
from syslab.chapters.kvm.supported_cpuid.show import browser as compare
from syslab.chapters.kvm.vcpu_requests.show import interleaving
from syslab.chapters.kvm.vm_exits.model import MOV_CR0
from syslab.chapters.kvm.vm_exits.widget import MaskedRegister, state
from syslab.chapters.memory.address_space.widget import AddressMap, Space
from syslab.chapters.memory.page_table_entry.widget import PageWalk
from syslab.chapters.processes.cron.widget import CronLine
from syslab.chapters.processes.cron.widget import state as cron_state
from syslab.evidence import Answer, recorded
from syslab.widgets import BitField, ChoiceTable, Lookup, Quiz, StateMachine, Step, Stepper
from syslab.widgets.base import BOOK, Widget, chapter
from syslab.widgets.choice_table import Outcome
from syslab.widgets.state_machine import Edge, Event, Machine, State
from tools.environment import ROOT

EVERY = [[-1] * 6] * 16
SPACE = Space("small", [(0, 0xFFF, "first", "user"), (0x1000, 0x1FFF, "second", "hole")], {"All": (0, 0x1FFF)})
MADE: list[tuple[Any, str, str]] = [  # a widget, something it shows, and its state in links
    (lambda: BitField(get("pfec"), value=0x15), "0x00000015: User-mode code tried to fetch", "pfec=0x15"),
    (lambda: BitField(get("wait"), get("pfec")), "Register: wait status", "wait=0x300"),
    (
        lambda: ChoiceTable("t", {"Signal": {"INT": "SIGINT"}}, {("INT",): Outcome("Died.", [("status", "0x2")])}),
        "Signal: SIGINT.\nDied.\nstatus: 0x2",
        "t=INT",
    ),
    (lambda: Lookup("exit", ["No.", "Name"], [["48", "EPT violation"]]), "1 rows of No., Name. The first:\n48 · EPT", "exit="),
    (lambda: Quiz("q", "Which?", ["a"], {}, "", choices=["a", "b"]), "Which?\n– a\n– b", "q"),
    (
        lambda: StateMachine(
            "m", [State("a", "A", (0, 0), "asleep"), State("b", "B", (1, 0))], [Event("go", "Go")],
            {(): Machine("a", {("a", "go"): Edge("b", "done")})}, value="go",
        ),
        "It is in B\nThe way was A, B.",
        "m=go",
    ),
    (lambda: Stepper("s", ["CPU"], [Step("A `read`", {"CPU": "waits"})]), "Step 1 of 1: A read\nCPU: waits", "s=1"),
    (lambda: browser(Answer(leaves, [recorded(leaves)])), "leaf 7.0, more features: EAX 0x", "cpuid=7.0"),
    (lambda: compare([recorded(supported.compared)]), "7.0, more features:\nEAX same value: MAX_SUBLEAF", "kvmcpuid=7.0"),
    (binary_formats.hex_tree, "7f 45 4c 46", "bytes=elf"),
    (lambda: StructLayout("struct", {"one": "bool,int"}), "8 bytes, aligned to 4; 3 bytes of padding.\na: byte 0; b", "struct=bool,int"),
    (lambda: LinkGraph("links", {"one": "create-a"}), "a is file 1, 1 link; opened, it reads text 1", "links=create-a"),
    (lambda: ReparseBuffer("reparse", {"one": "junction:C:\\x"}), "bytes: 03 00 00 a0", "reparse=junction:C:\\x"),
    (
        lambda: Flow("f", {"a": ("A", {"y": "yes"})}, [Decision("Is it?", ("a",), {("y",): "yes"}, {"yes": End("Done", "now")})]),
        "A: yes.\nIs it? yes → Done. now",
        "f=y",
    ),
    (
        lambda: InstructionTape("tape", ["TF"], [Tape("one", "One", [("", "nop")], [[Mark(0, "at nop")]])]),
        "One, stop 1:\nTF: at nop\nThe listing: nop",
        "tape=one.1",
    ),
    (interleaving, "Next can be Requester: Next instruction; or vCPU: Next instruction.", "race=none."),
    (lambda: MaskedRegister("cr", [MOV_CR0], {"one": state(MOV_CR0, 1, 1, 1, 0)}), "It leaves the guest: 0x1 would not", "cr=mov-cr0.1.1.1.0"),
    (lambda: AddressMap({"small": SPACE}, 0x1234, width=16), "small. 0x1234: second.\n", "va=0x1234"),
    (lambda: PageWalk({"all": ("All", EVERY)}), "PML4E: P, R/W, U/S\n", "walk=7.7.7.f"),
    (lambda: CronLine("cron", {"one": cron_state("30 2 * * * true")}), "Next firings: Sun 2026-03-29 02:30", "cron=UTC,2026"),
]  # fmt: skip
KINDS = [made().__class__.__name__ for made, _, _ in MADE]


@pytest.mark.parametrize(("made", "part", "fragment"), MADE, ids=KINDS)
def test_each_says_its_first_state(made: Any, part: str, fragment: str) -> None:
    widget = made()
    data, _ = widget._repr_mimebundle_()
    words = widget.in_words()
    assert part in words
    assert unquote(widget.fragment()).startswith(fragment)
    assert "application/vnd.jupyter.widget-view+json" in data
    assert words in data["text/plain"] and repr(widget) == words
    assert "object at 0x" not in data["text/plain"] and "traitlets" not in data["text/plain"]
    lines = [html.unescape(line) for line in re.findall(r"<p>([^<]*)</p>", data["text/html"])]
    assert lines[: words.count("\n") + 1] == words.splitlines()
    assert not re.search(r"<(?!/?p>|a href=\"https://|/a>)", data["text/html"]), "what GitHub leaves as it is"
    assert widget._says.startswith("With JavaScript this becomes ") and words in widget._says


def test_every_kind_of_widget_is_here() -> None:
    def below(kind: type[Widget]) -> set[str]:
        return {kind.__name__ for kind in kind.__subclasses__()}

    assert below(Widget) == set(KINDS)


def test_marks_are_escaped() -> None:
    data, _ = Quiz("q", "Is 1 < 2 & <b>?", ["a"], {}, "")._repr_mimebundle_()
    assert "<p>Is 1 &lt; 2 &amp; &lt;b&gt;?</p>" in data["text/html"]


def test_the_hosted_page() -> None:
    assert yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["html"]["baseurl"] == BOOK
    assert chapter("syslab.chapters.files.bool_size.widget") == "files/bool-size"
    assert chapter("syslab.widgets.bit_field") == ""
    widget = StructLayout("struct", {"one": "bool"})
    data, _ = widget._repr_mimebundle_()
    link = f"{BOOK}files/bool-size.html#struct=bool"
    assert data["text/plain"].endswith(f"To operate it: {link}")
    assert f'<a href="{link}">' in data["text/html"]
    assert BitField(get("pfec"))._page == f"{BOOK}desk.html", "no chapter, or more than one, is imported here"
    data, _ = Stepper("s", ["CPU"], [Step("One", {})])._repr_mimebundle_()
    assert "<a " not in data["text/html"] and "To operate" not in data["text/plain"]
