"""Full sessions: how many fit into the week, and how many reached their limit. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from math import ceil, isnan

from .habit import HOURS_PER_WEEK, SECONDS_PER_HOUR, HourlyUsage

_SESSION = timedelta(hours=5)
_PERIOD = timedelta(days=30)

# Reset times of one session differ by less than this.
_SAME_RESET = timedelta(hours=1)

# The ratio is computed from the latest hours, back to this total usage of sessions in points or
# to this age. With less usage than one full session, it is unknown. Plans and limits change, so
# older usage says little.
_POINTS, _MIN_POINTS = 500, 100
_HOURS = 4 * HOURS_PER_WEEK

_SESSIONS_PER_WEEK = ceil(timedelta(weeks=1) / _SESSION)

# The tolerance for floating-point errors.
_EPSILON = 1e-6


def points_per_session(week: HourlyUsage, session: HourlyUsage) -> float | None:
    """Return how many points of the week a full session uses, or None if it is unknown.

    Only hours in which the usage of both is known count.
    """
    used_week = used_session = 0.0
    end = min(week.end, session.end)
    for number in range(end - 1, max(end - _HOURS, week.first, session.first) - 1, -1):
        of_week = week.rises[number - week.first]
        of_session = session.rises[number - session.first]
        if isnan(of_week) or isnan(of_session):
            continue
        used_week += of_week
        used_session += of_session
        if used_session >= _POINTS:
            break
    if used_session < _MIN_POINTS or used_week <= 0:
        return None
    return 100 * used_week / used_session


def sessions_left(
    percent: float, resets_at: datetime | None, now: datetime, points: float
) -> int:
    """Return how many full sessions fit into the rest of the week.

    `percent` is used of the week, and a full session uses `points` of it. Each session takes
    five hours, but the last one can be used in less.
    """
    time = _SESSIONS_PER_WEEK
    if resets_at is not None:
        time = min(max(ceil((resets_at - now) / _SESSION), 0), time)
    left = max(100 - percent, 0)
    return min(int(left / points + _EPSILON), time)


def with_session(
    resets: Collection[datetime], resets_at: datetime, now: datetime
) -> Collection[datetime]:
    """Return the reset times of the last 30 days, with that of one more session."""
    if any(abs(reset - resets_at) < _SAME_RESET for reset in resets):
        return resets
    return (*(reset for reset in resets if reset > now - _PERIOD), resets_at)


def limits_reached(
    hours: Iterable[int], resets: Collection[datetime], now: datetime
) -> int:
    """Return the number of sessions that reached their limit in the last 30 days.

    `hours` are the numbers of the recorded hours in which one did, and `resets` the reset
    times of those that were seen since Home Assistant started.
    """
    since = now - _PERIOD
    seen = {reset for reset in resets if since < reset <= now + _SESSION}
    first, last = (int(time.timestamp() // SECONDS_PER_HOUR) for time in (since, now))

    def is_seen(hour: int) -> bool:
        """Return whether an hour overlaps with a session that was seen."""
        start = hour * SECONDS_PER_HOUR
        return any(
            (reset - _SESSION).timestamp() - SECONDS_PER_HOUR
            < start
            < reset.timestamp()
            for reset in seen
        )

    recorded = (hour for hour in hours if first < hour <= last)
    return len(seen) + sum(not is_seen(hour) for hour in recorded)
