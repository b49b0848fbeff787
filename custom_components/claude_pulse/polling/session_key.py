"""The life of an entry's session key: confirm, renew, restore, age."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

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

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# Between the first refusal of a session key and the request that confirms it.
CONFIRM_PAUSE = 5

# A renewed key that was refused is not believed again before this.
_RENEWAL_PAUSE = timedelta(days=1)

_T = TypeVar("_T")


class SessionKey:
    """The key that a client asks with, which belongs to an entry.

    A key that claude.ai renews is stored with the one before it beside it, until a
    request has proved the new one.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ClaudeAiClient
    ) -> None:
        """Begin with the key that is stored."""
        self._client = client
        self._entry = entry
        self._hass = hass
        self._no_renewal_until = dt_util.utcnow()

    async def async_ask(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask, and ask again before the key is called dead.

        After a renewal the key before it is tried first, and restored if claude.ai
        still accepts that.
        """
        try:
            return await ask()
        except InvalidSessionError:
            if previous := data_of(self._entry).previous_session_key:
                try:
                    return await self._async_restore(previous, ask)
                except InvalidSessionError:
                    pass
            await asyncio.sleep(CONFIRM_PAUSE)
            return await ask()

    async def _async_restore(
        self, previous: str, ask: Callable[[], Awaitable[_T]]
    ) -> _T:
        """Ask with the key that a renewal has replaced, and go back to it."""
        refused, self._client.session_key = self._client.session_key, previous
        try:
            answer = await ask()
        except ClaudeAiError:
            self._client.session_key = refused
            raise
        self._no_renewal_until = dt_util.utcnow() + _RENEWAL_PAUSE
        data = {**self._entry.data, CONF_SESSION_KEY: previous}
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        self._store(refused, data)
        return answer

    @callback
    def async_proved(self) -> None:
        """Note that the key works, and take over one that claude.ai has renewed."""
        proved, now = self._client.session_key, dt_util.utcnow()
        stored, data = data_of(self._entry), dict(self._entry.data)
        if stored.previous_session_key or stored.session_key_since is None:
            data[CONF_SESSION_KEY_SINCE] = now.isoformat()
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        offered, self._client.offered_key = self._client.offered_key, None
        if offered and now >= self._no_renewal_until:
            data |= {CONF_SESSION_KEY: offered, CONF_PREVIOUS_SESSION_KEY: proved}
        if self._store(proved, data):
            self._client.session_key = data[CONF_SESSION_KEY]

    def _store(self, asked_with: str, data: dict[str, Any]) -> bool:
        """Store what a key has brought, unless somebody has changed the key meanwhile."""
        if data_of(self._entry).session_key != asked_with:
            return False
        if data != self._entry.data:
            self._hass.config_entries.async_update_entry(self._entry, data=data)
        return True
