"""A Home Assistant that can be restarted, or crash, and what it leaves behind."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from copy import deepcopy
import logging
import re
from typing import Any

from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.claude_pulse.const import DOMAIN
from homeassistant import bootstrap, loader
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.setup import async_setup_component
from tests.common import settle
from tests.simulator import Simulator


class Home:
    """One Home Assistant after the other, on the same storage."""

    hass: HomeAssistant

    def __init__(self, storage: dict[str, Any], simulator: Simulator) -> None:
        """Remember where the storage is."""
        self.runs = 0
        self._storage = storage
        self._simulator = simulator
        self._stack = AsyncExitStack()
        self._foreign_tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Start on what is in the storage."""
        loop = asyncio.get_running_loop()
        # asyncio's checks cost more than all the rest.
        loop.set_debug(False)
        self._foreign_tasks = asyncio.all_tasks()
        made = async_test_home_assistant(loop, load_registries=False)
        # A coroutine in the kit of Home Assistant 2024.1.
        if hasattr(made, "__aenter__"):
            self.hass = await self._stack.enter_async_context(made)
            frame.async_setup(self.hass)
        else:
            self.hass = await made
        hass = self.hass
        del hass.data[loader.DATA_CUSTOM_COMPONENTS]
        if load := getattr(bootstrap, "async_load_base_functionality", None):
            await load(hass)
        else:
            # Its name in Home Assistant 2024.1.
            await bootstrap.load_registries(hass)
            await hass.config_entries.async_initialize()
        assert await async_setup_component(hass, DOMAIN, {})
        await settle(hass)
        self.runs += 1

    async def stop(self, *, crash: bool = False) -> None:
        """Stop; after a crash, what was not written yet is lost."""
        written = deepcopy(self._storage)
        await self.hass.async_stop(force=True)
        for _ in range(100):
            await asyncio.sleep(0)
        assert self._simulator.connections == 0
        # A Home Assistant that ends leaves its entities as they are; their timers
        # go with the process.
        for entry in _loaded_entries(self.hass):
            assert await self.hass.config_entries.async_unload(entry.entry_id)
        await self._stack.aclose()
        if crash:
            self._storage.clear()
            self._storage.update(written)
        self._check_nothing_is_left()

    def _check_nothing_is_left(self) -> None:
        """Look for tasks and timers that outlive their entry."""
        tasks = asyncio.all_tasks() - self._foreign_tasks
        assert not [task for task in tasks if "claude_pulse" in repr(task)]
        timers = getattr(asyncio.get_running_loop(), "_scheduled", [])
        assert not [
            timer
            for timer in timers
            if not timer.cancelled() and "claude_pulse" in repr(timer)
        ]


def _loaded_entries(hass: HomeAssistant) -> list[ConfigEntry]:
    """Return our entries that are loaded."""
    entries = hass.config_entries.async_entries(DOMAIN)
    return [entry for entry in entries if entry.state is ConfigEntryState.LOADED]


class LogWatch(logging.Handler):
    """Collects what should not be in a log: the unexpected, and its traces."""

    def __init__(self) -> None:
        """Watch for errors."""
        super().__init__(logging.ERROR)
        self.unexpected: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error, unless it is a poll that failed as it may."""
        text = self.format(record)
        if not re.match(
            r"Error (fetching|requesting) claude_|Authentication fail", text
        ):
            self.unexpected.append(text)
