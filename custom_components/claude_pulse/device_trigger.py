"""What an automation can begin with: what is told of a device's windows, on every version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.components.device_automation import DEVICE_TRIGGER_BASE_SCHEMA
from homeassistant.const import (
    CONF_ABOVE,
    CONF_DEVICE_ID,
    CONF_DOMAIN,
    CONF_ENTITY_ID,
    CONF_PLATFORM,
    CONF_TYPE,
)
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .claude_ai.usage import WEEKLY, Identity
from .const import DOMAIN
from .event import attributes_of
from .events.automation import (
    PERCENTAGE_SCHEMA,
    entity_id_of,
    events_id,
    is_meant,
    tells_events,
)
from .events.detection import THRESHOLD_REACHED, Told, types_of
from .events.dispatcher import async_listen
from .naming import SESSION_WINDOW, WEEKLY_WINDOW

if TYPE_CHECKING:
    from homeassistant.helpers.trigger import TriggerActionType, TriggerInfo
    from homeassistant.helpers.typing import ConfigType

TRIGGER_SCHEMA = DEVICE_TRIGGER_BASE_SCHEMA.extend(
    {
        vol.Required(CONF_ENTITY_ID): cv.entity_id_or_uuid,
        vol.Required(CONF_TYPE): vol.In(types_of(WEEKLY)),
        vol.Optional(CONF_ABOVE): PERCENTAGE_SCHEMA,
    }
)


async def async_get_triggers(
    hass: HomeAssistant, device_id: str
) -> list[dict[str, Any]]:
    """List what can be told of the windows of a device."""
    return [
        {
            CONF_PLATFORM: "device",
            CONF_DEVICE_ID: device_id,
            CONF_DOMAIN: DOMAIN,
            CONF_ENTITY_ID: entity.id,
            CONF_TYPE: kind,
        }
        for entity in er.async_entries_for_device(er.async_get(hass), device_id)
        if tells_events(entity)
        for kind in types_of(_identity_of(entity))
    ]


async def async_get_trigger_capabilities(
    _: HomeAssistant, config: ConfigType
) -> dict[str, vol.Schema]:
    """Let a person choose any percentage; without one, those of the options count."""
    if config[CONF_TYPE] != THRESHOLD_REACHED:
        return {}
    percentage = NumberSelector(
        NumberSelectorConfig(
            min=1,
            max=100,
            step=1,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement="%",
        )
    )
    return {"extra_fields": vol.Schema({vol.Optional(CONF_ABOVE): percentage})}


async def async_attach_trigger(
    hass: HomeAssistant,
    config: ConfigType,
    action: TriggerActionType,
    trigger_info: TriggerInfo,
) -> CALLBACK_TYPE:
    """Begin an automation whenever it is told."""
    job = HassJob(action)

    @callback
    def hear(entry_id: str, event: Told) -> None:
        """Look at what is told, of which window."""
        # Its id may be changed, and it may be disabled, at any time.
        registry = er.async_get(hass)
        entity_id = er.async_resolve_entity_id(registry, config[CONF_ENTITY_ID])
        if entity_id is None or entity_id != entity_id_of(hass, entry_id, event):
            return
        if not is_meant(event, config[CONF_TYPE], config.get(CONF_ABOVE)):
            return
        told = {
            **trigger_info["trigger_data"],
            **config,
            **attributes_of(event),
            CONF_ENTITY_ID: entity_id,
            "description": f"{config[CONF_TYPE]} of {entity_id}",
        }
        hass.async_run_hass_job(job, {"trigger": told})

    return async_listen(hass, hear)


def _identity_of(entity: er.RegistryEntry) -> Identity:
    """Return which window an entity is about, as far as it matters what can be told of it."""
    for window in (SESSION_WINDOW, WEEKLY_WINDOW):
        if entity.unique_id == events_id(str(entity.config_entry_id), window.key):
            return window.identity
    return Identity("")
