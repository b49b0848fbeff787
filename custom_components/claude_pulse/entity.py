"""What all platforms of Claude Pulse build on: the entity, and adding what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

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
from .coordinator import ClaudePulseCoordinator, Snapshot, StatusCoordinator

if TYPE_CHECKING:
    from homeassistant.helpers.entity_platform import AddEntitiesCallback

# How often a value that follows the clock is looked at again.
EVERY_MINUTE = "*"
EVERY_FIVE_MINUTES = "/5"


@dataclass(frozen=True, kw_only=True)
class ClaudePulseEntityDescription(EntityDescription):
    """What all entities of a seat are described by.

    `exists_fn` tells whether the account still has what the entity is about;
    without it the entity is unavailable. `minutes` says when the value is looked
    at again without a poll, as a time pattern. `placeholders` are filled into
    the name.
    """

    exists_fn: Callable[[Any], bool] = lambda _: True
    minutes: str | None = None
    placeholders: Mapping[str, str] | None = None


_DescriptionT = TypeVar("_DescriptionT", bound=ClaudePulseEntityDescription)


class ClaudePulseEntity(
    CoordinatorEntity["ClaudePulseCoordinator | StatusCoordinator"]
):
    """An entity of one seat."""

    _attr_has_entity_name = True
    _platform: Platform
    entity_description: ClaudePulseEntityDescription

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator | StatusCoordinator,
        description: ClaudePulseEntityDescription,
    ) -> None:
        """Initialize an entity from its description."""
        super().__init__(coordinator)
        entry = coordinator.entry
        self.entity_description = description
        # Left to Home Assistant, the id would follow its language and the area.
        self.entity_id = f"{self._platform}.{slugify(entry.title)}_{description.key}"
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
        """Return whether the last poll went well and found what this is about."""
        return super().available and self.entity_description.exists_fn(
            self.coordinator.data
        )

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
    hold the `placeholders`. What is not `fixed` comes and goes with the window.
    """

    identity: tuple[str, str]
    key: str
    texts: str
    fixed: bool = False
    placeholders: Mapping[str, str] = field(default_factory=dict)

    def window(self, snapshot: Snapshot) -> UsageWindow | None:
        """Return the window, if the account has it now."""
        return snapshot.usage.window(self.identity)

    def exists(self, snapshot: Snapshot) -> bool:
        """Tell whether the entities have something to be about."""
        return self.fixed or self.window(snapshot) is not None


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
def async_add_when_found(
    coordinator: ClaudePulseCoordinator,
    async_add_entities: AddEntitiesCallback,
    make: Callable[[ClaudePulseCoordinator, _DescriptionT], Entity],
    find: Callable[[Snapshot], Iterable[_DescriptionT]],
) -> None:
    """Add each entity that is found in what is known of the seat, when it first is."""
    added: set[str] = set()

    @callback
    def add_new() -> None:
        """Add what has come since."""
        new: dict[str, _DescriptionT] = {}
        for description in find(coordinator.data):
            if description.key not in added:
                new.setdefault(description.key, description)
        if new:
            added.update(new)
            async_add_entities([make(coordinator, item) for item in new.values()])

    add_new()
    coordinator.entry.async_on_unload(coordinator.async_add_listener(add_new))
