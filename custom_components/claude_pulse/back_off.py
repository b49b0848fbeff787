"""How long to leave claude.ai alone after a failure, remembered over reloads and restarts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
import logging
import random
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    OrganizationAccessError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)
from .const import CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL, DOMAIN

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

# Several entries do not ask in the same second.
_JITTER = 5

# Refusals do not end within seconds: each one in a row doubles the wait up to this.
LONGEST_WAIT: dict[type[ClaudeAiError], timedelta] = {
    BlockedError: timedelta(hours=1),
    ForbiddenError: timedelta(minutes=30),
    OrganizationAccessError: timedelta(minutes=30),
    RateLimitedError: timedelta(minutes=30),
}
_LONGEST_RETRY_AFTER = timedelta(hours=6)

# Home Assistant's timers may fire this much early.
_SLACK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failure, and what follows from it.

    `key` and `message` are the error's; so many of its kind came `in_a_row`.
    Nothing is asked `until` then, which is the `wait` after it. `blocked_since`
    is when the first of the challenges came that have not ended since.
    """

    key: str
    message: str
    in_a_row: int
    wait: timedelta
    until: datetime
    blocked_since: datetime | None


class BackOff:
    """The pace of one entry's polls: the interval, or slower after failures."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Initialize the pace of an entry that is being set up."""
        seconds = entry.options.get(CONF_UPDATE_INTERVAL, DEFAULT_UPDATE_INTERVAL)
        self.interval = timedelta(seconds=seconds + random.uniform(0, _JITTER))
        self.failure: Failure | None = None
        self._store = _store(hass, entry)

    @property
    def wait(self) -> timedelta:
        """Return the time between two polls."""
        return self.failure.wait if self.failure else self.interval

    async def async_load(self) -> None:
        """Remember what failed before a reload or a restart, if it can be read."""
        try:
            if (stored := await self._store.async_load()) is None:
                return
            wait = max(timedelta(seconds=stored["wait"]), self.interval)
            since = stored["blocked_since"]
            until, now = datetime.fromisoformat(stored["until"]), dt_util.utcnow()
            self.failure = Failure(
                key=stored["key"],
                message=stored["message"],
                in_a_row=stored["in_a_row"],
                wait=wait,
                # Further away than the wait, the clock has been wrong.
                until=until if until < now + wait else now,
                blocked_since=datetime.fromisoformat(since) if since else None,
            )
        except (
            HomeAssistantError,
            LookupError,
            NotImplementedError,
            TypeError,
            ValueError,
        ):
            _LOGGER.warning("What failed before the start cannot be read; going on")

    async def async_fail(self, err: ClaudeAiError) -> Failure:
        """Note a failure."""
        now, last = dt_util.utcnow(), self.failure
        blocked_since = last.blocked_since if last else None
        if isinstance(err, BlockedError):
            blocked_since = blocked_since or now
        elif not isinstance(err, UnavailableError):
            blocked_since = None
        wait = self._wait_after(err)
        self.failure = Failure(
            key=err.key,
            message=str(err),
            in_a_row=last.in_a_row + 1 if last and last.key == err.key else 1,
            wait=wait,
            until=now + wait - _SLACK,
            blocked_since=blocked_since,
        )
        if isinstance(err, UnreachableError):
            # claude.ai has heard nothing: whoever wants may try again.
            self.failure = replace(self.failure, until=now)
        else:
            await self._store.async_save(
                {
                    **asdict(self.failure),
                    "blocked_since": blocked_since and blocked_since.isoformat(),
                    "until": self.failure.until.isoformat(),
                    "wait": wait.total_seconds(),
                }
            )
        return self.failure

    async def async_clear(self) -> None:
        """Go back to the interval."""
        if self.failure is not None:
            self.failure = None
            await self._store.async_remove()

    def _wait_after(self, err: ClaudeAiError) -> timedelta:
        """Return how long to wait after an error.

        Only a success makes it shorter, but for what a limit has asked for.
        """
        if (longest := LONGEST_WAIT.get(type(err))) is None:
            return max(min(self.wait, max(LONGEST_WAIT.values())), self.interval)
        asked = err.retry_after if isinstance(err, RateLimitedError) else None
        if asked is not None and asked > 0:
            seconds = min(asked, _LONGEST_RETRY_AFTER.total_seconds())
            return max(timedelta(seconds=seconds), self.interval)
        return max(min(2 * self.wait, longest), self.interval)


async def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what failed, as a person has changed something or the entry is gone."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry) -> Store[dict[str, Any]]:
    """Return where an entry's last failure is kept, while there is one."""
    return Store(hass, 1, f"{DOMAIN}.{entry.entry_id}")
