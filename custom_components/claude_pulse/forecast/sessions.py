"""The remaining usage of a session, from earlier sessions at the same age. Pure.

When a session runs out depends on its own rate more than on earlier sessions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from math import exp, isnan, sqrt
from typing import NamedTuple

from ..claude_ai.windows import UsageWindow
from .habit import (
    HOURS_PER_DAY,
    SECONDS_PER_HOUR,
    Habit,
    HourlyUsage,
    hour_of_week,
)
from .remaining import SampledRemaining

HOURS = 5

# The number of sessions that are compared. A session loses half of its weight after the
# second number of later ones.
_SESSIONS, _HALF_LIFE = 80, 40

# The weight of a session at another time of the day, and the standard deviation in hours of
# what counts as a similar time.
_OTHER_TIME, _HOURS_APART = 0.2, 1

# In a session that reached its limit, this multiple of the known usage would have followed
# without a limit.
_BEYOND_LIMIT = 1.5

# From this usage on, in points, a session has reached its limit. The sum of its hours is not
# exact.
_FULL = 99.5

# The usage that follows is proportional to the root of the usage so far plus this, in points.
_SCALE = 20

# Typical sessions of most people: the usage in points by age in hours, and five amounts that
# followed. Each amount counts like this part of a session.
_COMMON_WEIGHT = 0.5
_COMMON_USED = (0, 25, 35, 42, 48, 50)
_COMMON_REMAINING = (
    (18, 43, 76, 120, 275),
    (8, 23, 46, 80, 215),
    (0, 2, 14, 33, 124),
    (0, 0, 0, 9, 41),
    (0, 0, 0, 0, 16),
    (0, 0, 0, 0, 0),
)

# The rate of a session is known after this time, and from this percentage on.
_MIN_AGE, _MIN_PERCENT = timedelta(minutes=15), 1

# A limit is near if the rate so far reaches it within this time. Because of breaks, it usually
# takes longer than that, by this factor.
_NEAR, _BREAKS = timedelta(hours=1), 1.5


class PastSession(NamedTuple):
    """A past session.

    `used` has the cumulative usage in points at its start and after each hour. Where the
    limit was reached, `is_cut` is true: more would have been used.
    """

    hour: int
    used: Sequence[float]
    is_cut: bool


class PastSessions:
    """The past sessions of a person, from which the rest of the running one is estimated."""

    def __init__(self, start: float, habit: Habit | None) -> None:
        """Initialize for a session that starts at a timestamp."""
        self._start = start
        # Each past session with its weight, the latest first.
        self._sessions: list[tuple[float, PastSession]] = []
        if not habit:
            return
        latest = [*past_sessions(habit.past)][-_SESSIONS:]
        zone, hour = habit.zone, int(start // SECONDS_PER_HOUR)
        time = hour_of_week(hour, zone)
        for number, session in enumerate(reversed(latest)):
            hours = abs(time - hour_of_week(session.hour, zone)) % HOURS_PER_DAY
            apart = min(hours, HOURS_PER_DAY - hours) / _HOURS_APART
            near = _OTHER_TIME + (1 - _OTHER_TIME) * exp(-(apart**2) / 2)
            self._sessions.append((near * 0.5 ** (number / _HALF_LIFE), session))

    def used_by(self, time: float) -> float:
        """Return the usual usage by a timestamp within the session, in points."""
        age = self._age(time)
        if not self._sessions:
            return _at(_COMMON_USED, age)
        weights = sum(weight for weight, _ in self._sessions)
        points = sum(
            weight * _at(session.used, age) for weight, session in self._sessions
        )
        return points / weights

    def remaining(self, time: float, used: float) -> SampledRemaining:
        """Return the usage that is still to come after some usage by a timestamp."""
        age = self._age(time)
        # Relative to the root of the usage, amounts can be compared at any usage.
        common = _COMMON_WEIGHT, sqrt(_SCALE + _at(_COMMON_USED, age))
        samples = [
            (_at(row, age) / common[1], common[0])
            for row in zip(*_COMMON_REMAINING, strict=True)
        ]
        for weight, session in self._sessions:
            used_then = _at(session.used, age)
            followed = session.used[-1] - used_then
            if session.is_cut:
                followed *= _BEYOND_LIMIT
            samples.append((followed / sqrt(_SCALE + used_then), weight))
        scale = sqrt(_SCALE + used)
        remaining = SampledRemaining(samples, scale, slope=0)
        remaining.slope = remaining.quantile(0.5) / (2 * scale**2)
        return remaining

    def _age(self, time: float) -> float:
        """Return the age of the session in hours."""
        return (time - self._start) / SECONDS_PER_HOUR


def is_limit_near(window: UsageWindow, now: datetime) -> bool:
    """Return whether a session reaches its limit soon at the rate so far."""
    left = _time_left(window, now)
    if left is None or window.resets_at is None:
        return False
    return left <= min(_NEAR, window.resets_at - now)


def run_out_of(window: UsageWindow, now: datetime) -> datetime | None:
    """Return when a session runs out at the rate so far, with breaks.

    It is not after the reset. Return None while the rate is unknown.
    """
    left = _time_left(window, now)
    if left is None or window.resets_at is None:
        return None
    return min(now + _BREAKS * left, window.resets_at)


def _time_left(window: UsageWindow, now: datetime) -> timedelta | None:
    """Return the time until the limit at the rate so far, or None."""
    if window.resets_at is None or window.percent < _MIN_PERCENT:
        return None
    age = now - (window.resets_at - timedelta(hours=HOURS))
    if age < _MIN_AGE:
        return None
    return age * ((100 - window.percent) / window.percent)


def past_sessions(past: HourlyUsage) -> Iterator[PastSession]:
    """Yield the complete sessions of a history, without those with unknown hours.

    A session starts with the first usage after the last one.
    """
    rises, index = past.rises, 0
    while index <= len(rises) - HOURS:
        if not rises[index] > 0:
            index += 1
            continue
        session = rises[index : index + HOURS]
        # The usage is unknown once the limit has been reached.
        used = [
            *accumulate((0 if isnan(rise) else rise for rise in session), initial=0)
        ]
        is_cut = used[-1] >= _FULL
        if is_cut or not any(map(isnan, session)):
            yield PastSession(past.first + index, used, is_cut)
        index += HOURS


def _at(values: Sequence[float], age: float) -> float:
    """Return the value at an age in hours, from those at each full hour."""
    index = min(max(int(age), 0), len(values) - 2)
    return values[index] + (values[index + 1] - values[index]) * (age - index)
