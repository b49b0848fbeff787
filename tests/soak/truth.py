"""What claude.ai tells of a seat, and how a person in Berlin is to read it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from zoneinfo import ZoneInfo

from tests.simulator.world import Meter, Seat

TIME_ZONE = "Europe/Berlin"

# So long after its reset a window is still shown.
_RESET_TAKES = timedelta(minutes=1)


@dataclass(frozen=True)
class Window:
    """A window as claude.ai tells it, rounded."""

    name: str
    used: float
    resets_at: datetime | None

    def is_over(self, wall: datetime) -> bool:
        """Tell whether its reset has passed, by a clock on the wall."""
        return self.resets_at is not None and wall - self.resets_at >= _RESET_TAKES


def windows_of(seat: Seat, now: datetime) -> tuple[Window, ...]:
    """Return what claude.ai tells if it is asked now."""
    return (
        _window("session", seat.session, now),
        _window("weekly", seat.weekly, now),
        *(
            _window(f"weekly_{model.lower()}", meter, now, whole=True)
            for model, meter in seat.models.items()
        ),
    )


def read(windows: tuple[Window, ...], wall: datetime) -> dict[str, str]:
    """Return what the sensors show of windows that were told, by their keys.

    A window whose reset has passed is unknown, until another one is told.
    """
    return {
        f"{window.name}_{key}": "unknown" if window.is_over(wall) else value
        for window in windows
        for key, value in _sensors(window, wall)
    }


def _window(
    name: str, meter: Meter | None, now: datetime, *, whole: bool = False
) -> Window:
    """Return a window; of a model's claude.ai tells whole numbers."""
    assert meter is not None
    percent, resets_at = meter.read(now)
    used = round(percent) if whole else round(round(percent, 2), 1)
    return Window(name, used, resets_at)


def _sensors(window: Window, wall: datetime) -> Iterator[tuple[str, str]]:
    """Yield the sensors of a window that is not over."""
    yield "usage", f"{window.used:g}"
    resets_at = window.resets_at
    yield "resets_at", resets_at.isoformat() if resets_at else "unknown"
    local = resets_at.astimezone(ZoneInfo(TIME_ZONE)) if resets_at else None
    if window.name == "session":
        yield "used", f"{window.used:g}"
        yield "reset_countdown", _countdown(resets_at, wall)
        yield "reset_time", _local(local, "%I:%M %p")
    if window.name == "weekly":
        yield "reset", _local(local, "%A @ %I:%M %p")
        yield "reset_weekday", _local(local, "%A")
        yield "reset_time", _local(local, "%I:%M %p")


def _local(time: datetime | None, text: str) -> str:
    """Return a local time, if there is one."""
    return time.strftime(text) if time else "unknown"


def _countdown(resets_at: datetime | None, wall: datetime) -> str:
    """Return the time until a reset; a minute begun counts."""
    if resets_at is None:
        return "unknown"
    minutes = max(0, math.ceil((resets_at - wall) / timedelta(minutes=1)))
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"
