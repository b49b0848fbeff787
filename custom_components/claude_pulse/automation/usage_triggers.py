"""Automation triggers for the events of usage limits.

Imported only if Home Assistant supports them, see `load_if_supported`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import voluptuous as vol

from homeassistant.const import CONF_ABOVE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.trigger import Trigger

from .matching import (
    PERCENTAGE_SCHEMA,
    TRIGGER_TYPES,
    USAGE_CROSSED,
    async_listen_for,
)
from .target import WithTarget, target_schema, targeted_entity_ids

if TYPE_CHECKING:
    from homeassistant.helpers.trigger import TriggerActionRunner, TriggerConfig


class _EventTrigger(WithTarget, Trigger):
    """Triggers on one event type of the targeted limits."""

    trigger_type: ClassVar[str]

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
        return async_listen_for(
            self._hass,
            self.trigger_type,
            self._above,
            lambda entity_id: (
                entity_id in targeted_entity_ids(self._hass, self._target)
            ),
            lambda entity_id, data: run_action(
                {"entity_id": entity_id, **data}, f"{self.trigger_type} of {entity_id}"
            ),
        )


def _trigger(event_type: str) -> type[_EventTrigger]:
    """Return the trigger for one event type."""
    options: Mapping[Any, Any] = {}
    if event_type == USAGE_CROSSED:
        options = {vol.Required(CONF_ABOVE): PERCENTAGE_SCHEMA}

    class EventTrigger(_EventTrigger):
        """Triggers on this event type of the targeted limits."""

        schema = target_schema(options)
        trigger_type = event_type

    return EventTrigger


TRIGGERS: Mapping[str, type[Trigger]] = {
    event_type: _trigger(event_type) for event_type in TRIGGER_TYPES
}
