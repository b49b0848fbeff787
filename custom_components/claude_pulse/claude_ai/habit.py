"""How a person usually uses Claude, learned from the use by the hour of some weeks. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate, pairwise
from math import isnan, nan
from statistics import fmean, median
from typing import NamedTuple

_HOUR = 3600
_DAY = 24
_WEEK = 7 * _DAY
EVERY_DAY = frozenset(range(7))

# What is older tells nothing any more; after so many weeks an hour counts half.
WEEKS = 12
_HALF_LIFE = 3

# A week that differs so much from the others is an odd one, and hardly counts.
_ODD_BELOW, _ODD_ABOVE, _ODD_WEIGHT = 0.3, 3, 0.1
_ENOUGH_TO_COMPARE = 3

# As if so many weeks without a habit had come before what is known: without one by the
# hour of the day, by the day of the week, and by the hour of the week.
_PRIOR_HOURS, _PRIOR_DAYS, _PRIOR_WEEK = 2, 1, 1.5

# A percentage that falls by more than this has been reset, not corrected.
_CORRECTION = 2

# Of a past week so much has to be known to compare it with.
_KNOWN = 0.8


class Hour(NamedTuple):
    """An hour of a window: its number since 1970, its least and its highest percentage."""

    number: int
    least: float
    most: float


class History:
    """By how many points the percentage of a window has risen, hour by hour.

    `rises` begins with the hour `first`; NaN stands for an hour of which nothing is
    known, as there was nobody to look, or the window was used up.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.first = 0
        self.rises = array("f")
        self._last: Hour | None = None

    @property
    def end(self) -> int:
        """Return the number of the hour that comes next."""
        return self.first + len(self.rises)

    def add(self, hours: Iterable[Hour]) -> None:
        """Add hours in their order; those before the end are known already."""
        for hour in hours:
            if self._last is None:
                self.first = hour.number
            elif hour.number < self.end:
                continue
            self.rises.extend([nan] * (hour.number - self.end))
            self.rises.append(_rise(self._last, hour))
            self._last = hour
        if (old := len(self.rises) - WEEKS * _WEEK) > 0:
            del self.rises[:old]
            self.first += old

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Yield the hours of which something is known, and their rises."""
        for number, rise in enumerate(self.rises, self.first):
            if not isnan(rise):
                yield number, rise

    def between(self, start: float, end: float) -> float:
        """Return the rise from one time to another within an hour, in seconds since 1970."""
        place = int(start // _HOUR) - self.first
        rise = self.rises[place] if 0 <= place < len(self.rises) else nan
        return rise * (end - start) / _HOUR


def _rise(before: Hour | None, hour: Hour) -> float:
    """Return by how many points a window has risen in an hour."""
    if before is None or before.number != hour.number - 1:
        # What came before its least belongs to hours that nobody saw.
        least = hour.least
    elif hour.most < before.most - _CORRECTION:
        least = min(before.least, hour.least)
    else:
        least = min(before.most, hour.most)
    # Nobody knows what would have been used without the limit.
    return nan if least >= 100 else hour.most - least


@dataclass(frozen=True, slots=True)
class Habit:
    """What a person usually uses of a window in each hour of a week.

    `rates` are points an hour (or shares of unknown size, where nothing is known), from
    Monday's first hour on, in the time zone. `weeks` is how much has been learned from,
    `weight` the same with what is older counting less. `history` is what it was.
    """

    rates: tuple[float, ...]
    zone: tzinfo
    weeks: float
    weight: float
    days_chosen: bool
    history: History


def learn(
    history: History,
    now: datetime,
    zone: tzinfo,
    days: Collection[int] = EVERY_DAY,
) -> Habit | None:
    """Learn the habit of a person, or None where nothing at all is known.

    `days` are the days of the week (Monday is 0) with any use to expect; what has been
    used on others is passed over.
    """
    chosen = frozenset(days) != EVERY_DAY
    end = int(now.timestamp() // _HOUR)
    hours = [
        (number, slot, rise)
        for number, rise in history
        if number < end and (slot := _slot(number, zone)) // _DAY in days
    ]
    if not any(rise for _, _, rise in hours):
        # Who has never used anything yet has no habit.
        hours = []
    if not hours and not chosen:
        return None
    week = len(days) * _DAY
    risen, known = [0.0] * _WEEK, [0.0] * _WEEK
    for (_, slot, rise), weight in zip(hours, _weights(hours, end, week), strict=True):
        risen[slot] += weight * rise
        known[slot] += weight
    kept = History()
    kept.first, kept.rises = history.first, history.rises[:]
    return Habit(
        rates=tuple(_rates(risen, known, days)),
        zone=zone,
        weeks=len(hours) / week,
        weight=sum(known) / week,
        days_chosen=chosen,
        history=kept,
    )


def _slot(number: int, zone: tzinfo) -> int:
    """Return which hour of the local week an hour begins in."""
    local = datetime.fromtimestamp(number * _HOUR, zone)
    return local.weekday() * _DAY + local.hour


def _weights(
    hours: Sequence[tuple[int, int, float]], end: int, week: int
) -> Iterator[float]:
    """Yield what each hour counts: less if it is long ago, or in an odd week.

    `week` is how many hours of one there are at most.
    """
    found: defaultdict[int, list[float]] = defaultdict(list)
    for number, _, rise in hours:
        found[_weeks_ago(number, end)].append(rise)
    means = {ago: fmean(rises) for ago, rises in found.items() if len(rises) > week / 2}
    usual = median(means.values()) if len(means) >= _ENOUGH_TO_COMPARE else 0
    odd = {
        ago
        for ago, mean in means.items()
        if usual and not _ODD_BELOW * usual <= mean <= _ODD_ABOVE * usual
    }
    for number, _, _ in hours:
        age = 0.5 ** ((end - number) / _WEEK / _HALF_LIFE)
        yield age * (_ODD_WEIGHT if _weeks_ago(number, end) in odd else 1)


def _weeks_ago(number: int, end: int) -> int:
    """Return in which week back from the end an hour is."""
    return min((end - 1 - number) // _WEEK, WEEKS)


def _rates(
    risen: Sequence[float], known: Sequence[float], days: Collection[int]
) -> Iterator[float]:
    """Yield what is used in each hour of the week, on the days with any.

    What is known of an hour and the hours beside it counts as far as it goes; what is
    missing is taken from that hour on all days and that day at all hours, and where this
    is hardly known either, from all of the week.
    """
    used = [slot for slot in range(_WEEK) if slot // _DAY in days]
    if not (total := sum(risen)):
        yield from (1.0 if slot // _DAY in days else 0.0 for slot in range(_WEEK))
        return
    flat = total / sum(known)
    risen, known = _smooth(risen), _smooth(known)

    def share(slots: Collection[int], prior: float) -> float:
        """Return how much is used in some hours, beside the mean of all."""
        amount = sum(risen[slot] for slot in slots) / flat + prior
        return amount / (sum(known[slot] for slot in slots) + prior)

    by_hour = [
        share([slot for slot in used if slot % _DAY == hour], _PRIOR_HOURS)
        for hour in range(_DAY)
    ]
    by_day = [
        share([slot for slot in used if slot // _DAY == day], _PRIOR_DAYS * _DAY)
        for day in range(7)
    ]
    for slot in range(_WEEK):
        day, hour = divmod(slot, _DAY)
        prior = _PRIOR_WEEK * flat * by_hour[hour] * by_day[day]
        rate = (risen[slot] + prior) / (known[slot] + _PRIOR_WEEK)
        yield rate if day in days else 0.0


def _smooth(values: Sequence[float]) -> list[float]:
    """Let each hour of the week share with the two beside it."""
    return [
        values[slot - 1] / 4 + values[slot] / 2 + values[(slot + 1) % _WEEK] / 4
        for slot in range(_WEEK)
    ]


class Past(NamedTuple):
    """The same hours some weeks ago: what they count, and what had been used by when."""

    weight: float
    used: Sequence[float]


class Course:
    """The course that a window usually takes: how much of it is used by when.

    Without a habit it is even. `edges` are times in seconds since 1970, between which
    the use is even; `usual` is what is used from the start to each of them, `pasts`
    the same of past weeks.
    """

    def __init__(self, start: datetime, length: timedelta, habit: Habit | None) -> None:
        """Follow a habit through a window."""
        first, last = start.timestamp(), (start + length).timestamp()
        self.habit: Habit | None = None
        self.edges: Sequence[float] = (first, last)
        self.usual: Sequence[float] = (0.0, 1.0)
        self.pasts: Sequence[Past] = ()
        if habit is None:
            return
        hours = range(int(first // _HOUR) + 1, int(-(-last // _HOUR)))
        edges = (first, *(number * _HOUR for number in hours), last)
        usual = tuple(
            accumulate(
                (
                    habit.rates[_slot(int(since // _HOUR), habit.zone)]
                    * (until - since)
                    / _HOUR
                    for since, until in pairwise(edges)
                ),
                initial=0.0,
            )
        )
        # In days without use there is nothing to follow.
        if usual[-1] > 0:
            self.habit, self.edges, self.usual = habit, edges, usual
            self.pasts = tuple(self._find_pasts(habit.history))

    @property
    def total(self) -> float:
        """Return what is usually used of the window."""
        return self.usual[-1]

    def used_by(self, moment: float, used: Sequence[float] | None = None) -> float:
        """Return what is usually used by a time; or has been, in a past week."""
        used = used or self.usual
        place = min(bisect_right(self.edges, moment), len(self.edges) - 1)
        since, until = self.edges[place - 1], self.edges[place]
        share = (moment - since) / (until - since)
        return used[place - 1] + (used[place] - used[place - 1]) * share

    def when(self, used: float) -> float:
        """Return the time by which an amount is usually used; at most all of it."""
        used = min(used, self.total)
        place = max(bisect_left(self.usual, used), 1)
        less, more = self.usual[place - 1], self.usual[place]
        since, until = self.edges[place - 1], self.edges[place]
        return since + (until - since) * (used - less) / (more - less)

    def _find_pasts(self, history: History) -> Iterator[Past]:
        """Yield the weeks before that are known well enough; of gaps the usual is taken."""
        spans = [*zip(pairwise(self.edges), pairwise(self.usual), strict=True)]
        for weeks in range(1, WEEKS + 1):
            back = weeks * _WEEK * _HOUR
            rises = [
                history.between(since - back, until - back)
                for (since, until), _ in spans
            ]
            missing = sum(map(isnan, rises))
            if missing > (1 - _KNOWN) * len(rises):
                continue
            filled = (
                more - less if isnan(rise) else rise
                for rise, (_, (less, more)) in zip(rises, spans, strict=True)
            )
            used = tuple(accumulate(filled, initial=0.0))
            yield Past(0.5 ** (weeks / _HALF_LIFE), used)
