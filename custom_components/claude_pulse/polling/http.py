"""HTTP sessions on Home Assistant's connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from aiohttp import ClientSession, DummyCookieJar
from yarl import URL

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession

from ..claude_ai.errors import UnreachableError


class _NoCookieJar(DummyCookieJar):
    """Does not store or parse cookies. Parsing many cookies blocks the event loop."""

    def update_cookies_from_headers(
        self, headers: Sequence[str], response_url: URL
    ) -> None:
        """Ignore the cookies of a response.

        aiohttp 3.12 (Home Assistant 2025.6) and later call this method to parse them.
        """


@callback
def async_create_session(hass: HomeAssistant) -> ClientSession:
    """Create a session. The caller detaches it.

    It has its own cookie jar, which stores nothing, and does not unpack bodies, as the
    client requires. Raises UnreachableError without a network interface.
    """
    try:
        return async_create_clientsession(
            hass,
            auto_cleanup=False,
            auto_decompress=False,
            cookie_jar=_NoCookieJar(),
        )
    except OSError as err:
        # Home Assistant 2025.4 and later need a network interface for the resolver.
        raise UnreachableError(type(err).__name__) from None


@asynccontextmanager
async def short_session(hass: HomeAssistant) -> AsyncGenerator[ClientSession]:
    """Create a session for a few requests."""
    session = async_create_session(hass)
    try:
        yield session
    finally:
        session.detach()
