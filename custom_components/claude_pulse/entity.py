"""What all platforms of Claude Pulse build on: the entity, the tick, and adding what is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.typing import UndefinedType
from homeassistant.helpers.update_coordinator import (
    CoordinatorEntity,
    DataUpdateCoordinator,
)
from homeassistant.util import dt as dt_util

from .coordinator import ClaudePulseCoordinator, Snapshot
from .naming import WindowSubject
from .reading import Reading

if TYPE_CHECKING:
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

# What is to be there: how to make each entity, under what makes it another one.
Wanted = Mapping[Hashable, Callable[[], Entity]]

_CoordinatorT = TypeVar("_CoordinatorT", bound=DataUpdateCoordinator[Any])


class ClaudePulseEntity(CoordinatorEntity[_CoordinatorT]):
    """An entity of one seat, written when what a person reads has changed."""

    _attr_has_entity_name = True
    _attr_translation_placeholders: Mapping[str, str] = MappingProxyType({})
    _platform: Platform

    def __init__(
        self,
        coordinator: _CoordinatorT,
        seat: ClaudePulseCoordinator,
        key: str,
        texts: str | None = None,
        placeholders: Mapping[str, str] | None = None,
    ) -> None:
        """Initialize an entity; `texts` is the key of its name and icon if not its own."""
        entry = seat.entry
        super().__init__(coordinator, context=entry.entry_id)
        # Left to Home Assistant, the id would follow its language and the area.
        self.entity_id = f"{self._platform}.{seat.slug}_{key}"
        self._attr_device_info = seat.device
        self._attr_translation_key = texts or key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        if placeholders:
            self._attr_translation_placeholders = dict(placeholders)
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
    def read(self) -> object:
        """Return what a person reads."""
        raise NotImplementedError

    async def async_added_to_hass(self) -> None:
        """Remember what is written first."""
        await super().async_added_to_hass()
        self._written = (self.available, self.read)

    @callback
    def _handle_coordinator_update(self) -> None:
        """Write the state if it is another one, after a poll as after a minute."""
        if (now := (self.available, self.read)) != self._written:
            self._written = now
            self.async_write_ha_state()


class SeatEntity(ClaudePulseEntity[ClaudePulseCoordinator]):
    """An entity about a seat as a whole."""

    def __init__(self, seat: ClaudePulseCoordinator, key: str, **more: Any) -> None:
        """Initialize an entity that the seat's own poller updates."""
        super().__init__(seat, seat, key, **more)


class WindowEntity(SeatEntity):
    """An entity about one window."""

    def __init__(
        self, seat: ClaudePulseCoordinator, window: WindowSubject, key: str
    ) -> None:
        """Initialize an entity under the name of the window."""
        self._identity = window.identity
        super().__init__(
            seat,
            f"{window.key}_{key}",
            texts=f"{window.texts}_{key}",
            placeholders=window.placeholders,
        )

    @property
    def reading(self) -> Reading | None:
        """Return what the window says now, unless there is none or it is over."""
        return self.coordinator.readings[self._identity]


@callback
def async_track_minute(
    hass: HomeAssistant, action: Callable[[], None]
) -> CALLBACK_TYPE:
    """Call an action at the beginning of each minute, whatever the clock does.

    Home Assistant's own time patterns wait for a certain moment, which a clock that
    has been set back puts off.
    """
    cancel: CALLBACK_TYPE

    @callback
    def arm() -> None:
        """Wait for the next minute, for a second at least: timers may fire early."""
        nonlocal cancel
        rest = 60 - dt_util.utcnow().timestamp() % 60
        cancel = async_call_later(hass, max(rest, 1), tick)

    @callback
    def tick(_: datetime) -> None:
        """Act, and wait again."""
        arm()
        action()

    @callback
    def stop() -> None:
        """Call it no more."""
        cancel()

    arm()
    return stop


@callback
def async_keep_up(
    seat: ClaudePulseCoordinator,
    async_add_entities: AddEntitiesCallback,
    find: Callable[[ClaudePulseCoordinator], Wanted],
) -> None:
    """Have an entity for each thing that the account has now, and for no other.

    What is gone leaves its registry entry, which a person can then remove.
    """
    present: dict[Hashable, Entity] = {}
    looked_at: Snapshot | None = None
    lock = asyncio.Lock()

    @callback
    def add(wanted: Wanted) -> None:
        """Add what is not there yet."""
        new = {key: make() for key, make in wanted.items() if key not in present}
        present.update(new)
        if new:
            async_add_entities(new.values())

    async def swap() -> None:
        """Remove what is gone first: what comes may have the same id."""
        async with lock:
            wanted = find(seat)
            for key in present.keys() - wanted.keys():
                # One that is disabled was never there.
                if (entity := present.pop(key)).hass is not None:
                    await entity.async_remove()
            add(wanted)

    @callback
    def look() -> None:
        """Look at what a poll has brought."""
        nonlocal looked_at
        if seat.data is looked_at:
            return
        looked_at = seat.data
        if find(seat).keys() != present.keys():
            seat.hass.async_create_task(swap())

    looked_at = seat.data
    add(find(seat))
    seat.entry.async_on_unload(seat.async_add_listener(look))
