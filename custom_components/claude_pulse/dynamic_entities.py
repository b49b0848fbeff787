"""Entities of limits, pools and money that only some accounts have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import logging

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import (
    AddEntitiesCallback,
    async_get_current_platform,
)

from .naming import Subject
from .runtime import Runtime

_LOGGER = logging.getLogger(__name__)

_Key = tuple[Subject | None, str]

# The functions that create the dynamic entities of an account, by subject and key.
Factories = Mapping[_Key, Callable[[], Entity]]

# After set-up, no entity is added while an entry has this number of them.
MAX_ENTITIES = 400

# Adding entities takes time. The next tick adds the others.
MAX_AT_ONCE = 20


@callback
def async_add_dynamic_entities(
    runtime: Runtime,
    async_add_entities: AddEntitiesCallback,
    fixed: Collection[Entity],
    find: Callable[[Runtime], Factories],
) -> None:
    """Add the fixed entities, and the dynamic ones that `find` returns, now and later.

    After set-up, an entity with a subject is added with the second answer that contains it:
    otherwise, a name that claude.ai sends once would stay registered. Entities are not
    removed. They are unavailable while their limit does not exist, and after a reload the
    user can delete them.
    """
    factories = find(runtime)
    known = set(factories)
    answer = runtime.coordinator.data
    unconfirmed: set[_Key] = set()
    confirmed: set[_Key] = set()
    warned = False

    @callback
    def add_new() -> None:
        """Add entities that are new."""
        nonlocal answer, confirmed, unconfirmed, warned
        if not runtime.is_running:
            return
        factories = find(runtime)
        missing = factories.keys() - known
        if runtime.coordinator.data is not answer:
            answer, confirmed, unconfirmed = (
                runtime.coordinator.data,
                unconfirmed,
                missing,
            )
        new = [key for key in factories if key in missing]
        new = [key for key in new if key[0] is None or key in confirmed]
        if not new:
            return
        entry_id = runtime.entry.entry_id
        registered = er.async_entries_for_config_entry(
            er.async_get(runtime.hass), entry_id
        )
        room = max(MAX_ENTITIES - len(registered), 0)
        if room < len(new) and not warned:
            warned = True
            _LOGGER.warning(
                "Entry %s has reached the limit of %s entities, so new ones are not "
                "added. Delete entities that are no longer provided",
                entry_id,
                MAX_ENTITIES,
            )
        new = new[: min(room, MAX_AT_ONCE)]
        known.update(new)
        entities = [factories[key]() for key in new]
        runtime.async_add_in_background(platform.async_add_entities(entities))

    platform = async_get_current_platform()
    async_add_entities([*fixed, *(create() for create in factories.values())])
    runtime.async_on_stop(runtime.coordinator.async_add_listener(add_new))
