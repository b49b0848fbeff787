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
    window: UsageWindow, expected: Forecast | None, now: datetime, before: bool | None
) -> bool | None:
    """Return whether a limit is at risk, or the last result if it has no forecast."""
    if WILL_RUN_OUT not in types_of(window.identity):
        return before
    if expected is None or expected.pace is None:
        return before
    is_session = window.identity == SESSION
    if before:
        return is_session or expected.projected > _NO_RISK
    if is_session and _may_run_out(expected) and is_limit_near(window, now):
        return True
    return is_certain(expected)


def is_certain(expected: Forecast | None) -> bool:
    """Return whether the forecast is certain that a limit runs out."""
    return expected is not None and not expected.lasts and expected.is_certain


def is_at_usual_time(
    window: UsageWindow,
    expected: Forecast | None,
    now: datetime,
    is_usual: Callable[[datetime], bool],
) -> bool:
    """Return whether the person will still work when a session runs out."""
    if window.identity != SESSION or expected is None:
        return True
    time = runs_out_at(window, expected, now)
    return time is None or is_usual(time)


def runs_out_at(
    window: UsageWindow, expected: Forecast | None, now: datetime
) -> datetime | None:
    """Return when a limit runs out, or None if it lasts or if that is unknown."""
    if expected is None or expected.pace is None:
        return None
    if window.identity == SESSION and _may_run_out(expected):
        return expected.runs_out_at or run_out_of(window, now)
    return expected.runs_out_at


def _may_run_out(expected: Forecast) -> bool:
    """Return whether it is not certain that a limit lasts."""
    return not (expected.lasts and expected.is_certain)
