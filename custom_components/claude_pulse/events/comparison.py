"""Compares an answer of claude.ai with the progress of its windows. Pure.

A window is compared with its progress so far. The first row that applies decides. Percentages above 100 count as 100.

| The answer | Change | Effect |
| --- | --- | --- |
| is from before a reset that has passed | STALE | none |
| comes an hour or more after the reset | NEXT | `RESET`, and a new progress |
| comes sooner after the reset, and is at 0%, or is lower and not higher than use since the reset explains | NEXT | the same |
| comes sooner after the reset, and is anything else | UNSURE | none, until a second answer agrees; then NEXT |
| has a reset time, the last answers had none, and is not higher | UNSURE | the same; then SAME, or NEXT if it fell |
| has another reset before the last one has passed | UNSURE | the same; then NEXT if it fell or the reset is a whole window later, else MOVED |
| fell | UNSURE | the same; then REFILLED, or NEXT if it is at 0% and the reset time is gone |
| is higher than use since the last answer explains, or by more than 50 points | UNSURE | the same; then SAME, or RETURNED after an unused refill from about there |
| is anything else | SAME | events of newly crossed thresholds |

An answer fell if it is more than 5 points lower, or from 100% more than 2.

A second answer agrees if it comes a minute later, has the same reset, and rises or falls
like the first.

The session, the week and the spend limit are lifted when they stay missing from answers with
other limits, or while the account can pay for use without a limit. A used-up limit is lifted
after a minute, with `AVAILABLE_AGAIN`, any other after an hour, without an event.

A threshold is crossed when the percentage rises from below it for the first time. After a
refill, thresholds above the new percentage can be crossed again, once the percentage is more
than one point above it, because one point can be rounding:

| Percentages | Thresholds | Events |
| --- | --- | --- |
| 95, 79, 80 | 75, 80, 90 | `REFILLED` |
| 95, 79, 81 | 75, 80, 90 | `REFILLED`, threshold 80 |
| 95, 0, 76 | 75, 90 | `REFILLED`, threshold 75 |
| 100, 92, 100 | 75, 90 | `REFILLED`, `AVAILABLE_AGAIN`, limit |
| 92, 0, 0, 92, 92 (within minutes) | 75, 90 | `REFILLED` |
| 100, 108, 100 | any | none |
| 40, 100, 40 or 10, 95, 10 | any | none |
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from ..claude_ai.windows import KIND_WEEKLY, KIND_WEEKLY_SCOPED, UsageWindow
from ..forecast.profile import length_of
from ..polling.schedule import LATE_RESET
from .model import WindowProgress

# A second answer confirms the first one after this time.
_CONFIRM_AFTER = timedelta(seconds=60)

# A fall by more points than this is a reset or a refill. From 100%, a smaller fall is
# enough to be available again, unless the value flickers.
_FALL = 5
_FLICKER = 2

# The points that a window can rise at once, per minute since the last answer, and at most. An
# answer after a long time can be wrong, too.
_RISE = (5, 5)
_WEEKLY_RISE = (3, 0.5)
_MAX_RISE = 50
_RISES = {KIND_WEEKLY: _WEEKLY_RISE, KIND_WEEKLY_SCOPED: _WEEKLY_RISE}

# Reset times of one window differ by less than this.
_SAME_RESET = timedelta(hours=1)


class Change(Enum):
    """How an answer relates to the progress of a window. See the table above."""

    SAME = auto()
    MOVED = auto()
    REFILLED = auto()
    RETURNED = auto()
    NEXT = auto()
    STALE = auto()
    UNSURE = auto()


def compare(
    progress: WindowProgress, window: UsageWindow, elapsed: timedelta, now: datetime
) -> Change:
    """Return how an answer relates to the progress of a window.

    `elapsed` is the time since the last answer.
    """
    passed = has_passed(progress.resets_at, now)
    same_reset = _is_same_reset(progress.resets_at, window.resets_at)
    if window.resets_at is None:
        stale = passed and window.percent > 0
    else:
        stale = has_passed(window.resets_at, now) or (passed and same_reset)
    if stale:
        return Change.STALE
    fell = _fell(progress, window.percent)
    jumped = _jumped(progress.percent, window, elapsed)
    if passed:
        late = has_passed(progress.resets_at, now - LATE_RESET)
        since = now - (progress.resets_at or now)
        is_lower = not 0 < window.percent >= progress.percent
        plausible = late or (is_lower and not _jumped(0, window, since))
    elif progress.resets_at is None and window.resets_at is not None:
        plausible = progress.percent < window.percent and not jumped
    else:
        plausible = same_reset and not fell and not jumped
    if not plausible and not is_confirmed(doubted(progress, window, elapsed, now), now):
        return Change.UNSURE
    if passed or _is_window_later(progress, window):
        return Change.NEXT
    if fell:
        same = (progress.resets_at is None) is (window.resets_at is None)
        partial = window.resets_at is None and window.percent > 0
        refilled = partial or (same and same_reset)
        return Change.REFILLED if refilled else Change.NEXT
    if not same_reset:
        return Change.MOVED
    return Change.RETURNED if jumped and _returned(progress, window) else Change.SAME


def _fell(progress: WindowProgress, percent: float) -> bool:
    """Return whether a percentage is lower by more than it flickers."""
    if progress.percent >= 100 > percent + _FLICKER:
        return True
    return _is_below(percent, progress.percent)


def _is_below(percent: float, other: float) -> bool:
    """Return whether a percentage is so much lower than another that it fell."""
    return other - percent > _FALL


def _returned(progress: WindowProgress, window: UsageWindow) -> bool:
    """Return whether the percentage is back where it was before an unused refill."""
    refill = progress.refill
    return (
        refill is not None
        and not _is_below(refill.after, progress.percent)
        and abs(window.percent - refill.before) <= _FALL
    )


def _jumped(percent: float, window: UsageWindow, elapsed: timedelta) -> bool:
    """Return whether the percentage rose by more than use in this time explains."""
    at_once, per_minute = _RISES.get(window.kind, _RISE)
    possible = at_once + per_minute * (elapsed / timedelta(minutes=1))
    return window.percent - percent > min(possible, _MAX_RISE)


def is_reset_gone(progress: WindowProgress, window: UsageWindow, now: datetime) -> bool:
    """Return whether a used window has no reset time any more, an hour after its reset."""
    has_none = window.resets_at is None and window.percent > 0
    return has_none and has_passed(progress.resets_at, now - LATE_RESET)


def is_start_known(
    progress: WindowProgress, window: UsageWindow, now: datetime
) -> bool:
    """Return whether a window started its length before its reset.

    It did not if claude.ai moved the reset. An answer with another reset may have moved it.
    """
    if has_passed(progress.resets_at, now):
        return True
    same_reset = _is_same_reset(progress.resets_at, window.resets_at)
    expected = same_reset or _is_window_later(progress, window)
    return expected and not progress.moved


def is_confirmed(
    progress: WindowProgress, now: datetime, after: timedelta = _CONFIRM_AFTER
) -> bool:
    """Return whether the answer agrees with one that was doubted long enough before."""
    doubted_at = progress.doubted_at
    return doubted_at is not None and now - doubted_at >= after


def confirmed(progress: WindowProgress) -> WindowProgress:
    """Return the progress without a doubt."""
    if progress.doubted_at is None:
        return progress
    return replace(progress, doubted_at=None, doubted_percent=None, doubted_reset=None)


def doubted(
    progress: WindowProgress, window: UsageWindow, elapsed: timedelta, now: datetime
) -> WindowProgress:
    """Return the progress with a doubt since the first answer that this one agrees with.

    A placeholder for a reset time moves with the clock, so the tolerance grows.
    """
    since = min(progress.doubted_at or now, now)
    agrees = _is_same_reset(
        progress.doubted_reset, window.resets_at, _SAME_RESET + now - since
    )
    if (first := progress.doubted_percent) is not None:
        agrees = (
            agrees
            and _fell(progress, first) is _fell(progress, window.percent)
            and not _jumped(first, window, elapsed)
        )
    return replace(
        progress,
        doubted_at=since if agrees else now,
        doubted_percent=window.percent,
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


def has_passed(time: datetime | None, now: datetime) -> bool:
    """Return whether a known time has passed."""
    return time is not None and now >= time
