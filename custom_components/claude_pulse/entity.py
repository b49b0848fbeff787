"""The entity that all platforms of Claude Pulse build on, and the windows it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.const import Platform
from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.typing import UndefinedType
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import slugify

from .claude_ai.usage import KIND_WEEKLY_SCOPED, UsageWindow
from .const import DOMAIN, USAGE_URL
from .coordinator import ClaudePulseCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

# How often a value that follows the clock is looked at again.
EVERY_MINUTE = "*"
EVERY_FIVE_MINUTES = "/5"


@dataclass(frozen=True, kw_only=True)
class ClaudePulseEntityDescription(EntityDescription):
    """What all entities of a seat are described by.

    `minutes` says when the value is looked at again without a poll, as a time
    pattern. `window` is the identity of the window that the entity is about and
    is unavailable without. `placeholders` are filled into the name.
    """

    minutes: str | None = None
    placeholders: Mapping[str, str] | None = None
    window: tuple[str, str] | None = None


class ClaudePulseEntity(CoordinatorEntity[ClaudePulseCoordinator]):
    """An entity of one seat."""

    _attr_has_entity_name = True
    entity_description: ClaudePulseEntityDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        platform: Platform,
        description: ClaudePulseEntityDescription,
    ) -> None:
        """Initialize an entity of a platform from its description."""
        super().__init__(coordinator)
        entry = coordinator.entry
        self.entity_description = description
        # Left to Home Assistant, the id would follow its language and the area.
        self.entity_id = f"{platform}.{slugify(entry.title)}_{description.key}"
        self._attr_translation_key = description.translation_key or description.key
        self._attr_translation_placeholders = dict(description.placeholders or {})
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            configuration_url=USAGE_URL,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer="Anthropic",
            name=entry.title,
        )

    @property
    def name(self) -> str | UndefinedType | None:
        """Return the translated name."""
        name = super().name
        # Home Assistant fills in the placeholders itself since 2024.2.
        for placeholder, value in self._attr_translation_placeholders.items():
            name = str(name).replace(f"{{{placeholder}}}", value)
        return name

    @property
    def available(self) -> bool:
        """Return whether the last poll went well and the window is there."""
        identity = self.entity_description.window
        if not super().available or identity is None:
            return super().available
        return self.coordinator.data.usage.window(identity) is not None

    async def async_added_to_hass(self) -> None:
        """Follow the clock as well, if the value does."""
        await super().async_added_to_hass()
        if (minutes := self.entity_description.minutes) is not None:
            self.async_on_remove(
                async_track_utc_time_change(
                    self.hass, self._handle_clock, minute=minutes, second=0
                )
            )

    @callback
    def _handle_clock(self, _: datetime) -> None:
        """Write the state again, which changes it only if the value has."""
        self.async_write_ha_state()


@dataclass(frozen=True, kw_only=True)
class WindowNames:
    """How the entities of a window are called.

    `key` starts their keys, `texts` the keys of their names and icons, which
    hold the `placeholders`.
    """

    identity: tuple[str, str]
    key: str
    texts: str
    placeholders: Mapping[str, str] = field(default_factory=dict)


def names_of(window: UsageWindow) -> WindowNames:
    """Name a window that only the server knows, in its own words."""
    name = slugify(window.name) if window.name else ""
    if window.kind == KIND_WEEKLY_SCOPED and window.name:
        return WindowNames(
            identity=window.identity,
            key=f"weekly_{name}",
            placeholders={"model": window.name},
            texts="model",
        )
    kind = window.kind.replace("_", " ").capitalize()
    return WindowNames(
        identity=window.identity,
        key="_".join(filter(None, (slugify(window.kind), name))),
        placeholders={"window": " ".join(filter(None, (kind, window.name)))},
        texts="window",
    )


@callback
def async_add_windows(
    coordinator: ClaudePulseCoordinator,
    async_add_entities: AddEntitiesCallback,
    make: Callable[[WindowNames], Iterable[Entity]],
) -> None:
    """Add the entities of each further window when it is first seen."""
    added: set[str] = set()

    @callback
    def add_new() -> None:
        """Add those of windows that have come since."""
        for window in coordinator.data.usage.windows:
            names = names_of(window)
            if names.key not in added:
                added.add(names.key)
                async_add_entities(make(names))

    add_new()
    coordinator.entry.async_on_unload(coordinator.async_add_listener(add_new))
