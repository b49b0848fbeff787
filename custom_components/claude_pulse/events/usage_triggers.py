"""Automation triggers for the events of a usage limit.

Imported only if Home Assistant supports them, see `load_if_supported`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import voluptuous as vol

from homeassistant.const import CONF_ABOVE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.trigger import Trigger

from ..event import attributes_of
from .automation import PERCENTAGE_SCHEMA, entity_id_of, is_meant
from .detection import (
    AVAILABLE_AGAIN,
    LIMIT_REACHED,
    THRESHOLD_REACHED,
    WILL_RUN_OUT,
    Told,
)
from .dispatcher import async_listen
from .target import target_schema, targeted_entity_ids

if TYPE_CHECKING:
    from homeassistant.helpers.trigger import TriggerActionRunner, TriggerConfig
    from homeassistant.helpers.typing import ConfigType


class _EventTrigger(Trigger):
    """Triggers on one event type of the targeted limits."""

    kind: ClassVar[str]
    schema: ClassVar[vol.Schema]

    @classmethod
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Validate the target and the options."""
        validated: ConfigType = cls.schema(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize the trigger."""
        super().__init__(hass, config)
        self._above: float | None = (config.options or {}).get(CONF_ABOVE)
        self._target = config.target or {}

    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: Callable[..., Any] | None = None,
    ) -> CALLBACK_TYPE:
        """Listen to the events of all limits.

        Home Assistant 2026.7 and later pass `did_not_trigger`; it is not used.
        """

        @callback
        def handle(entry_id: str, event: Told) -> None:
            """Run the action for a matching event."""
            if not is_meant(event, self.kind, self._above):
                return
            entity_id = entity_id_of(self._hass, entry_id, event)
            if entity_id in targeted_entity_ids(self._hass, self._target):
                run_action(
                    {"entity_id": entity_id, **attributes_of(event)},
                    f"{self.kind} of {entity_id}",
                )

        return async_listen(self._hass, handle)


def _trigger(
    event_kind: str, options: Mapping[Any, Any] | None = None
) -> type[_EventTrigger]:
    """Return the trigger for one event type."""

    class EventTrigger(_EventTrigger):
        """Triggers on this event type of the targeted limits."""

        kind = event_kind
        schema = target_schema(options or {})

    return EventTrigger


TRIGGERS: Mapping[str, type[Trigger]] = {
    "usage_crossed": _trigger(
        THRESHOLD_REACHED, {vol.Required(CONF_ABOVE): PERCENTAGE_SCHEMA}
    ),
    "limit_reached": _trigger(LIMIT_REACHED),
    "available_again": _trigger(AVAILABLE_AGAIN),
    "will_run_out": _trigger(WILL_RUN_OUT),
}
