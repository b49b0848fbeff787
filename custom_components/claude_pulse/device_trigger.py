"""Device triggers for the events of usage limits, on all Home Assistant versions."""

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
    PERCENTAGE,
)
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .automation.matching import (
    PERCENTAGE_SCHEMA,
    TRIGGER_TYPES,
    USAGE_CROSSED,
    async_listen_for,
    events_unique_id,
    is_event_entity,
)
from .claude_ai.windows import ACCOUNT, KIND_WEEKLY_SCOPED, SAVED_RESETS, Identity
from .const import DOMAIN
from .events.model import types_of
from .naming import SUBJECTS

if TYPE_CHECKING:
    from homeassistant.helpers.trigger import TriggerActionType, TriggerInfo
    from homeassistant.helpers.typing import ConfigType

_SCHEMA = DEVICE_TRIGGER_BASE_SCHEMA.extend(
    {
        vol.Required(CONF_ENTITY_ID): cv.entity_id_or_uuid,
        vol.Required(CONF_TYPE): vol.In(TRIGGER_TYPES),
    }
)
_CROSSED_SCHEMA = _SCHEMA.extend({vol.Required(CONF_ABOVE): PERCENTAGE_SCHEMA})


def TRIGGER_SCHEMA(config: ConfigType) -> ConfigType:  # noqa: N802
    """Validate a trigger. Only one type has a percentage."""
    crossed = config.get(CONF_TYPE) == USAGE_CROSSED
    validated: ConfigType = (_CROSSED_SCHEMA if crossed else _SCHEMA)(config)
    return validated


async def async_get_triggers(
    hass: HomeAssistant, device_id: str
) -> list[dict[str, Any]]:
    """Return the triggers of a device."""
    return [
        {
            CONF_PLATFORM: "device",
            CONF_DEVICE_ID: device_id,
            CONF_DOMAIN: DOMAIN,
            CONF_ENTITY_ID: entity.id,
            CONF_TYPE: trigger_type,
        }
        for entity in er.async_entries_for_device(er.async_get(hass), device_id)
        if is_event_entity(entity)
        for trigger_type in _trigger_types(entity)
    ]


async def async_get_trigger_capabilities(
    _: HomeAssistant, config: ConfigType
) -> dict[str, vol.Schema]:
    """Return the percentage field of the trigger that has one."""
    if config[CONF_TYPE] != USAGE_CROSSED:
        return {}
    percentage = NumberSelector(
        NumberSelectorConfig(
            min=1,
            max=100,
            step=1,
            mode=NumberSelectorMode.BOX,
            unit_of_measurement=PERCENTAGE,
        )
    )
    return {"extra_fields": vol.Schema({vol.Required(CONF_ABOVE): percentage})}


async def async_attach_trigger(
    hass: HomeAssistant,
    config: ConfigType,
    action: TriggerActionType,
    trigger_info: TriggerInfo,
) -> CALLBACK_TYPE:
    """Run an action for each matching event."""
    job = HassJob(action)

    def is_targeted(entity_id: str) -> bool:
        """Return whether the trigger is about an entity, whose ID can change."""
        registry = er.async_get(hass)
        return entity_id == er.async_resolve_entity_id(registry, config[CONF_ENTITY_ID])

    @callback
    def run(entity_id: str, data: dict[str, Any]) -> None:
        """Run the action."""
        variables = {
            **trigger_info["trigger_data"],
            **config,
            **data,
            CONF_ENTITY_ID: entity_id,
            "description": f"{config[CONF_TYPE]} of {entity_id}",
        }
        hass.async_run_hass_job(job, {"trigger": variables})

    return async_listen_for(
        hass, config[CONF_TYPE], config.get(CONF_ABOVE), is_targeted, run
    )


def _trigger_types(entity: er.RegistryEntry) -> tuple[str, ...]:
    """Return the trigger types of an event entity."""
    entry_id = str(entity.config_entry_id)
    for identity, subject in SUBJECTS.items():
        if entity.unique_id == events_unique_id(entry_id, subject):
            types = types_of(identity)
            no_usage = identity in (ACCOUNT, SAVED_RESETS)
            return types if no_usage else (USAGE_CROSSED, *types)
    is_model = entity.unique_id.startswith(f"{entry_id}_{KIND_WEEKLY_SCOPED}:")
    other = Identity(KIND_WEEKLY_SCOPED, "model") if is_model else Identity("")
    return (USAGE_CROSSED, *types_of(other))
