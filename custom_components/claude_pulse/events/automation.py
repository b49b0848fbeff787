"""What the triggers and conditions of automations have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import logging
from typing import Any, Never

import voluptuous as vol

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, Platform, __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN
from ..forecast.readings import Reading
from ..naming import EVENTS, subject_of
from ..polling.coordinator import ClaudePulseCoordinator
from .detection import ROSE, THRESHOLD_REACHED, Told

_LOGGER = logging.getLogger(__name__)

PERCENTAGE_SCHEMA = vol.All(vol.Coerce(float), vol.Range(1, 100))

# Integrations can provide triggers and conditions since this version.
_SUPPORTED_SINCE = (2025, 12)


class UnsupportedPlatform(dict[str, Any]):
    """Replaces the triggers or conditions that this version does not support.

    The editor offers none. An automation that uses one is rejected; other automations
    are set up. It raises `vol.Invalid`, because any other exception would
    stop the set-up of all automations.
    """

    def __init__(self, reason: str) -> None:
        """Initialize with the error message."""
        super().__init__()
        self.reason = reason

    def get(self, *_: Any) -> _Rejected:
        """Return a trigger or condition that rejects every configuration."""
        return _Rejected(self.async_reject)

    def reject(self, *_: Any) -> Never:
        """Reject a configuration."""
        raise vol.Invalid(self.reason)

    async def async_reject(self, *_: Any) -> Never:
        """Async version of `reject`."""
        self.reject()


class _Rejected:
    """A trigger or condition that rejects every configuration."""

    def __init__(self, validate: Callable[..., Any]) -> None:
        """Initialize with the validator, which rejects."""
        self._validate = validate

    def __getattr__(self, _: str) -> Callable[..., Any]:
        """Return the validator; its method name depends on the version."""
        return self._validate


def load_if_supported(
    label: str, alternative: str, load: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Load triggers or conditions, or return an `UnsupportedPlatform`.

    They use Home Assistant APIs that are not stable. If one is missing, log a warning
    and disable only these triggers or conditions.
    """
    if (MAJOR_VERSION, MINOR_VERSION) < _SUPPORTED_SINCE:
        since = ".".join(map(str, _SUPPORTED_SINCE))
        return UnsupportedPlatform(
            f"{label} of Claude Pulse need Home Assistant {since} or newer (this is "
            f"{__version__}). {alternative}"
        )
    try:
        return load()
    except Exception as err:  # noqa: BLE001
        problem = (
            f"{label} of Claude Pulse are not compatible with Home Assistant "
            f"{__version__}"
        )
        _LOGGER.warning("%s (%s)", problem, err)
        return UnsupportedPlatform(
            f"{problem}. Check for an update of Claude Pulse. {alternative}"
        )


def events_id(entry_id: str, window: str) -> str:
    """Return the unique ID of a window's event entity, by the key of its subject."""
    return f"{entry_id}_{window}_{EVENTS}"


def entity_id_of(hass: HomeAssistant, entry_id: str, event: Told) -> str | None:
    """Return the ID of the entity that reports an event, unless it is disabled."""
    registry = er.async_get(hass)
    unique_id = events_id(entry_id, subject_of(event.window).key)
    entity_id = registry.async_get_entity_id(Platform.EVENT, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    return entity_id if entity and not entity.disabled else None


def is_meant(event: Told, kind: str, above: float | None = None) -> bool:
    """Return whether an event matches a trigger.

    With `above`, any rise across this percentage matches, even if it is not one of the
    thresholds in the options.
    """
    if kind == THRESHOLD_REACHED and above is not None:
        return event.type == ROSE and event.before < above <= event.window.percent
    return event.type == kind


def tells_events(entity: er.RegistryEntry) -> bool:
    """Return whether an entity is an event entity of a limit."""
    return (entity.domain, entity.platform) == (Platform.EVENT, DOMAIN)


def readings_of(hass: HomeAssistant, entity_ids: set[str]) -> list[Reading | None]:
    """Return the current reading of each event entity's limit, or None if unknown."""
    registry = er.async_get(hass)
    return [
        _reading_of(hass, entity)
        for entity in map(registry.async_get, entity_ids)
        if entity is not None and tells_events(entity)
    ]


def _reading_of(hass: HomeAssistant, entity: er.RegistryEntry) -> Reading | None:
    """Return the current reading of an entity's limit, or None if it is unknown."""
    entry_id = str(entity.config_entry_id)
    seat: ClaudePulseCoordinator | None = hass.data.get(DOMAIN, {}).get(entry_id)
    if seat is None or not seat.last_update_success:
        return None
    for window in seat.data.usage.all_windows:
        if entity.unique_id == events_id(entry_id, subject_of(window).key):
            return seat.readings[window.identity]
    return None
