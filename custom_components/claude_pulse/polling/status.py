"""The poller of the public status page: one for all entries, while an entity listens."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from datetime import timedelta
import logging
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..claude_ai.errors import ClaudeAiError
from ..claude_ai.status import service_status
from ..const import DOMAIN
from .base import PollFailedError, owned_by
from .sessions import short_session

_LOGGER = logging.getLogger(__name__)

_DATA = f"{DOMAIN}_status"
_INTERVAL = timedelta(minutes=5)


class StatusCoordinator(DataUpdateCoordinator[str | None]):
    """Poll the status page."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize a poller that waits for its first listener."""
        super().__init__(
            hass,
            _LOGGER,
            name=f"{DOMAIN} status",
            update_interval=_INTERVAL,
            always_update=False,
            **owned_by(None),
        )

    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Ask at once for the first who listens, but let nobody wait for it.

        The context is the id of the entry that listens.
        """
        idle = self.update_interval is None or not any(self.async_contexts())
        remove = super().async_add_listener(update_callback, context)
        if idle:
            self.hass.async_create_background_task(
                self.async_refresh(), f"{self.name} begins"
            )
        return remove

    async def _async_update_data(self) -> str | None:
        """Poll once, and go on while an entry listens whose polling is not switched off."""
        listening = map(
            self.hass.config_entries.async_get_entry, {*self.async_contexts()}
        )
        polling = any(entry and not entry.pref_disable_polling for entry in listening)
        self.update_interval = _INTERVAL if polling else None
        try:
            async with short_session(self.hass) as session:
                return await service_status(session)
        except ClaudeAiError as err:
            raise PollFailedError(err.key, str(err)) from None


@callback
def async_setup_status(hass: HomeAssistant) -> None:
    """Make the one poller, which belongs to no entry."""
    # Home Assistant before 2024.11 would take an entry from the context.
    hass.data[_DATA] = coordinator = Context().run(StatusCoordinator, hass)

    async def stop(_: Event) -> None:
        """End with Home Assistant."""
        await coordinator.async_shutdown()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop)


def status_coordinator(hass: HomeAssistant) -> StatusCoordinator:
    """Return the one poller."""
    found: StatusCoordinator = hass.data[_DATA]
    return found
