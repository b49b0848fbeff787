"""Intent platform of Claude Pulse.

This module must import on every version: Home Assistant imports the platforms of an
integration together, and drops all of them if one fails.
"""

from __future__ import annotations

import logging

from homeassistant.core import HomeAssistant
from homeassistant.helpers.intent import async_register

_LOGGER = logging.getLogger(__name__)


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intent, if this version has what it needs."""
    try:
        from .assist.usage_intent import GetUsageHandler  # noqa: PLC0415
    except Exception as err:  # noqa: BLE001
        _LOGGER.warning(
            "The intent of Claude Pulse is not compatible with this Home Assistant (%s)",
            err,
        )
        return
    async_register(hass, GetUsageHandler())
