"""Simulated people who use Claude minute by minute, each made from a seed.

A day of work consists of periods of work with breaks. In a period, Claude works and the
person reads, in turns. Levels vary by person, week, day, period and turn, so that weekly
totals vary about as much as those of real people (`tests/forecast/people.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, log
from random import Random
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS_PER_WEEK, MINUTES_PER_DAY = 7, 24 * 60

# The weeks of history, and the weeks that are judged.
BEFORE, WEEKS = 8, 4

ZONE = ZoneInfo("Europe/Berlin")

# A Monday. The clocks do not change in the weeks before and after it.
START = datetime(2026, 6, 1, tzinfo=ZONE)

# Standard deviations of the logarithm of a level.
_PERSON, _WEEK, _DAY, _PERIOD, _TURN = 0.3, 0.5, 0.5, 0.4, 0.5

# The share of a week's level that the next week keeps, and of weeks without any usage.
_KEPT, _EMPTY = 0.7, 0.1

# Medians and deviations of the logarithm, in minutes: a period of work, the break after it.
_WORK, _BREAK = (60, 0.7), (30, 0.8)

# The mean lengths of a turn of Claude and of the person, in minutes.
_CLAUDE, _READING = 5, 3


@dataclass(frozen=True)
class Group:
    """How a group of people uses Claude.

    `days` has the probability of usage on each day of the week. `start` and `hours` are the
    usual hour of the first usage and the length of the day. `rate` is in points of the session
    per hour of a period of work. `session` is how many points of the session are one point
    of the week. `models` has the share of the usage that counts for a model's limit, and
    how many points of the week are one point of it. Without a session, or with `spend`,
    these limits do not exist.
    """

    days: Sequence[float]
    start: float
    hours: float
    rate: float
    per_week: float = 8
    models: dict[str, tuple[float, float]] = field(default_factory=dict)
    has_session: bool = True
    is_spend: bool = False


_WORKDAYS = (0.95, 0.95, 0.95, 0.95, 0.85, 0.1, 0.1)
_ALL_DAYS = (0.8,) * DAYS_PER_WEEK

GROUPS = {
    "office": Group(_WORKDAYS, start=9, hours=8, rate=14),
    "heavy": Group((0.97,) * DAYS_PER_WEEK, start=8.5, hours=14, rate=90, per_week=30),
    "evenings": Group(_ALL_DAYS, start=18.5, hours=3.5, rate=24),
    "Ultra": Group(
        _WORKDAYS,
        start=9,
        hours=9,
        rate=25,
        per_week=16,
        models={"Fable": (0.5, 0.8)},
        has_session=False,
    ),
    "spend only": Group(
        _WORKDAYS, start=9, hours=8, rate=14, has_session=False, is_spend=True
    ),
    "several models": Group(
        _WORKDAYS,
        start=9,
        hours=9,
        rate=22,
        per_week=10,
        models={"Fable": (0.5, 0.8), "Opus": (0.3, 0.4)},
    ),
}

# The groups that are also simulated as new users.
WITHOUT_HISTORY = ("office", "heavy")


def usage_of(group: Group, seed: str) -> list[float]:
    """Return the usage of each minute in points of the session, as if without limits.

    It starts `BEFORE` weeks before `START`.
    """
    random = Random(seed)
    used = [0.0] * ((BEFORE + WEEKS) * DAYS_PER_WEEK * MINUTES_PER_DAY)
    person, drift = _level(random, _PERSON), 0.0
    for week in range(BEFORE + WEEKS):
        drift = _KEPT * drift + random.gauss(0, _WEEK)
        is_empty = random.random() < _EMPTY
        for day in range(DAYS_PER_WEEK):
            level = group.rate * person * exp(drift) * _level(random, _DAY)
            if random.random() > group.days[day] or is_empty:
                continue
            start = group.start * 60 + random.gauss(0, 45)
            end = start + group.hours * 60 + random.gauss(0, 60)
            midnight = (week * DAYS_PER_WEEK + day) * MINUTES_PER_DAY
            for minute, points in _day(random, start, end, level):
                if midnight + minute < len(used):
                    used[midnight + minute] = points
    return used


def _day(
    random: Random, start: float, end: float, level: float
) -> Iterator[tuple[int, float]]:
    """Yield the minutes of a day in which Claude works, with their usage."""
    minute = start
    while minute < end:
        period_end = min(minute + _length(random, *_WORK), end)
        # Only a part of the time of a period is Claude's.
        rate = level * _level(random, _PERIOD) / 60 * (_CLAUDE + _READING) / _CLAUDE
        while minute < period_end:
            turn_end = minute + random.expovariate(1 / _CLAUDE)
            points = rate * _level(random, _TURN)
            for number in range(round(minute), round(min(turn_end, period_end))):
                yield number, points
            minute = turn_end + random.expovariate(1 / _READING)
        minute = max(minute, period_end) + _length(random, *_BREAK)


def _level(random: Random, deviation: float) -> float:
    """Return a factor with a mean of 1."""
    return exp(random.gauss(-(deviation**2) / 2, deviation))


def _length(random: Random, median: float, deviation: float) -> float:
    """Return a length with a median."""
    return exp(random.gauss(log(median), deviation))
