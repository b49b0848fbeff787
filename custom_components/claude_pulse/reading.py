"""What the windows of a seat say at this moment: their values, and a forecast that stands still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .claude_ai.forecast import Forecast, shown_forecast
from .claude_ai.usage import Identity, Usage, UsageWindow


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

    def __getitem__(self, identity: Identity) -> Reading | None:
        """Return the reading of a window, unless the account has none or it is over."""
        return self._by_identity.get(identity)

    def update(self, usage: Usage, now: datetime) -> None:
        """Look at all windows again."""
        self._by_identity = {
            window.identity: self._read(window, now)
            for window in usage.all_windows
            if not window.is_over(now)
        }

    def _read(self, window: UsageWindow, now: datetime) -> Reading:
        """Read a window, with what is shown of its forecast in mind."""
        before = self._by_identity.get(window.identity)
        # Another reset, another window.
        same = before is not None and before.window.resets_at == window.resets_at
        shown = before.forecast if before and same else None
        return Reading(window, shown_forecast(window, now, shown), now)
