"""The runtime of an entry: its coordinator, readings and events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_HOMEASSISTANT_STOP,
    Platform,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .claude_ai.client import ClaudeAiClient
from .claude_ai.errors import ClaudeAiError
from .claude_ai.usage import Usage
from .claude_ai.windows import Identity, UsageWindow
from .const import DOMAIN, UNEXPECTED_ERROR
from .events.account import AccountState
from .events.comparison import is_start_known
from .events.dispatcher import EventDispatcher
from .forecast.history import UsageHistory
from .forecast.readings import Reading, Readings
from .naming import FIXED_WINDOWS, SESSION_WINDOW, WindowSubject, subject_of
from .polling.account import Account
from .polling.back_off import BackOff
from .polling.coordinator import ClaudePulseCoordinator
from .polling.http import async_create_session
from .polling.minute import async_track_minute
from .polling.renames import async_keep_identities
from .polling.status import status_coordinator
from .stored import data_of, slug_of

# An answer without limits is incomplete if one had some within this time. After that, the
# account has another plan.
_INCOMPLETE = timedelta(hours=6)


class Runtime:
    """The objects of one entry.

    It exists until the entry is removed, so that a reload forgets neither a wait nor an
    alert. The attributes that are declared here exist after the first successful set-up. They
    are in use while `is_running`, from the first answer to the unload.
    """

    account: Account
    coordinator: ClaudePulseCoordinator
    history: UsageHistory
    platforms: list[Platform]
    prefix: str
    readings: Readings

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the runtime of an entry."""
        self.back_off = BackOff()
        self.dispatcher = EventDispatcher(hass, entry)
        self.entry = entry
        self.hass = hass
        self.is_running = False
        self._on_stop: list[CALLBACK_TYPE] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._windows_at: datetime | None = None

    @property
    def has_values(self) -> bool:
        """Return whether the entities show values."""
        return self.is_running and self.coordinator.last_update_success

    @property
    def failure_key(self) -> str | None:
        """Return the translation key of the last failed poll, or None after an answer.

        It is UNEXPECTED_ERROR if there are no values for another reason.
        """
        if failure := self.back_off.failure:
            return failure.error_key
        return None if self.has_values else UNEXPECTED_ERROR

    @property
    def subjects(self) -> Iterator[WindowSubject]:
        """Return the session, the week and the other windows of the last answer."""
        yield from FIXED_WINDOWS.values()
        if self.is_running:
            windows = map(subject_of, self.coordinator.data.all_windows)
            yield from (item for item in windows if item.identity not in FIXED_WINDOWS)

    def reading(self, identity: Identity) -> Reading | None:
        """Return the reading of a window, or None if its entities show no values."""
        return self.readings[identity] if self.has_values else None

    async def async_set_up(self) -> None:
        """Create the objects and poll once. Raises ConfigEntryNotReady or ConfigEntryAuthFailed."""
        hass, entry = self.hass, self.entry
        await self.dispatcher.async_load()
        try:
            session = async_create_session(hass)
        except ClaudeAiError as err:
            self._async_check_account(err.key)
            raise ConfigEntryNotReady(
                str(err), translation_domain=DOMAIN, translation_key=err.key
            ) from None
        self.async_on_stop(session.detach)
        client = ClaudeAiClient(session, data_of(entry).session_key)
        self.account = Account(hass, entry, client)
        self.history = UsageHistory(hass, entry, self._async_update_entities)
        self.prefix = _entity_id_prefix(hass, entry)
        self.readings = Readings(self.history, self._is_start_known)
        # The organization can have changed.
        self._windows_at = None
        self.coordinator = ClaudePulseCoordinator(
            hass, entry, client, self.back_off, self._async_process
        )
        self.async_on_stop(
            hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_stop_polling)
        )
        try:
            await self.coordinator.async_config_entry_first_refresh()
        except BaseException:
            await self.coordinator.async_stop()
            self._stop()
            self._async_check_account()
            raise
        self.is_running = True

    @callback
    def async_start(self) -> None:
        """Follow the clock and send events. The entities exist now."""
        # The time zone can change.
        self.async_on_stop(
            self.hass.bus.async_listen(
                EVENT_CORE_CONFIG_UPDATE, self._async_update_entities
            )
        )
        self.coordinator.async_add_listener(self._async_dispatch_soon)
        self.async_on_stop(async_track_minute(self.hass, self._async_tick))
        self.history.async_tick()
        self._async_start_account_update()
        self.dispatcher.async_start()

    @callback
    def async_on_stop(self, action: CALLBACK_TYPE) -> None:
        """Call an action when the runtime stops.

        Home Assistant 2024.1 calls those of `entry.async_on_unload` already when one
        platform has been unloaded, although the next one can fail.
        """
        self._on_stop.append(action)

    def _stop(self) -> None:
        """Call the actions."""
        while self._on_stop:
            self._on_stop.pop()()

    @callback
    def async_add_in_background(self, adding: Coroutine[Any, Any, None]) -> None:
        """Add entities in a task, for which an unload waits."""
        task = self.hass.async_create_task(adding)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def async_unload(self, unload: Coroutine[Any, Any, bool]) -> bool:
        """Unload the platforms and stop. If that fails, the entities stay up to date."""
        self.is_running = False
        if self._tasks:
            await asyncio.wait(self._tasks)
        try:
            unloaded = await unload
        except BaseException:
            self.is_running = True
            raise
        self.is_running = not unloaded
        if unloaded:
            await self.async_stop()
        return unloaded

    async def async_stop(self) -> None:
        """Stop everything."""
        self.is_running = False
        await self.coordinator.async_stop()
        self._stop()
        await self.dispatcher.async_stop()

    async def _async_stop_polling(self, _: Event) -> None:
        """Stop polling before Home Assistant stops."""
        self.dispatcher.async_store_at_stop()
        await self.coordinator.async_stop()
        self._stop()

    @callback
    def _async_process(self, usage: Usage, now: datetime) -> tuple[Usage, bool]:
        """Process an answer.

        Return the answer to use, and whether a second answer has to confirm it.
        """
        if usage.has_windows:
            self._windows_at = now
        elif self._windows_at and now - self._windows_at < _INCOMPLETE:
            usage = replace(usage, is_incomplete=True)
        progress = self.dispatcher.progress.items()
        known = (
            UsageWindow(identity, identity.name, item.percent, item.resets_at)
            for identity, item in progress
        )
        usage = async_keep_identities(self.hass, self.entry, known, usage)
        before = self.coordinator.data
        if before != usage:
            # An exception here is a failed poll.
            self.readings.update(usage, now)
        confirm = self.dispatcher.async_submit(
            usage,
            now,
            lambda window: self.readings.exact_forecast(window, now),
            self.readings.is_usual,
        )
        if before == usage and self.has_values:
            # Normally, the coordinator calls no listeners for equal data.
            self.dispatcher.async_dispatch()
        if self.is_running:
            self._async_start_account_update()
        return usage, confirm

    @callback
    def _async_start_account_update(self) -> None:
        """Update the plan and the balance in the background if they are due."""
        if self.account.is_due:
            self.entry.async_create_background_task(
                self.hass,
                self._async_update_account(),
                f"{DOMAIN} account {self.entry.entry_id}",
            )

    async def _async_update_account(self) -> None:
        """Update the plan and the balance, and the entities if they changed."""
        if await self.account.async_update():
            self._async_update_entities()

    @callback
    def _async_tick(self) -> None:
        """Update what depends on the time."""
        self.history.async_tick()
        self._async_update_entities()
        self._async_check_account()
        self.coordinator.async_poll_if_overdue()

    @callback
    def _async_check_account(self, failure_key: str | None = None) -> None:
        """Detect the events of the account, also while the set-up fails."""
        entry, failure = self.entry, self.back_off.failure
        exists = self.hass.config_entries.async_get_entry(entry.entry_id) is not None
        if not exists or entry.disabled_by:
            return
        state = AccountState(
            key_since=data_of(entry).session_key_since,
            failure=failure_key or self.failure_key,
            is_key_expired=failure is not None and failure.is_key_expired,
            status=status_coordinator(self.hass).status_for(entry),
            is_set_up=self.is_running,
        )
        self.dispatcher.async_check_account(state, dt_util.utcnow())

    def _is_start_known(self, window: UsageWindow, now: datetime) -> bool:
        """Return whether the start of a window is known: its reset minus its length."""
        progress = self.dispatcher.progress.get(window.identity)
        return progress is None or is_start_known(progress, window, now)

    @callback
    def _async_update_entities(self, _: Event | None = None) -> None:
        """Update the readings for the current time, and the entities."""
        if self.is_running:
            self.readings.update(
                self.coordinator.data, dt_util.utcnow(), self.back_off.last_success
            )
            self.coordinator.async_update_listeners()

    @callback
    def _async_dispatch_soon(self) -> None:
        """Send events when all entities have been updated."""
        self.hass.loop.call_soon(self.dispatcher.async_dispatch)


def runtime_of(hass: HomeAssistant, entry: ConfigEntry) -> Runtime:
    """Return the runtime of an entry."""
    runtimes: dict[str, Runtime] = hass.data.setdefault(DOMAIN, {})
    if entry.entry_id not in runtimes:
        runtimes[entry.entry_id] = Runtime(hass, entry)
    return runtimes[entry.entry_id]


def _entity_id_prefix(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return the prefix of suggested entity IDs.

    It is that of the existing sensor of the session usage, or else follows the title.
    """
    end = SESSION_WINDOW.unique_key("usage")
    entity_id = er.async_get(hass).async_get_entity_id(
        Platform.SENSOR, DOMAIN, f"{entry.entry_id}_{end}"
    )
    prefix = (entity_id or "").partition(".")[2].removesuffix(f"_{end}")
    return prefix if entity_id and entity_id.endswith(f"_{end}") else slug_of(entry)
