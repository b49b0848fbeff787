"""The times of single steps, and the counts of whole days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine
import json
import logging
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.usage import parse_usage
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from tests.common import add_entry, pass_time, settle
from tests.simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

FIXTURES = Path(__file__).parents[1] / "fixtures" / "usage"


@pytest.fixture(autouse=True)
def quiet(hass: HomeAssistant) -> None:
    """Measure the integration, not the checks and logs of a test run."""
    hass.loop.set_debug(False)
    logging.disable(logging.INFO)


def body(percent: float) -> dict[str, Any]:
    """Return a usage body with all there can be."""
    found = json.loads((FIXTURES / "scoped_far_above_weekly.json").read_text())["body"]
    found.update(json.loads((FIXTURES / "spend_only.json").read_text())["body"])
    found.update(json.loads((FIXTURES / "code_names.json").read_text())["body"])
    rows = json.loads((FIXTURES / "scoped_far_above_weekly.json").read_text())["body"]
    return {**found, "limits": [{**row, "percent": percent} for row in rows["limits"]]}


async def enabled_entry(hass: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    """Return a loaded entry with every entity enabled."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = body(31)
    entry = await add_entry(hass, simulator)
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    return entry


def run(hass: HomeAssistant, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run something in Home Assistant's loop."""
    return hass.loop.run_until_complete(coroutine)


def test_parse(hass: HomeAssistant, benchmark: BenchmarkFixture) -> None:
    """Parse the largest body."""
    largest = body(31)
    assert benchmark(parse_usage, largest).windows


def test_unchanged_poll(
    hass: HomeAssistant, simulator: Simulator, benchmark: BenchmarkFixture
) -> None:
    """Poll a loaded entry with every entity enabled, when nothing has changed."""
    entry = run(hass, enabled_entry(hass, simulator))
    coordinator = hass.data[DOMAIN][entry.entry_id]
    benchmark.pedantic(lambda: run(hass, coordinator.async_refresh()), rounds=200)
    assert coordinator.last_update_success


def test_changed_poll(
    hass: HomeAssistant, simulator: Simulator, benchmark: BenchmarkFixture
) -> None:
    """The same, when every number has."""
    entry = run(hass, enabled_entry(hass, simulator))
    coordinator = hass.data[DOMAIN][entry.entry_id]
    seat = simulator.world.accounts["ada"].seats[-1]
    percents = iter(range(10_000))

    def change() -> None:
        """Serve other numbers."""
        seat.fixed_body = body(next(percents) / 10)

    benchmark.pedantic(
        lambda: run(hass, coordinator.async_refresh()), setup=change, rounds=200
    )
    assert hass.states.get("sensor.claude_pulse_session_usage").state == "19.9"


def test_set_up(
    hass: HomeAssistant, simulator: Simulator, benchmark: BenchmarkFixture
) -> None:
    """Set up an entry that was unloaded."""
    entry = run(hass, enabled_entry(hass, simulator))

    def unload() -> None:
        """Unload it."""
        assert run(hass, hass.config_entries.async_unload(entry.entry_id))

    benchmark.pedantic(
        lambda: run(hass, hass.config_entries.async_setup(entry.entry_id)),
        setup=unload,
        rounds=50,
    )
    assert hass.states.get("sensor.claude_pulse_plan").state == "Max 20x"


@pytest.mark.parametrize("entries", [1, 50])
@pytest.mark.parametrize("hours_of_use", [0, 8], ids=["idle", "active"])
def test_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    record_property: Any,
    entries: int,
    hours_of_use: int,
) -> None:
    """Count what a day of polls does."""
    changes: Counter[str] = Counter()

    @callback
    def count(event: Event) -> None:
        """Count a change, apart for what follows the clock."""
        clock = ("countdown", "_pace", "_projected_usage", "_runs_out_at", "_lasts")
        changes["clock" if event.data["entity_id"].endswith(clock) else "other"] += 1

    async def day() -> None:
        """Let a day pass."""
        seat = simulator.world.accounts["ada"].seats[-1]
        meters = (seat.session, seat.weekly, *seat.models.values())
        for meter in meters if not hours_of_use else ():
            meter.set_rate(0, simulator.now)
            meter.started = None
        for number in range(entries):
            await add_entry(hass, simulator, title=f"Claude Pulse {number}")
        simulator.requests.clear()
        hass.bus.async_listen(EVENT_STATE_CHANGED, count)
        for poll in range(685):
            if poll == hours_of_use * 60 * 60 // 126:
                for meter in meters:
                    meter.set_rate(0, simulator.now)
            await pass_time(hass, freezer)

    run(hass, day())
    for name, value in (
        ("entries", entries),
        ("day", "active" if hours_of_use else "idle"),
        ("requests", len(simulator.requests)),
        ("changes", changes["other"]),
        ("clock", changes["clock"]),
    ):
        record_property(name, value)
    assert simulator.requests
