"""Times and durations in the clock format of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import WEEKDAYS

# The countries whose people read 3:40 PM in English.
_AM_PM_COUNTRIES = frozenset(
    ("AU", "BD", "CA", "HK", "IN", "JM", "MY", "NZ", "PH", "PK", "SG", "US")
)

# strftime would follow the locale of the process.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Clock:
    """The current local time, and how a person reads times."""

    now: datetime
    am_pm: bool = False

    def time(self, moment: datetime) -> str:
        """Return a time as `15:40` or `3:40 PM`."""
        local = moment.astimezone(self.now.tzinfo)
        if not self.am_pm:
            return f"{local.hour:02}:{local.minute:02}"
        half = "PM" if local.hour >= 12 else "AM"
        return f"{local.hour % 12 or 12}:{local.minute:02} {half}"

    def day(self, moment: datetime) -> str:
        """Return a day as `Thursday` or `3 December`, and '' for today."""
        local = moment.astimezone(self.now.tzinfo)
        days = (local.date() - self.now.date()).days
        if days == 0:
            return ""
        if 0 < days < len(WEEKDAYS):
            return WEEKDAYS[local.weekday()]
        return f"{local.day} {_MONTHS[local.month - 1]}"

    def until(self, moment: datetime) -> str:
        """Return a time as `15:40`, `Thursday 18:00` or `3 December 18:00`."""
        return f"{self.day(moment)} {self.time(moment)}".lstrip()

    def at(self, moment: datetime) -> str:
        """Return a time as `at 15:40` or `on Thursday at 18:00`."""
        day = self.day(moment)
        return f"{f'on {day} ' if day else ''}at {self.time(moment)}"

    def remaining(self, moment: datetime) -> str:
        """Return the time until a moment in its two largest units."""
        minutes = max(1, round((moment - self.now).total_seconds() / 60))
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        counts = {"day": days, "hour": hours, "minute": 0 if days else minutes}
        parts = (
            f"{count} {unit}{'s' if count > 1 else ''}"
            for unit, count in counts.items()
            if count
        )
        return " ".join(parts)


async def async_clock(hass: HomeAssistant, user_id: str | None, language: str) -> Clock:
    """Return the clock of a user, or of someone unknown who speaks a language.

    The profile has the choices `12`, `24`, `system` and `language`. Home Assistant does not
    know the system of the user's device, so that the language decides there, too.
    """
    profile = await _async_locale(hass, user_id) if user_id else {}
    choice = profile.get("time_format")
    spoken = str(profile.get("language") or language).lower()
    if choice in ("12", "24"):
        am_pm = choice == "12"
    elif spoken == "en":
        am_pm = hass.config.country in _AM_PM_COUNTRIES
    else:
        am_pm = spoken == "en-us"
    return Clock(dt_util.now(), am_pm)


async def _async_locale(hass: HomeAssistant, user_id: str) -> dict[str, Any]:
    """Return the locale in a user's profile, or an empty one if it cannot be read."""
    try:
        from homeassistant.components.frontend import storage  # noqa: PLC0415

        stored: Any = await storage.async_user_store(hass, user_id)
        # Old versions, such as 2024.1, return the store and its data.
        data = stored[1] if isinstance(stored, tuple) else stored.data
        locale = data.get("language")
    except Exception:  # noqa: BLE001
        # The frontend's storage is not for other integrations, and changes at any time.
        return {}
    return locale if isinstance(locale, dict) else {}
