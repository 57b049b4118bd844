"""The pictures of the chapter on a first virtual machine tell what was measured."""

from __future__ import annotations

import re

from syslab.chapters.kvm import first_vm
from syslab.chapters.kvm.first_vm import pictures, show
from syslab.evidence import Evidence, Experiment, recorded, records


def each(which: Experiment) -> list[Evidence]:
    return [recorded(which, witness) for witness in records.witnesses(which.name)]


def words(picture: pictures.Picture) -> list[str]:
    """All that is written in the wide layout, line by line."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", str(picture.layouts()[0].body))


def test_the_course_has_an_arrow_for_each_entry_and_exit() -> None:
    answers = each(first_vm.ioctls)
    said = words(pictures.course(answers))
    runs = sum(row["ioctl"] == "KVM_RUN" for row in answers[0].data if row["mode"] == "real")
    assert said.count("VM entry") == said.count("VM exit") == said.count("KVM_RUN returns") == runs == 2
    told = " ".join(said)
    assert "10 ioctls" in told
    assert "byte 04" in told
    assert "Reads KVM_EXIT_HLT." in told


def test_the_bars_have_each_time_and_each_count() -> None:
    answers = each(first_vm.cost)
    picture = pictures.cost(answers)
    said = words(picture)
    for answer in answers:
        assert answer.provenance.witness in said
        for row in answer.data:
            time = f"{show.microseconds(row['nanoseconds'])} µs"
            assert any(line.startswith(f"{time}, {row['exits']} exit") for line in said)
            assert time in picture.alt
    assert set(show.COSTS.values()) <= set(said), "each loop is named"
    assert set(show.COSTS) == set(pictures.SHORT)
    assert all(pictures.LEAST < row["nanoseconds"] < pictures.MOST for answer in answers for row in answer.data)
