"""Simulated people who use Claude at their own hours, each made from a seed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import exp, log
from random import Random
from zoneinfo import ZoneInfo

HOUR = 3600
WEEK = 168

# Weeks of history before the measured window.
BEFORE = 8

ZONES = ("America/New_York", "Asia/Kolkata", "Australia/Sydney", "Europe/Berlin", "UTC")

# The median of the weekly usage in points without a limit, and its deviation.
_MEDIAN, _DEVIATION = 70, 0.35

# The deviation of a week, and the shapes of the distributions of a day and an hour.
_WEEK_DEVIATION, _DAY_SHAPE, _HOUR_SHAPE = 0.15, 8, 3
_SKIPPED_DAYS, _HOLIDAYS = 0.05, 0.15

# The deviation of a week and a day of those whose agents always run.
_STEADY = 0.1

# The deviation of a week of people who vary, and how often their weeks are empty or change
# to another level.
_VARIED_WEEK, _EMPTY_WEEKS, _JUMPS = 0.4, 0.1, 0.06

# The number of times that Home Assistant was off, and the maximum number of hours.
_OUTAGES, _OUTAGE = 3, 30

# The usual usage in a week and in an hour of that local week. The measured week is 0.
Rate = Callable[[int, int], float]


@dataclass(frozen=True)
class Person:
    """A person's usage by hour in points of the weekly window, without a limit.

    `start` is the hour in which the measured window starts after the share `offset` of
    it. `use` begins `BEFORE` weeks earlier. `usual` is the same without chance. `days`
    are the days of the week with any usage. Home Assistant was off in the hours `unseen`.
    """

    zone: ZoneInfo
    start: int
    offset: float
    use: list[float]
    usual: list[float]
    days: Collection[int]
    unseen: Collection[int]

    @property
    def first(self) -> int:
        """Return the number of the first hour."""
        return self.start - BEFORE * WEEK

    def of_week(self, use: list[float]) -> list[float]:
        """Return the part of `use` or `usual` that is in the measured window."""
        index = BEFORE * WEEK
        first, *hours, last = use[index : index + WEEK + 1]
        return [first * (1 - self.offset), *hours, last * self.offset]


def _lognormal(random: Random, sigma: float) -> float:
    """Return a factor with a median of 1."""
    return exp(random.gauss(0, sigma))


def _gamma(random: Random, shape: float) -> float:
    """Return a factor with a mean of 1."""
    return random.gammavariate(shape, 1 / shape)


def _hours(
    random: Random,
    starts: Sequence[int],
    lengths: Sequence[int],
    days: Collection[int],
    fifth: float = 1,
) -> Rate:
    """Use it during some hours on some days, with a factor for the fifth hour."""
    start = random.choice(starts)
    end = start + random.choice(lengths)
    by_day = [_lognormal(random, 0.3) * (day in days) for day in range(7)]
    by_hour = [
        (start <= hour < end) * (fifth if hour == start + 4 else 1)
        for hour in range(24)
    ]
    return lambda _, slot: by_day[slot // 24] * by_hour[slot % 24]


def _office(random: Random) -> Rate:
    """Use it from Monday to Friday or on four of these days, with a lunch break."""
    free = {random.choice([0, 2, 4])} if random.random() < 0.4 else set()
    return _hours(random, (8, 9, 10), (7, 8, 9), {0, 1, 2, 3, 4} - free, 0.3)


def _evenings(random: Random) -> Rate:
    """Use it every evening."""
    return _hours(random, (17, 18, 19, 20), (3, 4), range(7))


def _weekends(random: Random) -> Rate:
    """Use it on Saturdays and Sundays."""
    return _hours(random, (9, 10, 11), (8, 10, 12), {5, 6})


def _mornings(random: Random) -> Rate:
    """Use it on four mornings a week."""
    return _hours(random, (6, 7, 8), (4,), {*random.sample(range(7), 4)})


def _shifts(random: Random) -> Rate:
    """Use it in the early shift of one week and in the late shift of the next."""
    first = random.choice([0, 1])
    shifts = [range(14, 22), range(6, 14)]
    return lambda week, slot: float(
        slot < 5 * 24 and slot % 24 in shifts[(week + first) % 2]
    )


def _changed(random: Random) -> Rate:
    """Change the habit two weeks before the measured window, with the same total."""
    patterns = random.sample([_office, _evenings, _weekends, _mornings], 2)
    rates = [pattern(random) for pattern in patterns]
    totals = [sum(rate(0, slot) for slot in range(WEEK)) for rate in rates]
    return lambda week, slot: rates[week >= -2](week, slot) / totals[week >= -2]


def _growing(random: Random) -> Rate:
    """Use 5 to 15% more each week."""
    habit = random.choice([_office, _evenings])(random)
    growth = random.uniform(0.05, 0.15)
    return lambda week, slot: habit(week, slot) * exp(growth * week)


def _always(_: Random) -> Rate:
    """Let agents run day and night."""
    return lambda _week, _slot: 1.0


def _bursts(random: Random) -> Rate:
    """Use it for some hours at any time, three to five times a week."""
    probability = random.uniform(3, 5) / WEEK
    hours, usage = 0, 0.0

    def rate(_week: int, _slot: int) -> float:
        """Return the usage in the next hour."""
        nonlocal hours, usage
        if hours <= 0 and random.random() < probability:
            hours, usage = random.randint(2, 6), _lognormal(random, 0.5)
        hours -= 1
        return usage if hours >= 0 else 0.0

    return rate


GROUPS: dict[str, Callable[[Random], Rate]] = {
    "office": _office,
    "evenings": _evenings,
    "weekends": _weekends,
    "four mornings": _mornings,
    "shifts": _shifts,
    "holidays": _office,
    "growing": _growing,
    "changed": _changed,
    "bursts": _bursts,
    "always": _always,
}
WITHOUT_HABIT = ("bursts", "always")


def person_of(group: str, seed: int) -> Person:
    """Return the person of a group and a seed."""
    random = Random(f"{group} {seed}")
    zone = ZoneInfo(random.choice(ZONES))
    # The clock changes in or before some of these windows.
    month, day = random.choice([2, 3, 4, 5, 10, 11]), random.randint(1, 28)
    begin = datetime(2026, month, day, random.randint(0, 23), tzinfo=UTC)
    start = int(begin.timestamp() // HOUR)
    first = start - BEFORE * WEEK
    rate = GROUPS[group](random)
    steady = group == "always"
    deviation = _STEADY if steady else _WEEK_DEVIATION
    weeks = {week: _lognormal(random, deviation) for week in range(-BEFORE, 2)}
    off = {
        week for week in weeks if group == "holidays" and random.random() < _HOLIDAYS
    }
    by_day: dict[date, float] = {}
    use, usual = [], []
    for index in range((BEFORE + 1) * WEEK + 1):
        week = index // WEEK - BEFORE
        time = datetime.fromtimestamp((first + index) * HOUR, zone)
        if time.date() not in by_day:
            by_day[time.date()] = _of_day(random, steady=steady)
        usual.append(rate(week, time.weekday() * 24 + time.hour))
        chance = weeks[week] * by_day[time.date()] * _gamma(random, _HOUR_SHAPE)
        use.append(0.0 if week in off else usual[-1] * chance)
    scale = _MEDIAN * _lognormal(random, _DEVIATION) * (BEFORE + 1) / (sum(usual) or 1)
    unseen = set[int]()
    for _ in range(_OUTAGES):
        outage = random.randrange(first, start + WEEK)
        unseen.update(range(outage, outage + random.randint(1, _OUTAGE)))
    # Bursts happen on any day.
    days = {*range(7)}
    if group != "bursts":
        days = {slot // 24 for slot in range(WEEK) if rate(0, slot)}
    return Person(
        zone=zone,
        start=start,
        offset=random.choice([0, 0.25, 0.5, 0.75]),
        use=[points * scale for points in use],
        usual=[points * scale for points in usual],
        days=days,
        unseen=unseen,
    )


def _of_day(random: Random, *, steady: bool) -> float:
    """Return the factor of a day."""
    if steady:
        return _lognormal(random, _STEADY)
    return 0.0 if random.random() < _SKIPPED_DAYS else _gamma(random, _DAY_SHAPE)


def varied_person(seed: int) -> Person:
    """Return a person whose weeks vary as much as those of real people.

    There are bursts of some hours, empty weeks, and jumps to another level for good. The
    weekly totals have a coefficient of variation of about 0.9.
    """
    random = Random(f"varied {seed}")
    zone = ZoneInfo(random.choice(ZONES))
    begin = datetime(2026, random.randint(3, 11), random.randint(1, 28), tzinfo=UTC)
    start = int(begin.timestamp() // HOUR) + random.randrange(24)
    # When a person uses it: on which days of the week, and around which hour.
    by_day = [_lognormal(random, 0.3) * (0.4 if day >= 5 else 1) for day in range(7)]
    likely, usual_hour = random.uniform(0.5, 0.8), random.choice([10, 11, 14, 15, 20])
    use, totals = [0.0] * ((BEFORE + 1) * WEEK + 1), []
    level, drift = 1.0, 0.0
    for first in range(0, (BEFORE + 1) * WEEK, WEEK):
        if random.random() < _JUMPS:
            level *= _lognormal(random, 0.5)
        drift = 0.7 * drift + random.gauss(0, _VARIED_WEEK)
        is_empty = random.random() < _EMPTY_WEEKS
        amount = 0 if is_empty else level * exp(drift)
        for day in range(first, first + WEEK, 24):
            weekday = datetime.fromtimestamp(
                (start - BEFORE * WEEK + day) * HOUR, zone
            ).weekday()
            while random.random() < likely * min(by_day[weekday], 1):
                burst = amount * by_day[weekday] * _gamma(random, 3)
                hour = day + round(random.gauss(usual_hour, 3)) % 24
                for index in range(hour, min(hour + random.randint(1, 5), len(use))):
                    use[index] += burst * _gamma(random, 3)
        totals.append(sum(use[first : first + WEEK]))
    usual = 0.85 * sum(totals) / len(totals) or 1
    scale = exp(random.uniform(log(40), log(130))) / usual
    return Person(
        zone=zone,
        start=start,
        offset=random.choice([0, 0.25, 0.5, 0.75]),
        use=[points * scale for points in use],
        usual=[],
        days=range(7),
        unseen=(),
    )
