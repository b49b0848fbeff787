"""What is learned of a habit, and what a forecast makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isnan
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.usage import (
    WEEKLY,
    Identity,
    UsageWindow,
)
from custom_components.claude_pulse.forecast.habit import (
    WEEKS,
    Habit,
    History,
    Hour,
    learn,
)
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    course_of,
    forecast_of,
    shown_forecast,
)

# A Monday, at noon.
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
FIRST = int(START.timestamp() // 3600)
BERLIN = ZoneInfo("Europe/Berlin")


def rises(*hours: tuple[int, float, float]) -> list[float | None]:
    """Return the rises of hours, None for the unknown ones."""
    history = History()
    history.add(Hour(*hour) for hour in hours)
    return [None if isnan(rise) else round(rise, 3) for rise in history.rises]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        # Of the first hour nobody knows what it began with.
        ([(1, 10, 12), (2, 12, 15), (3, 15, 15)], [None, 3, 0]),
        # What it rose by between two hours belongs to the second.
        ([(1, 10, 12), (2, 13, 15)], [None, 3]),
        # How far it has come after a reset shows in the hour after it.
        ([(1, 90, 97), (2, 0, 97)], [None, None]),
        ([(1, 90, 97), (2, 0, 97), (3, 4, 6)], [None, 4, 2]),
        # Before the reset it had gone on, by 47.
        ([(1, 40, 50), (2, 0, 97), (3, 4, 6)], [None, 51, 2]),
        # After it, it comes further than the window before.
        ([(1, 40, 60), (2, 0, 60), (3, 20, 75)], [None, 20, 55]),
        # A false zero, or as far again: that is not known.
        ([(1, 40, 60), (2, 0, 80), (3, 80, 85)], [None, None, 5]),
        ([(1, 70, 72), (2, 0, 73), (3, 73, 74)], [None, None, 1]),
        # Some of it is given back: what comes after counts from there.
        ([(1, 80, 80), (2, 45, 80), (3, 47, 50)], [None, 2, 3]),
        # A correction by a point is no reset.
        ([(1, 30, 31), (2, 30, 31), (3, 30, 33)], [None, 0, 2]),
        # Hours that are missing are unknown, and so is the first after them.
        ([(1, 10, 12), (4, 0, 97), (5, 97, 98)], [None, None, None, None, 1]),
        ([(1, 90, 97), (2, 0, 97), (4, 9, 9), (5, 9, 10)], [None, None, None, None, 1]),
        # A window that is used up tells nothing, until it is not any more.
        (
            [(1, 90, 95), (2, 95, 100), (3, 100, 100), (4, 0, 100), (5, 3, 7)],
            [None, 5, None, 3, 4],
        ),
        # Hours that are known already do not count again.
        ([(1, 10, 12), (1, 10, 12), (2, 12, 13), (1, 0, 99)], [None, 1]),
        ([], []),
    ],
)
def test_rises(
    hours: list[tuple[int, float, float]], expected: list[float | None]
) -> None:
    """By how many points a window has risen in each hour."""
    assert rises(*hours) == expected


def test_hours_come_one_after_another() -> None:
    """What is added later goes on where it ended, and what is too old is dropped."""
    history = History()
    history.add([Hour(100, 0, 1), Hour(101, 1, 3)])
    history.add([Hour(101, 1, 3), Hour(102, 3, 6)])
    assert [*history] == [(101, 2), (102, 3)]
    assert history.end == 103
    much_later = 100 + WEEKS * 168 + 1
    history.add([Hour(much_later, 7, 9), Hour(much_later + 1, 9, 11)])
    assert (history.first, history.end) == (103, much_later + 2)
    assert [*history] == [(much_later + 1, 2)]


Use = Callable[[datetime], float]


def past(use: Use, weeks: float, *, until: datetime = START) -> History:
    """Return a history: what was used in each hour, in windows that end at START."""
    history = History()
    first = FIRST - int(weeks * 168)

    def hours() -> Iterable[Hour]:
        """Yield its hours."""
        percent = 0.0
        for number in range(first, int(until.timestamp() // 3600)):
            if (number - FIRST) % 168 == 0:
                percent = 0.0
            least, percent = (
                percent,
                percent + use(datetime.fromtimestamp(number * 3600, UTC)),
            )
            yield Hour(number, min(least, 100), min(percent, 100))

    history.add(hours())
    return history


def office(time: datetime) -> float:
    """Use 80 points a week: two in each hour from 9 to 17, Monday to Friday."""
    return 2.0 if time.weekday() < 5 and 9 <= time.hour < 17 else 0.0


def habit_of(use: Use, weeks: float, **more: object) -> Habit | None:
    """Return what is learned at START of some weeks before."""
    return learn(past(use, weeks), START, UTC, **more)


def window(percent: float, kind: str = "weekly_all") -> UsageWindow:
    """Return a window that has started at START."""
    length = 5 * HOUR if kind == "session" else WEEK
    return UsageWindow(Identity(kind), None, percent, START + length)


def by_habit(
    percent: float, now: datetime, habit: Habit | None, kind: str = "weekly_all"
) -> Forecast:
    """Return the forecast of a window that follows a habit."""
    seen = window(percent, kind)
    found = forecast_of(seen, now, course_of(seen, habit))
    assert found is not None
    return found


def test_office_hours() -> None:
    """Someone with office hours has used a week's use on Friday evening, not on Monday."""
    habit = habit_of(office, 8)
    friday = datetime(2026, 5, 8, 18, 0, tzinfo=UTC)
    found = by_habit(70, friday, habit)
    # Monday morning, from nine to noon, is still to come.
    assert found.projected == pytest.approx(76, abs=1.5)
    assert found.lasts
    assert found.basis == "habit"
    assert found.weeks == 8
    assert found.expected == pytest.approx(74, abs=2)
    assert found.confidence > 95
    # The even rate takes it for a run-out on Sunday.
    even = forecast_of(window(70), friday)
    assert not even.lasts
    assert even.projected == pytest.approx(70 / 4.25 * 7)
    assert (even.basis, even.weeks, even.expected) == ("even", 0, None)


def test_run_out_is_in_hours_of_use() -> None:
    """Who uses more than usual runs out while working, not in the night."""
    habit = habit_of(office, 8)
    found = by_habit(80, datetime(2026, 5, 7, 12, 0, tzinfo=UTC), habit)
    assert not found.lasts
    assert found.runs_out_at is not None
    assert found.runs_out_at.weekday() in (3, 4)
    assert 9 <= found.runs_out_at.hour < 17
    assert found.projected > 100


@pytest.mark.parametrize("weeks", [0.5, 1, 2, 4, 8])
def test_more_history_is_nearer_to_the_habit(weeks: float) -> None:
    """From the even rate it goes towards the habit; the range becomes narrower."""
    friday = datetime(2026, 5, 8, 18, 0, tzinfo=UTC)
    even = forecast_of(window(70), friday)
    less = by_habit(70, friday, habit_of(office, weeks))
    more = by_habit(70, friday, habit_of(office, weeks * 1.5))
    assert 74 < more.projected < less.projected < even.projected
    assert more.high - more.low < less.high - less.low


def test_without_history_it_is_the_even_rate() -> None:
    """Nothing is known, or nothing but that nothing was used."""
    assert learn(History(), START, UTC) is None
    now = START + 2 * DAY
    idle = by_habit(30, now, habit_of(lambda _: 0.0, 0.5))
    even = forecast_of(window(30), now)
    assert idle.projected == pytest.approx(even.projected, rel=0.01)


@pytest.mark.parametrize(
    ("percent", "times"),
    # A handful of points tells little about the week, many do.
    [(0, (0.5, 0.8)), (4, (0.6, 0.9)), (20, (1, 1.2)), (44, (1.3, 1.8))],
)
def test_heavier_and_lighter_weeks(percent: float, times: tuple[float, float]) -> None:
    """The rest of a week is scaled by what has been used of it."""
    # Tuesday, 13:00: of nine hours of use, since Monday noon.
    now = datetime(2026, 5, 5, 13, 0, tzinfo=UTC)
    habit = habit_of(office, 8)
    found = by_habit(percent, now, habit)
    usual_rest = 80 - 18
    least, most = times
    assert least <= (found.projected - percent) / usual_rest <= most


@pytest.mark.parametrize("much", [0, 0.1])
@pytest.mark.parametrize("begins", [1, 2])
def test_an_odd_week_poisons_nothing(begins: int, much: float) -> None:
    """Neither the projection, nor how sure it is, nor what is usual."""
    monday = datetime(2026, 5, 4, tzinfo=UTC) - begins * WEEK

    def with_holiday(time: datetime) -> float:
        """Use nothing or little in a week from Monday to Sunday."""
        odd = monday <= time < monday + WEEK
        return office(time) * (much if odd else 1)

    # Of a window in which such a week is over, or split.
    for days in range(1, 5):
        now = datetime(2026, 5, 4 + days, 12, 0, tzinfo=UTC)
        usual = by_habit(40, now, habit_of(office, 6))
        after = by_habit(40, now, habit_of(with_holiday, 6))
        assert after.projected == pytest.approx(usual.projected, rel=0.08)
        assert after.high - after.low < 1.7 * (usual.high - usual.low)
        assert after.expected == pytest.approx(usual.expected, abs=6)


def test_new_habits_win() -> None:
    """After three weeks of another habit it is followed more than the old one."""

    def weekends(time: datetime) -> float:
        """Use the same on Saturday and Sunday."""
        return 5.0 if time.weekday() >= 5 and 10 <= time.hour < 18 else 0.0

    def changed(time: datetime) -> float:
        """Use it on weekends of late."""
        return (office if time < START - 3 * WEEK else weekends)(time)

    friday = datetime(2026, 5, 8, 18, 0, tzinfo=UTC)
    old, new = (by_habit(20, friday, habit_of(use, 8)) for use in (office, changed))
    assert old.projected < 35
    assert new.projected > 55


def test_working_days_without_history() -> None:
    """Chosen days are all that is known: even on these, nothing on the others."""
    habit = learn(History(), START, UTC, days=range(5))
    # Half of the five days have passed: from Monday noon to Wednesday, 24:00.
    wednesday = datetime(2026, 5, 7, 0, 0, tzinfo=UTC)
    found = by_habit(60, wednesday, habit)
    assert found.projected == pytest.approx(120)
    assert found.basis == "working_days"
    assert (found.weeks, found.expected) == (0, None)
    # 100 % after 100 hours of work from Monday noon: Friday at 16:00.
    assert found.runs_out_at == datetime(2026, 5, 8, 16, 0, tzinfo=UTC)
    # On the weekend the projection stands still.
    saturday = datetime(2026, 5, 9, 1, 0, tzinfo=UTC)
    first, then = (by_habit(70, saturday + hours * HOUR, habit) for hours in (0, 46))
    assert first.projected == then.projected == pytest.approx(70 / (108 / 120))


def test_days_off_at_the_beginning_say_nothing() -> None:
    """Nor does the rate so far, unless all is used."""
    saturday = datetime(2026, 5, 9, 0, 0, tzinfo=UTC)
    habit = learn(History(), saturday, UTC, days=range(5))
    for percent, known in ((30, False), (100, True)):
        seen = UsageWindow(WEEKLY, None, percent, saturday + WEEK)
        found = forecast_of(seen, saturday + 36 * HOUR, course_of(seen, habit))
        assert (found is not None) is known


def test_working_days_overrule_history() -> None:
    """What was used on other days is not expected again; history shapes the hours."""

    def every_day(time: datetime) -> float:
        """Use it from 9 to 17 on all days."""
        return 1.5 if 9 <= time.hour < 17 else 0.0

    friday = datetime(2026, 5, 8, 18, 0, tzinfo=UTC)
    free = by_habit(60, friday, habit_of(every_day, 6))
    chosen = by_habit(60, friday, habit_of(every_day, 6, days=range(5)))
    # Monday morning, three hours, is to come in both; the weekend in one.
    assert chosen.projected == pytest.approx(64.5, abs=1)
    assert free.projected == pytest.approx(88.5, abs=3)
    assert chosen.basis == "habit"


def test_window_in_days_off() -> None:
    """A session on a day off goes on like any: somebody is at work."""
    sunday = START - DAY
    habit = learn(History(), sunday, UTC, days=range(5))
    seen = UsageWindow(Identity("session"), None, 30, sunday + 3 * HOUR)
    course = course_of(seen, habit)
    assert forecast_of(seen, sunday, course) == forecast_of(seen, sunday)


def test_session_by_habit() -> None:
    """Who stops at five uses nothing more of a session that began at four."""
    habit = learn(past(office, 6), START, UTC)
    start = datetime(2026, 5, 4, 16, 0, tzinfo=UTC)
    seen = UsageWindow(Identity("session"), None, 30, start + 5 * HOUR)
    now = start + HOUR
    found = forecast_of(seen, now, course_of(seen, habit))
    assert found.projected < 70
    assert forecast_of(seen, now).projected == pytest.approx(150)


@pytest.mark.parametrize(
    ("zone", "day", "month"),
    [("Europe/Berlin", 26, 3), ("Europe/Berlin", 22, 10), ("Asia/Kolkata", 4, 5)],
)
def test_local_hours_over_daylight_saving(zone: str, day: int, month: int) -> None:
    """Nine in the morning stays nine in the morning when the clock changes."""
    here = ZoneInfo(zone)
    # A Thursday, before a change on Sunday in two of the cases.
    start = datetime(2026, month, day, 12, 0, tzinfo=UTC)

    def mornings(time: datetime) -> float:
        """Use it from 9 to 12, local time."""
        return 3.0 if 9 <= time.astimezone(here).hour < 12 else 0.0

    history, first = History(), int(start.timestamp() // 3600) - 8 * 168
    percent = 0.0
    hours = []
    for number in range(first, first + 8 * 168):
        percent = 0.0 if (number - first) % 168 == 0 else percent
        use = mornings(datetime.fromtimestamp(number * 3600, UTC))
        hours.append(Hour(number, percent, percent + use))
        percent += use
    history.add(hours)
    habit = learn(history, start, here)
    seen = UsageWindow(Identity("weekly_all"), None, 30, start + WEEK)
    course = course_of(seen, habit)
    monday = start + 4 * DAY
    nine = monday.astimezone(here).replace(hour=9, minute=0)
    usual = [course.used_by((nine + hour * HOUR).timestamp()) for hour in range(-2, 6)]
    grows = [later - earlier for earlier, later in pairwise(usual)]
    # Smoothed into the hours beside it, but in the right place.
    assert max(grows) == pytest.approx(grows[3])
    # In India an hour of the statistics begins at half past.
    assert sum(grows[2:6]) > 6 * (grows[0] + grows[1] + grows[6])


def test_many_past_weeks_tell_how_sure_it_is() -> None:
    """Who is the same every week has a narrow range, who is not a wide one."""

    def moody(time: datetime) -> float:
        """Use three times as much in each second week."""
        return office(time) * (0.5 if (START - time) // WEEK % 2 else 1.5)

    now = datetime(2026, 5, 6, 18, 0, tzinfo=UTC)
    steady, wide = (by_habit(40, now, habit_of(use, 8)) for use in (office, moody))
    assert wide.high - wide.low > 1.5 * (steady.high - steady.low)
    assert steady.confidence >= wide.confidence


def test_what_belongs_to_a_value_stays_with_it() -> None:
    """Beside a value that is shown still, nothing changes: it would not be told."""
    habit = habit_of(office, 8)
    seen = window(60)
    course = course_of(seen, habit)
    now = datetime(2026, 5, 7, 18, 0, tzinfo=UTC)
    first = shown_forecast(seen, now, None, course)
    for minutes in range(0, 600, 7):
        later = shown_forecast(seen, now + timedelta(minutes=minutes), first, course)
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
    percent=st.floats(0, 110),
    elapsed=st.floats(0, 0.9999),
    kind=st.sampled_from(["session", "weekly_all", "weekly_scoped"]),
    days=st.frozensets(st.integers(0, 6), min_size=1),
)
@settings(max_examples=150, deadline=None)
def test_it_always_makes_sense(
    use: list[float],
    weeks: float,
    missing: int,
    percent: float,
    elapsed: float,
    kind: str,
    days: frozenset[int],
) -> None:
    """Whatever is known: no past, no contradiction, and the range around the middle."""
    history, risen = History(), 0.0
    for number, rise in past(lambda time: use[time.hour], weeks):
        if number % missing or missing == 1:
            history.add([Hour(number, risen, risen + rise)])
        risen = (risen + rise) % 100
    seen = window(percent, kind)
    now = START + elapsed * (5 * HOUR if kind == "session" else WEEK)
    habit = learn(history, now, BERLIN, days)
    course = course_of(seen, habit)
    exact, shown = (
        forecast_of(seen, now, course),
        shown_forecast(seen, now, None, course),
    )
    assert (exact is None) == (shown is None)
    for found in filter(None, (exact, shown)):
        assert 50 <= found.confidence <= 100
        assert percent <= found.projected <= max(999, percent)
        assert found.low <= found.projected <= found.high
        assert (found.runs_out_at is None) == (found.lasts or percent >= 100)
        assert found.projected <= 100 if found.lasts else found.projected >= 100
        if found.runs_out_at is not None:
            assert now - timedelta(seconds=1) <= found.runs_out_at <= seen.resets_at
    if exact and course.total:
        assert course.used_by(now.timestamp()) <= course.total * (1 + 1e-9)
