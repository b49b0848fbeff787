"""What forecasts say of a person's week while it goes on, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from claude_ai.forecast import Forecast, course_of, forecast_of
from claude_ai.habit import EVERY_DAY, History, Hour, learn
from claude_ai.usage import SESSION, WEEKLY, UsageWindow

from .people import BEFORE, HOUR, WEEK, Person, person_of

# The hours of a week in which it is looked at.
LOOKS = range(9, WEEK, 6)

# As many points of the session are one of the week.
SESSION_POINTS = 8
SESSION_HOURS = 5


@dataclass(frozen=True)
class Look:
    """What was said at one time, by the even rate and otherwise, and what came.

    `floor` is the projection of somebody who knows the person's habit exactly.
    """

    came: float
    even: Forecast
    working_days: Forecast
    habit: Forecast
    floor: float


def hours_of(use: Sequence[float], first: int, resets: Sequence[int]) -> list[Hour]:
    """Return what the recorder's statistics tell of a window, reset in certain hours."""
    hours, used = [], 0.0
    at = set(resets)
    for number, points in enumerate(use, first):
        if number in at:
            used = 0.0
        least = min(round(used), 100)
        used += points
        hours.append(Hour(number, least, min(round(used), 100)))
    return hours


def _time(number: float) -> datetime:
    """Return when an hour begins."""
    return datetime.fromtimestamp(number * HOUR, UTC)


def looks_at_week(group: str, seed: int, weeks: int) -> list[Look]:
    """Look at a person's week, of whom so many weeks are known."""
    person = person_of(group, seed)
    resets = range(person.first, person.start + 1, WEEK)
    hours = hours_of(person.use, person.first, resets)
    known = hours[(BEFORE - weeks) * WEEK :]
    history = History()
    came, used = sum(person.week), 0.0
    usual = person.usual[BEFORE * WEEK :]
    found = []
    for place, points in enumerate(person.week):
        percent = round(used)
        if percent >= 100:
            break
        if place in LOOKS:
            history.add(known[: weeks * WEEK + place])
            window = UsageWindow(WEEKLY, None, percent, _time(person.start + WEEK))
            now = _time(person.start + place)
            rest, gone = sum(usual[place:]), sum(usual[:place])
            trust = sum(usual) / 2
            found.append(
                Look(
                    came=came,
                    even=said(window, now, person, History()),
                    working_days=said(window, now, person, History(), person.days),
                    habit=said(window, now, person, history),
                    floor=used + (trust + used) / ((trust + gone) or 1) * rest,
                )
            )
        used += points
    return found


def looks_at_sessions(group: str, seed: int, weeks: int) -> list[Look]:
    """Look at a person's sessions of the last week, after each hour."""
    person = person_of(group, seed)
    use = [points * SESSION_POINTS for points in person.use]
    # A session begins with the first use after the last one.
    starts: list[int] = []
    for number, points in enumerate(use, person.first):
        if points > 0 and (not starts or number >= starts[-1] + SESSION_HOURS):
            starts.append(number)
    hours = hours_of(use, person.first, starts)
    found = []
    for start in starts:
        place = start - person.first
        if start < person.start or place + SESSION_HOURS > len(use):
            continue
        came = sum(use[place : place + SESSION_HOURS])
        for passed in range(1, SESSION_HOURS):
            used = sum(use[place : place + passed])
            if round(used) >= 100:
                break
            history = History()
            history.add(hours[(BEFORE - weeks) * WEEK : place + passed])
            window = UsageWindow(
                SESSION, None, round(used), _time(start + SESSION_HOURS)
            )
            now = _time(start + passed)
            even = said(window, now, person, History())
            habit = said(window, now, person, history)
            found.append(Look(came, even, even, habit, came))
    return found


def said(
    window: UsageWindow,
    now: datetime,
    person: Person,
    history: History,
    days: Sequence[int] | set[int] = EVERY_DAY,
) -> Forecast:
    """Return a forecast; where there is none yet, the even one."""
    habit = learn(history, now, person.zone, days)
    found = forecast_of(window, now, course_of(window, habit)) or forecast_of(
        window, now
    )
    assert found is not None
    return found
