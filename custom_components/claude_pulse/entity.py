"""The entity that all platforms of Claude Pulse build on."""

from __future__ import annotations

from homeassistant.const import Platform
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import slugify

from .const import DOMAIN, USAGE_URL
from .coordinator import ClaudePulseCoordinator


class ClaudePulseEntity(CoordinatorEntity[ClaudePulseCoordinator]):
    """An entity of one seat."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: ClaudePulseCoordinator,
        platform: Platform,
        description: EntityDescription,
    ) -> None:
        """Initialize an entity of a platform from its description."""
        super().__init__(coordinator)
        entry = coordinator.entry
        self.entity_description = description
        # Left to Home Assistant, the id would follow its language and the area.
        self.entity_id = f"{platform}.{slugify(entry.title)}_{description.key}"
        self._attr_translation_key = description.key
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            configuration_url=USAGE_URL,
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, entry.entry_id)},
            manufacturer="Anthropic",
            name=entry.title,
        )
