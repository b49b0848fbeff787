"""Forecasts for simulated people at several times, and the actual usage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    WEEKLY,
    UsageWindow,
)
from custom_components.claude_pulse.forecast.habit import (
    EVERY_DAY,
    Hour,
    HourlyUsage,
    learn,
)
from custom_components.claude_pulse.forecast.profile import profile_of
from custom_components.claude_pulse.forecast.projection import Forecast, forecast_of

from .people import HOUR, WEEK, Person, person_of

# The hours of a week at which it is forecast.
TIMES = range(10, WEEK, 6)

# Points of the session that are one point of the week.
SESSION_POINTS = 8
SESSION_HOURS = 5


@dataclass(frozen=True)
class Measurement:
    """The forecasts of a window at one time, and its actual percentage at the reset.

    `ideal` is the projection with exact knowledge of the person's habit, if there is one.
    """

    actual: float
    even: Forecast
    working_days: Forecast
    habit: Forecast
    ideal: float | None


def _percent(points: float) -> int:
    """Return the percentage that claude.ai shows."""
    return min(round(points), 100)


def _time(number: float) -> datetime:
    """Return the time of an hour since 1970."""
    return datetime.fromtimestamp(number * HOUR, UTC)


def _statistics(
    use: Sequence[float], person: Person, resets: Collection[int], offset: float = 0
) -> list[Hour]:
    """Return the recorder's statistics of a window.

    The window is reset in the hours `resets`, after the share `offset` of each.
    """
    hours, used = [], 0.0
    for number, points in enumerate(use, person.first):
        minimum = maximum = used
        used += points
        if number in resets:
            maximum, minimum = max(maximum + points * offset, maximum), 0.0
            used = points * (1 - offset)
        if number not in person.unseen:
            maximum = max(maximum, used)
            hours.append(Hour(number, _percent(minimum), _percent(maximum)))
    return hours


def _forecast(
    window: UsageWindow,
    now: datetime,
    person: Person,
    hours: Sequence[Hour] = (),
    weeks: int = 0,
    days: Collection[int] = EVERY_DAY,
) -> Forecast:
    """Return the forecast with the statistics of some weeks before the person's window.

    The default, and the result where there is no forecast yet, is the even rate.
    """
    history, first = HourlyUsage(), person.start - weeks * WEEK
    history.add(
        hour for hour in hours if first <= hour.number < now.timestamp() // HOUR
    )
    profile = profile_of(window, learn(history, now, person.zone, days))
    forecast = forecast_of(window, now, profile) or forecast_of(window, now)
    assert forecast is not None
    return forecast


def measure_week(group: str, seed: int, weeks: int) -> list[Measurement]:
    """Return measurements of a person's week after some weeks of history."""
    person = person_of(group, seed)
    resets = range(person.first, person.start + WEEK + 1, WEEK)
    hours = _statistics(person.use, person, resets, person.offset)
    week, usual = person.of_week(person.use), person.of_week(person.usual)
    prior, reset = sum(usual) / 2, _time(person.start + person.offset + WEEK)
    measurements = []
    for passed in TIMES:
        used, now = sum(week[:passed]), _time(person.start + passed)
        window = UsageWindow(WEEKLY, None, _percent(used), reset)
        if window.percent >= 100:
            break
        scale = (prior + used) / ((prior + sum(usual[:passed])) or 1)
        ideal = used + scale * sum(usual[passed:])
        measurements.append(
            Measurement(
                actual=sum(week),
                even=_forecast(window, now, person),
                working_days=_forecast(window, now, person, days=person.days),
                habit=_forecast(window, now, person, hours, weeks),
                ideal=None if group == "bursts" else ideal,
            )
        )
    return measurements


def measure_sessions(group: str, seed: int, weeks: int) -> list[Measurement]:
    """Return measurements of the sessions in a person's week, after each hour."""
    person = person_of(group, seed)
    use = [points * SESSION_POINTS for points in person.use]
    # A session starts with the first usage after the last session.
    starts: list[int] = []
    for number, points in enumerate(use, person.first):
        if points > 0 and (not starts or number >= starts[-1] + SESSION_HOURS):
            starts.append(number)
    hours = _statistics(use, person, {*starts})
    measurements = []
    for start, passed in product(starts, range(1, SESSION_HOURS)):
        session = use[start - person.first :][:SESSION_HOURS]
        used, now = _percent(sum(session[:passed])), _time(start + passed)
        if start < person.start or len(session) < SESSION_HOURS or used >= 100:
            continue
        window = UsageWindow(SESSION, None, used, _time(start + SESSION_HOURS))
        even = _forecast(window, now, person)
        habit = _forecast(window, now, person, hours, weeks)
        measurements.append(Measurement(sum(session), even, even, habit, None))
    return measurements
