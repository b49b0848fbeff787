"""Will a window last? Its pace, projection and run-out time from one reading. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import exp, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

from ..claude_ai.usage import KIND_SESSION, KIND_WEEKLY, KIND_WEEKLY_SCOPED, UsageWindow
from .habit import Course, Habit

_LENGTHS = {
    KIND_SESSION: timedelta(hours=5),
    KIND_WEEKLY: timedelta(days=7),
    KIND_WEEKLY_SCOPED: timedelta(days=7),
}

_MINUTE = timedelta(minutes=1)

# So early in a window, a rate says nothing yet.
_TOO_EARLY = 0.05

_PROJECTION_LIMIT = 999

# What a forecast follows: the rate so far, the same on the days that were chosen, or a
# habit, as far as it is known.
BASIS_EVEN = "even"
BASIS_HABIT = "habit"
BASIS_WORKING_DAYS = "working_days"

# So many weeks make a habit that can be spoken of, and followed from the beginning.
_WEEKS_OF_A_HABIT = 1

# A well-known habit counts as much as this part of a window that has been seen.
_TRUST = 0.5

# The variance of what is still used, found with seeded people (docs/forecast.md): of
# any, of the part that has not been seen, and of little that is left. A person's own
# past weeks stand beside this, which counts like so many of them.
_VARIANCE, _VARIANCE_UNSEEN, _VARIANCE_LITTLE = 0.34, 0.6, 0.1
_VARIANCE_WEEKS = 0.7

# Points that are added before amounts are compared by their ratio, for a whole window:
# nothing used is no infinity, and there is the rounding.
_SOME, _ROUNDING = 10, 1

# What floating point makes of nothing.
_TINY = 1e-9

_NORMAL = NormalDist()
_RANGE = _NORMAL.inv_cdf(0.9)

# What is shown moves in these steps: percentage points, percent, and minutes.
_PACE_STEPS = (1, 2, 5)
_PROJECTION_STEPS = (1, 2, 5, 10, 25, 50)
_RUN_OUT_STEPS = (5, 15, 30, 60, 180, 360, 720)

# A shown value stays while the exact one is within so many steps of it.
_HOLD = 0.6


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a window will go on.

    `pace` is the share used minus the share of time elapsed, in percentage points:
    positive is faster than the window; None when the window is used up, as then it says
    nothing. `projected` is the percentage at the reset that is as likely too high as too
    low, at most 999; of a window that is used up what it shows. From `low` to `high` it
    will be four times in five. `runs_out_at` is when 100 % is reached on the way there,
    None if that is not before the reset or has been. `lasts` tells whether it is not
    before the reset, and `confidence` how sure that is, 50 to 100 percent.

    `expected` is the percentage that the person has usually used by now, None where no
    habit is known. `basis` is one of the `BASIS_` texts, `weeks` how many have been
    learned from.
    """

    pace: float | None
    projected: float
    low: float
    high: float
    runs_out_at: datetime | None
    lasts: bool
    confidence: float
    expected: float | None
    basis: str
    weeks: int


class _Outlook(NamedTuple):
    """What is still to come of a window that is running.

    `elapsed` is the share of its time; `expected` what a habit has used by now, `usual`
    what has been used by now in past weeks. `rest` are the points to come, `factor` how
    they relate to the usual ones, and `slope` by how many points the projection is higher
    for one more that is used. `spread` is that of the logarithm of the rest and `some`
    points.
    """

    elapsed: float
    expected: float
    usual: float
    rest: float
    factor: float
    slope: float
    spread: float
    some: float


def length_of(window: UsageWindow) -> timedelta | None:
    """Return how long a window is as a whole, None where nobody knows."""
    return _LENGTHS.get(window.kind)


def course_of(window: UsageWindow, habit: Habit | None = None) -> Course | None:
    """Return the course of a window by a habit, or the even one.

    A window starts its length before its reset: 5 hours for the session, 7 days for the
    weekly ones. There is no course for one that has not started, nor of unknown length.
    """
    length = length_of(window)
    if length is None or window.resets_at is None:
        return None
    return Course(window.resets_at - length, length, habit)


def forecast_of(
    window: UsageWindow, now: datetime, course: Course | None = None
) -> Forecast | None:
    """Return the forecast of a window at an aware time, or None where there is none.

    There is none for a window that has not started or is over, without a reset time, of
    unknown length, or without a habit in its first 5 %. `course` is that of `course_of`;
    without one the use is taken to go on at its average rate.
    """
    seen = _look(window, now, course or course_of(window))
    return seen[0] if seen else None


def shown_forecast(
    window: UsageWindow,
    now: datetime,
    before: Forecast | None,
    course: Course | None = None,
) -> Forecast | None:
    """Return the forecast as it is shown: in steps that a person would not mind.

    What changes with every minute would be a state for every minute. The steps are
    a tenth of a pace and of a projection at most, and a quarter of the time until the
    run-out; or what the rounding of the percentage leaves open anyway, and half an hour
    of a week. A habit is known by the hour, so that is the step of its run-out, and a
    fifth of its projection where its range is twice as wide. `before` is what has been
    shown of this very window: a value stays while it is not more than a step off, and the
    verdict while the rounding can decide it; what belongs to a value stays with it.
    """
    if (seen := _look(window, now, course or course_of(window))) is None:
        return None
    exact, slope = seen
    if exact.pace is None:
        return exact
    # What half a point of the percentage makes at the end of the window.
    rounding = 0.5 * slope
    lasts = exact.lasts
    if before is not None and abs(exact.projected - 100) < rounding:
        lasts = before.lasts
    leeway = max(exact.projected / 10, 2 * rounding)
    if exact.basis == BASIS_HABIT:
        # What the habit itself leaves open.
        wide = min((exact.high - exact.low) / 2, exact.projected / 5)
        leeway = max(leeway, wide)
    projected = _in_steps(
        exact.projected,
        before.projected if before else None,
        _step(_PROJECTION_STEPS, leeway),
    )
    # The verdict can be held, and then the projection does not contradict it; the
    # limit is between two steps.
    projected = min(
        max(min(projected, 100) if lasts else max(projected, 100), window.percent),
        _PROJECTION_LIMIT,
    )
    shown = replace(
        exact,
        pace=_in_steps(
            exact.pace,
            before.pace if before else None,
            _step(_PACE_STEPS, abs(exact.pace) / 10),
        ),
        projected=projected,
        low=min(exact.low, projected),
        high=max(exact.high, projected),
        runs_out_at=None if lasts else _shown_run_out(window, now, exact, before),
        lasts=lasts,
        confidence=exact.confidence if lasts is exact.lasts else 50,
    )
    return _with_what_stays(shown, before) if before else shown


def _shown_run_out(
    window: UsageWindow,
    now: datetime,
    exact: Forecast,
    before: Forecast | None,
) -> datetime:
    """Return when a window runs out, in steps, and never in the past."""
    moment = exact.runs_out_at or window.resets_at
    assert moment is not None
    finest = _LENGTHS[window.kind] / (168 if exact.basis == BASIS_HABIT else 336)
    step = _step(_RUN_OUT_STEPS, max((moment - now) / 4, finest) / _MINUTE)
    known = before.runs_out_at.timestamp() if before and before.runs_out_at else None
    minutes = _in_steps(moment.timestamp() / 60, known and known / 60, step)
    if (past := now.timestamp() / 60) >= minutes:
        # Overtaken by the clock: the use has been slower than it seemed.
        minutes = (past // step + 1) * step
    runs_out_at = datetime.fromtimestamp(minutes * 60, UTC)
    return min(runs_out_at, window.resets_at or runs_out_at)


def _with_what_stays(shown: Forecast, before: Forecast) -> Forecast:
    """Keep what belongs to values that stay: what is shown of them would not be told."""
    if shown.projected == before.projected:
        shown = replace(
            shown,
            low=before.low,
            high=before.high,
            basis=before.basis,
            weeks=before.weeks,
        )
    if shown.pace == before.pace:
        shown = replace(shown, expected=before.expected)
    if shown.lasts is before.lasts and before.pace is not None:
        shown = replace(shown, confidence=before.confidence)
    return shown


def _look(
    window: UsageWindow, now: datetime, course: Course | None
) -> tuple[Forecast, float] | None:
    """Return the exact forecast, and by how much a point used changes its projection."""
    if course is None:
        return None
    outlook = _outlook(window, now, course)
    if outlook is None and (even := course_of(window)):
        # Where a course says nothing yet, the rate so far may; but not of days off, unless
        # there is nothing to forecast any more.
        if course.habit and course.habit.days_chosen and window.percent < 100:
            return None
        course, outlook = even, _outlook(window, now, even)
    return (_forecast(window, course, outlook), outlook.slope) if outlook else None


def _outlook(window: UsageWindow, now: datetime, course: Course) -> _Outlook | None:
    """Tell what is to come of a window that is running."""
    moment, habit = now.timestamp(), course.habit
    first, last = course.edges[0], course.edges[-1]
    if not first <= moment < last:
        return None
    used, total = max(window.percent, 0), course.total
    expected = course.used_by(moment)
    if expected < _TOO_EARLY * total and not _is_known(habit):
        return None
    weight = habit.weight if habit else 0
    trust = _TRUST * total * weight / (weight + 1)
    left = total - expected

    def rest_after(used: float) -> float:
        """Return what comes after an amount used by now."""
        return (trust + used) / (trust + expected) * left

    rest = rest_after(used)
    some = _ROUNDING + _SOME * left / total
    unseen = (trust + total) / (trust + expected) - 1
    variance = (_VARIANCE + _VARIANCE_UNSEEN * unseen) / (1 + weight)
    variance += _VARIANCE_LITTLE * some / (rest + some)
    squares, used_then, weeks = 0.0, 0.0, 0.0
    for past in course.pasts:
        then = course.used_by(moment, past.used)
        came = past.used[-1] - then
        squares += past.weight * log((came + some) / (rest_after(then) + some)) ** 2
        used_then += past.weight * then
        weeks += past.weight
    variance = (squares + _VARIANCE_WEEKS * variance) / (weeks + _VARIANCE_WEEKS)
    return _Outlook(
        elapsed=(moment - first) / (last - first),
        expected=expected,
        usual=used_then / weeks if weeks else expected,
        rest=rest,
        factor=(trust + used) / (trust + expected),
        slope=1 + left / (trust + expected),
        spread=sqrt(variance),
        some=some,
    )


def _is_known(habit: Habit | None) -> bool:
    """Tell whether a habit is known well enough to speak of it."""
    return habit is not None and habit.weeks >= _WEEKS_OF_A_HABIT


def _forecast(window: UsageWindow, course: Course, outlook: _Outlook) -> Forecast:
    """Tell what an outlook means."""
    habit, used = course.habit, max(window.percent, 0)
    known = _is_known(habit)
    if habit is None:
        basis = BASIS_EVEN
    else:
        basis = BASIS_HABIT if habit.weight else BASIS_WORKING_DAYS
    forecast = Forecast(
        pace=None,
        projected=window.percent,
        low=window.percent,
        high=window.percent,
        runs_out_at=None,
        lasts=False,
        confidence=100,
        expected=min(outlook.usual, 100) if known else None,
        basis=basis,
        # The first hour there is tells nothing.
        weeks=int(habit.weeks + 1 / 24) if habit else 0,
    )
    if used >= 100:
        return forecast

    def percent(deviation: float) -> float:
        """Return the percentage at the reset so many deviations from the middle."""
        amount = (outlook.rest + outlook.some) * exp(deviation * outlook.spread)
        return min(used + max(amount - outlook.some, 0), _PROJECTION_LIMIT)

    room = 100 - used
    likely = log((room + outlook.some) / (outlook.rest + outlook.some)) / outlook.spread
    lasts = outlook.rest <= room + _TINY
    runs_out_at = (
        course.when(outlook.expected + room / outlook.factor) if not lasts else None
    )
    return replace(
        forecast,
        pace=used - outlook.elapsed * 100,
        projected=min(used + outlook.rest, _PROJECTION_LIMIT),
        low=percent(-_RANGE),
        high=percent(_RANGE),
        runs_out_at=None
        if runs_out_at is None
        else datetime.fromtimestamp(runs_out_at, UTC),
        lasts=lasts,
        confidence=100 * _NORMAL.cdf(abs(likely)),
    )


def _step(steps: Sequence[int], at_most: float) -> int:
    """Return the largest step that fits, or the smallest."""
    return max((step for step in steps if step <= at_most), default=steps[0])


def _in_steps(exact: float, before: float | None, step: int) -> float:
    """Return what was shown before while it is near enough, else the nearest step."""
    if before is not None and abs(exact - before) <= _HOLD * step:
        return before
    return round(exact / step) * step
