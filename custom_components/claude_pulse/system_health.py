"""Information for the system health page."""

from __future__ import annotations

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .claude_ai import client
from .const import DOMAIN
from .runtime import runtime_of


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return whether claude.ai can be reached, and how many accounts are up to date."""
    runtimes = [
        runtime_of(hass, entry) for entry in hass.config_entries.async_entries(DOMAIN)
    ]
    successes = (runtime.back_off.last_success for runtime in runtimes)
    return {
        "can_reach_server": system_health.async_check_can_reach_url(
            hass, client.BASE_URL
        ),
        "accounts": len(runtimes),
        "accounts_up_to_date": sum(runtime.has_values for runtime in runtimes),
        "last_success": max(filter(None, successes), default=None),
    }
