"""What the triggers and conditions of automations have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.const import CONF_TARGET, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, entity_registry as er

from .const import CONF_OPTIONS, DOMAIN
from .coordinator import ClaudePulseCoordinator
from .naming import EVENTS, subject_of
from .reading import Reading
from .told import ROSE, THRESHOLD_REACHED, Told

try:
    from homeassistant.helpers.target import (
        TargetSelectorData,
        async_extract_referenced_entity_ids,
    )
    from homeassistant.helpers.trigger import Trigger

    # The editor knows triggers and conditions of integrations since Home Assistant
    # 2025.12, and the trigger has this method since then.
    HAS_OWN = hasattr(Trigger, "async_attach_runner")
except ImportError:
    HAS_OWN = False

if TYPE_CHECKING:
    from homeassistant.helpers.typing import ConfigType

PERCENTAGE = vol.All(vol.Coerce(float), vol.Range(1, 100))


def validated(config: ConfigType, options: Mapping[Any, Any]) -> ConfigType:
    """Return what the editor makes of a target and, if there are any, options."""
    schema = {vol.Required(CONF_TARGET): cv.TARGET_FIELDS}
    if options:
        schema[vol.Required(CONF_OPTIONS)] = dict(options)
    else:
        schema[vol.Optional(CONF_OPTIONS, default={})] = {}
    found: ConfigType = vol.Schema(schema)(config)
    return found


def targeted(hass: HomeAssistant, target: Mapping[str, Any]) -> set[str]:
    """Return the entities that a target means now."""
    selection = TargetSelectorData(dict(target))
    found = async_extract_referenced_entity_ids(hass, selection)
    return found.referenced | found.indirectly_referenced


def events_id(entry_id: str, window: str) -> str:
    """Return the unique id of the events of a window, by the key of its subject."""
    return f"{entry_id}_{window}_{EVENTS}"


def entity_id_of(hass: HomeAssistant, entry_id: str, event: Told) -> str | None:
    """Return the entity that something is told by, unless it is disabled."""
    registry = er.async_get(hass)
    unique_id = events_id(entry_id, subject_of(event.window).key)
    entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return entity_id if entity and not entity.disabled else None


def is_meant(event: Told, kind: str, above: float | None = None) -> bool:
    """Tell whether it is what an automation waits for.

    A percentage is reached by whatever passes it, also if it is none of the options.
    """
    if kind == THRESHOLD_REACHED and above is not None:
        return event.type == ROSE and event.before < above <= event.window.percent
    return event.type == kind


def tells_events(entity: er.RegistryEntry) -> bool:
    """Tell whether an entity is the events of a window."""
    return (entity.domain, entity.platform) == (Platform.EVENT, DOMAIN)


def readings_of(hass: HomeAssistant, entity_ids: set[str]) -> list[Reading | None]:
    """Return what the windows say now whose events are among entities, if that is known."""
    registry = er.async_get(hass)
    return [
        _reading_of(hass, entity)
        for entity in map(registry.async_get, entity_ids)
        if entity is not None and tells_events(entity)
    ]


def _reading_of(hass: HomeAssistant, entity: er.RegistryEntry) -> Reading | None:
    """Return what the window of an entity says now, if that is known."""
    entry_id = str(entity.config_entry_id)
    seat: ClaudePulseCoordinator | None = hass.data.get(DOMAIN, {}).get(entry_id)
    if seat is None or not seat.last_update_success:
        return None
    for window in seat.data.usage.all_windows:
        if entity.unique_id == events_id(entry_id, subject_of(window).key):
            return seat.readings[window.identity]
    return None
