"""Measure forecasts of people, and write docs/forecast.md with its chart."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from .chart import draw
from .measure import Measurement, measure_sessions, measure_week
from .people import GROUPS, WITHOUT_HABIT
from .real import (
    in_weeks,
    measure as measure_traces,
    read as read_results,
    table,
    tables,
    write as write_results,
)
from .runs import SESSION_POINTS
from .traces import read_traces

DOCS = Path(__file__).parents[2] / "docs"
WEEKS = (0, 1, 2, 4, 8)

# The people of the published tables. They were not used to develop the method.
FIRST_SEED, PEOPLE = 7000, 200

METHODS = ("new", "working_days", "habit")
NAMES = {"new": "no history", "working_days": "working days", "habit": "habit"}
RATES = {
    "run_outs": "run-outs right",
    "verdicts": "verdicts right",
    "ranges": "range holds",
}
HABITS = [group for group in GROUPS if group not in WITHOUT_HABIT]

# By group and weeks of history.
Results = dict[tuple[str, int], list[Measurement]]

DOCUMENT = DOCS / "forecast.md"
REAL, INVENTED = "## Real people\n", "## Invented people\n"

TEXT = f"""\
# How good the forecasts are

Written by `scripts/forecast`. It forecasts weeks and sessions hour by hour while they run,
and compares the forecasts with the actual usage.
[How the forecast works](how-the-forecast-works.md) explains how a forecast is made.

Errors are mean errors of the projection in percentage points of the limit. The *range* goes
from the 10% mark to the 90% mark. The *pinball loss* is twice the mean loss of the 10, 50
and 90% marks: the closer they are to the actual usage, the lower it is. The *Brier score*
is the mean squared difference between the probability that a limit lasts and the outcome,
which is 0 or 1. An *alarm* is the event "will run out" that the
forecast alone causes. A session also has it because of its own rate: see
[How many messages you get](alerts.md).

{REAL}
{{real}}
{INVENTED}
{{invented}}"""

REAL_TEXT = """\
{people} real people: the times of their commits say when they worked. Of a third of them, only
commits made with Claude count. The median week of each person uses between 40 and 130% of
the limit. Their weeks vary much: one in five is above twice the mean of the four weeks
before. No method can foresee that.

All figures of this part are in-sample: the method and its parameters were developed with
these people, so that others can have larger errors. The least certain figures are how
often "runs out" and "may run out" came true, because only a few of these weeks ran out.
The difference of the two has a standard error of about 10 points. In three of five random
halves of the people, "runs out" came true at least 20 points more often than "may run out",
with four weeks of history. With so few people, a better confidence from which to say "runs
out" cannot be found: what is best for one half is no better for the other.

Up to six weeks of each person are forecast, and checked every six hours until the limit
is reached. Home Assistant has the history of some earlier weeks, as whole percentages that
stop at 100. Each person counts the same.

{tables}"""

INVENTED_TEXT = """\
Real people are irregular. The following people were invented to measure forecasts of people
with regular habits, whose weeks vary only a fifth as much.

There are {people} people in each of {groups} groups, with seeds from {seed}. The method was
developed with other seeds. But the figures of these people were read twice, and after that
one parameter and the detection of regular people were changed.

One week of each person is forecast every six hours, after some weeks of history. Usage is
random: each group has typical hours, and each person has their own. A week varies by 15%,
a day by 35% (one day in twenty is skipped) and an hour by 58%. If agents always run, a
week and a day vary by 10%. The median usage is 70 points a week, and one person in ten is
below 40 or above 125. People live in several time zones, clocks change, and windows reset
at any minute. Home Assistant has the history of some earlier weeks by the hour, as whole
percentages that stop at 100, and it was off three times.

*No history* is the forecast from the running week alone. *Working days* is the same on the
days on which the person uses Claude. *Habit* is learned from history. *Ideal* knows a
person's habit exactly: no forecast can be much better.

*Run-outs right* is the share of verdicts "will not last" that came true, *verdicts right* the
share of all verdicts that came true, and *range holds* the share of ranges that contained the
actual percentage.

![Error by weeks of history, and a week in office hours](forecast.svg)

### With four weeks of history
{by_group}
### By weeks of history

Without history, only the week so far is known.
{by_weeks}
The error of the habit by group:
{errors}
### Sessions of invented people

Sessions of five hours of the same people in that week, forecast every hour with four
weeks of history. {session_points} points of a session are one point of the week.
{sessions}"""


class Score(NamedTuple):
    """The mean error of a method in points, and percentages of correct forecasts.

    `run_outs` are verdicts "will not last" that came true, or None without any. `verdicts` are
    all verdicts that came true. `ranges` are ranges, as shown, that contained the actual
    percentage.
    """

    error: float
    run_outs: float | None
    verdicts: float
    ranges: float


def score(measurements: Iterable[Measurement], method: str) -> Score:
    """Return the score of a method."""
    pairs = [(getattr(item, method), item.actual) for item in measurements]
    run_outs = [actual > 100 for forecast, actual in pairs if not forecast.lasts]
    return Score(
        error=fmean(abs(forecast.projected - actual) for forecast, actual in pairs),
        run_outs=100 * fmean(run_outs) if run_outs else None,
        verdicts=100 * fmean(item.lasts == (actual <= 100) for item, actual in pairs),
        ranges=100
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


def between(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table between empty lines."""
    return f"\n{table(head, [*rows])}"


def scores(
    title: str,
    rows: Mapping[str, list[Measurement]],
    *,
    methods: Sequence[str] = METHODS,
    rates: Iterable[str] = RATES,
    rated: Sequence[str] = ("new", "habit"),
) -> str:
    """Return a table of the errors of `methods` and the rates of the methods `rated`."""
    columns = [("error", method, NAMES[method].capitalize()) for method in methods]
    columns += [
        (rate, method, f"{RATES[rate]}, {NAMES[method]}")
        for rate in rates
        for method in rated
    ]
    cells = []
    for name, found in rows.items():
        by_method = {method: score(found, method) for method in METHODS}
        values = [
            (kind, getattr(by_method[method], kind)) for kind, method, _ in columns
        ]
        cells.append([name, *(_text(*value) for value in values)])
    return between([title, *(head for *_, head in columns)], cells)


def _text(kind: str, value: float | None) -> str:
    """Return the text of an error or a rate."""
    if value is None:
        return "–"
    return f"{value:.1f}" if kind == "error" else f"{value:.0f}%"


def report(results: Results, sessions: Results, seeds: range) -> str:
    """Return the text about invented people."""
    by_group = {group: results[group, 4] for group in GROUPS}
    by_weeks = [
        scores(
            title,
            {in_weeks(weeks): pooled(results, weeks, groups) for weeks in WEEKS},
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
    return INVENTED_TEXT.format(
        people=len(seeds),
        groups=len(GROUPS),
        seed=seeds[0],
        session_points=SESSION_POINTS,
        by_group=scores("People", by_group),
        by_weeks="".join(by_weeks),
        errors=between(["People", *map(in_weeks, WEEKS), "Ideal"], errors),
        sessions=scores(
            "People",
            {group: sessions[group, 4] for group in GROUPS},
            methods=("new", "habit"),
            rates=("verdicts", "ranges"),
        ),
    )


def write(*, real: str | None = None, invented: str | None = None) -> None:
    """Write docs/forecast.md with a new part, and keep the other one."""
    before = DOCUMENT.read_text()
    _, _, parts = before.partition(f"{REAL}\n")
    old_real, _, old_invented = parts.partition(f"\n{INVENTED}\n")
    document = TEXT.format(real=real or old_real, invented=invented or old_invented)
    DOCUMENT.write_text(document)


def main_of_traces(arguments: argparse.Namespace) -> None:
    """Measure the people of a file, and print their figures."""
    results = measure_traces(arguments.traces)
    if arguments.json:
        write_results(results, arguments.json)
    other = read_results(arguments.against) if arguments.against else None
    print(tables(results, other))
    if arguments.write:
        people = len(read_traces(arguments.traces))
        write(real=REAL_TEXT.format(people=people, tables=tables(results)))


def main() -> None:
    """Measure, print the report, and write it unless other people were measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first seed")
    parser.add_argument("--people", type=int, default=PEOPLE, help="people per group")
    parser.add_argument("--traces", type=Path, help="a file with real people's usage")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--against", type=Path, help="compare with the figures of a file"
    )
    parser.add_argument("--write", action="store_true", help="write the document")
    arguments = parser.parse_args()
    if arguments.traces:
        main_of_traces(arguments)
        return
    seeds = range(arguments.seed, arguments.seed + arguments.people)
    results = measure(measure_week, WEEKS, seeds)
    sessions = measure(measure_sessions, (4,), seeds[: max(len(seeds) // 4, 1)])
    text = report(results, sessions, seeds)
    print(text)
    if (arguments.seed, arguments.people) != (FIRST_SEED, PEOPLE):
        return
    write(invented=text)
    by_weeks = [pooled(results, weeks, HABITS) for weeks in WEEKS]
    errors = {
        method: [score(found, method).error for found in by_weeks] for method in METHODS
    }
    draw(DOCS / "forecast.svg", WEEKS, errors, ideal_error(by_weeks[WEEKS.index(4)]))


if __name__ == "__main__":
    main()
