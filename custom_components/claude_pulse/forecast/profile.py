"""Usage profiles: how the typical usage of a window grows from its start to its reset. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

from ..claude_ai.windows import (
    KIND_SESSION,
    KIND_WEEKLY,
    KIND_WEEKLY_SCOPED,
    UsageWindow,
)
from .habit import SECONDS_PER_HOUR, Habit, hour_of_week
from .sessions import PastSessions
from .weeks import PastWeeks, used_by

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
    start = window.resets_at - length
    if window.kind == KIND_SESSION:
        return UsageProfile.of_session(start, length, habit)
    return UsageProfile(start, length, habit)


class UsageProfile:
    """The cumulative typical usage of a window.

    `times` are timestamps in seconds: the start, each full hour and the reset. Between
    two of them usage is even. `usual` is the cumulative usage at each of them. Its unit
    is points with a learned habit. Without a habit, `times` are start and reset, and
    `usual` is 0 and 1, as in a session. `past` has the past windows.
    """

    def __init__(self, start: datetime, length: timedelta, habit: Habit | None) -> None:
        """Initialize the profile of a window."""
        first, last = start.timestamp(), (start + length).timestamp()
        self.habit: Habit | None = None
        self.times: Sequence[float] = (first, last)
        self.usual: Sequence[float] = (0.0, 1.0)
        self.past: PastWeeks | PastSessions
        if habit:
            self._follow(habit)
        self.past = PastWeeks(self.times, self.usual, self.habit)

    @classmethod
    def of_session(
        cls, start: datetime, length: timedelta, habit: Habit | None
    ) -> UsageProfile:
        """Return the profile of a session, which knows no hours of the week."""
        profile = cls(start, length, None)
        profile.habit = habit if habit and habit.weeks else None
        profile.past = PastSessions(start.timestamp(), profile.habit)
        return profile

    def _follow(self, habit: Habit) -> None:
        """Use the hours of a habit."""
        first, last = self.times
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

    @property
    def total(self) -> float:
        """Return the typical usage of the whole window."""
        return self.usual[-1]

    @property
    def shares(self) -> list[float] | None:
        """Return the share of each hour in the typical usage, or None without a habit.

        The hours begin at the `times` except the last one.
        """
        if len(self.times) == 2:
            return None
        return [(end - start) / self.total for start, end in pairwise(self.usual)]

    def used_by(self, time: float) -> float:
        """Return the cumulative typical usage at a timestamp within the window."""
        return used_by(self.times, self.usual, time)

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
