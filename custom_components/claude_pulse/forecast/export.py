"""The hourly usage of a person, in the form that `scripts/forecast --traces` reads."""

from __future__ import annotations

from itertools import groupby
from math import isnan
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..naming import WEEKLY_WINDOW
from .habit import HOURS_PER_WEEK, HourlyUsage
from .history import RECORDER, async_read_hours, usage_entities

# More weeks than the recorder can have.
_ALL_WEEKS = 10_000


async def async_export(
    hass: HomeAssistant, entry: ConfigEntry, offset: int
) -> dict[str, Any] | None:
    """Return the usage of the weekly limit since the first statistics, or None.

    `use` has the usage of each hour in thousandths of a percentage point, from the hour
    `first` since 1970 on. A negative number stands for this number of hours without usage
    or with unknown usage. `offset` is the minute of the weekly reset.
    """
    if RECORDER not in hass.config.components:
        return None
    entities = usage_entities(hass, entry)
    weekly = [item for item, key in entities.items() if key == WEEKLY_WINDOW.key]
    hours = await async_read_hours(hass, weekly, dt_util.utc_from_timestamp(0))
    history = HourlyUsage(weeks=_ALL_WEEKS)
    history.add(hour for found in hours.values() for hour in found)
    rises = [0 if isnan(rise) else round(rise * 1000) for rise in history.rises]
    if not any(rises):
        return None
    use: list[int] = []
    for is_idle, group in groupby(rises, lambda rise: rise <= 0):
        values = list(group)
        use += [-len(values)] if is_idle else values
    return {
        "zone": hass.config.time_zone,
        "first": history.first,
        "offset": offset,
        "weeks": len(rises) // HOURS_PER_WEEK,
        "use": use,
    }
