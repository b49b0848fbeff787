"""Entities for what only some accounts have: added when it comes, removed when it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_current_platform

from .coordinator import ClaudePulseCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

# What is to be there: how to make each entity, under what makes it another one.
Wanted = Mapping[Hashable, Callable[[], Entity]]


@callback
def async_keep_up(
    coordinator: ClaudePulseCoordinator,
    async_add_entities: AddEntitiesCallback,
    find: Callable[[ClaudePulseCoordinator], Wanted],
) -> None:
    """Have an entity for each thing that the account has now, and for no other.

    What is gone leaves its registry entry, which a person can then remove.
    """
    present: dict[Hashable, Entity] = {}
    looked_at = coordinator.data
    entry, hass = coordinator.config_entry, coordinator.hass
    lock = asyncio.Lock()
    platform = async_get_current_platform()

    @callback
    def new(wanted: Wanted) -> list[Entity]:
        """Make what is not there yet."""
        made = {key: make() for key, make in wanted.items() if key not in present}
        present.update(made)
        return list(made.values())

    async def swap() -> None:
        """Remove what is gone first: what comes may have the same id."""
        async with lock:
            wanted = find(coordinator)
            for key in present.keys() - wanted.keys():
                # One that is disabled was never there.
                if (entity := present.pop(key)).hass is not None:
                    await entity.async_remove()
            await platform.async_add_entities(new(wanted))

    @callback
    def look() -> None:
        """Look at what a poll has brought."""
        nonlocal looked_at
        if coordinator.stopped or coordinator.data is looked_at:
            return
        looked_at = coordinator.data
        if find(coordinator).keys() != present.keys():
            # Which the entry waits for before it is unloaded.
            task = hass.async_create_task(swap())
            coordinator.changes.add(task)
            task.add_done_callback(coordinator.changes.discard)

    async_add_entities(new(find(coordinator)))
    entry.async_on_unload(coordinator.async_add_listener(look))
