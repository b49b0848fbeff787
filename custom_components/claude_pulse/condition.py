"""What an automation can ask, in the editor of versions that have such conditions.

Nothing newer than the base class is imported, as in `trigger.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.const import CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv

from .const import CONF_OPTIONS
from .event import is_ours, reading_of
from .reading import Reading

try:
    from homeassistant.helpers.condition import Condition
    from homeassistant.helpers.target import (
        TargetSelectorData,
        async_extract_referenced_entity_ids,
    )
    from homeassistant.helpers.trigger import Trigger

    # Conditions came with these triggers, in Home Assistant 2025.12.
    _HAS_CONDITIONS = hasattr(Trigger, "async_attach_runner")
except ImportError:
    _HAS_CONDITIONS = False

if TYPE_CHECKING:
    from homeassistant.helpers.condition import ConditionConfig
    from homeassistant.helpers.typing import ConfigType

_AT_LEAST = "at_least"


if TYPE_CHECKING or _HAS_CONDITIONS:

    class _Asked(Condition):
        """Asks something of all windows that are chosen."""

        options: Mapping[Any, Any] = MappingProxyType({})

        @classmethod
        async def async_validate_config(
            cls, hass: HomeAssistant, config: ConfigType
        ) -> ConfigType:
            """Validate what the editor makes."""
            schema = {vol.Required(CONF_TARGET): cv.TARGET_FIELDS}
            if cls.options:
                schema[vol.Required(CONF_OPTIONS)] = dict(cls.options)
            else:
                schema[vol.Optional(CONF_OPTIONS, default={})] = {}
            validated: ConfigType = vol.Schema(schema)(config)
            return validated

        def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
            """Remember what is asked."""
            super().__init__(hass, config)
            self._home = hass
            self._options = config.options or {}
            self._target = TargetSelectorData(config.target or {})

        def _async_check(self, **_: Any) -> bool:
            """Answer; of windows that nobody knows anything of, no."""
            found = async_extract_referenced_entity_ids(self._home, self._target)
            readings = [
                reading_of(self._home, entity_id)
                for entity_id in found.referenced | found.indirectly_referenced
                if is_ours(self._home, entity_id)
            ]
            return bool(readings) and all(
                reading is not None and self._holds(reading) for reading in readings
            )

        async def async_get_checker(self) -> Callable[..., bool]:
            """Return what answers, for versions before 2026.6."""
            return lambda *_, **__: self._async_check()

        def _holds(self, reading: Reading) -> bool:
            """Tell whether it is so of a window."""
            raise NotImplementedError

    class HasLeft(_Asked):
        """Whether enough is left."""

        options = MappingProxyType(
            {vol.Required(_AT_LEAST): vol.All(vol.Coerce(float), vol.Range(1, 100))}
        )

        def _holds(self, reading: Reading) -> bool:
            """Compare what is left."""
            return bool(100 - reading.window.percent >= self._options[_AT_LEAST])

    class WillLast(_Asked):
        """Whether it lasts until the reset."""

        def _holds(self, reading: Reading) -> bool:
            """Look at the forecast."""
            return reading.forecast is not None and reading.forecast.lasts

    async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
        """Return the conditions."""
        return {"has_left": HasLeft, "will_last": WillLast}
