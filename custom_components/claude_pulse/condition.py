"""Condition platform of Claude Pulse.

This module must import on every version: Home Assistant imports the platforms of an
integration together, and drops all of them if one fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant

from .automation.support import UnsupportedPlatform, load_if_supported


def _load() -> Mapping[str, Any]:
    """Import the conditions, which need newer Home Assistant APIs."""
    from .automation.usage_conditions import CONDITIONS  # noqa: PLC0415

    return CONDITIONS


_CONDITIONS = load_if_supported(
    "The conditions", "Use a condition on the Claude Pulse sensors", _load
)

if isinstance(_CONDITIONS, UnsupportedPlatform):
    # Home Assistant before 2025.7 validates conditions with this.
    async_validate_condition_config = _CONDITIONS.async_reject


async def async_get_conditions(hass: HomeAssistant) -> Mapping[str, Any]:
    """Return the conditions by name."""
    return _CONDITIONS
