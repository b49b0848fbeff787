"""What the system information page shows."""

from __future__ import annotations

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .claude_ai import client
from .const import DOMAIN
from .polling.coordinator import ClaudePulseCoordinator


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Register the information."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return whether claude.ai can be reached, and how the accounts are doing."""
    coordinators: list[ClaudePulseCoordinator] = [*hass.data.get(DOMAIN, {}).values()]
    successes = (item.last_success for item in coordinators if item.last_success)
    return {
        "can_reach_server": system_health.async_check_can_reach_url(
            hass, client.BASE_URL
        ),
        "accounts": len(hass.config_entries.async_entries(DOMAIN)),
        "accounts_up_to_date": sum(item.last_update_success for item in coordinators),
        "last_success": max(successes, default=None),
    }
