"""Claude Pulse: the usage limits of a claude.ai subscription."""

from __future__ import annotations

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .copies import async_setup_copies
from .device import async_create_device
from .frontend.delivery import async_remove_card, async_setup_card, async_show_card
from .frontend.websocket import async_setup_websocket
from .migration import async_migrate_entry as async_migrate_entry
from .platforms import async_platforms
from .polling.issues import async_delete_issues
from .polling.status import async_setup_status
from .reauth import async_stop_asking
from .runtime import runtime_of
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all entries share."""

    @callback
    def clean_up(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Clean up when an entry is disabled, loaded or not."""
        removed = change == ConfigEntryChange.REMOVED
        if entry.domain == DOMAIN and entry.disabled_by and not removed:
            hass.async_create_task(_async_clean_up(hass, entry))

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, clean_up)
    await async_setup_card(hass)
    async_setup_copies(hass)
    async_setup_services(hass)
    async_setup_status(hass)
    async_setup_websocket(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Set up an entry."""
    runtime = runtime_of(hass, entry)
    await async_show_card(hass)
    await runtime.async_set_up()
    if hass.config_entries.async_get_entry(entry.entry_id) is None or entry.disabled_by:
        # The user removed or disabled the entry during the first poll.
        await runtime.async_stop()
        await runtime.dispatcher.async_forget()
        return False
    try:
        device = async_create_device(hass, entry)
        runtime.platforms = await async_platforms(runtime, device)
        await hass.config_entries.async_forward_entry_setups(entry, runtime.platforms)
    except BaseException:
        # Home Assistant 2024.1 does not clean up after this.
        await runtime.async_stop()
        raise
    runtime.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Unload an entry. If a platform does not unload, the entry stays up to date."""
    runtime = runtime_of(hass, entry)
    return await runtime.async_unload(
        hass.config_entries.async_unload_platforms(entry, runtime.platforms)
    )


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove an entry, also one that could not be unloaded."""
    runtime = runtime_of(hass, entry)
    if runtime.is_running:
        await runtime.async_stop()
    await _async_clean_up(hass, entry)
    del hass.data[DOMAIN][entry.entry_id]


async def _async_clean_up(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove what a disabled or removed entry leaves: a form, issues, events and the card."""
    async_stop_asking(hass, entry)
    async_delete_issues(hass, entry)
    await runtime_of(hass, entry).dispatcher.async_forget()
    await async_remove_card(hass, entry)
