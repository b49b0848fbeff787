"""What is shown of a forecast: in steps, and standing still as long as that is honest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.usage import Identity, UsageWindow
from custom_components.claude_pulse.forecast.projection import (
    Forecast,
    forecast_of,
    shown_forecast,
)

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LENGTHS = {
    "session": timedelta(hours=5),
    "weekly_all": timedelta(days=7),
    "weekly_scoped": timedelta(days=7),
}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEVER = None


def window(
    percent: float, kind: str = "weekly_all", start: datetime = START
) -> UsageWindow:
    """Return a window that started at a time."""
    return UsageWindow(Identity(kind), None, percent, start + LENGTHS[kind])


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of that May."""
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


def said(forecast: Forecast | None) -> tuple[object, ...]:
    """Return what a forecast says first of all."""
    assert forecast is not None
    return forecast.pace, forecast.projected, forecast.runs_out_at, forecast.lasts


@pytest.mark.parametrize(
    ("percent", "days", "pace", "projected", "runs_out_at"),
    [
        # Pace to 1, projection to 10 (a tenth of 120), run-out at 08:00 to twelve
        # hours (a quarter of 56 hours is more).
        (60, 3.5, 10, 120, at(10, 12)),
        # Enough: there is no run-out.
        (50, 3.5, 0, 100, NEVER),
        # Pace -20 to 2, projection 60 to 5.
        (30, 3.5, -20, 60, NEVER),
        # Pace 25 to 2; run-out at 04:00 to six hours (a quarter of 28 is 7).
        (75, 3.5, 24, 150, at(9, 6)),
        # Projections 55.2 and 62.8 to 5.
        (27.6, 3.5, -22, 55, NEVER),
        (31.4, 3.5, -19, 65, NEVER),
        # Run-out at 16:00 to three hours (a quarter of 16 is 4).
        (84, 3.5, 34, 170, at(8, 15)),
        # Pace 75.7 to 5, projection 630 to 50; 14:40 to half an hour (of 160 minutes).
        (90, 1, 75, 650, at(5, 14, 30)),
        # Pace 25.7 to 2, projection 280 to 25; 36 hours left, to six hours.
        (40, 1, 26, 275, at(7, 0)),
        # Pace 23.4 to 2; projection 264 to 25; 14:20:36 to half a day.
        (37.7, 1, 24, 275, at(7, 6)),
        # Projection 462 to 25; 00:21 to six hours.
        (33, 0.5, 26, 450, at(6, 0)),
        # At the end: projection 101.3 to 10, and 09:46 to half an hour, for a week.
        (97, 6.7, 1, 100, at(11, 10)),
        # Pace to 5, projection 3.5 to 1.
        (3, 6, -85, 4, NEVER),
        # Pace -65.7 to 5, projection 23.3 to 2.
        (20, 6, -65, 24, NEVER),
        # What is shown is at least what is used: 45.7 is projected, in steps of 2.
        (46, 6.99, -55, 46, NEVER),
        (90.9, 6.999, -9, 90.9, NEVER),
        # Early, half a percent is 10 at the end: projection 133.0 to 10 for that,
        # and 130.0 at 8 % of the time.
        (9.5, 0.5, 2, 130, at(10, 0)),
        # Half a percent is 9.3 at the end, so 53.2 is shown to 10, not to 5.
        (2.85, 0.375, -3, 50, NEVER),
        # Never more than 999.
        (99, 0.4, 95, 999, at(4, 22)),
    ],
)
def test_week(
    percent: float,
    days: float,
    pace: float,
    projected: float,
    runs_out_at: datetime | None,
) -> None:
    """Nothing has been shown before: the nearest step."""
    found = shown_forecast(window(percent), START + days * DAY, None)
    assert said(found) == (pace, projected, runs_out_at, runs_out_at is None)


@pytest.mark.parametrize(
    ("percent", "minutes", "pace", "projected", "runs_out_at"),
    [
        # 14:30 to half an hour (a quarter of 135 minutes).
        (10, 15, 5, 200, at(4, 14, 30)),
        # 16:10 to half an hour (a quarter of 235 minutes is less than an hour).
        (6, 15, 1, 120, at(4, 16)),
        (50, 60, 30, 250, at(4, 14)),
        # 16:45:42 to half an hour, of 226 minutes.
        (21, 60, 1, 100, at(4, 17)),
        # 16:37:46 to five minutes, of 27.
        (90, 250, 7, 110, at(4, 16, 40)),
        # 16:10 to a quarter of an hour, of 100.
        (60, 150, 10, 120, at(4, 16, 15)),
        # 16:10, of 150 minutes.
        (40, 100, 7, 120, at(4, 16)),
        # 16:48:39 to the finest step.
        (97, 280, 4, 100, at(4, 16, 50)),
    ],
)
def test_session(
    percent: float,
    minutes: float,
    pace: float,
    projected: float,
    runs_out_at: datetime | None,
) -> None:
    """The same steps, of a shorter window."""
    found = shown_forecast(window(percent, "session"), START + minutes * MINUTE, None)
    assert said(found) == (pace, projected, runs_out_at, False)


@pytest.mark.parametrize("percent", [30, 60, 75])
def test_week_of_a_model(percent: float) -> None:
    """It is as long as the other one."""
    now = START + 3.5 * DAY
    of_a_model, of_all = window(percent, "weekly_scoped"), window(percent)
    assert forecast_of(of_a_model, now) == forecast_of(of_all, now)
    assert shown_forecast(of_a_model, now, None) == shown_forecast(of_all, now, None)


def test_nothing_and_used_up() -> None:
    """Where there is no forecast nothing is shown, and what is used up as it is."""
    early = START + HOUR
    assert shown_forecast(window(50), early, None) is None
    found = shown_forecast(window(103.4), START + DAY, None)
    assert said(found) == (None, 103.4, None, False)
    assert (found.low, found.high, found.confidence) == (103.4, 103.4, 100)


def before(
    pace: float | None = 0,
    projected: float = 100,
    runs_out_at: datetime | None = None,
    *,
    lasts: bool = False,
) -> Forecast:
    """Return what has been shown."""
    return Forecast(
        pace=pace,
        projected=projected,
        low=1,
        high=998,
        runs_out_at=runs_out_at,
        lasts=lasts,
        confidence=77,
        expected=55,
        basis="before",
        weeks=9,
    )


@pytest.mark.parametrize(
    ("shown", "stays"),
    # Of a pace of exactly 10, in steps of 1.
    [(10.5, True), (9.5, True), (10.7, False), (9.3, False), (-10, False)],
)
def test_pace_stays(shown: float, stays: bool) -> None:
    """A pace is shown until it is more than 0.6 of a step off."""
    found = shown_forecast(window(60), START + 3.5 * DAY, before(pace=shown))
    assert found.pace == (shown if stays else 10)


@pytest.mark.parametrize(
    ("shown", "stays"),
    # Of 120, in steps of 10.
    [(126, True), (114, True), (126.1, False), (113.9, False)],
)
def test_projection_stays(shown: float, stays: bool) -> None:
    """So is a projection."""
    found = shown_forecast(window(60), START + 3.5 * DAY, before(projected=shown))
    assert found.projected == (shown if stays else 120)


@pytest.mark.parametrize(
    ("shown", "stays"),
    # Of 08:00 on the 10th, in steps of twelve hours: 7:12 are 0.6 of it.
    [
        (at(10, 15, 12), True),
        (at(10, 15, 13), False),
        (at(10, 0, 48), True),
        (at(10, 0, 47), False),
    ],
)
def test_run_out_stays(shown: datetime, stays: bool) -> None:
    """So is a run-out."""
    found = shown_forecast(window(60), START + 3.5 * DAY, before(runs_out_at=shown))
    assert found.runs_out_at == (shown if stays else at(10, 12))


@pytest.mark.parametrize(
    ("percent", "lasted", "lasts"),
    [
        # In the middle of a week half a percent is one at its end.
        (50.4, True, True),
        (50.4, False, False),
        (49.6, True, True),
        (49.6, False, False),
        # So much is certain.
        (50.6, True, False),
        (49.4, False, True),
    ],
)
def test_verdict_stays(percent: float, lasted: bool, lasts: bool) -> None:
    """The verdict stays while the rounding of the percentage could decide it."""
    now = START + 3.5 * DAY
    found = shown_forecast(window(percent), now, before(lasts=lasted))
    assert found.lasts is lasts
    assert (found.runs_out_at is None) is lasts


def test_verdict_is_certain_from_half_a_percent_on() -> None:
    """Half a percent itself is not within the rounding: it would have been rounded up."""
    now = START + 3.5 * DAY
    assert not shown_forecast(window(50.5), now, before(lasts=True)).lasts
    assert shown_forecast(window(49.5), now, before(lasts=False)).lasts


def test_verdict_without_a_run_out() -> None:
    """A window that just lasts, and was said not to, runs out at its reset."""
    found = shown_forecast(window(49.8), START + 3.5 * DAY, before(lasts=False))
    assert found.runs_out_at == at(11, 12)


def test_run_out_is_never_after_the_reset() -> None:
    """The nearest step would be noon, two hours after it."""
    start = START - 2 * HOUR
    found = shown_forecast(window(51, start=start), start + 3.5 * DAY, None)
    assert found.runs_out_at == start + 7 * DAY


def test_run_out_that_the_clock_has_overtaken() -> None:
    """It is at 16:52, which would show as 16:50: that is now, so the next step is."""
    now = at(4, 16, 50)
    found = shown_forecast(window(99.3, "session"), now, None)
    assert found.runs_out_at == at(4, 16, 55)
    # What was shown is near enough, but past.
    shown = before(runs_out_at=at(4, 16, 50))
    found = shown_forecast(window(99.3, "session"), now + MINUTE / 2, shown)
    assert found.runs_out_at == at(4, 16, 55)


@given(
    kind=st.sampled_from(sorted(LENGTHS)),
    percent=st.floats(0, 99.9).map(lambda percent: round(percent, 1)),
    elapsed=st.floats(0.05, 0.999),
    offset=st.integers(0, 1439),
    later=st.floats(0, 0.001),
)
@settings(max_examples=400, deadline=None)
def test_near_the_truth(
    kind: str, percent: float, elapsed: float, offset: int, later: float
) -> None:
    """What is shown is a tenth or the rounding off, and stands still for a moment."""
    start, span = START + offset * MINUTE, LENGTHS[kind]
    seen = window(percent, kind, start)
    now = start + elapsed * span
    exact, shown = forecast_of(seen, now), shown_forecast(seen, now, None)
    assert exact is not None
    assert shown is not None
    assert shown.lasts is exact.lasts
    assert abs(shown.pace - exact.pace) <= max(abs(exact.pace) / 20, 0.5) + 1e-9
    most = max(exact.projected / 20, 0.5 / elapsed, 0.5) + 1e-9
    assert abs(shown.projected - exact.projected) <= most
    assert percent <= shown.projected <= 999
    if exact.runs_out_at is not None:
        assert now < shown.runs_out_at <= seen.resets_at
        left = exact.runs_out_at - now
        most = max(left / 8, span / 672, 2.5 * MINUTE)
        off = abs(shown.runs_out_at - exact.runs_out_at)
        # But for a step that the clock has overtaken.
        assert off <= most or shown.runs_out_at - now <= 2 * most

    again = shown_forecast(seen, now + later * span, shown)
    if again is not None and abs(exact.pace) > 1:
        assert abs(again.pace - shown.pace) <= max(abs(exact.pace) / 5, 1) + 0.2


@pytest.mark.parametrize(
    ("percent", "seen", "lasted", "projected"),
    # In the first hours of a week half a percent is seven at its end.
    [
        (7.4, 104, True, 100),
        (7.4, 104, False, 104),
        (6.9, 96, False, 100),
        (6.9, 96, True, 96),
    ],
)
def test_projection_does_not_contradict_the_verdict(
    percent: float, seen: float, lasted: bool, projected: float
) -> None:
    """Where that is held, the projection goes as far as 100 and no further."""
    shown = before(projected=seen, lasts=lasted)
    found = shown_forecast(window(percent), START + 0.5 * DAY, shown)
    assert (found.projected, found.lasts) == (projected, lasted)
