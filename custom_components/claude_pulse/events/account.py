"""Detects events of the account itself: its session key, its answers, the service. Pure.

| Event | When | Again |
| --- | --- | --- |
| `key_expires_soon` | 25 days after the key first worked | with another key |
| `key_expired` | claude.ai no longer accepts the key | after `readable_again` |
| `cannot_be_read` | there was no answer for an hour, and claude.ai has not refused the key | after `readable_again` |
| `readable_again` | an answer after one of these two | |
| `service_incident` | the status page shows an incident for 5 minutes | after `service_recovered` |
| `service_recovered` | the status page shows no incident for 15 minutes | |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..claude_ai.status import OPERATIONAL
from ..polling.issues import KEY_LIFETIME, KEY_WARNING_AGE
from .model import (
    CANNOT_BE_READ,
    KEY_EXPIRED,
    KEY_EXPIRES_SOON,
    READABLE_AGAIN,
    SERVICE_INCIDENT,
    SERVICE_RECOVERED,
    AccountEvent,
)

_UNREADABLE_AFTER = timedelta(hours=1)
_INCIDENT_AFTER = timedelta(minutes=5)
_RECOVERED_AFTER = timedelta(minutes=15)

# At most this much of the time between two checks is counted: if the clock is set or the machine
# sleeps, it can look like days. A check comes each minute or, while the set-up fails, when Home
# Assistant repeats it: in 2026.11, up to ten minutes later.
_LONGEST_STEP = timedelta(minutes=3)
_LONGEST_RETRY = timedelta(minutes=11)

_NO_TIME = timedelta()


@dataclass(frozen=True, slots=True)
class AccountState:
    """The state of the account and the service at one time.

    `key_since` is the time of the first successful request with the key. `failure` is the
    translation key of the last failed poll, or None after an answer. `status` is one of
    `STATUSES`, or None if the status page cannot be read. `is_set_up` is False after a failed
    set-up.
    """

    key_since: datetime | None = None
    failure: str | None = None
    is_key_expired: bool = False
    status: str | None = None
    is_set_up: bool = True


@dataclass(frozen=True, slots=True)
class AccountProgress:
    """The events so far, and how long a failure or an incident has lasted.

    `warned_of` is the `key_since` of the key that was reported to expire soon.

    `failing_since` and `failing_for` are None and 0 after an answer. `failed` is the last event
    of the failure, or None before one.

    `incident_since` and `incident_for` are the same for an incident of the service. `incident`
    is the status with which it was reported, or None. `recovered_for` is how long the page has
    shown no incident since then, or None while it shows one. After 15 minutes, the incident is
    over.
    """

    checked_at: datetime | None = None
    warned_of: datetime | None = None
    failing_since: datetime | None = None
    failing_for: timedelta = _NO_TIME
    failed: str | None = None
    incident_since: datetime | None = None
    incident_for: timedelta = _NO_TIME
    incident: str | None = None
    recovered_for: timedelta | None = None


def detect_account_events(
    progress: AccountProgress, state: AccountState, now: datetime
) -> tuple[AccountProgress, list[AccountEvent]]:
    """Return the new progress, and the events."""
    longest = _LONGEST_STEP if state.is_set_up else _LONGEST_RETRY
    step = now - (progress.checked_at or now)
    step = min(max(step, _NO_TIME), longest)
    events: list[AccountEvent] = []
    progress = replace(progress, checked_at=now)
    progress = _check_key(progress, state, now, events)
    progress = _check_failure(progress, state, step, events)
    return _check_incident(progress, state, step, events), events


def _check_key(
    progress: AccountProgress,
    state: AccountState,
    now: datetime,
    events: list[AccountEvent],
) -> AccountProgress:
    """Detect that the key expires soon."""
    since = state.key_since
    if since is None or since == progress.warned_of or state.is_key_expired:
        return progress
    if now - since < KEY_WARNING_AGE:
        return progress
    events.append(AccountEvent(KEY_EXPIRES_SOON, expires_at=since + KEY_LIFETIME))
    return replace(progress, warned_of=since)


def _check_failure(
    progress: AccountProgress,
    state: AccountState,
    step: timedelta,
    events: list[AccountEvent],
) -> AccountProgress:
    """Detect that nothing can be read, and that usage can be read again."""
    since = progress.failing_since
    if state.failure is None:
        if progress.failed:
            events.append(AccountEvent(READABLE_AGAIN, since=since))
        return replace(progress, failing_since=None, failing_for=_NO_TIME, failed=None)
    lasted = progress.failing_for + step if since else _NO_TIME
    since = since or progress.checked_at
    progress = replace(progress, failing_since=since, failing_for=lasted)
    event_type = progress.failed
    if state.is_key_expired:
        event_type = KEY_EXPIRED
    elif event_type is None and lasted >= _UNREADABLE_AFTER:
        event_type = CANNOT_BE_READ
    if event_type is None or event_type == progress.failed:
        return progress
    events.append(AccountEvent(event_type, since=since, reason=state.failure))
    return replace(progress, failed=event_type)


def _check_incident(
    progress: AccountProgress,
    state: AccountState,
    step: timedelta,
    events: list[AccountEvent],
) -> AccountProgress:
    """Detect an incident of the service, and its end."""
    since, status = progress.incident_since, state.status
    if status is None:
        return progress
    if status != OPERATIONAL:
        lasted = progress.incident_for + step if since else _NO_TIME
        since = since or progress.checked_at
        progress = replace(
            progress, incident_since=since, incident_for=lasted, recovered_for=None
        )
        if progress.incident is None and lasted >= _INCIDENT_AFTER:
            events.append(AccountEvent(SERVICE_INCIDENT, since=since, reason=status))
            progress = replace(progress, incident=status)
        return progress
    before = progress.recovered_for
    recovered = _NO_TIME if before is None else before + step
    if progress.incident is not None and recovered < _RECOVERED_AFTER:
        return replace(progress, recovered_for=recovered)
    if progress.incident is not None:
        events.append(
            AccountEvent(SERVICE_RECOVERED, since=since, reason=progress.incident)
        )
    return replace(
        progress,
        incident_since=None,
        incident_for=_NO_TIME,
        incident=None,
        recovered_for=None,
    )
