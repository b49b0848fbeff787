"""A Home Assistant that starts, stops and crashes, and its disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from copy import deepcopy
import errno
from random import Random
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.claude_pulse.const import DOMAIN
from homeassistant import bootstrap, loader
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import frame
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from homeassistant.util.file import WriteError
from tests.common import settle
from tests.simulator import Simulator

from .truth import TIME_ZONE


class Disk:
    """The storage, in memory. It can be full."""

    def __init__(
        self, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, random: Random
    ) -> None:
        """Initialize with the content."""
        self.content = content
        self.full = False
        # Our files, as they were before they were written at this moment.
        self._before: dict[str, Any] = {}
        write = Store._async_write_data

        async def write_if_there_is_room(store: Store[Any], *args: Any) -> None:
            """Write, or fail as Home Assistant does when a disk is full."""
            ours = store.key.startswith(DOMAIN)
            if ours:
                self._before.setdefault(store.key, content.get(store.key))
            if not self.full:
                await write(store, *args)
                return
            raise WriteError(OSError(errno.ENOSPC, "No space left on device"))

        monkeypatch.setattr(Store, "_async_write_data", write_if_there_is_room)

    def begin_moment(self) -> None:
        """Begin a moment; everything is written."""
        self._before.clear()

    def lose_moment(self) -> None:
        """Undo the writes of this moment."""
        for key, before in self._before.items():
            self.content.pop(key, None)
            if before:
                self.content[key] = before


class Home:
    """One Home Assistant after the other, on the same disk."""

    hass: HomeAssistant

    def __init__(self, disk: Disk, simulator: Simulator) -> None:
        """Initialize without a Home Assistant."""
        self.disk = disk
        # Called with each Home Assistant before it starts.
        self.on_start: Callable[[HomeAssistant], None] = lambda hass: None
        self.runs = 0
        self._simulator = simulator
        self._stack = AsyncExitStack()
        self._foreign_tasks: set[asyncio.Task[Any]] = set()

    @property
    def entries(self) -> dict[str, ConfigEntry]:
        """Return the entries by title."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        return {entry.title: entry for entry in entries}

    async def start(self) -> None:
        """Start Home Assistant."""
        loop = asyncio.get_running_loop()
        # The checks of asyncio take most of the time.
        loop.set_debug(False)
        self._foreign_tasks = asyncio.all_tasks()
        made = async_test_home_assistant(loop, load_registries=False)
        # A coroutine in the test kit of 2024.1.
        if hasattr(made, "__aenter__"):
            self.hass = await self._stack.enter_async_context(made)
            # Not in 2024.12 and before.
            if set_up := getattr(frame, "async_setup", None):
                set_up(self.hass)
        else:
            self.hass = await made
        hass = self.hass
        # The test kit has set it to running; 2024.1 has no `set_state`.
        if hasattr(hass, "set_state"):
            hass.set_state(CoreState.not_running)
        else:
            hass.state = CoreState.not_running
        self.on_start(hass)
        del hass.data[loader.DATA_CUSTOM_COMPONENTS]
        if load := getattr(bootstrap, "async_load_base_functionality", None):
            await load(hass)
        else:
            # 2024.1 has another name.
            await bootstrap.load_registries(hass)
            await hass.config_entries.async_initialize()
        await hass.config.async_update(time_zone=TIME_ZONE)
        assert await async_setup_component(hass, DOMAIN, {})
        await settle(hass)
        await hass.async_start()
        await settle(hass)
        self.runs += 1

    async def stop(self, *, crash: bool = False, lose: bool = False) -> None:
        """Stop. A crash loses what is not written, and can `lose` the last writes."""
        written = deepcopy(self.disk.content)
        await self.hass.async_stop(force=True)
        for _ in range(100):
            await asyncio.sleep(0)
        assert self._simulator.connections == 0
        # Home Assistant leaves the entities, whose timers end with the process.
        for entry in self.entries.values():
            if entry.state is ConfigEntryState.LOADED:
                assert await self.hass.config_entries.async_unload(entry.entry_id)
        await self._stack.aclose()
        if crash:
            self.disk.content.clear()
            self.disk.content.update(written)
        if lose:
            self.disk.lose_moment()
        tasks = asyncio.all_tasks() - self._foreign_tasks
        timers = getattr(asyncio.get_running_loop(), "_scheduled", [])
        left = [*tasks, *(timer for timer in timers if not timer.cancelled())]
        assert not [item for item in left if "claude_pulse" in repr(item)]
