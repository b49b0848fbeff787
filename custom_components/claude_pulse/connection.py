"""The sessions that requests are made with, on Home Assistant's own connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, DummyCookieJar

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession


@callback
def async_entry_session(
    hass: HomeAssistant, *, auto_cleanup: bool = True
) -> ClientSession:
    """Return a session that ends with the entry that is being set up.

    It has a cookie jar of its own, which keeps nothing, and leaves answers packed,
    as the client asks for.
    """
    return async_create_clientsession(
        hass,
        auto_cleanup=auto_cleanup,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
    )


@asynccontextmanager
async def short_session(hass: HomeAssistant) -> AsyncGenerator[ClientSession]:
    """Return such a session for a few requests."""
    session = async_entry_session(hass, auto_cleanup=False)
    try:
        yield session
    finally:
        session.detach()
