"""The chart in docs/forecast.md: error by weeks of history, and one week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .measure import LOOKS, Look, looks_at_week
from .people import person_of

_NAMES = {
    "even": ("even rate", "#c0392b"),
    "working_days": ("even on working days", "#8e6c1f"),
    "habit": ("habit", "#1f6f8b"),
}
_QUIET = "#7f8c8d"

# A person with office hours of the same seeds as in the tables.
_SEED = 7003


def draw(
    path: Path,
    weeks: Sequence[int],
    errors: Mapping[str, Sequence[float]],
    exactly: float,
) -> None:
    """Draw both halves into a file, which is the same for the same numbers."""
    mpl.rcParams["svg.hashsalt"] = "claude-pulse"
    mpl.rcParams["font.size"] = 10
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_errors(left, weeks, errors, exactly)
    _draw_week(right)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _draw_errors(
    axes: Axes,
    weeks: Sequence[int],
    errors: Mapping[str, Sequence[float]],
    exactly: float,
) -> None:
    """Show how the error falls with what is known."""
    for kind, values in errors.items():
        name, colour = _NAMES[kind]
        axes.plot(weeks, values, "o-", color=colour, label=name)
    axes.axhline(exactly, color=_QUIET, linestyle=":", label="habit known exactly")
    axes.set_title("Mean error of people with habits", loc="left")
    axes.set_xlabel("weeks of history")
    axes.set_ylabel("percentage points")
    axes.set_ylim(bottom=0)
    axes.set_xticks([*weeks])
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_week(axes: Axes) -> None:
    """Show what was projected in the course of a week, and what came."""
    person = person_of("office", _SEED)
    looks: list[Look] = looks_at_week("office", _SEED, 4)
    days = [hour / 24 for hour in LOOKS][: len(looks)]
    used = [*accumulate(person.of_week(person.use), initial=0)]
    axes.fill_between(
        [hour / 24 for hour in range(len(used))],
        used,
        color=_QUIET,
        alpha=0.25,
        label="used",
    )
    for kind in ("even", "habit"):
        name, colour = _NAMES[kind]
        said = [getattr(look, kind).projected for look in looks]
        axes.plot(days, said, color=colour, label=f"projection, {name}")
    axes.fill_between(
        days,
        [look.habit.low for look in looks],
        [look.habit.high for look in looks],
        color=_NAMES["habit"][1],
        alpha=0.15,
        label="its range, 10 to 90 %",
    )
    axes.axhline(looks[0].came, color="black", linewidth=1, label="what came")
    axes.axhline(100, color=_QUIET, linestyle=":")
    axes.set_title("A week in office hours, with four weeks known", loc="left")
    axes.set_xlabel("days since the reset")
    axes.set_ylabel("percent")
    axes.set_ylim(0, 200)
    axes.set_xlim(0, 7)
    axes.legend(frameon=False, loc="upper right", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
