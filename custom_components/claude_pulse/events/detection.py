"""What has been told of a window already, and what is to be told now. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..claude_ai.usage import SESSION, WEEKLY, Identity, UsageWindow
from ..forecast.projection import Forecast, length_of

AVAILABLE_AGAIN = "available_again"
LEFT_OVER = "left_over"
LIMIT_REACHED = "limit_reached"
RESET = "reset"
ROSE = "rose"
THRESHOLD_REACHED = "threshold_reached"
WILL_RUN_OUT = "will_run_out"

# Whoever has used up one of these cannot go on.
_BLOCKING = (SESSION, WEEKLY)

# What can be told of which windows, None for all, in the order in which it is told where
# there are several.
_TYPES: Mapping[str, Collection[Identity] | None] = {
    RESET: None,
    AVAILABLE_AGAIN: None,
    ROSE: None,
    THRESHOLD_REACHED: None,
    LIMIT_REACHED: None,
    WILL_RUN_OUT: _BLOCKING,
    LEFT_OVER: (WEEKLY,),
}
TYPES = tuple(_TYPES)

# claude.ai answers a false zero or a false reset at times: what nothing explains is true
# if it still is at another look some time later.
_CONFIRM = timedelta(seconds=60)

# A percentage that falls by more than so many points before its reset has been refilled;
# if it falls from the limit by less, one can go on, unless it only trembles.
_FALL, _TREMBLES = 5, 2

# A reset is moved by minutes; the next window's is further away.
_MOVED = timedelta(hours=1)

# So long after a reset what was before it may be served still.
LATE_RESET = timedelta(hours=1)

# A run-out is told from the first projection on, and is over at the second.
_RISK, _NO_RISK = 105, 95
_RISK_CONFIDENCE = 80
_RISK_ELAPSED = 10


# So many windows that are missing keep their marks, the newest of them.
_MAX_MISSING = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """What somebody wants to be told: percentages, and what is left some time before a reset."""

    thresholds: frozenset[float]
    left_over: float
    left_over_before: timedelta


@dataclass(frozen=True, slots=True)
class Mark:
    """What has been told of a window: the highest percentage, and in which window.

    `doubted_at` is since when answers speak of another window that is not explained, and
    `doubted_reset` of which. `at_risk` is whether a run-out is told already, `left_over`
    whether what is left is.
    """

    percent: float
    resets_at: datetime | None
    doubted_at: datetime | None = None
    doubted_reset: datetime | None = None
    at_risk: bool = False
    left_over: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be told of a window; `before` is the mark that was passed or has ended.

    `ROSE` is each rise of the mark: a percentage was reached if it is more than `before`
    and no more than the window's. `runs_out_at` is when the window runs out, as it seemed
    then. `late` tells that it may have come while nobody looked.
    """

    window: UsageWindow
    type: str
    before: float
    threshold: float | None = None
    runs_out_at: datetime | None = None
    late: bool = False


def types_of(identity: Identity) -> list[str]:
    """Return what can be told of a window, other than each rise."""
    return [
        kind
        for kind, windows in _TYPES.items()
        if kind != ROSE and (windows is None or identity in windows)
    ]


def tell(
    marks: Mapping[Identity, Mark],
    found: Iterable[tuple[UsageWindow, Forecast | None]],
    now: datetime,
    rules: Rules,
) -> tuple[dict[Identity, Mark], list[Told]]:
    """Return the marks after a fresh answer, and what is to be told of it, in order.

    A window that is seen for the first time tells nothing. What is missing in the answer
    keeps its mark, up to _MAX_MISSING of them.
    """
    found = list(found)
    present = [window.identity for window, _ in found]
    marks = _of_same_windows(marks, present)
    missing = [identity for identity in marks if identity not in present]
    after = dict(marks)
    for identity in missing[:-_MAX_MISSING]:
        del after[identity]
    told: list[Told] = []
    for window, forecast in found:
        key = window.identity
        if (mark := marks.get(key)) is None:
            after[key] = _first(window, forecast, now, rules)
            continue
        mark = _without_old_reset(mark, window, now)
        if _is_stale(mark, window, now):
            after[key] = _certain(mark)
            continue
        if (fresh := _since_reset(mark, window, now)) is None:
            after[key] = _doubted(mark, window, now)
            continue
        if fresh.percent < 0:
            told.append(_told(window, forecast, RESET, mark.percent))
        if mark.percent >= 100 > max(fresh.percent, window.percent):
            told.append(_told(window, forecast, AVAILABLE_AGAIN, mark.percent))
        after[key], more = _go_on(fresh, window, forecast, now, rules)
        told += more
    if any(_blocks(after[key], now) for key in _BLOCKING if key in after):
        told = [event for event in told if event.type != AVAILABLE_AGAIN]
    return after, sorted(told, key=lambda event: TYPES.index(event.type))


def in_doubt(marks: Iterable[Mark], now: datetime) -> bool:
    """Tell whether the answer of now is to be confirmed by another one."""
    return any(mark.doubted_at == now for mark in marks)


def _of_same_windows(
    marks: Mapping[Identity, Mark], found: Iterable[Identity]
) -> dict[Identity, Mark]:
    """Return the marks but for those whose number may mean another window by now.

    Windows that are spelled alike are numbered anew when one comes or goes.
    """
    before = Counter(identity[:2] for identity in marks)
    now = Counter(identity[:2] for identity in found)
    return {
        identity: mark
        for identity, mark in marks.items()
        if now[identity[:2]] in (0, before[identity[:2]])
    }


def _told(
    window: UsageWindow,
    forecast: Forecast | None,
    kind: str,
    before: float,
    threshold: float | None = None,
) -> Told:
    """Tell something, with what is known beside it."""
    runs_out_at = forecast.runs_out_at if forecast else None
    return Told(window, kind, before, threshold, runs_out_at)


def _first(
    window: UsageWindow, forecast: Forecast | None, now: datetime, rules: Rules
) -> Mark:
    """Begin with what is under way already, untold."""
    return Mark(
        percent=window.percent,
        resets_at=window.resets_at,
        at_risk=_is_at_risk(window, forecast, before=False),
        left_over=_is_near_reset(window, now, rules),
    )


def _blocks(mark: Mark, now: datetime) -> bool:
    """Tell whether a window is used up, as far as is certain, and not reset since."""
    return mark.percent >= 100 and not _has_passed(mark.resets_at, now)


def _without_old_reset(mark: Mark, window: UsageWindow, now: datetime) -> Mark:
    """Forget a reset that passed long ago, where a window that is used has none by now."""
    has_none = window.resets_at is None and window.percent > 0
    if has_none and _has_passed(mark.resets_at, now - LATE_RESET):
        return replace(mark, resets_at=None)
    return mark


def _is_stale(mark: Mark, window: UsageWindow, now: datetime) -> bool:
    """Tell whether an answer is from before a reset that has passed."""
    if window.resets_at is None:
        return window.percent > 0 and _has_passed(mark.resets_at, now)
    return _has_passed(window.resets_at, now) or (
        _has_passed(mark.resets_at, now)
        and _is_one_reset(mark.resets_at, window.resets_at)
    )


def _since_reset(mark: Mark, window: UsageWindow, now: datetime) -> Mark | None:
    """Return what is told of the window that runs now, None while it is not certain which.

    After a reset that is nothing.
    """
    passed = _has_passed(mark.resets_at, now)
    fell = mark.percent - window.percent > _FALL
    less = fell or mark.percent >= 100 > window.percent + _TREMBLES
    if passed:
        # What is not lower can be what was before the reset.
        explained = not 0 < window.percent >= mark.percent or _has_passed(
            mark.resets_at, now - LATE_RESET
        )
    elif mark.resets_at is None and window.resets_at is not None:
        explained = window.percent > mark.percent
    else:
        explained = not less and _is_one_reset(mark.resets_at, window.resets_at)
    if not explained and not _is_confirmed(_doubted(mark, window, now).doubted_at, now):
        return None
    if passed or fell or _is_next(mark, window):
        return Mark(-1, window.resets_at)
    # An answer without a reset does not undo one.
    resets_at = window.resets_at or mark.resets_at
    percent = window.percent if less else mark.percent
    return replace(_certain(mark), percent=percent, resets_at=resets_at)


def _certain(mark: Mark) -> Mark:
    """Forget that there was a doubt."""
    return replace(mark, doubted_at=None, doubted_reset=None)


def _doubted(mark: Mark, window: UsageWindow, now: datetime) -> Mark:
    """Note that an answer speaks of another window, and since when it does of this one.

    A reset that is always as far away is the same one.
    """
    since = now - _earlier(mark.doubted_at, now)
    again = _is_one_reset(mark.doubted_reset, window.resets_at, _MOVED + since)
    return replace(
        mark,
        doubted_at=_earlier(mark.doubted_at if again else None, now),
        doubted_reset=window.resets_at or mark.doubted_reset,
    )


def _is_one_reset(
    one: datetime | None, other: datetime | None, moved: timedelta = _MOVED
) -> bool:
    """Tell whether two answers can mean the same reset."""
    return one is None or other is None or abs(one - other) < moved


def _is_next(mark: Mark, window: UsageWindow) -> bool:
    """Tell whether a window can only follow, though the clock says that it is too early."""
    length = length_of(window)
    if length is None or mark.resets_at is None or window.resets_at is None:
        return False
    return window.resets_at - mark.resets_at > length - _MOVED


def _has_passed(moment: datetime | None, now: datetime) -> bool:
    """Tell whether it is known that a moment has passed."""
    return moment is not None and now >= moment


def _is_confirmed(since: datetime | None, now: datetime) -> bool:
    """Tell whether what has been so since then is certain."""
    return since is not None and now - since >= _CONFIRM


def _earlier(moment: datetime | None, now: datetime) -> datetime:
    """Return when something was seen first; what is ahead was noted by another clock."""
    return now if moment is None else min(moment, now)


def _go_on(
    mark: Mark,
    window: UsageWindow,
    forecast: Forecast | None,
    now: datetime,
    rules: Rules,
) -> tuple[Mark, list[Told]]:
    """Tell what has come in a window since its mark."""
    before = max(mark.percent, 0)
    percent = max(before, window.percent)
    kinds: list[str] = []
    passed = {limit for limit in rules.thresholds if before < limit <= window.percent}
    if before < window.percent:
        kinds.append(ROSE)
    if before < 100 <= window.percent:
        kinds.append(LIMIT_REACHED)
    elif passed:
        kinds.append(THRESHOLD_REACHED)
    at_risk = _is_at_risk(window, forecast, before=mark.at_risk)
    if at_risk and not mark.at_risk and percent < 100:
        kinds.append(WILL_RUN_OUT)
    left_over = mark.left_over or (
        _is_near_reset(window, now, rules) and 100 - window.percent >= rules.left_over
    )
    if left_over and not mark.left_over:
        kinds.append(LEFT_OVER)
    return (
        replace(mark, percent=percent, at_risk=at_risk, left_over=left_over),
        [
            _told(
                window,
                forecast,
                kind,
                before,
                max(passed) if kind == THRESHOLD_REACHED else None,
            )
            for kind in kinds
        ],
    )


def _is_at_risk(
    window: UsageWindow, forecast: Forecast | None, *, before: bool
) -> bool:
    """Tell whether it is under way that somebody runs out."""
    if window.identity not in _BLOCKING or forecast is None or forecast.pace is None:
        return before
    if before:
        return forecast.projected > _NO_RISK
    return (
        forecast.projected >= _RISK
        and not forecast.lasts
        and forecast.confidence >= _RISK_CONFIDENCE
        and window.percent - forecast.pace >= _RISK_ELAPSED
    )


def _is_near_reset(window: UsageWindow, now: datetime, rules: Rules) -> bool:
    """Tell whether the week is about to be reset."""
    if window.identity != WEEKLY or window.resets_at is None:
        return False
    return timedelta() < window.resets_at - now <= rules.left_over_before
