"""Exact forecasts at the even rate."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.usage import Identity, UsageWindow
from custom_components.claude_pulse.forecast.projection import forecast_of
from tests.simulator.world import Meter

from .common import DAY, HOUR, LENGTHS, MINUTE, START, WEEK, exact, window


@pytest.mark.parametrize(
    ("percent", "days", "pace", "projected", "runs_out_after", "lasts"),
    [
        # Exactly enough.
        (50, 3.5, 0, 100, None, True),
        (75, 3.5, 25, 150, 3.5 / 0.75, False),
        (25, 3.5, -25, 50, None, True),
        (10, 1, 10 - 100 / 7, 70, None, True),
        (20, 1, 20 - 100 / 7, 140, 5, False),
        (0, 3.5, -50, 0, None, True),
        # Used up.
        (100, 6.3, None, 100, None, False),
        (103, 6.9, None, 103, None, False),
        # The maximum of a projection.
        (90, 0.36, 90 - 100 * 0.36 / 7, 999, 0.4, False),
        # The last minutes.
        (99, 6.99, 99 - 699 / 7, 99 / 6.99 * 7, None, True),
    ],
)
def test_even_rate(
    percent: float,
    days: float,
    pace: float | None,
    projected: float,
    runs_out_after: float | None,
    lasts: bool,
) -> None:
    """Pace, projection, run-out time and verdict match values computed by hand."""
    forecast = exact(window(percent), START + days * DAY)
    assert forecast.pace == pytest.approx(pace)
    assert forecast.projected == pytest.approx(projected)
    assert forecast.lasts is lasts
    after = forecast.runs_out_at and (forecast.runs_out_at - START) / DAY
    assert after == pytest.approx(runs_out_after)


@pytest.mark.parametrize(
    ("kind", "elapsed", "has_forecast"),
    [
        ("session", 14 * MINUTE, False),
        ("session", 15 * MINUTE, True),
        ("weekly_all", 8 * HOUR, False),
        ("weekly_all", 9 * HOUR, True),
        ("weekly_scoped", 8 * HOUR, False),
        ("weekly_scoped", 9 * HOUR, True),
        # Over, and not started.
        ("weekly_all", WEEK, False),
        ("weekly_all", timedelta(seconds=-1), False),
        # Of unknown length.
        ("monthly_all", 2 * DAY, False),
    ],
)
def test_when_there_is_a_forecast(
    kind: str, elapsed: timedelta, has_forecast: bool
) -> None:
    """A running window of known length has a forecast after its first 5%."""
    forecast = forecast_of(window(40, kind), START + elapsed)
    assert (forecast is not None) is has_forecast


def test_no_forecast_without_a_reset() -> None:
    """A window that has not started has no forecast."""
    assert forecast_of(UsageWindow(Identity("session"), None, 0, None), START) is None


@given(
    kind=st.sampled_from(["session", "weekly_all"]),
    total=st.floats(1, 400),
    elapsed=st.floats(0.05, 0.99),
)
@settings(max_examples=300, deadline=None)
def test_constant_usage_reaches_its_projection(
    kind: str, total: float, elapsed: float
) -> None:
    """The simulator reaches the projection and the limit when the forecast says so."""
    length = LENGTHS[kind]
    meter = Meter(length, total / (length / HOUR), 0.0, START)
    now = START + length * elapsed
    used, resets_at = meter.read(now)
    assume(used < 100)
    forecast = exact(UsageWindow(Identity(kind), None, used, resets_at), now)
    final, _ = meter.read(START + length - timedelta(seconds=1))
    assert min(forecast.projected, 100) == pytest.approx(final, abs=0.1)
    assert forecast.lasts is (total <= 100 + 1e-9) or total == pytest.approx(100)
    if forecast.runs_out_at is not None:
        before, _ = meter.read(forecast.runs_out_at - timedelta(seconds=60))
        after, _ = meter.read(forecast.runs_out_at + timedelta(seconds=1))
        assert before < 100
        assert after == pytest.approx(100, abs=0.01)
