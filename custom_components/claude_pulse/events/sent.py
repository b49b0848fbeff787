"""The sent events of the last days that are still true. Pure.

An event is still true until its `valid_until` has passed, or until a later event ends it. An event
of a limit ends only those of the same limit, and one of the account only those of the account:

| A later event | ends |
| --- | --- |
| `reset`, `refilled` | all events of the limit |
| `available_again` | `limit_reached` and `will_run_out` |
| `limit_reached` | `available_again`, `left_over`, `will_run_out` and `threshold_reached` |
| `key_expired` | `cannot_be_read` and `key_expires_soon` |
| `readable_again` | `cannot_be_read` and `key_expired` |
| `service_recovered` | `service_incident` |
| any | earlier events of the same type and limit |

With another session key, `key_expires_soon` is no longer true. An event of a saved reset is no
longer true when two answers in a row lack a valid grant for it. Answers in which saved resets
are unknown do not count.

`reset`, `refilled`, `readable_again` and `service_recovered` only say that something is over,
and are not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from .model import (
    AVAILABLE_AGAIN,
    CANNOT_BE_READ,
    KEY_EXPIRED,
    KEY_EXPIRES_SOON,
    LEFT_OVER,
    LIMIT_REACHED,
    READABLE_AGAIN,
    REFILLED,
    RESET,
    SERVICE_INCIDENT,
    SERVICE_RECOVERED,
    THRESHOLD_REACHED,
    TYPES,
    WILL_RUN_OUT,
    Event,
)

# Older events are forgotten when the next one is sent.
_KEPT = timedelta(days=2)

_ENDS: Mapping[str, Sequence[str]] = {
    RESET: TYPES,
    REFILLED: TYPES,
    AVAILABLE_AGAIN: (LIMIT_REACHED, WILL_RUN_OUT),
    LIMIT_REACHED: (AVAILABLE_AGAIN, LEFT_OVER, WILL_RUN_OUT, THRESHOLD_REACHED),
    KEY_EXPIRED: (CANNOT_BE_READ, KEY_EXPIRES_SOON),
    READABLE_AGAIN: (CANNOT_BE_READ, KEY_EXPIRED),
    SERVICE_RECOVERED: (SERVICE_INCIDENT,),
}
_NOT_KEPT = (RESET, REFILLED, READABLE_AGAIN, SERVICE_RECOVERED)


class SentEvent(NamedTuple):
    """An event and the time at which it was sent."""

    at: datetime
    event: Event


def with_sent(sent: Sequence[SentEvent], new: SentEvent) -> list[SentEvent]:
    """Return the sent events that are still true after a new one."""
    untrue = (new.event.type, *_ENDS.get(new.event.type, ()))
    kept = [
        item
        for item in sent
        if new.at - item.at < _KEPT
        and not (
            item.event.identity == new.event.identity and item.event.type in untrue
        )
    ]
    return kept if new.event.type in _NOT_KEPT else [*kept, new]


def still_true(
    sent: Sequence[SentEvent], since: datetime, now: datetime
) -> list[SentEvent]:
    """Return the events that were sent since a time and are still valid."""
    return [
        item
        for item in sent
        if item.at >= since
        and (item.event.valid_until is None or item.event.valid_until > now)
    ]
