"""Four plain sensors, written at each poll."""

from __future__ import annotations

from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from . import YardstickCoordinator


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Add the sensors of an entry."""
    async_add_entities(
        YardstickSensor(entry, window, member)
        for window in ("five_hour", "seven_day")
        for member in ("utilization", "resets_at")
    )


class YardstickSensor(CoordinatorEntity[YardstickCoordinator], SensorEntity):
    """One member of the JSON."""

    _attr_has_entity_name = True

    def __init__(self, entry: ConfigEntry, window: str, member: str) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data)
        self._window, self._member = window, member
        self._attr_name = f"{window} {member}"
        self._attr_unique_id = f"{entry.entry_id}_{window}_{member}"
        self._attr_device_info = DeviceInfo(
            identifiers={("yardstick", entry.entry_id)}, name=entry.title
        )

    @property
    def native_value(self) -> float | str | None:
        """Return the value as it came."""
        return self.coordinator.data[self._window][self._member]
