"""Where Home Assistant looks for the conditions of `usage_conditions`.

Must not fail to import: Home Assistant would leave out other platforms of ours, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant

from .automation import Unsupported, load_if_supported


def _load() -> Mapping[str, Any]:
    """Import the conditions, and with them what they need of Home Assistant."""
    from .usage_conditions import CONDITIONS  # noqa: PLC0415

    return CONDITIONS


_CONDITIONS = load_if_supported(
    "The conditions", "Use a condition on the Claude Pulse sensors.", _load
)

if isinstance(_CONDITIONS, Unsupported):
    # What Home Assistant before 2025.7 validates with, where it asks at all.
    async_validate_condition_config = _CONDITIONS.async_reject


async def async_get_conditions(hass: HomeAssistant) -> Mapping[str, Any]:
    """Return the conditions by name."""
    return _CONDITIONS
