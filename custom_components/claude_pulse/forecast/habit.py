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

# What is taken to have been known before, without any habit: for an hour of the day so
# many hours of it, for a day of the week that day so many times, and for an hour of the
# week that hour so many times.
_PRIOR_HOURS, _PRIOR_DAYS, _PRIOR_WEEKS = 2, 1, 1.5

# Less than this part of the mean is nothing: nobody's limit is reached in the night
# because of it.
_NOTHING = 0.1

# A percentage that falls by more than this has been reset, not corrected.
_CORRECTION = 2

# Of a week so much has to be known to compare with it.
_KNOWN = 0.8


class Hour(NamedTuple):
    """An hour of a window: its number since 1970, its least and its highest percentage.

    Both count what the percentage is as the hour begins.
    """

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
        # What the last hour began with, if the window was reset in it.
        self._fell_from: float | None = None

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
            if missing := hour.number - self.end:
                self.rises.extend([nan] * missing)
                self._last = None
            self.rises.append(self._rise(self._last, hour))
            self._last = hour
        if (old := len(self.rises) - WEEKS * _WEEK) > 0:
            del self.rises[:old]
            self.first += old

    def _rise(self, before: Hour | None, hour: Hour) -> float:
        """Return by how many points a window has risen in an hour, as far as it shows yet."""
        fell_from, self._fell_from = self._fell_from, None
        if before is None:
            # What it began with is not known.
            return nan
        begun = before.most
        if fell_from is not None:
            # Only now it shows how far it had come since the reset.
            begun = hour.least
            if begun < fell_from - _CORRECTION:
                peak = max(before.most - max(fell_from, begun), 0)
                self.rises[-1] = max(begun - before.least, 0) + peak
            # Otherwise it was a false zero, or it has come as far again: who knows.
        elif hour.least < begun - _CORRECTION:
            self._fell_from = begun
            return nan
        # Nobody knows what would have been used without the limit.
        return nan if begun >= 100 else max(hour.most - begun, 0)

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


@dataclass(frozen=True, slots=True)
class Habit:
    """What a person usually uses of a window in each hour of a week.

    `rates` are points an hour, from Monday's first hour on, in the time zone; where
    nothing has been learned (a weight of 0) they are parts of an unknown whole. `weeks`
    is how much has been learned from, `weight` the same with what is older counting
    less. `past` is what past weeks came to, odd ones left out, and nothing on days that
    do not count.
    """

    rates: tuple[float, ...]
    zone: tzinfo
    weeks: float
    weight: float
    days_chosen: bool
    past: History


class _Use(NamedTuple):
    """An hour that is known: its number, which one of the local week, and its rise."""

    number: int
    slot: int
    rise: float

    @property
    def week(self) -> int:
        """Return in which local week it is; the change of a clock moves none."""
        return (self.number - self.slot) // _WEEK


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
    end = int(now.timestamp() // _HOUR)
    past = History()
    past.first, past.rises = history.first, array("f", [nan]) * len(history.rises)
    found: list[_Use] = []
    for number, rise in history:
        slot = _slot(number, zone)
        counts = slot // _DAY in days
        past.rises[number - past.first] = rise if counts else 0
        if counts and number < end:
            found.append(_Use(number, slot, rise))
    if not any(use.rise for use in found):
        # Who has never used anything yet has no habit.
        found, past = [], History()
    chosen = frozenset(days) != EVERY_DAY
    if not found and not chosen:
        return None
    week = len(days) * _DAY
    odd = _odd_weeks(found, week)
    risen, known = [0.0] * _WEEK, [0.0] * _WEEK
    for use in found:
        weight = _weight_of_age((end - use.number) / _WEEK)
        if use.week in odd:
            weight *= _ODD_WEIGHT
            past.rises[use.number - past.first] = nan
        risen[use.slot] += weight * use.rise
        known[use.slot] += weight
    return Habit(
        rates=tuple(_rates(risen, known, days)),
        zone=zone,
        weeks=len(found) / week,
        weight=sum(known) / week,
        days_chosen=chosen,
        past=past,
    )


def _slot(number: int, zone: tzinfo) -> int:
    """Return which hour of the local week an hour begins in."""
    local = datetime.fromtimestamp(number * _HOUR, zone)
    return local.weekday() * _DAY + local.hour


def _weight_of_age(weeks: float) -> float:
    """Return what something counts that was some weeks ago."""
    return float(0.5 ** (weeks / _HALF_LIFE))


def _odd_weeks(found: Iterable[_Use], week: int) -> Collection[int]:
    """Return the weeks that are far from the others; `week` is how many hours one has."""
    rises: defaultdict[int, list[float]] = defaultdict(list)
    for use in found:
        rises[use.week].append(use.rise)
    means = {
        number: fmean(several)
        for number, several in rises.items()
        if len(several) >= _KNOWN * week
    }
    usual = median(means.values()) if len(means) >= _ENOUGH_TO_COMPARE else 0
    return {
        number
        for number, mean in means.items()
        if usual and not _ODD_BELOW * usual <= mean <= _ODD_ABOVE * usual
    }


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
        prior = _PRIOR_WEEKS * flat * by_hour[hour] * by_day[day]
        rate = (risen[slot] + prior) / (known[slot] + _PRIOR_WEEKS)
        yield rate if day in days and rate > _NOTHING * flat else 0.0


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
            self.pasts = tuple(self._find_pasts(habit))

    @property
    def total(self) -> float:
        """Return what is usually used of the window."""
        return self.usual[-1]

    def used_by(self, moment: float, used: Sequence[float] | None = None) -> float:
        """Return what is usually used by a time in the window; or was, in a past week."""
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

    def _find_pasts(self, habit: Habit) -> Iterator[Past]:
        """Yield the weeks before that are known well enough; of gaps the usual is taken."""
        spans = [*zip(pairwise(self.edges), pairwise(self.usual), strict=True)]

        def ahead(moment: float) -> float:
            """Return by how many seconds the local clock is ahead of UTC at a time."""
            offset = datetime.fromtimestamp(moment, habit.zone).utcoffset()
            return offset.total_seconds() if offset else 0

        for weeks in range(1, WEEKS + 1):
            back = float(weeks * _WEEK * _HOUR)
            # The same hours of the local clock.
            back += ahead(self.edges[0] - back) - ahead(self.edges[0])
            rises = [
                habit.past.between(since - back, until - back)
                for (since, until), _ in spans
            ]
            if sum(map(isnan, rises)) > (1 - _KNOWN) * len(rises):
                continue
            filled = (
                more - less if isnan(rise) else rise
                for rise, (_, (less, more)) in zip(rises, spans, strict=True)
            )
            used = tuple(accumulate(filled, initial=0.0))
            yield Past(_weight_of_age(weeks), used)
