"""Write the results of the benchmarks: `report.py RESULTS [OUTPUT]`.

Without an output, the results can be those of some benchmarks only.
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
    "parse": "Parse the largest body",
    "poll_keep": "An unchanged poll, on an open connection",
    "poll_close": "The same, on a new connection",
    "hour": "An idle hour: 60 minutes, 30 polls",
    "set_up": "Set up a further entry",
    "forecast": "A forecast with a habit of twelve weeks",
    "learn": "Learn that habit, in a thread",
    "refresh": "The part of an hourly refresh in the event loop, three windows",
}
POLLS = ("poll_keep", "poll_close")
KINDS = ("run-out", "projection", "pace", "other")


def rows_of(case: dict[str, Any]) -> int:
    """Return the number of rows that count for the budget."""
    return sum(case["kinds"].get(kind, 0) for kind in KINDS)


def ratio(measured: dict[str, Any]) -> float:
    """Return a time or a size as a multiple of the yardstick's."""
    return float(measured["claude_pulse"] / measured["yardstick"])


def per_entity(kept: dict[str, float]) -> float:
    """Return the memory of one entity, in bytes."""
    return kept["bytes"] / kept["entities"]


def budgets(results: Results) -> Iterator[tuple[str, float, float, str]]:
    """Yield each figure: its name, the worst measured value, the budget and the unit."""
    times = {step["step"]: step for step in results.get("times", ())}
    times_yardstick = "× yardstick"
    if nights := results.get("rows"):
        worst = max(map(rows_of, nights))
        yield "Rows in 8.7 hours at unchanged numbers", worst, 40, ""
    if polls := [ratio(times[step]) for step in POLLS if step in times]:
        yield "Processor time of an unchanged poll", max(polls), 1.7, times_yardstick
    for kept in results.get("memory", ()):
        of_each = {name: per_entity(kept[name]) for name in kept}
        if "set_up" in times:
            taken = {
                name: times["set_up"][name] / kept[name]["entities"] for name in kept
            }
            figure = "Processor time to set up an entity of a further entry"
            yield figure, ratio(taken), 1, times_yardstick
        yield "Memory of an entity", ratio(of_each), 1.2, times_yardstick
    if flows := results.get("requests"):
        most = max(len(flow["before"]) for flow in flows)
        yield "Requests from Submit to the first states", most, 4, ""
    for step, most in (("forecast", 0.2), ("refresh", 50)):
        if step in times:
            yield STEPS[step], times[step]["claude_pulse"] * 1000, most, "ms here"
    for hour in results.get("card", ()):
        drawn = hour["with"]["drawn"]
        yield "Drawings of the card in an hour at unchanged numbers", drawn, 61, ""


def number(value: float) -> str:
    """Format a number with the digits that it needs."""
    return f"{value:.0f}" if value == round(value) or value >= 100 else f"{value:.1f}"


def table(*rows: tuple[object, ...], texts: int = 1) -> list[str]:
    """Return a table with a head; the first columns are texts."""
    head, *body = rows
    line = ["---"] * texts + ["---:"] * (len(head) - texts)
    return ["", *(f"| {' | '.join(map(str, row))} |" for row in (head, line, *body))]


def budget_table(results: Results) -> list[str]:
    """Return the budgets and the requests of a new entry."""
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
    return lines


def row_table(nights: list[dict[str, Any]]) -> list[str]:
    """Return the rows of nights by kind."""
    return [
        "",
        "Rows in 523 minutes of a working day. A weekly window and a model's are in the",
        "middle of their week and stay at these percentages. The countdown is left out.",
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
    """Return the times and their ratios."""
    return [
        "",
        "Processor time in milliseconds of this machine, compared with the yardstick: an",
        "integration with one coordinator of the same URL and four plain sensors, measured",
        "in turns with Claude Pulse. The server is another process. There is no encryption.",
        "The time of an hour without an entry is subtracted.",
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


def memory_table(found: list[dict[str, Any]]) -> list[str]:
    """Return the memory of entries and entities."""
    [kept] = found
    return [
        "",
        "Memory that a further entry keeps, and how much of it is one entity's.",
        *table(
            ("Integration", "KiB", "Entities", "KiB of each"),
            *(
                (
                    label,
                    f"{kept[name]['bytes'] / 1024:.0f}",
                    f"{kept[name]['entities']:.0f}",
                    f"{per_entity(kept[name]) / 1024:.1f}",
                )
                for label, name in (
                    ("Claude Pulse", "claude_pulse"),
                    ("Yardstick", "yardstick"),
                )
            ),
        ),
    ]


def day_table(days: list[dict[str, Any]]) -> list[str]:
    """Return the counts of days."""
    return [
        "",
        "A day has 685 polls of an entry, at 120 seconds and jitter. Idle: no window runs.",
        "Active: eight hours of use, then none. The countdown and the forecasts follow the",
        "clock while a window runs.",
        *table(
            ("Day", "Entries", "Requests", "Rows", "of those by the clock"),
            *(
                (day["day"], day["entries"], day["requests"], day["rows"], day["clock"])
                for day in days
            ),
        ),
    ]


def card_table(runs: list[dict[str, Any]]) -> list[str]:
    """Return the costs of an hour of the card."""
    [run] = runs
    rows = {
        "Drawn": "drawn",
        "Details asked for": "details",
        "Histories read": "history",
        "Styles computed": "styles",
        "Layouts": "layouts",
        "Milliseconds in the card and what it calls": "card",
    }
    return [
        "",
        "## The card",
        "",
        "An hour of the browser's clock with one card of three windows and a chart. Home",
        "Assistant updates the card twice a minute. The countdown to the reset of the session",
        "changes every minute, all other numbers stay. The second column is the same hour",
        "without the card. The browser counts, and its profiler measures the last line.",
        *table(
            ("In an hour", "With the card", "Without"),
            *(
                (what, number(run["with"][key]), number(run["without"][key]))
                for what, key in rows.items()
            ),
        ),
    ]


def tablet_table(runs: list[dict[str, Any]]) -> list[str]:
    """Return the costs of the card on a slow device."""
    [run] = runs
    rows = {
        "Size of the module, kB": "raw",
        "compressed": "compressed",
        "Load and run the module, milliseconds": "load",
        "First draw": "first",
        "Each further draw": "draw",
    }
    return [
        "",
        "### On a slow tablet",
        "",
        "The browser has a sixth of the processor's speed. The module comes from this",
        "machine; over a slow connection, its compressed size counts.",
        *table(
            ("The card", "Costs"),
            *((what, number(run[key])) for what, key in rows.items()),
        ),
    ]


def main() -> None:
    """Write the document, and print it."""
    results: Results = json.loads(Path(sys.argv[1]).read_text())
    lines = [
        "# What Claude Pulse costs",
        "",
        "Written by `scripts/bench`. Counts differ by a few between runs, because jitter is",
        "random. Times are medians of one machine; only their ratios apply to others.",
        "",
        f"Home Assistant {__version__}, Python {platform.python_version()}, "
        f"{platform.machine()} with {os.cpu_count()} cores.",
        *budget_table(results),
    ]
    for name, table_of in (
        ("rows", row_table),
        ("times", time_table),
        ("memory", memory_table),
        ("day", day_table),
        ("card", card_table),
        ("tablet", tablet_table),
    ):
        if found := results.get(name):
            lines += table_of(found)
    text = "\n".join((*lines, ""))
    print(text)
    for output in sys.argv[2:]:
        Path(output).write_text(text)


if __name__ == "__main__":
    main()
