"""Whether a limit has been reached, and whether the week will last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .claude_ai.pace import pace_of
from .claude_ai.usage import Usage
from .const import DOMAIN
from .coordinator import ClaudePulseCoordinator, Snapshot
from .entity import (
    EVERY_FIVE_MINUTES,
    ClaudePulseEntity,
    ClaudePulseEntityDescription,
    WindowNames,
    async_add_when_found,
    names_of,
)

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ClaudePulseBinarySensorDescription(
    ClaudePulseEntityDescription, BinarySensorEntityDescription
):
    """A binary sensor, and how its state follows from what is known of the seat."""

    is_on_fn: Callable[[Any], bool | None]


def _limit_reached(usage: Usage) -> bool | None:
    """Tell whether the session or the week is used up; a model's window does not count."""
    windows = [window for window in (usage.session, usage.weekly) if window]
    return any(window.percent >= 100 for window in windows) if windows else None


def _weekly_lasts(usage: Usage) -> bool | None:
    """Tell whether the week lasts until its reset at the rate so far."""
    pace = pace_of(usage.weekly, dt_util.utcnow()) if usage.weekly else None
    return pace.lasts if pace else None


BINARY_SENSORS: tuple[ClaudePulseBinarySensorDescription, ...] = (
    ClaudePulseBinarySensorDescription(
        key="limit_reached",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda snapshot: _limit_reached(snapshot.usage),
    ),
    ClaudePulseBinarySensorDescription(
        key="weekly_lasts",
        is_on_fn=lambda snapshot: _weekly_lasts(snapshot.usage),
        minutes=EVERY_FIVE_MINUTES,
    ),
)


def _for_window(names: WindowNames) -> ClaudePulseBinarySensorDescription:
    """Describe the binary sensor of a window that has been found."""

    def is_on(snapshot: Snapshot) -> bool | None:
        """Tell whether the window is used up, while the account has it."""
        window = names.window(snapshot)
        return window.percent >= 100 if window else None

    return ClaudePulseBinarySensorDescription(
        key=f"{names.key}_limit_reached",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_registry_enabled_default=False,
        exists_fn=names.exists,
        is_on_fn=is_on,
        placeholders=names.placeholders,
        translation_key=f"{names.texts}_limit_reached",
    )


def _find(snapshot: Snapshot) -> Iterator[ClaudePulseBinarySensorDescription]:
    """Yield all binary sensors that a seat has now."""
    yield from BINARY_SENSORS
    for window in snapshot.usage.windows:
        yield _for_window(names_of(window))


async def async_setup_entry(
    hass: HomeAssistant, entry: ConfigEntry, async_add_entities: AddEntitiesCallback
) -> None:
    """Set up the binary sensors of a seat."""
    coordinator: ClaudePulseCoordinator = hass.data[DOMAIN][entry.entry_id]
    async_add_when_found(
        coordinator, async_add_entities, ClaudePulseBinarySensor, _find
    )


class ClaudePulseBinarySensor(ClaudePulseEntity, BinarySensorEntity):
    """A binary sensor of a seat."""

    _platform = Platform.BINARY_SENSOR
    entity_description: ClaudePulseBinarySensorDescription

    @property
    def is_on(self) -> bool | None:
        """Return the state that follows from the last poll and the clock."""
        return self.entity_description.is_on_fn(self.coordinator.data)
