"""Trigger platform of Claude Pulse.

This module must import on every version: Home Assistant imports the platforms of an
integration together, and drops all of them if one fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant

from .automation.support import UnsupportedPlatform, load_if_supported


def _load() -> Mapping[str, Any]:
    """Import the triggers, which need newer Home Assistant APIs."""
    from .automation.usage_triggers import TRIGGERS  # noqa: PLC0415

    return TRIGGERS


_TRIGGERS = load_if_supported(
    "The triggers", "Choose one of the triggers of the Claude Pulse device", _load
)

if isinstance(_TRIGGERS, UnsupportedPlatform):
    # Home Assistant before 2025.7 validates triggers with this.
    TRIGGER_SCHEMA = _TRIGGERS.reject


async def async_get_triggers(hass: HomeAssistant) -> Mapping[str, Any]:
    """Return the triggers by name."""
    return _TRIGGERS
