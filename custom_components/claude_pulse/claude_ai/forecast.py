"""Will a window last? Its pace, projection and run-out time from one reading. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from .usage import KIND_SESSION, KIND_WEEKLY, KIND_WEEKLY_SCOPED, UsageWindow

_LENGTHS = {
    KIND_SESSION: timedelta(hours=5),
    KIND_WEEKLY: timedelta(days=7),
    KIND_WEEKLY_SCOPED: timedelta(days=7),
}

_MINUTE = timedelta(minutes=1)

# So early in a window, a rate says nothing yet.
_TOO_EARLY = 0.05

_PROJECTION_LIMIT = 999

# What is shown moves in these steps: percentage points, percent, and minutes.
_PACE_STEPS = (1, 2, 5)
_PROJECTION_STEPS = (1, 2, 5, 10, 25, 50)
_RUN_OUT_STEPS = (5, 15, 30, 60, 180, 360, 720)

# A shown value stays while the exact one is within so many steps of it.
_HOLD = 0.6


@dataclass(frozen=True, slots=True)
class Forecast:
    """How the use of a window compares with its time.

    `pace` is the share used minus the share of time elapsed, in percentage
    points: positive is faster than the window; None when the window is used up,
    as then it says nothing. `projected` is the percentage at the reset at the
    average rate so far, at most 999; of a window that is used up what it shows.
    `runs_out_at` is when 100 % is reached at that rate, None if that is not
    before the reset or has been. `lasts` tells whether it is not before the reset.
    """

    pace: float | None
    projected: float
    runs_out_at: datetime | None
    lasts: bool


def forecast_of(window: UsageWindow, now: datetime) -> Forecast | None:
    """Return the forecast of a window at an aware time, or None where there is none.

    There is none for a window that has not started or is over, without a reset time,
    of unknown length, or in its first 5 %. A window starts its length before its
    reset: 5 hours for the session, 7 days for the weekly ones.
    """
    if (passed := _passed(window, now)) is None:
        return None
    if window.percent >= 100:
        return Forecast(None, window.percent, None, lasts=False)
    elapsed = passed / _LENGTHS[window.kind]
    share = max(window.percent, 0) / 100
    lasts = share <= elapsed
    return Forecast(
        pace=(share - elapsed) * 100,
        projected=min(share / elapsed * 100, _PROJECTION_LIMIT),
        runs_out_at=None if lasts else now + passed * ((1 - share) / share),
        lasts=lasts,
    )


def shown_forecast(
    window: UsageWindow, now: datetime, before: Forecast | None
) -> Forecast | None:
    """Return the forecast as it is shown: in steps that a person would not mind.

    What changes with every minute would be a state for every minute. The steps are
    a tenth of a pace and of a projection at most, and a quarter of the time until the
    run-out; or what the rounding of the percentage leaves open anyway, and half an hour
    of a week. `before` is what has been shown of this very window: a value stays while
    it is not more than a step off, and the verdict while the rounding can decide it.
    """
    if (exact := forecast_of(window, now)) is None or exact.pace is None:
        return exact
    passed = _passed(window, now)
    assert passed is not None
    # What half a point of the percentage makes at the end of the window.
    rounding = 0.5 * (_LENGTHS[window.kind] / passed)
    lasts = exact.lasts
    if before is not None and abs(exact.projected - 100) < rounding:
        lasts = before.lasts
    projected = _in_steps(
        exact.projected,
        before.projected if before else None,
        _step(_PROJECTION_STEPS, max(exact.projected / 10, 2 * rounding)),
    )
    shown = Forecast(
        pace=_in_steps(
            exact.pace,
            before.pace if before else None,
            _step(_PACE_STEPS, abs(exact.pace) / 10),
        ),
        # The verdict can be held, and then the projection does not contradict it; the
        # limit is between two steps.
        projected=min(
            max(min(projected, 100) if lasts else max(projected, 100), window.percent),
            _PROJECTION_LIMIT,
        ),
        runs_out_at=None,
        lasts=lasts,
    )
    if lasts:
        return shown
    moment = exact.runs_out_at or window.resets_at
    assert moment is not None
    finest = _LENGTHS[window.kind] / 336
    step = _step(_RUN_OUT_STEPS, max((moment - now) / 4, finest) / _MINUTE)
    known = before.runs_out_at.timestamp() if before and before.runs_out_at else None
    minutes = _in_steps(moment.timestamp() / 60, known and known / 60, step)
    if (past := now.timestamp() / 60) >= minutes:
        # Overtaken by the clock: the use has been slower than it seemed.
        minutes = (past // step + 1) * step
    runs_out_at = datetime.fromtimestamp(minutes * 60, UTC)
    return replace(shown, runs_out_at=min(runs_out_at, window.resets_at or runs_out_at))


def _passed(window: UsageWindow, now: datetime) -> timedelta | None:
    """Return how much of a window's time has passed, where it can be forecast."""
    length = _LENGTHS.get(window.kind)
    if length is None or window.resets_at is None:
        return None
    passed = length - (window.resets_at - now)
    return passed if _TOO_EARLY * length <= passed < length else None


def _step(steps: Sequence[int], at_most: float) -> int:
    """Return the largest step that fits, or the smallest."""
    return max((step for step in steps if step <= at_most), default=steps[0])


def _in_steps(exact: float, before: float | None, step: int) -> float:
    """Return what was shown before while it is near enough, else the nearest step."""
    if before is not None and abs(exact - before) <= _HOLD * step:
        return before
    return round(exact / step) * step
