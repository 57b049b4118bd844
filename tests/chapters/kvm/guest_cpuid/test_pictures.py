"""The picture of the guards has every feature once, and a way through only where its use ran."""

from __future__ import annotations

from syslab.chapters.kvm.guest_cpuid import ask as experiment
from syslab.chapters.kvm.guest_cpuid import pictures
from syslab.chapters.kvm.guest_cpuid.cases import FEATURES
from syslab.chapters.kvm.guest_cpuid.guest import RAN

from .test_show import each


def test_every_feature_is_in_one_group() -> None:
    for answer in each(experiment.features):
        found = pictures.groups(answer)
        assert sorted(name for *_, names in found for name in names) == sorted(feature.name for feature in FEATURES)
        for guard, tried, names in found:
            for row in answer.data:
                if row["feature"] in names and not row["given"]:
                    assert row["outcome"] in [outcome for _, outcome in tried]
            assert guard == pictures.NOTHING or not set(names) & {"ADX", "POPCNT"}


def test_an_arrow_for_each_use_that_ran() -> None:
    answers = each(experiment.features)
    through = sum(outcome == RAN for _, tried, _ in pictures.groups(answers[-1]) for _, outcome in tried)
    stopped = sum(outcome != RAN for _, tried, _ in pictures.groups(answers[-1]) for _, outcome in tried)
    for layout in pictures.guards(answers).layouts():
        assert layout.body.count('"s-green"') == through
        assert layout.body.count('stroke-width="4"') == stopped
