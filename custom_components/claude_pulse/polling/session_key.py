"""The session key of an entry: confirm that it expired, renew it, restore it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..claude_ai.client import ClaudeAiClient
from ..claude_ai.errors import ClaudeAiError, InvalidSessionError
from ..const import (
    CONF_PREVIOUS_SESSION_KEY,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
)
from ..stored import data_of

# Seconds between the first refusal of a session key and the request that confirms it.
CONFIRM_PAUSE = 5

# After claude.ai refused a renewed key, no renewal is stored for this long.
_RENEWAL_PAUSE = timedelta(days=1)

_T = TypeVar("_T")


class SessionKey:
    """The session key that a client uses for an entry.

    claude.ai can renew a key with a cookie. The previous key is stored with the new one
    until a request with the new one has succeeded.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ClaudeAiClient
    ) -> None:
        """Initialize for the stored key."""
        self._client = client
        self._entry = entry
        self._hass = hass
        self._no_renewal_until = dt_util.utcnow()

    async def async_request(self, request: Callable[[], Awaitable[_T]]) -> _T:
        """Send a request, and repeat it if claude.ai refuses the key.

        If the key was just renewed, the previous one is tried first, and restored if
        claude.ai accepts it. Raises ClaudeAiError.
        """
        try:
            return await request()
        except InvalidSessionError:
            if previous := data_of(self._entry).previous_session_key:
                try:
                    return await self._async_restore(previous, request)
                except InvalidSessionError:
                    pass
            await asyncio.sleep(CONFIRM_PAUSE)
            return await request()

    async def _async_restore(
        self, previous: str, request: Callable[[], Awaitable[_T]]
    ) -> _T:
        """Send a request with the previous key, and store that key if it works."""
        refused, self._client.session_key = self._client.session_key, previous
        try:
            answer = await request()
        except ClaudeAiError:
            self._client.session_key = refused
            raise
        self._no_renewal_until = dt_util.utcnow() + _RENEWAL_PAUSE
        data = {**self._entry.data, CONF_SESSION_KEY: previous}
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        self._store(refused, data)
        return answer

    @callback
    def async_succeeded(self) -> None:
        """Remember since when the key works, and store a renewed one."""
        working, now = self._client.session_key, dt_util.utcnow()
        stored, data = data_of(self._entry), dict(self._entry.data)
        if stored.previous_session_key or stored.session_key_since is None:
            data[CONF_SESSION_KEY_SINCE] = now.isoformat()
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        offered, self._client.offered_key = self._client.offered_key, None
        if offered and now >= self._no_renewal_until:
            data |= {CONF_SESSION_KEY: offered, CONF_PREVIOUS_SESSION_KEY: working}
        if data != self._entry.data and self._store(working, data):
            self._client.session_key = data[CONF_SESSION_KEY]

    def _store(self, used: str, data: dict[str, Any]) -> bool:
        """Store the data, unless the entry was removed or has another key now."""
        entries = self._hass.config_entries
        if entries.async_get_entry(self._entry.entry_id) is None:
            return False
        if data_of(self._entry).session_key != used:
            return False
        entries.async_update_entry(self._entry, data=data)
        return True
