"""The picture of the chapter on vCPU requests draws the run that the model takes."""

from __future__ import annotations

import pytest

from syslab.chapters.kvm.vcpu_requests import pictures
from syslab.chapters.kvm.vcpu_requests.model import LOST, OUTCOMES, SCENARIOS


@pytest.mark.parametrize("key", SCENARIOS)
def test_a_run_has_what_it_executes(key: str) -> None:
    scenario = SCENARIOS[key]
    for outcome, (tone, said) in OUTCOMES.items():
        run = scenario.run(outcome)
        if run is None:
            continue
        picture = pictures.race(key, run, "A run")
        assert said in picture.alt
        for layout in picture.layouts():
            assert layout.body.count("stroke-dasharray") == 2  # each side loads once
            assert layout.body.count('fill-opacity="0.2"') == sum(letter.isupper() for letter in run), "a bar a store that waited"
            assert ("f-bad" in layout.body) == (tone == "bad") == (outcome == LOST)


def test_a_run_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot happen"):
        pictures.race("none", "R", "A run")
