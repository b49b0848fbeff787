"""Shown forecasts: rounded to steps and stable."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

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

MIDDLE = START + 3.5 * DAY

# The last shown forecast.
BEFORE = Forecast(
    pace=0,
    projected=100,
    low=1,
    high=998,
    runs_out_at=None,
    lasts=False,
    confidence=77,
    expected=55,
    basis="before",
    weeks=9,
    rounding=0,
)


@pytest.mark.parametrize(
    ("kind", "percent", "elapsed", "pace", "projected", "runs_out_at"),
    [
        # Pace to 1, projection to 10 (a tenth of 120), run-out at 08:00 to twelve
        # hours (a quarter of 56 hours is more).
        ("weekly_all", 60, 3.5 * DAY, 10, 120, at(10, 12)),
        # It lasts.
        ("weekly_all", 50, 3.5 * DAY, 0, 100, None),
        # Pace -20 to 2, projection 60 to 5.
        ("weekly_all", 30, 3.5 * DAY, -20, 60, None),
        # Pace 25 to 2; run-out at 04:00 to six hours (a quarter of 28 is 7).
        ("weekly_all", 75, 3.5 * DAY, 24, 150, at(9, 6)),
        # Projections 55.2 and 62.8 to 5.
        ("weekly_all", 27.6, 3.5 * DAY, -22, 55, None),
        ("weekly_all", 31.4, 3.5 * DAY, -19, 65, None),
        # Run-out at 16:00 to three hours (a quarter of 16 is 4).
        ("weekly_all", 84, 3.5 * DAY, 34, 170, at(8, 15)),
        # Pace 75.7 to 5, projection 630 to 50; 14:40 to half an hour (of 160 minutes).
        ("weekly_all", 90, 1 * DAY, 75, 650, at(5, 14, 30)),
        # Pace 25.7 to 2, projection 280 to 25; 36 hours left, to six hours.
        ("weekly_all", 40, 1 * DAY, 26, 275, at(7, 0)),
        # Pace 23.4 to 2; projection 264 to 25; 14:20:36 to half a day.
        ("weekly_all", 37.7, 1 * DAY, 24, 275, at(7, 6)),
        # Projection 462 to 25; 00:21 to six hours.
        ("weekly_all", 33, 0.5 * DAY, 26, 450, at(6, 0)),
        # At the end: projection 101.3 to 10, and 09:46 to half an hour, for a week.
        ("weekly_all", 97, 6.7 * DAY, 1, 100, at(11, 10)),
        # Pace to 5, projection 3.5 to 1.
        ("weekly_all", 3, 6 * DAY, -85, 4, None),
        # Pace -65.7 to 5, projection 23.3 to 2.
        ("weekly_all", 20, 6 * DAY, -65, 24, None),
        # A projection is at least the usage: 45.7 is projected, in steps of 2.
        ("weekly_all", 46, 6.99 * DAY, -55, 46, None),
        ("weekly_all", 90.9, 6.999 * DAY, -9, 90.9, None),
        # Early, half a percent is 10 at the end: projection 133.0 to 10 for that.
        ("weekly_all", 9.5, 0.5 * DAY, 2, 130, at(10, 0)),
        # Half a percent is 9.3 at the end, so 53.2 is shown to 10, not to 5.
        ("weekly_all", 2.85, 0.375 * DAY, -3, 50, None),
        # The maximum.
        ("weekly_all", 99, 0.4 * DAY, 95, 999, at(4, 22)),
        # Sessions have finer steps of the run-out time.
        # 14:30 to half an hour (a quarter of 135 minutes).
        ("session", 10, 15 * MINUTE, 5, 200, at(4, 14, 30)),
        # 16:10 to half an hour (a quarter of 235 minutes is less than an hour).
        ("session", 6, 15 * MINUTE, 1, 120, at(4, 16)),
        ("session", 50, 60 * MINUTE, 30, 250, at(4, 14)),
        # 16:45:42 to half an hour, of 226 minutes.
        ("session", 21, 60 * MINUTE, 1, 100, at(4, 17)),
        # 16:37:46 to five minutes, of 27.
        ("session", 90, 250 * MINUTE, 7, 110, at(4, 16, 40)),
        # 16:10 to a quarter of an hour, of 100.
        ("session", 60, 150 * MINUTE, 10, 120, at(4, 16, 15)),
        # 16:10, of 150 minutes.
        ("session", 40, 100 * MINUTE, 7, 120, at(4, 16)),
        # 16:48:39 to the finest step.
        ("session", 97, 280 * MINUTE, 4, 100, at(4, 16, 50)),
    ],
)
def test_steps(
    kind: str,
    percent: float,
    elapsed: timedelta,
    pace: float,
    projected: float,
    runs_out_at: datetime | None,
) -> None:
    """The first shown values are the nearest steps."""
    forecast = shown(window(percent, kind), START + elapsed)
    assert (forecast.pace, forecast.projected) == (pace, projected)
    assert forecast.runs_out_at == runs_out_at
    assert forecast.lasts is (runs_out_at is None)


@pytest.mark.parametrize(
    ("field", "step", "value", "kept"),
    [
        # A step of 1 around 10.
        ("pace", 10, 10.5, True),
        ("pace", 10, 9.5, True),
        ("pace", 10, 10.7, False),
        ("pace", 10, 9.3, False),
        ("pace", 10, -10, False),
        # A step of 10 around 120.
        ("projected", 120, 126, True),
        ("projected", 120, 114, True),
        ("projected", 120, 126.1, False),
        ("projected", 120, 113.9, False),
        # A step of twelve hours around 08:00.
        ("runs_out_at", at(10, 12), at(10, 15, 12), True),
        ("runs_out_at", at(10, 12), at(10, 15, 13), False),
        ("runs_out_at", at(10, 12), at(10, 0, 48), True),
        ("runs_out_at", at(10, 12), at(10, 0, 47), False),
    ],
)
def test_hysteresis(field: str, step: object, value: object, kept: bool) -> None:
    """A value is kept while the exact one is within 0.6 of a step."""
    forecast = shown(window(60), MIDDLE, replace(BEFORE, **{field: value}))
    assert getattr(forecast, field) == (value if kept else step)


@pytest.mark.parametrize(
    ("percent", "lasted", "lasts"),
    [
        # In the middle of a week, half a percent is one at its end.
        (50.4, True, True),
        (50.4, False, False),
        (49.6, True, True),
        (49.6, False, False),
        # Half a percent itself would have been rounded up.
        (50.5, True, False),
        (49.5, False, True),
        (50.6, True, False),
        (49.4, False, True),
    ],
)
def test_verdict_is_kept_while_rounding_can_decide_it(
    percent: float, lasted: bool, lasts: bool
) -> None:
    """A kept verdict has a run-out time that agrees: the reset at the latest."""
    forecast = shown(window(percent), MIDDLE, replace(BEFORE, lasts=lasted))
    assert forecast.lasts is lasts
    assert forecast.runs_out_at == (None if lasts else START + WEEK)


@pytest.mark.parametrize(
    ("percent", "before", "lasted", "projected"),
    # In the first hours of a week, half a percent is seven at its end.
    [
        (7.4, 104, True, 100),
        (7.4, 104, False, 104),
        (6.9, 96, False, 100),
        (6.9, 96, True, 96),
    ],
)
def test_projection_agrees_with_a_kept_verdict(
    percent: float, before: float, lasted: bool, projected: float
) -> None:
    """The projection stays on the verdict's side of 100%."""
    last = replace(BEFORE, projected=before, lasts=lasted)
    forecast = shown(window(percent), START + 0.5 * DAY, last)
    assert (forecast.projected, forecast.lasts) == (projected, lasted)


def test_run_out_is_not_after_the_reset() -> None:
    """The nearest step would be two hours after the reset."""
    start = START - 2 * HOUR
    forecast = shown(window(51, start=start), start + 3.5 * DAY)
    assert forecast.runs_out_at == start + WEEK


@pytest.mark.parametrize(
    ("now", "before"),
    [(at(4, 16, 50), None), (at(4, 16, 50) + MINUTE / 2, at(4, 16, 50))],
)
def test_run_out_is_in_the_future(now: datetime, before: datetime | None) -> None:
    """The exact time is 16:52. The nearest step is not shown once it has passed."""
    last = before and replace(BEFORE, runs_out_at=before)
    forecast = shown(window(99.3, "session"), now, last)
    assert forecast.runs_out_at == at(4, 16, 55)


@given(
    kind=st.sampled_from(sorted(LENGTHS)),
    percent=st.floats(0, 99.9).map(lambda percent: round(percent, 1)),
    elapsed=st.floats(0.05, 0.999),
    offset=st.integers(0, 1439),
    later=st.floats(0, 0.001),
)
@settings(max_examples=400, deadline=None)
def test_shown_is_close_to_exact(
    kind: str, percent: float, elapsed: float, offset: int, later: float
) -> None:
    """The error is half a step, and a moment later the pace is nearly the same."""
    start, length = START + offset * MINUTE, LENGTHS[kind]
    now, item = start + elapsed * length, window(percent, kind, start)
    true, forecast = exact(item, now), shown(item, now)
    assert_consistent(forecast, item, now)
    assert forecast.lasts is true.lasts
    assert abs(forecast.pace - true.pace) <= max(abs(true.pace) / 20, 0.5) + 1e-9
    tolerance = max(true.projected / 20, 0.5 / elapsed, 0.5) + 1e-9
    assert abs(forecast.projected - true.projected) <= tolerance
    if true.runs_out_at is not None:
        assert forecast.runs_out_at > now
        tolerance = max((true.runs_out_at - now) / 8, length / 672, 2.5 * MINUTE)
        error = abs(forecast.runs_out_at - true.runs_out_at)
        # Or the nearest step has passed.
        assert error <= tolerance or forecast.runs_out_at - now <= 2 * tolerance
    now += later * length
    if now < item.resets_at and abs(true.pace) > 1:
        again = shown(item, now, forecast)
        assert abs(again.pace - forecast.pace) <= max(abs(true.pace) / 5, 1) + 0.2


@pytest.mark.parametrize("percent", [5, 28, 50, 77, 92, 99])
@pytest.mark.parametrize("days", [1, 2.5, 4, 6.5])
def test_few_changes_without_usage(percent: float, days: float) -> None:
    """Nine hours have at most 25 changes, and each value stays close to the exact one."""
    item, forecasts = window(percent), list[Forecast]()
    for minute in range(9 * 60 + 1):
        now = START + days * DAY + minute * MINUTE
        true = exact(item, now)
        forecast = shown(item, now, forecasts[-1] if forecasts else None)
        forecasts.append(forecast)
        assert abs(forecast.pace - true.pace) <= max(abs(true.pace) / 10, 1)
        tolerance = max(true.projected / 10, 3.5)
        assert abs(forecast.projected - true.projected) <= tolerance
        if forecast.runs_out_at is not None:
            assert now < forecast.runs_out_at <= START + WEEK
            time = true.runs_out_at or START + WEEK
            tolerance = max((time - now) / 4, 30 * MINUTE)
            assert abs(forecast.runs_out_at - time) <= tolerance
    changes = sum(
        getattr(before, name) != getattr(after, name)
        for before, after in pairwise(forecasts)
        for name in ("pace", "projected", "runs_out_at", "lasts")
    )
    assert changes <= 25


@given(
    percents=st.lists(st.integers(1, 130), min_size=2, max_size=30),
    kind=st.sampled_from(["session", "weekly_all"]),
    jumps=st.lists(st.floats(-0.2, 0.4), min_size=30, max_size=30),
)
@settings(max_examples=200, deadline=None)
def test_consistent_for_any_usage_and_clock(
    percents: list[int], kind: str, jumps: list[float]
) -> None:
    """Jumps of usage and clock never show a contradiction or a past run-out time."""
    before, share = None, 0.06
    for percent, jump in zip(percents, jumps, strict=False):
        share = min(max(share + jump, 0), 1.1)
        now, item = START + LENGTHS[kind] * share, window(percent, kind)
        true = forecast_of(item, now)
        before = true and shown_forecast(true, item, now, before)
        if before is not None:
            assert_consistent(before, item, now)
            assert before.runs_out_at is None or before.runs_out_at > now
