"""Pace against cases computed by hand, and against what the simulator comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.usage import Identity, UsageWindow
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    forecast_of,
    shown_forecast,
)
from tests.simulator.world import HOUR, SESSION, WEEK, Meter

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def window(
    percent: float, kind: str = "weekly_all", length: timedelta = WEEK
) -> UsageWindow:
    """Return a window that started at START."""
    return UsageWindow(Identity(kind), None, percent, START + length)


@pytest.mark.parametrize(
    ("percent", "days", "pace", "projected", "runs_out", "lasts"),
    [
        # Half of the time, half of the use: exactly enough.
        (50, 3.5, 0, 100, None, True),
        # Half of the time, three quarters of the use: two thirds of it are left.
        (75, 3.5, 25, 150, 3.5 / 0.75, False),
        (25, 3.5, -25, 50, None, True),
        # One day of seven.
        (10, 1, 10 - 100 / 7, 70, None, True),
        (20, 1, 20 - 100 / 7, 140, 5, False),
        # Nothing used never runs out.
        (0, 3.5, -50, 0, None, True),
        # Used up: nothing is ahead of time any more, nor runs out.
        (100, 6.3, None, 100, None, False),
        (103, 6.9, None, 103, None, False),
        # The projection is capped.
        (90, 0.36, 90 - 100 * 0.36 / 7, 999, 0.4, False),
        # The last moments.
        (99, 6.99, 99 - 699 / 7, 99 / 6.99 * 7, None, True),
    ],
)
def test_by_hand(
    percent: float,
    days: float,
    pace: float | None,
    projected: float,
    runs_out: float | None,
    lasts: bool,
) -> None:
    """Elapsed and used share, projection, run-out and verdict."""
    found = forecast_of(window(percent), START + timedelta(days=days))
    assert found is not None
    assert found.pace == pytest.approx(pace)
    assert found.projected == pytest.approx(projected)
    assert found.lasts is lasts
    if runs_out is None:
        assert found.runs_out_at is None
    else:
        assert found.runs_out_at is not None
        after = (found.runs_out_at - START) / timedelta(days=1)
        assert after == pytest.approx(runs_out)


@pytest.mark.parametrize(
    ("kind", "length", "elapsed", "known"),
    [
        ("session", SESSION, timedelta(minutes=14), False),
        ("session", SESSION, timedelta(minutes=15), True),
        ("weekly_all", WEEK, timedelta(hours=8), False),
        ("weekly_all", WEEK, timedelta(hours=9), True),
        ("weekly_scoped", WEEK, timedelta(days=2), True),
        # Over, and not begun.
        ("weekly_all", WEEK, timedelta(days=7), False),
        ("weekly_all", WEEK, timedelta(seconds=-1), False),
        # Of unknown length.
        ("monthly_all", WEEK, timedelta(days=2), False),
    ],
)
def test_when_nothing_is_claimed(
    kind: str, length: timedelta, elapsed: timedelta, known: bool
) -> None:
    """Too early, over, or of unknown length: nothing."""
    found = forecast_of(window(40, kind, length), START + elapsed)
    assert (found is not None) is known


def test_without_a_reset() -> None:
    """A window that has not started has no pace."""
    assert forecast_of(UsageWindow(Identity("session"), None, 0, None), START) is None


@given(
    length=st.sampled_from([("session", SESSION), ("weekly_all", WEEK)]),
    total=st.floats(1, 400),
    elapsed=st.floats(0.05, 0.99),
)
@settings(max_examples=300, deadline=None)
def test_constant_use_comes_out_as_projected(
    length: tuple[str, timedelta], total: float, elapsed: float
) -> None:
    """With constant use, the simulator ends up where the projection said."""
    kind, span = length
    meter = Meter(span, total / (span / HOUR), 0.0, START)
    now = START + span * elapsed
    used, resets_at = meter.read(now)
    assume(used < 100)
    found = forecast_of(UsageWindow(Identity(kind), None, used, resets_at), now)
    assert found is not None

    at_the_end, _ = meter.read(START + span - timedelta(seconds=1))
    assert min(found.projected, 100) == pytest.approx(at_the_end, abs=0.1)
    assert found.lasts is (total <= 100 + 1e-9) or total == pytest.approx(100)
    if found.runs_out_at is not None:
        before, _ = meter.read(found.runs_out_at - timedelta(seconds=60))
        after, _ = meter.read(found.runs_out_at + timedelta(seconds=1))
        assert before < 100
        assert after == pytest.approx(100, abs=0.01)


def shown_over(percent: float, start: timedelta, span: timedelta) -> list[Forecast]:
    """Return what is shown of a week at each minute of a span."""
    shown: list[Forecast] = []
    for minute in range(span // timedelta(minutes=1) + 1):
        now = START + start + timedelta(minutes=minute)
        before = shown[-1] if shown else None
        found = shown_forecast(window(percent), now, before)
        assert found is not None
        shown.append(found)
    return shown


def changes(shown: list[Forecast]) -> int:
    """Count the states that an evening of forecasts makes."""
    return sum(
        getattr(before, name) != getattr(after, name)
        for before, after in pairwise(shown)
        for name in ("pace", "projected", "runs_out_at", "lasts")
    )


@pytest.mark.parametrize("percent", [5, 28, 50, 77, 92, 99])
@pytest.mark.parametrize("days", [1, 2.5, 4, 6.5])
def test_shown_in_steps(percent: float, days: float) -> None:
    """Nine hours without use make few states, and none is far from the exact value."""
    start, span = timedelta(days=days), timedelta(hours=9)
    shown = shown_over(percent, start, span)
    # Of two windows not more than 50 even in the first day of a week.
    assert changes(shown) <= 25
    for minute, found in enumerate(shown):
        now = START + start + timedelta(minutes=minute)
        exact = forecast_of(window(percent), now)
        assert exact is not None
        assert exact.pace is not None
        assert found.pace is not None
        assert abs(found.pace - exact.pace) <= max(abs(exact.pace) / 10, 1)
        assert abs(found.projected - exact.projected) <= max(exact.projected / 10, 3.5)
        if found.runs_out_at is None:
            continue
        assert now < found.runs_out_at <= START + WEEK
        moment = exact.runs_out_at or START + WEEK
        off = abs(found.runs_out_at - moment)
        assert off <= max((moment - now) / 4, timedelta(minutes=30))


@given(
    percents=st.lists(st.integers(1, 130), min_size=2, max_size=30),
    length=st.sampled_from([("session", SESSION), ("weekly_all", WEEK)]),
    jumps=st.lists(st.floats(-0.2, 0.4), min_size=30, max_size=30),
)
@settings(max_examples=200, deadline=None)
def test_shown_is_never_silly(
    percents: list[int], length: tuple[str, timedelta], jumps: list[float]
) -> None:
    """Whatever the numbers and the clock do: no past, and no run-out of what lasts."""
    kind, span = length
    before, share = None, 0.06
    for percent, jump in zip(percents, jumps, strict=False):
        share = min(max(share + jump, 0), 1.1)
        now = START + span * share
        found = shown_forecast(window(percent, kind, span), now, before)
        before = found
        if found is None:
            continue
        assert found.projected >= percent
        if percent >= 100:
            assert (found.pace, found.projected, found.lasts) == (None, percent, False)
            assert found.runs_out_at is None
            continue
        assert found.low <= found.projected <= found.high
        assert (found.runs_out_at is None) == found.lasts
        if found.runs_out_at is not None:
            assert now < found.runs_out_at <= START + span


def test_verdict_does_not_flap() -> None:
    """Between two answers that the rounding decides, what was said stays."""
    now = START + WEEK / 2
    said = [shown_forecast(window(50.4), now, None)]
    for percent in (49.6, 50.4, 49.7):
        said.append(shown_forecast(window(percent), now, said[-1]))
    assert [found and found.lasts for found in said] == [False] * 4
    assert shown_forecast(window(48), now, said[-1]).lasts
