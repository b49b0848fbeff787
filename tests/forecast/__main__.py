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
{goals}
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


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table between empty lines."""

    def line(cells: Iterable[object]) -> str:
        """Return a row."""
        texts = (
            "–" if cell is None else f"{cell:.1f}" if isinstance(cell, float) else cell
            for cell in cells
        )
        return f"| {' | '.join(map(str, texts))} |"

    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(["", line(head), line(rule), *map(line, rows), ""])


def scores(
    title: str,
    rows: Mapping[str, list[Measurement]],
    methods: Sequence[str],
    rates: Sequence[str],
    rated: Sequence[str],
) -> str:
    """Return a table of the errors of `methods` and the rates of the methods `rated`."""
    head = [title, *(method.replace("_", " ").capitalize() for method in methods)]
    head += [f"{rate}, {method}" for rate in rates for method in rated]
    cells: list[list[object]] = []
    for name, found in rows.items():
        by_method = {method: score(found, method) for method in METHODS}
        cells.append([name, *(by_method[method].error for method in methods)])
        for share in (
            getattr(by_method[method], rate) for rate in rates for method in rated
        ):
            cells[-1].append(None if share is None else f"{share:.0f}%")
    return table(head, cells)


def goals(results: Results) -> str:
    """Return a table of the goals with four weeks of history."""

    def ratio(groups: Iterable[str]) -> float:
        """Return the error of the habit as a multiple of the even rate's."""
        found = pooled(results, 4, groups)
        return score(found, "habit").error / score(found, "even").error

    habit = {group: score(results[group, 4], "habit") for group in GROUPS}
    better = sum(
        habit[group].lasts > score(results[group, 4], "even").lasts for group in GROUPS
    )
    habits, always, steady = ratio(HABITS), ratio(["always"]), habit["always"].error
    covered = score(pooled(results, 4, GROUPS), "habit").range
    outside = ", ".join(
        f"`{group}` {habit[group].range:.0f}%"
        for group in GROUPS
        if not 70 <= habit[group].range <= 90
    )
    rows = (
        (
            "Mean error of people with habits",
            f"{habits:.2f} × even",
            "≤ 0.45 × even",
            habits <= 0.45,
        ),
        (
            "Mean error of `always`",
            f"{always:.2f} × even, {steady:.1f} points",
            "≤ 1.3 × even, ≤ 5 points",
            always <= 1.3 and steady <= 5,
        ),
        (
            "Ranges from 10 to 90% that contain the actual percentage",
            f"{covered:.0f}% ({outside or 'no group is outside'})",
            "70 to 90%",
            70 <= covered <= 90,
        ),
        (
            "Groups with more correct verdicts than at the even rate",
            f"{better} of {len(GROUPS)}",
            "all",
            better == len(GROUPS),
        ),
    )
    return table(
        ("With four weeks of history", "Measured", "Goal", "Met"),
        [(*cells, "yes" if met else "**no**") for *cells, met in rows],
    )


def report(results: Results, sessions: Results, seeds: range) -> str:
    """Return the text of docs/forecast.md."""
    by_group = {group: results[group, 4] for group in GROUPS}
    both = ("even", "habit")
    return TEXT.format(
        people=len(seeds),
        groups=len(GROUPS),
        seed=seeds[0],
        session_points=SESSION_POINTS,
        goals=goals(results),
        by_group=scores("People", by_group, METHODS, RATES, both),
        by_weeks="".join(
            scores(
                title,
                {f"{weeks} weeks": pooled(results, weeks, groups) for weeks in WEEKS},
                METHODS,
                RATES,
                ["habit"],
            )
            for title, groups in (
                ("People with habits", HABITS),
                ("`always`", ["always"]),
            )
        ),
        errors=table(
            ("People", *(f"{weeks} weeks" for weeks in WEEKS), "Ideal"),
            [
                (
                    group,
                    *(score(results[group, weeks], "habit").error for weeks in WEEKS),
                    ideal_error(by_group[group]),
                )
                for group in GROUPS
            ],
        ),
        sessions=scores(
            "People",
            {group: sessions[group, 4] for group in GROUPS},
            both,
            RATES[1:],
            both,
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
