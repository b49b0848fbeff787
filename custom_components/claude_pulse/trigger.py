"""What an automation can begin with, in the editor of versions that have such triggers.

Nothing newer than the base class is imported: on a version where an import fails, Home
Assistant leaves out other parts of the package, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.const import CONF_ABOVE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from .automation import (
    HAS_OWN,
    PERCENTAGE,
    entity_id_of,
    is_meant,
    targeted,
    validated,
)
from .event import attributes_of
from .teller import async_listen
from .told import (
    AVAILABLE_AGAIN,
    LIMIT_REACHED,
    THRESHOLD_REACHED,
    WILL_RUN_OUT,
    Told,
)

if TYPE_CHECKING:
    from homeassistant.helpers.trigger import TriggerActionRunner, TriggerConfig
    from homeassistant.helpers.typing import ConfigType


if TYPE_CHECKING or HAS_OWN:
    from homeassistant.helpers.trigger import Trigger

    class _Told(Trigger):
        """Begins an automation when something is told of one of the windows."""

        kind: str
        options: Mapping[Any, Any]

        @classmethod
        async def async_validate_config(
            cls, hass: HomeAssistant, config: ConfigType
        ) -> ConfigType:
            """Validate what the editor makes."""
            return validated(config, cls.options)

        def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
            """Remember what is wanted."""
            super().__init__(hass, config)
            self._above: float | None = (config.options or {}).get(CONF_ABOVE)
            self._target = config.target or {}

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
                if entity_id in targeted(self._hass, self._target):
                    run_action(
                        {"entity_id": entity_id, **attributes_of(event)},
                        f"{self.kind} of {entity_id}",
                    )

            return async_listen(self._hass, hear)

    def _trigger(kind: str, options: Mapping[Any, Any] | None = None) -> type[Trigger]:
        """Return the trigger of something that can be told."""
        return type(kind, (_Told,), {"kind": kind, "options": options or {}})

    _TRIGGERS = {
        "usage_crossed": _trigger(
            THRESHOLD_REACHED,
            {vol.Required(CONF_ABOVE): PERCENTAGE},
        ),
        "limit_reached": _trigger(LIMIT_REACHED),
        "available_again": _trigger(AVAILABLE_AGAIN),
        "will_run_out": _trigger(WILL_RUN_OUT),
    }

    async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
        """Return the triggers."""
        return _TRIGGERS
