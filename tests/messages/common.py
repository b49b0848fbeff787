"""Phones with the Home Assistant app, and the messages that they get."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.util import slugify


@dataclass
class Phone:
    """A phone and the messages that it got."""

    device: str
    entry: MockConfigEntry
    calls: list[ServiceCall] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Return the titles, with a mark for those without a sound, and the commands."""
        return [_text_of(call.data) for call in self.calls]

    @property
    def sounds(self) -> list[str]:
        """Return the titles of the messages with a sound."""
        return [
            text
            for text in self.texts
            if not text.endswith(" (silent)") and text != "clear_notification"
        ]


def _text_of(data: dict[str, Any]) -> str:
    """Return a message as a short text."""
    if "title" not in data:
        return str(data["message"])
    return f"{data['title']}{' (silent)' if 'push' in data['data'] else ''}"


def add_phone(
    hass: HomeAssistant,
    name: str = "Ada's Pixel 8",
    on_message: Callable[[], Awaitable[None]] | None = None,
    *,
    has_action: bool = True,
) -> Phone:
    """Add a phone as the app does. `on_message` is what its notify action does first."""
    entry = MockConfigEntry(domain="mobile_app", title=name, data={"device_name": name})
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", entry.entry_id)},
        name=name,
    )
    phone = Phone(device.id, entry)

    async def notify(call: ServiceCall) -> None:
        """Record a message."""
        if on_message:
            await on_message()
        phone.calls.append(call)

    if has_action:
        hass.services.async_register("notify", slugify(f"mobile_app_{name}"), notify)
    return phone


def notifications(hass: HomeAssistant) -> dict[str, str]:
    """Return the titles of the notifications in Home Assistant, by their IDs."""
    items = hass.data.get("persistent_notification", {})
    return {key: item["title"] for key, item in items.items()}
