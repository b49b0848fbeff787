"""Coordinator that polls the public status page for all entries."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..claude_ai.errors import ClaudeAiError
from ..claude_ai.status import service_status
from ..const import DOMAIN
from .base import PollFailedError, config_entry_argument
from .http import short_session

_LOGGER = logging.getLogger(__name__)

_DATA = f"{DOMAIN}_status"
_INTERVAL = timedelta(minutes=5)


class StatusCoordinator(DataUpdateCoordinator[str | None]):
    """Polls the status page while an entity listens."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the coordinator."""
        super().__init__(
            hass,
            _LOGGER,
            name=f"{DOMAIN} status",
            update_interval=_INTERVAL,
            always_update=False,
            **config_entry_argument(None),
        )

    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Add a listener, and poll in the background for the first one.

        The context is the ID of the listener's entry.
        """
        idle = self.update_interval is None or not any(self.async_contexts())
        remove = super().async_add_listener(update_callback, context)
        if idle:
            self.hass.async_create_background_task(
                self.async_refresh(), f"{self.name} first poll"
            )
        return remove

    @callback
    def status_for(self, entry: ConfigEntry) -> str | None:
        """Return the status if an entity of an entry listens, or None if it is unknown."""
        listens = entry.entry_id in self.async_contexts()
        return self.data if listens and self.last_update_success else None

    async def _async_update_data(self) -> str | None:
        """Poll, and continue while polling is enabled for an entry that listens."""
        entries = map(
            self.hass.config_entries.async_get_entry, {*self.async_contexts()}
        )
        enabled = any(entry and not entry.pref_disable_polling for entry in entries)
        self.update_interval = _INTERVAL if enabled else None
        try:
            async with short_session(self.hass) as session:
                return await service_status(session)
        except ClaudeAiError as err:
            raise PollFailedError(err.key, str(err)) from None


@callback
def async_setup_status(hass: HomeAssistant) -> None:
    """Create the coordinator, which belongs to no entry."""
    # Before 2024.11, a coordinator takes its entry from the context.
    hass.data[_DATA] = coordinator = Context().run(StatusCoordinator, hass)

    async def stop(_: Event) -> None:
        """Stop polling before Home Assistant stops."""
        await coordinator.async_shutdown()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)


def status_coordinator(hass: HomeAssistant) -> StatusCoordinator:
    """Return the coordinator."""
    coordinator: StatusCoordinator = hass.data[_DATA]
    return coordinator
