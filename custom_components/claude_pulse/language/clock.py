"""The current time, and how a person reads times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

# The countries whose people read 3:40 PM in English.
_AM_PM_COUNTRIES = frozenset(
    ("AU", "BD", "CA", "HK", "IN", "JM", "MY", "NZ", "PH", "PK", "SG", "US")
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
