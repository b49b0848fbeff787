"""How long to leave claude.ai alone after a failure, remembered over reloads and restarts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
import hashlib
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    InvalidOrganizationIdError,
    InvalidSessionError,
    OrganizationAccessError,
    RateLimitedError,
    RegionBlockedError,
    UnavailableError,
    UnreachableError,
)
from ..const import DEFAULT_UPDATE_INTERVAL, DOMAIN
from ..events.storage import EntryFile
from ..stored import data_of, options_of, read_number, read_time

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_DATA = f"{DOMAIN}_back_off"

# The errors of a failed poll.
POLL_ERRORS: tuple[type[ClaudeAiError], ...] = (
    BlockedError,
    UnavailableError,
    ForbiddenError,
    InvalidSessionError,
    InvalidOrganizationIdError,
    OrganizationAccessError,
    RateLimitedError,
    RegionBlockedError,
)

# Refusals do not end within seconds: each one in a row doubles the wait up to this.
LONGEST_WAIT: dict[type[ClaudeAiError], timedelta] = {
    BlockedError: timedelta(hours=1),
    ForbiddenError: timedelta(minutes=30),
    OrganizationAccessError: timedelta(minutes=30),
    RateLimitedError: timedelta(minutes=30),
}
_LONGEST_RETRY_AFTER = timedelta(hours=6)

# A shorter wait is not worth a write to the disk.
_WORTH_STORING = timedelta(minutes=5)

# Home Assistant's timers may fire this much early.
SLACK = timedelta(seconds=1)

_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failure, and what follows from it.

    `key` and `message` are the error's; so many of its kind came `in_a_row`, the last
    of them `at` that time.
    A verdict on a session key is `about` that key alone. Nothing is asked `until` then, which is the `wait` after it. `blocked_for` is how
    long there have been challenges, and outages between them; None without any.
    """

    key: str
    message: str
    in_a_row: int
    at: datetime
    wait: timedelta
    until: datetime
    blocked_for: timedelta | None
    about: str | None = None

    @property
    def dead_key(self) -> bool:
        """Tell whether only another session key ends it."""
        return self.key == InvalidSessionError.key


class BackOff:
    """The pace of one entry's polls: the interval, or slower after failures.

    There is one for an entry as long as Home Assistant runs, so that neither a reload
    nor a set-up that is tried again forgets.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Begin without a failure."""
        self.failure: Failure | None = None
        self._entry = entry
        self._hass = hass
        self._gone = self._loaded = False
        self._file = EntryFile(
            hass, f"{DOMAIN}.{entry.entry_id}", self._to_store, "What failed"
        )

    @property
    def interval(self) -> timedelta:
        """Return the time between two polls when all is well."""
        return timedelta(seconds=options_of(self._entry).update_interval)

    @property
    def wait(self) -> timedelta:
        """Return the time between two polls."""
        return self.failure.wait if self.failure else self.interval

    @property
    def rest(self) -> timedelta:
        """Return how long nothing is asked from now on; after a dead key, for ever."""
        if self.failure is None:
            return _NONE
        if self.failure.dead_key:
            return timedelta.max if self.failure.about == self._about else _NONE
        rest = self.failure.until - dt_util.utcnow()
        # Further away than the wait, the clock is another one than it was.
        return rest if SLACK < rest <= self.failure.wait else _NONE

    async def async_load(self) -> None:
        """Remember what failed before a restart, if it can be read."""
        if self._loaded:
            return
        self._loaded = True
        if not await self._file.async_load(self._remember):
            self.failure = None
            await self._file.async_store()

    async def async_fail(self, err: ClaudeAiError) -> Failure:
        """Note a failure."""
        now, last = dt_util.utcnow(), self.failure
        wait = pause = self._wait_after(err)
        if isinstance(err, UnreachableError):
            # claude.ai has heard nothing: whoever wants may try again.
            pause = _NONE
        elif isinstance(err, UnavailableError) and wait == self.interval:
            # An outage costs a long interval no window's reset.
            pause = min(wait, timedelta(seconds=DEFAULT_UPDATE_INTERVAL))
        self.failure = failure = Failure(
            key=err.key,
            message=str(err),
            in_a_row=last.in_a_row + 1 if last and last.key == err.key else 1,
            at=now,
            wait=wait,
            until=now + pause,
            blocked_for=self._blocked_for(err, now),
            about=self._about if isinstance(err, InvalidSessionError) else None,
        )
        # An outage leaves to remember what was before it.
        if not isinstance(err, UnavailableError):
            await self._file.async_store()
        return failure

    async def async_clear(self) -> None:
        """Go back to the interval."""
        self.failure = None
        await self._file.async_store()

    async def async_forget(self) -> None:
        """Leave nothing behind, as the entry is gone."""
        self._gone = True
        self._hass.data[_DATA].pop(self._entry.entry_id)
        self.failure = None
        await self._file.async_remove()

    @property
    def _about(self) -> str:
        """Return what tells the present session key from others, and no more."""
        key = data_of(self._entry).session_key
        return hashlib.sha256(key.encode()).hexdigest()[:16]

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

    def _blocked_for(self, err: ClaudeAiError, now: datetime) -> timedelta | None:
        """Return how long there have been challenges.

        What passes between two failures counts up to the longest wait: a clock that is
        set right meanwhile can show days.
        """
        known = self.failure.blocked_for if self.failure else None
        if known is None or self.failure is None:
            return _NONE if isinstance(err, BlockedError) else None
        if not isinstance(err, (BlockedError, UnavailableError)):
            return None
        longest = max(self.failure.wait, LONGEST_WAIT[BlockedError])
        return known + min(max(now - self.failure.at, _NONE), longest)

    def _to_store(self) -> dict[str, Any] | None:
        """Return what is to be remembered over a restart, if anything is."""
        failure = self.failure
        if self._gone or failure is None:
            return None
        if failure.wait < _WORTH_STORING and not failure.dead_key:
            return None
        blocked_for = failure.blocked_for
        return {
            **asdict(failure),
            "at": failure.at.isoformat(),
            "blocked_for": None if blocked_for is None else blocked_for.total_seconds(),
            "until": failure.until.isoformat(),
            "wait": failure.wait.total_seconds(),
        }

    def _remember(self, stored: dict[str, Any]) -> None:
        """Go on from what is stored; raises if it is no failure."""
        self.failure = _failure_of(stored, self.interval)


def _failure_of(stored: dict[str, Any], interval: timedelta) -> Failure:
    """Return a stored failure; raises if it is of no known kind."""
    (error,) = (item for item in POLL_ERRORS if item.key == stored["key"])
    message, about = stored.get("message"), stored.get("about")
    at = read_time(stored.get("at")) or dt_util.utcnow()
    wait = _seconds(stored.get("wait")) or interval
    wait = max(min(wait, _LONGEST_RETRY_AFTER), interval)
    return Failure(
        key=error.key,
        message=message if isinstance(message, str) else error.message,
        in_a_row=int(read_number(stored.get("in_a_row"), 1) or 1),
        at=at,
        wait=wait,
        until=read_time(stored.get("until")) or at + wait,
        blocked_for=_seconds(stored.get("blocked_for")),
        about=about if isinstance(about, str) else None,
    )


def _seconds(stored: object) -> timedelta | None:
    """Return a stored time span of up to a year, or None."""
    seconds = read_number(stored, 0, timedelta(days=365).total_seconds())
    return None if seconds is None else timedelta(seconds=seconds)


def back_off_of(hass: HomeAssistant, entry: ConfigEntry) -> BackOff:
    """Return the pace of an entry's polls."""
    known: dict[str, BackOff] = hass.data.setdefault(_DATA, {})
    if entry.entry_id not in known:
        known[entry.entry_id] = BackOff(hass, entry)
    return known[entry.entry_id]
