"""The session key of an entry: confirm that it expired, renew it, replace it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..claude_ai.client import ClaudeAiClient
from ..claude_ai.errors import (
    ClaudeAiError,
    InvalidSessionError,
    OrganizationAccessError,
)
from ..const import (
    CONF_PREVIOUS_SESSION_KEY,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
)
from ..reauth import async_share_key
from ..seat import account_id_of, async_entries_of_account
from ..stored import data_of

# Seconds between the first refusal of a session key and the request that confirms it.
CONFIRM_PAUSE = 5

# After claude.ai refused a renewed key, no renewal is stored for this long.
_RENEWAL_PAUSE = timedelta(days=1)

_T = TypeVar("_T")


class SessionKey:
    """The session key that a client uses for an entry.

    claude.ai can renew a key with a cookie, and the entries of an account share their
    keys. The previous key is stored with the new one until a request with the new one has
    succeeded.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, client: ClaudeAiClient
    ) -> None:
        """Initialize for the stored key."""
        self._client = client
        self._entry = entry
        self._hass = hass
        self._no_renewal_until = dt_util.utcnow()

    @callback
    def async_use_shared(self) -> None:
        """Use a key that another entry of the account has stored in this one.

        Such a key is stored with the previous one until it has worked. This does nothing for
        a key that was entered in a form of this entry: it is stored without a previous one,
        and the reload creates a client with it.
        """
        if CONF_PREVIOUS_SESSION_KEY not in self._entry.data:
            return
        if (stored := data_of(self._entry)).previous_session_key:
            self._client.session_key = stored.session_key

    async def async_request(self, request: Callable[[], Awaitable[_T]]) -> _T:
        """Send a request, and repeat it with other keys if claude.ai refuses the key.

        The previous key is tried first, if there is one, then those of the other entries of
        the account, then the refused key again after a pause. Another key that works is
        stored. A renewed or shared key that has not yet worked for this entry is also
        replaced if it has no access to the organization. Raises ClaudeAiError.
        """
        try:
            return await request()
        except InvalidSessionError:
            pass
        except OrganizationAccessError:
            if not data_of(self._entry).previous_session_key:
                raise
        for data in self._replacements():
            with suppress(InvalidSessionError, OrganizationAccessError):
                return await self._async_replace(data, request)
        await asyncio.sleep(CONFIRM_PAUSE)
        return await request()

    def _replacements(self) -> Iterator[dict[str, Any]]:
        """Yield the data of the entry with another session key of its account, for each one."""
        data = {**self._entry.data}
        data.pop(CONF_PREVIOUS_SESSION_KEY, None)
        tried = {self._client.session_key, ""}
        others = async_entries_of_account(
            self._hass, account_id_of(self._entry), except_for=self._entry
        )
        for entry in (self._entry, *others):
            stored = data_of(entry)
            for key in (stored.previous_session_key, stored.session_key):
                if key not in tried:
                    tried.add(key)
                    since = entry.data.get(CONF_SESSION_KEY_SINCE)
                    yield data | {CONF_SESSION_KEY: key, CONF_SESSION_KEY_SINCE: since}

    async def _async_replace(
        self, data: dict[str, Any], request: Callable[[], Awaitable[_T]]
    ) -> _T:
        """Send a request with the key in `data`, and store `data` if the request succeeds."""
        refused = self._client.session_key
        self._client.session_key = data[CONF_SESSION_KEY]
        try:
            answer = await request()
        except ClaudeAiError:
            self._client.session_key = refused
            raise
        if data_of(self._entry).previous_session_key:
            self._no_renewal_until = dt_util.utcnow() + _RENEWAL_PAUSE
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
            self._client.session_key = key = data[CONF_SESSION_KEY]
            if key != working:
                account_id = account_id_of(self._entry)
                async_share_key(self._hass, account_id, key, self._entry)

    def _store(self, used: str, data: dict[str, Any]) -> bool:
        """Store the data, unless the entry was removed or has another key now."""
        entries = self._hass.config_entries
        if entries.async_get_entry(self._entry.entry_id) is None:
            return False
        if data_of(self._entry).session_key != used:
            return False
        entries.async_update_entry(self._entry, data=data)
        return True
