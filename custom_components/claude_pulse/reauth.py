"""Reauthentication and reconfiguration flows of an entry that are in progress."""

from __future__ import annotations

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .stored import title_of

# In `config_entries` since Home Assistant 2024.4.
_SOURCE_RECONFIGURE = "reconfigure"


async def async_start_reauth(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Start a reauthentication flow if an open reconfiguration flow prevents it.

    Home Assistant starts one itself, but not while a reconfiguration flow is open.
    """
    sources = {source for _, source in _flows(hass, entry)}
    if SOURCE_REAUTH in sources or _SOURCE_RECONFIGURE not in sources:
        return
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={
            "source": SOURCE_REAUTH,
            "entry_id": entry.entry_id,
            "title_placeholders": {"name": title_of(entry)},
            "unique_id": entry.unique_id,
        },
        data=dict(entry.data),
    )


@callback
def async_abort_flows(hass: HomeAssistant, entry: ConfigEntry, except_for: str) -> None:
    """Abort the other reauthentication and reconfiguration flows of an entry."""
    for flow_id, source in _flows(hass, entry):
        if flow_id != except_for and source in (SOURCE_REAUTH, _SOURCE_RECONFIGURE):
            hass.config_entries.flow.async_abort(flow_id)


@callback
def _flows(hass: HomeAssistant, entry: ConfigEntry) -> list[tuple[str, str]]:
    """Return the IDs and sources of an entry's flows."""
    return [
        (flow["flow_id"], flow["context"]["source"])
        for flow in hass.config_entries.flow.async_progress_by_handler(
            DOMAIN, match_context={"entry_id": entry.entry_id}
        )
    ]
