"""Properties of the forecasts of any history, usage and time."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from math import isfinite, nan
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.windows import Identity, UsageWindow
from custom_components.claude_pulse.forecast.habit import (
    Habit,
    HourlyUsage,
    borrowed,
    learn,
)
from custom_components.claude_pulse.forecast.profile import profile_of
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    forecast_of,
    shown_forecast,
)

from .common import HOUR, LENGTHS, START, assert_consistent, window
from .people import Random

ZONE = ZoneInfo("Europe/Berlin")

# The usage of an hour in points: nothing, unknown, little and much.
_HOURS: list[Callable[[Random], float]] = [
    lambda _: 0.0,
    lambda _: nan,
    lambda random: random.expovariate(1),
    lambda random: random.uniform(0, 100),
]


# Only the days are known: somebody chose them.
CHOSEN_DAYS = learn(HourlyUsage(), START, ZONE, range(5))


@st.composite
def habits(draw: st.DrawFn) -> Habit | None:
    """Return the habit of any history: dense, sparse, unknown in part, or none."""
    random = Random(draw(st.integers(0, 10**6)))
    weights = draw(st.tuples(*[st.integers(0, 9)] * len(_HOURS)))
    history, hours = HourlyUsage(), draw(st.integers(0, 13 * 168))
    history.first = int(START.timestamp() // 3600) - hours
    kinds = random.choices(_HOURS, weights, k=hours) if any(weights) else []
    history.rises = array("f", [kind(random) for kind in kinds])
    days = draw(st.sampled_from([range(7), range(5)]))
    return learn(history, START, ZONE, days)


def forecast_with(
    kind: str, percent: float, elapsed: float, habit: Habit | None
) -> Forecast | None:
    """Return the forecast of a window."""
    item = window(percent, kind)
    now = START + elapsed * LENGTHS[kind]
    return forecast_of(item, now, profile_of(item, habit))


KINDS = st.sampled_from(sorted(LENGTHS))
ELAPSED = st.floats(0, 0.9999)


@given(kind=KINDS, habit=habits(), elapsed=ELAPSED, percent=st.floats(0, 130))
@settings(max_examples=300, deadline=None)
def test_every_value_is_a_number_in_its_range(
    kind: str, habit: Habit | None, elapsed: float, percent: float
) -> None:
    """The range contains the projection. Nothing is above a limit that is used up."""
    forecast = forecast_with(kind, percent, elapsed, habit)
    if forecast is None:
        return
    item, now = window(percent, kind), START + elapsed * LENGTHS[kind]
    for each in (forecast, shown_forecast(forecast, item, now, None)):
        assert_consistent(each, item, now)
        values = (each.projected, each.low, each.high, each.confidence, each.rounding)
        assert all(map(isfinite, values))
        assert each.expected is None or 0 <= each.expected <= 100


@given(
    kind=KINDS,
    habit=habits(),
    elapsed=ELAPSED,
    percents=st.lists(st.floats(0, 99.99), min_size=2, max_size=8),
)
@settings(max_examples=300, deadline=None)
@example("weekly_all", None, 0.9, [0.0, 0.5, 1.0, 2.0, 5.0, 10.0])
@example("weekly_all", None, 0.97, [0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 90.0])
def test_more_usage_is_never_less(
    kind: str, habit: Habit | None, elapsed: float, percents: list[float]
) -> None:
    """With more usage, all that is expected is more, and lasting is less likely."""

    def chance(forecast: Forecast) -> float:
        """Return the probability of lasting in percent."""
        return forecast.confidence if forecast.lasts else 100 - forecast.confidence

    forecasts = [
        forecast_with(kind, percent, elapsed, habit) for percent in sorted(percents)
    ]
    for less, more in pairwise(forecasts):
        assert (less is None) == (more is None)
        if less is None or more is None:
            continue
        assert less.projected <= more.projected + 1e-9
        assert less.low <= more.low + 1e-9
        assert less.high <= more.high + 1e-9
        assert chance(less) >= chance(more) - 1e-9
        if less.runs_out_at:
            assert more.runs_out_at <= less.runs_out_at + HOUR / 3600


@given(habit=habits(), other=habits(), elapsed=ELAPSED)
@settings(max_examples=100, deadline=None)
@example(None, CHOSEN_DAYS, 0.0)
def test_a_borrowed_habit_keeps_its_own_usage(
    habit: Habit | None, other: Habit | None, elapsed: float
) -> None:
    """A model without a week of history uses the hours of the week."""
    mixed = borrowed(habit, other)
    if habit and habit.weeks >= 1:
        assert mixed is habit
    elif other and (habit is None or habit.weeks < other.weeks):
        assert mixed is not None
        assert mixed.rates == other.rates
        assert mixed.weeks == (habit.weeks if habit else 0)
    forecast = forecast_with("weekly_scoped", 30, elapsed, mixed)
    assert forecast is None or isfinite(forecast.projected)


@pytest.mark.parametrize(
    ("kind", "resets_at"), [("monthly_all", START), ("session", None)]
)
def test_no_profile_of_an_unknown_window(kind: str, resets_at: datetime | None) -> None:
    """A window of unknown length or without a reset has no profile."""
    assert profile_of(UsageWindow(Identity(kind), None, 10, resets_at)) is None
