"""Forecasts of a window: its pace, its projected usage and the time it runs out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..claude_ai.windows import SESSION, UsageWindow
from .profile import UsageProfile, length_of, profile_of
from .sessions import run_out_of

_MINUTE = timedelta(minutes=1)

# Without a known habit, there is no forecast before this share of the usual usage of a window.
_MIN_EXPECTED = 0.05

_MAX_PROJECTION = 999

# The basis of a forecast: the rate so far, the same on the chosen days only, or a
# learned habit.
BASIS_EVEN = "even"
BASIS_HABIT = "habit"
BASIS_WORKING_DAYS = "working_days"

# From this many weeks of history on, a habit counts as known. Then there is a forecast from the
# start of a window, and `expected` is set.
_MIN_WEEKS = 1

# The tolerance for floating-point errors, in points.
_EPSILON = 1e-9

# The probabilities of the range.
_LOW, _HIGH = 0.1, 0.9

# A verdict is said without a "may" from this confidence on, in percent: by the card, by
# assistants and by events.
CERTAIN = 70

# The steps of shown values: points, percent and minutes.
_PACE_STEPS = (1, 2, 5)
_PROJECTION_STEPS = (1, 2, 5, 10, 25, 50)
_RUN_OUT_STEPS = (5, 15, 30, 60, 180, 360, 720)

# A shown value is kept while the exact value is within this share of a step.
_HYSTERESIS = 0.6

# The step of a shown confidence, in percent. A smaller one would write many states while a
# verdict changes.
_CONFIDENCE_STEP = 10

# A shown verdict changes when the opposite one has this confidence. During this part of the
# window (12 hours of a week), it changes back only if the usage changed accordingly.
_CONFIDENCE_TO_CHANGE = 60
_SETTLED = 1 / 14


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of a window.

    `pace` is the used share minus the elapsed share of the window, in points. It is
    positive if usage is faster than time, and None if the window is used up.
    `projected` is the median percentage at the reset, at most 999. The percentage at the
    reset is between `low` and `high` with a probability of 80%.
    `runs_out_at` is the time at which the projection reaches 100%. It is None if the
    window lasts or is used up, and while the rate of a session is unknown.
    `lasts` is true if the limit is not used up and the projection does not exceed 100%.
    `confidence` is the probability of this verdict, from 50 to 100%.
    `expected` is the usual percentage at this time, or None without a known habit.
    `basis` is a `BASIS_` constant. `weeks` is the length of the history behind a habit.
    `rounding` is the effect of half a point of usage on the projection, in points.
    `changed` is the time and the percentage at which a shown verdict changed last.
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
    rounding: float
    changed: tuple[datetime, float] | None = None

    @property
    def is_certain(self) -> bool:
        """Return whether the verdict can be said without a "may"."""
        return self.confidence >= CERTAIN


def forecast_of(
    window: UsageWindow, now: datetime, profile: UsageProfile | None = None
) -> Forecast | None:
    """Return the exact forecast of a window at an aware time.

    `profile` is the window's `profile_of`; the default is the even one. Return None if
    the window has not started, is over or has an unknown length, and without a known
    habit before 5% of its usual usage.
    """
    profile = profile or profile_of(window)
    if profile is None:
        return None
    forecast, habit = _forecast(window, now, profile), profile.habit
    # With chosen days there is no even forecast: the usage so far was on days off.
    if forecast or not habit or (habit.days_chosen and window.percent < 100):
        return forecast
    return forecast_of(window, now)


def _forecast(
    window: UsageWindow, now: datetime, profile: UsageProfile
) -> Forecast | None:
    """Return the exact forecast from a profile, or None if there is none at this time."""
    time, used, habit = now.timestamp(), max(window.percent, 0), profile.habit
    start, end = profile.times[0], profile.times[-1]
    if not start <= time < end:
        return None
    passed = profile.used_by(time) / profile.total
    is_known = habit is not None and habit.weeks >= _MIN_WEEKS
    if passed < _MIN_EXPECTED and not is_known:
        return None
    remaining = profile.past.remaining(time, min(used, 100))
    is_learned = habit is not None and habit.weeks > 0
    forecast = Forecast(
        pace=None,
        projected=window.percent,
        low=window.percent,
        high=window.percent,
        runs_out_at=None,
        lasts=False,
        confidence=100,
        expected=min(profile.past.used_by(time), 100) if is_known else None,
        basis=BASIS_HABIT
        if is_learned
        else BASIS_WORKING_DAYS
        if habit
        else BASIS_EVEN,
        # The usage in the first hour of a history is always unknown.
        weeks=int(habit.weeks + 1 / 24) if habit else 0,
        rounding=0.5 * (1 + remaining.slope),
    )
    if used >= 100:
        return forecast

    def percentile(probability: float) -> float:
        """Return the percentage at the reset that is not exceeded with a probability."""
        return min(used + remaining.quantile(probability), _MAX_PROJECTION)

    left, median = 100 - used, remaining.quantile(0.5)
    lasts = median <= left + _EPSILON
    runs_out_at = None
    if not lasts:
        share = passed + (1 - passed) * left / median
        runs_out_at = profile.time_of(share * profile.total)
        if window.identity == SESSION:
            # The profile of a session has no hours, so its own rate gives the time.
            runs_out_at = run_out_of(window, now)
    probability = remaining.probability(left)
    return replace(
        forecast,
        pace=used - (time - start) / (end - start) * 100,
        projected=percentile(0.5),
        low=percentile(_LOW),
        high=percentile(_HIGH),
        runs_out_at=runs_out_at,
        lasts=lasts,
        confidence=100 * max(probability if lasts else 1 - probability, 0.5),
    )


def shown_forecast(
    exact: Forecast, window: UsageWindow, now: datetime, before: Forecast | None = None
) -> Forecast:
    """Return the forecast that entities show, rounded to steps with a hysteresis.

    The exact forecast changes every minute, which would write a state every minute.
    `before` is the last shown forecast of the same window. Its values are kept while they
    are close to the exact ones, and its verdict while half a point of usage can change it.

    A step of the pace is at most a tenth of it. A step of the projection is at most a tenth
    of it, or the effect of one point of usage if that is larger; with a habit also half of
    its range, up to a fifth. A step of the run-out time is at most a quarter of the
    remaining time, or 1/336 of the window if that is larger (1/168 with a habit).
    """
    if exact.pace is None:
        return exact
    lasts, changed = _shown_verdict(exact, window, now, before)
    tolerance = max(exact.projected / 10, 2 * exact.rounding)
    if exact.basis == BASIS_HABIT:
        spread = min((exact.high - exact.low) / 2, exact.projected / 5)
        tolerance = max(tolerance, spread)
    projected = _round(
        exact.projected,
        before.projected if before else None,
        _step(_PROJECTION_STEPS, tolerance),
    )
    # A kept verdict and the projection must agree.
    projected = min(projected, 100) if lasts else max(projected, 100)
    projected = min(max(projected, window.percent), _MAX_PROJECTION)
    shown = replace(
        exact,
        pace=_round(
            exact.pace,
            before.pace if before else None,
            _step(_PACE_STEPS, abs(exact.pace) / 10),
        ),
        projected=projected,
        low=min(exact.low, projected),
        high=max(exact.high, projected),
        runs_out_at=None if lasts else _shown_run_out(exact, window, now, before),
        lasts=lasts,
        confidence=_shown_confidence(exact, lasts, before),
        changed=changed,
    )
    return _keep_attributes(shown, before) if before else shown


def _shown_verdict(
    exact: Forecast, window: UsageWindow, now: datetime, before: Forecast | None
) -> tuple[bool, tuple[datetime, float] | None]:
    """Return the shown verdict, and when and at which percentage it changed last."""
    if before is None or before.pace is None:
        return exact.lasts, None
    if exact.lasts is before.lasts or exact.confidence < _CONFIDENCE_TO_CHANGE:
        return before.lasts, before.changed
    length = length_of(window)
    assert length is not None
    if before.changed is not None:
        time, percent = before.changed
        has_reason = (
            window.percent < percent if exact.lasts else window.percent > percent
        )
        if abs(now - time) < length * _SETTLED and not has_reason:
            return before.lasts, before.changed
    return exact.lasts, (now, window.percent)


def _shown_confidence(exact: Forecast, lasts: bool, before: Forecast | None) -> float:
    """Return the rounded confidence of a shown verdict, or 50% if the opposite is likelier."""
    confidence = exact.confidence if lasts is exact.lasts else 50
    last = None
    if before and before.pace is not None and before.lasts is lasts:
        last = before.confidence
    return _round(confidence, last, _CONFIDENCE_STEP)


def _shown_run_out(
    exact: Forecast, window: UsageWindow, now: datetime, before: Forecast | None
) -> datetime | None:
    """Return the rounded run-out time, which is after `now` and not after the reset."""
    time, length = exact.runs_out_at, length_of(window)
    if exact.lasts:
        time = window.resets_at
    if time is None:
        return None
    assert length is not None
    finest = length / (168 if exact.basis == BASIS_HABIT else 336)
    step = _step(_RUN_OUT_STEPS, max((time - now) / 4, finest) / _MINUTE)
    shown = (
        before.runs_out_at.timestamp() / 60 if before and before.runs_out_at else None
    )
    minutes = _round(time.timestamp() / 60, shown, step)
    if (current := now.timestamp() / 60) >= minutes:
        minutes = (current // step + 1) * step
    runs_out_at = datetime.fromtimestamp(minutes * 60, UTC)
    return min(runs_out_at, window.resets_at or runs_out_at)


def _keep_attributes(shown: Forecast, before: Forecast) -> Forecast:
    """Keep the attributes of kept values, as attributes alone must not write a state."""
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
    return shown


def _step(steps: Sequence[int], maximum: float) -> int:
    """Return the largest step up to a maximum, or the smallest step."""
    return max((step for step in steps if step <= maximum), default=steps[0])


def _round(exact: float, before: float | None, step: int) -> float:
    """Return the value before if it is close to the exact one, or the nearest step."""
    if before is not None and abs(exact - before) <= _HYSTERESIS * step:
        return before
    return round(exact / step) * step
