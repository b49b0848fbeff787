"""Forecasts for simulated people at several times, and the actual usage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from .runs import (
    SESSION_HOURS,
    SESSION_POINTS,
    percent_of,
    statistics_of,
    time_of,
)

# The hours of a week at which it is forecast.
TIMES = range(10, WEEK, 6)


@dataclass(frozen=True)
class Measurement:
    """The forecasts of a window at one time, and its actual percentage at the reset.

    `ideal` is the projection with exact knowledge of the person's habit, if there is one.
    """

    actual: float
    new: Forecast
    working_days: Forecast
    habit: Forecast
    ideal: float | None


def _forecast(
    window: UsageWindow,
    now: datetime,
    person: Person,
    hours: Sequence[Hour] = (),
    weeks: int = 0,
    days: Collection[int] = EVERY_DAY,
) -> Forecast:
    """Return the forecast with the statistics of some weeks before the person's window.

    The default, and the result where there is no forecast yet, knows no history.
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
    hours = statistics_of(person.use, person, resets, person.offset)
    week, usual = person.of_week(person.use), person.of_week(person.usual)
    prior, reset = sum(usual) / 2, time_of(person.start + person.offset + WEEK)
    measurements = []
    for passed in TIMES:
        used, now = sum(week[:passed]), time_of(person.start + passed)
        window = UsageWindow(WEEKLY, None, percent_of(used), reset)
        if window.percent >= 100:
            break
        scale = (prior + used) / ((prior + sum(usual[:passed])) or 1)
        ideal = used + scale * sum(usual[passed:])
        measurements.append(
            Measurement(
                actual=sum(week),
                new=_forecast(window, now, person),
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
    hours = statistics_of(use, person, {*starts})
    measurements = []
    for start, passed in product(starts, range(1, SESSION_HOURS)):
        session = use[start - person.first :][:SESSION_HOURS]
        used, now = percent_of(sum(session[:passed])), time_of(start + passed)
        if start < person.start or len(session) < SESSION_HOURS or used >= 100:
            continue
        window = UsageWindow(SESSION, None, used, time_of(start + SESSION_HOURS))
        new = _forecast(window, now, person)
        habit = _forecast(window, now, person, hours, weeks)
        measurements.append(Measurement(sum(session), new, new, habit, None))
    return measurements
