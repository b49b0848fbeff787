"""Finds the events of triggers and the readings of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import voluptuous as vol

from homeassistant.const import Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..events.dispatcher import EventDispatcher, async_listen
from ..events.model import (
    ACCOUNT_TYPES,
    ROSE,
    SAVED_RESET_TYPES,
    TYPES,
    Event,
    UsageEvent,
)
from ..forecast.readings import Reading
from ..naming import EVENTS, WindowSubject, subject_of
from ..runtime import runtime_of

# This trigger has a percentage of its own. The others are event types.
USAGE_CROSSED = "usage_crossed"
TRIGGER_TYPES = (
    USAGE_CROSSED,
    *(item for item in TYPES if item != ROSE),
    *SAVED_RESET_TYPES,
    *ACCOUNT_TYPES,
)

PERCENTAGE_SCHEMA = vol.All(vol.Coerce(float), vol.Range(1, 100))


def events_unique_id(entry_id: str, window: WindowSubject) -> str:
    """Return the unique ID of an event entity: of a limit, saved resets or the account."""
    return f"{entry_id}_{window.unique_key(EVENTS)}"


def is_event_entity(entity: er.RegistryEntry) -> bool:
    """Return whether an entity is one of our event entities."""
    return (entity.domain, entity.platform) == (Platform.EVENT, DOMAIN)


@callback
def async_listen_for(
    hass: HomeAssistant,
    trigger_type: str,
    above: float | None,
    is_targeted: Callable[[str], bool],
    run: Callable[[str, dict[str, Any]], object],
) -> CALLBACK_TYPE:
    """Call `run` with the entity ID and the data of each event that matches a trigger.

    `above` is the percentage of a trigger of the type `USAGE_CROSSED`.
    """

    def matches(event: Event) -> bool:
        """Return whether an event matches."""
        if trigger_type != USAGE_CROSSED:
            return event.type == trigger_type
        if not isinstance(event, UsageEvent) or event.type != ROSE or above is None:
            return False
        return event.before < above <= event.window.percent

    @callback
    def handle(dispatcher: EventDispatcher, event: Event) -> None:
        """Run for a matching event."""
        if not matches(event):
            return
        registry = er.async_get(hass)
        unique_id = events_unique_id(dispatcher.entry.entry_id, subject_of(event))
        entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, unique_id)
        entity = registry.async_get(entity_id) if entity_id else None
        if entity is None or entity.disabled or not is_targeted(entity.entity_id):
            return
        run(entity.entity_id, event.as_dict())
        # A rise is stored later, unless an automation has reacted to it.
        dispatcher.async_store_now()

    return async_listen(hass, handle)


def readings_of(hass: HomeAssistant, entity_ids: set[str]) -> list[Reading | None]:
    """Return the reading of each event entity's limit, or None if it is unknown.

    Limits that the account does not have are left out.
    """
    registry = er.async_get(hass)
    return [
        reading
        for entity in map(registry.async_get, entity_ids)
        if entity is not None and is_event_entity(entity)
        for reading in _readings_of(hass, entity)
    ]


def _readings_of(
    hass: HomeAssistant, entity: er.RegistryEntry
) -> Iterator[Reading | None]:
    """Yield the reading of an event entity's limit, if the account has this limit."""
    entry_id = str(entity.config_entry_id)
    entry = hass.config_entries.async_get_entry(entry_id)
    runtime = runtime_of(hass, entry) if entry else None
    if runtime is None or not runtime.has_values:
        yield None
        return
    for window in runtime.subjects:
        if (
            entity.unique_id == events_unique_id(entry_id, window)
            and window.identity in runtime.readings
        ):
            yield runtime.reading(window.identity)
