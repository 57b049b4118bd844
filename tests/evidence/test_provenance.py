"""The line under an answer: which machine it was, whole, and nothing of it taken for markup."""

from __future__ import annotations

import platform
import re
from dataclasses import replace

import pytest

from syslab.evidence.line import provenance_html
from syslab.evidence.provenance import Provenance, here

WHO = Provenance(
    how="record", witness="kvm-svm-tcg", cpu="A CPU (family 6, model 207, stepping 2)", kernel="Linux 6.1.192", user="root", date="2026-11-27",
    seconds=1.5, hypervisor="QEMU TCG", tools={"gcc": "12.2.0", "bash": "5.2.15"},
)  # fmt: skip
LINE = (
    "record · kvm-svm-tcg · A CPU (family 6, model 207, stepping 2) under QEMU TCG · Linux 6.1.192 · bash 5.2.15 · gcc 12.2.0 · root · 2026-11-27"
    " · 1.5\u00a0s"
)


def test_the_whole_line() -> None:
    assert WHO.line() == LINE
    assert re.sub(r"<[^>]*>", "", provenance_html(WHO)) == LINE.replace("record · ", "record ", 1)


@pytest.mark.parametrize("part", ["how", "witness", "cpu", "kernel", "user", "date", "hypervisor"])
def test_each_part_is_in_it(part: str) -> None:
    assert "another one" in replace(WHO, **{part: "another one"}).line()
    assert "another one" in provenance_html(replace(WHO, **{part: "another one"}))


def test_what_is_missing_is_left_out() -> None:
    bare = replace(WHO, hypervisor="", tools={}, seconds=0.001)
    assert (
        bare.line()
        == "record · kvm-svm-tcg · A CPU (family 6, model 207, stepping 2) · Linux 6.1.192 · root · 2026-11-27 · under 0.01\u00a0s"
    )
    more = replace(bare, install=("apt install gcc", "be root"), failed="it ended", note="One more.")
    assert more.line() == (
        f"{bare.line()}. To run it live: apt install gcc; be root. The run here failed, so this is a record: it ended. One more."
    )


def test_none_of_it_is_markup() -> None:
    for part in ("witness", "cpu", "kernel", "user", "date", "hypervisor", "failed", "note"):
        page = provenance_html(replace(WHO, **{part: "<img src=x> & <b>"}))
        assert "&lt;img src=x&gt; &amp; &lt;b&gt;" in page and "<img" not in page and "<b>" not in page, part


def test_this_machines_kernel() -> None:
    found = here("live", 0.1)
    name, _, version = found.kernel.partition(" ")
    assert name == platform.system() and version and (version in platform.release() or version in platform.version())
    assert f" · {found.kernel} · " in found.line()
