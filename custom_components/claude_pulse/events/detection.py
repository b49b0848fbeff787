"""Detects events in an answer of claude.ai. Pure.

Each window of an answer is compared with its progress so far:

| The answer | Change | Effect |
| --- | --- | --- |
| has the same reset, and is at most 5 points lower | SAME | events for newly crossed thresholds |
| comes after the reset, and is lower or at 0% | NEXT | a reset event, and a new progress |
| is from before a reset that has passed | STALE | none |
| comes just after the reset, and is not lower | UNSURE | none, until a second answer a minute later agrees; then NEXT |
| is more than 5 points lower before the reset | UNSURE | the same; then NEXT |
| falls from 100% by 3 to 5 points before the reset | UNSURE | the same; then SAME, with the lower percentage |
| has a reset time, and the last answers had none | UNSURE unless it is higher | the same; then SAME |
| has another reset before the last one has passed | UNSURE | the same; then NEXT if it is a whole window later, else SAME |

A value that flickers around a threshold alerts once. Before the reset, a single
answer that falls or moves the reset never alerts. A rise alerts at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from ..claude_ai.usage import WEEKLY, Identity, UsageWindow
from ..forecast.profile import length_of
from ..forecast.projection import Forecast
from ..polling.schedule import LATE_RESET
from .model import (
    AVAILABLE_AGAIN,
    BLOCKING,
    LEFT_OVER,
    LIMIT_REACHED,
    RESET,
    ROSE,
    THRESHOLD_REACHED,
    TYPES,
    WILL_RUN_OUT,
    Detection,
    Rules,
    UsageEvent,
    WindowProgress,
)

# A second answer confirms the first one after this time.
_CONFIRM_AFTER = timedelta(seconds=60)

# A fall by more points than this is a reset or a refill. From 100%, a smaller fall is
# enough to be available again, unless the value flickers.
_FALL = 5
_FLICKER = 2

# Reset times of one window differ by less than this.
_SAME_RESET = timedelta(hours=1)

# A limit is at risk when its projection reaches the first percentage, until it falls to the
# second one.
_RISK = 105
_NO_RISK = 95
# The minimum confidence in percent.
_RISK_CONFIDENCE = 80
# The minimum share of the window that has elapsed, in percent.
_RISK_ELAPSED = 10

# Returns the forecast of a window now, if there is one.
ForecastFn = Callable[[UsageWindow], Forecast | None]

# The progress of this number of missing windows is kept, the newest ones.
_MAX_MISSING = 50


class Change(Enum):
    """How an answer relates to the progress of a window. See the table above."""

    SAME = auto()
    NEXT = auto()
    STALE = auto()
    UNSURE = auto()


def detect_events(
    progress: Mapping[Identity, WindowProgress],
    answer: Iterable[UsageWindow],
    forecast: ForecastFn,
    now: datetime,
    rules: Rules,
) -> Detection:
    """Compare the windows of an answer with their progress.

    A window that appears for the first time has no events. A missing window keeps its
    progress.
    """
    windows = {window.identity: window for window in answer}
    progress = _without_renumbered(progress, windows)
    missing = [identity for identity in progress if identity not in windows]
    after = {
        identity: item
        for identity, item in progress.items()
        if identity not in missing[:-_MAX_MISSING]
    }
    events: list[UsageEvent] = []
    for identity, window in windows.items():
        if (known := progress.get(identity)) is None:
            after[identity] = WindowProgress(
                percent=window.percent,
                resets_at=window.resets_at,
                at_risk=_is_at_risk(window, forecast, None),
                left_over=_is_near_reset(window, now, rules),
            )
        else:
            after[identity], detected = _detect(known, window, forecast, now, rules)
            events += detected
    blocking = [after[identity] for identity in BLOCKING if identity in after]
    if any(_is_blocked(item, now) for item in blocking):
        events = [event for event in events if event.type != AVAILABLE_AGAIN]
    return Detection(
        after,
        sorted(events, key=lambda event: TYPES.index(event.type)),
        any(item.doubted_at == now for item in after.values()),
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
    progress: WindowProgress,
    window: UsageWindow,
    forecast: ForecastFn,
    now: datetime,
    rules: Rules,
) -> tuple[WindowProgress, list[UsageEvent]]:
    """Return the progress of a window after an answer, and its events."""
    if _is_reset_gone(progress, window, now):
        progress = replace(progress, resets_at=None)
    change = _compare(progress, window, now)
    if change is Change.STALE:
        return _confirmed(progress), []
    if change is Change.UNSURE:
        return _doubted(progress, window, now), []
    before, types = progress.percent, []
    if change is Change.NEXT:
        progress = WindowProgress(0, window.resets_at, at_risk=False)
        types.append(RESET)
    else:
        progress = _confirmed(progress)
        if _fell(progress, window):
            progress = replace(progress, percent=window.percent)
        if window.resets_at not in (None, progress.resets_at):
            progress = replace(progress, resets_at=window.resets_at)
    if before >= 100 > max(progress.percent, window.percent):
        types.append(AVAILABLE_AGAIN)
    events = [_event(window, forecast, item, before) for item in types]
    progress, crossed = _detect_rise(progress, window, forecast, now, rules)
    return progress, events + crossed


def _compare(progress: WindowProgress, window: UsageWindow, now: datetime) -> Change:
    """Return how an answer relates to the progress of a window."""
    passed = _has_passed(progress.resets_at, now)
    same_reset = _is_same_reset(progress.resets_at, window.resets_at)
    if window.resets_at is None:
        stale = passed and window.percent > 0
    else:
        stale = _has_passed(window.resets_at, now) or (passed and same_reset)
    if stale:
        return Change.STALE
    dropped = progress.percent - window.percent > _FALL
    if passed:
        late = _has_passed(progress.resets_at, now - LATE_RESET)
        plausible = late or not 0 < window.percent >= progress.percent
    elif progress.resets_at is None and window.resets_at is not None:
        plausible = window.percent > progress.percent
    else:
        plausible = same_reset and not _fell(progress, window)
    if not plausible:
        doubted_at = _doubted(progress, window, now).doubted_at
        if doubted_at is None or now - doubted_at < _CONFIRM_AFTER:
            return Change.UNSURE
    if passed or dropped or _is_window_later(progress, window):
        return Change.NEXT
    return Change.SAME


def _detect_rise(
    progress: WindowProgress,
    window: UsageWindow,
    forecast: ForecastFn,
    now: datetime,
    rules: Rules,
) -> tuple[WindowProgress, list[UsageEvent]]:
    """Return the progress within a window, and the events of newly crossed thresholds."""
    before, percent = progress.percent, max(progress.percent, window.percent)
    types: list[str] = []
    crossed = {
        threshold
        for threshold in rules.thresholds
        if before < threshold <= window.percent
    }
    if before < window.percent:
        types.append(ROSE)
    if before < 100 <= window.percent:
        types.append(LIMIT_REACHED)
    elif crossed:
        types.append(THRESHOLD_REACHED)
    at_risk = _is_at_risk(window, forecast, progress.at_risk)
    if at_risk and progress.at_risk is False and percent < 100:
        types.append(WILL_RUN_OUT)
    left_over = progress.left_over or (
        _is_near_reset(window, now, rules) and 100 - window.percent >= rules.left_over
    )
    if left_over and not progress.left_over:
        types.append(LEFT_OVER)
    threshold = max(crossed, default=None)
    if (percent, at_risk, left_over) != (before, progress.at_risk, progress.left_over):
        progress = replace(
            progress, percent=percent, at_risk=at_risk, left_over=left_over
        )
    return (
        progress,
        [
            _event(
                window,
                forecast,
                item,
                before,
                threshold if item == THRESHOLD_REACHED else None,
            )
            for item in types
        ],
    )


def _event(
    window: UsageWindow,
    forecast: ForecastFn,
    event_type: str,
    before: float,
    threshold: float | None = None,
) -> UsageEvent:
    """Return an event."""
    expected = forecast(window)
    runs_out_at = expected.runs_out_at if expected else None
    return UsageEvent(window, event_type, before, threshold, runs_out_at)


def _is_blocked(progress: WindowProgress, now: datetime) -> bool:
    """Return whether a limit is reached and has not been reset."""
    return progress.percent >= 100 and not _has_passed(progress.resets_at, now)


def _is_reset_gone(
    progress: WindowProgress, window: UsageWindow, now: datetime
) -> bool:
    """Return whether a used window has no reset time any more, an hour after its reset."""
    has_none = window.resets_at is None and window.percent > 0
    return has_none and _has_passed(progress.resets_at, now - LATE_RESET)


def _fell(progress: WindowProgress, window: UsageWindow) -> bool:
    """Return whether the percentage fell by more than it flickers."""
    if progress.percent >= 100 > window.percent + _FLICKER:
        return True
    return progress.percent - window.percent > _FALL


def _confirmed(progress: WindowProgress) -> WindowProgress:
    """Return the progress without a doubt."""
    if progress.doubted_at is None:
        return progress
    return replace(progress, doubted_at=None, doubted_reset=None)


def _doubted(
    progress: WindowProgress, window: UsageWindow, now: datetime
) -> WindowProgress:
    """Return the progress with a doubt since the first answer with this reset time.

    A placeholder for a reset time moves with the clock, so the tolerance grows.
    """
    since = min(progress.doubted_at or now, now)
    same = _is_same_reset(
        progress.doubted_reset, window.resets_at, _SAME_RESET + now - since
    )
    return replace(
        progress,
        doubted_at=since if same else now,
        doubted_reset=window.resets_at or progress.doubted_reset,
    )


def _is_same_reset(
    one: datetime | None, other: datetime | None, tolerance: timedelta = _SAME_RESET
) -> bool:
    """Return whether two answers can mean the same reset."""
    return one is None or other is None or abs(one - other) < tolerance


def _is_window_later(progress: WindowProgress, window: UsageWindow) -> bool:
    """Return whether a reset is a whole window later, before the last one has passed."""
    length = length_of(window)
    if length is None or progress.resets_at is None or window.resets_at is None:
        return False
    return window.resets_at - progress.resets_at > length - _SAME_RESET


def _has_passed(time: datetime | None, now: datetime) -> bool:
    """Return whether a known time has passed."""
    return time is not None and now >= time


def _is_at_risk(
    window: UsageWindow, forecast: ForecastFn, before: bool | None
) -> bool | None:
    """Return whether a blocking limit is expected to run out, or the last result."""
    expected = forecast(window) if window.identity in BLOCKING else None
    if expected is None or expected.pace is None:
        return before
    if before:
        return expected.projected > _NO_RISK
    elapsed = window.percent - expected.pace
    return (
        expected.projected >= _RISK
        and not expected.lasts
        and expected.confidence >= _RISK_CONFIDENCE
        and elapsed >= _RISK_ELAPSED
    )


def _is_near_reset(window: UsageWindow, now: datetime, rules: Rules) -> bool:
    """Return whether the weekly reset is near."""
    if window.identity != WEEKLY or window.resets_at is None:
        return False
    return timedelta() < window.resets_at - now <= rules.left_over_before
