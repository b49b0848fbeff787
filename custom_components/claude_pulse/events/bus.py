"""The data of `claude_pulse_event`, the event on the bus. Pure.

An automation that listens to it gets the events of the whole account, including those of
limits that are added later. It has no amounts of money, because every user can see the event
entities, which have the same attributes.

| Key | Value |
| --- | --- |
| `device_id` | the device of the account |
| `sent_at` | the time at which the event was sent, in ISO 8601 |
| `type` | the type of the event, `progress` or `cleared` |
| `kind` | `session`, `weekly`, `model`, `window` (another limit), `extra` (the spend limit), `saved_resets` or `account` |
| `limit` | the limit, as in the ID of its event entity: `session`, `weekly_opus` |
| `name` | the name of the model or the other limit, or None |
| others | the attributes of the event entity |

`progress` is sent each time a session has passed a multiple of five points. `cleared` has no
attributes: what was reported is no longer true, because the session key was replaced before
its end, or the saved resets were used.
"""

from __future__ import annotations

from typing import Any

from ..claude_ai.windows import SESSION
from ..const import DOMAIN
from ..naming import subject_of
from .model import ROSE, Event, UsageEvent

EVENT_CLAUDE_PULSE = f"{DOMAIN}_event"

CLEARED = "cleared"
PROGRESS = "progress"
_PROGRESS_STEP = 5


def bus_data(event: Event) -> dict[str, Any] | None:
    """Return the data of an event without the device, or None if it is not for the bus."""
    event_type = event.type
    if event_type == ROSE:
        if not _is_step(event):
            return None
        event_type = PROGRESS
    return {**_subject(event, event_type), **event.as_dict()}


def cleared_data(event: Event) -> dict[str, Any]:
    """Return the data of `cleared`, without the device, for one of the events."""
    return _subject(event, CLEARED)


def _subject(event: Event, event_type: str) -> dict[str, Any]:
    """Return the keys that all events have."""
    subject = subject_of(event)
    prefix = subject.translation_prefix
    return {
        "type": event_type,
        "kind": prefix,
        "limit": subject.slug,
        "name": subject.placeholders.get(prefix),
    }


def _is_step(event: Event) -> bool:
    """Return whether a rise has passed a multiple of the step in a session."""
    if not isinstance(event, UsageEvent) or event.identity != SESSION:
        return False
    return event.before // _PROGRESS_STEP < event.window.percent // _PROGRESS_STEP
