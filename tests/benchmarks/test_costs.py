"""Processor time and memory, compared with the yardstick in the same run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
import gc
import json
from pathlib import Path
from statistics import median
from time import process_time
import tracemalloc
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.usage import parse_usage
from custom_components.claude_pulse.forecast.habit import learn
from custom_components.claude_pulse.forecast.history import Habits
from custom_components.claude_pulse.forecast.profile import profile_of
from custom_components.claude_pulse.forecast.projection import (
    BASIS_HABIT,
    forecast_of,
    shown_forecast,
)
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import add_entry, pass_time, settle
from tests.simulator import Simulator

from .common import (
    KEYS,
    TWO_MINUTES,
    add_yardstick,
    coordinator_of,
    know_office_hours,
    requests_of,
    serve_unchanged,
)
from .crowd import CROWD

FIXTURES = Path(__file__).parents[1] / "fixtures" / "usage"

# The number of entries that are set up before the measured ones.
FIRST = 5

Results = dict[str, list[Any]]

ADDERS: dict[str, Callable[..., Awaitable[MockConfigEntry]]] = {
    "yardstick": add_yardstick,
    "claude_pulse": add_entry,
}


def add_times(results: Results, step: str, times: dict[str, list[float]]) -> None:
    """Add the median times of a step, by integration."""
    medians = {name: median(taken) for name, taken in times.items()}
    results["times"].append({"step": step, **medians})


def test_parse(results: Results) -> None:
    """Time to parse a body with everything."""
    body: dict[str, Any] = {}
    for name in ("spend_only", "code_names", "scoped_far_above_weekly"):
        body |= json.loads((FIXTURES / f"{name}.json").read_text())["body"]
    times = []
    for _ in range(50):
        before = process_time()
        for _ in range(100):
            usage = parse_usage(body)
        times.append((process_time() - before) / 100)
    add_times(results, "parse", {"claude_pulse": times})
    assert usage.windows


@pytest.mark.parametrize("apart", ["keep", "close"], indirect=True)
async def test_unchanged_poll(
    request: pytest.FixtureRequest,
    hass: HomeAssistant,
    apart: Simulator,
    results: Results,
) -> None:
    """Time of polls that change nothing, ten of each integration in turns."""
    await serve_unchanged(apart)
    coordinators = {
        name: coordinator_of(hass, await add(hass, apart))
        for name, add in ADDERS.items()
    }
    times = defaultdict(list)
    before_all = await requests_of(apart)
    for _ in range(100):
        for name, coordinator in coordinators.items():
            before = process_time()
            for _ in range(10):
                await coordinator.async_refresh()
            times[name].append((process_time() - before) / 10)
    add_times(results, f"poll_{request.node.callspec.params['apart']}", times)
    assert await requests_of(apart) >= before_all + 2000


async def test_idle_hour(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    apart: Simulator,
    results: Results,
) -> None:
    """Time of an hour of sixty minutes and thirty polls, minus that of an empty one."""

    async def hour(polls: int) -> float:
        """Pass an hour."""
        requests = await requests_of(apart)
        before = process_time()
        for _ in range(60):
            await pass_time(hass, freezer, 60)
        taken = process_time() - before
        # Some can be no polls.
        assert await requests_of(apart) - requests in range(polls, polls + 3)
        return taken

    times = defaultdict(list)
    for _ in range(12):
        await serve_unchanged(apart)
        empty = await hour(0)
        for name, add in ADDERS.items():
            options = {"update_interval": TWO_MINUTES} if add is add_entry else {}
            await serve_unchanged(apart)
            entry = await add(hass, apart, **options)
            times[name].append(await hour(30) - empty)
            await hass.config_entries.async_remove(entry.entry_id)
            await settle(hass)
    add_times(results, "hour", times)


async def test_set_up(hass: HomeAssistant, apart: Simulator, results: Results) -> None:
    """Time to set up further entries, each with its own account."""
    times = defaultdict(list)
    for number in range(CROWD):
        for name, add in ADDERS.items():
            before = process_time()
            await add(hass, apart, f"ada{number}", title=f"Entry {number}")
            if number >= FIRST:
                times[name].append(process_time() - before)
    add_times(results, "set_up", times)


@pytest.mark.freeze_time("2026-05-06T15:30:00+00:00")
async def test_forecast(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    results: Results,
) -> None:
    """Time to learn a habit, to forecast with it, and to update the entities."""
    runtime = runtime_of(hass, await add_entry(hass, simulator))
    know_office_hours(runtime)
    now, week = dt_util.utcnow(), runtime.coordinator.data.weekly
    history = runtime.history._histories["weekly"]
    times = defaultdict(list)
    for _ in range(50):
        begun = process_time()
        habit = learn(history, now, dt_util.DEFAULT_TIME_ZONE)
        times["learn"].append(process_time() - begun)
        profile = profile_of(week, habit)
        begun = process_time()
        for _ in range(100):
            exact = forecast_of(week, now, profile)
            forecast = shown_forecast(exact, week, now, None)
        times["forecast"].append((process_time() - begun) / 100)
        begun = process_time()
        runtime.history.habits = Habits(dict.fromkeys(KEYS, habit), None)
        runtime.coordinator.async_update_listeners()
        times["refresh"].append(process_time() - begun)
        assert forecast.basis == BASIS_HABIT
    for step in ("forecast", "learn", "refresh"):
        add_times(results, step, {"claude_pulse": times[step]})


async def test_memory(hass: HomeAssistant, apart: Simulator, results: Results) -> None:
    """Memory that further entries keep, and the number of their entities."""
    kept = {}
    tracemalloc.start()
    for name, add in ADDERS.items():
        entities = hass.states.async_entity_ids_count()
        for number in range(CROWD):
            if number == FIRST:
                gc.collect()
                before, _ = tracemalloc.get_traced_memory()
            await add(hass, apart, f"ada{number}", title=f"Entry {number}")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        kept[name] = {
            "bytes": (after - before) / (CROWD - FIRST),
            "entities": (hass.states.async_entity_ids_count() - entities) / CROWD,
        }
    tracemalloc.stop()
    results["memory"].append(kept)
    assert kept["yardstick"]["entities"] == 4
