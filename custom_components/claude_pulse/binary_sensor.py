"""Whether a limit has been reached, and whether the week will last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .claude_ai.usage import SESSION, WEEKLY
from .const import DOMAIN
from .dynamic_entities import Wanted, async_keep_up
from .entity import Beside, SeatEntity, WindowEntity
from .forecast.projection import Forecast
from .forecast.readings import Reading, Readings
from .naming import WEEKLY_WINDOW, WindowSubject, name_window
from .polling.coordinator import ClaudePulseCoordinator

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback
    from homeassistant.helpers.typing import StateType

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class WindowBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a window, and how its state follows from a reading.

    What `beside_fn` tells stays as it is while the state does.
    """

    is_on_fn: Callable[[Reading], bool | None]
    beside_fn: Beside | None = None


@dataclass(frozen=True, kw_only=True)
class SeatBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor of a seat as a whole, and how its state follows from the readings."""

    is_on_fn: Callable[[Readings], bool | None]


def _used_up(reading: Reading) -> bool:
    """Tell whether a window is used up."""
    return reading.window.percent >= 100


def _limit_reached(readings: Readings) -> bool | None:
    """Tell whether the session or the week is used up; a model's window does not count."""
    found = [reading for reading in (readings[SESSION], readings[WEEKLY]) if reading]
    return any(map(_used_up, found)) if found else None


def _lasts(reading: Reading) -> bool | None:
    """Tell whether a window lasts until its reset."""
    return reading.forecast.lasts if reading.forecast else None


def _confidence(forecast: Forecast) -> dict[str, StateType]:
    """Return how sure it is whether a window lasts."""
    return {"confidence": round(forecast.confidence)}


LIMIT_REACHED = SeatBinarySensorDescription(
    key="limit_reached",
    device_class=BinarySensorDeviceClass.PROBLEM,
    is_on_fn=_limit_reached,
)
WEEKLY_LASTS = WindowBinarySensorDescription(
    key="lasts", is_on_fn=_lasts, beside_fn=_confidence
)
_FOUND_LIMIT_REACHED = WindowBinarySensorDescription(
    key="limit_reached",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_registry_enabled_default=False,
    is_on_fn=_used_up,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the binary sensors of a seat."""
    coordinator: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    fixed = [
        SeatBinarySensor(coordinator, LIMIT_REACHED),
        WindowBinarySensor(coordinator, WEEKLY_WINDOW, WEEKLY_LASTS),
    ]
    async_keep_up(coordinator, async_add_entities, fixed, _find)


def _find(coordinator: ClaudePulseCoordinator) -> Wanted:
    """Return the binary sensors of windows that only some accounts have."""
    found = map(name_window, coordinator.data.usage.windows)
    return {
        about: partial(WindowBinarySensor, coordinator, about, _FOUND_LIMIT_REACHED)
        for about in found
    }


class ClaudePulseBinarySensor(BinarySensorEntity):
    """What all binary sensors have in common."""

    _platform = Platform.BINARY_SENSOR

    @property
    def value(self) -> object:
        """Return what the state is made of."""
        return self.is_on


class WindowBinarySensor(ClaudePulseBinarySensor, WindowEntity):
    """A binary sensor of a window."""

    entity_description: WindowBinarySensorDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        window: WindowSubject,
        description: WindowBinarySensorDescription,
    ) -> None:
        """Initialize a binary sensor from its description."""
        super().__init__(coordinator, window, description.key, description.beside_fn)
        self.entity_description = description

    @property
    def is_on(self) -> bool | None:
        """Return the state that follows from the last poll and the clock."""
        reading = self.reading
        return self.entity_description.is_on_fn(reading) if reading else None


class SeatBinarySensor(ClaudePulseBinarySensor, SeatEntity):
    """A binary sensor of a seat as a whole."""

    entity_description: SeatBinarySensorDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        description: SeatBinarySensorDescription,
    ) -> None:
        """Initialize a binary sensor from its description."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    def is_on(self) -> bool | None:
        """Return the state that follows from the last poll and the clock."""
        return self.entity_description.is_on_fn(self.coordinator.readings)
