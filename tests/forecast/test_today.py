"""The usage of the week since midnight, and the budget for the day."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from math import isfinite
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.forecast.habit import (
    Habit,
    Hour,
    HourlyUsage,
    learn,
)
from custom_components.claude_pulse.forecast.profile import UsageProfile, profile_of
from custom_components.claude_pulse.forecast.today import (
    ObservedWeek,
    Span,
    UsedToday,
    budget_of,
    midnight_of,
    used_today,
)

from .common import START, WEEK, window
from .test_properties import habits

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ZONES = st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia"])

# A midnight, and a time long before it at which the week started.
MIDNIGHT, STARTED = 20 * DAY, 17 * DAY


def hour(start: float, minimum: float, maximum: float) -> Span:
    """Return a recorded hour that starts some hours after midnight."""
    begin = MIDNIGHT + start * HOUR
    return Span(begin, begin + HOUR, minimum, maximum)


def answer(time: float, percent: float) -> Span:
    """Return an answer some hours after midnight."""
    return hour(time, percent, percent)._replace(end=MIDNIGHT + time * HOUR)


def profile(habit: Habit | None = None) -> UsageProfile:
    """Return the profile of the week that starts at START."""
    found = profile_of(window(0), habit)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("spans", "started", "expected"),
    [
        # Nothing is known about the time before midnight.
        ([answer(1, 10), answer(2, 30)], None, None),
        # Home Assistant was off at midnight, and the percentage rose.
        ([answer(-3, 10), answer(2, 30)], None, None),
        # It was off, but nothing was used.
        ([answer(-3, 10), answer(2, 11), answer(3, 15)], None, (5, 0, 0, 10)),
        ([hour(-1, 5, 10)], None, (0, 0, 0, 10)),
        # A correction, and use after it.
        ([hour(-1, 5, 10), answer(1, 8), answer(2, 12)], None, (2, 0, 0, 10)),
        # An hour that contains midnight, as in India.
        ([hour(-0.5, 5, 10), answer(1, 14)], None, (4, 0, 0, 10)),
        # A reset after 10 points, and 3 points since.
        (
            [hour(-1, 70, 70), answer(7, 80), answer(9, 1), answer(10, 3)],
            8,
            (13, 8, 10, 0),
        ),
        # The same from recorded hours.
        (
            [hour(-1, 70, 70), hour(7, 70, 80), hour(8, 0, 80), hour(9, 1, 3)],
            8.5,
            (13, 8.5, 10, 0),
        ),
        # A reset of a week in which nothing was used.
        ([hour(-1, 0, 0), answer(8.5, 0), answer(9, 2)], 8.75, (2, 8.75, 0, 0)),
        # The reset was moved into the day, and the percentage stays.
        ([hour(-1, 50, 50), answer(8.5, 52), answer(9, 53)], 8.75, (3, 0, 0, 50)),
        # A refill: what was used before and since counts.
        (
            [hour(-1, 50, 50), answer(6, 60), answer(7, 20), answer(8, 25)],
            None,
            (15, 7, 10, 20),
        ),
        # Usage can be above 100 for a moment.
        ([hour(-1, 98, 99), answer(1, 103)], None, (4, 0, 0, 99)),
    ],
)
def test_used_today(
    spans: list[Span], started: float | None, expected: tuple[float, ...] | None
) -> None:
    """The times are in hours after midnight."""
    begin = None if started is None else MIDNIGHT + started * HOUR
    found = used_today(spans, MIDNIGHT, STARTED if begin is None else begin)
    if expected is None:
        assert found is None
        return
    used, since, before, percent = expected
    assert found == UsedToday(used, MIDNIGHT + since * HOUR, before, percent)


@given(
    rises=st.lists(st.integers(0, 9), min_size=2, max_size=40),
    reset=st.integers(1, 40),
)
def test_nothing_is_lost_at_a_reset(rises: list[int], reset: int) -> None:
    """The usage of a day is the sum of all rises, with a reset before any of them."""
    week, started = ObservedWeek(), None
    week.add(40, MIDNIGHT - MINUTE, MIDNIGHT)
    percent = 40
    for number, rise in enumerate(rises):
        time = MIDNIGHT + number * 10 * MINUTE + MINUTE
        if number == reset:
            percent, started = 0, time - MINUTE
        percent += rise
        week.add(percent, time, MIDNIGHT)
    found = used_today(week.after(()), MIDNIGHT, started or STARTED)
    assert found is not None
    assert found.used == sum(rises)
    assert found.before <= found.used
    if started:
        assert (found.since, found.percent) == (started, 0)
        assert found.before == sum(rises[:reset])


@pytest.mark.parametrize("wrong", [0, 100, 60])
def test_a_single_wrong_answer_does_not_count(wrong: float) -> None:
    """After the next answer, the usage is as before."""
    week = ObservedWeek()
    for minute, percent in enumerate((40, 41, wrong, 41, 42)):
        week.add(percent, MIDNIGHT + (minute - 1) * MINUTE, MIDNIGHT)
    assert used_today(week.after(()), MIDNIGHT, STARTED) == UsedToday(
        2, MIDNIGHT, 0, 40
    )


def test_answers_follow_recorded_hours() -> None:
    """Hours that overlap with the answers are ignored, and so are answers in the future."""
    first = int(MIDNIGHT // HOUR)
    hours = [Hour(first + number, 10 + number, 11 + number) for number in range(-3, 9)]
    week = ObservedWeek()
    assert week.after(hours) == []
    week.add(90, MIDNIGHT + 9 * HOUR, MIDNIGHT)
    week.add(20, MIDNIGHT + 5.5 * HOUR, MIDNIGHT)
    week.add(20, MIDNIGHT + 6.5 * HOUR, MIDNIGHT)
    spans = week.after(hours)
    assert spans[-1] == answer(5.5, 20)._replace(end=MIDNIGHT + 6.5 * HOUR)
    assert [span.end for span in spans[:-1]] == [
        (first + number + 1) * HOUR for number in range(-3, 5)
    ]
    assert used_today(spans, MIDNIGHT, STARTED) == UsedToday(10, MIDNIGHT, 0, 10)


@given(
    habit=habits(),
    since=st.floats(0, 7),
    percent=st.floats(0, 110),
    before=st.floats(0, 100),
    days=st.floats(0, 2),
)
@settings(max_examples=200, deadline=None)
def test_budget_is_within_what_is_left(
    habit: Habit | None, since: float, percent: float, before: float, days: float
) -> None:
    """It is never negative, and all that is left on the day of the reset."""
    begun = START.timestamp() + since * DAY
    today = UsedToday(before, begun, before, percent)
    left = max(100 - percent, 0)
    budget = budget_of(today, profile(habit), begun + days * DAY)
    assert isfinite(budget)
    assert budget - before + 1e-9 >= 0
    assert budget - before <= left + 1e-9
    at_reset = budget_of(today, profile(habit), (START + WEEK).timestamp())
    assert at_reset == pytest.approx(before + left)


@given(habit=habits(), name=ZONES)
@settings(max_examples=100, deadline=None)
def test_budgets_of_a_week_are_the_week(habit: Habit | None, name: str) -> None:
    """Someone who uses the budget of each day uses up the week on its last day."""
    zone, found = ZoneInfo(name), profile(habit)
    end, begin = (START + WEEK).timestamp(), START.timestamp()
    budgets: list[float] = []
    while begin < end:
        midnight = midnight_of(datetime.fromtimestamp(begin, zone), zone, days=1)
        today = UsedToday(0, begin, 0, sum(budgets))
        budgets.append(budget_of(today, found, midnight))
        begin = midnight
    assert len(budgets) == 8
    assert sum(budgets) == pytest.approx(100)
    assert [*accumulate(budgets)][-2] <= 100 + 1e-9


@pytest.mark.parametrize(
    ("since", "days", "budget"),
    [
        # A Monday at noon, and the whole Tuesday, of 120 hours from Monday to Friday.
        (0, 0.5, 100 * 12 / 120),
        (0.5, 1, 100 * 24 / 108),
        # On Saturday, twelve hours of Monday are left, and for them everything.
        (4.5, 1, 0),
        (6.5, 0.5, 100),
    ],
)
def test_working_days(since: float, days: float, budget: float) -> None:
    """Nothing is for the weekend, and the rest of the week is for Monday to Friday."""
    working_days = learn(HourlyUsage(), START, ZoneInfo("UTC"), range(5))
    begun = START.timestamp() + since * DAY
    today = UsedToday(0, begun, 0, 0)
    found = budget_of(today, profile(working_days), begun + days * DAY)
    assert found == pytest.approx(budget)


def test_midnight() -> None:
    """A local day can have 23 hours or 25."""
    zone = ZoneInfo("Europe/Berlin")
    for day, hours in (
        (datetime(2026, 3, 29, 12), 23),
        (datetime(2026, 10, 25, 12), 25),
    ):
        now = day.replace(tzinfo=zone)
        assert midnight_of(now, zone, 1) - midnight_of(now, zone) == hours * HOUR
