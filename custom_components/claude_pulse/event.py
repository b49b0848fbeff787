"""Event entities: thresholds, limits and resets, each event once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from homeassistant.components.event import EventEntity, EventExtraStoredData
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddEntitiesCallback
from homeassistant.helpers.typing import StateType

from .dynamic_entities import Factories, async_add_dynamic_entities
from .entity import WindowEntity
from .events.dispatcher import EventDispatcher, async_listen
from .events.model import Event, types_of
from .naming import (
    ACCOUNT_SUBJECT,
    EVENTS,
    FIXED_WINDOWS,
    SAVED_RESETS_SUBJECT,
    Subject,
    WindowSubject,
    subject_of,
)
from .runtime import Runtime, runtime_of

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the event entities of an entry."""
    runtime = runtime_of(hass, entry)
    subjects = (*FIXED_WINDOWS.values(), ACCOUNT_SUBJECT)
    fixed = [SubjectEvents(runtime, subject) for subject in subjects]
    async_add_dynamic_entities(runtime, async_add_entities, fixed, _dynamic_events)


def _dynamic_events(runtime: Runtime) -> Factories:
    """Return the event entities that only some accounts have."""
    usage = runtime.coordinator.data
    windows = map(subject_of, usage.all_windows)
    factories: dict[tuple[Subject | None, str], Callable[[], SubjectEvents]] = {
        (window, EVENTS): partial(SubjectEvents, runtime, window)
        for window in windows
        if window.identity not in FIXED_WINDOWS
    }
    if usage.saved_resets and usage.saved_resets.is_eligible:
        # Without a subject, the entity is added at once. With one, it would be added with the
        # second answer that has saved resets, and could miss its first event.
        factories[None, SAVED_RESETS_SUBJECT.key] = partial(
            SubjectEvents, runtime, SAVED_RESETS_SUBJECT
        )
    return factories


class SubjectEvents(WindowEntity, EventEntity):
    """The events of a limit, the saved resets or the account.

    The last event remains shown if a poll fails.
    """

    _platform = Platform.EVENT

    def __init__(self, runtime: Runtime, window: WindowSubject) -> None:
        """Initialize the entity of a limit."""
        super().__init__(runtime, window, EVENTS)
        self._attr_event_types = list(types_of(window.identity))

    @property
    def available(self) -> bool:
        """Return True, as the last event remains true."""
        return True

    @property
    def value(self) -> StateType:
        """Return the time of the last event."""
        return self.state

    async def async_get_last_event_data(self) -> EventExtraStoredData | None:
        """Return the stored last event, unless this limit cannot have it."""
        extra = await self.async_get_last_extra_data()
        stored = extra.as_dict() if extra else None
        if not isinstance(stored, dict):
            return None
        event_type = stored.get("last_event_type")
        attributes = stored.get("last_event_attributes")
        if event_type not in self.event_types:
            return None
        return EventExtraStoredData(
            event_type, attributes if isinstance(attributes, dict) else {}
        )

    async def async_added_to_hass(self) -> None:
        """Listen to the events of the entry."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_listen(self.hass, self._handle_event, self.runtime.entry)
        )

    @callback
    def _handle_event(self, _: EventDispatcher, event: Event) -> None:
        """Show an event of this entity."""
        if event.identity == self._identity and event.type in self.event_types:
            self._trigger_event(event.type, event.as_dict())
            self._handle_coordinator_update()
