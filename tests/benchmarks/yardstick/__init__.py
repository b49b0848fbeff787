"""A minimal integration to compare with: one poller of one JSON URL, four sensors."""

from __future__ import annotations

from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

_LOGGER = logging.getLogger(__name__)

PLATFORMS = ["sensor"]


class YardstickCoordinator(DataUpdateCoordinator[dict[str, Any]]):
    """Poll the URL of an entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the poller."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="Yardstick",
            update_interval=timedelta(seconds=120),
        )

    async def _async_update_data(self) -> dict[str, Any]:
        """Poll once."""
        data = self.config_entry.data
        session = async_get_clientsession(self.hass)
        async with session.get(data["url"], headers=data["headers"]) as response:
            response.raise_for_status()
            return await response.json()


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Set up an entry."""
    entry.runtime_data = YardstickCoordinator(hass, entry)
    await entry.runtime_data.async_config_entry_first_refresh()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Unload an entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
