"""Binary sensors."""

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
from .dynamic_entities import Factories, async_add_dynamic_entities
from .entity import AttributesFn, SeatEntity, WindowEntity
from .forecast.readings import Reading, Readings
from .naming import WEEKLY_WINDOW, WindowSubject, subject_of
from .runtime import Runtime, runtime_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class WindowBinarySensorDescription(BinarySensorEntityDescription):
    """Describes a binary sensor of a limit.

    The attributes from `attributes_fn` change only together with the state.
    """

    is_on_fn: Callable[[Reading], bool | None]
    attributes_fn: AttributesFn | None = None


@dataclass(frozen=True, kw_only=True)
class SeatBinarySensorDescription(BinarySensorEntityDescription):
    """Describes a binary sensor of the account as a whole."""

    is_on_fn: Callable[[Readings], bool | None]


def _is_limit_reached(reading: Reading) -> bool:
    """Return whether a limit is reached."""
    return reading.window.percent >= 100


def _is_any_limit_reached(readings: Readings) -> bool | None:
    """Return whether the session or the weekly limit is reached.

    The limit of a model does not count, as other models can be used.
    """
    known = [reading for reading in (readings[SESSION], readings[WEEKLY]) if reading]
    return any(map(_is_limit_reached, known)) if known else None


LIMIT_REACHED = SeatBinarySensorDescription(
    key="limit_reached",
    device_class=BinarySensorDeviceClass.PROBLEM,
    is_on_fn=_is_any_limit_reached,
)
WEEKLY_LASTS = WindowBinarySensorDescription(
    key="lasts",
    is_on_fn=lambda reading: reading.forecast.lasts if reading.forecast else None,
    attributes_fn=lambda forecast: {"confidence": round(forecast.confidence)},
)
_DYNAMIC_LIMIT_REACHED = WindowBinarySensorDescription(
    key="limit_reached",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_registry_enabled_default=False,
    is_on_fn=_is_limit_reached,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the binary sensors of an entry."""
    runtime = runtime_of(hass, entry)
    fixed = [
        SeatBinarySensor(runtime, LIMIT_REACHED),
        WindowBinarySensor(runtime, WEEKLY_WINDOW, WEEKLY_LASTS),
    ]
    async_add_dynamic_entities(runtime, async_add_entities, fixed, _find)


def _find(runtime: Runtime) -> Factories:
    """Return the binary sensors of limits that only some accounts have."""
    description = _DYNAMIC_LIMIT_REACHED
    return {
        (window, description.key): partial(
            WindowBinarySensor, runtime, window, description
        )
        for window in map(subject_of, runtime.coordinator.data.windows)
    }


class ClaudePulseBinarySensor(BinarySensorEntity):
    """Base class of the binary sensors."""

    _platform = Platform.BINARY_SENSOR

    @property
    def value(self) -> object:
        """Return the value that the state depends on."""
        return self.is_on


class WindowBinarySensor(ClaudePulseBinarySensor, WindowEntity):
    """A binary sensor of a limit."""

    entity_description: WindowBinarySensorDescription

    def __init__(
        self,
        runtime: Runtime,
        window: WindowSubject,
        description: WindowBinarySensorDescription,
    ) -> None:
        """Initialize a binary sensor from its description."""
        super().__init__(runtime, window, description.key, description.attributes_fn)
        self.entity_description = description

    @property
    def is_on(self) -> bool | None:
        """Return the state for the last answer and the current time."""
        reading = self.reading
        return self.entity_description.is_on_fn(reading) if reading else None


class SeatBinarySensor(ClaudePulseBinarySensor, SeatEntity):
    """A binary sensor of the account as a whole."""

    entity_description: SeatBinarySensorDescription

    def __init__(
        self, runtime: Runtime, description: SeatBinarySensorDescription
    ) -> None:
        """Initialize a binary sensor from its description."""
        super().__init__(runtime, description.key)
        self.entity_description = description

    @property
    def is_on(self) -> bool | None:
        """Return the state for the last answer and the current time."""
        return self.entity_description.is_on_fn(self.runtime.readings)
