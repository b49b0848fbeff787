"""The usage of the week since local midnight, and the budget for the day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import NamedTuple

from .habit import MAX_CORRECTION, SECONDS_PER_HOUR, Hour
from .profile import UsageProfile

# A percentage that rises or falls by more points than this in a single answer, and returns
# with the next one, was an error.
_FLICKER = 5

# The tolerance for floating-point errors.
_EPSILON = 1e-9


class Span(NamedTuple):
    """The lowest and the highest percentage between two timestamps."""

    start: float
    end: float
    minimum: float
    maximum: float


class ObservedWeek:
    """The percentages of the weekly limit in the answers since yesterday."""

    def __init__(self) -> None:
        """Initialize without answers."""
        self._spans: list[Span] = []

    def add(self, percent: float, now: float, midnight: float) -> None:
        """Add the percentage at a timestamp, and drop those that are no longer needed."""
        spans = self._spans
        while spans and spans[-1].end > now:
            # The clock was set back.
            spans.pop()
        while len(spans) > 1 and spans[1].end < midnight:
            del spans[0]
        if len(spans) > 1 and _is_flicker(spans[-2], spans[-1], percent):
            spans.pop()
        if spans and spans[-1].maximum == percent:
            spans[-1] = spans[-1]._replace(end=now)
        else:
            spans.append(Span(now, now, percent, percent))

    def after(self, hours: Iterable[Hour]) -> list[Span]:
        """Return the recorded hours that precede the answers, and the answers."""
        spans = (
            Span(
                hour.number * SECONDS_PER_HOUR,
                (hour.number + 1) * SECONDS_PER_HOUR,
                hour.minimum,
                hour.maximum,
            )
            for hour in hours
        )
        first = self._spans[0].start if self._spans else 0
        return [*(span for span in spans if span.end <= first), *self._spans]


@dataclass(frozen=True, slots=True)
class UsedToday:
    """The usage of the week since local midnight, in points.

    `since` is the time of the last reset or refill after midnight, or else midnight. `before`
    is the usage from midnight to then, and `percent` the percentage then.
    """

    used: float
    since: float
    before: float
    percent: float


def midnight_of(now: datetime, zone: tzinfo, days: int = 0) -> float:
    """Return the timestamp at which the local day starts, or a later day."""
    date = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(date, time(), zone).timestamp()


def used_today(
    spans: Sequence[Span], midnight: float, started: float | None
) -> UsedToday | None:
    """Return the usage since a midnight, or None if the percentage then is unknown.

    `spans` are in chronological order. `started` is the start of the current week, or None
    if it is unknown. If a percentage falls, it was reset if the week started then, otherwise
    refilled.
    """
    before = [span for span in spans if span.start < midnight]
    after = spans[len(before) :]
    if not before or not _is_known(before[-1], after, midnight):
        return None
    used, level, last = 0.0, before[-1].maximum, before[-1].end
    budget = midnight, 0.0, level
    for span in after:
        top, fell = span.maximum, span.minimum < level - MAX_CORRECTION
        if fell:
            # An hour can have had its highest percentage before the fall.
            used += max(top - level, 0)
            top = span.minimum
        if _starts(started, budget[0], last, span) and (
            fell or level <= MAX_CORRECTION
        ):
            level, budget = 0.0, (started or 0.0, used, 0.0)
        elif fell:
            level, budget = top, (span.start, used, top)
        used += max(top - level, 0)
        level, last = max(level, top), span.end
    return UsedToday(used, *budget)


def budget_of(today: UsedToday, profile: UsageProfile, midnight: float) -> float:
    """Return the points that can be used today so that the week lasts.

    `midnight` is the end of the day. What was left at `today.since` is distributed over the
    time until the reset by the usual usage, or evenly if none is usual.
    """
    first, last = profile.times[0], profile.times[-1]
    start = min(max(today.since, first), last)
    end = min(max(midnight, start), last)
    begun = profile.used_by(start)
    usual = profile.total - begun
    if usual > _EPSILON * profile.total:
        share = (profile.used_by(end) - begun) / usual
    else:
        share = (end - start) / (last - start) if start < last else 1
    return today.before + max(100 - today.percent, 0) * min(max(share, 0), 1)


def _is_known(before: Span, after: Sequence[Span], midnight: float) -> bool:
    """Return whether the percentage at midnight is known from the spans around it."""
    if midnight - before.end <= SECONDS_PER_HOUR:
        return True
    return bool(after) and abs(after[0].minimum - before.maximum) <= MAX_CORRECTION


def _starts(started: float | None, since: float, last: float, span: Span) -> bool:
    """Return whether the week started in a span, or up to an hour before the last end."""
    if started is None:
        return False
    return since < started <= span.end and last - SECONDS_PER_HOUR <= started


def _is_flicker(before: Span, last: Span, percent: float) -> bool:
    """Return whether the last percentage was an error, as this one is like the one before."""
    is_back = abs(percent - before.maximum) <= MAX_CORRECTION
    is_single = last.start == last.end
    return is_back and is_single and abs(last.maximum - before.maximum) > _FLICKER
