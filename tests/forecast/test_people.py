"""Forecasts of people whose weeks vary as much as those of real people."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, pstdev

import pytest

from .figures import Figures, Part, parts_of, value_of
from .people import WEEK, person_of, varied_person
from .runs import sessions_of, week_of

PEOPLE = range(200)


def figures_of(parts: Mapping[str, Mapping[str, Part]]) -> dict[str, float | None]:
    """Return the figures of people from their parts."""
    figures: Figures = {}
    for person, found in parts.items():
        for name, part in found.items():
            figures.setdefault(name, {})[person] = part
    return {name: value_of(people.values()) for name, people in figures.items()}


@pytest.fixture(scope="module")
def weeks() -> dict[str, float | None]:
    """Return the figures of weeks after four known weeks."""
    return figures_of(
        {str(seed): parts_of([week_of(varied_person(seed), 4)]) for seed in PEOPLE}
    )


def test_people_vary_like_real_ones() -> None:
    """The coefficient of variation of weekly totals is that of real people."""
    variations, empty = [], 0
    for seed in range(200):
        use = varied_person(seed).use
        totals = [sum(use[start : start + WEEK]) for start in range(0, 9 * WEEK, WEEK)]
        variations.append(pstdev(totals) / fmean(totals))
        empty += totals.count(0)
    assert 0.83 <= fmean(variations) <= 1.06
    # Empty weeks, and a few people who had none.
    assert 0.02 <= empty / (9 * 200) <= 0.15
    assert varied_person(3) == varied_person(3)


def test_certainty_can_be_trusted(weeks: dict[str, float | None]) -> None:
    """A certain statement comes true more often, and is made in time."""
    certain, unsure = (
        weeks[f"'{said}' came true, %"] for said in ("runs out", "may run out")
    )
    assert certain >= unsure + 15
    assert certain >= 65
    assert weeks["run-outs shown as 'runs out', %"] >= 60
    assert weeks["shown certainty, off by"] <= 3


def test_range_and_verdict(weeks: dict[str, float | None]) -> None:
    """The range holds four times in five, and the verdict hardly changes."""
    assert 65 <= weeks["range holds, %"] <= 90
    assert weeks["changes of the verdict"] <= 0.7
    assert weeks["changes undone in 12 hours"] == 0
    assert weeks["alarms false, %"] <= 35
    assert weeks["run-outs without an alarm, %"] <= 40


@pytest.mark.parametrize("known", [0, 4])
def test_sessions(known: int) -> None:
    """The range of a session holds as often, with and without history."""
    found = figures_of(
        {
            str(seed): parts_of([*sessions_of(varied_person(seed), known)])
            for seed in PEOPLE[:60]
        }
    )
    assert 70 <= found["range holds, %"] <= 92
    assert found["shown certainty, off by"] <= 3


@pytest.mark.parametrize("group", ["office", "evenings", "four mornings", "shifts"])
def test_regular_people_have_a_narrow_range(group: str) -> None:
    """The width follows from a person's own errors."""
    regular, varied = (
        figures_of(
            {str(seed): parts_of([week_of(person, 8)]) for seed, person in people}
        )
        for people in (
            [(seed, person_of(group, seed)) for seed in range(30)],
            [(seed, varied_person(seed)) for seed in range(30)],
        )
    )
    assert regular["range, width"] < 0.7 * varied["range, width"]
    assert regular["range holds, %"] >= 70
