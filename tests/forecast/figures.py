"""Figures of forecasts: how good they were in the runs of people's windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from custom_components.claude_pulse.claude_ai.windows import WEEKLY, UsageWindow
from custom_components.claude_pulse.events.risk import is_at_risk

from .runs import Moment, Run, time_of

# The highest percentage that a capped error knows.
CAP = 200

# Hours in which a change of a verdict is not undone.
SETTLED = 12

# The probabilities of `lasts` in percent at which a class begins whose calibration is shown.
CLASSES = (0, 10, 30, 50, 70, 90)

_MARKS = (0.1, 0.5, 0.9)


class Part(NamedTuple):
    """A person's part of a figure. The figure is the sum of values by that of weights."""

    value: float
    weight: float


# The parts of all people by figure.
Figures = dict[str, dict[str, Part]]


class Summary(NamedTuple):
    """The statements about a window.

    `alarm` is the hour of the event "will run out". `says_runs_out` is true if "runs out"
    was said before the limit was reached. `changes` are the changes of the shown verdict, and
    `undone` those that were undone soon, without any usage.
    """

    ran_out: bool
    alarm: int | None
    lead: float | None
    says_runs_out: bool
    changes: int
    undone: int


def says_runs_out(moment: Moment) -> bool:
    """Return whether "runs out" is said, and not "may run out"."""
    shown = moment.shown
    return not shown.lasts and shown.is_certain


def probability_of(moment: Moment) -> float:
    """Return the probability in percent that the window lasts."""
    exact = moment.exact
    return exact.confidence if exact.lasts else 100 - exact.confidence


def summary_of(run: Run) -> Summary:
    """Return the statements about a window."""
    alarm, at_risk = None, False
    for moment in run.moments:
        window = UsageWindow(WEEKLY, None, moment.percent, None)
        now = time_of(moment.passed)
        at_risk = bool(is_at_risk(window, moment.exact, now, at_risk))
        if at_risk and alarm is None:
            alarm = moment.passed
    changed = [
        later
        for earlier, later in pairwise(run.moments)
        if earlier.shown.lasts is not later.shown.lasts
    ]
    undone = sum(
        later.passed - earlier.passed < SETTLED and later.percent == earlier.percent
        for earlier, later in pairwise(changed)
    )
    ran_out = run.actual > 100
    return Summary(
        ran_out=ran_out,
        alarm=alarm,
        lead=None
        if alarm is None or not ran_out
        else (run.ran_out or run.hours) - alarm,
        says_runs_out=any(map(says_runs_out, run.moments)),
        changes=len(changed),
        undone=undone,
    )


def _pinball(run: Run, moment: Moment) -> float:
    """Return twice the mean pinball loss of the 10, 50 and 90% marks."""
    exact, actual = moment.exact, run.actual
    forecasts = (exact.low, exact.projected, exact.high)
    losses = [
        max(share * (actual - mark), (share - 1) * (actual - mark))
        for share, mark in zip(_MARKS, forecasts, strict=True)
    ]
    return 2 * sum(losses) / len(losses)


def _certainty(run: Run, moment: Moment) -> float:
    """Return how far the shown confidence is from the exact one of the same verdict."""
    exact, shown = moment.exact, moment.shown
    same = shown.lasts is exact.lasts
    return abs(
        shown.confidence - (exact.confidence if same else 100 - exact.confidence)
    )


def _holds(run: Run, moment: Moment) -> bool:
    """Return whether the range contains the actual percentage."""
    exact = moment.exact
    return round(exact.low) <= round(run.actual) <= round(exact.high)


def _in_class(
    low: float, value: Callable[[Run, Moment], float]
) -> Callable[[Run, Moment], float | None]:
    """Return a figure of the checks at which `lasts` has a probability of one class."""
    return lambda run, moment: (
        value(run, moment)
        if low == max(edge for edge in CLASSES if edge <= probability_of(moment))
        else None
    )


def _lasts(run: Run) -> bool:
    """Return whether a window lasted."""
    return run.actual <= 100


# The figures of a check at a window. None is not counted.
OF_CHECKS: Mapping[str, Callable[[Run, Moment], float | None]] = {
    "error": lambda run, moment: abs(moment.exact.projected - run.actual),
    "error, capped at 200": lambda run, moment: abs(
        min(moment.exact.projected, CAP) - min(run.actual, CAP)
    ),
    "right verdicts, %": lambda run, moment: 100 * (moment.exact.lasts is _lasts(run)),
    "range holds, %": lambda run, moment: 100 * _holds(run, moment),
    "range, width": lambda _, moment: moment.exact.high - moment.exact.low,
    "pinball loss": _pinball,
    "Brier score of `lasts`": lambda run, moment: (
        (probability_of(moment) / 100 - _lasts(run)) ** 2
    ),
    "shown certainty, off by": _certainty,
    "'runs out' is said, %": lambda _, moment: 100 * says_runs_out(moment),
    "'runs out' came true, %": lambda run, moment: (
        100 * (not _lasts(run)) if says_runs_out(moment) else None
    ),
    "'may run out' came true, %": lambda run, moment: (
        100 * (not _lasts(run))
        if not moment.shown.lasts and not says_runs_out(moment)
        else None
    ),
    **{
        f"lasts, predicted from {low}%": _in_class(
            low, lambda _, moment: probability_of(moment)
        )
        for low in CLASSES
    },
    **{
        f"lasts, actual from {low}%": _in_class(low, lambda run, _: 100 * _lasts(run))
        for low in CLASSES
    },
}

# The figures of a window.
OF_WINDOWS: Mapping[str, Callable[[Summary], float | None]] = {
    "run-outs shown as 'runs out', %": lambda one: (
        100 * one.says_runs_out if one.ran_out else None
    ),
    "windows with an alarm, %": lambda one: 100 * (one.alarm is not None),
    "alarms right, %": lambda one: 100 * one.ran_out if one.alarm is not None else None,
    "alarms false, %": lambda one: (
        100 * (not one.ran_out) if one.alarm is not None else None
    ),
    "run-outs without an alarm, %": lambda one: (
        100 * (one.alarm is None) if one.ran_out else None
    ),
    "changes of the verdict": lambda one: one.changes,
    "changes undone in 12 hours": lambda one: one.undone,
}
LEAD = "median lead of an alarm, hours"


def parts_of(runs: Sequence[Run]) -> dict[str, Part]:
    """Return a person's parts of all figures.

    Each person counts the same: the checks and the windows of a person weigh 1 together.
    """
    checks = [(run, moment) for run in runs for moment in run.checks]
    summaries = [summary_of(run) for run in runs if run.moments]
    parts = {
        name: _part([value(*check) for check in checks])
        for name, value in OF_CHECKS.items()
    }
    parts |= {
        name: _part([value(one) for one in summaries])
        for name, value in OF_WINDOWS.items()
    }
    leads = [one.lead for one in summaries if one.lead is not None]
    parts[LEAD] = Part(median(leads), 1) if leads else Part(0, 0)
    return parts


def _part(values: Sequence[float | None]) -> Part:
    """Return the sum of the values that count, and their share."""
    counted = [value for value in values if value is not None]
    count = len(values) or 1
    return Part(sum(counted) / count, len(counted) / count)


def value_of(parts: Iterable[Part]) -> float | None:
    """Return the value of a figure, or None if nothing counts."""
    values, weights = zip(*parts, strict=True)
    return sum(values) / sum(weights) if sum(weights) else None
