"""Will a window last? Its pace, projection and run-out time from one reading. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .usage import KIND_SESSION, KIND_WEEKLY, KIND_WEEKLY_SCOPED, UsageWindow

_LENGTHS = {
    KIND_SESSION: timedelta(hours=5),
    KIND_WEEKLY: timedelta(days=7),
    KIND_WEEKLY_SCOPED: timedelta(days=7),
}

# So early in a window, a rate says nothing yet.
_TOO_EARLY = 0.05

_PROJECTION_LIMIT = 999


@dataclass(frozen=True, slots=True)
class Pace:
    """How the use of a window compares with its time.

    `pace` is the share used minus the share of time elapsed, in percentage
    points: positive is faster than the window. `projected` is the percentage at
    the reset at the average rate so far, at most 999. `runs_out_at` is when
    100 % is reached at that rate: now if it has been, None if it never is.
    `lasts` tells whether that is not before the reset.
    """

    pace: float
    projected: float
    runs_out_at: datetime | None
    lasts: bool


def pace_of(window: UsageWindow, now: datetime) -> Pace | None:
    """Return the pace of a window at an aware time, or None where it cannot be told.

    It cannot for a window that has not started or is over, without a reset time,
    of unknown length, or in its first 5 %. A window starts its length before its
    reset: 5 hours for the session, 7 days for the weekly ones.
    """
    length = _LENGTHS.get(window.kind)
    if length is None or window.resets_at is None:
        return None
    start = window.resets_at - length
    elapsed = (now - start) / length
    if not _TOO_EARLY <= elapsed <= 1:
        return None
    used = max(window.percent, 0) / 100
    if used >= 1:
        runs_out_at: datetime | None = now
    elif used:
        # Not later than a use of 0.01 % makes it, so that it stays a date.
        runs_out_at = start + (now - start) / max(used, 0.0001)
    else:
        runs_out_at = None
    return Pace(
        pace=(used - elapsed) * 100,
        projected=min(used / elapsed * 100, _PROJECTION_LIMIT),
        runs_out_at=runs_out_at,
        lasts=used < 1 and used <= elapsed,
    )
