"""The answers of claude.ai, and the states that show them in Berlin. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from zoneinfo import ZoneInfo

from tests.simulator.world import Meter, Seat

TIME_ZONE = "Europe/Berlin"

# A window is shown for this long after its reset.
_RESET_TAKES = timedelta(minutes=1)


@dataclass(frozen=True)
class Window:
    """A window of an answer, rounded."""

    name: str
    used: float
    resets_at: datetime | None


def windows_of(seat: Seat, now: datetime) -> tuple[Window, ...]:
    """Return the answer of claude.ai at a time."""
    return (
        _window("session", seat.session, now),
        _window("weekly", seat.weekly, now),
        *(
            _window(f"weekly_{model.lower()}", meter, now, whole=True)
            for model, meter in seat.models.items()
        ),
    )


def sensors_of(windows: tuple[Window, ...], wall: datetime) -> dict[str, str]:
    """Return the states of the sensors by key; unknown after the reset of a window."""
    return {
        f"{window.name}_{key}": value
        if window.resets_at is None or wall - window.resets_at < _RESET_TAKES
        else "unknown"
        for window in windows
        for key, value in _sensors(window, wall)
    }


def _window(
    name: str, meter: Meter | None, now: datetime, *, whole: bool = False
) -> Window:
    """Return a window; models have whole percentages."""
    assert meter is not None
    percent, resets_at = meter.read(now)
    used = round(percent) if whole else round(round(percent, 2), 1)
    return Window(name, used, resets_at)


def _sensors(window: Window, wall: datetime) -> Iterator[tuple[str, str]]:
    """Yield the sensors of a window before its reset."""
    used, resets_at = f"{window.used:g}", window.resets_at
    yield "usage", used
    yield "resets_at", resets_at.isoformat() if resets_at else "unknown"
    formats = {}
    if window.name == "session":
        yield "used", used
        yield "reset_countdown", _countdown(resets_at, wall)
        formats = {"reset_time": "%I:%M %p"}
    elif window.name == "weekly":
        formats = {
            "reset": "%A @ %I:%M %p",
            "reset_weekday": "%A",
            "reset_time": "%I:%M %p",
        }
    local = resets_at.astimezone(ZoneInfo(TIME_ZONE)) if resets_at else None
    for key, text in formats.items():
        yield key, local.strftime(text) if local else "unknown"


def _countdown(resets_at: datetime | None, wall: datetime) -> str:
    """Return the time until a reset, in minutes rounded up."""
    if resets_at is None:
        return "unknown"
    minutes = max(0, math.ceil((resets_at - wall) / timedelta(minutes=1)))
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"
