"""The platforms of an entry.

With its first calendar, Home Assistant adds a page to the sidebar. So the calendar platform is
set up only if the user has enabled our calendar. Until then, it is only registered.
"""

from __future__ import annotations

from homeassistant.const import Platform
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .runtime import Runtime

CALENDAR = "resets"

_PLATFORMS = (Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR)


async def async_platforms(runtime: Runtime, device: dr.DeviceEntry) -> list[Platform]:
    """Register the calendar, and return the platforms to set up."""
    hass, entry = runtime.hass, runtime.entry
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    calendar = er.async_get(hass).async_get_or_create(
        Platform.CALENDAR,
        DOMAIN,
        f"{entry.entry_id}_{CALENDAR}",
        config_entry=entry,
        device_id=device.id,
        disabled_by=er.RegistryEntryDisabler.INTEGRATION,
        has_entity_name=True,
        original_name=texts.get(f"component.{DOMAIN}.entity.calendar.{CALENDAR}.name"),
        suggested_object_id=f"{runtime.prefix}_{CALENDAR}",
        translation_key=CALENDAR,
    )
    return [*_PLATFORMS, *([] if calendar.disabled else [Platform.CALENDAR])]
