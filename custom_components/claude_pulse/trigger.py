"""Where Home Assistant looks for the triggers of `usage_triggers`.

Must not fail to import: Home Assistant would leave out other platforms of ours, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant

from .automation import Unsupported, load_if_supported


def _load() -> Mapping[str, Any]:
    """Import the triggers, and with them what they need of Home Assistant."""
    from .usage_triggers import TRIGGERS  # noqa: PLC0415

    return TRIGGERS


_TRIGGERS = load_if_supported(
    "The triggers", "Choose one of the triggers of the Claude Pulse device.", _load
)

if isinstance(_TRIGGERS, Unsupported):
    # What Home Assistant before 2025.7 validates with.
    TRIGGER_SCHEMA = _TRIGGERS.reject


async def async_get_triggers(hass: HomeAssistant) -> Mapping[str, Any]:
    """Return the triggers by name."""
    return _TRIGGERS
