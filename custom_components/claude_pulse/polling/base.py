"""What both pollers need: an error with a translation, and to whom a coordinator belongs."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# The config entry is an argument since Home Assistant 2024.11.
_OWNER_IS_ARGUMENT = (
    "config_entry" in signature(DataUpdateCoordinator.__init__).parameters
)


def owned_by(entry: ConfigEntry | None) -> dict[str, Any]:
    """Return the argument that tells a coordinator its config entry, where there is one."""
    return {"config_entry": entry} if _OWNER_IS_ARGUMENT else {}


class PollFailedError(UpdateFailed):
    """A poll that failed, in English and with the key of its translation."""

    def __init__(self, key: str, message: str) -> None:
        """Take over what the client said."""
        super().__init__(message)
        # UpdateFailed takes these as arguments since Home Assistant 2025.1.
        self.translation_domain = DOMAIN
        self.translation_key = key
        self.translation_placeholders = None
