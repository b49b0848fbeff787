"""The pollers: ask claude.ai, and turn its errors into Home Assistant's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
import random
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

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
    CONF_SESSION_KEY,
    CONF_UPDATE_INTERVAL,
    DEFAULT_UPDATE_INTERVAL,
    DOMAIN,
)

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

# Between the first refusal of a session key and the request that confirms it.
CONFIRM_PAUSE = 5

# Several entries do not ask in the same second.
_JITTER = 5

# While claude.ai asks for patience, the last values stay this long.
_KEEP = timedelta(minutes=15)

# The errors that ask for patience: each one in a row doubles the wait up to this.
_LONGEST_WAIT: dict[type[ClaudeAiError], timedelta] = {
    BlockedError: timedelta(hours=1),
    RateLimitedError: timedelta(minutes=30),
}
_LONGEST_RETRY_AFTER = 6 * 60 * 60

# So many unclear refusals in a row are taken to be about the organization.
_FORBIDDEN_MEANS_ORGANIZATION = 3

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

    def __init__(self, err: ClaudeAiError) -> None:
        """Take over what the client said."""
        super().__init__(str(err))
        # UpdateFailed takes these as arguments since Home Assistant 2025.1.
        self.translation_domain = DOMAIN
        self.translation_key = err.key
        self.translation_placeholders = None


class ClaudePulseCoordinator(DataUpdateCoordinator[Snapshot]):
    """Poll the usage of one seat."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the poller of the entry that is being set up."""
        seconds = entry.options.get(CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL)
        self._interval = timedelta(seconds=seconds + random.uniform(0, _JITTER))
        # The config entry can be an argument since Home Assistant 2024.11.
        super().__init__(
            hass,
            _LOGGER,
            name=DOMAIN,
            update_interval=self._interval,
            always_update=False,
        )
        self.entry = entry
        self._client = ClaudeAiClient(entry.data[CONF_SESSION_KEY])
        self._org_id: str = entry.data[CONF_ORG_ID]
        self._forbidden_in_a_row = 0
        self._kept_until = dt_util.utcnow()
        self._plan: str | None = None
        self._plan_due = dt_util.utcnow()
        self._balance: Money | None = None
        self._balance_due = dt_util.utcnow()
        self._balance_pause_until = dt_util.utcnow()
        self._unsub_timer: CALLBACK_TYPE | None = None

    async def async_shutdown(self) -> None:
        """Stop polling and close the connection."""
        await super().async_shutdown()
        self._cancel_timer()
        await self._client.close()

    async def _async_update_data(self) -> Snapshot:
        """Poll once."""
        self._cancel_timer()
        try:
            usage = await self._async_usage()
        except InvalidSessionError as err:
            raise ConfigEntryAuthFailed(
                str(err), translation_domain=DOMAIN, translation_key=err.key
            ) from None
        except ClaudeAiError as err:
            return self._after_failure(err)
        now = dt_util.utcnow()
        self._forbidden_in_a_row = 0
        self._kept_until = now + _KEEP
        self.update_interval = self._interval
        if self.data and self.data.usage.spend != usage.spend:
            self._balance_due = min(self._balance_due, self._balance_pause_until)
        if now >= self._plan_due:
            self._plan_due = await self._async_update_plan(now)
        if now >= self._balance_due:
            self._balance_due = await self._async_update_balance(now)
        if (reset := _next_reset(usage, now)) is not None:
            self._set_timer(self._async_wake_up, reset + _AFTER_RESET)
        return Snapshot(usage, self._plan, self._balance)

    async def _async_usage(self) -> Usage:
        """Ask for the usage, and ask further where one answer does not settle it."""
        try:
            return await self._client.usage(self._org_id)
        except InvalidSessionError:
            await asyncio.sleep(CONFIRM_PAUSE)
            return await self._client.usage(self._org_id)
        except ForbiddenError:
            self._forbidden_in_a_row += 1
            if self._forbidden_in_a_row < _FORBIDDEN_MEANS_ORGANIZATION:
                raise
            await self._client.organizations()
            raise OrganizationAccessError from None

    async def _async_update_plan(self, now: datetime) -> datetime:
        """Ask for the plan, and return when to ask again; a failure changes nothing."""
        try:
            self._plan = (await self._client.organization(self._org_id)).plan
        except ClaudeAiError:
            return now + _ACCOUNT_RETRY
        return now + _ACCOUNT_INTERVAL

    async def _async_update_balance(self, now: datetime) -> datetime:
        """Ask for the balance, and return when to ask again; a failure changes nothing."""
        self._balance_pause_until = now + _BALANCE_PAUSE
        try:
            self._balance = await self._client.balance(self._org_id)
        except ClaudeAiError:
            return now + _ACCOUNT_RETRY
        return now + _ACCOUNT_INTERVAL

    def _after_failure(self, err: ClaudeAiError) -> Snapshot:
        """Set the pace after a failure, and keep the last values where that is honest."""
        self.update_interval = self._wait(err)
        keep = (
            type(err) in _LONGEST_WAIT
            and self.last_update_success
            and dt_util.utcnow() < self._kept_until
        )
        if not keep:
            raise PollFailedError(err) from None

        @callback
        def give_up(_: datetime) -> None:
            """Say that the kept values are too old."""
            self.async_set_update_error(PollFailedError(err))

        self._set_timer(give_up, self._kept_until)
        return self.data

    def _wait(self, err: ClaudeAiError) -> timedelta:
        """Return how long to wait after an error."""
        if (longest := _LONGEST_WAIT.get(type(err))) is None:
            return self._interval
        asked = err.retry_after if isinstance(err, RateLimitedError) else None
        if asked is not None and asked > 0:
            wait = timedelta(seconds=min(asked, _LONGEST_RETRY_AFTER))
        else:
            wait = min(2 * (self.update_interval or self._interval), longest)
        return max(wait, self._interval)

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
            raise PollFailedError(err) from None


def _next_reset(usage: Usage, now: datetime) -> datetime | None:
    """Return the nearest time in the future at which a window is reset."""
    windows = (usage.session, usage.weekly, *usage.windows)
    resets = (window.resets_at for window in windows if window and window.resets_at)
    return min((reset for reset in resets if reset > now), default=None)
