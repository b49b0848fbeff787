"""What the windows of a seat say at this moment: their values, and a forecast that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..claude_ai.usage import Identity, Usage, UsageWindow
from ..naming import subject_of
from .history import UsageHistory
from .profile import UsageProfile, profile_of
from .projection import Forecast, forecast_of, shown_forecast


@dataclass(frozen=True, slots=True)
class Reading:
    """A window that is running or may start, at a moment."""

    window: UsageWindow
    forecast: Forecast | None
    now: datetime


class Readings:
    """The readings of one seat, which all entities share; made anew when time has passed."""

    def __init__(self, history: UsageHistory) -> None:
        """Begin with nothing, and follow the habits that are known at any time."""
        self._by_identity: dict[Identity, Reading] = {}
        self._courses: dict[tuple[Identity, datetime | None], UsageProfile | None] = {}
        self._followed = history.habits
        self._history = history

    def __getitem__(self, identity: Identity) -> Reading | None:
        """Return the reading of a window, unless the account has none or it is over."""
        return self._by_identity.get(identity)

    def update(self, usage: Usage, now: datetime) -> None:
        """Look at all windows again; there is no forecast while the habits are pending."""
        if self._followed is not self._history.habits:
            self._followed, self._courses = self._history.habits, {}
        windows = [window for window in usage.all_windows if not window.is_over(now)]
        self._courses = {
            (window.identity, window.resets_at): self._course(window)
            for window in windows
        }
        self._by_identity = {
            window.identity: self._read(window, now) for window in windows
        }

    def forecast(self, window: UsageWindow, now: datetime) -> Forecast | None:
        """Return the exact forecast of a window, which moves with every minute."""
        return forecast_of(window, now, self._course(window))

    def _course(self, window: UsageWindow) -> UsageProfile | None:
        """Return the course of a window, which is the same until its reset."""
        key = (window.identity, window.resets_at)
        if key in self._courses:
            return self._courses[key]
        return profile_of(window, self._followed[subject_of(window).key])

    def _read(self, window: UsageWindow, now: datetime) -> Reading:
        """Read a window, with what is shown of its forecast in mind."""
        if self._history.pending:
            return Reading(window, None, now)
        before = self._by_identity.get(window.identity)
        # Another reset, another window.
        same = before is not None and before.window.resets_at == window.resets_at
        shown = before.forecast if before and same else None
        course = self._courses[window.identity, window.resets_at]
        exact = forecast_of(window, now, course)
        return Reading(window, exact and shown_forecast(exact, window, now, shown), now)


def whole(number: float | None) -> int | None:
    """Return a whole number."""
    return None if number is None else round(number)


def text_of(moment: datetime | None) -> str | None:
    """Return a time as it stands in what is told, and is restored after a restart."""
    return moment.isoformat(timespec="seconds") if moment else None
