"""The poller: ask claude.ai, turn its errors into Home Assistant's, say when to ask next."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
import random
from typing import TYPE_CHECKING, Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..claude_ai.client import ClaudeAiClient
from ..claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    OrganizationAccessError,
    RateLimitedError,
)
from ..claude_ai.usage import Money, Usage
from ..const import DEFAULT_UPDATE_INTERVAL, DOMAIN
from ..events.detection import LATE_RESET
from ..events.dispatcher import teller_of
from ..forecast.history import UsageHistory
from ..forecast.readings import Readings
from ..seat import async_ask_for_key, device_of
from ..stored import data_of, slug_of, title_of
from .account import Account
from .back_off import SLACK, Failure, back_off_of
from .base import PollFailedError, owned_by
from .issues import async_tell_failure, async_tell_success
from .session_key import SessionKey
from .sessions import async_entry_session
from .slots import async_take_slot
from .tick import async_track_minute

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

# Several Home Assistants do not ask in the same second.
JITTER = 5
_JITTER = f"{DOMAIN}_jitter"

# While claude.ai asks for patience, the last values stay this long.
KEEP = timedelta(minutes=15)
_KEEPING = {BlockedError.key, RateLimitedError.key}

# So many unclear refusals in a row are taken to be about the organization.
_UNCLEAR = 3

# claude.ai needs a moment to start the next window, and now and then longer: then it
# is asked again after twice as long each time, for a while.
AFTER_RESET = timedelta(seconds=15)

# A poll that is so late has been slept through.
_OVERDUE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a seat after a poll."""

    usage: Usage
    plan: str | None
    balance: Money | None


class ClaudePulseCoordinator(DataUpdateCoordinator[Snapshot]):
    """Poll the usage of one seat."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the poller of the entry that is being set up."""
        self.back_off = back_off_of(hass, entry)
        self._stop_tick: CALLBACK_TYPE = lambda: None
        super().__init__(
            hass,
            _LOGGER,
            name=DOMAIN,
            update_interval=self.back_off.interval,
            always_update=False,
            **owned_by(entry),
        )
        self.client = ClaudeAiClient(
            async_entry_session(hass, entry), data_of(entry).session_key
        )
        self.account = Account(hass, entry, self.client)
        self.history = UsageHistory(hass, entry, self.async_update_listeners)
        self.readings = Readings(self.history)
        self.teller = teller_of(hass, entry)
        self.device = device_of(entry)
        self.slug = slug_of(entry)
        # Entities that are being added or removed.
        self.changes: set[asyncio.Task[Any]] = set()
        self.polls = 0
        self.stopped = False
        self.failures: Counter[str] = Counter()
        self.last_success: datetime | None = None
        # All entries have the same one, so that none is in the way of another each time.
        self._jitter: timedelta = hass.data.setdefault(
            _JITTER, timedelta(seconds=random.randint(0, JITTER))
        )
        self._key = SessionKey(hass, entry, self.client)
        self._org_id = data_of(entry).org_id
        self._due = dt_util.utcnow()
        self._poll: asyncio.Task[Snapshot] | None = None

    @property
    def trouble(self) -> str | None:
        """Return the key of what keeps claude.ai from being read, or None."""
        return self.back_off.failure.key if self.back_off.failure else None

    async def async_shutdown(self) -> None:
        """Stop polling, also in the middle of a poll."""
        self.stopped = True
        self._stop_tick()
        self.teller.async_end()
        await super().async_shutdown()
        if self._poll is not None:
            self._poll.cancel()
        if under_way := self.changes | ({self._poll} if self._poll else set()):
            await asyncio.wait(under_way)

    async def async_start(self) -> None:
        """Poll for the first time, and from then on follow the clock, to the end."""
        follow, listen = self.config_entry.async_on_unload, self.hass.bus.async_listen
        follow(listen(EVENT_HOMEASSISTANT_STOP, self._async_stop))
        await self.async_config_entry_first_refresh()
        follow(listen(EVENT_CORE_CONFIG_UPDATE, self._async_show_local_times))
        self._stop_tick = async_track_minute(self.hass, self.async_tick)

    async def _async_stop(self, _: Event) -> None:
        """End a poll that is under way before Home Assistant stops."""
        await self.async_shutdown()

    @callback
    def _async_show_local_times(self, _: Event) -> None:
        """Show the clock times again, as the time zone may be another now."""
        self.async_update_listeners()

    @callback
    def async_update_listeners(self) -> None:
        """Let the entities look at what is true now."""
        if self.data is not None:
            self.readings.update(self.data.usage, dt_util.utcnow())
        super().async_update_listeners()
        self.async_tell()

    @callback
    def async_tell(self) -> None:
        """Let be told what the last answer brings, when the entities show it.

        Without habits a run-out would be another one.
        """
        shows = self.last_update_success and self.data is not None
        if not self.history.pending:
            self.teller.async_look(
                self.data.usage if shows else None, self.readings.forecast
            )

    @callback
    def async_tick(self) -> None:
        """Let what follows the clock do so, and poll if that was slept through."""
        self.history.async_tick()
        self.async_update_listeners()
        failure, now = self.back_off.failure, dt_util.utcnow()
        if self.config_entry.pref_disable_polling or (failure and failure.dead_key):
            return
        under_way = self._poll is not None and not self._poll.done()
        if not under_way and now >= self._due + _OVERDUE:
            self._due = now + self.back_off.wait
            self.hass.async_create_task(self.async_refresh())

    async def _async_update_data(self) -> Snapshot:
        """Poll, or wait for the poll that is under way: what it notes counts once."""
        if self._poll is None or self._poll.done():
            self._poll = self.hass.async_create_background_task(
                self._async_poll(), f"{self.name} poll {title_of(self.config_entry)}"
            )
            # Whoever waits for it may be gone when it fails.
            self._poll.add_done_callback(_take_note)
        poll = self._poll
        await asyncio.wait([poll])
        if not poll.cancelled():
            return poll.result()
        return self._nothing_found_out()

    def _nothing_found_out(self) -> Snapshot:
        """Leave all as it is, as the entry goes or is set up anew."""
        if self.last_update_success and self.data is not None:
            return self.data
        raise PollFailedError("cannot_connect", "stopped")

    async def _async_poll(self) -> Snapshot:
        """Poll once, unless claude.ai is to be left alone, and say when to poll next."""
        if (failure := self.back_off.failure) and (rest := self.back_off.rest):
            return await self._async_after_failure(failure, rest)
        self.polls += 1
        try:
            usage = await self._key.async_ask(self._async_usage)
        except ClaudeAiError as err:
            if data_of(self.config_entry).session_key != self.client.session_key:
                # Somebody has entered another key meanwhile.
                return self._nothing_found_out()
            self.failures[err.key] += 1
            before = self.trouble
            failure = await self.back_off.async_fail(err)
            if self.trouble != before:
                self.async_update_listeners()
            wait = failure.wait
            if self.data is not None:
                now = dt_util.utcnow()
                wait = _until_next(self.data.usage, now, wait)
            return await self._async_after_failure(
                failure, max(wait, self.back_off.rest)
            )
        recovered = self.trouble is not None
        await self.back_off.async_clear()
        self.last_success = dt_util.utcnow()
        await self.account.async_update(
            spent=self.data is not None and self.data.usage.spend != usage.spend
        )
        self._key.async_proved()
        now = dt_util.utcnow()
        async_tell_success(
            self.hass,
            self.config_entry,
            data_of(self.config_entry).session_key_since,
            now,
        )
        pace = self.back_off.interval
        if self.teller.async_hear(usage, now) or self._has_more_than_before(usage):
            pace = min(pace, timedelta(seconds=DEFAULT_UPDATE_INTERVAL))
        self._poll_after(_until_next(usage, now, pace + self._jitter))
        if recovered:
            self.async_update_listeners()
        found = Snapshot(usage, self.account.plan, self.account.balance)
        if found == self.data:
            # Which nobody is called for.
            self.async_tell()
        return found

    def _has_more_than_before(self, usage: Usage) -> bool:
        """Return whether something is new, whose entities need a second answer."""
        if self.data is None:
            return False
        before = self.data.usage
        if usage.spend and not before.spend:
            return True
        windows = {window.identity for window in before.windows}
        pools = {pool.label for pool in before.pools}
        return any(window.identity not in windows for window in usage.windows) or any(
            pool.label not in pools for pool in usage.pools
        )

    async def _async_usage(self) -> Usage:
        """Ask for the usage, and after some unclear refusals for their reason."""
        try:
            return await self.client.usage(self._org_id)
        except ForbiddenError as err:
            last = self.back_off.failure
            if last is None or last.key not in (err.key, OrganizationAccessError.key):
                raise
            if last.key == err.key and last.in_a_row + 1 < _UNCLEAR:
                raise
            await self.client.organizations()
            raise OrganizationAccessError from None

    async def _async_after_failure(self, failure: Failure, rest: timedelta) -> Snapshot:
        """Keep the last values after a failure where that is honest, or raise it."""
        async_tell_failure(self.hass, self.config_entry, failure)
        if failure.dead_key:
            await async_ask_for_key(self.hass, self.config_entry)
            raise ConfigEntryAuthFailed(
                failure.message,
                translation_domain=DOMAIN,
                translation_key=failure.key,
            )
        if (keep := self._keep_for(failure)) is not None:
            self._poll_after(min(rest, keep) + SLACK)
            return self.data
        self._poll_after(max(rest, SLACK))
        raise PollFailedError(failure.key, failure.message)

    def _keep_for(self, failure: Failure) -> timedelta | None:
        """Return how long the last values may still be shown, if someone will give them up."""
        if (
            failure.key not in _KEEPING
            or self.last_success is None
            or not self.last_update_success
            or self.config_entry.pref_disable_polling
        ):
            return None
        age = dt_util.utcnow() - self.last_success
        return KEEP - age if timedelta() <= age < KEEP else None

    def _poll_after(self, wait: timedelta) -> None:
        """Let Home Assistant poll next after a time."""
        self.update_interval = async_take_slot(self.hass, wait)
        self._due = dt_util.utcnow() + self.update_interval


def _take_note(poll: asyncio.Task[Snapshot]) -> None:
    """Look at how a poll has ended."""
    if not poll.cancelled():
        poll.exception()


def _until_next(usage: Usage, now: datetime, interval: timedelta) -> timedelta:
    """Return how long to wait after a success: the interval, or less because of a reset."""
    waits = [interval]
    for window in usage.all_windows:
        if window.resets_at is None:
            continue
        late = now - window.resets_at
        if late < timedelta():
            waits.append(AFTER_RESET - late)
        elif late < LATE_RESET:
            waits.append(max(late, AFTER_RESET))
    return min(waits)
