"""A poll that is caught in the middle, so that something can happen to it."""

from __future__ import annotations

import asyncio

from homeassistant.core import HomeAssistant
from tests.common import settle
from tests.simulator.server import Request


class Interruption:
    """Holds the answer of the next poll, if one is wanted and somebody watches."""

    def __init__(self) -> None:
        """Want none."""
        self.wanted = False
        self._caught: asyncio.Future[Request] | None = None
        self._held = False

    async def hold(self, request: Request) -> None:
        """Answer no more if this is the poll; the connection's end ends the wait."""
        if self._caught is None or self._caught.done():
            return
        self._caught.set_result(request)
        self._held = True
        try:
            await asyncio.Event().wait()
        finally:
            self._held = False

    async def check_over(self) -> None:
        """See that whoever asked has hung up; or Home Assistant would wait for ever."""
        for _ in range(100):
            await asyncio.sleep(0)
        assert not self._held, "a poll goes on without its entry"

    async def settle(self, hass: HomeAssistant) -> Request | None:
        """Wait for all that is due, or until the poll is caught, and return that."""
        if not self.wanted:
            await settle(hass)
            return None
        caught = self._caught = asyncio.get_running_loop().create_future()
        settled = asyncio.ensure_future(settle(hass))
        await asyncio.wait([caught, settled], return_when=asyncio.FIRST_COMPLETED)
        self._caught = None
        if not caught.done():
            return None
        self.wanted = False
        settled.cancel()
        return caught.result()
