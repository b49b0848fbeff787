"""A Home Assistant that can be restarted, or crash, and what it leaves behind."""

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
    """Where Home Assistant stores what it is to remember: in memory, and full at times."""

    def __init__(
        self, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch, random: Random
    ) -> None:
        """Stand before what stores."""
        self.content = content
        self.full = False
        # What was told of windows, as it was remembered before this moment.
        self._told_before: dict[str, Any] = {}
        write = Store._async_write_data

        async def write_if_there_is_room(store: Store[Any], *args: Any) -> None:
            """Write, or fail as a disk does, or as Home Assistant words it."""
            if store.key.endswith(".told"):
                self._told_before.setdefault(store.key, content.get(store.key))
            if not self.full:
                await write(store, *args)
                return
            reason = OSError(errno.ENOSPC, "No space left on device")
            if store.key.startswith(DOMAIN) and random.random() < 0.5:
                raise reason
            raise WriteError(reason)

        monkeypatch.setattr(Store, "_async_write_data", write_if_there_is_room)

    def begin_moment(self) -> None:
        """Note that what has been written until now is safe."""
        self._told_before.clear()

    def forget(self) -> None:
        """Lose what was written at this moment of what was told."""
        before = {key: told for key, told in self._told_before.items() if told}
        for key in self._told_before:
            self.content.pop(key, None)
        self.content.update(before)


class Home:
    """One Home Assistant after the other, on the same disk."""

    hass: HomeAssistant

    def __init__(self, disk: Disk, simulator: Simulator) -> None:
        """Remember where the disk is."""
        self.disk = disk
        # Called with each Home Assistant, before anything happens in it.
        self.on_start: Callable[[HomeAssistant], None] = lambda hass: None
        self.runs = 0
        self._simulator = simulator
        self._stack = AsyncExitStack()
        self._foreign_tasks: set[asyncio.Task[Any]] = set()

    @property
    def entries(self) -> dict[str, ConfigEntry]:
        """Return our entries by their titles."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        return {entry.title: entry for entry in entries}

    async def start(self) -> None:
        """Start on what is stored."""
        loop = asyncio.get_running_loop()
        # asyncio's checks cost more than all the rest.
        loop.set_debug(False)
        self._foreign_tasks = asyncio.all_tasks()
        made = async_test_home_assistant(loop, load_registries=False)
        # A coroutine in the kit of Home Assistant 2024.1.
        if hasattr(made, "__aenter__"):
            self.hass = await self._stack.enter_async_context(made)
            # Older versions, such as 2024.12, need no such step.
            if set_up := getattr(frame, "async_setup", None):
                set_up(self.hass)
        else:
            self.hass = await made
        hass = self.hass
        _not_running(hass)
        self.on_start(hass)
        del hass.data[loader.DATA_CUSTOM_COMPONENTS]
        if load := getattr(bootstrap, "async_load_base_functionality", None):
            await load(hass)
        else:
            # Its name in Home Assistant 2024.1.
            await bootstrap.load_registries(hass)
            await hass.config_entries.async_initialize()
        await hass.config.async_update(time_zone=TIME_ZONE)
        assert await async_setup_component(hass, DOMAIN, {})
        await settle(hass)
        await hass.async_start()
        await settle(hass)
        self.runs += 1

    async def stop(self, *, crash: bool = False, forget: bool = False) -> None:
        """Stop; after a crash, what was not written yet is lost, or what was just now."""
        written = deepcopy(self.disk.content)
        await self.hass.async_stop(force=True)
        for _ in range(100):
            await asyncio.sleep(0)
        assert self._simulator.connections == 0
        # A Home Assistant that ends leaves its entities as they are; their timers
        # go with the process.
        for entry in self.entries.values():
            if entry.state is ConfigEntryState.LOADED:
                assert await self.hass.config_entries.async_unload(entry.entry_id)
        await self._stack.aclose()
        if crash:
            self.disk.content.clear()
            self.disk.content.update(written)
        if forget:
            self.disk.forget()
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


def _not_running(hass: HomeAssistant) -> None:
    """Have it start by itself, which the kit for tests takes off it."""
    if hasattr(hass, "set_state"):
        hass.set_state(CoreState.not_running)
    else:
        # In old versions, such as 2024.1.
        hass.state = CoreState.not_running
