"""What an automation can begin with, in the editor of versions that have such triggers.

Nothing newer than the base class is imported: on a version where an import fails, Home
Assistant leaves out other parts of the package, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.const import CONF_ABOVE, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv

from .const import CONF_OPTIONS
from .event import attributes_of, entity_id_of, is_meant
from .teller import async_listen
from .told import (
    AVAILABLE_AGAIN,
    LIMIT_REACHED,
    THRESHOLD_REACHED,
    WILL_RUN_OUT,
    Told,
)

try:
    from homeassistant.helpers.target import (
        TargetSelectorData,
        async_extract_referenced_entity_ids,
    )
    from homeassistant.helpers.trigger import Trigger

    # Its name since Home Assistant 2025.12.
    _HAS_TRIGGERS = hasattr(Trigger, "async_attach_runner")
except ImportError:
    _HAS_TRIGGERS = False

if TYPE_CHECKING:
    from homeassistant.helpers.trigger import TriggerActionRunner, TriggerConfig
    from homeassistant.helpers.typing import ConfigType


if TYPE_CHECKING or _HAS_TRIGGERS:

    class _Told(Trigger):
        """Begins an automation when something is told of one of the windows."""

        kind: str
        options: dict[Any, Any]

        @classmethod
        async def async_validate_config(
            cls, hass: HomeAssistant, config: ConfigType
        ) -> ConfigType:
            """Validate what the editor makes."""
            schema = {vol.Required(CONF_TARGET): cv.TARGET_FIELDS}
            if cls.options:
                schema[vol.Required(CONF_OPTIONS)] = cls.options
            else:
                schema[vol.Optional(CONF_OPTIONS, default={})] = {}
            validated: ConfigType = vol.Schema(schema)(config)
            return validated

        def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
            """Remember what is wanted."""
            super().__init__(hass, config)
            self._above: float | None = (config.options or {}).get(CONF_ABOVE)
            self._target = TargetSelectorData(config.target or {})

        async def async_attach_runner(
            self,
            run_action: TriggerActionRunner,
            did_not_trigger: Callable[..., Any] | None = None,
        ) -> CALLBACK_TYPE:
            """Listen to all that is told."""

            @callback
            def hear(entry_id: str, event: Told) -> None:
                """Look at what is told, of which window."""
                if not is_meant(event, self.kind, self._above):
                    return
                entity_id = entity_id_of(self._hass, entry_id, event)
                found = async_extract_referenced_entity_ids(self._hass, self._target)
                if entity_id in found.referenced | found.indirectly_referenced:
                    run_action(
                        {"entity_id": entity_id, **attributes_of(event)},
                        f"{self.kind} of {entity_id}",
                    )

            return async_listen(self._hass, hear)

    def _trigger(kind: str, options: dict[Any, Any] | None = None) -> type[Trigger]:
        """Return the trigger of something that can be told."""
        return type(kind, (_Told,), {"kind": kind, "options": options or {}})

    _TRIGGERS = {
        "usage_crossed": _trigger(
            THRESHOLD_REACHED,
            {vol.Required(CONF_ABOVE): vol.All(vol.Coerce(float), vol.Range(1, 100))},
        ),
        "limit_reached": _trigger(LIMIT_REACHED),
        "available_again": _trigger(AVAILABLE_AGAIN),
        "will_run_out": _trigger(WILL_RUN_OUT),
    }

    async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
        """Return the triggers."""
        return _TRIGGERS
