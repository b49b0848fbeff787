"""Habits, and forecasts that follow them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from math import isnan
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.forecast.habit import (
    WEEKS,
    Habit,
    Hour,
    HourlyUsage,
    learn,
)
from custom_components.claude_pulse.forecast.profile import profile_of
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    forecast_of,
    shown_forecast,
)

from .common import (
    DAY,
    HOUR,
    LENGTHS,
    MINUTE,
    START,
    WEEK,
    assert_consistent,
    at,
    exact,
    shown,
    window,
)

FRIDAY = at(8, 18)
NO_HISTORY = HourlyUsage()

Use = Callable[[datetime], float]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        # The percentage at the start of the first hour is unknown.
        ([(1, 10, 12), (2, 12, 15), (3, 15, 15)], [None, 3, 0]),
        # A rise between two hours belongs to the second.
        ([(1, 10, 12), (2, 13, 15)], [None, 3]),
        # The usage since a reset is known with the hour after it.
        ([(1, 90, 97), (2, 0, 97)], [None, None]),
        ([(1, 90, 97), (2, 0, 97), (3, 4, 6)], [None, 4, 2]),
        # Before the reset, the window rose by 47.
        ([(1, 40, 50), (2, 0, 97), (3, 4, 6)], [None, 51, 2]),
        # After the reset, usage exceeds the one before it.
        ([(1, 40, 60), (2, 0, 60), (3, 20, 75)], [None, 20, 55]),
        # A wrong zero, or usage as high again: unknown.
        ([(1, 40, 60), (2, 0, 80), (3, 80, 85)], [None, None, 5]),
        ([(1, 70, 72), (2, 0, 73), (3, 73, 74)], [None, None, 1]),
        # A partial refill.
        ([(1, 80, 80), (2, 45, 80), (3, 47, 50)], [None, 2, 3]),
        # A correction by a point is no reset.
        ([(1, 30, 31), (2, 30, 31), (3, 30, 33)], [None, 0, 2]),
        # Missing hours are unknown, and so is the first hour after them.
        ([(1, 10, 12), (4, 0, 97), (5, 97, 98)], [None, None, None, None, 1]),
        ([(1, 90, 97), (2, 0, 97), (4, 9, 9), (5, 9, 10)], [None, None, None, None, 1]),
        # Usage is unknown while the limit is reached.
        (
            [(1, 90, 95), (2, 95, 100), (3, 100, 100), (4, 0, 100), (5, 3, 7)],
            [None, 5, None, 3, 4],
        ),
        # Hours that are present are skipped.
        ([(1, 10, 12), (1, 10, 12), (2, 12, 13), (1, 0, 99)], [None, 1]),
        ([], []),
    ],
)
def test_usage_by_hour(
    hours: list[tuple[int, float, float]], expected: list[float | None]
) -> None:
    """The usage of each hour follows from its lowest and highest percentage."""
    history = HourlyUsage()
    history.add(Hour(*hour) for hour in hours)
    rises = [None if isnan(rise) else round(rise, 3) for rise in history.rises]
    assert rises == expected


def test_history_continues_and_expires() -> None:
    """Hours can be added later. Those older than twelve weeks are removed."""
    history = HourlyUsage()
    history.add([Hour(100, 0, 1), Hour(101, 1, 3)])
    history.add([Hour(101, 1, 3), Hour(102, 3, 6)])
    assert [*history] == [(101, 2), (102, 3)]
    assert history.end == 103
    much_later = 100 + WEEKS * 168 + 1
    history.add([Hour(much_later, 7, 9), Hour(much_later + 1, 9, 11)])
    assert (history.first, history.end) == (103, much_later + 2)
    assert [*history] == [(much_later + 1, 2)]


def past(use: Use, weeks: float, until: datetime = START) -> HourlyUsage:
    """Return the history of weekly windows up to a reset."""
    history, percent = HourlyUsage(), 0.0
    end = int(until.timestamp() // 3600)
    for number in range(end - int(weeks * 168), end):
        before = percent if (number - end) % 168 else 0.0
        percent = before + use(datetime.fromtimestamp(number * 3600, UTC))
        history.add([Hour(number, min(before, 100), min(percent, 100))])
    return history


def office(time: datetime) -> float:
    """Use 80 points a week: two in each hour from 9 to 17, Monday to Friday."""
    return 2.0 if time.weekday() < 5 and 9 <= time.hour < 17 else 0.0


def habit_of(use: Use, weeks: float, **more: object) -> Habit | None:
    """Return the habit at START after some weeks."""
    return learn(past(use, weeks), START, UTC, **more)


def by_habit(
    percent: float, now: datetime, habit: Habit | None, start: datetime = START
) -> Forecast:
    """Return the forecast of a week that follows a habit."""
    week = window(percent, start=start)
    return exact(week, now, profile_of(week, habit))


def test_office_hours() -> None:
    """On Friday evening little is added, while the even rate runs out on Sunday."""
    forecast = by_habit(70, FRIDAY, habit_of(office, 8))
    # Monday morning, from nine to noon, belongs to the same window.
    assert forecast.projected == pytest.approx(77, abs=2)
    assert forecast.lasts
    assert (forecast.basis, forecast.weeks) == ("habit", 8)
    assert forecast.expected == pytest.approx(74, abs=2)
    assert forecast.confidence > 95
    even = exact(window(70), FRIDAY)
    assert even.projected > 95
    assert (even.basis, even.weeks, even.expected) == ("even", 0, None)


def test_run_out_is_in_hours_of_use() -> None:
    """A heavy user runs out at work and not in the night."""
    forecast = by_habit(80, at(7, 12), habit_of(office, 8))
    assert not forecast.lasts
    assert forecast.projected > 100
    assert forecast.runs_out_at.weekday() in (3, 4)
    assert 9 <= forecast.runs_out_at.hour < 17


@pytest.mark.parametrize("weeks", [0.5, 1, 2, 4, 8])
def test_more_history_is_closer_to_the_habit(weeks: float) -> None:
    """The projection moves from the even rate to the habit, and the range narrows."""
    less = by_habit(70, FRIDAY, habit_of(office, weeks))
    more = by_habit(70, FRIDAY, habit_of(office, weeks * 1.5))
    even = exact(window(70), FRIDAY)
    assert 74 < more.projected < less.projected < even.projected
    assert more.high - more.low < less.high - less.low


def test_even_rate_without_usage_in_the_history() -> None:
    """A history that is empty or without usage has no habit."""
    assert learn(NO_HISTORY, START, UTC) is None
    now = START + 2 * DAY
    idle = by_habit(30, now, habit_of(lambda _: 0.0, 0.5))
    assert idle.projected == pytest.approx(exact(window(30), now).projected, rel=0.01)


@pytest.mark.parametrize(
    ("percent", "minimum", "maximum"),
    [(0, 0.7, 0.9), (4, 0.8, 0.95), (20, 0.95, 1.05), (44, 1.1, 1.3)],
)
def test_remaining_usage_scales_with_usage_so_far(
    percent: float, minimum: float, maximum: float
) -> None:
    """A few points say little about the week, many points say a lot."""
    # Nine hours of usage since Monday noon.
    forecast = by_habit(percent, at(5, 13), habit_of(office, 8))
    assert minimum <= (forecast.projected - percent) / (80 - 18) <= maximum


@pytest.mark.parametrize("usage", [0, 0.1])
@pytest.mark.parametrize("weeks_ago", [1, 2])
@pytest.mark.parametrize("days", range(1, 5))
def test_outlier_week_has_little_effect(
    weeks_ago: int, usage: float, days: int
) -> None:
    """A holiday changes neither the projection nor its range nor the usual usage."""
    monday = at(4, 0) - weeks_ago * WEEK

    def with_holiday(time: datetime) -> float:
        """Use little or nothing in one calendar week, which is in two windows."""
        return office(time) * (usage if monday <= time < monday + WEEK else 1)

    now = at(4 + days, 12)
    usual, holiday = (
        by_habit(40, now, habit_of(use, 6)) for use in (office, with_holiday)
    )
    assert holiday.projected == pytest.approx(usual.projected, rel=0.08)
    assert holiday.high - holiday.low < 1.7 * (usual.high - usual.low)
    assert holiday.expected == pytest.approx(usual.expected, abs=6)


def test_new_habit_replaces_an_old_one() -> None:
    """Three weeks of another habit have more weight than five older weeks."""

    def changed(time: datetime) -> float:
        """Use it in the office first, and on weekends in the last three weeks."""
        if time < START - 3 * WEEK:
            return office(time)
        return 5.0 if time.weekday() >= 5 and 10 <= time.hour < 18 else 0.0

    assert by_habit(20, FRIDAY, habit_of(office, 8)).projected < 35
    assert by_habit(20, FRIDAY, habit_of(changed, 8)).projected > 50


def test_range_follows_from_past_weeks() -> None:
    """A person with equal weeks has a narrower range than one with unequal weeks."""

    def unequal(time: datetime) -> float:
        """Use three times as much in every second week."""
        return office(time) * (0.5 if (START - time) // WEEK % 2 else 1.5)

    narrow, wide = (
        by_habit(40, at(6, 18), habit_of(use, 8)) for use in (office, unequal)
    )
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    assert narrow.confidence >= wide.confidence


def test_working_days_without_history() -> None:
    """Usage is even on the chosen days and 0 on the others."""
    habit = learn(NO_HISTORY, START, UTC, days=range(5))
    # Half of the five days have passed.
    forecast = by_habit(60, at(7, 0), habit)
    assert forecast.projected == pytest.approx(60 + 0.5 * 76 / 0.9)
    assert (forecast.basis, forecast.weeks) == ("working_days", 0)
    assert forecast.expected is None
    # 47.8 points in the 60 hours of working days that are left.
    forecast = by_habit(70, at(7, 0), habit)
    hours = (forecast.runs_out_at - at(7, 0)) / HOUR
    assert hours == pytest.approx(60 * 30 / (0.5 * 86 / 0.9))
    # The projection does not change on the weekend.
    first, last = (by_habit(70, now, habit) for now in (at(9, 1), at(10, 23)))
    assert first.projected == last.projected == pytest.approx(70 + 0.1 * 86 / 1.3)


@pytest.mark.parametrize(("percent", "has_forecast"), [(30, False), (100, True)])
def test_days_off_at_the_start(percent: float, has_forecast: bool) -> None:
    """There is no forecast, unless the window is used up."""
    saturday = at(9, 0)
    habit = learn(NO_HISTORY, saturday, UTC, days=range(5))
    week = window(percent, start=saturday)
    forecast = forecast_of(week, saturday + 36 * HOUR, profile_of(week, habit))
    assert (forecast is not None) is has_forecast


def test_working_days_take_precedence_over_history() -> None:
    """HourlyUsage determines the hours, and no usage is expected on other days."""

    def every_day(time: datetime) -> float:
        """Use it from 9 to 17 on all days."""
        return 1.5 if 9 <= time.hour < 17 else 0.0

    all_days = by_habit(60, FRIDAY, habit_of(every_day, 6))
    chosen = by_habit(60, FRIDAY, habit_of(every_day, 6, days=range(5)))
    # Three hours on Monday morning remain in both, and the weekend in one.
    assert chosen.projected == pytest.approx(64.5, abs=1)
    assert all_days.projected == pytest.approx(88.5, abs=3)
    assert chosen.basis == "habit"


def test_session_on_a_day_off() -> None:
    """A session without any expected usage is forecast at the even rate."""
    sunday = START - DAY
    session = window(30, "session", sunday - 2 * HOUR)
    profile = profile_of(session, learn(NO_HISTORY, sunday, UTC, days=range(5)))
    assert exact(session, sunday, profile) == exact(session, sunday)


def session_of(use: Use, percent: float, hour: int) -> Forecast:
    """Return the forecast of a session from 16:00 on, with six weeks of sessions."""
    history, used, begun = HourlyUsage(), 0.0, 0
    end = int(START.timestamp() // 3600)
    for number in range(end - 6 * 168, end):
        rise, before = use(datetime.fromtimestamp(number * 3600, UTC)), used
        if rise and number >= begun + 5:
            begun, used = number, 0.0
        lowest, used = used, min(used + rise, 100)
        history.add([Hour(number, lowest, max(before, used))])
    session = window(percent, "session", at(4, 16))
    return exact(session, at(4, hour), profile_of(session, learn(history, START, UTC)))


def test_session_by_its_age() -> None:
    """The usage that followed in earlier sessions of the same age is expected again."""

    def first_hours(time: datetime) -> float:
        """Use 30 points in each of the first two hours of two sessions a day."""
        return 30.0 if time.hour in (9, 10, 16, 17) else 0.0

    early, late = (session_of(first_hours, 30, hour) for hour in (17, 18))
    assert early.projected == pytest.approx(60, abs=5)
    assert late.projected == pytest.approx(30, abs=2)
    assert early.expected == pytest.approx(30, abs=2)
    assert early.low == early.high
    assert (early.basis, early.weeks) == ("habit", 6)


def test_session_that_reached_its_limit() -> None:
    """More would have followed where a session reached its limit."""
    cut = session_of(lambda time: 40.0 if 9 <= time.hour < 13 else 0.0, 40, 17)
    full = session_of(lambda time: 33.0 if 9 <= time.hour < 12 else 0.0, 40, 17)
    assert cut.projected > full.projected + 15
    assert not cut.lasts


@pytest.mark.parametrize(
    ("zone", "month", "day"),
    # The clock in Berlin changes on the following Sundays.
    [("Europe/Berlin", 3, 26), ("Europe/Berlin", 10, 22), ("Asia/Kolkata", 5, 4)],
)
def test_local_hours_over_daylight_saving(zone: str, month: int, day: int) -> None:
    """A habit keeps its local hours when the clock changes."""
    here = ZoneInfo(zone)
    start = datetime(2026, month, day, 12, 0, tzinfo=UTC)

    def mornings(time: datetime) -> float:
        """Use it from 9 to 12, local time."""
        return 3.0 if 9 <= time.astimezone(here).hour < 12 else 0.0

    habit = learn(past(mornings, 8, start), start, here)
    profile = profile_of(window(30, start=start), habit)
    nine = (start + 4 * DAY).astimezone(here).replace(hour=9, minute=0)
    usual = [profile.used_by((nine + hour * HOUR).timestamp()) for hour in range(-2, 6)]
    rises = [later - earlier for earlier, later in pairwise(usual)]
    assert max(rises) == pytest.approx(rises[3])
    # Smoothing reaches the neighboring hours. In India, statistics start at half past.
    assert sum(rises[2:6]) > 6 * (rises[0] + rises[1] + rises[6])


def test_attributes_are_kept_with_their_value() -> None:
    """An attribute changes together with the value that it belongs to."""
    week = window(60)
    profile = profile_of(week, habit_of(office, 8))
    first = shown(week, at(7, 18), profile=profile)
    for minutes in range(0, 600, 7):
        later = shown(week, at(7, 18) + minutes * MINUTE, first, profile)
        if later.projected == first.projected:
            assert (later.low, later.high) == (first.low, first.high)
            assert (later.basis, later.weeks) == (first.basis, first.weeks)
        if later.pace == first.pace:
            assert later.expected == first.expected
        if later.lasts == first.lasts:
            assert later.confidence == first.confidence


@given(
    use=st.lists(st.floats(0, 8), min_size=24, max_size=24),
    weeks=st.floats(0, 13),
    missing=st.integers(1, 50),
    kind=st.sampled_from(sorted(LENGTHS)),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    steps=st.lists(
        st.tuples(st.floats(0, 130), st.floats(-0.3, 0.6)), min_size=1, max_size=15
    ),
)
@settings(max_examples=200, deadline=None)
def test_consistent_for_any_habit_usage_and_clock(
    use: list[float],
    weeks: float,
    missing: int,
    kind: str,
    days: frozenset[int],
    steps: list[tuple[float, float]],
) -> None:
    """No forecast has a contradiction or a past run-out time."""
    history, total, elapsed, before = HourlyUsage(), 0.0, 0.0, None
    for number, rise in past(lambda time: use[time.hour], weeks):
        if number % missing or missing == 1:
            history.add([Hour(number, total, total + rise)])
        total = (total + rise) % 100
    habit = learn(history, START, ZoneInfo("Europe/Berlin"), days)
    for percent, jump in steps:
        elapsed = min(max(elapsed + jump, 0), 1.1)
        now, item = START + elapsed * LENGTHS[kind], window(percent, kind)
        for profile in (profile_of(item, habit), None):
            forecast = forecast_of(item, now, profile)
            before = forecast and shown_forecast(forecast, item, now, before)
            if forecast is not None:
                assert_consistent(forecast, item, now)
                assert_consistent(before, item, now)
                assert before.runs_out_at is None or before.runs_out_at > now
    profile = profile_of(item, habit)
    if elapsed < 1:
        assert profile.used_by(now.timestamp()) <= profile.total * (1 + 1e-9)


@pytest.mark.parametrize(
    ("factor", "since", "tolerance"),
    # More or less for good, from one, two or four weeks before on.
    [(3, 1, 0.25), (3, 2, 0.15), (0.3, 1, 0.25), (0.1, 2, 0.3), (0.1, 4, 0.2)],
)
def test_jump_in_level(factor: float, since: int, tolerance: float) -> None:
    """After a week at a new level, the forecast follows it from the middle of the next."""

    def jumped(time: datetime) -> float:
        """Use more or less from some weeks ago on."""
        return office(time) * 0.4 * (factor if time >= START - since * WEEK else 1)

    total, used = 32 * factor, 32 * factor * 0.5
    forecast = by_habit(used, at(7, 0), habit_of(jumped, 10))
    assert forecast.projected == pytest.approx(total, rel=tolerance, abs=6)


@pytest.mark.parametrize("weeks_ago", [0, 1])
def test_after_a_week_of_nothing(weeks_ago: int) -> None:
    """A week off, running or over, does not last for the next one."""
    monday = at(4, 0) - weeks_ago * WEEK

    def with_holiday(time: datetime) -> float:
        """Use nothing in one calendar week."""
        return 0.0 if monday <= time < monday + WEEK else office(time)

    after = START + (1 - weeks_ago) * WEEK
    habit = learn(past(with_holiday, 8, after), after, UTC)
    week = window(0, start=after)
    first = exact(week, after + 12 * HOUR, profile_of(week, habit))
    assert first.projected > 50
    assert first.low < first.projected < first.high


def test_turn_of_the_year() -> None:
    """The week over New Year follows the same habit as any other."""
    start = datetime(2026, 12, 28, 12, tzinfo=UTC)
    projected = []
    for begin in (start, start - 4 * WEEK):
        habit = learn(past(office, 8, begin), begin, ZoneInfo("Europe/Berlin"))
        week = window(40, start=begin)
        projected.append(exact(week, begin + 2.5 * DAY, profile_of(week, habit)))
    assert projected[0].projected == pytest.approx(projected[1].projected, abs=1)
    assert projected[0].runs_out_at is projected[1].runs_out_at is None
