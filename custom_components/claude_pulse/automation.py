"""What the triggers and conditions of automations have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import logging
from typing import Any, Never

import voluptuous as vol

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, Platform, __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .coordinator import ClaudePulseCoordinator
from .naming import EVENTS, subject_of
from .reading import Reading
from .told import ROSE, THRESHOLD_REACHED, Told

_LOGGER = logging.getLogger(__name__)

PERCENTAGE = vol.All(vol.Coerce(float), vol.Range(1, 100))

# Integrations can offer triggers and conditions in the automation editor since then.
_SUPPORTED_SINCE = (2025, 12)


class Unsupported(dict[str, Any]):
    """Takes the place of triggers or conditions that this Home Assistant cannot run.

    It is empty, so the editor offers none. One that an automation names is rejected for
    that automation alone: an exception other than `vol.Invalid` would keep Home
    Assistant from setting up any automation.
    """

    def __init__(self, reason: str) -> None:
        """Initialize with the reason that people read."""
        super().__init__()
        self.reason = reason

    def get(self, *_: Any) -> _Rejected:
        """Return what rejects its configuration, whatever the name."""
        return _Rejected(self.async_reject)

    def reject(self, *_: Any) -> Never:
        """Reject a configuration."""
        raise vol.Invalid(self.reason)

    async def async_reject(self, *_: Any) -> Never:
        """Reject a configuration, where Home Assistant awaits its validation."""
        self.reject()


class _Rejected:
    """A trigger or condition that rejects every configuration."""

    def __init__(self, validate: Callable[..., Any]) -> None:
        """Initialize it with the validation that rejects."""
        self._validate = validate

    def __getattr__(self, _: str) -> Callable[..., Any]:
        """Return the validation, whose name depends on the version."""
        return self._validate


def load_if_supported(
    what: str, instead: str, load: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Load our triggers or conditions, or return an `Unsupported` in their place.

    They are built on names that Home Assistant still changes. If a future version lacks
    one of them, a warning says so, and only these triggers or conditions are lost.
    """
    if (MAJOR_VERSION, MINOR_VERSION) < _SUPPORTED_SINCE:
        since = ".".join(map(str, _SUPPORTED_SINCE))
        return Unsupported(
            f"{what} of Claude Pulse need Home Assistant {since} or newer (this is "
            f"{__version__}). {instead}"
        )
    try:
        return load()
    except Exception as err:  # noqa: BLE001
        reason = (
            f"{what} of Claude Pulse do not work with Home Assistant {__version__} yet. "
            f"Update Claude Pulse. {instead}"
        )
        _LOGGER.warning("%s (%s)", reason, err)
        return Unsupported(reason)


def events_id(entry_id: str, window: str) -> str:
    """Return the unique id of the events of a window, by the key of its subject."""
    return f"{entry_id}_{window}_{EVENTS}"


def entity_id_of(hass: HomeAssistant, entry_id: str, event: Told) -> str | None:
    """Return the entity that something is told by, unless it is disabled."""
    registry = er.async_get(hass)
    unique_id = events_id(entry_id, subject_of(event.window).key)
    entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return entity_id if entity and not entity.disabled else None


def is_meant(event: Told, kind: str, above: float | None = None) -> bool:
    """Tell whether it is what an automation waits for.

    A percentage is reached by whatever passes it, also if it is none of the options.
    """
    if kind == THRESHOLD_REACHED and above is not None:
        return event.type == ROSE and event.before < above <= event.window.percent
    return event.type == kind


def tells_events(entity: er.RegistryEntry) -> bool:
    """Tell whether an entity is the events of a window."""
    return (entity.domain, entity.platform) == (Platform.EVENT, DOMAIN)


def readings_of(hass: HomeAssistant, entity_ids: set[str]) -> list[Reading | None]:
    """Return what the windows say now whose events are among entities, if that is known."""
    registry = er.async_get(hass)
    return [
        _reading_of(hass, entity)
        for entity in map(registry.async_get, entity_ids)
        if entity is not None and tells_events(entity)
    ]


def _reading_of(hass: HomeAssistant, entity: er.RegistryEntry) -> Reading | None:
    """Return what the window of an entity says now, if that is known."""
    entry_id = str(entity.config_entry_id)
    seat: ClaudePulseCoordinator | None = hass.data.get(DOMAIN, {}).get(entry_id)
    if seat is None or not seat.last_update_success:
        return None
    for window in seat.data.usage.all_windows:
        if entity.unique_id == events_id(entry_id, subject_of(window).key):
            return seat.readings[window.identity]
    return None
