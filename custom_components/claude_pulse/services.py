"""Actions."""

from __future__ import annotations

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser
from homeassistant.util.json import JsonValueType

from .claude_ai.windows import WEEKLY
from .const import DOMAIN
from .forecast.export import async_export
from .runtime import runtime_of

SERVICE_EXPORT_HISTORY = "export_history"


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""

    async def export_history(call: ServiceCall) -> ServiceResponse:
        """Return the hourly usage of all entries, to administrators only."""
        await _async_check_admin(hass, call)
        return {"traces": await _async_traces(hass)}

    hass.services.async_register(
        DOMAIN,
        SERVICE_EXPORT_HISTORY,
        export_history,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_check_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Check that the user is an administrator, or that an automation calls.

    `async_register_admin_service` supports no response in Home Assistant 2024.1.
    """
    if not (user_id := call.context.user_id):
        return
    if (user := await hass.auth.async_get_user(user_id)) is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


async def _async_traces(hass: HomeAssistant) -> list[JsonValueType]:
    """Return the hourly usage of all entries, without names and IDs.

    Raises HomeAssistantError if there is none.
    """
    traces: list[JsonValueType] = []
    for entry in hass.config_entries.async_entries(DOMAIN):
        reading = runtime_of(hass, entry).reading(WEEKLY)
        resets_at = reading.window.resets_at if reading else None
        trace = await async_export(hass, entry, resets_at)
        if trace is not None:
            traces.append(trace)
    if not traces:
        raise HomeAssistantError(
            "There are no hourly statistics of the weekly usage yet. The recorder creates "
            "them within an hour, unless the sensor is excluded from it"
        )
    return traces
