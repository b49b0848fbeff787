"""The ten sensors: values, names, and when they change."""

from __future__ import annotations

from collections import Counter
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED, EntityCategory
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from .common import TEN_KEYS, add_entry, pass_time, seat_of, settle, states
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

BODIES = sorted((Path(__file__).parent / "fixtures" / "usage").glob("*.json"))
COUNTDOWN = "sensor.claude_pulse_session_reset_countdown"


@pytest.fixture
def changes(hass: HomeAssistant) -> Counter[str]:
    """Count state changes by entity."""
    counter: Counter[str] = Counter()

    @callback
    def count(event: Event) -> None:
        """Count one."""
        counter[event.data["entity_id"]] += 1

    hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    return counter


@pytest.fixture
def long_day(hass: HomeAssistant) -> None:
    """Leave out asyncio's own checks, which take most of the time of many polls."""
    hass.loop.set_debug(False)


def idle(simulator: Simulator) -> None:
    """Stop all use, with the windows as they are."""
    for seat in simulator.world.accounts["ada"].seats:
        for meter in filter(None, (seat.session, seat.weekly, *seat.models.values())):
            meter.set_rate(0, simulator.now)


def follows_clock(entity_id: str) -> bool:
    """Tell whether an entity says how a window's use compares with its time."""
    return entity_id.endswith(("_pace", "_projected_usage", "_runs_out_at", "_lasts"))


@pytest.mark.parametrize("path", BODIES, ids=lambda path: path.stem)
async def test_body_to_states(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    path: Path,
) -> None:
    """Each body gives the ten states; what it does not say is unknown."""
    freezer.move_to("2026-05-04T12:00:00+00:00")
    await hass.config.async_update(time_zone="Europe/Berlin")
    case: dict[str, Any] = json.loads(path.read_text())
    simulator.world.accounts["ada"].seats[-1].fixed_body = case["body"]
    await add_entry(hass, simulator)

    assert states(hass) == {
        **dict.fromkeys(TEN_KEYS, "unknown"),
        "plan": "Max 20x",
        **case["states"],
    }


@pytest.mark.smoke
async def test_what_the_sensors_are(
    hass: HomeAssistant, simulator: Simulator, entity_registry: er.EntityRegistry
) -> None:
    """Names, units, classes and categories."""
    await add_entry(hass, simulator)
    found = {}
    for key in TEN_KEYS:
        state = hass.states.get(f"sensor.claude_pulse_{key}")
        found[key] = (
            state.attributes["friendly_name"],
            state.attributes.get("unit_of_measurement"),
            state.attributes.get("state_class"),
            entity_registry.async_get(state.entity_id).entity_category,
        )
    assert found == {
        "session_usage": ("Claude Pulse Session usage", "%", "measurement", None),
        "weekly_usage": ("Claude Pulse Weekly usage", "%", "measurement", None),
        "session_reset_countdown": (
            "Claude Pulse Session reset countdown",
            None,
            None,
            None,
        ),
        "session_reset_time": ("Claude Pulse Session reset time", None, None, None),
        "weekly_reset": ("Claude Pulse Weekly reset", None, None, None),
        "weekly_reset_weekday": ("Claude Pulse Weekly reset weekday", None, None, None),
        "weekly_reset_time": ("Claude Pulse Weekly reset time", None, None, None),
        "session_used": ("Claude Pulse Session used", "%", None, None),
        "session_limit": ("Claude Pulse Session limit", "%", None, None),
        "plan": ("Claude Pulse Plan", None, None, EntityCategory.DIAGNOSTIC),
    }


@pytest.mark.smoke
async def test_german_in_an_area_in_another_time_zone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    area_registry: ar.AreaRegistry,
    device_registry: dr.DeviceRegistry,
) -> None:
    """Entity ids and clock times follow neither the language, the area nor the process."""
    freezer.move_to("2026-05-04T12:00:00+00:00")
    hass.config.language = "de"
    await hass.config.async_update(time_zone="Asia/Kolkata")
    path = next(path for path in BODIES if path.stem == "modern")
    body = json.loads(path.read_text())["body"]
    simulator.world.accounts["ada"].seats[-1].fixed_body = body
    entry = MockConfigEntry(
        data=seat_of(simulator), domain=DOMAIN, title="Claude Pulse", version=2
    )
    entry.add_to_hass(hass)
    device = device_registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, entry.entry_id)}
    )
    area = area_registry.async_create("Arbeitszimmer")
    device_registry.async_update_device(device.id, area_id=area.id)

    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)

    found = states(hass)
    assert found["session_reset_countdown"] == "2h 30m"
    assert found["session_reset_time"] == "08:00 PM"
    assert found["weekly_reset"] == "Friday @ 07:15 AM"
    assert found["weekly_reset_weekday"] == "Friday"
    assert found["weekly_reset_time"] == "07:15 AM"


@pytest.mark.smoke
async def test_new_time_zone_shows_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Clock times follow Home Assistant's time zone without a poll."""
    freezer.move_to("2026-05-04T12:00:00+00:00")
    simulator.restart()
    await hass.config.async_update(time_zone="UTC")
    await add_entry(hass, simulator)
    assert states(hass)["session_reset_time"] == "02:30 PM"
    before = len(simulator.requests)

    await hass.config.async_update(time_zone="America/New_York")
    await settle(hass)

    assert states(hass)["session_reset_time"] == "10:30 AM"
    assert len(simulator.requests) == before


async def test_midnight_and_noon(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The hours around noon and midnight are 12."""
    freezer.move_to("2026-05-04T10:00:00+00:00")
    await hass.config.async_update(time_zone="UTC")
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "five_hour": {"utilization": 5, "resets_at": "2026-05-04T12:05:00Z"},
        "seven_day": {"utilization": 5, "resets_at": "2026-05-06T00:05:00Z"},
    }
    await add_entry(hass, simulator)

    assert states(hass)["session_reset_time"] == "12:05 PM"
    assert states(hass)["weekly_reset"] == "Wednesday @ 12:05 AM"


@pytest.mark.smoke
async def test_countdown_ticks_by_itself(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The countdown moves once a minute without a request, down to the reset."""
    freezer.move_to("2026-05-04T12:00:30+00:00")
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "five_hour": {"utilization": 5, "resets_at": "2026-05-04T13:01:00Z"}
    }
    await add_entry(hass, simulator, update_interval=86400)
    before = len(simulator.requests)
    shown = [hass.states.get(COUNTDOWN).state]
    for _ in range(61):
        await pass_time(hass, freezer, 60)
        shown.append(hass.states.get(COUNTDOWN).state)

    assert shown == ["1h 1m", "1h 0m", *(f"{left}m" for left in range(59, -1, -1))]
    # What the reset made due, at 13:01:15.
    polls = [request.path for request in simulator.requests[before:]]
    assert sum(path.endswith("/usage") for path in polls) == 1


@pytest.mark.usefixtures("long_day")
async def test_idle_day_changes_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    changes: Counter[str],
) -> None:
    """720 polls with jittering timestamps change no state but the countdown's."""
    freezer.move_to("2026-05-04T06:00:20+00:00")
    simulator.restart()
    seat = simulator.world.accounts["ada"].seats[-1]
    idle(simulator)
    seat.session.length *= 10
    await add_entry(hass, simulator)
    assert "unknown" not in states(hass).values()
    changes.clear()
    polls_before = len(simulator.requests)
    for _ in range(720):
        await pass_time(hass, freezer)

    usage = [r for r in simulator.requests[polls_before:] if "/usage" in r.path]
    assert len(usage) == 720
    # A window that runs moves what follows the clock, and nothing else.
    assert changes.pop(COUNTDOWN) == 720
    assert {entity_id for entity_id in changes if not follows_clock(entity_id)} == set()
    # A day is 14.3 % of a week.
    assert changes["sensor.claude_pulse_weekly_pace"] <= 15


@pytest.mark.usefixtures("long_day")
async def test_idle_day_without_a_window_changes_nothing_at_all(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    changes: Counter[str],
) -> None:
    """While no session window runs, the countdown stands still too."""
    idle(simulator)
    seat = simulator.world.accounts["ada"].seats[-1]
    for meter in (seat.session, seat.weekly, *seat.models.values()):
        meter.started = None
    await add_entry(hass, simulator)
    assert hass.states.get(COUNTDOWN).state == "unknown"
    assert states(hass)["session_usage"] == "0"
    changes.clear()
    for _ in range(720):
        await pass_time(hass, freezer)

    assert not changes
    assert len([r for r in simulator.requests if "/usage" in r.path]) == 721


@pytest.mark.usefixtures("long_day")
async def test_active_day_follows_the_server(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Through rises and resets, the sensors show what the server has."""
    await add_entry(hass, simulator)
    seat = simulator.world.accounts["ada"].seats[-1]
    resets = 0
    last = 0.0
    for _ in range(300):
        await pass_time(hass, freezer)
        percent, _reset = seat.session.read(simulator.now)
        shown = float(states(hass)["session_usage"])
        assert shown == pytest.approx(percent, abs=0.06)
        resets += shown < last
        last = shown
    assert resets == 2


@pytest.mark.usefixtures("long_day")
async def test_budget_of_an_active_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    changes: Counter[str],
) -> None:
    """A state changes when its number does, and a poll is one request, plus ten a day."""
    simulator.restart()
    await add_entry(hass, simulator)
    seat = simulator.world.accounts["ada"].seats[-1]
    meters = {
        "session_usage": seat.session,
        "weekly_usage": seat.weekly,
        "weekly_fable_usage": seat.models["Fable"],
    }
    numbers: dict[str, list[str]] = {key: [] for key in meters}
    numbers["session_resets_at"] = []
    changes.clear()
    simulator.requests.clear()
    for poll in range(685):
        # Eight hours of use.
        if poll == 228:
            idle(simulator)
        await pass_time(hass, freezer)
        for key, seen in numbers.items():
            state = hass.states.get(f"sensor.claude_pulse_{key}").state
            if not seen or seen[-1] != state:
                seen.append(state)

    # Time goes in steps, so that a reset is slept through, and the window over.
    resets = len(numbers["session_resets_at"])
    for key, seen in numbers.items():
        assert changes[f"sensor.claude_pulse_{key}"] <= len(seen) + 2 * resets
    for key in ("session_limit", "plan", "weekly_reset", "weekly_resets_at"):
        assert changes[f"sensor.claude_pulse_{key}"] == 0
    assert (
        changes["sensor.claude_pulse_session_used"]
        == (changes["sensor.claude_pulse_session_usage"])
    )
    polls = sum(request.path.endswith("/usage") for request in simulator.requests)
    # Five session windows begin in a day at most.
    assert 685 <= polls <= 690
    assert len(simulator.requests) - polls <= 10
