"""The current values and forecasts of all windows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from homeassistant.util import dt as dt_util

from ..claude_ai.usage import Usage
from ..claude_ai.windows import (
    KIND_WEEKLY_SCOPED,
    SESSION,
    WEEKLY,
    Identity,
    UsageWindow,
)
from ..naming import WEEKLY_WINDOW, subject_of
from .capacity import limits_reached, sessions_left, with_session
from .habit import Habit, borrowed
from .history import UsageHistory
from .profile import UsageProfile, profile_of
from .projection import Forecast, forecast_of, shown_forecast
from .today import ObservedWeek, budget_of, midnight_of, used_today


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of a window at one time. The window is not over.

    Only the week has `used_today`, `budget_today` (both in points) and `sessions_left`, and
    only the session has `limits_reached`. What a window does not have, or what is unknown, is
    None.
    """

    window: UsageWindow
    forecast: Forecast | None
    now: datetime
    used_today: float | None = None
    budget_today: float | None = None
    sessions_left: int | None = None
    limits_reached: int | None = None


class Readings:
    """The readings of an entry, which all of its entities share.

    There are no forecasts while the habits are pending. A window whose start is unknown has
    none unless it is used up.
    """

    def __init__(
        self,
        history: UsageHistory,
        is_start_known: Callable[[UsageWindow, datetime], bool],
    ) -> None:
        """Initialize without readings."""
        self._answered_at: datetime
        # The budget, and what it depends on.
        self._budget: tuple[object, float] | None = None
        self._is_start_known = is_start_known
        self._existing: set[Identity] = set()
        self._habits = history.habits
        self._history = history
        self._profiles: dict[tuple[Identity, datetime | None], UsageProfile | None] = {}
        self._reached: Collection[datetime] = ()
        self._readings: dict[Identity, Reading] = {}
        self._week = ObservedWeek()

    def __contains__(self, identity: Identity) -> bool:
        """Return whether the last answer contains a window."""
        return identity in self._existing

    def __getitem__(self, identity: Identity) -> Reading | None:
        """Return the reading of a window, or None if it is missing or over."""
        return self._readings.get(identity)

    def update(
        self, usage: Usage, now: datetime, answered_at: datetime | None = None
    ) -> None:
        """Read all windows of an answer, which by default came now."""
        self._answered_at = answered_at or now
        windows = [window for window in usage.all_windows if not window.is_over(now)]
        self._existing = {window.identity for window in usage.all_windows}
        self._profiles = {
            (window.identity, window.resets_at): self._profile(window)
            for window in windows
        }
        self._readings = {
            window.identity: self._complete(self._read(window, now))
            for window in windows
        }

    def exact_forecast(self, window: UsageWindow, now: datetime) -> Forecast | None:
        """Return the exact forecast of a window."""
        if self._history.pending:
            return None
        if window.percent < 100 and not self._is_start_known(window, now):
            return None
        return forecast_of(window, now, self._profile(window))

    def usual_shares(self, window: UsageWindow) -> list[float] | None:
        """Return the `UsageProfile.shares` of a window, or None without a known habit."""
        profile = None if self._history.pending else self._profile(window)
        return profile.shares if profile else None

    def is_usual(self, time: datetime) -> bool:
        """Return whether the person often uses Claude at an hour of the week.

        It is True without a known habit.
        """
        habit = self._habits[WEEKLY_WINDOW.key]
        return habit is None or habit.is_usual(time)

    def _profile(self, window: UsageWindow) -> UsageProfile | None:
        """Return the usage profile of a window. It is valid until the reset."""
        if self._habits is not self._history.habits:
            self._habits, self._profiles = self._history.habits, {}
        key = (window.identity, window.resets_at)
        if key in self._profiles:
            return self._profiles[key]
        return profile_of(window, self._habit(window))

    def _habit(self, window: UsageWindow) -> Habit | None:
        """Return the habit of a window. A new model's limit borrows the hours of the week."""
        habit = self._habits[subject_of(window).key]
        if window.kind != KIND_WEEKLY_SCOPED:
            return habit
        return borrowed(habit, self._habits[WEEKLY_WINDOW.key])

    def _read(self, window: UsageWindow, now: datetime) -> Reading:
        """Return the reading of a window. The shown forecast depends on the last one."""
        exact = self.exact_forecast(window, now)
        before = self._readings.get(window.identity)
        shown = None
        if before is not None and before.window.resets_at == window.resets_at:
            shown = before.forecast
        return Reading(window, exact and shown_forecast(exact, window, now, shown), now)

    def _complete(self, reading: Reading) -> Reading:
        """Return a reading with the values that only the week or the session has."""
        if reading.window.identity == WEEKLY:
            return self._complete_week(reading)
        if reading.window.identity == SESSION:
            return self._complete_session(reading)
        return reading

    def _complete_week(self, reading: Reading) -> Reading:
        """Return the reading of the week with the usage and the budget of the day."""
        window, now, zone = reading.window, reading.now, dt_util.DEFAULT_TIME_ZONE
        midnight = midnight_of(now, zone)
        self._week.add(window.percent, self._answered_at.timestamp(), midnight)
        if self._history.pending:
            return reading
        record, profile = self._history.habits.record, self._profile(window)
        today = used_today(
            self._week.after(record.week if record else ()),
            midnight,
            profile.times[0] if profile else None,
        )
        if record and record.points_per_session and SESSION in self._existing:
            left = sessions_left(
                window.percent, window.resets_at, now, record.points_per_session
            )
            reading = replace(reading, sessions_left=left)
        if today is None:
            return reading
        reading = replace(reading, used_today=today.used)
        if profile is None:
            return reading
        # Habits change every hour, but the budget stays.
        is_learned = profile.habit is not None and profile.habit.weeks > 0
        basis = midnight, today.since, window.resets_at, is_learned
        if self._budget is None or self._budget[0] != basis:
            end = midnight_of(now, zone, days=1)
            self._budget = basis, budget_of(today, profile, end)
        return replace(reading, budget_today=self._budget[1])

    def _complete_session(self, reading: Reading) -> Reading:
        """Return the reading of the session with the number of limits reached."""
        window, now, record = reading.window, reading.now, self._history.habits.record
        if window.percent >= 100 and window.resets_at is not None:
            self._reached = with_session(self._reached, window.resets_at, now)
        if record is None:
            return reading
        count = limits_reached(record.reached, self._reached, now)
        return replace(reading, limits_reached=count)
