"""Compares an answer of claude.ai with the progress of its windows. Pure.

The first row that applies decides. Percentages above 100 count as 100. UNSURE has no effect. When
a second answer agrees, the change after "UNSURE, then" applies.

| The answer | Change |
| --- | --- |
| is from before a reset that has passed | STALE |
| comes an hour or more after the reset | NEXT |
| comes sooner after the reset, is lower than the progress or at 0%, and is no higher than usage since the reset can explain | NEXT |
| comes sooner after the reset, and is anything else | UNSURE, then NEXT |
| has a reset time although the last answers had none, and a percentage that is not higher | UNSURE, then NEXT if it fell, else SAME |
| has another reset before the last one has passed | UNSURE, then NEXT if it fell or the reset is a whole window later, else MOVED |
| fell | UNSURE, then NEXT if it is at 0% and has lost its reset time, else REFILLED |
| rose by more than usage since the last answer can explain, or by more than 50 points | UNSURE, then RETURNED if it is back near the percentage before an unused refill, else SAME |
| is anything else | SAME |

| Change | Effect |
| --- | --- |
| SAME | none of its own |
| NEXT | `RESET`, and new progress |
| REFILLED | `REFILLED`; thresholds can be crossed again |
| RETURNED | the refill counts as an error: no threshold is crossed again |
| MOVED | the start of the window is unknown: no event about its forecast |
| STALE, UNSURE | none |

All but STALE and UNSURE can also have the events of a rise and of the forecast.

If an answer above 0% has no reset time an hour after the reset, that reset is forgotten before
the comparison. An answer fell if it is more than 5 points lower than the progress, or more than
2 if that is at 100%. A second answer agrees if it comes at least a minute later, has the same
reset, and rises or falls like the first.
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

# A window can rise by the first number of points at once, and by the second for each minute
# since the last answer, up to the maximum: an answer after a long time can be wrong, too.
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
        is_lower = window.percent == 0 or window.percent < progress.percent
        plausible = late or (is_lower and not _jumped(0, window, since))
    elif progress.resets_at is None and window.resets_at is not None:
        plausible = progress.percent < window.percent and not jumped
    else:
        plausible = same_reset and not fell and not jumped
    if not plausible and not is_confirmed(
        with_unconfirmed(progress, window, elapsed, now), now
    ):
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
    """Return whether the percentage rose by more than usage in this time can explain."""
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
    """Return whether the start of a window is known: its reset minus its length.

    It is unknown if claude.ai has moved, or may have moved, the reset.
    """
    if has_passed(progress.resets_at, now):
        return True
    same_reset = _is_same_reset(progress.resets_at, window.resets_at)
    may_have_moved = not same_reset and not _is_window_later(progress, window)
    return not may_have_moved and not progress.moved


def is_confirmed(
    progress: WindowProgress, now: datetime, after: timedelta = _CONFIRM_AFTER
) -> bool:
    """Return whether the answer agrees with one that came at least `after` earlier.

    `progress` is the result of `with_unconfirmed` for the answer.
    """
    unconfirmed_since = progress.unconfirmed_since
    return unconfirmed_since is not None and now - unconfirmed_since >= after


def without_unconfirmed(progress: WindowProgress) -> WindowProgress:
    """Return the progress without an unconfirmed answer."""
    if progress.unconfirmed_since is None:
        return progress
    return replace(
        progress,
        unconfirmed_since=None,
        unconfirmed_percent=None,
        unconfirmed_reset=None,
    )


def with_unconfirmed(
    progress: WindowProgress, window: UsageWindow, elapsed: timedelta, now: datetime
) -> WindowProgress:
    """Return the progress with the answer as an unconfirmed one.

    `unconfirmed_since` stays the time of an earlier unconfirmed answer while each further one
    agrees with the one before. claude.ai can send a reset time that moves with the clock, so
    the tolerance grows.
    """
    since = min(progress.unconfirmed_since or now, now)
    agrees = _is_same_reset(
        progress.unconfirmed_reset, window.resets_at, _SAME_RESET + now - since
    )
    if (last := progress.unconfirmed_percent) is not None:
        agrees = (
            agrees
            and _fell(progress, last) is _fell(progress, window.percent)
            and not _jumped(last, window, elapsed)
        )
    return replace(
        progress,
        unconfirmed_since=since if agrees else now,
        unconfirmed_percent=window.percent,
        unconfirmed_reset=window.resets_at or progress.unconfirmed_reset,
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
