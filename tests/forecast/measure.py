"""What forecasts say of a person's week while it goes on, and what it came to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from claude_ai.forecast import Forecast, course_of, forecast_of
from claude_ai.habit import EVERY_DAY, History, Hour, learn
from claude_ai.usage import SESSION, WEEKLY, UsageWindow

from .people import HOUR, WEEK, Person, person_of

# The hours of a week in which it is looked at.
LOOKS = range(10, WEEK, 6)

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


def hours_of(
    use: Sequence[float], person: Person, resets: Collection[int], offset: float = 0
) -> list[Hour]:
    """Return what the recorder's statistics tell of a window.

    It is reset in certain hours, after a part of each.
    """
    hours, used = [], 0.0
    for number, points in enumerate(use, person.first):
        least = most = used
        used += points
        if number in resets:
            most, least = max(most + points * offset, most), 0.0
            used = points * (1 - offset)
        most = max(most, used)
        if number not in person.unseen:
            hours.append(Hour(number, _percent(least), _percent(most)))
    return hours


def _percent(points: float) -> int:
    """Return what claude.ai tells."""
    return min(round(points), 100)


def _time(number: float) -> datetime:
    """Return when an hour begins."""
    return datetime.fromtimestamp(number * HOUR, UTC)


def _known(hours: Iterable[Hour], since: int, until: int) -> History:
    """Return a history of the hours between two."""
    history = History()
    history.add(hour for hour in hours if since <= hour.number < until)
    return history


def looks_at_week(group: str, seed: int, weeks: int) -> list[Look]:
    """Look at a person's week, of whom so many weeks are known."""
    person = person_of(group, seed)
    resets = range(person.first, person.start + WEEK + 1, WEEK)
    hours = hours_of(person.use, person, resets, person.offset)
    week, usual = person.of_week(person.use), person.of_week(person.usual)
    reset = _time(person.start + person.offset + WEEK)
    found = []
    for place in LOOKS:
        used = sum(week[:place])
        if _percent(used) >= 100:
            break
        now = _time(person.start + place)
        history = _known(hours, person.start - weeks * WEEK, person.start + place)
        window = UsageWindow(WEEKLY, None, _percent(used), reset)
        trust = sum(usual) / 2
        factor = (trust + used) / ((trust + sum(usual[:place])) or 1)
        found.append(
            Look(
                came=sum(week),
                even=said(window, now, person, History()),
                working_days=said(window, now, person, History(), person.days),
                habit=said(window, now, person, history),
                floor=used + factor * sum(usual[place:]),
            )
        )
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
    hours = hours_of(use, person, set(starts))
    found = []
    for start in starts:
        place = start - person.first
        if start < person.start or place + SESSION_HOURS > len(use):
            continue
        came = sum(use[place : place + SESSION_HOURS])
        for passed in range(1, SESSION_HOURS):
            used = sum(use[place : place + passed])
            if _percent(used) >= 100:
                break
            history = _known(hours, person.start - weeks * WEEK, start + passed)
            reset = _time(start + SESSION_HOURS)
            window = UsageWindow(SESSION, None, _percent(used), reset)
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
