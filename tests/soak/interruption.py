"""Interrupts a poll."""

from __future__ import annotations

import asyncio

from homeassistant.core import HomeAssistant
from tests.common import settle
from tests.simulator.server import Request


class Interruption:
    """Holds the answer to the next poll, if `wanted`."""

    def __init__(self) -> None:
        """Initialize without a poll."""
        self.wanted = False
        self._caught: asyncio.Future[Request] | None = None
        self._held = False

    async def hold(self, request: Request) -> None:
        """Hold the answer, if this is the poll, until the connection is closed."""
        if self._caught is None or self._caught.done():
            return
        self._caught.set_result(request)
        self._held = True
        try:
            await asyncio.Event().wait()
        finally:
            self._held = False

    async def check_over(self) -> None:
        """Expect the connection to be closed."""
        for _ in range(100):
            await asyncio.sleep(0)
        assert not self._held, "the poll continues without its entry"

    async def settle(self, hass: HomeAssistant) -> Request | None:
        """Wait until Home Assistant has settled, or a poll is held, and return that."""
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
