"""Usage profiles: how the typical usage of a window grows from its start to its reset. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import isnan
from typing import NamedTuple

from ..claude_ai.windows import (
    KIND_SESSION,
    KIND_WEEKLY,
    KIND_WEEKLY_SCOPED,
    UsageWindow,
)
from .habit import (
    COMPLETE,
    HOURS_PER_WEEK,
    SECONDS_PER_HOUR,
    WEEKS,
    Habit,
    hour_of_week,
    weight_of_age,
)

_LENGTHS = {
    KIND_SESSION: timedelta(hours=5),
    KIND_WEEKLY: timedelta(days=7),
    KIND_WEEKLY_SCOPED: timedelta(days=7),
}


def length_of(window: UsageWindow) -> timedelta | None:
    """Return the length of a window, or None if it is unknown."""
    return _LENGTHS.get(window.kind)


def profile_of(window: UsageWindow, habit: Habit | None = None) -> UsageProfile | None:
    """Return the profile of a window that follows a habit, or an even one without it.

    The start of a window is its reset minus its length. Return None if its length is unknown or
    if it has not started.
    """
    length = length_of(window)
    if length is None or window.resets_at is None:
        return None
    return UsageProfile(window.resets_at - length, length, habit)


class PastWeek(NamedTuple):
    """The usage in the same hours of a past week, and the weight of that week.

    `used` has the cumulative usage at each of the profile's `times`.
    """

    weight: float
    used: Sequence[float]


class UsageProfile:
    """The cumulative typical usage of a window.

    `times` are timestamps in seconds: the start, each full hour and the reset. Between
    two of them usage is even. `usual` is the cumulative usage at each of them. Its unit
    is points with a learned habit. Without a habit, `times` are start and reset, and
    `usual` is 0 and 1.
    """

    def __init__(self, start: datetime, length: timedelta, habit: Habit | None) -> None:
        """Initialize the profile of a window."""
        first, last = start.timestamp(), (start + length).timestamp()
        self.habit: Habit | None = None
        self.times: Sequence[float] = (first, last)
        self.usual: Sequence[float] = (0.0, 1.0)
        self.past_weeks: Sequence[PastWeek] = ()
        if habit is None:
            return
        hours = range(
            int(first // SECONDS_PER_HOUR) + 1, int(-(-last // SECONDS_PER_HOUR))
        )
        times = (first, *(number * SECONDS_PER_HOUR for number in hours), last)
        amounts = (
            habit.rates[hour_of_week(int(start // SECONDS_PER_HOUR), habit.zone)]
            * (end - start)
            / SECONDS_PER_HOUR
            for start, end in pairwise(times)
        )
        usual = tuple(accumulate(amounts, initial=0.0))
        # A habit without usage in the whole window says nothing about it.
        if usual[-1] > 0:
            self.habit, self.times, self.usual = habit, times, usual
            self.past_weeks = tuple(self._past_weeks(habit))

    @property
    def total(self) -> float:
        """Return the typical usage of the whole window."""
        return self.usual[-1]

    def used_by(self, time: float, used: Sequence[float] | None = None) -> float:
        """Return the cumulative usage at a timestamp within the window.

        `used` is the usage of a past week. The default is the typical usage.
        """
        used = used or self.usual
        index = min(bisect_right(self.times, time), len(self.times) - 1)
        start, end = self.times[index - 1], self.times[index]
        share = (time - start) / (end - start)
        return used[index - 1] + (used[index] - used[index - 1]) * share

    def time_of(self, used: float) -> datetime:
        """Return the time at which the typical usage reaches an amount.

        An amount above the total is reached with the last usage in the window.
        """
        used = min(used, self.total)
        index = max(bisect_left(self.usual, used), 1)
        low, high = self.usual[index - 1], self.usual[index]
        start, end = self.times[index - 1], self.times[index]
        time = start + (end - start) * (used - low) / (high - low)
        return datetime.fromtimestamp(time, UTC)

    def _past_weeks(self, habit: Habit) -> Iterator[PastWeek]:
        """Yield the usage in complete past weeks, with the typical usage in their gaps."""
        spans = [*pairwise(self.times)]
        usual = [high - low for low, high in pairwise(self.usual)]

        def utc_offset(time: float) -> float:
            """Return the UTC offset in seconds."""
            offset = datetime.fromtimestamp(time, habit.zone).utcoffset()
            return offset.total_seconds() if offset else 0

        for weeks in range(1, WEEKS + 1):
            shift = float(weeks * HOURS_PER_WEEK * SECONDS_PER_HOUR)
            # Compare the same local hours.
            shift += utc_offset(self.times[0] - shift) - utc_offset(self.times[0])
            rises = [
                habit.past.used_between(start - shift, end - shift)
                for start, end in spans
            ]
            if sum(map(isnan, rises)) > (1 - COMPLETE) * len(rises):
                continue
            filled = (
                default if isnan(rise) else rise
                for rise, default in zip(rises, usual, strict=True)
            )
            yield PastWeek(weight_of_age(weeks), tuple(accumulate(filled, initial=0.0)))
