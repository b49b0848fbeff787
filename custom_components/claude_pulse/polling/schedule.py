"""When to poll next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# claude.ai starts the next window some seconds after a reset.
AFTER_RESET = timedelta(seconds=15)

# claude.ai can serve the old window for this long after a reset.
LATE_RESET = timedelta(hours=1)

# A second answer is requested after this time at the latest. It confirms the first one only if
# it comes at least a minute later.
CONFIRM = timedelta(seconds=65)

# Home Assistant's timers can fire this early.
SLACK = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PollInputs:
    """The values that decide when to poll next.

    `interval` is the normal time between polls, or the wait after a failure. `resets` are
    the reset times of the last answer.
    """

    now: datetime
    interval: timedelta
    resets: Sequence[datetime | None] = ()
    confirm: bool = False
    not_before: datetime | None = None
    stale_at: datetime | None = None


def next_poll(inputs: PollInputs) -> timedelta:
    """Return the time until the next poll.

    Each case that applies changes the time of the cases above it:

    | Case | Time until the next poll |
    | --- | --- |
    | Normally | `interval` |
    | A second answer has to `confirm` the last one | at most 65 seconds |
    | A reset is coming | at most until 15 seconds after it |
    | The answer still shows a reset that passed less than 15 seconds ago | at most 15 seconds |
    | The answer still shows a reset that passed 15 seconds to an hour ago | at most the time since that reset. So polls come 30, 60, 120 … seconds after it |
    | No request may be sent before `not_before` | at least until then |
    | The shown values may be kept until `stale_at` | at most until then, even if that is before `not_before`: such a poll sends no request, and makes the values unavailable |
    """
    now, wait = inputs.now, inputs.interval
    if inputs.confirm:
        wait = min(wait, CONFIRM)
    for resets_at in filter(None, inputs.resets):
        overdue = now - resets_at
        if overdue < timedelta():
            wait = min(wait, AFTER_RESET - overdue)
        elif overdue < LATE_RESET:
            wait = min(wait, max(overdue, AFTER_RESET))
    if inputs.not_before is not None:
        wait = max(wait, inputs.not_before - now)
    if inputs.stale_at is not None:
        wait = min(wait, inputs.stale_at - now)
    return max(wait, SLACK)
