"""The hourly usage of a person, in the form that `scripts/forecast --traces` reads."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from math import isnan
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..naming import WEEKLY_WINDOW
from .habit import HOURS_PER_WEEK, SECONDS_PER_HOUR, HourlyUsage
from .history import RECORDER, async_read_hours, usage_entities

# More weeks than the recorder can have.
_ALL_WEEKS = 10_000


async def async_export(
    hass: HomeAssistant, entry: ConfigEntry, resets_at: datetime | None
) -> dict[str, Any] | None:
    """Return the hourly usage of the weekly limit, or None.

    It starts with the first statistics, or if the reset time is known, with the first reset
    after them.

    `use` has the usage of each hour in thousandths of a percentage point. A negative number
    stands for that many hours without usage, and None for an hour with unknown usage.
    `first` is the first hour, counted from 1970, and `offset` the minute of the reset.
    """
    if RECORDER not in hass.config.components:
        return None
    entities = usage_entities(hass, entry)
    weekly = [item for item, key in entities.items() if key == WEEKLY_WINDOW.key]
    hours = await async_read_hours(hass, weekly, dt_util.utc_from_timestamp(0))
    history = HourlyUsage(weeks=_ALL_WEEKS)
    history.add(hour for found in hours.values() for hour in found)
    first, rises = history.first, list(history.rises)
    if resets_at is not None:
        reset_hour = int(resets_at.timestamp() // SECONDS_PER_HOUR)
        skipped = (reset_hour - first) % HOURS_PER_WEEK
        first, rises = first + skipped, rises[skipped:]
    values = [None if isnan(rise) else round(rise * 1000) for rise in rises]
    if not any(values):
        return None
    use: list[int | None] = []
    for value, group in groupby(values):
        length = len(list(group))
        use += [-length] if value == 0 else [value] * length
    return {
        "zone": hass.config.time_zone,
        "first": first,
        "offset": resets_at.minute if resets_at else 0,
        "weeks": len(values) // HOURS_PER_WEEK,
        "use": use,
    }
