"""What the windows of a seat say at this moment: their values, and a forecast that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .claude_ai.forecast import Forecast, course_of, shown_forecast
from .claude_ai.habit import Course
from .claude_ai.usage import Identity, Usage, UsageWindow
from .history import Habits
from .naming import subject_of


@dataclass(frozen=True, slots=True)
class Reading:
    """A window that is running or may start, at a moment."""

    window: UsageWindow
    forecast: Forecast | None
    now: datetime


class Readings:
    """The readings of one seat, which all entities share; made anew when time has passed."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._by_identity: dict[Identity, Reading] = {}
        self._courses: dict[tuple[Identity, datetime | None], Course | None] = {}
        self._habits: Habits | None = None

    def __getitem__(self, identity: Identity) -> Reading | None:
        """Return the reading of a window, unless the account has none or it is over."""
        return self._by_identity.get(identity)

    def follow(self, habits: Habits) -> None:
        """Follow what has been learned, from now on."""
        self._habits = habits
        self._courses = {}

    def update(self, usage: Usage, now: datetime, *, pending: bool = False) -> None:
        """Look at all windows again; no forecast where the habits are still pending."""
        windows = [window for window in usage.all_windows if not window.is_over(now)]
        self._courses = {
            (window.identity, window.resets_at): self._course(window)
            for window in windows
        }
        self._by_identity = {
            window.identity: Reading(window, None, now)
            if pending
            else self._read(window, now)
            for window in windows
        }

    def _course(self, window: UsageWindow) -> Course | None:
        """Return the course of a window, which is the same until its reset."""
        key = (window.identity, window.resets_at)
        if key in self._courses:
            return self._courses[key]
        habit = self._habits[subject_of(window).key] if self._habits else None
        return course_of(window, habit)

    def _read(self, window: UsageWindow, now: datetime) -> Reading:
        """Read a window, with what is shown of its forecast in mind."""
        before = self._by_identity.get(window.identity)
        # Another reset, another window.
        same = before is not None and before.window.resets_at == window.resets_at
        shown = before.forecast if before and same else None
        course = self._courses[window.identity, window.resets_at]
        return Reading(window, shown_forecast(window, now, shown, course), now)
