"""Targets of triggers and conditions: the entities selected in the automation editor.

Imported only if Home Assistant supports them, see `load_if_supported`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import voluptuous as vol

from homeassistant.const import CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.target import async_extract_referenced_entity_ids

from ..const import CONF_OPTIONS

if TYPE_CHECKING:
    from homeassistant.helpers.target import TargetSelection
    from homeassistant.helpers.typing import ConfigType
else:
    try:
        from homeassistant.helpers.target import TargetSelection
    except ImportError:
        # The name before Home Assistant 2026.1.
        from homeassistant.helpers.target import TargetSelectorData as TargetSelection


def target_schema(options: Mapping[Any, Any]) -> vol.Schema:
    """Return a schema with a target and options."""
    if options:
        options_schema = {vol.Required(CONF_OPTIONS): dict(options)}
    else:
        options_schema = {vol.Optional(CONF_OPTIONS, default={}): {}}
    return vol.Schema({vol.Required(CONF_TARGET): cv.TARGET_FIELDS, **options_schema})


class WithTarget:
    """Validates the configuration of a trigger or condition that has a target."""

    schema: ClassVar[vol.Schema]

    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate the target and the options."""
        validated: ConfigType = cls.schema(config)
        return validated


def targeted_entity_ids(hass: HomeAssistant, target: Mapping[str, Any]) -> set[str]:
    """Return the IDs of the entities that a target currently selects."""
    selected = async_extract_referenced_entity_ids(hass, TargetSelection(dict(target)))
    return selected.referenced | selected.indirectly_referenced
