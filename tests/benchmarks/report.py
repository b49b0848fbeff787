"""Tell what a run of the benchmarks found: `report.py RESULTS [OUTPUT]`.

Without an output, the run can be of some benchmarks only.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
from pathlib import Path
import platform
import sys
from typing import Any

from homeassistant.const import __version__

Results = dict[str, list[dict[str, Any]]]

STEPS = {
    "parse": "Read the largest body",
    "poll_keep": "A poll that changes nothing, on an open connection",
    "poll_close": "The same, on a new connection",
    "hour": "An idle hour: 60 minutes, 30 polls",
    "set_up": "Set up a further entry",
    "forecast": "A forecast by a habit of twelve weeks",
    "learn": "Learn a habit from them, in a thread",
    "refresh": "What is left of an hour's refresh for the event loop, three windows",
}
KINDS = ("run-out", "projection", "pace", "other")
FORECASTS = ("pace", "projected_usage", "runs_out_at")


def rows_of(case: dict[str, Any]) -> int:
    """Return how many rows the budget of a night is about."""
    return sum(case["kinds"].get(kind, 0) for kind in KINDS)


def ratio(step: dict[str, Any]) -> float:
    """Return a time as a multiple of the yardstick's."""
    return step["claude_pulse"] / step["yardstick"]


def budgets(results: Results) -> Iterator[tuple[str, float, float, str]]:
    """Yield what was measured, the budget and the unit of each figure; the worst case."""
    times = {step["step"]: step for step in results.get("times", ())}
    if nights := results.get("rows"):
        worst = max(map(rows_of, nights))
        yield "Rows in 8.7 hours at unchanged numbers", worst, 40, ""
    if polls := [
        ratio(times[step]) for step in STEPS if step in times and "poll" in step
    ]:
        yield "Processor time of an unchanged poll", max(polls), 1.5, "× yardstick"
    for found in results.get("polls_at_once", ()):
        yield "Polls in one second, 50 entries", found["most"], 3, ""
    if flows := results.get("requests"):
        most = max(len(flow["before"]) for flow in flows)
        yield "Requests from Submit to the first states", most, 4, ""
    if "set_up" in times:
        taken = times["set_up"]["claude_pulse"] * 1000
        yield "Processor time to set up a further entry", taken, 8, "ms here"
    for step, most in (("forecast", 2), ("refresh", 50)):
        if step in times:
            yield STEPS[step], times[step]["claude_pulse"] * 1000, most, "ms here"
    for found in results.get("memory", ()):
        yield "Memory of a further entry", found["claude_pulse"] / 1024, 150, "KiB"
    for found in results.get("card", ()):
        drawn = found["with"]["drawn"]
        yield "Drawings of the card in an hour at unchanged numbers", drawn, 61, ""


def number(value: float) -> str:
    """Write a number with what digits it needs."""
    return f"{value:.0f}" if value == round(value) or value >= 100 else f"{value:.1f}"


def table(*rows: tuple[object, ...], texts: int = 1) -> list[str]:
    """Return a table of a head and rows, the first columns of which are texts."""
    head, *body = rows
    line = ["---"] * texts + ["---:"] * (len(head) - texts)
    return ["", *(f"| {' | '.join(map(str, row))} |" for row in (head, line, *body))]


def budget_table(results: Results) -> list[str]:
    """Compare with the budgets."""
    lines = table(
        ("Figure", "Measured", "Budget", "Met"),
        *(
            (
                what,
                f"{number(found)} {unit}".strip(),
                f"≤ {number(budget)} {unit}".strip(),
                "met" if found <= budget else "**not met**",
            )
            for what, found, budget, unit in budgets(results)
        ),
    )
    for flow in results.get("requests", ()):
        before, after = (
            ", ".join(f"`{path}`" for path in flow[when])
            for when in ("before", "after")
        )
        typed = " and ".join(flow["typed"])
        later = f"; then {after}" if after else ""
        lines += ["", f"Requests with {typed} typed: {before}{later}."]
    for found in results.get("polls_at_once", ()):
        most = ", ".join(map(str, found["rounds"].values()))
        lines += ["", f"Most polls in one second, round by round: {most}."]
    return lines


def row_table(nights: list[dict[str, Any]]) -> list[str]:
    """Split the rows of nights by what they are of."""
    return [
        "",
        "Rows in 523 minutes, in which a weekly window and a model's stay at these",
        "percentages, and begin in the middle of their week; with a habit it is a working",
        "day. The countdown to the session's reset is left out.",
        *table(
            ("Habit", "Weekly", "Model", *map(str.capitalize, KINDS), "All"),
            *(
                (
                    night["habit"],
                    f"{night['weekly']} %",
                    f"{night['model']} %",
                    *(night["kinds"].get(kind, 0) for kind in KINDS),
                    rows_of(night),
                )
                for night in nights
            ),
        ),
    ]


def time_table(times: list[dict[str, Any]]) -> list[str]:
    """Compare the times with the yardstick's."""
    return [
        "",
        "Processor time, in milliseconds of this machine and beside the yardstick's: an",
        "integration with one poller of the same URL and four plain sensors, measured in",
        "turns with Claude Pulse. The server is a process of its own. Encryption is left",
        "out, and of the hour what it takes without an entry.",
        *table(
            ("Step", "Claude Pulse", "Yardstick", "Ratio"),
            *(
                (
                    STEPS[step["step"]],
                    f"{step['claude_pulse'] * 1000:.2f}",
                    f"{step['yardstick'] * 1000:.2f}" if "yardstick" in step else "",
                    f"{ratio(step):.1f}" if "yardstick" in step else "",
                )
                for step in times
            ),
        ),
    ]


def day_table(days: list[dict[str, Any]]) -> list[str]:
    """Show what whole days count."""
    return [
        "",
        "A day is 685 polls an entry, at 120 seconds and jitter. Idle: no window runs.",
        "Active: eight hours of use, then none. What follows the clock are the countdown",
        "and the forecasts, which move while a window runs.",
        *table(
            ("Day", "Entries", "Requests", "Rows", "of those by the clock"),
            *(
                (day["day"], day["entries"], day["requests"], day["rows"], day["clock"])
                for day in days
            ),
        ),
    ]


def forecast_table(buckets: list[dict[str, Any]]) -> list[str]:
    """Show how far forecasts are off, by the distance of what they forecast."""

    def error(bucket: dict[str, Any], key: str) -> str:
        """Return the median error and the largest."""
        if (found := bucket.get(key)) is None:
            return ""
        return f"{found['median']:.1f}, {found['most']:.1f}"

    return [
        "",
        "How far the forecasts that are shown are from what the percentage that is shown",
        "and the clock say exactly: the median and the largest error, looked at each",
        "minute of twelve weeks with much and little use, at any hour and at some hours of",
        "a day. The distance is that to the exact moment at which the limit is reached.",
        *table(
            (
                "Distance",
                "Pace (points)",
                "Projection (points)",
                "Run-out (minutes)",
                "Looks",
                "Run-out shown or not, wrongly",
            ),
            *(
                (
                    bucket["distance"],
                    *(error(bucket, key) for key in FORECASTS),
                    bucket["looks"],
                    bucket["disagrees"],
                )
                for bucket in buckets
            ),
        ),
    ]


def card_table(runs: list[dict[str, Any]]) -> list[str]:
    """Show what an hour of the card takes."""
    [run] = runs
    rows = {
        "Drawn": "drawn",
        "Details asked for": "details",
        "Courses read": "history",
        "Styles computed": "styles",
        "Layouts": "layouts",
        "Scripts, milliseconds": "script",
        "of those in the card and what it calls": "card",
    }
    return [
        "",
        "## The card",
        "",
        "An hour of a browser's clock before a dashboard with one card of three windows and",
        "a chart. Home Assistant hands over something twice a minute, and the countdown to",
        "the session's reset changes each minute; all other numbers stay as they are.",
        "Without is the same hour with the card taken from the page. The counts and the time",
        "of all scripts are what the browser itself counts, the last line is what its",
        "profiler says.",
        *table(
            ("In an hour", "With the card", "Without"),
            *(
                (what, number(run["with"][key]), number(run["without"][key]))
                for what, key in rows.items()
            ),
        ),
    ]


def main() -> None:
    """Put the tables together."""
    results: Results = json.loads(Path(sys.argv[1]).read_text())
    lines = [
        "# What Claude Pulse costs",
        "",
        "Written by `scripts/bench`, which measures it anew. Counts differ by a few from",
        "run to run, as jitter does. Times are medians of one machine; only their ratios",
        "say something about others.",
        "",
        f"Home Assistant {__version__}, Python {platform.python_version()}, "
        f"{platform.machine()} with {os.cpu_count()} cores.",
        *budget_table(results),
    ]
    for name, tell in (
        ("rows", row_table),
        ("times", time_table),
        ("day", day_table),
        ("forecasts", forecast_table),
        ("card", card_table),
    ):
        if found := results.get(name):
            lines += tell(found)
    text = "\n".join((*lines, ""))
    print(text)
    for output in sys.argv[2:]:
        Path(output).write_text(text)


if __name__ == "__main__":
    main()
