"""The chart in docs/forecast.md: error by weeks of history, and one week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .measure import TIMES, measure_week
from .people import person_of

_NAMES = {
    "new": ("without history", "#c0392b"),
    "working_days": ("chosen working days", "#8e6c1f"),
    "habit": ("habit", "#1f6f8b"),
}
_QUIET = "#7f8c8d"

# A person with office hours, who is also in the tables.
_SEED = 7003


def draw(
    path: Path,
    weeks: Sequence[int],
    errors: Mapping[str, Sequence[float]],
    ideal: float | None,
) -> None:
    """Write both charts to a file, which is the same for the same numbers."""
    mpl.rcParams["svg.hashsalt"] = "claude-pulse"
    mpl.rcParams["font.size"] = 10
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_errors(left, weeks, errors, ideal)
    _draw_week(right)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _draw_errors(
    axes: Axes,
    weeks: Sequence[int],
    errors: Mapping[str, Sequence[float]],
    ideal: float | None,
) -> None:
    """Draw the mean error by weeks of history."""
    for method, values in errors.items():
        name, colour = _NAMES[method]
        axes.plot(weeks, values, "o-", color=colour, label=name)
    axes.axhline(ideal, color=_QUIET, linestyle=":", label="ideal")
    axes.set_title("Mean error of people with habits", loc="left")
    axes.set(xlabel="weeks of history", ylabel="percentage points", xticks=[*weeks])
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_week(axes: Axes) -> None:
    """Draw the projections in a week, and the actual usage."""
    person = person_of("office", _SEED)
    found = measure_week("office", _SEED, 4)
    days = [hour / 24 for hour in TIMES][: len(found)]
    used = [*accumulate(person.of_week(person.use), initial=0)]
    axes.fill_between(
        [hour / 24 for hour in range(len(used))],
        used,
        color=_QUIET,
        alpha=0.25,
        label="used",
    )
    for method in ("new", "habit"):
        name, colour = _NAMES[method]
        projected = [getattr(item, method).projected for item in found]
        axes.plot(days, projected, color=colour, label=f"projection, {name}")
    axes.fill_between(
        days,
        [item.habit.low for item in found],
        [item.habit.high for item in found],
        color=_NAMES["habit"][1],
        alpha=0.15,
        label="range, 10 to 90%",
    )
    axes.axhline(found[0].actual, color="black", linewidth=1, label="actual usage")
    axes.axhline(100, color=_QUIET, linestyle=":")
    axes.set_title("A week in office hours, after four weeks of history", loc="left")
    axes.set(
        xlabel="days since the reset", xlim=(0, 7), ylabel="percent", ylim=(0, 200)
    )
    axes.legend(frameon=False, loc="upper right", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
