"""Binary sensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddEntitiesCallback

from .dynamic_entities import Factories, async_add_dynamic_entities
from .entity import (
    ClaudePulseEntity,
    ReadingEntity,
    SeatDescription,
    SeatEntity,
    WindowDescription,
)
from .events.model import BLOCKING
from .forecast.readings import Reading
from .naming import WEEKLY_WINDOW, subject_of
from .runtime import Runtime, runtime_of

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class WindowBinarySensorDescription(WindowDescription, BinarySensorEntityDescription):
    """Describes a binary sensor of a limit."""


@dataclass(frozen=True, kw_only=True)
class SeatBinarySensorDescription(SeatDescription, BinarySensorEntityDescription):
    """Describes a binary sensor of the account as a whole."""


def _is_limit_reached(reading: Reading) -> bool:
    """Return whether a limit is reached."""
    return reading.window.percent >= 100


def _is_any_limit_reached(runtime: Runtime) -> bool | None:
    """Return whether a limit is reached that stops all use of Claude.

    The limit of a model does not count, as other models can be used.
    """
    readings = [runtime.readings[identity] for identity in BLOCKING]
    known = [reading for reading in readings if reading]
    return any(map(_is_limit_reached, known)) if known else None


LIMIT_REACHED = SeatBinarySensorDescription(
    key="limit_reached",
    device_class=BinarySensorDeviceClass.PROBLEM,
    value_fn=_is_any_limit_reached,
)
WEEKLY_LASTS = WindowBinarySensorDescription(
    key="lasts",
    value_fn=lambda reading: reading.forecast.lasts if reading.forecast else None,
    attributes_fn=lambda forecast: {"confidence": round(forecast.confidence)},
)
_DYNAMIC_LIMIT_REACHED = WindowBinarySensorDescription(
    key="limit_reached",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_registry_enabled_default=False,
    value_fn=_is_limit_reached,
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
    async_add_dynamic_entities(
        runtime, async_add_entities, fixed, _dynamic_binary_sensors
    )


def _dynamic_binary_sensors(runtime: Runtime) -> Factories:
    """Return the binary sensors of limits that only some accounts have."""
    description = _DYNAMIC_LIMIT_REACHED
    return {
        (window, description.key): partial(
            WindowBinarySensor, runtime, window, description
        )
        for window in map(subject_of, runtime.coordinator.data.windows)
    }


class ClaudePulseBinarySensor(ClaudePulseEntity[Any], BinarySensorEntity):
    """Base class of the binary sensors."""

    _platform = Platform.BINARY_SENSOR

    @property
    def is_on(self) -> bool | None:
        """Return the state."""
        return cast("bool | None", self.value)


class WindowBinarySensor(ReadingEntity, ClaudePulseBinarySensor):
    """A binary sensor of a limit."""

    entity_description: WindowBinarySensorDescription

    @property
    def _to_write(self) -> object:
        """Return the values that are written when they change, with the confidence."""
        return super()._to_write, self.extra_state_attributes


class SeatBinarySensor(SeatEntity, ClaudePulseBinarySensor):
    """A binary sensor of the account as a whole."""

    entity_description: SeatBinarySensorDescription
