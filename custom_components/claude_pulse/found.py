"""Entities for what only some accounts have: added when it comes, removed when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Mapping
import logging
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_current_platform

from .const import DOMAIN
from .coordinator import ClaudePulseCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

_LOGGER = logging.getLogger(__name__)

# What is to be there: how to make each entity, under what makes it another one.
Wanted = Mapping[Hashable, Callable[[], Entity]]
_Find = Callable[[ClaudePulseCoordinator], Wanted]

# An entry never registers more entities than this, whatever claude.ai sends. Where there
# are more than half as many, a start removes those that are gone, oldest first.
MAX_ENTITIES = 400

# No more are added after one poll, as each takes its time.
MAX_AT_ONCE = 20


@callback
def async_keep_up(
    coordinator: ClaudePulseCoordinator,
    async_add_entities: AddEntitiesCallback,
    fixed: Collection[Entity],
    find: _Find,
) -> None:
    """Have the fixed entities, one for each thing that the account has now, and no other.

    What is gone leaves its registry entry, which a person can then remove. What is seen
    for the first time gets its entities when a second answer has it, too: a name that
    claude.ai sends once would stay registered for ever.
    """
    found = _FoundEntities(coordinator, find)
    entities = [*fixed, *found.begin()]
    found.make_room(entities)
    async_add_entities(entities)
    coordinator.config_entry.async_on_unload(
        coordinator.async_add_listener(found.async_look)
    )


class _FoundEntities:
    """The entities of one platform for what only some accounts have."""

    def __init__(self, coordinator: ClaudePulseCoordinator, find: _Find) -> None:
        """Begin without any."""
        self._awaited: Collection[Hashable] = ()
        self._coordinator = coordinator
        self._find = find
        self._full = False
        self._lock = asyncio.Lock()
        self._looked_at = coordinator.data
        self._platform = async_get_current_platform()
        self._present: dict[Hashable, Entity] = {}
        self._registry = er.async_get(coordinator.hass)

    @callback
    def begin(self) -> Collection[Entity]:
        """Make what the first answer has."""
        wanted = self._find(self._coordinator)
        self._present = {key: make() for key, make in wanted.items()}
        return self._present.values()

    @callback
    def make_room(self, entities: Collection[Entity]) -> None:
        """Remove from the registry what is gone, if there is much of it."""
        unique_ids = {entity.unique_id for entity in entities}
        registered = self._registered()
        gone = [
            item.entity_id
            for item in registered
            if item.domain == self._platform.domain and item.unique_id not in unique_ids
        ]
        for entity_id in gone[: max(len(registered) - MAX_ENTITIES // 2, 0)]:
            self._registry.async_remove(entity_id)

    @callback
    def async_look(self) -> None:
        """Look at what a poll has brought."""
        coordinator = self._coordinator
        if coordinator.stopped or coordinator.data is self._looked_at:
            return
        self._looked_at = coordinator.data
        if self._find(coordinator).keys() != self._present.keys():
            # Which the entry waits for before it is unloaded.
            task = coordinator.hass.async_create_task(self._async_swap())
            coordinator.changes.add(task)
            task.add_done_callback(coordinator.changes.discard)

    async def _async_swap(self) -> None:
        """Remove what is gone first: what comes may have the same id."""
        async with self._lock:
            wanted = self._find(self._coordinator)
            for key in self._present.keys() - wanted.keys():
                # One that is disabled was never there.
                if (entity := self._present.pop(key)).hass is not None:
                    await entity.async_remove()
            new = self._new(wanted)
            self._present.update(new)
            await self._platform.async_add_entities(new.values())

    @callback
    def _new(self, wanted: Wanted) -> dict[Hashable, Entity]:
        """Make what is not there yet, as far as it is confirmed and there is room."""
        missing = [key for key in wanted if key not in self._present]
        awaited, self._awaited = self._awaited, missing
        room = MAX_ENTITIES - len(self._registered())
        new: dict[Hashable, Entity] = {}
        for key in missing:
            entity = wanted[key]()
            if not self._is_registered(entity):
                if key not in awaited:
                    continue
                if room <= 0:
                    self._warn()
                    break
                room -= 1
            new[key] = entity
            if len(new) == MAX_AT_ONCE:
                break
        return new

    def _registered(self) -> list[er.RegistryEntry]:
        """Return the registry entries of the config entry, oldest first."""
        entry_id = self._coordinator.config_entry.entry_id
        return er.async_entries_for_config_entry(self._registry, entry_id)

    def _is_registered(self, entity: Entity) -> bool:
        """Return whether the registry knows an entity."""
        domain, unique_id = self._platform.domain, str(entity.unique_id)
        return bool(self._registry.async_get_entity_id(domain, DOMAIN, unique_id))

    def _warn(self) -> None:
        """Warn, once, that there is no room for more."""
        if not self._full:
            self._full = True
            _LOGGER.warning(
                "Claude Pulse has %s entities of one account and adds no more. Delete "
                "those that are no longer provided, on the page of the device",
                MAX_ENTITIES,
            )
