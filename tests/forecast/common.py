"""Helpers for the tests of forecasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    Identity,
    UsageWindow,
)
from custom_components.claude_pulse.forecast.profile import UsageProfile
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    forecast_of,
    shown_forecast,
)
from custom_components.claude_pulse.forecast.sessions import run_out_of

# A Monday.
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
LENGTHS = {"session": 5 * HOUR, "weekly_all": WEEK, "weekly_scoped": WEEK}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time in May 2026."""
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


def window(
    percent: float, kind: str = "weekly_all", start: datetime = START
) -> UsageWindow:
    """Return a window that starts at a time."""
    length = LENGTHS.get(kind, WEEK)
    return UsageWindow(Identity(kind), None, percent, start + length)


def exact(
    window: UsageWindow, now: datetime, profile: UsageProfile | None = None
) -> Forecast:
    """Return the exact forecast, which exists."""
    forecast = forecast_of(window, now, profile)
    assert forecast is not None
    return forecast


def shown(
    window: UsageWindow,
    now: datetime,
    before: Forecast | None = None,
    profile: UsageProfile | None = None,
) -> Forecast:
    """Return the shown forecast, which exists."""
    return shown_forecast(exact(window, now, profile), window, now, before)


def even(window: UsageWindow, now: datetime, confidence: float = 90) -> Forecast:
    """Return the forecast of a window that continues at the rate so far."""
    length, used = LENGTHS[window.kind], window.percent
    assert window.resets_at is not None
    start = window.resets_at - length
    elapsed = (now - start) / length
    lasts = used <= 100 * elapsed * (1 + 1e-9)
    return Forecast(
        pace=used - 100 * elapsed,
        projected=min(used / elapsed, 999),
        low=used,
        high=999,
        runs_out_at=None if lasts else now + (now - start) * (100 - used) / used,
        lasts=lasts,
        confidence=confidence,
        expected=None,
        basis="even",
        weeks=0,
        rounding=0.5 / elapsed,
    )


def shown_even(
    window: UsageWindow,
    now: datetime,
    before: Forecast | None = None,
    confidence: float = 90,
) -> Forecast:
    """Return the shown forecast of a window that continues at the rate so far."""
    return shown_forecast(even(window, now, confidence), window, now, before)


def assert_consistent(forecast: Forecast, window: UsageWindow, now: datetime) -> None:
    """Check what holds for every forecast, whether exact or shown."""
    if window.percent >= 100:
        assert (forecast.pace, forecast.runs_out_at) == (None, None)
        assert (forecast.lasts, forecast.confidence) == (False, 100)
        assert forecast.low == forecast.projected == forecast.high == window.percent
        return
    assert window.percent <= forecast.projected <= 999
    assert forecast.low <= forecast.projected <= forecast.high
    assert 50 <= forecast.confidence <= 100
    assert forecast.projected <= 100 if forecast.lasts else forecast.projected >= 100
    if forecast.lasts:
        assert forecast.runs_out_at is None
    elif window.identity != SESSION or run_out_of(window, now):
        assert forecast.runs_out_at is not None
    if forecast.runs_out_at is not None:
        assert window.resets_at is not None
        assert now - timedelta(seconds=1) <= forecast.runs_out_at <= window.resets_at
