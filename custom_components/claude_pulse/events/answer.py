"""Detects all events of an answer: of its limits and its saved resets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..claude_ai.usage import Usage
from ..claude_ai.windows import Identity
from ..stored import EntryOptions
from .detection import Context, detect_events
from .model import (
    EXTRA_OFF,
    EXTRA_ON,
    EXTRA_SPENT,
    LIMIT_REACHED,
    Event,
    Rules,
    UsageEvent,
    WindowProgress,
)
from .saved_resets import KnownGrants, detect_saved_resets
from .storage import EventState


class AnswerResult(NamedTuple):
    """The progress and the events of the windows and the saved resets after an answer.

    `needs_confirmation` is True if a second answer should be requested soon.
    """

    progress: Mapping[Identity, WindowProgress]
    grants: KnownGrants | None
    events: list[Event]
    needs_confirmation: bool


def rules_of(options: EntryOptions) -> Rules:
    """Return the rules that the user has chosen."""
    return Rules(
        frozenset(options.thresholds),
        options.left_over,
        timedelta(hours=options.left_over_hours),
    )


def detect_in_answer(
    state: EventState, usage: Usage, context: Context, expires_before: timedelta
) -> AnswerResult:
    """Compare an answer with the state. Return the new progress and the events.

    `expires_before` is the option of saved resets.
    """
    context = replace(context, can_spend_unlimited=_can_spend_unlimited(usage))
    of_windows = detect_events(state.progress, usage.all_windows, context)
    grants, of_grants = detect_saved_resets(
        state.grants,
        usage.saved_resets,
        context.now,
        expires_before,
        is_first=context.last_answer is None,
    )
    events = [
        replace(
            event,
            saved_resets=_saved_resets(usage, event, context.now),
            extra_usage=_extra_usage(usage),
        )
        for event in of_windows.events
    ]
    return AnswerResult(
        of_windows.progress,
        grants,
        [*events, *of_grants],
        of_windows.needs_confirmation,
    )


def _saved_resets(usage: Usage, event: UsageEvent, now: datetime) -> int:
    """Return the number of saved resets that can reset a limit that is reached now."""
    if usage.saved_resets is None or event.type != LIMIT_REACHED:
        return 0
    return usage.saved_resets.number_for(event.identity, now)


def _extra_usage(usage: Usage) -> str:
    """Return whether paid usage continues when a limit is reached."""
    if (spend := usage.spend) is None:
        return EXTRA_OFF
    if spend.is_used_up:
        return EXTRA_SPENT
    return EXTRA_ON if spend.enabled else EXTRA_OFF


def _can_spend_unlimited(usage: Usage) -> bool:
    """Return whether the account can pay for usage without a limit."""
    spend = usage.spend
    if spend is None or usage.is_incomplete:
        return False
    return spend.enabled and spend.limit is None and not spend.is_used_up
