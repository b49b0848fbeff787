"""Claude Pulse: the usage limits of a claude.ai subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntryChange,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN
from .events.dispatcher import async_setup_telling, teller_of
from .frontend.delivery import async_remove_card, async_setup_card, async_show_card
from .frontend.websocket import async_setup_websocket
from .migration import async_migrate_entry as async_migrate_entry
from .polling.back_off import back_off_of
from .polling.coordinator import ClaudePulseCoordinator
from .polling.issues import async_clear_issues
from .polling.status import async_setup_status
from .seat import async_describe_device

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.typing import ConfigType

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what all entries share."""
    hass.data[DOMAIN] = {}
    await async_setup_card(hass)

    @callback
    def tell_all() -> None:
        """Let all entries tell what they have found."""
        for coordinator in hass.data[DOMAIN].values():
            coordinator.async_tell()

    @callback
    def look(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        """Leave nothing behind of a seat that is disabled, loaded or not."""
        gone = change == ConfigEntryChange.REMOVED
        if entry.domain == DOMAIN and entry.disabled_by and not gone:
            async_clear_issues(hass, entry)
            hass.async_create_task(teller_of(hass, entry).async_start_anew())
            hass.async_create_task(async_remove_card(hass, entry))

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, look)
    async_setup_telling(hass, tell_all)
    async_setup_status(hass)
    async_setup_websocket(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Set up a seat."""
    await async_show_card(hass)
    await back_off_of(hass, entry).async_load()
    await teller_of(hass, entry).async_load()
    coordinator = ClaudePulseCoordinator(hass, entry)

    @callback
    def forget() -> None:
        """Take the poller from where it can be found."""
        hass.data[DOMAIN].pop(entry.entry_id, None)

    entry.async_on_unload(forget)
    await coordinator.async_start()
    async_describe_device(hass, entry, coordinator.account.organization)
    hass.data[DOMAIN][entry.entry_id] = coordinator
    try:
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        # In old versions, such as 2024.1, Home Assistant does not clean up after this.
        await coordinator.async_shutdown()
        forget()
        raise
    # The entities are there by now, whose history it is, and which tell.
    coordinator.history.async_tick()
    coordinator.teller.async_begin(lambda: bool(coordinator.changes))
    coordinator.async_tell()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Unload a seat; nothing comes or goes any more meanwhile."""
    await hass.data[DOMAIN][entry.entry_id].async_shutdown()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave nothing behind of a seat."""
    async_clear_issues(hass, entry)
    await back_off_of(hass, entry).async_forget()
    await teller_of(hass, entry).async_forget()
    await async_remove_card(hass, entry)
