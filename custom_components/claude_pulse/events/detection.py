"""Detects events in an answer of claude.ai. Pure.

`comparison` decides how each window of the answer relates to its progress so far.

claude.ai can lift a limit for an account. A session, week or spend limit that is missing counts as
lifted if the answers have other limits, or if the account can pay for usage without a limit. It
has to be missing for a minute if it was used up, and the event is `AVAILABLE_AGAIN`. Otherwise, it
has to be missing for an hour, and there is no event.

A threshold is crossed when the percentage rises from below it for the first time. After a
refill to 79%, the thresholds above 79 can be crossed again. One point can be rounding, so none
of them is crossed until the percentage is above 80. A fall, or a rise that is too fast for real
use, counts only when a second answer agrees. In the table, two equal percentages in a row are
the first answer and the second one that agrees with it.

A refill was an error if the percentage hardly rises after it, and then jumps back to about what
it was before the refill, but not to 100%. No threshold is crossed again then.

| Percentages | Thresholds | Events, without `ROSE` |
| --- | --- | --- |
| 95, 79, 79, 80 | 75, 80, 90 | `REFILLED` |
| 95, 79, 79, 81 | 75, 80, 90 | `REFILLED`, `THRESHOLD_REACHED` (80) |
| 95, 0, 0, 76, 76 | 75, 90 | `REFILLED`, `THRESHOLD_REACHED` (75) |
| 100, 92, 92, 100 | 75, 90 | `REFILLED`, `AVAILABLE_AGAIN`, `LIMIT_REACHED` |
| 92, 0, 0, 92, 92 (within minutes) | 75, 90 | `REFILLED` |
| 100, 108, 100 | any | none |
| 40, 100, 40 | any | none |
| 10, 95, 10 | any | none |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..claude_ai.windows import (
    SESSION,
    WEEKLY,
    Identity,
    UsageWindow,
)
from ..forecast.projection import Forecast
from ..polling.schedule import LATE_RESET
from .comparison import (
    Change,
    compare,
    has_passed,
    is_confirmed,
    is_reset_gone,
    with_unconfirmed,
    without_unconfirmed,
)
from .model import (
    AVAILABLE_AGAIN,
    BLOCKING,
    FREEING_TYPES,
    LEFT_OVER,
    LIMIT_REACHED,
    REFILLED,
    RESET,
    ROSE,
    THRESHOLD_REACHED,
    TYPES,
    WILL_RUN_OUT,
    Refill,
    Rules,
    UsageEvent,
    WindowProgress,
    WindowsResult,
    is_model,
    types_of,
)
from .risk import (
    is_at_risk,
    is_at_usual_time,
    runs_out_at,
    will_certainly_run_out,
)

# The points that rounding can add after a refill.
_ROUNDING = 1

# The progress of this number of missing windows is kept, the newest ones.
_MAX_MISSING = 50

# Returns the forecast of a window now, if there is one.
ForecastFn = Callable[[UsageWindow], Forecast | None]


@dataclass(frozen=True, slots=True)
class Context:
    """The other inputs of a detection, besides the progress and the answer.

    `last_answer` is the time of the answer before this one, or None. `can_spend_unlimited` is
    True if the account can pay for usage without a limit. `is_usual` returns whether the
    person often uses Claude at this hour of the week.
    """

    forecast: ForecastFn
    now: datetime
    rules: Rules
    last_answer: datetime | None = None
    can_spend_unlimited: bool = False
    is_usual: Callable[[datetime], bool] = lambda _: True

    @property
    def elapsed(self) -> timedelta:
        """Return the time since the last answer."""
        return max(self.now - (self.last_answer or self.now), timedelta())


def detect_events(
    progress: Mapping[Identity, WindowProgress],
    answer: Iterable[UsageWindow],
    context: Context,
) -> WindowsResult:
    """Compare the windows of an answer with their progress.

    A window that appears for the first time has no events. A missing window keeps its
    progress, unless it is lifted.
    """
    now = context.now
    windows = {
        window.identity: replace(window, percent=min(window.percent, 100))
        for window in answer
    }
    progress = _without_renumbered(progress, windows)
    missing = [identity for identity in progress if identity not in windows]
    after = {identity: progress[identity] for identity in missing[-_MAX_MISSING:]}
    events: list[UsageEvent] = []
    for identity, known in list(after.items()):
        # Only these can be lifted. An answer without any limits does not count: it is
        # incomplete, or the plan has expired.
        if identity not in BLOCKING or not (windows or context.can_spend_unlimited):
            after[identity] = without_unconfirmed(known)
            continue
        lifted = UsageWindow(identity, None, 0, None)
        after[identity] = with_unconfirmed(known, lifted, context.elapsed, now)
        if known.percent >= 100 and is_confirmed(after[identity], now):
            del after[identity]
            events.append(
                UsageEvent(lifted, AVAILABLE_AGAIN, known.percent, lifted=True)
            )
        elif is_confirmed(after[identity], now, LATE_RESET):
            del after[identity]
    for identity, window in windows.items():
        if (known_progress := progress.get(identity)) is None:
            after[identity] = WindowProgress(
                percent=window.percent,
                resets_at=window.resets_at,
                at_risk=is_at_risk(window, context.forecast(window), now, None),
                left_over=_is_near_reset(window, context),
            )
        else:
            after[identity], detected = _detect(known_progress, window, context)
            events += detected
    blocking = [after[identity] for identity in BLOCKING if identity in after]
    if any(_is_blocked(item, now) for item in blocking):
        events = [event for event in events if event.type != AVAILABLE_AGAIN]
    events = [
        replace(
            event,
            available_at=_available_at(after, event, now),
            binding=_is_binding(progress, windows, event),
        )
        for event in events
    ]
    return WindowsResult(
        after,
        sorted(events, key=lambda event: TYPES.index(event.type)),
        any(
            item.unconfirmed_since is not None
            for identity, item in after.items()
            if identity in windows or item.percent >= 100
        ),
    )


def _without_renumbered(
    progress: Mapping[Identity, WindowProgress], windows: Collection[Identity]
) -> dict[Identity, WindowProgress]:
    """Remove the progress of windows whose number may mean another window now.

    Numbers of windows with the same kind and name change when one of them comes or goes.
    """
    before = Counter(identity[:2] for identity in progress)
    now = Counter(identity[:2] for identity in windows)
    return {
        identity: item
        for identity, item in progress.items()
        if now[identity[:2]] in (0, before[identity[:2]])
    }


def _detect(
    progress: WindowProgress, window: UsageWindow, context: Context
) -> tuple[WindowProgress, list[UsageEvent]]:
    """Return the progress of a window after an answer, and its events."""
    elapsed, now = context.elapsed, context.now
    if is_reset_gone(progress, window, now):
        progress = replace(progress, resets_at=None)
    change = compare(progress, window, elapsed, now)
    if change is Change.STALE:
        return without_unconfirmed(progress), []
    if change is Change.UNSURE:
        return with_unconfirmed(progress, window, elapsed, now), []
    before, types = progress.percent, []
    if change is Change.NEXT:
        progress = WindowProgress(0, window.resets_at, at_risk=False)
        types.append(RESET)
    else:
        progress = replace(
            without_unconfirmed(progress),
            resets_at=window.resets_at or progress.resets_at,
        )
    if change is Change.REFILLED:
        refill = Refill(before, window.percent)
        progress = replace(progress, percent=window.percent, refill=refill)
        if window.identity == SESSION:
            progress = replace(progress, at_risk=False)
        types.append(REFILLED)
    elif change is Change.RETURNED and progress.refill and window.percent < 100:
        returned_to = min(window.percent, progress.refill.before)
        progress = replace(progress, percent=returned_to)
    elif change is Change.MOVED:
        progress = replace(progress, at_risk=None, left_over=False, moved=True)
    if before >= 100 > max(progress.percent, window.percent):
        types.append(AVAILABLE_AGAIN)
    events = [_event(window, context, item, before) for item in types]
    progress, further = _detect_rise(progress, window, context)
    return progress, events + further


def _detect_rise(
    progress: WindowProgress, window: UsageWindow, context: Context
) -> tuple[WindowProgress, list[UsageEvent]]:
    """Return the progress within a window, and the events of a rise and of the forecast."""
    before, percent = progress.percent, max(progress.percent, window.percent)
    if progress.refill and percent <= progress.refill.after + _ROUNDING:
        percent = before
    forecast, rules, types = context.forecast(window), context.rules, []
    crossed = [item for item in rules.thresholds if before < item <= percent]
    if before < percent:
        types.append(ROSE)
    if before < 100 <= percent:
        types.append(LIMIT_REACHED)
    elif crossed:
        types.append(THRESHOLD_REACHED)
    at_risk = None
    if not progress.moved:
        at_risk = is_at_risk(window, forecast, context.now, progress.at_risk)
    if at_risk and progress.at_risk is False and percent < 100:
        if is_at_usual_time(window, forecast, context.now, context.is_usual):
            types.append(WILL_RUN_OUT)
        else:
            at_risk = False
    left_over = progress.left_over or (
        _is_near_reset(window, context) and 100 - window.percent >= rules.left_over
    )
    if left_over and not progress.left_over:
        types.append(LEFT_OVER)
    events = [_event(window, context, item, before) for item in types]
    events = [
        replace(event, threshold=max(crossed))
        if event.type == THRESHOLD_REACHED
        else event
        for event in events
    ]
    # An equal progress stays the same object, which is compared fast.
    if (percent, at_risk, left_over) != (before, progress.at_risk, progress.left_over):
        progress = replace(
            progress, percent=percent, at_risk=at_risk, left_over=left_over
        )
    return progress, events


def _event(
    window: UsageWindow, context: Context, event_type: str, before: float
) -> UsageEvent:
    """Return an event."""
    forecast = context.forecast(window)
    return UsageEvent(
        window,
        event_type,
        before,
        runs_out_at=runs_out_at(window, forecast, context.now),
        certain=will_certainly_run_out(forecast),
    )


def _is_blocked(progress: WindowProgress, now: datetime) -> bool:
    """Return whether a limit is reached and has not been reset."""
    return progress.percent >= 100 and not has_passed(progress.resets_at, now)


def _available_at(
    progress: Mapping[Identity, WindowProgress], event: UsageEvent, now: datetime
) -> datetime | None:
    """Return when everything that blocks a reached limit has been reset, if it is known."""
    blocking = [
        item.resets_at
        for identity, item in progress.items()
        if identity in (event.identity, *BLOCKING) and _is_blocked(item, now)
    ]
    known = [time for time in blocking if time is not None]
    return max(known) if known and len(known) == len(blocking) else None


def _is_binding(
    progress: Mapping[Identity, WindowProgress],
    windows: Mapping[Identity, UsageWindow],
    event: UsageEvent,
) -> bool:
    """Return whether a limit stops the person before the week does, or did until now."""
    is_end = event.type in FREEING_TYPES
    week = progress.get(WEEKLY) if is_end else windows.get(WEEKLY)
    if week is None or not is_model(event.identity):
        return True
    return (event.before if is_end else event.window.percent) > week.percent


def _is_near_reset(window: UsageWindow, context: Context) -> bool:
    """Return whether a weekly reset is near."""
    if LEFT_OVER not in types_of(window.identity) or window.resets_at is None:
        return False
    left = window.resets_at - context.now
    return timedelta() < left <= context.rules.left_over_before
