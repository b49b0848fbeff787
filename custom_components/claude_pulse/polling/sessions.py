"""The sessions that requests are made with, on Home Assistant's own connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import ClientSession, DummyCookieJar
from yarl import URL

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry


class _NoCookieJar(DummyCookieJar):
    """Does not store or parse cookies. Parsing many cookies blocks the event loop."""

    def update_cookies_from_headers(
        self, headers: Sequence[str], response_url: URL
    ) -> None:
        """Ignore the cookies of a response.

        aiohttp 3.12 (Home Assistant 2025.6) and later call this method to parse them.
        """


@callback
def async_new_session(hass: HomeAssistant) -> ClientSession:
    """Return a session, which is to be detached in the end.

    It has a cookie jar of its own, which keeps nothing, and leaves answers packed,
    as the client asks for.
    """
    return async_create_clientsession(
        hass,
        auto_cleanup=False,
        auto_decompress=False,
        cookie_jar=_NoCookieJar(),
    )


@callback
def async_entry_session(hass: HomeAssistant, entry: ConfigEntry) -> ClientSession:
    """Return a session that ends with the entry that is being set up."""
    session = async_new_session(hass)
    entry.async_on_unload(session.detach)
    return session


@asynccontextmanager
async def short_session(hass: HomeAssistant) -> AsyncGenerator[ClientSession]:
    """Return a session for a few requests."""
    session = async_new_session(hass)
    try:
        yield session
    finally:
        session.detach()
