"""Coordinator that polls the usage of an entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
import random

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
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
from ..claude_ai.usage import Usage
from ..const import DOMAIN
from ..reauth import async_reauth_during_reconfigure, async_record_refusal
from ..stored import data_of, options_of
from .back_off import BackOff, Failure
from .base import PollFailedError, config_entry_argument
from .issues import async_update_issues
from .schedule import PollInputs, next_poll
from .session_key import SessionKey

_LOGGER = logging.getLogger(__name__)

# Up to this number of seconds is added to the interval, so that polls do not coincide.
JITTER = 5

# While claude.ai blocks or rate limits requests, the last values are kept for this long.
KEEP = timedelta(minutes=15)
_KEEPING = {BlockedError.key, RateLimitedError.key}

# After this number of unclear refusals in a row, the session key is checked. If it is
# accepted, the refusals mean that it has no access to the organization.
_UNCLEAR = 3

# While another entry of the account asks for the session key, this entry checks this often,
# without a request, whether it is now its turn to ask.
_ASK_AGAIN = timedelta(minutes=1)

# A poll this late was missed, because the machine slept.
_OVERDUE = timedelta(seconds=30)


class ClaudePulseCoordinator(DataUpdateCoordinator[Usage]):
    """Polls the usage of one seat."""

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: ClaudeAiClient,
        back_off: BackOff,
        on_answer: Callable[[Usage, datetime], tuple[Usage, bool]],
    ) -> None:
        """Initialize the coordinator of an entry that is being set up.

        `on_answer` is called with each answer and the time. It returns the answer to use, and
        whether a second answer has to confirm it.
        """
        super().__init__(
            hass,
            _LOGGER,
            # The entry ID is random, so it may be logged.
            name=f"{DOMAIN} {entry.entry_id}",
            update_interval=timedelta(seconds=options_of(entry).update_interval),
            always_update=False,
            **config_entry_argument(entry),
        )
        self.back_off = back_off
        self.client = client
        self._due = dt_util.utcnow()
        self._interval = timedelta(seconds=options_of(entry).update_interval)
        # Whether the last values are shown after a failure. Home Assistant then sees no failure,
        # and logs none.
        self._keeps_values = False
        self._key = SessionKey(hass, entry, client)
        self._lock = asyncio.Lock()
        self._on_answer = on_answer
        self._org_id = data_of(entry).org_id
        self._request: asyncio.Timeout | None = None

    async def async_shutdown(self) -> None:
        """Do nothing, as the runtime calls `async_stop`.

        Home Assistant before 2024.12 calls this method when the first platform has been
        unloaded, although the next one can fail.
        """

    async def async_stop(self) -> None:
        """Stop polling, also during a poll."""
        await super().async_shutdown()
        self.update_interval = None
        request, self._request = self._request, None
        if request is not None:
            request.reschedule(self.hass.loop.time())
        async with self._lock:
            pass

    @callback
    def async_poll_if_overdue(self) -> None:
        """Poll if the timer did not fire in time, as after the machine slept."""
        failure, now = self.back_off.failure, dt_util.utcnow()
        if self.config_entry.pref_disable_polling or (
            failure and failure.is_key_expired
        ):
            return
        if not self._lock.locked() and now >= self._due + _OVERDUE:
            self._due = now + (failure.wait if failure else self._interval)
            self.hass.async_create_task(self.async_refresh())

    async def _async_update_data(self) -> Usage:
        """Poll, or wait for the poll that is in progress.

        Home Assistant can update twice at the same time.
        """
        joined = self._lock.locked()
        async with self._lock:
            if not joined:
                return await self._async_poll()
        if not self.last_update_success and self.last_exception is not None:
            # The result of the other poll.
            raise self.last_exception
        return self._unchanged()

    def _unchanged(self) -> Usage:
        """Return the current values instead of those of a poll that no longer counts.

        Raises PollFailedError if there are none.
        """
        if self.last_update_success and self.data is not None:
            return self.data
        raise PollFailedError("cannot_connect", "stopped")

    async def _async_poll(self) -> Usage:
        """Request the usage, unless it is too early, and schedule the next poll."""
        self._key.async_use_shared()
        now, failure = dt_util.utcnow(), self.back_off.failure
        not_before = self.back_off.not_before(now, self.client.session_key)
        if failure is not None and not_before is not None:
            # It is too early to send anything, so this poll fails like the last one. The next
            # one is due at `not_before`: the wait of the failure does not start again.
            return await self._async_handle_failure(failure, not_before, timedelta())
        self.back_off.polls += 1
        try:
            async with asyncio.timeout(None) as self._request:
                usage = await self._key.async_request(self._async_request)
        except TimeoutError:
            # The request was stopped by `async_stop`.
            return self._unchanged()
        except ClaudeAiError as err:
            return await self._async_fail(err)
        finally:
            self._request = None
        now = dt_util.utcnow()
        # The first success after a failure updates the entities even if the data is equal,
        # because some of them show the failure.
        self.always_update = self.back_off.failure is not None
        self.back_off.succeed(now)
        if self._keeps_values:
            self._keeps_values = False
            _LOGGER.info("%s: claude.ai can be read again", self.name)
        self._key.async_succeeded()
        async_update_issues(self.hass, self.config_entry, now, None)
        usage, confirm = self._on_answer(usage, now)
        jitter = timedelta(seconds=random.randint(0, JITTER))
        self._schedule(
            PollInputs(
                now=now,
                interval=self._interval + jitter,
                resets=_resets(usage),
                confirm=confirm,
            )
        )
        return usage

    async def _async_request(self) -> Usage:
        """Request the usage, and check the session key after some unclear refusals.

        Raises ClaudeAiError.
        """
        try:
            return await self.client.usage(self._org_id)
        except ForbiddenError as err:
            last = self.back_off.failure
            if last is None or last.error_key not in (
                err.key,
                OrganizationAccessError.key,
            ):
                raise
            if last.error_key == err.key and last.in_a_row + 1 < _UNCLEAR:
                raise
            await self.client.organizations()
            raise OrganizationAccessError from None

    async def _async_fail(self, err: ClaudeAiError) -> Usage:
        """Record a failure. Return the last values if they may still be shown, or raise."""
        used = self.client.session_key
        if data_of(self.config_entry).session_key != used:
            # Another key was stored during the poll.
            return self._unchanged()
        before = self.back_off.failure
        failure = self.back_off.fail(err, dt_util.utcnow(), self._interval, used)
        if before is None or before.error_key != failure.error_key:
            self.async_update_listeners()
        return await self._async_handle_failure(failure, failure.until, failure.wait)

    async def _async_handle_failure(
        self, failure: Failure, not_before: datetime, wait: timedelta
    ) -> Usage:
        """Return the last values if they may still be shown, otherwise raise."""
        now = dt_util.utcnow()
        async_update_issues(self.hass, self.config_entry, now, failure)
        if failure.is_key_expired:
            asks = async_record_refusal(self.hass, self.config_entry)
            if not asks:
                self._schedule(PollInputs(now=now, interval=_ASK_AGAIN))
                raise PollFailedError(failure.error_key, failure.message)
            await async_reauth_during_reconfigure(self.hass, self.config_entry)
            raise ConfigEntryAuthFailed(
                failure.message,
                translation_domain=DOMAIN,
                translation_key=failure.error_key,
            )
        stale_at = self._stale_at(failure, now)
        self._schedule(
            PollInputs(
                now=now,
                interval=wait,
                resets=_resets(self.data),
                not_before=not_before,
                stale_at=stale_at,
            )
        )
        if stale_at is not None:
            if not self._keeps_values:
                self._keeps_values = True
                _LOGGER.info(
                    "%s: the last values stay for now: %s", self.name, failure.message
                )
            return self.data
        self._keeps_values = False
        raise PollFailedError(failure.error_key, failure.message)

    def _stale_at(self, failure: Failure, now: datetime) -> datetime | None:
        """Return until when the last values may be shown, or None if they may not."""
        last_success = self.back_off.last_success
        if (
            failure.error_key not in _KEEPING
            or last_success is None
            or self.data is None
            or not self.last_update_success
            or self.config_entry.pref_disable_polling
        ):
            return None
        return (
            last_success + KEEP if last_success <= now < last_success + KEEP else None
        )

    def _schedule(self, inputs: PollInputs) -> None:
        """Set the time of the next poll."""
        self.update_interval = next_poll(inputs)
        self._due = inputs.now + self.update_interval


def _resets(usage: Usage | None) -> list[datetime | None]:
    """Return the reset times of an answer."""
    return [window.resets_at for window in usage.all_windows] if usage else []
