"""One session key for all entries of an account: which entry asks, and which ones get it."""

from __future__ import annotations

from collections.abc import Container

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import CONF_PREVIOUS_SESSION_KEY, CONF_SESSION_KEY, DOMAIN
from .seat import account_id_of, async_entries_of_account
from .stored import data_of, title_of

# In `config_entries` since Home Assistant 2024.4.
_SOURCE_RECONFIGURE = "reconfigure"

# The refused session keys by entry ID, the first refusal first.
_REFUSED_KEYS = f"{DOMAIN}_refused_keys"

# Entries in other states need no reload: they are not set up, or read the stored key while
# being set up.
_RELOADED = (
    ConfigEntryState.LOADED,
    ConfigEntryState.SETUP_ERROR,
    ConfigEntryState.SETUP_RETRY,
)


@callback
def async_record_refusal(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Record that an entry's session key was refused. Return whether this entry asks for one.

    Only one entry of an account asks: the first one whose key was refused. If it is
    disabled or removed, the next one asks.
    """
    refused = _refused_keys(hass)
    refused[entry.entry_id] = data_of(entry).session_key
    candidates = {entry.entry_id}
    for other in async_entries_of_account(hass, account_id_of(entry), except_for=entry):
        key = refused.get(other.entry_id)
        if key == data_of(other).session_key and not other.disabled_by:
            candidates.add(other.entry_id)
        else:
            refused.pop(other.entry_id, None)
    first = next(entry_id for entry_id in refused if entry_id in candidates)
    return first == entry.entry_id


async def async_reauth_during_reconfigure(
    hass: HomeAssistant, entry: ConfigEntry
) -> None:
    """Start a reauthentication flow if a reconfiguration flow is open.

    Home Assistant itself does not start one then.
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
def async_share_key(
    hass: HomeAssistant,
    account_id: str | None,
    session_key: str,
    except_for: ConfigEntry | None = None,
) -> None:
    """Store a new session key in the entries of an account, except the one that has it.

    Their present keys are kept until a request with the new one has succeeded, because
    it may not have access to their organizations. Entries that were waiting for a key are
    reloaded.
    """
    refused = _refused_keys(hass)
    if except_for is not None:
        refused.pop(except_for.entry_id, None)
    for entry in async_entries_of_account(hass, account_id, except_for=except_for):
        stored = data_of(entry)
        waits = refused.pop(entry.entry_id, None) == stored.session_key
        if stored.session_key != session_key:
            data = {**entry.data, CONF_SESSION_KEY: session_key}
            previous = stored.previous_session_key or stored.session_key
            data[CONF_PREVIOUS_SESSION_KEY] = previous
            hass.config_entries.async_update_entry(entry, data=data)
        if waits or SOURCE_REAUTH in {source for _, source in _flows(hass, entry)}:
            async_abort_flows(hass, entry)
        if waits and not entry.disabled_by and entry.state in _RELOADED:
            hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))


@callback
def async_abort_flows(
    hass: HomeAssistant,
    entry: ConfigEntry,
    except_for: str | None = None,
    sources: Container[str] = (SOURCE_REAUTH, _SOURCE_RECONFIGURE),
) -> None:
    """Abort the flows of an entry from some sources, except one flow.

    The default is all reauthentication and reconfiguration flows.
    """
    for flow_id, source in _flows(hass, entry):
        if flow_id != except_for and source in sources:
            hass.config_entries.flow.async_abort(flow_id)


@callback
def async_stop_asking(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Abort the reauthentication flow of a disabled or removed entry.

    Another entry of the account asks then.
    """
    _refused_keys(hass).pop(entry.entry_id, None)
    # Home Assistant 2024.1 does not abort it for a disabled entry.
    async_abort_flows(hass, entry, sources=(SOURCE_REAUTH,))


@callback
def _flows(hass: HomeAssistant, entry: ConfigEntry) -> list[tuple[str, str]]:
    """Return the IDs and sources of an entry's flows."""
    return [
        (flow["flow_id"], flow["context"]["source"])
        for flow in hass.config_entries.flow.async_progress_by_handler(
            DOMAIN, match_context={"entry_id": entry.entry_id}
        )
    ]


@callback
def _refused_keys(hass: HomeAssistant) -> dict[str, str]:
    """Return the refused session keys by entry ID."""
    refused: dict[str, str] = hass.data.setdefault(_REFUSED_KEYS, {})
    return refused
