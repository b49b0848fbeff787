"""The current values and forecasts of all windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..claude_ai.usage import Usage
from ..claude_ai.windows import KIND_WEEKLY_SCOPED, Identity, UsageWindow
from ..naming import WEEKLY_WINDOW, subject_of
from .habit import Habit, borrowed
from .history import UsageHistory
from .profile import UsageProfile, profile_of
from .projection import Forecast, forecast_of, shown_forecast


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of a window at one time. The window is not over."""

    window: UsageWindow
    forecast: Forecast | None
    now: datetime


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
        self._is_start_known = is_start_known
        self._existing: set[Identity] = set()
        self._habits = history.habits
        self._history = history
        self._profiles: dict[tuple[Identity, datetime | None], UsageProfile | None] = {}
        self._readings: dict[Identity, Reading] = {}

    def __contains__(self, identity: Identity) -> bool:
        """Return whether the last answer contains a window."""
        return identity in self._existing

    def __getitem__(self, identity: Identity) -> Reading | None:
        """Return the reading of a window, or None if it is missing or over."""
        return self._readings.get(identity)

    def update(self, usage: Usage, now: datetime) -> None:
        """Read all windows of an answer."""
        windows = [window for window in usage.all_windows if not window.is_over(now)]
        self._existing = {window.identity for window in usage.all_windows}
        self._profiles = {
            (window.identity, window.resets_at): self._profile(window)
            for window in windows
        }
        self._readings = {
            window.identity: self._read(window, now) for window in windows
        }

    def exact_forecast(self, window: UsageWindow, now: datetime) -> Forecast | None:
        """Return the exact forecast of a window."""
        if self._history.pending:
            return None
        if window.percent < 100 and not self._is_start_known(window, now):
            return None
        return forecast_of(window, now, self._profile(window))

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
