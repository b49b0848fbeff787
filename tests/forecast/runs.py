"""The forecasts of a person's week and of its sessions, hour by hour."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    WEEKLY,
    UsageWindow,
)
from custom_components.claude_pulse.forecast.habit import Hour, HourlyUsage, learn
from custom_components.claude_pulse.forecast.profile import profile_of
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    forecast_of,
    shown_forecast,
)

from .people import HOUR, WEEK, Person

# The hours between two checks at a week, and the hour of the first one.
EVERY, FIRST = 6, 10

# Points of the session that are one point of the week.
SESSION_POINTS = 8
SESSION_HOURS = 5


@dataclass(frozen=True)
class Moment:
    """The forecasts of a window after some hours. `is_check` is true if they are judged."""

    passed: int
    percent: int
    exact: Forecast
    shown: Forecast
    is_check: bool


@dataclass(frozen=True)
class Run:
    """The forecasts of a window, and what came.

    `actual` is the percentage at the reset, without a limit. `ran_out` is the number of
    hours after which the limit was reached, or None.
    """

    hours: int
    actual: float
    ran_out: int | None
    moments: Sequence[Moment]

    @property
    def checks(self) -> list[Moment]:
        """Return the moments that are judged."""
        return [moment for moment in self.moments if moment.is_check]


def percent_of(points: float) -> int:
    """Return the percentage that claude.ai shows."""
    return min(round(points), 100)


def time_of(number: float) -> datetime:
    """Return the time of an hour since 1970."""
    return datetime.fromtimestamp(number * HOUR, UTC)


def statistics_of(
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
            hours.append(Hour(number, percent_of(minimum), percent_of(maximum)))
    return hours


def week_of(person: Person, weeks: int) -> Run:
    """Return a person's week, with some known weeks before it."""
    resets = range(person.first, person.start + WEEK + 1, WEEK)
    hours = statistics_of(person.use, person, resets, person.offset)
    history, begin = HourlyUsage(), (-weeks) * WEEK + person.start - person.first
    week = [0.0, *accumulate(person.of_week(person.use))]
    reset = time_of(person.start + person.offset + WEEK)
    moments: list[Moment] = []
    before, profile = None, None
    for passed in range(1, WEEK):
        now, is_check = time_of(person.start + passed), passed % EVERY == FIRST % EVERY
        if passed == 1 or is_check:
            until = now.timestamp() // HOUR
            history.add(hour for hour in hours[begin:] if hour.number < until)
            profile = None
        window = UsageWindow(WEEKLY, None, percent_of(week[passed]), reset)
        if window.percent >= 100:
            break
        if profile is None:
            profile = profile_of(window, learn(history, now, person.zone))
        if (exact := forecast_of(window, now, profile)) is None:
            continue
        before = shown_forecast(exact, window, now, before)
        is_check = is_check and passed >= FIRST
        moments.append(Moment(passed, window.percent, exact, before, is_check))
    return Run(WEEK, week[-1], _first_full(week), moments)


def sessions_of(person: Person, weeks: int) -> Iterator[Run]:
    """Yield the sessions in a person's week, with some known weeks before it.

    A session starts with the first usage after the last session.
    """
    use = [points * SESSION_POINTS for points in person.use]
    starts: list[int] = []
    for number, points in enumerate(use, person.first):
        if points > 0 and (not starts or number >= starts[-1] + SESSION_HOURS):
            starts.append(number)
    hours = statistics_of(use, person, {*starts})
    history, first = HourlyUsage(), person.start - weeks * WEEK
    for start in starts:
        session = use[start - person.first :][:SESSION_HOURS]
        if start < person.start or len(session) < SESSION_HOURS:
            continue
        used = [0.0, *accumulate(session)]
        history.add(hour for hour in hours if first <= hour.number < start)
        reset, profile, before = time_of(start + SESSION_HOURS), None, None
        moments: list[Moment] = []
        for passed in range(1, SESSION_HOURS):
            now = time_of(start + passed)
            window = UsageWindow(SESSION, None, percent_of(used[passed]), reset)
            if window.percent >= 100:
                break
            if profile is None:
                profile = profile_of(window, learn(history, now, person.zone))
            if (exact := forecast_of(window, now, profile)) is None:
                continue
            before = shown_forecast(exact, window, now, before)
            moments.append(Moment(passed, window.percent, exact, before, True))
        yield Run(SESSION_HOURS, used[-1], _first_full(used), moments)


def _first_full(used: Sequence[float]) -> int | None:
    """Return the number of the first hour after which the limit is reached."""
    full = (passed for passed, points in enumerate(used) if percent_of(points) >= 100)
    return next(full, None)
