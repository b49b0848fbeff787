"""Full sessions: how many fit into the week, and how many reached their limit."""

from __future__ import annotations

from array import array
from datetime import timedelta
from math import nan

from hypothesis import given, strategies as st
import pytest

from custom_components.claude_pulse.forecast.capacity import (
    limits_reached,
    points_per_session,
    sessions_left,
    with_session,
)
from custom_components.claude_pulse.forecast.habit import Hour, HourlyUsage

from .common import DAY, HOUR, START

NOW_HOUR = int(START.timestamp() // 3600)


def usage(*rises: float, first: int = 0) -> HourlyUsage:
    """Return a history with the usage of some hours."""
    history = HourlyUsage()
    history.first, history.rises = first, array("f", rises)
    return history


@pytest.mark.parametrize(
    ("week", "session", "expected"),
    [
        (usage(), usage(), None),
        (usage(9, 9), usage(50, 49), None),
        (usage(0, 0), usage(50, 50), None),
        (usage(6, 6), usage(50, 50), 12),
        (usage(6, nan, 6), usage(50, 90, 50), 12),
        (usage(7, 6, 6), usage(50, 50, first=1), 12),
        (usage(6, 6), usage(50, 50, 10), 12),
        # Another plan since.
        (usage(*[40] * 5, *[10] * 5), usage(*[100] * 10), 10),
        # Long ago.
        (usage(40, *[0] * 672), usage(100, *[0] * 672), None),
    ],
)
def test_points_per_session(
    week: HourlyUsage, session: HourlyUsage, expected: float | None
) -> None:
    """The ratio is that of the latest hours in which both are known."""
    assert points_per_session(week, session) == expected


@pytest.mark.parametrize(
    ("percent", "hours", "points", "left"),
    [
        (0, None, 10, 10),
        (0, None, 1, 34),
        (71, 168, 10, 2),
        (70, 168, 10, 3),
        # The last session can be used in less than five hours.
        (10, 6, 10, 2),
        (10, 1, 10, 1),
        (10, 0, 10, 0),
        (100, 30, 10, 0),
        (103, 30, 10, 0),
    ],
)
def test_sessions_left(
    percent: float, hours: float | None, points: float, left: int
) -> None:
    """The points and the time have to suffice."""
    resets_at = None if hours is None else START + hours * HOUR
    assert sessions_left(percent, resets_at, START, points) == left


@given(
    percent=st.floats(0, 200),
    points=st.floats(1e-40, 1e6),
    seconds=st.integers(-(10**6), 10**6),
)
def test_sessions_left_are_never_negative(
    percent: float, points: float, seconds: int
) -> None:
    """A week has room for 34 sessions."""
    resets_at = START + timedelta(seconds=seconds)
    assert 0 <= sessions_left(percent, resets_at, START, points) <= 34


def test_limits_reached() -> None:
    """A session that is in both sources counts once, for 30 days."""
    recorded = [NOW_HOUR - number for number in (721, 719, 50, 3, 1)]
    assert limits_reached(recorded, (), START) == 4
    assert limits_reached(recorded, (START + HOUR,), START) == 3
    assert limits_reached(recorded, (START - 40 * DAY,), START) == 4
    # After the clock was set back.
    assert limits_reached([NOW_HOUR + 9], (START + 9 * HOUR,), START) == 0


def test_with_session() -> None:
    """Reset times of a session vary, and old ones are forgotten."""
    seen = with_session((START - 31 * DAY,), START, START)
    assert seen == (START,)
    assert with_session(seen, START + timedelta(minutes=1), START) == seen
    assert len(with_session(seen, START + 5 * HOUR, START)) == 2


@pytest.mark.parametrize(
    ("hours", "reached"),
    [
        ([(1, 90, 99), (2, 99, 100), (3, 100, 100)], [2]),
        # Reached, reset and reached again.
        ([(1, 90, 100), (2, 0, 100), (3, 60, 100)], [1, 3]),
        # It was reached before Home Assistant started.
        ([(1, 100, 100)], []),
        ([(1, 50, 60), (3, 50, 100)], [3]),
        ([(1, 100, 100), (5, 100, 100)], []),
    ],
)
def test_hours_in_which_the_limit_was_reached(
    hours: list[tuple[int, float, float]], reached: list[int]
) -> None:
    """Each session counts once, in the hour in which it reached its limit."""
    history = HourlyUsage()
    for _ in range(2):
        history.add(Hour(*hour) for hour in hours)
    assert history.reached == reached
