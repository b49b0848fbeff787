"""The remaining usage of a week, from past weeks and the running one together. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, compress, pairwise
from math import exp, isnan, log, nan, sqrt
from operator import not_
from typing import NamedTuple

from .habit import COMPLETE, HOURS_PER_WEEK, SECONDS_PER_HOUR, WEEKS, Habit
from .remaining import SkewedRemaining

# The weekly usage in points that is assumed without history. It counts like this part of a
# week.
_PRIOR_POINTS, _PRIOR_WEIGHT = 40, 0.4

# A past week loses half of its weight in this number of weeks, because the level of most
# people changes fast. For a regular person, it is longer, up to the maximum.
_HALF_LIFE, _MAX_HALF_LIFE = 0.6, 1.3

# The variance of the logarithm of weekly usage of irregular and of regular people, and the
# share of regular people. The logarithm is of the points plus the shift.
_IRREGULAR, _REGULAR, _REGULAR_SHARE = 0.6, 0.05, 0.25
_WEEK_SHIFT = 10

# The variance of the logarithm of the remaining usage of most people: a base, and a part that
# grows as the expected usage shrinks. Together, they weigh as much as this many past weeks.
_VARIANCE, _VARIANCE_SMALL = 0.4, 1.5
_VARIANCE_WEEKS = 1.5

# The errors in past weeks lose half of their weight in this number of weeks.
_ERROR_HALF_LIFE = 6

# The shift of the log-normal distribution in points: the part for a whole remaining week,
# and the minimum, because percentages are rounded.
_SHIFT, _MIN_SHIFT = 10, 2


class PastWeek(NamedTuple):
    """The usage in the same hours of a past week.

    `age` is the number of weeks since. `points` is the usage in its known hours, which
    have the share `known` of a usual week. `used` has the cumulative usage at each of the
    profile's times, or is None if too many hours are unknown.
    """

    age: int
    points: float
    known: float
    used: Sequence[float] | None


class PastWeeks:
    """The past weeks of a person, from which the rest of the running week is estimated."""

    def __init__(
        self, times: Sequence[float], usual: Sequence[float], habit: Habit | None
    ) -> None:
        """Initialize with the times and the usual usage of a profile."""
        self._times = times
        self._usual = usual
        weeks = [*_past_weeks(times, usual, habit)] if habit else []
        irregularity = _irregularity(weeks)
        half_life = min(_HALF_LIFE / sqrt(irregularity), _MAX_HALF_LIFE)
        # The weight of the prior of most people. It is low for a regular person.
        self._common = irregularity**2
        # The weight and the usage of each week in the pool.
        pool = [(_faded(week.age, half_life), week) for week in weeks]
        prior = _PRIOR_WEIGHT * self._common
        self._weight = prior + sum(weight * week.known for weight, week in pool)
        self._points = prior * _PRIOR_POINTS
        self._points += sum(weight * week.points for weight, week in pool)
        # Each complete week with its recency, its weight in the pool, and its usage.
        self._complete = [
            (_faded(week.age, _ERROR_HALF_LIFE), weight, week, week.used)
            for weight, week in pool
            if week.used is not None
        ]

    def used_by(self, time: float) -> float:
        """Return the usual usage by a timestamp within the week, in points."""
        used = [
            (weight, used_by(self._times, used, time))
            for weight, _, _, used in self._complete
        ]
        if not used:
            return used_by(self._times, self._usual, time)
        weights = sum(weight for weight, _ in used)
        return sum(weight * points for weight, points in used) / weights

    def remaining(self, time: float, used: float) -> SkewedRemaining:
        """Return the usage that is still to come after some usage by a timestamp."""
        passed = used_by(self._times, self._usual, time) / self._usual[-1]
        share = max(1 - passed, 0)
        shift = _MIN_SHIFT + _SHIFT * share
        weight = self._weight + passed
        median = share * (self._points + used) / weight
        variance = _VARIANCE + _VARIANCE_SMALL * shift / (median + shift)
        variance *= _VARIANCE_WEEKS * self._common
        weights = float(_VARIANCE_WEEKS)
        # The errors that forecasts from the other weeks would have had at this time.
        for recency, own, week, rises in self._complete:
            used_then = used_by(self._times, rises, time)
            others = self._points - own * week.points + used_then
            forecast = share * others / (weight - own * week.known)
            followed = rises[-1] - used_then
            variance += recency * log((followed + shift) / (forecast + shift)) ** 2
            weights += recency
        return SkewedRemaining(
            median, shift, sqrt(variance / weights), slope=share / weight
        )


def _faded(age: int, half_life: float) -> float:
    """Return the weight of a week that is some weeks old."""
    return float(0.5 ** (age / half_life))


def used_by(times: Sequence[float], used: Sequence[float], time: float) -> float:
    """Return the cumulative usage at a timestamp, which is even between two times."""
    index = min(bisect_right(times, time), len(times) - 1)
    start, end = times[index - 1], times[index]
    share = (time - start) / (end - start)
    return used[index - 1] + (used[index] - used[index - 1]) * share


def _irregularity(weeks: Sequence[PastWeek]) -> float:
    """Return the variance of weekly usage as a share of that of irregular people.

    It is 1 until two weeks can be compared. It is the mean of irregular and regular people,
    weighted by the probability that the person is one of them. A few weeks that happen to
    be alike do not make a person regular.
    """
    if len(weeks) < 2:
        return 1
    logs = [(week.known, log(week.points / week.known + _WEEK_SHIFT)) for week in weeks]
    total = sum(weight for weight, _ in logs)
    mean = sum(weight * value for weight, value in logs) / total
    squares = sum(weight * (value - mean) ** 2 for weight, value in logs)
    # The logarithm of the odds that the person is irregular, for normal distributions.
    odds = log((1 - _REGULAR_SHARE) / _REGULAR_SHARE)
    odds -= total * (1 - 1 / len(weeks)) / 2 * log(_IRREGULAR / _REGULAR)
    odds += squares / 2 * (1 / _REGULAR - 1 / _IRREGULAR)
    irregular = 1 / (1 + exp(-odds))
    return irregular + (1 - irregular) * _REGULAR / _IRREGULAR


def _past_weeks(
    times: Sequence[float], usual: Sequence[float], habit: Habit
) -> Iterator[PastWeek]:
    """Yield the usage in past weeks, with the usual usage in their gaps."""
    rises, first = habit.past.rises, int(times[0] // SECONDS_PER_HOUR)
    amounts = [high - low for low, high in pairwise(usual)]
    count = len(amounts)

    def utc_offset(hour: int) -> float:
        """Return the UTC offset in hours."""
        time = datetime.fromtimestamp(hour * SECONDS_PER_HOUR, habit.zone)
        return (time.utcoffset() or timedelta()) / timedelta(hours=1)

    for age in range(1, WEEKS + 1):
        start = first - age * HOURS_PER_WEEK
        # Compare the same local hours.
        start += round(utc_offset(first) - utc_offset(start))
        index = start - habit.past.first
        row = [nan] * -index + [*rises[max(index, 0) : max(index + count, 0)]]
        row += [nan] * (count - len(row))
        # The week starts and ends within an hour.
        row[0] *= (times[1] - times[0]) / SECONDS_PER_HOUR
        row[-1] *= (times[-1] - times[-2]) / SECONDS_PER_HOUR
        gaps = [*map(isnan, row)]
        is_known = [*map(not_, gaps)]
        known = sum(compress(amounts, is_known)) / usual[-1]
        if known <= 0:
            continue
        used = None
        if sum(is_known) >= COMPLETE * count:
            filled = (
                amount if gap else rise
                for gap, rise, amount in zip(gaps, row, amounts, strict=True)
            )
            used = tuple(accumulate(filled, initial=0.0))
        yield PastWeek(age, sum(compress(row, is_known)), known, used)
