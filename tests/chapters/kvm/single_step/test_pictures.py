"""The picture of the chapter on single-stepping has what the lab VM counted."""

from __future__ import annotations

import re

from syslab.chapters.kvm import single_step
from syslab.chapters.kvm.single_step import pictures
from syslab.evidence import Answer, recorded


def test_two_steps() -> None:
    counted = recorded(single_step.reasons)
    picture = pictures.two_steps(Answer(single_step.reasons, [counted]))
    stepped = next(row for row in counted.data if row["single_step"] and row["mode"] == "long")
    assert f"{stepped['exits']['DB excp']} are #DB and {stepped['exits']['cpuid']} is CPUID's" in picture.alt
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", str(picture.layouts()[0].body))
    assert drawn.count("#DB") == 1
    assert drawn.count("VM entry") == drawn.count("KVM_RUN returns") == 2
    assert [word for word in drawn if word in ("add ax, 2", "cpuid")] == ["add ax, 2", "cpuid"]
