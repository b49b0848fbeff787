"""Dynamic entities: limits, pools and money that only some accounts have."""

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
from .polling.coordinator import ClaudePulseCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

_LOGGER = logging.getLogger(__name__)

# Maps the key of each dynamic entity to a function that creates it.
Wanted = Mapping[Hashable, Callable[[], Entity]]
_Find = Callable[[ClaudePulseCoordinator], Wanted]

# After set-up, no unregistered entity is added while an entry has this many. If it has more
# than half of this number, set-up removes entities that no longer exist.
MAX_ENTITIES = 400

# Entities take time: a platform adds or removes at most this many at once, and continues
# at the next tick.
MAX_AT_ONCE = 20


@callback
def async_keep_up(
    coordinator: ClaudePulseCoordinator,
    async_add_entities: AddEntitiesCallback,
    fixed: Collection[Entity],
    find: _Find,
) -> None:
    """Add the fixed entities, and keep the dynamic ones in sync with the account.

    An entity that is gone stays in the registry until the user deletes it, or until set-up
    has to make room. After set-up, a new entity is added only after the second answer that
    contains it: otherwise, a name that claude.ai sends once would stay registered.
    """
    found = _FoundEntities(coordinator, find)
    entities = [*fixed, *found.begin()]
    found.make_room(entities)
    async_add_entities(entities)
    coordinator.config_entry.async_on_unload(
        coordinator.async_add_listener(found.async_look)
    )


class _FoundEntities:
    """The dynamic entities of one platform."""

    def __init__(self, coordinator: ClaudePulseCoordinator, find: _Find) -> None:
        """Initialize without entities."""
        # What the last answer had without an entity, and the answer before it.
        self._missing: Collection[Hashable] = ()
        self._missing_before: Collection[Hashable] = ()
        self._coordinator = coordinator
        self._find = find
        self._full = False
        self._lock = asyncio.Lock()
        self._looked_at = coordinator.data
        self._unfinished = False
        self._platform = async_get_current_platform()
        self._present: dict[Hashable, Entity] = {}
        self._registry = er.async_get(coordinator.hass)

    @callback
    def begin(self) -> Collection[Entity]:
        """Create the entities of the first answer."""
        wanted = self._find(self._coordinator)
        self._present = {key: make() for key, make in wanted.items()}
        return self._present.values()

    @callback
    def make_room(self, entities: Collection[Entity]) -> None:
        """Remove entities that are gone from the registry, if there are many."""
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
        """Compare the entities with the last answer."""
        coordinator = self._coordinator
        if coordinator.stopped:
            return
        if coordinator.data is not self._looked_at:
            self._looked_at = coordinator.data
            self._missing_before, self._missing = self._missing, ()
        elif not self._unfinished:
            return
        if self._find(coordinator).keys() != self._present.keys():
            # Which the entry waits for before it is unloaded.
            task = coordinator.hass.async_create_task(self._async_swap())
            coordinator.changes.add(task)
            task.add_done_callback(coordinator.changes.discard)

    async def _async_swap(self) -> None:
        """Remove entities that are gone, then add new ones: they may have the same ID."""
        async with self._lock:
            wanted = self._find(self._coordinator)
            gone = [key for key in self._present if key not in wanted]
            for key in gone[:MAX_AT_ONCE]:
                # A disabled entity was never added.
                if (entity := self._present.pop(key)).hass is not None:
                    await entity.async_remove()
            # The next tick goes on.
            self._unfinished = len(gone) > MAX_AT_ONCE
            if self._unfinished:
                return
            new = self._new(wanted)
            self._unfinished = len(new) == MAX_AT_ONCE
            self._present.update(new)
            await self._platform.async_add_entities(new.values())

    @callback
    def _new(self, wanted: Wanted) -> dict[Hashable, Entity]:
        """Create missing entities that are confirmed, up to the limit."""
        missing = [key for key in wanted if key not in self._present]
        self._missing = missing
        room = MAX_ENTITIES - len(self._registered())
        new: dict[Hashable, Entity] = {}
        for key in missing:
            entity = wanted[key]()
            if not self._is_registered(entity):
                if key not in self._missing_before:
                    continue
                if room <= 0:
                    self._warn()
                    continue
                room -= 1
            new[key] = entity
            if len(new) == MAX_AT_ONCE:
                break
        return new

    def _registered(self) -> list[er.RegistryEntry]:
        """Return the registry entries of the config entry, in the registry's order."""
        entry_id = self._coordinator.config_entry.entry_id
        return er.async_entries_for_config_entry(self._registry, entry_id)

    def _is_registered(self, entity: Entity) -> bool:
        """Return whether an entity is in the registry."""
        domain, unique_id = self._platform.domain, str(entity.unique_id)
        return bool(self._registry.async_get_entity_id(domain, DOMAIN, unique_id))

    def _warn(self) -> None:
        """Log once that new entities are not added."""
        if not self._full:
            self._full = True
            _LOGGER.warning(
                "An account has reached the limit of %s entities, so new ones are not "
                "added. On the device page, delete entities that are no longer provided",
                MAX_ENTITIES,
            )
