"""Exact and shown forecasts at the even rate."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.windows import Identity, UsageWindow
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
    even,
    exact,
    shown_even,
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
    ("percent", "days", "pace", "projected", "runs_out_after", "lasts"),
    # 0.4 of a week with 40 points is added to the part of the week that has passed.
    [
        (50, 3.5, 0, 50 + 0.5 * 66 / 0.9, None, True),
        (75, 3.5, 25, 75 + 0.5 * 91 / 0.9, 3.5 + 3.5 * 25 * 1.8 / 91, False),
        (25, 3.5, -25, 25 + 0.5 * 41 / 0.9, None, True),
        (10, 1, 10 - 100 / 7, 10 + 6 * 26 / 3.8, None, True),
        (40, 1, 40 - 100 / 7, 40 + 6 * 56 / 3.8, 1 + 60 * 3.8 / 56, False),
        (0, 3.5, -50, 8 / 0.9, None, True),
        # Used up.
        (100, 6.3, None, 100, None, False),
        (103, 6.9, None, 103, None, False),
        # The last minutes.
        (99, 6.99, 99 - 699 / 7, 99.11747, None, True),
    ],
)
def test_without_history(
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
    assert forecast.projected == pytest.approx(projected, rel=1e-5)
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


@pytest.mark.parametrize(
    ("kind", "percent", "elapsed", "pace", "projected", "runs_out_at"),
    [
        # Pace 10 to 1; projection 120 to 10; 56 hours to 08:00, to twelve hours.
        ("weekly_all", 60, 3.5 * DAY, 10, 120, at(10, 12)),
        ("weekly_all", 50, 3.5 * DAY, 0, 100, None),
        # Pace -20 to 2; projection 60 to 5.
        ("weekly_all", 30, 3.5 * DAY, -20, 60, None),
        # Pace 25 to 2; 28 hours to 04:00, to six hours.
        ("weekly_all", 75, 3.5 * DAY, 24, 150, at(9, 6)),
        # Projections 55.2 and 62.8 to 5.
        ("weekly_all", 27.6, 3.5 * DAY, -22, 55, None),
        ("weekly_all", 31.4, 3.5 * DAY, -19, 65, None),
        # 16 hours to 16:00, to three hours.
        ("weekly_all", 84, 3.5 * DAY, 34, 170, at(8, 15)),
        # Pace 75.7 to 5; projection 630 to 50; 160 minutes to 14:40, to half an hour.
        ("weekly_all", 90, 1 * DAY, 75, 650, at(5, 14, 30)),
        # Projections 280, 264 and 462 to 25.
        ("weekly_all", 40, 1 * DAY, 26, 275, at(7, 0)),
        ("weekly_all", 37.7, 1 * DAY, 24, 275, at(7, 6)),
        ("weekly_all", 33, 0.5 * DAY, 26, 450, at(6, 0)),
        # Just before the reset: 09:46 to half an hour.
        ("weekly_all", 97, 6.7 * DAY, 1, 100, at(11, 10)),
        # Projections 3.5 to 1 and 23.3 to 2.
        ("weekly_all", 3, 6 * DAY, -85, 4, None),
        ("weekly_all", 20, 6 * DAY, -65, 24, None),
        # A projection is at least the usage.
        ("weekly_all", 46, 6.99 * DAY, -55, 46, None),
        ("weekly_all", 90.9, 6.999 * DAY, -9, 90.9, None),
        # Early, half a percent is about ten at the reset: 133 and 53.2 to 10.
        ("weekly_all", 9.5, 0.5 * DAY, 2, 130, at(10, 0)),
        ("weekly_all", 2.85, 0.375 * DAY, -3, 50, None),
        # The maximum.
        ("weekly_all", 99, 0.4 * DAY, 95, 999, at(4, 22)),
        # Times up to an hour ahead are shown to five minutes, then to 15 and 30.
        ("session", 97, 280 * MINUTE, 4, 100, at(4, 16, 50)),
        ("session", 90, 250 * MINUTE, 7, 110, at(4, 16, 40)),
        ("session", 60, 150 * MINUTE, 10, 120, at(4, 16, 15)),
        ("session", 40, 100 * MINUTE, 7, 120, at(4, 16)),
        ("session", 10, 15 * MINUTE, 5, 200, at(4, 14, 30)),
        ("session", 6, 15 * MINUTE, 1, 120, at(4, 16)),
        ("session", 50, 60 * MINUTE, 30, 250, at(4, 14)),
        ("session", 21, 60 * MINUTE, 1, 100, at(4, 17)),
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
    forecast = shown_even(window(percent, kind), START + elapsed)
    assert (forecast.pace, forecast.projected) == (pace, projected)
    assert forecast.runs_out_at == runs_out_at
    assert forecast.lasts is (runs_out_at is None)


@pytest.mark.parametrize(
    ("field", "step", "kept", "replaced"),
    # Steps of 1 around 10, of 10 around 120, and of twelve hours around 08:00.
    [
        ("pace", 10, (10.5, 9.5), (10.7, 9.3, -10)),
        ("projected", 120, (126, 114), (126.1, 113.9)),
        (
            "runs_out_at",
            at(10, 12),
            (at(10, 15, 12), at(10, 0, 48)),
            (at(10, 15, 13), at(10, 0, 47)),
        ),
    ],
)
def test_hysteresis(field: str, step: Any, kept: Any, replaced: Any) -> None:
    """A value is kept while the exact one is within 0.6 of a step."""
    for value in (*kept, *replaced):
        forecast = shown_even(window(60), MIDDLE, replace(BEFORE, **{field: value}))
        assert getattr(forecast, field) == (value if value in kept else step)


@pytest.mark.parametrize("lasted", [False, True])
@pytest.mark.parametrize(("confidence", "is_kept"), [(59.9, True), (60, False)])
@pytest.mark.parametrize("percent", [49, 51])
def test_verdict_is_kept_until_the_other_one_is_likely(
    percent: float, confidence: float, is_kept: bool, lasted: bool
) -> None:
    """A kept verdict has a matching run-out time, and at most 50% confidence."""
    lasts = lasted if is_kept else percent < 50
    last = replace(BEFORE, lasts=lasted)
    forecast = shown_even(window(percent), MIDDLE, last, confidence)
    assert forecast.lasts is lasts
    assert (forecast.runs_out_at is None) == lasts
    assert forecast.confidence == (60 if lasts is (percent < 50) else 50)


@pytest.mark.parametrize(
    ("later", "hours", "lasts"),
    [
        # Idle hours do not undo it, a refill does.
        (60, 2, False),
        (61, 11, False),
        (58, 2, True),
        (60, 12, True),
    ],
)
def test_verdict_is_not_undone_for_half_a_day(
    later: float, hours: float, lasts: bool
) -> None:
    """A run-out stays one, unless there is less usage than at the change."""
    ran_out = shown_even(window(60), MIDDLE, replace(BEFORE, lasts=True))
    assert (ran_out.lasts, ran_out.changed) == (False, (MIDDLE, 60))
    now = MIDDLE + hours * HOUR
    item = window(later)
    fine = replace(even(item, now), lasts=True, projected=90, runs_out_at=None)
    assert shown_forecast(fine, item, now, ran_out).lasts is lasts


@pytest.mark.parametrize(("later", "lasts"), [(40, True), (41, False)])
def test_a_run_out_needs_more_usage_after_a_change(later: float, lasts: bool) -> None:
    """A window that lasts again runs out only with more usage."""
    last = shown_even(window(40), MIDDLE, replace(BEFORE, lasts=False))
    assert (last.lasts, last.changed) == (True, (MIDDLE, 40))
    now, item = MIDDLE + HOUR, window(later)
    worse = replace(
        even(item, now), lasts=False, projected=120, runs_out_at=now + 9 * HOUR
    )
    assert shown_forecast(worse, item, now, last).lasts is lasts


@pytest.mark.parametrize(
    ("before", "exact_one", "confidence"),
    [(80, 86, 80), (80, 86.1, 90), (90, 95.9, 90), (90, 96.1, 100), (60, 53, 50)],
)
def test_confidence_has_steps_of_its_own(
    before: float, exact_one: float, confidence: float
) -> None:
    """It changes in steps of ten, also if nothing else does."""
    last = shown_even(window(30), MIDDLE, replace(BEFORE, lasts=True))
    last = replace(last, confidence=before)
    forecast = shown_even(window(30), MIDDLE, last, exact_one)
    assert forecast == replace(last, confidence=confidence)


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
    forecast = shown_even(window(percent), START + 0.5 * DAY, last, 55)
    assert (forecast.projected, forecast.lasts) == (projected, lasted)


def test_run_out_is_not_after_the_reset() -> None:
    """The nearest step would be two hours after the reset."""
    start = START - 2 * HOUR
    forecast = shown_even(window(51, start=start), start + 3.5 * DAY)
    assert forecast.runs_out_at == start + WEEK


@pytest.mark.parametrize(
    ("now", "before"),
    [(at(4, 16, 50), None), (at(4, 16, 50) + MINUTE / 2, at(4, 16, 50))],
)
def test_run_out_is_in_the_future(now: datetime, before: datetime | None) -> None:
    """The exact time is 16:52. The nearest step is not shown once it has passed."""
    last = before and replace(BEFORE, runs_out_at=before)
    forecast = shown_even(window(99.3, "session"), now, last)
    assert forecast.runs_out_at == at(4, 16, 55)


def assert_close(
    forecast: Forecast, item: UsageWindow, now: datetime, steps: float
) -> None:
    """Check that a shown forecast is at most some steps off the exact one."""
    true, length = even(item, now), LENGTHS[item.identity.kind]
    elapsed = (now - item.resets_at + length) / length
    pace = max(abs(true.pace) / 10, 1) * steps + 1e-9
    assert abs(forecast.pace - true.pace) <= pace
    projected = max(true.projected / 10, 1 / elapsed, 1) * steps + 1e-9
    assert abs(forecast.projected - true.projected) <= projected
    if forecast.runs_out_at is not None:
        assert forecast.runs_out_at > now
        time = true.runs_out_at or item.resets_at
        limit = max((time - now) / 4, length / 336, 5 * MINUTE) * steps
        # Or the nearest step has passed.
        is_next = forecast.runs_out_at - now <= 2 * limit
        assert is_next or abs(forecast.runs_out_at - time) <= limit


@given(
    kind=st.sampled_from(sorted(LENGTHS)),
    percent=st.floats(0, 99.9).map(lambda percent: round(percent, 1)),
    elapsed=st.floats(0.05, 0.999),
    offset=st.integers(0, 1439),
    later=st.floats(0, 0.001),
)
@settings(max_examples=400, deadline=None)
def test_shown_is_close_to_even(
    kind: str, percent: float, elapsed: float, offset: int, later: float
) -> None:
    """The error is half a step, and a moment later the pace is nearly the same."""
    start, length = START + offset * MINUTE, LENGTHS[kind]
    now, item = start + elapsed * length, window(percent, kind, start)
    forecast, pace = shown_even(item, now), even(item, now).pace
    assert_consistent(forecast, item, now)
    assert_close(forecast, item, now, 0.5)
    assert forecast.lasts is even(item, now).lasts
    now += later * length
    if now < item.resets_at and abs(pace) > 1:
        again = shown_even(item, now, forecast)
        assert abs(again.pace - forecast.pace) <= max(abs(pace) / 5, 1) + 0.2


@pytest.mark.parametrize("percent", [5, 28, 50, 77, 92, 99])
@pytest.mark.parametrize("days", [1, 2.5, 4, 6.5])
def test_few_changes_without_usage(percent: float, days: float) -> None:
    """Nine hours have at most 25 changes, and each value stays close to the exact one."""
    item, forecasts = window(percent), list[Forecast]()
    for minute in range(9 * 60 + 1):
        now = START + days * DAY + minute * MINUTE
        forecasts.append(shown_even(item, now, forecasts[-1] if forecasts else None))
        assert_close(forecasts[-1], item, now, 0.6)
    changes = sum(
        getattr(before, name) != getattr(after, name)
        for before, after in pairwise(forecasts)
        for name in ("pace", "projected", "runs_out_at", "lasts")
    )
    assert changes <= 25
