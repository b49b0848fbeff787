"""What all platforms of Claude Pulse build on: device, unique id, entity id, availability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.typing import StateType, UndefinedType
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)

from .forecast.projection import Forecast
from .forecast.readings import Reading
from .naming import Subject, WindowSubject
from .polling.coordinator import ClaudePulseCoordinator

# What is told beside a state that follows from a forecast.
Beside = Callable[[Forecast], Mapping[str, StateType]]

_CoordinatorT = TypeVar("_CoordinatorT", bound=DataUpdateCoordinator[Any])


class ClaudePulseEntity(CoordinatorEntity[_CoordinatorT]):
    """An entity of one seat, written when what a person sees has changed."""

    _attr_has_entity_name = True
    _attr_translation_placeholders: Mapping[str, str] = MappingProxyType({})
    _platform: Platform

    def __init__(
        self,
        coordinator: _CoordinatorT,
        seat: ClaudePulseCoordinator,
        key: str,
        about: Subject | None = None,
    ) -> None:
        """Initialize an entity of a seat, under the name of what it is about, if given."""
        entry_id = seat.config_entry.entry_id
        # The status poller sees by the context that someone listens.
        super().__init__(coordinator, context=entry_id)
        texts = key
        if about is not None:
            texts, key = f"{about.texts}_{key}", f"{about.key}_{key}"
            if about.placeholders:
                self._attr_translation_placeholders = dict(about.placeholders)
        # Left to Home Assistant, the id would follow its language and the area.
        self.entity_id = f"{self._platform}.{seat.slug}_{key}"
        self._attr_device_info = seat.device
        self._attr_translation_key = texts
        self._attr_unique_id = f"{entry_id}_{key}"
        self._written: object = None

    @property
    def name(self) -> str | UndefinedType | None:
        """Return the translated name."""
        name = super().name
        # Home Assistant fills in the placeholders itself since 2024.2.
        for placeholder, value in self._attr_translation_placeholders.items():
            name = str(name).replace(f"{{{placeholder}}}", value)
        return name

    @property
    def value(self) -> object:
        """Return what the state is made of; the platforms call it by names of their own."""
        raise NotImplementedError

    async def async_added_to_hass(self) -> None:
        """Remember what is written first."""
        await super().async_added_to_hass()
        self._written = (self.available, self.value)

    @callback
    def _handle_coordinator_update(self) -> None:
        """Write the state if it is another one, after a poll as after a minute."""
        if (now := (self.available, self.value)) != self._written:
            self._written = now
            self.async_write_ha_state()


class SeatEntity(ClaudePulseEntity[ClaudePulseCoordinator]):
    """An entity about a seat as a whole."""

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        key: str,
        about: Subject | None = None,
    ) -> None:
        """Initialize an entity that the seat's own poller updates."""
        super().__init__(coordinator, coordinator, key, about)


class WindowEntity(SeatEntity):
    """An entity about one window."""

    _unrecorded_attributes = frozenset(
        {"basis", "confidence", "expected", "high", "low", "weeks", "window"}
    )

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        window: WindowSubject,
        key: str,
        beside: Beside | None = None,
    ) -> None:
        """Initialize an entity under the name of the window."""
        super().__init__(coordinator, key, window)
        self._beside = beside
        self._identity = window.identity
        self._window = window.key

    @property
    def reading(self) -> Reading | None:
        """Return what the window says now, unless there is none or it is over."""
        return self.coordinator.readings[self._identity]

    @property
    def extra_state_attributes(self) -> Mapping[str, StateType]:
        """Return which window it is, and what the forecast changes with the state only."""
        beside: Mapping[str, StateType] = {}
        reading = self.reading if self._beside else None
        if self._beside and reading and reading.forecast:
            beside = self._beside(reading.forecast)
        return {"window": self._window, **beside}
