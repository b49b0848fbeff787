"""What happens to a window: thresholds, limits, resets, each told once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from homeassistant.components.event import EventEntity, EventExtraStoredData
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .dynamic_entities import Wanted, async_keep_up
from .entity import WindowEntity
from .events.detection import THRESHOLD_REACHED, Told, types_of
from .events.dispatcher import async_listen
from .forecast.readings import text_of
from .naming import EVENTS, SESSION_WINDOW, WEEKLY_WINDOW, WindowSubject, name_window
from .polling.coordinator import ClaudePulseCoordinator

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the events of a seat."""
    coordinator: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    fixed = [
        WindowEvents(coordinator, item) for item in (SESSION_WINDOW, WEEKLY_WINDOW)
    ]
    async_keep_up(coordinator, async_add_entities, fixed, _find)


def _find(coordinator: ClaudePulseCoordinator) -> Wanted:
    """Return the events of windows that only some accounts have."""
    found = map(name_window, coordinator.data.usage.windows)
    return {about: partial(WindowEvents, coordinator, about) for about in found}


class WindowEvents(WindowEntity, EventEntity):
    """What happens to a window; the last of it stays true when a poll fails."""

    _platform = Platform.EVENT

    def __init__(
        self, coordinator: ClaudePulseCoordinator, window: WindowSubject
    ) -> None:
        """Initialize what can be told of a window."""
        super().__init__(coordinator, window, EVENTS)
        self._attr_event_types = types_of(window.identity)

    @property
    def available(self) -> bool:
        """Tell that what has happened has."""
        return True

    @property
    def value(self) -> object:
        """Return when something was told last."""
        return self.state

    async def async_get_last_event_data(self) -> EventExtraStoredData | None:
        """Return the last event, unless it is one that this window cannot have."""
        extra = await self.async_get_last_extra_data()
        stored = extra.as_dict() if extra else None
        if not isinstance(stored, dict):
            return None
        kind = stored.get("last_event_type")
        attributes = stored.get("last_event_attributes")
        if kind not in self.event_types:
            return None
        return EventExtraStoredData(
            kind, attributes if isinstance(attributes, dict) else {}
        )

    async def async_added_to_hass(self) -> None:
        """Listen to what is told of the entry."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_listen(self.hass, self._tell, self.coordinator.config_entry)
        )

    @callback
    def _tell(self, _: str, event: Told) -> None:
        """Tell what is about this window."""
        if event.window.identity == self._identity and event.type in self.event_types:
            self._trigger_event(event.type, attributes_of(event))
            self._handle_coordinator_update()


def attributes_of(event: Told) -> dict[str, Any]:
    """Return what is told beside the type of an event."""
    told = {
        "percent": event.window.percent,
        "before": event.before,
        "resets_at": text_of(event.window.resets_at),
        "runs_out_at": text_of(event.runs_out_at),
        "late": event.late,
    }
    if event.type == THRESHOLD_REACHED:
        told["threshold"] = event.threshold
    return told
