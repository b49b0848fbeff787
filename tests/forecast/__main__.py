"""Measure forecasts over seeded people, and write docs/forecast.md with its chart."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from multiprocessing import Pool
from pathlib import Path
from statistics import fmean

from claude_ai.forecast import Forecast

from .chart import draw
from .measure import Look, looks_at_sessions, looks_at_week
from .people import GROUPS, WITHOUT_HABIT

DOCS = Path(__file__).parents[2] / "docs"
WEEKS = (0, 1, 2, 4, 8)

# What the tables are about: who was not looked at while the method was found.
FIRST_SEED, PEOPLE = 7000, 200

SAID = ("even", "working_days", "habit")

Results = dict[tuple[str, int], list[Look]]


def measure(
    looks_at: Callable[[str, int, int], list[Look]], weeks: Sequence[int], seeds: range
) -> Results:
    """Look at everybody, with each number of weeks known."""
    found: Results = {}
    cases = [*product(GROUPS, seeds, weeks)]
    with Pool() as pool:
        for (group, _, known), looks in zip(
            cases, pool.starmap(looks_at, cases, chunksize=20), strict=True
        ):
            found.setdefault((group, known), []).extend(looks)
    return found


def error(looks: Iterable[Look], kind: str) -> float:
    """Return by how many points the projection is off on average."""
    return fmean(abs(getattr(look, kind).projected - look.came) for look in looks)


def floor(looks: Iterable[Look]) -> float:
    """Return the same for who knows the habit exactly."""
    return fmean(abs(look.floor - look.came) for look in looks)


def verdict(looks: Iterable[Look], kind: str) -> float:
    """Return how often `lasts` is right, in percent."""
    return 100 * fmean(
        getattr(look, kind).lasts == (look.came <= 100) for look in looks
    )


def alarms(looks: Iterable[Look], kind: str) -> float | None:
    """Return how many of the announced run-outs came, in percent."""
    told = [look.came > 100 for look in looks if not getattr(look, kind).lasts]
    return 100 * fmean(told) if told else None


def coverage(looks: Iterable[Look], kind: str) -> float:
    """Return how often what came is in the range, as it is shown, in percent."""

    def holds(forecast: Forecast, came: float) -> bool:
        """Tell whether a range holds it."""
        return round(forecast.low) <= round(came) <= round(forecast.high)

    return 100 * fmean(holds(getattr(look, kind), look.came) for look in looks)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table."""

    def line(cells: Iterable[object]) -> str:
        """Return a row."""
        texts = (
            "–" if cell is None else f"{cell:.1f}" if isinstance(cell, float) else cell
            for cell in cells
        )
        return f"| {' | '.join(map(str, texts))} |"

    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["", line(head), line(rule), *map(line, rows), ""]


def whole(percent: float | None) -> str:
    """Return a percentage."""
    return "–" if percent is None else f"{percent:.0f} %"


def pooled(found: Results, weeks: int, groups: Iterable[str]) -> list[Look]:
    """Return the looks at several groups."""
    return [look for group in groups for look in found[group, weeks]]


def goals(found: Results, habits: Sequence[str]) -> list[str]:
    """Show what was to be reached with four weeks, and whether it was."""
    of_habits, all_of = pooled(found, 4, habits), pooled(found, 4, GROUPS)
    always = found["always", 4]
    ratio = error(of_habits, "habit") / error(of_habits, "even")
    steady = error(always, "habit"), error(always, "even")
    covered = coverage(all_of, "habit")
    held = {group: coverage(found[group, 4], "habit") for group in GROUPS}
    apart = [
        f"`{group}` {held[group]:.0f} %"
        for group in GROUPS
        if not 70 <= held[group] <= 90
    ]
    worse = [
        group
        for group in GROUPS
        if verdict(found[group, 4], "habit") <= verdict(found[group, 4], "even")
    ]
    return table(
        ("With four weeks of history", "Measured", "Goal", "Met"),
        [
            (name, said, goal, "yes" if met else "**no**")
            for name, said, goal, met in (
                (
                    "Mean error of people with habits",
                    f"{ratio:.2f} × even",
                    "≤ 0.45 × even",
                    ratio <= 0.45,
                ),
                (
                    "Mean error of `always`",
                    f"{steady[0] / steady[1]:.2f} × even, {steady[0]:.1f} points",
                    "≤ 1.3 × even, ≤ 5 points",
                    steady[0] <= 1.3 * steady[1] and steady[0] <= 5,
                ),
                (
                    "Range of 10 to 90 % holds",
                    f"{covered:.0f} %" + (f" ({', '.join(apart)})" if apart else ""),
                    "70 to 90 %",
                    70 <= covered <= 90,
                ),
                (
                    "Groups in which `lasts` is right more often than at the even rate",
                    f"{len(GROUPS) - len(worse)} of {len(GROUPS)}"
                    + (f" (not `{'`, `'.join(worse)}`)" if worse else ""),
                    "all",
                    not worse,
                ),
            )
        ],
    )


def report(found: Results, sessions: Results, seeds: range) -> str:
    """Return the text of docs/forecast.md."""
    habits = [group for group in GROUPS if group not in WITHOUT_HABIT]
    lines = [
        "# How good the forecasts are",
        "",
        "Written by `scripts/forecast`, which measures them anew: what is said of the",
        "weeks of seeded people, while these go on, against what they came to use. How a",
        "forecast is made is in the [README](../README.md#how-the-forecast-is-made).",
        "",
        f"{len(seeds)} people of each of {len(GROUPS)} groups, with seeds from {seeds[0]}",
        "on, none of which was looked at while the method and its few numbers were found.",
        "Each has a week looked at every six hours, and weeks before it that are known or",
        "not. What is used is drawn: the hours of a group, for each person other ones;",
        "more or less in a week (a factor with a deviation of 15 %), on a day (35 %, one",
        "day in twenty is skipped) and in an hour (58 %), but 10 % in a week and on a day",
        "of who lets it run all the time; 70 points a week in the middle, below 40 or",
        "above 125 for one in ten; time zones, changes of the clock, resets at any minute.",
        "What Home Assistant would know of it are whole percentages up to 100, by the hour,",
        "without the hours of three outages.",
        "",
        "*Even* is the rate so far, as the forecast was before and is without history;",
        "*working days* the same on the days on which the person uses Claude at all, as",
        "somebody would choose them; *habit* what is learned. *Known exactly* is the",
        "error of who knows all of a person's habit, but not the chance: nothing can be",
        "much better.",
        *goals(found, habits),
        "![Error by weeks of history, and a week in office hours](forecast.svg)",
        "",
        "## With four weeks of history",
        "",
        "Mean error of the projection in percentage points, how many of the announced",
        "run-outs came, how often `lasts` was right, and how often the range of 10 to",
        "90 % held what came.",
    ]
    rows = []
    for group in GROUPS:
        looks = found[group, 4]
        rows.append(
            (
                group,
                *(error(looks, kind) for kind in SAID),
                None if group == "bursts" else floor(looks),
                *(whole(alarms(looks, kind)) for kind in ("even", "habit")),
                *(whole(verdict(looks, kind)) for kind in ("even", "habit")),
                *(whole(coverage(looks, kind)) for kind in ("even", "habit")),
            )
        )
    head = ("Even", "Working days", "Habit", "Known exactly")
    head += tuple(
        f"{what}, {kind}"
        for what in ("alarms right", "`lasts` right", "range held")
        for kind in ("even", "habit")
    )
    lines += table(("People", *head), rows)
    lines += [
        "## By weeks of history",
        "",
        "Without any, what is known is the week itself, as far as it has gone.",
    ]
    for title, groups in (("People with habits", habits), ("`always`", ("always",))):
        lines += table(
            (
                title,
                "Even",
                "Working days",
                "Habit",
                "alarms right",
                "`lasts` right",
                "range held",
            ),
            [
                (
                    f"{weeks} weeks",
                    *(error(looks, kind) for kind in SAID),
                    *(whole(of(looks, "habit")) for of in (alarms, verdict, coverage)),
                )
                for weeks in WEEKS
                for looks in [pooled(found, weeks, groups)]
            ],
        )
    lines += [
        "The mean error of the habit, group by group:",
        *table(
            ("People", *(f"{weeks} weeks" for weeks in WEEKS)),
            [
                (group, *(error(found[group, weeks], "habit") for weeks in WEEKS))
                for group in GROUPS
            ],
        ),
        "## Sessions",
        "",
        "The same people's sessions of five hours in that week, after each hour of each,",
        f"with four weeks of history. {8} points of a session are one of the week.",
    ]
    rows = []
    for group in GROUPS:
        looks = sessions[group, 4]
        rows.append(
            (
                group,
                *(error(looks, kind) for kind in ("even", "habit")),
                *(whole(verdict(looks, kind)) for kind in ("even", "habit")),
                *(whole(coverage(looks, kind)) for kind in ("even", "habit")),
            )
        )
    lines += table(
        (
            "People",
            "Even",
            "Habit",
            "`lasts` right, even",
            "`lasts` right, habit",
            "range held, even",
            "range held, habit",
        ),
        rows,
    )
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def main() -> None:
    """Measure, and write it down unless only some people were looked at."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first one")
    parser.add_argument("--people", type=int, default=PEOPLE, help="of each group")
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + arguments.people)
    found = measure(looks_at_week, WEEKS, seeds)
    sessions = measure(looks_at_sessions, (4,), seeds[: max(len(seeds) // 4, 1)])
    text = report(found, sessions, seeds)
    print(text)
    if (arguments.seed, arguments.people) != (FIRST_SEED, PEOPLE):
        return
    (DOCS / "forecast.md").write_text(text)
    habits = [group for group in GROUPS if group not in WITHOUT_HABIT]
    errors = {
        kind: [error(pooled(found, weeks, habits), kind) for weeks in WEEKS]
        for kind in SAID
    }
    exactly = floor(pooled(found, 4, habits))
    draw(DOCS / "forecast.svg", WEEKS, errors, exactly)


if __name__ == "__main__":
    main()
