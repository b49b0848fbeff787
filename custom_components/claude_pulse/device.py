"""The service device of an entry."""

from __future__ import annotations

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .claude_ai.organization import Organization
from .const import DOMAIN, USAGE_URL
from .stored import title_of


def device_info(entry: ConfigEntry) -> dr.DeviceInfo:
    """Return the link from an entity to the device."""
    return dr.DeviceInfo(identifiers={(DOMAIN, entry.entry_id)})


@callback
def async_create_device(hass: HomeAssistant, entry: ConfigEntry) -> dr.DeviceEntry:
    """Create the device, or update its name."""
    return dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        configuration_url=USAGE_URL,
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer="Claude Pulse (unofficial)",
        name=title_of(entry),
        **device_info(entry),
    )


@callback
def async_update_device(
    hass: HomeAssistant, entry: ConfigEntry, organization: Organization
) -> None:
    """Show the plan and the organization as the model of the device."""
    known = filter(None, (organization.plan, organization.name))
    dr.async_get(hass).async_update_device(
        async_create_device(hass, entry).id, model=" · ".join(known) or None
    )
