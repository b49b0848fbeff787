"""The ten sensors: values, names, and when they change."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED, EntityCategory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from .common import TEN_KEYS, Claude, pass_steps, session
from .simulator.world import Meter

NOON = "2026-05-04T12:00:00+00:00"
CASES = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "fixtures" / "usage").glob("*.json"))
}

# Unit, state class and category by key.
SENSORS: dict[str, tuple[Any, Any, Any]] = {
    "session_usage": ("%", "measurement", None),
    "weekly_usage": ("%", "measurement", None),
    "session_reset_countdown": (None, None, None),
    "session_reset_time": (None, None, None),
    "weekly_reset": (None, None, None),
    "weekly_reset_weekday": (None, None, None),
    "weekly_reset_time": (None, None, None),
    "session_used": ("%", None, None),
    "session_limit": ("%", None, None),
    "plan": (None, None, EntityCategory.DIAGNOSTIC),
}


@pytest.fixture
def fast_loop(hass: HomeAssistant) -> None:
    """Turn off asyncio's debug checks, which dominate the time of many polls."""
    hass.loop.set_debug(False)


def meters(claude: Claude) -> list[Meter]:
    """Return the simulator's meters of the session, the week and the model."""
    seat = claude.server.world.accounts["ada"].seats[-1]
    return [seat.session, seat.weekly, *seat.models.values()]


def idle(claude: Claude) -> None:
    """Stop all usage, without changing the windows."""
    for meter in meters(claude):
        meter.set_rate(0, claude.server.now)


def changes(events: list[Event]) -> Counter[str]:
    """Count state changes by key of the entity."""
    return Counter(
        event.data["entity_id"].partition("claude_pulse_")[2] for event in events
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_body_to_states(claude: Claude, case: dict[str, Any]) -> None:
    """Each body sets the ten states; what is missing in it is unknown."""
    claude.clock.move_to(NOON)
    await claude.hass.config.async_update(time_zone="Europe/Berlin")
    claude.serve(case["body"])
    await claude.entry()
    unknown = dict.fromkeys(TEN_KEYS, "unknown")
    assert claude.states() == {**unknown, "plan": "Max 20x", **case["states"]}


@pytest.mark.smoke
async def test_descriptions(claude: Claude, entity_registry: er.EntityRegistry) -> None:
    """Each sensor has its name, unit, state class and category."""
    await claude.entry()
    for key, expected in SENSORS.items():
        state = claude.hass.states.get(f"sensor.claude_pulse_{key}")
        assert state.name == f"Claude Pulse {key.replace('_', ' ').capitalize()}"
        assert expected == (
            state.attributes.get("unit_of_measurement"),
            state.attributes.get("state_class"),
            entity_registry.async_get(state.entity_id).entity_category,
        )


@pytest.mark.smoke
async def test_language_area_and_time_zone(
    claude: Claude, area_registry: ar.AreaRegistry, device_registry: dr.DeviceRegistry
) -> None:
    """Entity ids depend on neither language nor area, and times are local."""
    claude.clock.move_to(NOON)
    claude.hass.config.language = "de"
    await claude.hass.config.async_update(time_zone="Asia/Kolkata")
    claude.serve(CASES["modern"]["body"])
    entry = claude.stored_entry()
    device = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, entry.entry_id)}
    )
    area = area_registry.async_create("Arbeitszimmer")
    device_registry.async_update_device(device.id, area_id=area.id)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()

    assert (
        claude.states().items()
        >= {
            "session_reset_countdown": "2h 30m",
            "session_reset_time": "08:00 PM",
            "weekly_reset": "Friday @ 07:15 AM",
            "weekly_reset_weekday": "Friday",
            "weekly_reset_time": "07:15 AM",
        }.items()
    )


@pytest.mark.smoke
async def test_time_zone_changes(claude: Claude) -> None:
    """Times follow a new time zone immediately, without a request."""
    claude.clock.move_to(NOON)
    claude.server.restart()
    await claude.hass.config.async_update(time_zone="UTC")
    await claude.entry()
    assert claude.state("session_reset_time") == "02:30 PM"
    before = len(claude.server.requests)

    await claude.hass.config.async_update(time_zone="America/New_York")
    await claude.settle()
    assert claude.state("session_reset_time") == "10:30 AM"
    assert len(claude.server.requests) == before


async def test_midnight_and_noon(claude: Claude) -> None:
    """The hour after noon and the hour after midnight are 12."""
    claude.clock.move_to("2026-05-04T10:00:00+00:00")
    await claude.hass.config.async_update(time_zone="UTC")
    week = {"utilization": 5, "resets_at": "2026-05-06T00:05:00Z"}
    claude.serve(session(5, "2026-05-04T12:05:00Z", seven_day=week))
    await claude.entry()
    assert claude.state("session_reset_time") == "12:05 PM"
    assert claude.state("weekly_reset") == "Wednesday @ 12:05 AM"


@pytest.mark.smoke
async def test_countdown(claude: Claude) -> None:
    """The countdown changes once a minute until the reset, without a request."""
    claude.clock.move_to("2026-05-04T12:00:30+00:00")
    claude.serve(session(5, "2026-05-04T13:01:00Z"))
    await claude.entry(update_interval=86400)
    before = claude.polls
    shown = [claude.state("session_reset_countdown")]
    for _ in range(61):
        await claude.pass_time(60)
        shown.append(claude.state("session_reset_countdown"))

    assert shown == ["1h 1m", "1h 0m", *(f"{left}m" for left in range(59, -1, -1))]
    # The poll after the reset, at 13:01:15.
    assert claude.polls == before + 1


@pytest.mark.usefixtures("fast_loop")
@pytest.mark.parametrize("running", [True, False])
async def test_idle_day(claude: Claude, running: bool) -> None:
    """720 polls change the countdown and the forecasts of running windows only."""
    claude.clock.move_to("2026-05-04T06:00:20+00:00")
    claude.server.restart()
    idle(claude)
    session_meter, *_ = meters(claude)
    session_meter.length *= 10
    for meter in [] if running else meters(claude):
        meter.started = None
    await claude.entry()
    assert ("unknown" in claude.states().values()) is not running
    assert (claude.state("session_usage") == "0") is not running
    events = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    before = claude.polls
    await pass_steps(claude, 720)

    assert claude.polls == before + 720
    changed = changes(events)
    assert changed.pop("session_reset_countdown", 0) == (720 if running else 0)
    # There are two midnights. Without a recorder, the first one makes the day known.
    assert changed.pop("weekly_used_today") == 1
    assert changed.pop("weekly_budget_today", 0) == (2 if running else 0)
    # A day is 14.3% of a week.
    assert changed["weekly_pace"] <= 15
    forecasts = ("_pace", "_projected_usage", "_runs_out_at", "_lasts")
    assert [key for key in changed if not (running and key.endswith(forecasts))] == []


@pytest.mark.usefixtures("fast_loop")
async def test_active_day(claude: Claude) -> None:
    """States follow the server and change with their values only, with few requests."""
    claude.server.restart()
    await claude.entry()
    session_meter, *_ = meters(claude)
    keys = ("session_usage", "weekly_usage", "weekly_fable_usage", "session_resets_at")
    values: dict[str, list[str]] = {key: [] for key in keys}
    events = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    claude.server.requests.clear()
    for poll in range(685):
        # Eight hours of usage.
        if poll == 228:
            idle(claude)
        await claude.pass_time()
        percent, _reset = session_meter.read(claude.server.now)
        shown = float(claude.state("session_usage"))
        assert shown == pytest.approx(percent, abs=0.06)
        for key, seen in values.items():
            if (state := claude.state(key)) not in seen[-1:]:
                seen.append(state)

    usage = map(float, values["session_usage"])
    assert sum(after < before for before, after in pairwise(usage)) == 3
    changed = changes(events)
    # The clock moves in large steps: a window is over before the poll after its reset.
    resets = len(values["session_resets_at"])
    for key, seen in values.items():
        assert changed[key] <= len(seen) + 2 * resets
    for key in ("session_limit", "plan", "weekly_reset", "weekly_resets_at"):
        assert changed[key] == 0
    assert changed["session_used"] == changed["session_usage"]
    # At most five session windows begin in a day.
    assert 685 <= claude.polls <= 690
    assert len(claude.server.requests) - claude.polls <= 10
