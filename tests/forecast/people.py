"""A population: people who use Claude at hours of their own, each made of a seed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
import math
from random import Random
from zoneinfo import ZoneInfo

HOUR = 3600
WEEK = 168

# Weeks before the one that is looked at.
BEFORE = 8

ZONES = (
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Europe/Berlin",
    "UTC",
)

# The weekly use in points, without a limit: the median, and how much people differ.
_USUAL, _DIFFERENCE = 70, 0.35

# How much a week, a day and an hour differ from the usual one.
_WEEKS_DIFFER, _DAYS_SHAPE, _HOURS_SHAPE = 0.15, 8, 3
_DAY_SKIPPED = 0.05

# What is usual at a local time, given the week, of which 0 is the one looked at.
Rate = Callable[[datetime, int], float]


@dataclass(frozen=True)
class Person:
    """Somebody's use by the hour, in points of the weekly window, without a limit.

    It begins `BEFORE` weeks before `start`, the hour in which the window begins that is
    looked at, after a part of it, `offset`. `usual` is the same without chance; `days`
    are the days of the week with any use. In the hours `unseen` Home Assistant was off.
    """

    group: str
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
        """Return the part of a list by the hour that is in the window."""
        place = BEFORE * WEEK
        first, *hours, last = use[place : place + WEEK + 1]
        return [first * (1 - self.offset), *hours, last * self.offset]


def _weekday_rates(random: Random, differ: float) -> list[float]:
    """Return how much more or less is used on each day of the week."""
    return [_lognormal(random, differ) for _ in range(7)]


def _lognormal(random: Random, sigma: float) -> float:
    """Return a factor that is 1 in the middle."""
    return math.exp(random.gauss(0, sigma))


def _hours(
    random: Random,
    starts: Collection[int],
    lasts: Collection[int],
    days: Collection[int],
) -> tuple[Rate, Collection[int]]:
    """Use it from one hour to another on some days."""
    start = random.choice([*starts])
    end = start + random.choice([*lasts])
    rates = _weekday_rates(random, 0.3)

    def rate(time: datetime, _: int) -> float:
        """Return what is usual."""
        at_work = time.weekday() in days and start <= time.hour < end
        return rates[time.weekday()] if at_work else 0.0

    return rate, days


def _office(random: Random) -> tuple[Rate, Collection[int]]:
    """Work from Monday to Friday, some without a certain day, with a lunch break."""
    free = {random.choice([0, 2, 4])} if random.random() < 0.4 else set()
    days = {0, 1, 2, 3, 4} - free
    start = random.choice([8, 9, 10])
    end = start + random.choice([7, 8, 9])
    rates = _weekday_rates(random, 0.3)

    def rate(time: datetime, _: int) -> float:
        """Return what is usual."""
        if time.weekday() not in days or not start <= time.hour < end:
            return 0.0
        return rates[time.weekday()] * (0.3 if time.hour == start + 4 else 1)

    return rate, days


def _evenings(random: Random) -> tuple[Rate, Collection[int]]:
    """Use it after work, every day."""
    return _hours(random, (17, 18, 19, 20), (3, 4), range(7))


def _weekends(random: Random) -> tuple[Rate, Collection[int]]:
    """Use it on Saturdays and Sundays."""
    return _hours(random, (9, 10, 11), (8, 10, 12), {5, 6})


def _mornings(random: Random) -> tuple[Rate, Collection[int]]:
    """Use it on four mornings a week."""
    return _hours(random, (6, 7, 8), (4,), set(random.sample(range(7), 4)))


def _shifts(random: Random) -> tuple[Rate, Collection[int]]:
    """Work early in one week and late in the next."""
    first = random.choice([0, 1])

    def rate(time: datetime, week: int) -> float:
        """Return what is usual."""
        start = 6 if (week + first) % 2 else 14
        return float(time.weekday() < 5 and start <= time.hour < start + 8)

    return rate, range(5)


def _changed(random: Random) -> tuple[Rate, Collection[int]]:
    """Have had other habits until two weeks before."""
    kinds = random.sample([_office, _evenings, _weekends, _mornings], 2)
    (before, _), (now, days) = (kind(random) for kind in kinds)
    # As much in a week as in another.
    sums = [
        sum(
            rate(datetime(2026, 1, 5 + day, hour), 0)
            for day in range(7)
            for hour in range(24)
        )
        for rate in (before, now)
    ]

    def rate(time: datetime, week: int) -> float:
        """Return what is usual."""
        return before(time, week) / sums[0] if week < -2 else now(time, week) / sums[1]

    return rate, days


def _growing(random: Random) -> tuple[Rate, Collection[int]]:
    """Use 5 to 15 % more each week."""
    habit, days = random.choice([_office, _evenings])(random)
    growth = random.uniform(0.05, 0.15)
    return lambda time, week: habit(time, week) * math.exp(growth * week), days


def _always(_: Random) -> tuple[Rate, Collection[int]]:
    """Let it run day and night."""
    return lambda _time, _week: 1.0, range(7)


def _bursts(random: Random) -> tuple[Rate, Collection[int]]:
    """Use much of it for some hours, three to five times a week, at any time."""
    often = random.uniform(3, 5) / WEEK
    until = {"hour": 0.0, "left": 0.0, "rate": 0.0}

    def rate(_time: datetime, _week: int) -> float:
        """Return what is used in this hour; it is asked for hour after hour."""
        if until["left"] <= 0 and random.random() < often:
            until["left"] = random.randint(2, 6)
            until["rate"] = _lognormal(random, 0.5)
        until["left"] -= 1
        return until["rate"] if until["left"] >= 0 else 0.0

    return rate, range(7)


GROUPS: dict[str, Callable[[Random], tuple[Rate, Collection[int]]]] = {
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

# Who has no habit.
WITHOUT_HABIT = ("bursts", "always")

# A week of nothing, now and then.
_HOLIDAY = 0.15

# Who lets it run all the time uses the same each day, nearly.
_STEADY = 0.1

# How often Home Assistant is off in these weeks, and for how many hours at most.
_OUTAGES, _OUTAGE = 3, 30


def person_of(group: str, seed: int) -> Person:
    """Make a person of a group."""
    random = Random(f"{group} {seed}")
    zone = ZoneInfo(random.choice(ZONES))
    # Some of these windows have a change of the clock in them, or before.
    begin = datetime(
        2026,
        random.choice([2, 3, 4, 5, 10, 11]),
        random.randint(1, 28),
        random.randint(0, 23),
        tzinfo=UTC,
    )
    start = int(begin.timestamp() // HOUR)
    rate, days = GROUPS[group](random)
    steady = group == "always"
    differ = _STEADY if steady else _WEEKS_DIFFER
    weeks = {week: _lognormal(random, differ) for week in range(-BEFORE, 2)}
    off = {week for week in weeks if group == "holidays" and random.random() < _HOLIDAY}
    on_days: dict[date, float] = {}
    use, usual = [], []
    for place in range((BEFORE + 1) * WEEK + 1):
        week = place // WEEK - BEFORE
        time = datetime.fromtimestamp((start - BEFORE * WEEK + place) * HOUR, zone)
        if (day := time.date()) not in on_days:
            on_days[day] = _of_a_day(random, steady=steady)
        usual.append(rate(time, week))
        chance = weeks[week] * on_days[day] * _gamma(random, _HOURS_SHAPE)
        use.append(0.0 if week in off else usual[-1] * chance)
    scale = _USUAL * _lognormal(random, _DIFFERENCE) * (BEFORE + 1) / (sum(usual) or 1)
    unseen = set[int]()
    for _ in range(_OUTAGES):
        begins = random.randrange(start - BEFORE * WEEK, start + WEEK)
        unseen.update(range(begins, begins + random.randint(1, _OUTAGE)))
    return Person(
        group=group,
        zone=zone,
        start=start,
        offset=random.choice([0, 0.25, 0.5, 0.75]),
        use=[points * scale for points in use],
        usual=[points * scale for points in usual],
        days=days,
        unseen=unseen,
    )


def _of_a_day(random: Random, *, steady: bool) -> float:
    """Return how much more or less is used on a day; on some days nothing."""
    if steady:
        return _lognormal(random, _STEADY)
    return 0.0 if random.random() < _DAY_SKIPPED else _gamma(random, _DAYS_SHAPE)


def _gamma(random: Random, shape: float) -> float:
    """Return a factor that is 1 on average."""
    return random.gammavariate(shape, 1 / shape)
