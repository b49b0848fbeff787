"""The ten sensors of a seat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
import math
from typing import TYPE_CHECKING

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.util import dt as dt_util

from .claude_ai.usage import UsageWindow
from .const import DOMAIN
from .coordinator import ClaudePulseCoordinator, Snapshot
from .entity import ClaudePulseEntity

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback
    from homeassistant.helpers.typing import StateType

PARALLEL_UPDATES = 0

# Not left to strftime, which would follow the locale of the process.
_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)


def _percent(window: UsageWindow | None) -> int | float | None:
    """Return the share of a window that is used."""
    return window.percent if window else None


def _countdown(window: UsageWindow | None) -> str | None:
    """Return the time until a reset, such as `2h 30m`; a minute begun counts."""
    if window is None or window.resets_at is None:
        return None
    seconds = (window.resets_at - dt_util.utcnow()).total_seconds()
    hours, minutes = divmod(max(0, math.ceil(seconds / 60)), 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def _clock(window: UsageWindow | None) -> str | None:
    """Return the local time of a reset, such as `03:45 AM`."""
    if window is None or window.resets_at is None:
        return None
    local = dt_util.as_local(window.resets_at)
    half = "AM" if local.hour < 12 else "PM"
    return f"{local.hour % 12 or 12:02}:{local.minute:02} {half}"


def _weekday(window: UsageWindow | None) -> str | None:
    """Return the local day of a reset, such as `Friday`."""
    if window is None or window.resets_at is None:
        return None
    return _WEEKDAYS[dt_util.as_local(window.resets_at).weekday()]


def _weekday_and_clock(window: UsageWindow | None) -> str | None:
    """Return the local day and time of a reset, such as `Friday @ 03:45 AM`."""
    weekday, clock = _weekday(window), _clock(window)
    return f"{weekday} @ {clock}" if weekday else None


@dataclass(frozen=True, kw_only=True)
class ClaudePulseSensorDescription(SensorEntityDescription):
    """A sensor, and how its value follows from what is known of the seat."""

    value_fn: Callable[[Snapshot], StateType]
    every_minute: bool = False


SENSORS: tuple[ClaudePulseSensorDescription, ...] = (
    ClaudePulseSensorDescription(
        key="session_usage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: _percent(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="weekly_usage",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: _percent(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="session_reset_countdown",
        every_minute=True,
        value_fn=lambda snapshot: _countdown(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="session_reset_time",
        value_fn=lambda snapshot: _clock(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="weekly_reset",
        value_fn=lambda snapshot: _weekday_and_clock(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="weekly_reset_weekday",
        value_fn=lambda snapshot: _weekday(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="weekly_reset_time",
        value_fn=lambda snapshot: _clock(snapshot.usage.weekly),
    ),
    ClaudePulseSensorDescription(
        key="session_used",
        native_unit_of_measurement=PERCENTAGE,
        value_fn=lambda snapshot: _percent(snapshot.usage.session),
    ),
    ClaudePulseSensorDescription(
        key="session_limit",
        native_unit_of_measurement=PERCENTAGE,
        # claude.ai counts in percent: where there is a limit, it is all of it.
        value_fn=lambda snapshot: 100 if snapshot.usage.session else None,
    ),
    ClaudePulseSensorDescription(
        key="plan",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.plan,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the sensors of a seat."""
    coordinator: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    async_add_entities(
        ClaudePulseSensor(coordinator, Platform.SENSOR, description)
        for description in SENSORS
    )


class ClaudePulseSensor(ClaudePulseEntity, SensorEntity):
    """A sensor of a seat."""

    entity_description: ClaudePulseSensorDescription

    @property
    def native_value(self) -> StateType:
        """Return the value that follows from the last poll and the clock."""
        return self.entity_description.value_fn(self.coordinator.data)

    async def async_added_to_hass(self) -> None:
        """Follow the clock as well, if the value does."""
        await super().async_added_to_hass()
        if self.entity_description.every_minute:
            self.async_on_remove(
                async_track_utc_time_change(self.hass, self._handle_minute, second=0)
            )

    @callback
    def _handle_minute(self, _: datetime) -> None:
        """Write the state again, which changes it only if the value has."""
        self.async_write_ha_state()
