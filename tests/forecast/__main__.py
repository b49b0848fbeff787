"""Measure forecasts for simulated people, and write docs/forecast.md with its chart."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from .chart import draw
from .measure import SESSION_POINTS, Measurement, measure_sessions, measure_week
from .people import GROUPS, WITHOUT_HABIT

DOCS = Path(__file__).parents[2] / "docs"
WEEKS = (0, 1, 2, 4, 8)

# The people of the published tables. They were not used to develop the method.
FIRST_SEED, PEOPLE = 7000, 200

METHODS = ("even", "working_days", "habit")
RATES = ("alarms", "lasts", "range")
HABITS = [group for group in GROUPS if group not in WITHOUT_HABIT]

# By group and weeks of history.
Results = dict[tuple[str, int], list[Measurement]]

TEXT = """\
# How good the forecasts are

Written by `scripts/forecast`, which simulates people, forecasts their weeks while they
run, and compares the forecasts with the actual usage. The
[README](../README.md#how-the-forecast-is-made) explains how a forecast is made.

There are {people} people in each of {groups} groups, with seeds from {seed}. None of them
was used to develop the method. One week of each person is forecast every six hours, after
some weeks of history. Usage is random: each group has typical hours, and each person has
their own. A week varies by 15%, a day by 35% (one day in twenty is skipped) and an hour
by 58%. If agents always run, a week and a day vary by 10%. The median usage is 70 points
a week, and one person in ten is below 40 or above 125. People live in several time zones,
clocks change, and windows reset at any minute. Home Assistant knows whole percentages up
to 100 by the hour, and it was off three times.

*Even* is the rate so far, which is the forecast without history. *Working days* is the
same rate on the days on which the person uses Claude. *Habit* is learned from history.
*Ideal* knows a person's habit exactly: no forecast can be much better.

Errors are mean errors of the projection in percentage points. *Alarms* are announced
run-outs that happened, *lasts* are correct verdicts, and *range* are ranges from 10 to
90% that contained the actual percentage.

| With four weeks of history | Measured | Goal |
| --- | ---: | ---: |
| Error of people with habits | {habits:.2f} × even | ≤ 0.45 × even |
| Error of `always` | {always:.2f} × even, {steady:.1f} points | ≤ 1.3 × even, ≤ 5 points |
| Range, all groups | {covered:.0f}% | 70 to 90% |
| Groups with more correct verdicts than at the even rate | {better} of {groups} | all |

![Error by weeks of history, and a week in office hours](forecast.svg)

## With four weeks of history
{by_group}
## By weeks of history

Without history, only the week so far is known.
{by_weeks}
The error of the habit by group:
{errors}
## Sessions

Sessions of five hours of the same people in that week, forecast every hour with four
weeks of history. {session_points} points of a session are one point of the week.
{sessions}"""


class Score(NamedTuple):
    """The mean error of a method in points, and percentages of correct forecasts.

    `alarms` are announced run-outs that happened, or None without any. `lasts` are
    correct verdicts. `range` are ranges, as shown, that contained the actual percentage.
    """

    error: float
    alarms: float | None
    lasts: float
    range: float


def score(measurements: Iterable[Measurement], method: str) -> Score:
    """Return the score of a method."""
    pairs = [(getattr(item, method), item.actual) for item in measurements]
    alarms = [actual > 100 for forecast, actual in pairs if not forecast.lasts]
    return Score(
        error=fmean(abs(forecast.projected - actual) for forecast, actual in pairs),
        alarms=100 * fmean(alarms) if alarms else None,
        lasts=100 * fmean(item.lasts == (actual <= 100) for item, actual in pairs),
        range=100
        * fmean(
            round(forecast.low) <= round(actual) <= round(forecast.high)
            for forecast, actual in pairs
        ),
    )


def ideal_error(measurements: Iterable[Measurement]) -> float | None:
    """Return the mean error with exact knowledge of the habit, or None without one."""
    errors = [
        abs(item.ideal - item.actual) for item in measurements if item.ideal is not None
    ]
    return fmean(errors) if errors else None


def measure(
    method: Callable[[str, int, int], list[Measurement]],
    weeks: Sequence[int],
    seeds: range,
) -> Results:
    """Measure all people with each number of weeks of history."""
    results: Results = {}
    cases = [*product(GROUPS, seeds, weeks)]
    with Pool() as pool:
        for (group, _, known), found in zip(
            cases, pool.starmap(method, cases, chunksize=20), strict=True
        ):
            results.setdefault((group, known), []).extend(found)
    return results


def pooled(results: Results, weeks: int, groups: Iterable[str]) -> list[Measurement]:
    """Return the measurements of several groups."""
    return [item for group in groups for item in results[group, weeks]]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table between empty lines."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
    return "\n".join(["", *lines, ""])


def scores(
    title: str,
    rows: Mapping[str, list[Measurement]],
    *,
    methods: Sequence[str] = METHODS,
    rates: Sequence[str] = RATES,
    rated: Sequence[str] = ("even", "habit"),
) -> str:
    """Return a table of the errors of `methods` and the rates of the methods `rated`."""
    columns = [
        ("error", method, method.replace("_", " ").capitalize()) for method in methods
    ]
    columns += [
        (rate, method, f"{rate}, {method}") for rate in rates for method in rated
    ]
    cells = []
    for name, found in rows.items():
        by_method = {method: score(found, method) for method in METHODS}
        values = [
            (kind, getattr(by_method[method], kind)) for kind, method, _ in columns
        ]
        cells.append([name, *(_text(*value) for value in values)])
    return table([title, *(head for *_, head in columns)], cells)


def _text(kind: str, value: float | None) -> str:
    """Return the text of an error or a rate."""
    if value is None:
        return "–"
    return f"{value:.1f}" if kind == "error" else f"{value:.0f}%"


def report(results: Results, sessions: Results, seeds: range) -> str:
    """Return the text of docs/forecast.md."""
    by_group = {group: results[group, 4] for group in GROUPS}
    even, habit = (
        {group: score(found, method) for group, found in by_group.items()}
        for method in ("even", "habit")
    )
    all_habits, everybody = pooled(results, 4, HABITS), pooled(results, 4, GROUPS)
    by_weeks = [
        scores(
            title,
            {f"{weeks} weeks": pooled(results, weeks, groups) for weeks in WEEKS},
            rated=["habit"],
        )
        for title, groups in (("People with habits", HABITS), ("`always`", ["always"]))
    ]
    errors = [
        [
            group,
            *(
                _text("error", score(results[group, weeks], "habit").error)
                for weeks in WEEKS
            ),
            _text("error", ideal_error(by_group[group])),
        ]
        for group in GROUPS
    ]
    return TEXT.format(
        people=len(seeds),
        groups=len(GROUPS),
        seed=seeds[0],
        session_points=SESSION_POINTS,
        habits=score(all_habits, "habit").error / score(all_habits, "even").error,
        always=habit["always"].error / even["always"].error,
        steady=habit["always"].error,
        covered=score(everybody, "habit").range,
        better=sum(habit[group].lasts > even[group].lasts for group in GROUPS),
        by_group=scores("People", by_group),
        by_weeks="".join(by_weeks),
        errors=table(
            ["People", *(f"{weeks} weeks" for weeks in WEEKS), "Ideal"], errors
        ),
        sessions=scores(
            "People",
            {group: sessions[group, 4] for group in GROUPS},
            methods=("even", "habit"),
            rates=("lasts", "range"),
        ),
    )


def main() -> None:
    """Measure, print the report, and write it unless other people were measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first seed")
    parser.add_argument("--people", type=int, default=PEOPLE, help="people per group")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.people)
    results = measure(measure_week, WEEKS, seeds)
    sessions = measure(measure_sessions, (4,), seeds[: max(len(seeds) // 4, 1)])
    text = report(results, sessions, seeds)
    print(text)
    if (arguments.seed, arguments.people) != (FIRST_SEED, PEOPLE):
        return
    (DOCS / "forecast.md").write_text(text)
    by_weeks = [pooled(results, weeks, HABITS) for weeks in WEEKS]
    errors = {
        method: [score(found, method).error for found in by_weeks] for method in METHODS
    }
    draw(DOCS / "forecast.svg", WEEKS, errors, ideal_error(by_weeks[WEEKS.index(4)]))


if __name__ == "__main__":
    main()
