"""Events of limits, and the progress that they depend on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..claude_ai.usage import SESSION, WEEKLY, Identity, UsageWindow
from ..formatting import iso_time

AVAILABLE_AGAIN = "available_again"
LEFT_OVER = "left_over"
LIMIT_REACHED = "limit_reached"
RESET = "reset"
ROSE = "rose"
THRESHOLD_REACHED = "threshold_reached"
WILL_RUN_OUT = "will_run_out"

# While one of these limits is reached, Claude cannot be used at all.
BLOCKING = (SESSION, WEEKLY)

# The event types, with the windows that can have them (None for all). Events of one
# answer are sent in this order.
_WINDOWS_OF_TYPE: Mapping[str, Collection[Identity] | None] = {
    RESET: None,
    AVAILABLE_AGAIN: None,
    ROSE: None,
    THRESHOLD_REACHED: None,
    LIMIT_REACHED: None,
    WILL_RUN_OUT: BLOCKING,
    LEFT_OVER: (WEEKLY,),
}
TYPES = tuple(_WINDOWS_OF_TYPE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's options for events.

    `thresholds` and `left_over` are percentages. A left-over event is sent at
    most `left_over_before` before the weekly reset.
    """

    thresholds: frozenset[float]
    left_over: float
    left_over_before: timedelta


@dataclass(frozen=True, slots=True)
class WindowProgress:
    """The highest percentage of a window so far, and what was detected in it.

    `at_risk` is None until there is a forecast. `doubted_at` is the time of the first
    answer that has to be confirmed, and `doubted_reset` the reset time in it.
    """

    percent: float
    resets_at: datetime | None
    doubted_at: datetime | None = None
    doubted_reset: datetime | None = None
    at_risk: bool | None = None
    left_over: bool = False


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """An event of a window.

    `before` is the percentage before the event. A `ROSE` event means that the window
    reached each percentage above `before` up to its own. `late` is True if the event may
    have happened while Home Assistant was not running.
    """

    window: UsageWindow
    type: str
    before: float
    threshold: float | None = None
    runs_out_at: datetime | None = None
    late: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the data of the event, for its entity and for automations."""
        data = {
            "percent": self.window.percent,
            "before": self.before,
            "resets_at": iso_time(self.window.resets_at),
            "runs_out_at": iso_time(self.runs_out_at),
            "late": self.late,
        }
        if self.type == THRESHOLD_REACHED:
            data["threshold"] = self.threshold
        return data


@dataclass(frozen=True, slots=True)
class Detection:
    """The result for one answer.

    `needs_confirmation` is True if a second answer should be requested soon.
    """

    progress: Mapping[Identity, WindowProgress]
    events: list[UsageEvent]
    needs_confirmation: bool


def types_of(identity: Identity) -> list[str]:
    """Return the types of the events that a window can have, except `ROSE`."""
    return [
        event_type
        for event_type, windows in _WINDOWS_OF_TYPE.items()
        if event_type != ROSE and (windows is None or identity in windows)
    ]
