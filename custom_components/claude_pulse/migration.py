"""Migration of entries of version 1. Their entity IDs and history remain."""

from __future__ import annotations

from contextlib import suppress
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .claude_ai.credentials import parse_org_id, parse_session_key
from .claude_ai.errors import ClaudeAiError
from .claude_ai.values import number_of
from .const import (
    CONF_ORG_ID,
    CONF_SESSION_KEY,
    CONF_UPDATE_INTERVAL,
    DOMAIN,
    ENTRY_VERSION,
    MAX_UPDATE_INTERVAL,
    MIN_UPDATE_INTERVAL,
    TITLE,
)
from .seat import free_title
from .stored import title_of

_LOGGER = logging.getLogger(__name__)

# The title of version 1, and its entity keys with the current ones.
_TITLE = "ClaudePulse"
_KEYS = {
    "plan": "plan",
    "session_limit": "session_limit",
    "session_reset_countdown": "session_reset_countdown",
    "session_reset_time": "session_reset_time",
    "session_usage": "session_usage",
    "session_used": "session_used",
    "weekly_reset": "weekly_reset",
    "weekly_reset_time": "weekly_reset_time",
    "weekly_reset_weekday": "weekly_reset_weekday",
    "weekly_usage": "weekly_usage",
    "session_countdown": "session_reset_countdown",
    "session_pct": "session_usage",
    "weekly_pct": "weekly_usage",
}


async def async_migrate_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Migrate an entry to version 2. Entries of newer versions are not changed.

    Missing and invalid values become empty. Set-up then asks for them.
    """
    version = number_of(entry.version)
    if version == ENTRY_VERSION:
        # The minor version differs.
        return True
    if version is not None and version > ENTRY_VERSION:
        _LOGGER.error(
            "Entry %s was written by a newer version of Claude Pulse. Update Claude "
            "Pulse, or restore the backup from before the update",
            entry.entry_id,
        )
        return False
    data, options = dict(entry.data), dict(entry.options)
    key, org_id = data.get(CONF_SESSION_KEY), data.get(CONF_ORG_ID)
    data |= {CONF_SESSION_KEY: "", CONF_ORG_ID: ""}
    with suppress(ClaudeAiError):
        data[CONF_SESSION_KEY] = parse_session_key(str(key)).session_key
    with suppress(ClaudeAiError):
        data[CONF_ORG_ID] = parse_org_id(str(org_id))
    seconds = data.pop(CONF_UPDATE_INTERVAL, None)
    with suppress(OverflowError, TypeError, ValueError):
        options[CONF_UPDATE_INTERVAL] = min(
            max(int(float(seconds)), MIN_UPDATE_INTERVAL), MAX_UPDATE_INTERVAL
        )
    entries = hass.config_entries.async_entries(DOMAIN)
    others = [other for other in entries if other is not entry]
    title = TITLE if entry.title == _TITLE else title_of(entry)
    changes: dict[str, Any] = {
        "data": data,
        "options": options,
        "title": free_title(map(title_of, others), title=title),
        # Another entry of the organization can be of another account.
        "unique_id": None
        if any(other.unique_id == data[CONF_ORG_ID] for other in others)
        else data[CONF_ORG_ID] or None,
    }
    await _async_carry_over_entities(hass, entry)
    _async_carry_over_device(hass, entry)
    try:
        hass.config_entries.async_update_entry(entry, version=ENTRY_VERSION, **changes)
    except TypeError:
        # The version is an argument since Home Assistant 2024.3.
        entry.version = ENTRY_VERSION
        hass.config_entries.async_update_entry(entry, **changes)
    return True


async def _async_carry_over_entities(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Change the unique IDs of the entities."""
    registry = er.async_get(hass)

    @callback
    def carry_over(entity: er.RegistryEntry) -> dict[str, Any] | None:
        """Return the change of an entity."""
        keys = [old for old in _KEYS if f"_{entity.unique_id}".endswith(f"_{old}")]
        if not keys:
            return None
        unique_id = f"{entry.entry_id}_{_KEYS[max(keys, key=len)]}"
        if registry.async_get_entity_id(entity.domain, DOMAIN, unique_id):
            return None
        return {"new_unique_id": unique_id}

    await er.async_migrate_entries(hass, entry.entry_id, carry_over)


@callback
def _async_carry_over_device(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Keep one device of the entry, and remove the others.

    A device that the user has named or assigned to an area is preferred.
    """
    devices, entities = dr.async_get(hass), er.async_get(hass)
    if not (known := dr.async_entries_for_config_entry(devices, entry.entry_id)):
        return
    first, *others = sorted(
        known, key=lambda device: (not device.name_by_user, not device.area_id)
    )
    devices.async_update_device(first.id, new_identifiers={(DOMAIN, entry.entry_id)})
    for other in others:
        for entity in er.async_entries_for_device(
            entities, other.id, include_disabled_entities=True
        ):
            entities.async_update_entity(entity.entity_id, device_id=first.id)
        devices.async_remove_device(other.id)
