"""The wait after a failed poll. Pure.

A wait is never shorter than the update interval, even if that exceeds a maximum here. After an
outage, an extra request, such as one at a reset, may be sent sooner.

| Error | The next poll | Also |
| --- | --- | --- |
| `BlockedError` | after twice the last wait, up to 1 hour | keeps the values for 15 minutes; repair issue after 24 hours |
| `RateLimitedError` | after `Retry-After`, up to 6 hours, or twice the last wait, up to 30 minutes | keeps the values for 15 minutes |
| `ForbiddenError` | after twice the last wait, up to 30 minutes | after the third in a row, the session key is checked: if it is accepted, the error is `OrganizationAccessError` |
| `OrganizationAccessError` | after twice the last wait, up to 30 minutes | repair issue |
| `InvalidSessionError` | after somebody has entered a key, even the same one, or another key was stored | reauthentication |
| others, such as an outage | after the interval | repair issue if the entry has no organization (`InvalidOrganizationIdError`) |

Before the first failure, the last wait is the update interval.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
from .schedule import SLACK

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

# After an outage in which claude.ai may have received the request, an extra request, such as one
# at a reset, is allowed after this time, or after the interval if that is shorter.
_SHORT_WAIT = timedelta(minutes=2)

# These failures do not clear up in seconds. Each repetition doubles the wait, up to this.
LONGEST_WAIT: dict[type[ClaudeAiError], timedelta] = {
    BlockedError: timedelta(hours=1),
    ForbiddenError: timedelta(minutes=30),
    OrganizationAccessError: timedelta(minutes=30),
    RateLimitedError: timedelta(minutes=30),
}
_LONGEST_RETRY_AFTER = timedelta(hours=6)

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failed poll.

    `error_key` and `message` are those of the error, and `in_a_row` counts failures with this
    key. `wait` is the time until the next poll, unless a reset comes sooner. Requests before
    `until` are not sent. `blocked_for` is how long requests have been blocked, including
    outages in between. `refused_key` is the session key that claude.ai no longer accepts.
    """

    error_key: str
    message: str
    in_a_row: int
    at: datetime
    wait: timedelta
    until: datetime
    blocked_for: timedelta | None = None
    refused_key: str | None = field(default=None, repr=False)

    @property
    def is_key_expired(self) -> bool:
        """Return whether only another session key helps."""
        return self.refused_key is not None


class BackOff:
    """The last failure of an entry's polls, and counts for diagnostics.

    It is kept over reloads, so a reload does not shorten the wait. It is not stored: after a
    restart of Home Assistant, a request is sent at once.
    """

    def __init__(self) -> None:
        """Initialize without a failure."""
        self.failure: Failure | None = None
        self.failures: Counter[str] = Counter()
        self.last_success: datetime | None = None
        self.polls = 0

    def not_before(self, now: datetime, session_key: str) -> datetime | None:
        """Return the time before which no request may be sent, or None."""
        failure = self.failure
        if failure is None:
            return None
        if failure.refused_key is not None:
            return _NEVER if failure.refused_key == session_key else None
        # If more time is left than the whole wait, the clock was set back.
        return failure.until if SLACK < failure.until - now <= failure.wait else None

    def fail(
        self, err: ClaudeAiError, now: datetime, interval: timedelta, session_key: str
    ) -> Failure:
        """Remember a failure and return it."""
        last = self.failure
        wait = pause = self._wait_after(err, interval)
        if isinstance(err, UnreachableError):
            # claude.ai received nothing, so another request does no harm.
            pause = timedelta()
        elif isinstance(err, UnavailableError):
            # After an outage, a long interval must not delay the poll after a reset.
            pause = min(wait, _SHORT_WAIT)
        self.failures[err.key] += 1
        self.failure = Failure(
            error_key=err.key,
            message=str(err),
            in_a_row=last.in_a_row + 1 if last and last.error_key == err.key else 1,
            at=now,
            wait=wait,
            until=now + pause,
            blocked_for=self._blocked_for(err, now),
            refused_key=session_key if isinstance(err, InvalidSessionError) else None,
        )
        return self.failure

    def succeed(self, now: datetime) -> None:
        """Remember a success. The next request need not wait."""
        self.failure = None
        self.last_success = now

    def reset(self) -> None:
        """Forget the failure, because the user has changed something."""
        self.failure = None

    def forget_key(self) -> None:
        """Forget that the session key was refused, because a key was entered."""
        if self.failure and self.failure.is_key_expired:
            self.failure = None

    def _wait_after(self, err: ClaudeAiError, interval: timedelta) -> timedelta:
        """Return the wait after an error: at least the interval, and limited."""
        if (longest := LONGEST_WAIT.get(type(err))) is None:
            return interval
        last = self.failure.wait if self.failure else interval
        asked = err.retry_after if isinstance(err, RateLimitedError) else None
        if asked is not None and asked > 0:
            seconds = min(asked, _LONGEST_RETRY_AFTER.total_seconds())
            return max(timedelta(seconds=seconds), interval)
        return max(min(2 * last, longest), interval)

    def _blocked_for(self, err: ClaudeAiError, now: datetime) -> timedelta | None:
        """Return how long requests have been blocked, or None if they are not.

        Of the time between two failures, at most the longest wait is counted: if the clock
        is set in between, it can look like days.
        """
        last = self.failure
        if last is None or last.blocked_for is None:
            return timedelta() if isinstance(err, BlockedError) else None
        if not isinstance(err, (BlockedError, UnavailableError)):
            return None
        longest = max(last.wait, LONGEST_WAIT[BlockedError])
        return last.blocked_for + min(max(now - last.at, timedelta()), longest)
