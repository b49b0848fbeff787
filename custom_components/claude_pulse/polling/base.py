"""Parts that both coordinators share."""

from __future__ import annotations

from inspect import signature
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..const import DOMAIN

_HAS_CONFIG_ENTRY_ARGUMENT = (
    "config_entry" in signature(DataUpdateCoordinator.__init__).parameters
)


def config_entry_argument(entry: ConfigEntry | None) -> dict[str, Any]:
    """Return the `config_entry` argument of a coordinator. It exists since 2024.11."""
    return {"config_entry": entry} if _HAS_CONFIG_ENTRY_ARGUMENT else {}


class PollFailedError(UpdateFailed):
    """A failed poll, with an English message and a translation."""

    def __init__(self, key: str, message: str) -> None:
        """Initialize the error. `key` is its translation key."""
        super().__init__(message)
        # Arguments of UpdateFailed since Home Assistant 2025.1.
        self.translation_domain = DOMAIN
        self.translation_key = key
        self.translation_placeholders = None
