"""Claude Pulse: the usage limits of a claude.ai subscription."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from homeassistant.const import (
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_HOMEASSISTANT_STOP,
    Platform,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .back_off import async_forget
from .const import (
    CONF_ORG_ID,
    CONF_UPDATE_INTERVAL,
    DOMAIN,
    MIN_UPDATE_INTERVAL,
    TITLE,
)
from .coordinator import ClaudePulseCoordinator
from .issues import async_clear_issues
from .sensor import SENSORS

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

PLATFORMS = [Platform.BINARY_SENSOR, Platform.SENSOR]

# The entities that version 1 knew under another key.
_VERSION_1_KEYS = {
    "session_countdown": "session_reset_countdown",
    "session_pct": "session_usage",
    "weekly_pct": "weekly_usage",
}
_VERSION_1_TITLE = "ClaudePulse"


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Set up a seat."""
    coordinator = ClaudePulseCoordinator(hass, entry)

    async def close(_: Event) -> None:
        """Close the connection before Home Assistant stops."""
        await coordinator.async_shutdown()

    @callback
    def show_local_times(_: Event) -> None:
        """Write the clock times again, as the time zone may be another now."""
        coordinator.async_update_listeners()

    listen = hass.bus.async_listen
    entry.async_on_unload(listen(EVENT_HOMEASSISTANT_STOP, close))
    entry.async_on_unload(listen(EVENT_CORE_CONFIG_UPDATE, show_local_times))
    await coordinator.back_off.async_load()
    await coordinator.async_config_entry_first_refresh()
    hass.data.setdefault(DOMAIN, {})[entry.entry_id] = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Unload a seat."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        hass.data[DOMAIN].pop(entry.entry_id)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave nothing behind of a seat."""
    async_clear_issues(hass, entry)
    await async_forget(hass, entry)


async def async_migrate_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Bring an entry of version 1 to version 2; one of a newer version is left alone."""
    if entry.version > 2:
        _LOGGER.error(
            "This entry was written by a newer version of Claude Pulse; "
            "update Claude Pulse, or restore the backup from before the update"
        )
        return False
    data, options = dict(entry.data), dict(entry.options)
    data[CONF_ORG_ID] = data[CONF_ORG_ID].lower()
    if (seconds := data.pop(CONF_UPDATE_INTERVAL, None)) is not None:
        options[CONF_UPDATE_INTERVAL] = max(seconds, MIN_UPDATE_INTERVAL)
    changes: dict[str, Any] = {
        "data": data,
        "options": options,
        "title": TITLE if entry.title == _VERSION_1_TITLE else entry.title,
        "unique_id": data[CONF_ORG_ID],
    }
    keys = {description.key: description.key for description in SENSORS}
    keys |= _VERSION_1_KEYS

    @callback
    def carry_over(entity: er.RegistryEntry) -> dict[str, Any] | None:
        """Give an entity its new unique id; its entity id and history stay."""
        for old, new in keys.items():
            unique_id = f"{entry.entry_id}_{new}"
            if f"_{entity.unique_id}".endswith(f"_{old}"):
                same = entity.unique_id == unique_id
                return None if same else {"new_unique_id": unique_id}
        return None

    await er.async_migrate_entries(hass, entry.entry_id, carry_over)
    try:
        hass.config_entries.async_update_entry(entry, version=2, **changes)
    except TypeError:
        # The version is an argument since Home Assistant 2024.3.
        entry.version = 2
        hass.config_entries.async_update_entry(entry, **changes)
    return True
