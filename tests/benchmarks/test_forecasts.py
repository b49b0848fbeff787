"""The errors of the forecasts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from statistics import median
from typing import Any

from freezegun.api import FrozenDateTimeFactory

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import add_entry, pass_time
from tests.simulator import Simulator
from tests.simulator.world import HOUR, WEEK, Meter

from .common import TWO_MINUTES

# The weeks: the use without a limit, and the hours of use in a day.
TOTALS = (60, 105, 140, 250)
HOURS_OF_USE = (24, 8, 2)

MISSING = (STATE_UNAVAILABLE, STATE_UNKNOWN)

# The time until a limit is reached.
DISTANCES = {
    "up to 1 h": HOUR,
    "1 to 6 h": 6 * HOUR,
    "6 to 24 h": 24 * HOUR,
    "1 to 3 days": 72 * HOUR,
    "beyond": timedelta.max,
}


@dataclass
class Exact:
    """The exact forecasts."""

    pace: float
    projected_usage: float
    runs_out_at: datetime


def exact(percent: float, resets_at: datetime, now: datetime) -> Exact:
    """Return the forecasts without rounding."""
    start = resets_at - WEEK
    elapsed = (now - start) / WEEK
    return Exact(
        pace=percent - elapsed * 100,
        projected_usage=percent / elapsed,
        runs_out_at=start + (now - start) / (percent / 100),
    )


def bucket_of(forecast: Exact, resets_at: datetime, now: datetime) -> str:
    """Return the name of the time until the limit is reached."""
    if forecast.runs_out_at > resets_at:
        return "not before its reset"
    distance = forecast.runs_out_at - now
    return next(name for name, limit in DISTANCES.items() if distance <= limit)


async def test_error_against_distance(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    results: dict[str, list[Any]],
) -> None:
    """Compare the forecasts of all weeks every minute."""
    seat = simulator.world.accounts["ada"].seats[-1]
    weeks = list(product(TOTALS, HOURS_OF_USE))
    start = simulator.now.replace(second=0, microsecond=0)
    seat.models = {
        f"Week {number}": Meter(WEEK, started=start) for number in range(len(weeks))
    }
    await add_entry(hass, simulator, update_interval=TWO_MINUTES)
    errors: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def shown(number: int, key: str) -> str:
        """Return a state of a week."""
        state = hass.states.get(f"sensor.claude_pulse_weekly_week_{number}_{key}")
        assert state is not None
        return state.state

    def compare(number: int, now: datetime) -> None:
        """Compare the forecasts of a week, if there are any."""
        if shown(number, "pace") in MISSING:
            return
        if (percent := float(shown(number, "usage"))) >= 100:
            return
        resets_at = dt_util.parse_datetime(shown(number, "resets_at"))
        forecast = exact(percent, resets_at, now)
        bucket = errors[bucket_of(forecast, resets_at, now)]
        for key in ("pace", "projected_usage"):
            bucket[key].append(abs(float(shown(number, key)) - getattr(forecast, key)))
        runs_out_at = dt_util.parse_datetime(shown(number, "runs_out_at"))
        if (runs_out_at is not None) != (forecast.runs_out_at <= resets_at):
            bucket["disagrees"].append(1)
        elif runs_out_at is not None:
            error = abs(runs_out_at - forecast.runs_out_at) / timedelta(minutes=1)
            bucket["runs_out_at"].append(error)

    for minute in range(7 * 24 * 60 - 1):
        if minute % 60 == 0:
            for (total, hours), meter in zip(weeks, seat.models.values(), strict=True):
                in_use = minute // 60 % 24 < hours
                rate = total / 7 / hours if in_use else 0
                meter.set_rate(rate, simulator.now)
        await pass_time(hass, freezer, 60)
        for number in range(len(weeks)):
            compare(number, dt_util.utcnow())
    for name in (*DISTANCES, "not before its reset"):
        found = errors[name]
        results["forecasts"].append(
            {
                "distance": name,
                "looks": len(found["pace"]),
                "disagrees": len(found.pop("disagrees", ())),
                **{
                    key: {"median": median(values), "most": max(values)}
                    for key, values in found.items()
                },
            }
        )
