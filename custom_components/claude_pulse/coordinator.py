"""The pollers: ask claude.ai, and turn its errors into Home Assistant's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .back_off import BackOff, Failure
from .claude_ai.client import ClaudeAiClient
from .claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    InvalidSessionError,
    OrganizationAccessError,
    RateLimitedError,
)
from .claude_ai.status import service_status
from .claude_ai.usage import Money, Usage
from .const import (
    CONF_ORG_ID,
    CONF_PREVIOUS_SESSION_KEY,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
    DOMAIN,
)
from .issues import Issue, async_set_issue

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

# Between the first refusal of a session key and the request that confirms it.
CONFIRM_PAUSE = 5

# While claude.ai asks for patience, the last values stay this long.
KEEP = timedelta(minutes=15)
_KEEPING = {BlockedError.key, RateLimitedError.key}

# After this, a challenge does not end by waiting alone.
LONG_BLOCK = timedelta(hours=24)

# So many unclear refusals in a row are taken to be about the organization.
_UNCLEAR = 3

# A session key lives about 28 days from log-in.
KEY_ENDS_SOON = timedelta(days=25)

# A renewed key that was refused is not believed again before this.
_RENEWAL_PAUSE = timedelta(days=1)

# How often the plan and the balance are asked for, and after a failure.
_ACCOUNT_INTERVAL = timedelta(hours=6)
_ACCOUNT_RETRY = timedelta(hours=1)

# The balance is asked for after money was spent, but not more often than this.
_BALANCE_PAUSE = timedelta(hours=4)

_STATUS_INTERVAL = timedelta(minutes=5)

# claude.ai needs a moment to start the next window.
_AFTER_RESET = timedelta(seconds=15)


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
        self.back_off = BackOff(hass, entry)
        # The config entry can be an argument since Home Assistant 2024.11.
        super().__init__(
            hass,
            _LOGGER,
            name=DOMAIN,
            update_interval=self.back_off.interval,
            always_update=False,
        )
        self.entry = entry
        self.client = ClaudeAiClient(entry.data[CONF_SESSION_KEY])
        self.polls = 0
        self.failures: Counter[str] = Counter()
        self.last_success: datetime | None = None
        self._org_id: str = entry.data[CONF_ORG_ID]
        now = dt_util.utcnow()
        self._kept_until = now
        self._plan: str | None = None
        self._plan_due = now
        self._balance: Money | None = None
        self._balance_due = now
        self._balance_pause_until = now
        self._renewal_pause_until = now
        self._unsub_timer: CALLBACK_TYPE | None = None

    async def async_shutdown(self) -> None:
        """Stop polling and close the connection."""
        await super().async_shutdown()
        self._cancel_timer()
        await self.client.close()

    async def _async_update_data(self) -> Snapshot:
        """Poll once, unless claude.ai is to be left alone."""
        now = dt_util.utcnow()
        if (failure := self.back_off.failure) and now < failure.until:
            self.update_interval = failure.until - now
            return self._after_failure(failure)
        self._cancel_timer()
        self.polls += 1
        used = self.client.session_key
        try:
            usage = await self._async_usage()
        except ClaudeAiError as err:
            if self._shutdown_requested:
                # The connection was closed under it.
                raise PollFailedError(err.key, str(err)) from None
            self.failures[err.key] += 1
            if isinstance(err, InvalidSessionError):
                await self.back_off.async_clear()
                self._set_issue(Issue.BLOCKED, active=False)
                self._set_issue(Issue.KEY_ENDS, active=False)
                raise ConfigEntryAuthFailed(
                    str(err), translation_domain=DOMAIN, translation_key=err.key
                ) from None
            failure = await self.back_off.async_fail(err)
            self.update_interval = failure.wait
            return self._after_failure(failure)
        await self.back_off.async_clear()
        now = dt_util.utcnow()
        self._kept_until = now + KEEP
        self.last_success = now
        self.update_interval = self.back_off.interval
        if self.data and self.data.usage.spend != usage.spend:
            self._balance_due = min(self._balance_due, self._balance_pause_until)
        if now >= self._plan_due:
            self._plan_due = await self._async_update_plan(now)
        if now >= self._balance_due:
            self._balance_due = await self._async_update_balance(now)
        self._keep_key(used, now)
        self._set_issue(Issue.BLOCKED, active=False)
        self._set_issue(Issue.ORGANIZATION, active=False)
        if (reset := _next_reset(usage, now)) is not None:
            self._set_timer(self._async_wake_up, reset + _AFTER_RESET)
        return Snapshot(usage, self._plan, self._balance)

    async def _async_usage(self) -> Usage:
        """Ask for the usage, and ask again before a session key is called dead."""
        try:
            return await self._async_usage_or_reason()
        except InvalidSessionError:
            if usage := await self._async_restore_key():
                return usage
            await asyncio.sleep(CONFIRM_PAUSE)
            return await self._async_usage_or_reason()

    async def _async_usage_or_reason(self) -> Usage:
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

    async def _async_restore_key(self) -> Usage | None:
        """Go back to the key that a renewal has replaced, if claude.ai still accepts it."""
        if (previous := self.entry.data.get(CONF_PREVIOUS_SESSION_KEY)) is None:
            return None
        refused, self.client.session_key = self.client.session_key, previous
        try:
            usage = await self.client.usage(self._org_id)
        except ClaudeAiError as err:
            self.client.session_key = refused
            if isinstance(err, InvalidSessionError):
                return None
            raise
        self._renewal_pause_until = dt_util.utcnow() + _RENEWAL_PAUSE
        data = {**self.entry.data, CONF_SESSION_KEY: previous}
        del data[CONF_PREVIOUS_SESSION_KEY]
        self._store(refused, data)
        return usage

    def _keep_key(self, used: str, now: datetime) -> None:
        """Take over a key that claude.ai has renewed; the old one stays until it is proved.

        `used` is the key that this poll has proved.
        """
        data = dict(self.entry.data)
        if data.pop(CONF_PREVIOUS_SESSION_KEY, None):
            data[CONF_SESSION_KEY_SINCE] = now.isoformat()
        since = data.setdefault(CONF_SESSION_KEY_SINCE, now.isoformat())
        offered, self.client.offered_key = self.client.offered_key, None
        if offered and now >= self._renewal_pause_until:
            data |= {CONF_SESSION_KEY: offered, CONF_PREVIOUS_SESSION_KEY: used}
        if self._store(used, data):
            self.client.session_key = data[CONF_SESSION_KEY]
            ends_soon = now - datetime.fromisoformat(since) >= KEY_ENDS_SOON
            self._set_issue(Issue.KEY_ENDS, active=ends_soon)

    def _store(self, used: str, data: dict[str, Any]) -> bool:
        """Store what a poll with a key has brought, unless somebody has changed the key."""
        if self._shutdown_requested or self.entry.data[CONF_SESSION_KEY] != used:
            return False
        if data != self.entry.data:
            self.hass.config_entries.async_update_entry(self.entry, data=data)
        return True

    async def _async_update_plan(self, now: datetime) -> datetime:
        """Ask for the plan, and return when to ask again; a failure changes nothing."""
        try:
            self._plan = (await self.client.organization(self._org_id)).plan
        except ClaudeAiError:
            return now + _ACCOUNT_RETRY
        return now + _ACCOUNT_INTERVAL

    async def _async_update_balance(self, now: datetime) -> datetime:
        """Ask for the balance, and return when to ask again; a failure changes nothing."""
        self._balance_pause_until = now + _BALANCE_PAUSE
        try:
            self._balance = await self.client.balance(self._org_id)
        except ClaudeAiError:
            return now + _ACCOUNT_RETRY
        return now + _ACCOUNT_INTERVAL

    def _after_failure(self, failure: Failure) -> Snapshot:
        """Keep the last values after a failure where that is honest."""
        now, since = dt_util.utcnow(), failure.blocked_since
        long_block = since is not None and now - since >= LONG_BLOCK
        self._set_issue(Issue.BLOCKED, active=long_block)
        if failure.key == OrganizationAccessError.key:
            self._set_issue(Issue.ORGANIZATION, active=True)
        error = PollFailedError(failure.key, failure.message)
        if not (
            failure.key in _KEEPING
            and self.last_update_success
            and now < self._kept_until
        ):
            raise error

        @callback
        def give_up(_: datetime) -> None:
            """Say that the kept values are too old."""
            self.async_set_update_error(error)

        self._set_timer(give_up, self._kept_until)
        return self.data

    def _set_issue(self, issue: Issue, *, active: bool) -> None:
        """Raise an issue of this entry, or clear it."""
        async_set_issue(self.hass, self.entry, issue, active)

    async def _async_wake_up(self, _: datetime) -> None:
        """Poll because a window has been reset."""
        await self.async_request_refresh()

    def _set_timer(
        self,
        action: Callable[[datetime], Coroutine[Any, Any, None] | None],
        at: datetime,
    ) -> None:
        """Set the one timer: for a wake-up after a success, for giving up after a failure."""
        self._cancel_timer()
        if not self._shutdown_requested:
            self._unsub_timer = async_track_point_in_utc_time(self.hass, action, at)

    def _cancel_timer(self) -> None:
        """Cancel the timer; cancelling one that has fired does nothing."""
        if self._unsub_timer is not None:
            self._unsub_timer()
            self._unsub_timer = None


class StatusCoordinator(DataUpdateCoordinator[str | None]):
    """Poll the public status page, while an entity listens."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the poller of the entry that is being set up."""
        super().__init__(
            hass,
            _LOGGER,
            name=f"{DOMAIN} status",
            update_interval=_STATUS_INTERVAL,
            always_update=False,
        )
        self.entry = entry

    async def _async_update_data(self) -> str | None:
        """Poll once."""
        try:
            return await service_status()
        except ClaudeAiError as err:
            raise PollFailedError(err.key, str(err)) from None


def _next_reset(usage: Usage, now: datetime) -> datetime | None:
    """Return the nearest time in the future at which a window is reset."""
    windows = (usage.session, usage.weekly, *usage.windows)
    resets = (window.resets_at for window in windows if window and window.resets_at)
    return min((reset for reset in resets if reset > now), default=None)
