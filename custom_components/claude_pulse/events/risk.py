"""Whether a limit is expected to run out, and when. Pure.

| A limit | is at risk | until |
| --- | --- | --- |
| of a week | if its forecast is certain that it runs out | its projection falls to 95% |
| of a session | the same, or if its own rate uses it up soon and it is not certain to last | its reset or a refill |
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..claude_ai.windows import SESSION, UsageWindow
from ..forecast.projection import Forecast
from ..forecast.sessions import is_limit_near, run_out_of
from .model import WILL_RUN_OUT, types_of

_NO_RISK = 95


def is_at_risk(
    window: UsageWindow, forecast: Forecast | None, now: datetime, before: bool | None
) -> bool | None:
    """Return whether a limit is at risk, or without a forecast the last result, `before`."""
    if WILL_RUN_OUT not in types_of(window.identity):
        return before
    if forecast is None or forecast.pace is None:
        return before
    is_session = window.identity == SESSION
    if before:
        return is_session or forecast.projected > _NO_RISK
    if is_session and _may_run_out(forecast) and is_limit_near(window, now):
        return True
    return will_certainly_run_out(forecast)


def will_certainly_run_out(forecast: Forecast | None) -> bool:
    """Return whether there is a forecast that is certain that a limit runs out."""
    return forecast is not None and not forecast.lasts and forecast.is_certain


def is_at_usual_time(
    window: UsageWindow,
    forecast: Forecast | None,
    now: datetime,
    is_usual: Callable[[datetime], bool],
) -> bool:
    """Return whether a session runs out at an hour at which the person usually uses Claude.

    Return True for other limits, and if the time is unknown.
    """
    if window.identity != SESSION or forecast is None:
        return True
    time = runs_out_at(window, forecast, now)
    return time is None or is_usual(time)


def runs_out_at(
    window: UsageWindow, forecast: Forecast | None, now: datetime
) -> datetime | None:
    """Return when a limit runs out, or None if it lasts or the time is unknown."""
    if forecast is None or forecast.pace is None:
        return None
    if window.identity == SESSION and _may_run_out(forecast):
        return forecast.runs_out_at or run_out_of(window, now)
    return forecast.runs_out_at


def _may_run_out(forecast: Forecast) -> bool:
    """Return whether it is not certain that a limit lasts."""
    return not (forecast.lasts and forecast.is_certain)
