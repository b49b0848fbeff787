"""A person's usage habit by hour of the week, learned from hourly usage. Pure."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import takewhile
from math import isnan, nan, sqrt
from statistics import fmean, median
from typing import NamedTuple

SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24
HOURS_PER_WEEK = 7 * HOURS_PER_DAY

# Days of the week; Monday is 0.
EVERY_DAY = frozenset(range(7))

# Older usage is ignored. An hour loses half of its weight every `_HALF_LIFE` weeks.
WEEKS = 12
_HALF_LIFE = 3

# A week with less than this share of the median usage is an outlier, for example a week of
# holidays. It gets a low weight. Outliers are detected from three complete weeks on.
_OUTLIER, _OUTLIER_WEIGHT = 0.2, 0.1
_MIN_WEEKS_TO_COMPARE = 3

# The prior counts as this number of observations: for the hour of the day, for the day of
# the week and for the hour of the week.
_PRIOR_HOURS, _PRIOR_DAYS, _PRIOR_WEEKS = 4, 2, 3

# Rates below this share of the mean are set to 0. Otherwise, a limit could seem to run out
# at night.
_NEGLIGIBLE = 0.1

# Below this share of the mean rate, usage at an hour of the week is rare.
_RARE = 0.25

# A habit is based on its own hours from this number of weeks on.
BORROWED_UNTIL = 1

# A percentage that falls by more points than this was reset and not corrected.
MAX_CORRECTION = 2

# A week is complete if at least this share of its hours is known.
COMPLETE = 0.8


class Hour(NamedTuple):
    """The lowest and highest percentage of a window in one hour.

    `number` is the number of hours since 1970. Both percentages include the one at the
    start of the hour.
    """

    number: int
    minimum: float
    maximum: float


class HourlyUsage:
    """The usage of a window by hour, in points.

    `rises[0]` belongs to the hour `first`. The usage of an hour is NaN if it is unknown:
    Home Assistant was off, or the limit had been reached. `reached` has the numbers of the
    hours in which the limit was reached.
    """

    def __init__(self, weeks: int = WEEKS) -> None:
        """Initialize an empty history of at most some weeks."""
        self.first = 0
        self.rises = array("f")
        self.reached: list[int] = []
        self._longest = weeks * HOURS_PER_WEEK
        self._previous: Hour | None = None
        # The percentage before the reset, if the window was reset in the previous hour.
        self._reset_from: float | None = None

    @property
    def end(self) -> int:
        """Return the number of the hour that follows the last one."""
        return self.first + len(self.rises)

    def add(self, hours: Iterable[Hour]) -> None:
        """Append hours in chronological order and skip those that are present."""
        for hour in hours:
            if self._previous is None:
                self.first = hour.number
            elif hour.number < self.end:
                continue
            if missing := hour.number - self.end:
                self.rises.extend([nan] * missing)
                self._previous = None
            if self._is_reached(hour):
                self.reached.append(hour.number)
            self.rises.append(self._rise(self._previous, hour))
            self._previous = hour
        if (expired := len(self.rises) - self._longest) > 0:
            del self.rises[:expired]
            self.first += expired
            self.reached = [item for item in self.reached if item >= self.first]

    def _is_reached(self, hour: Hour) -> bool:
        """Return whether the limit was reached in an hour, and not before it."""
        if self._previous is None or self._reset_from is not None:
            return hour.minimum < 100 <= hour.maximum
        return self._previous.maximum < 100 <= hour.maximum

    def _rise(self, previous: Hour | None, hour: Hour) -> float:
        """Return the usage in an hour, or NaN if it is unknown.

        The usage in an hour with a reset is known only with the next hour, which sets it.
        """
        reset_from, self._reset_from = self._reset_from, None
        if previous is None:
            return nan
        begin = previous.maximum
        if reset_from is not None:
            begin = hour.minimum
            # If usage is back at its old level, either the fall was an error, or as much was
            # used again. Then it stays unknown.
            if begin < reset_from - MAX_CORRECTION:
                before_reset = max(previous.maximum - max(reset_from, begin), 0)
                self.rises[-1] = max(begin - previous.minimum, 0) + before_reset
        elif hour.minimum < begin - MAX_CORRECTION:
            self._reset_from = begin
            return nan
        # The usage that a reached limit prevented is unknown.
        return nan if begin >= 100 else max(hour.maximum - begin, 0)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        """Yield the number and the usage of each known hour."""
        for number, rise in enumerate(self.rises, self.first):
            if not isnan(rise):
                yield number, rise


@dataclass(frozen=True, slots=True)
class Habit:
    """The typical usage of a window in each hour of the week.

    `rates` has 168 values in points per hour. The first is for Monday 00:00 in `zone`.
    Without any history (`weeks` is 0) the rates are relative: 1 on chosen days, else 0.
    `weeks` is the length of the history that the habit is based on. `past` is that history
    without outliers, and with 0 on days that were not chosen.
    """

    rates: tuple[float, ...]
    zone: tzinfo
    weeks: float
    days_chosen: bool
    past: HourlyUsage

    def is_usual(self, time: datetime) -> bool:
        """Return whether usage is not rare at this hour of the week.

        It is True without a complete week of history.
        """
        if self.weeks < 1:
            return True
        slot = hour_of_week(int(time.timestamp() // SECONDS_PER_HOUR), self.zone)
        return self.rates[slot] >= _RARE * fmean(self.rates)


class _Sample(NamedTuple):
    """The usage in a known hour. `slot` is the hour of the local week, from 0 to 167."""

    number: int
    slot: int
    rise: float

    @property
    def week(self) -> int:
        """Return a number that all hours of a local week share."""
        return (self.number - self.slot) // HOURS_PER_WEEK


def learn(
    history: HourlyUsage,
    now: datetime,
    zone: tzinfo,
    days: Collection[int] = EVERY_DAY,
) -> Habit | None:
    """Return the habit in a history, or None if there is neither usage nor a choice of days.

    `days` are the days of the week (Monday is 0) on which usage is expected. Usage on
    other days is ignored.
    """
    current_hour = int(now.timestamp() // SECONDS_PER_HOUR)
    past = HourlyUsage()
    past.first, past.rises = history.first, array("f", [nan]) * len(history.rises)
    samples: list[_Sample] = []
    for number, rise in history:
        slot = hour_of_week(number, zone)
        expected = slot // HOURS_PER_DAY in days
        past.rises[number - past.first] = rise if expected else 0
        if expected and number < current_hour:
            samples.append(_Sample(number, slot, rise))
    if not any(sample.rise for sample in samples):
        samples, past = [], HourlyUsage()
    days_chosen = frozenset(days) != EVERY_DAY
    if not samples and not days_chosen:
        return None
    expected_hours = len(days) * HOURS_PER_DAY
    outliers = _outlier_weeks(samples, expected_hours)
    used, weights = [0.0] * HOURS_PER_WEEK, [0.0] * HOURS_PER_WEEK
    points = 0.0
    for sample in samples:
        weight = weight_of_age((current_hour - sample.number) / HOURS_PER_WEEK)
        if sample.week in outliers:
            weight *= _OUTLIER_WEIGHT
            past.rises[sample.number - past.first] = nan
        points += weight * sample.rise
        # A root, so that a single hour of heavy usage does not shape the week.
        used[sample.slot] += weight * sqrt(sample.rise)
        weights[sample.slot] += weight
    scale = points / (sum(used) or 1) or 1
    return Habit(
        rates=tuple(scale * rate for rate in _rates(used, weights, days)),
        zone=zone,
        weeks=len(samples) / expected_hours,
        days_chosen=days_chosen,
        past=past,
    )


def borrowed(habit: Habit | None, other: Habit | None) -> Habit | None:
    """Return a habit, with the hours of another one if it is known for less than a week.

    The amount of usage stays its own.
    """
    if other is None or (habit and habit.weeks >= min(BORROWED_UNTIL, other.weeks)):
        return habit
    if habit is None:
        return replace(other, weeks=0, past=HourlyUsage())
    return replace(other, weeks=habit.weeks, past=habit.past)


def hour_of_week(number: int, zone: tzinfo) -> int:
    """Return the hour of the local week in which an hour since 1970 starts."""
    local = datetime.fromtimestamp(number * SECONDS_PER_HOUR, zone)
    return local.weekday() * HOURS_PER_DAY + local.hour


def weight_of_age(weeks: float) -> float:
    """Return the weight of usage that is some weeks old; new usage has a weight of 1."""
    return float(0.5 ** (weeks / _HALF_LIFE))


def _outlier_weeks(samples: Iterable[_Sample], expected_hours: int) -> Collection[int]:
    """Return the complete weeks with far less usage than the others.

    If the latest two weeks or more have little usage, this is the new habit.
    """
    rises: defaultdict[int, list[float]] = defaultdict(list)
    for sample in samples:
        rises[sample.week].append(sample.rise)
    means = {
        week: fmean(known)
        for week, known in sorted(rises.items(), reverse=True)
        if len(known) >= COMPLETE * expected_hours
    }
    if len(means) < _MIN_WEEKS_TO_COMPARE:
        return ()
    usual = median(means.values())
    outliers = [week for week, mean in means.items() if mean < _OUTLIER * usual]
    latest = [*takewhile(outliers.__contains__, means)]
    return outliers if len(latest) == 1 else outliers[len(latest) :]


def _rates(
    used: Sequence[float], weights: Sequence[float], days: Collection[int]
) -> Iterator[float]:
    """Yield the amount per hour for each of the 168 hours of the week.

    `used` is the weighted amount and `weights` the weight by hour of the week. The prior
    of an hour is the mean rate, multiplied by the share of that hour of the day and by
    the share of that day of the week.
    """
    slots = [slot for slot in range(HOURS_PER_WEEK) if slot // HOURS_PER_DAY in days]
    if not (total := sum(used)):
        yield from (
            float(slot // HOURS_PER_DAY in days) for slot in range(HOURS_PER_WEEK)
        )
        return
    mean = total / sum(weights)
    used, weights = _smooth(used), _smooth(weights)

    def share(chosen: Collection[int], prior: float) -> float:
        """Return the rate in some hours of the week as a multiple of the mean rate."""
        amount = sum(used[slot] for slot in chosen) / mean + prior
        return amount / (sum(weights[slot] for slot in chosen) + prior)

    by_hour = [
        share([slot for slot in slots if slot % HOURS_PER_DAY == hour], _PRIOR_HOURS)
        for hour in range(HOURS_PER_DAY)
    ]
    by_day = [
        share(
            [slot for slot in slots if slot // HOURS_PER_DAY == day],
            _PRIOR_DAYS * HOURS_PER_DAY,
        )
        for day in range(7)
    ]
    for slot in range(HOURS_PER_WEEK):
        day, hour = divmod(slot, HOURS_PER_DAY)
        prior = _PRIOR_WEEKS * mean * by_hour[hour] * by_day[day]
        rate = (used[slot] + prior) / (weights[slot] + _PRIOR_WEEKS)
        yield rate if day in days and rate > _NEGLIGIBLE * mean else 0.0


def _smooth(values: Sequence[float]) -> list[float]:
    """Return the weighted average of each hour of the week and its two neighbors."""
    return [
        values[slot - 1] / 4
        + values[slot] / 2
        + values[(slot + 1) % HOURS_PER_WEEK] / 4
        for slot in range(HOURS_PER_WEEK)
    ]
