"""The poller: ask claude.ai, turn its errors into Home Assistant's, say when to ask next."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from inspect import signature
import logging
import random
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util, slugify

from .account import Account
from .back_off import SLACK, Failure, back_off_of
from .claude_ai.client import ClaudeAiClient
from .claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    OrganizationAccessError,
    RateLimitedError,
)
from .claude_ai.usage import Money, Usage
from .connection import async_entry_session
from .const import CONF_ORG_ID, CONF_SESSION_KEY, DOMAIN
from .issues import async_tell_failure, async_tell_success
from .naming import Names
from .reading import Readings
from .seat import SOURCE_RECONFIGURE, async_end_flows, device_of
from .session_key import SessionKey
from .slots import async_take_slot

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

# Several Home Assistants do not ask in the same second.
JITTER = 5

# While claude.ai asks for patience, the last values stay this long.
KEEP = timedelta(minutes=15)
_KEEPING = {BlockedError.key, RateLimitedError.key}

# So many unclear refusals in a row are taken to be about the organization.
_UNCLEAR = 3

# claude.ai needs a moment to start the next window, and now and then longer: then it
# is asked again after twice as long each time, for an hour.
AFTER_RESET = timedelta(seconds=15)
_LATE_RESET = timedelta(hours=1)

# A poll that is so late has been slept through.
_OVERDUE = timedelta(seconds=30)

# The config entry is an argument since Home Assistant 2024.11.
_OWNER_IS_ARGUMENT = (
    "config_entry" in signature(DataUpdateCoordinator.__init__).parameters
)


def owned_by(entry: ConfigEntry | None) -> dict[str, Any]:
    """Return the argument that tells a coordinator its config entry, where there is one."""
    return {"config_entry": entry} if _OWNER_IS_ARGUMENT else {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a seat after a poll."""

    usage: Usage
    plan: str | None
    balance: Money | None


class PollFailedError(UpdateFailed):
    """A poll that failed, in English and with the key of its translation."""

    def __init__(self, key: str, message: str) -> None:
        """Take over what the client said."""
        super().__init__(message)
        # UpdateFailed takes these as arguments since Home Assistant 2025.1.
        self.translation_domain = DOMAIN
        self.translation_key = key
        self.translation_placeholders = None


class ClaudePulseCoordinator(DataUpdateCoordinator[Snapshot]):
    """Poll the usage of one seat."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the poller of the entry that is being set up."""
        self.back_off = back_off_of(hass, entry)
        super().__init__(
            hass,
            _LOGGER,
            name=DOMAIN,
            update_interval=self.back_off.interval,
            always_update=False,
            **owned_by(entry),
        )
        self.entry = entry
        self.client = ClaudeAiClient(
            async_entry_session(hass, entry), entry.data[CONF_SESSION_KEY]
        )
        self.account = Account(hass, entry, self.client)
        self.names = Names(hass, entry)
        self.readings = Readings()
        self.device = device_of(entry)
        self.slug = slugify(entry.title)
        self.polls = 0
        self.failures: Counter[str] = Counter()
        self.last_success: datetime | None = None
        self._jitter = timedelta(seconds=random.randint(0, JITTER))
        self._key = SessionKey(hass, entry, self.client)
        self._org_id: str = entry.data[CONF_ORG_ID]
        self._due = dt_util.utcnow()
        self._poll: asyncio.Task[Snapshot] | None = None

    @property
    def connection(self) -> str | None:
        """Return the key of what keeps claude.ai from being read, or None."""
        return self.back_off.failure.key if self.back_off.failure else None

    async def async_shutdown(self) -> None:
        """Stop polling, also in the middle of a poll."""
        await super().async_shutdown()
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.wait([self._poll])

    @callback
    def async_update_listeners(self) -> None:
        """Let the entities look at what is true now."""
        if self.data is not None:
            self.readings.update(self.data.usage, dt_util.utcnow())
        super().async_update_listeners()

    @callback
    def async_tick(self) -> None:
        """Let what follows the clock do so, and poll if that was slept through."""
        self.async_update_listeners()
        failure, now = self.back_off.failure, dt_util.utcnow()
        if self.entry.pref_disable_polling or (failure and failure.dead_key):
            return
        under_way = self._poll is not None and not self._poll.done()
        if not under_way and now >= self._due + _OVERDUE:
            self._due = now + self.back_off.wait
            self.hass.async_create_task(self.async_refresh())

    async def _async_update_data(self) -> Snapshot:
        """Poll, or wait for the poll that is under way: what it notes counts once."""
        if self._poll is None or self._poll.done():
            self._poll = self.hass.async_create_background_task(
                self._async_poll(), f"{self.name} poll {self.entry.title}"
            )
        poll = self._poll
        try:
            return await asyncio.shield(poll)
        except asyncio.CancelledError:
            if not poll.cancelled():
                raise
        # Stopped in the middle, as the entry goes: nothing has been found out.
        if self.last_update_success and self.data is not None:
            return self.data
        raise PollFailedError("cannot_connect", "stopped")

    async def _async_poll(self) -> Snapshot:
        """Poll once, unless claude.ai is to be left alone, and say when to poll next."""
        if (failure := self.back_off.failure) and (rest := self.back_off.rest):
            return self._after_failure(failure, rest)
        self.polls += 1
        try:
            usage = await self._key.async_ask(self._async_usage)
        except ClaudeAiError as err:
            self.failures[err.key] += 1
            before = self.connection
            failure = await self.back_off.async_fail(err)
            if self.connection != before:
                self.async_update_listeners()
            return self._after_failure(failure, failure.wait)
        recovered = self.connection is not None
        await self.back_off.async_clear()
        self.last_success = dt_util.utcnow()
        await self.account.async_update(
            spent=self.data is not None and self.data.usage.spend != usage.spend
        )
        self._key.async_proved()
        now = dt_util.utcnow()
        async_tell_success(self.hass, self.entry, self._key.since, now)
        self._poll_after(_until_next(usage, now, self.back_off.interval + self._jitter))
        if recovered:
            self.async_update_listeners()
        return Snapshot(usage, self.account.plan, self.account.balance)

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

    def _after_failure(self, failure: Failure, rest: timedelta) -> Snapshot:
        """Keep the last values after a failure where that is honest, or raise it."""
        async_tell_failure(self.hass, self.entry, failure)
        if failure.dead_key:
            # Home Assistant gives no notice while such a dialog is open, or was left so.
            async_end_flows(self.hass, self.entry, {SOURCE_RECONFIGURE})
            raise ConfigEntryAuthFailed(
                failure.message,
                translation_domain=DOMAIN,
                translation_key=failure.key,
            )
        if self._may_keep(failure):
            assert self.last_success is not None
            kept = self.last_success + KEEP - dt_util.utcnow()
            self._poll_after(min(rest, kept) + SLACK)
            return self.data
        self._poll_after(max(rest, SLACK))
        raise PollFailedError(failure.key, failure.message)

    def _may_keep(self, failure: Failure) -> bool:
        """Tell whether the last values may still be shown, and someone will give them up."""
        return (
            failure.key in _KEEPING
            and self.last_update_success
            and self.last_success is not None
            and timedelta() <= dt_util.utcnow() - self.last_success < KEEP
            and not self.entry.pref_disable_polling
        )

    def _poll_after(self, wait: timedelta) -> None:
        """Let Home Assistant poll next after a time."""
        self.update_interval = async_take_slot(self.hass, wait)
        self._due = dt_util.utcnow() + self.update_interval


def _until_next(usage: Usage, now: datetime, interval: timedelta) -> timedelta:
    """Return how long to wait after a success: the interval, or less because of a reset."""
    waits = [interval]
    for window in usage.all_windows:
        if window.resets_at is None:
            continue
        late = now - window.resets_at
        if late < timedelta():
            waits.append(AFTER_RESET - late)
        elif late < _LATE_RESET:
            waits.append(max(late, AFTER_RESET))
    return min(waits)
