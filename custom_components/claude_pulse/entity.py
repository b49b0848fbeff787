"""Base classes of the entities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.typing import StateType, UndefinedType
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)

from .device import device_info
from .forecast.projection import Forecast
from .forecast.readings import Reading
from .naming import FIXED_WINDOWS, Subject, WindowSubject
from .polling.coordinator import ClaudePulseCoordinator
from .runtime import Runtime

# Returns the attributes that belong to a forecast.
AttributesFn = Callable[[Forecast], Mapping[str, StateType]]


@dataclass(frozen=True, kw_only=True)
class WindowDescription(EntityDescription):
    """Describes an entity of a limit.

    `attributes_fn` returns further attributes. If only they change, nothing is written until
    the state changes.
    """

    value_fn: Callable[[Reading], StateType | datetime]
    attributes_fn: AttributesFn | None = None


@dataclass(frozen=True, kw_only=True)
class SeatDescription(EntityDescription):
    """Describes an entity of the account as a whole.

    The entity is unavailable if `exists_fn` returns False.
    """

    attributes_fn: Callable[[Runtime], Mapping[str, Any]] | None = None
    exists_fn: Callable[[Runtime], bool] = lambda _: True
    value_fn: Callable[[Runtime], StateType | datetime]


_CoordinatorT = TypeVar("_CoordinatorT", bound=DataUpdateCoordinator[Any])


class ClaudePulseEntity(CoordinatorEntity[_CoordinatorT]):
    """An entity of one entry. Its state is written only when it changes."""

    _attr_has_entity_name = True
    _attr_translation_placeholders: Mapping[str, str] = MappingProxyType({})
    _platform: Platform

    def __init__(
        self,
        coordinator: _CoordinatorT,
        runtime: Runtime,
        key: str,
        subject: Subject | None = None,
    ) -> None:
        """Initialize an entity with a key, of a limit or pool if a subject is given."""
        entry = runtime.entry
        # The coordinator of the status page needs the entry ID.
        super().__init__(coordinator, context=entry.entry_id)
        unique_key = slug = translation_key = key
        if subject is not None:
            unique_key = subject.unique_key(key)
            slug = f"{subject.slug}_{key}"
            translation_key = f"{subject.translation_prefix}_{key}"
            if subject.placeholders:
                self._attr_translation_placeholders = dict(subject.placeholders)
        # By default, the entity ID follows the language and the area.
        self.entity_id = f"{self._platform}.{runtime.prefix}_{slug}"
        self._attr_device_info = device_info(entry)
        self._attr_translation_key = translation_key
        self._attr_unique_id = f"{entry.entry_id}_{unique_key}"
        self._written: object = None
        self.runtime = runtime

    @property
    def name(self) -> str | UndefinedType | None:
        """Return the translated name."""
        name = super().name
        # Home Assistant replaces the placeholders itself since 2024.2.
        for placeholder, value in self._attr_translation_placeholders.items():
            name = str(name).replace(f"{{{placeholder}}}", value)
        return name

    @property
    def value(self) -> StateType | datetime:
        """Return the value that the state depends on."""
        raise NotImplementedError

    async def async_added_to_hass(self) -> None:
        """Remember the first state."""
        await super().async_added_to_hass()
        self._written = self._to_write

    @property
    def _to_write(self) -> object:
        """Return the values that are written when they change."""
        return self.available, self.value

    @callback
    def _handle_coordinator_update(self) -> None:
        """Write the state if it has changed."""
        if (now := self._to_write) != self._written:
            self._written = now
            self.async_write_ha_state()


class ClaudePulseSensor(ClaudePulseEntity[Any], SensorEntity):
    """Base class of all sensors."""

    _platform = Platform.SENSOR

    @property
    def native_value(self) -> StateType | datetime:
        """Return the state."""
        return self.value


class UsageEntity(ClaudePulseEntity[ClaudePulseCoordinator]):
    """An entity that the usage coordinator updates."""

    def __init__(
        self, runtime: Runtime, key: str, subject: Subject | None = None
    ) -> None:
        """Initialize an entity."""
        super().__init__(runtime.coordinator, runtime, key, subject)


class SeatEntity(UsageEntity):
    """An entity of the account as a whole, with a description."""

    entity_description: SeatDescription

    def __init__(
        self,
        runtime: Runtime,
        description: SeatDescription,
        subject: Subject | None = None,
    ) -> None:
        """Initialize an entity from its description."""
        super().__init__(runtime, description.key, subject)
        self.entity_description = description

    @property
    def available(self) -> bool:
        """Return whether the last poll succeeded and the value exists."""
        return super().available and self.entity_description.exists_fn(self.runtime)

    @property
    def value(self) -> StateType | datetime:
        """Return the current value."""
        return self.entity_description.value_fn(self.runtime)

    @property
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes, if there are any."""
        attributes_fn = self.entity_description.attributes_fn
        return attributes_fn(self.runtime) if attributes_fn else None

    @property
    def _to_write(self) -> object:
        """Return the values that are written when they change, with the attributes."""
        return super()._to_write, self.extra_state_attributes


class WindowEntity(UsageEntity):
    """An entity of a limit."""

    _unrecorded_attributes = frozenset(
        {"basis", "confidence", "expected", "high", "low", "weeks", "window"}
    )

    def __init__(self, runtime: Runtime, window: WindowSubject, key: str) -> None:
        """Initialize an entity of a limit."""
        super().__init__(runtime, key, window)
        self._identity = window.identity
        self._window = window.key

    @property
    def available(self) -> bool:
        """Return whether the last poll succeeded and, for a dynamic limit, contained it."""
        exists = (
            self._identity in FIXED_WINDOWS or self._identity in self.runtime.readings
        )
        return super().available and exists

    @property
    def extra_state_attributes(self) -> Mapping[str, StateType]:
        """Return the key of the limit."""
        return {"window": self._window}


class ReadingEntity(WindowEntity):
    """An entity of a limit, with a description."""

    entity_description: WindowDescription

    def __init__(
        self, runtime: Runtime, window: WindowSubject, description: WindowDescription
    ) -> None:
        """Initialize an entity from its description."""
        super().__init__(runtime, window, description.key)
        self.entity_description = description

    @property
    def value(self) -> StateType | datetime:
        """Return the current value, or None if the window is over."""
        reading = self.runtime.readings[self._identity]
        return self.entity_description.value_fn(reading) if reading else None

    @property
    def extra_state_attributes(self) -> Mapping[str, StateType]:
        """Return the key of the limit and the attributes of its forecast."""
        attributes = super().extra_state_attributes
        attributes_fn = self.entity_description.attributes_fn
        reading = self.runtime.readings[self._identity] if attributes_fn else None
        if attributes_fn is None or reading is None or reading.forecast is None:
            return attributes
        return {**attributes, **attributes_fn(reading.forecast)}
