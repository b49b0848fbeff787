"""What is told of windows: by event entities, and by blueprints to a phone, each thing once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_get_device_automations,
    async_mock_service,
)

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.device_trigger import (
    async_get_trigger_capabilities,
)
from homeassistant.components.device_automation import DeviceAutomationType
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .common import (
    add_entry,
    pass_time,
    reauth_flows,
    serve,
    session,
    settle,
    usage_requests,
)
from .features import needs
from .simulator import Simulator

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

BLUEPRINTS = Path(__file__).parents[1] / "blueprints" / "automation" / "claude_pulse"
SESSION_EVENTS = "event.claude_pulse_session_events"
WEEKLY_EVENTS = "event.claude_pulse_weekly_events"


class Told:
    """Notes what event entities tell."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen to their states."""
        self.states: list[State] = []
        hass.bus.async_listen("state_changed", self._note)

    @callback
    def _note(self, event: Any) -> None:
        """Note a new event, not what is restored."""
        old, new = event.data["old_state"], event.data["new_state"]
        if not event.data["entity_id"].startswith("event.") or old is None:
            return
        if new is None or new.state in ("unavailable", "unknown"):
            return
        if old.state not in ("unavailable", new.state):
            self.states.append(new)

    @property
    def texts(self) -> list[str]:
        """Return in short what has been told so far."""
        return [
            " ".join(
                [
                    state.entity_id.removeprefix("event.claude_pulse_").removesuffix(
                        "_events"
                    ),
                    state.attributes["event_type"],
                    *(
                        [str(state.attributes["threshold"])]
                        if "threshold" in state.attributes
                        else []
                    ),
                ]
            )
            for state in self.states
        ]


@pytest.fixture
def phone(hass: HomeAssistant) -> tuple[str, list[Any]]:
    """Return a phone's device, and the messages it gets."""
    entry = MockConfigEntry(domain="mobile_app", title="Ada's Pixel 8")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "1")},
        name="Ada's Pixel 8",
    )
    return device.id, async_mock_service(hass, "notify", "mobile_app_ada_s_pixel_8")


async def use_blueprints(
    hass: HomeAssistant, tmp_path: Path, **used: dict[str, Any]
) -> None:
    """Set up automations by blueprints, by name with inputs."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / "blueprints" / "automation" / DOMAIN
    shutil.copytree(BLUEPRINTS, folder, dirs_exist_ok=True)
    automations = [
        {
            "alias": name,
            "use_blueprint": {"path": f"{DOMAIN}/{name}.yaml", "input": inputs},
        }
        for name, inputs in used.items()
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    for name in used:
        state = hass.states.get(f"automation.{name}")
        assert state
        assert state.state == "on"


def in_hours(simulator: Simulator, hours: float) -> str:
    """Return a time from now on, as claude.ai tells it."""
    return (simulator.now + timedelta(hours=hours)).isoformat()


def with_opus(answer: dict[str, Any], percent: float) -> dict[str, Any]:
    """Return a usage body with a model's week, too."""
    opus = {"utilization": percent, "resets_at": WEEK_RESET}
    return {**answer, "seven_day_opus": opus}


def body(percent: float, resets_at: str | None, week: float = 20) -> dict[str, Any]:
    """Return a usage body with a session and a week far from its reset."""
    weekly = {"utilization": week, "resets_at": WEEK_RESET}
    return session(percent, resets_at, seven_day=weekly)


WEEK_RESET = "2026-05-09T12:00:00+00:00"
START = datetime.fromisoformat("2026-05-04T12:00:00+00:00")


async def happens(what: Callable[[], Any]) -> None:
    """Wait until something has, or for a while; what waits for a button never ends."""
    for _ in range(3000):
        if what():
            return
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def monday(freezer: FrozenDateTimeFactory, simulator: Simulator) -> None:
    """Begin on a Monday."""
    freezer.move_to(START)
    simulator.restart()


async def begin(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    percent: float,
    week: float = 20,
) -> tuple[MockConfigEntry, Told, str]:
    """Set up an entry that has been listened to for long; return it and the session's reset."""
    resets_at = in_hours(simulator, 4)
    serve(simulator, body(percent, resets_at, week))
    entry = await add_entry(hass, simulator)
    told = Told(hass)
    await pass_time(hass, freezer, 11)
    return entry, told, resets_at


@pytest.mark.parametrize(
    ("percents", "expected", "messages"),
    [
        ((73, 0, 73), [], []),
        ((73, 0, 0), ["reset"], []),
        ((70, 76, 75, 76, 74, 76), ["threshold_reached 75"], ["76 % used"]),
        (
            (40, 60, 92, 100, 100),
            ["threshold_reached 90", "limit_reached"],
            ["92 % used", "used up"],
        ),
        ((85, 85, 86), [], []),
    ],
)
async def test_sequences(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    percents: tuple[float, ...],
    expected: list[str],
    messages: list[str],
) -> None:
    """From claude.ai's answers to the phone."""
    device, calls = phone
    _, told, resets_at = await begin(hass, freezer, simulator, percents[0])
    await use_blueprints(hass, tmp_path, limits={"phone": device})
    for percent in percents[1:]:
        serve(simulator, body(percent, resets_at))
        await pass_time(hass, freezer)
        await pass_time(hass, freezer, 2)
    # That it will not last belongs to another blueprint.
    texts = [text for text in told.texts if "will_run_out" not in text]
    assert texts == [f"session {text}" for text in expected]
    assert [call.data["title"] for call in calls] == [
        f"Claude Pulse Session: {message}" for message in messages
    ]
    for call in calls:
        assert "Resets at " in call.data["message"]
        assert call.data["data"]["clickAction"] == "https://claude.ai/settings/usage"
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_what_an_event_says(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Its type, and what belongs to it, in plain values."""
    _, told, resets_at = await begin(hass, freezer, simulator, 60)
    state = hass.states.get(SESSION_EVENTS)
    assert state
    assert (state.state, state.attributes["event_type"]) == ("unknown", None)
    serve(simulator, body(92, resets_at))
    await pass_time(hass, freezer)
    (state,) = told.states
    said = {
        key: value
        for key, value in state.attributes.items()
        if key not in ("event_types", "friendly_name", "icon")
    }
    assert said == {
        "event_type": "threshold_reached",
        "percent": 92,
        "before": 60,
        "threshold": 90,
        "resets_at": resets_at,
        "runs_out_at": said["runs_out_at"],
        "late": False,
        "window": "session",
    }
    assert state.attributes["event_types"] == [
        "reset",
        "available_again",
        "threshold_reached",
        "limit_reached",
        "will_run_out",
    ]


async def test_outage_reload_and_renewed_key(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """None of them tells anything again, and the events stay available."""
    entry, told, resets_at = await begin(hass, freezer, simulator, 60)
    serve(simulator, body(85, resets_at))
    await pass_time(hass, freezer)
    assert told.texts == ["session threshold_reached 75"]
    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    sensor = hass.states.get("sensor.claude_pulse_session_usage")
    assert sensor
    assert sensor.state == "unavailable"
    last = hass.states.get(SESSION_EVENTS)
    assert last
    assert last.state == told.states[0].state
    simulator.clear_faults()
    await pass_time(hass, freezer)
    await hass.config_entries.async_reload(entry.entry_id)
    await pass_time(hass, freezer)
    account = simulator.world.accounts["ada"]
    account.log_out()
    await pass_time(hass, freezer)
    (flow,) = reauth_flows(hass)
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": account.log_in()}
    )
    await pass_time(hass, freezer)
    assert told.texts == ["session threshold_reached 75"]
    serve(simulator, body(91, resets_at))
    await pass_time(hass, freezer)
    assert told.texts[1:] == ["session threshold_reached 90"]


async def test_first_answer_after_an_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """When it is told what that brings, the sensors show it."""
    _, _, resets_at = await begin(hass, freezer, simulator, 85)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    shown: list[str] = []

    @callback
    def note(event: Any) -> None:
        """Note what the sensor says when something is told."""
        if event.data["entity_id"] == SESSION_EVENTS:
            state = hass.states.get("sensor.claude_pulse_session_usage")
            shown.append(state.state if state else "missing")

    hass.bus.async_listen("state_changed", note)
    simulator.clear_faults()
    serve(simulator, body(100, resets_at))
    for _ in range(2):
        await pass_time(hass, freezer)
    assert shown == ["100"]


@pytest.mark.parametrize("outage", [False, True])
async def test_model_that_is_there_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    outage: bool,
) -> None:
    """What is told of it waits for its entity, also after an outage."""
    resets_at = in_hours(simulator, 4)
    serve(simulator, with_opus(body(10, resets_at), 60))
    await add_entry(hass, simulator)
    told = Told(hass)
    await pass_time(hass, freezer, 11)
    serve(simulator, body(10, resets_at))
    await pass_time(hass, freezer)
    if outage:
        simulator.set_fault("server_error")
        await pass_time(hass, freezer)
        simulator.clear_faults()
    serve(simulator, with_opus(body(10, resets_at), 92))
    for _ in range(2):
        await pass_time(hass, freezer)
    assert told.texts == ["weekly_opus threshold_reached 90"]


@pytest.mark.parametrize("interval", [120, 3600, 86400])
async def test_second_answer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    interval: int,
) -> None:
    """It is asked for soon, once, however long the interval is."""
    serve(simulator, body(0, None, week=100))
    await add_entry(hass, simulator, update_interval=interval)
    told = Told(hass)
    await pass_time(hass, freezer, 11)
    serve(simulator, body(0, None, week=1))
    await pass_time(hass, freezer, interval * 1.5 + 6)
    assert told.texts == []
    asked = usage_requests(simulator)
    for _ in range(4):
        await pass_time(hass, freezer, 63)
    assert told.texts == ["weekly reset", "weekly available_again"]
    assert usage_requests(simulator) == asked + (2 if interval == 120 else 1)


async def test_disabled_and_enabled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """What fell into the time of a disabled entry, or entity, is not told later."""
    entry, told, resets_at = await begin(hass, freezer, simulator, 60)
    file = f"claude_pulse.{entry.entry_id}.told"
    assert file in hass_storage
    disable = hass.config_entries.async_set_disabled_by
    await disable(entry.entry_id, ConfigEntryDisabler.USER)
    await pass_time(hass, freezer)
    assert file not in hass_storage
    serve(simulator, body(80, resets_at))
    await disable(entry.entry_id, None)
    await pass_time(hass, freezer)
    # The other way round at once, before the file is gone.
    await disable(entry.entry_id, ConfigEntryDisabler.USER)
    serve(simulator, body(91, resets_at))
    await disable(entry.entry_id, None)
    await settle(hass)
    await pass_time(hass, freezer)
    assert told.texts == []
    registry = er.async_get(hass)
    registry.async_update_entity(
        SESSION_EVENTS, disabled_by=er.RegistryEntryDisabler.USER
    )
    await pass_time(hass, freezer)
    serve(simulator, body(92, resets_at))
    await pass_time(hass, freezer)
    registry.async_update_entity(SESSION_EVENTS, disabled_by=None)
    # Home Assistant reloads the entry half a minute later.
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    assert hass.states.get(SESSION_EVENTS)
    assert told.texts == []
    serve(simulator, body(100, resets_at))
    await pass_time(hass, freezer)
    assert told.texts == ["session limit_reached"]


async def test_two_windows_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Each tells of itself, in one poll."""
    _, told, resets_at = await begin(hass, freezer, simulator, 60, week=70)
    serve(simulator, body(76, resets_at, week=91))
    await pass_time(hass, freezer)
    assert sorted(told.texts)[:2] == [
        "session threshold_reached 75",
        "weekly threshold_reached 90",
    ]


async def test_session_reset_while_the_week_is_used_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """It is reset, and that helps nobody; a week's reset does, a second after it."""
    _, told, _ = await begin(hass, freezer, simulator, 100, week=100)
    await pass_time(hass, freezer, 4 * 3600)
    serve(simulator, body(2, in_hours(simulator, 5), week=100))
    await pass_time(hass, freezer)
    await pass_time(hass, freezer, 2)
    assert told.texts == ["session reset"]
    assert told.states[0].attributes["before"] == 100
    serve(simulator, body(3, in_hours(simulator, 4), week=30))
    for _ in range(3):
        await pass_time(hass, freezer)
    await pass_time(hass, freezer, 2)
    # Thirty percent are less than before: two answers prove it.
    assert told.texts[1:] == ["weekly reset", "weekly available_again"]
    first, second = told.states[1:]
    assert second.last_changed - first.last_changed >= timedelta(seconds=1)


async def test_a_second_apart_over_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """What waits for its second waits for it over a reload too, and is not lost."""
    entry, told, _ = await begin(hass, freezer, simulator, 80, week=100)
    serve(simulator, body(80, in_hours(simulator, 4), week=30))
    while not told.texts:
        await pass_time(hass, freezer, 30)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert told.texts == ["weekly reset"]
    await pass_time(hass, freezer, 1)
    assert told.texts == ["weekly reset", "weekly available_again"]


@pytest.mark.parametrize("written", [75, "75", ["a", None], None, {"75": 1}])
async def test_options_that_no_form_has_stored(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    written: Any,
) -> None:
    """They tell nothing wrong, and the form opens."""
    entry, told, resets_at = await begin(hass, freezer, simulator, 60)
    options = {"thresholds": written, "left_over": "x", "left_over_hours": None}
    hass.config_entries.async_update_entry(entry, options=options)
    serve(simulator, body(100, resets_at))
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    assert told.texts == ["session limit_reached"]
    form: Any = await hass.config_entries.options.async_init(entry.entry_id)
    form = await hass.config_entries.options.async_configure(
        form["flow_id"],
        {
            "org_id": entry.data["org_id"],
            "update_interval": 120,
            "further_options": True,
        },
    )
    assert form["step_id"] == "further"


async def test_found_at_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """It is told when the entities are there, and not as late: somebody has looked before."""
    resets_at = in_hours(simulator, 4)
    serve(simulator, body(60, resets_at))
    entry = await add_entry(hass, simulator)
    told = Told(hass)
    await pass_time(hass, freezer, 11)
    await hass.config_entries.async_unload(entry.entry_id)
    serve(simulator, body(80, resets_at))
    await hass.config_entries.async_setup(entry.entry_id)
    await pass_time(hass, freezer, 2)
    assert told.texts == ["session threshold_reached 75"]
    assert told.states[0].attributes["late"] is False


async def test_removal_leaves_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Nor does it tell anything any more."""
    entry, told, _ = await begin(hass, freezer, simulator, 60)
    assert f"claude_pulse.{entry.entry_id}.told" in hass_storage
    await hass.config_entries.async_remove(entry.entry_id)
    await pass_time(hass, freezer)
    assert not [name for name in hass_storage if name.startswith("claude_pulse")]
    assert told.texts == []


async def test_disabled_entry_of_version_1_is_removed(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant has never set it up, so that it may lack an organization."""
    await add_entry(hass, simulator)
    entry = MockConfigEntry(
        domain=DOMAIN, data={}, version=1, disabled_by=ConfigEntryDisabler.USER
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_another_organization_begins_anew(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """What the one has used is no threshold of the other."""
    entry, told, resets_at = await begin(hass, freezer, simulator, 60)
    moved = simulator.world.accounts["ada"].move()
    serve(simulator, body(80, resets_at))
    form = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(
        form["flow_id"], {"org_id": moved.uuid, "update_interval": 120}
    )
    await pass_time(hass, freezer)
    assert told.texts == []
    serve(simulator, body(92, resets_at))
    await pass_time(hass, freezer)
    assert told.texts == ["session threshold_reached 90"]


async def test_blueprints_for_the_week(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It will run out; and, another week, much of it is left."""
    device, calls = phone
    _, told, resets_at = await begin(hass, freezer, simulator, 10, week=5)
    await use_blueprints(
        hass,
        tmp_path,
        will_run_out={"phone": device},
        use_it_or_lose_it={"phone": device},
    )
    serve(simulator, body(10, resets_at, week=66.1))
    await pass_time(hass, freezer)
    assert told.texts == ["weekly will_run_out"]
    (call,) = calls
    assert call.data["title"] == "Claude Pulse Weekly: it will not last"
    assert "it is used up at " in call.data["message"]
    freezer.move_to("2026-05-08T13:00:00+00:00")
    await pass_time(hass, freezer)
    await pass_time(hass, freezer, 2)
    assert told.texts[-1] == "weekly left_over"
    assert calls[-1].data["title"] == "Claude Pulse Weekly: use it or lose it"
    assert calls[-1].data["message"].startswith("33.9 % are left")
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_blueprints_by_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Work pauses and goes on, a light shows the usage, and the day is summed up."""
    device, calls = phone
    paused = async_mock_service(hass, "script", "pause_work")
    resumed = async_mock_service(hass, "script", "resume_work")
    on = async_mock_service(hass, "light", "turn_on")
    off = async_mock_service(hass, "light", "turn_off")
    _, _, resets_at = await begin(hass, freezer, simulator, 60)
    await use_blueprints(
        hass,
        tmp_path,
        pause_and_resume={
            "pause": [{"service": "script.pause_work"}],
            "resume": [{"service": "script.resume_work"}],
        },
        light_by_usage={"light": ["light.desk"]},
        daily_summary={"phone": device},
    )
    for percent in (80, 96, 97, 99):
        serve(simulator, body(percent, resets_at))
        await pass_time(hass, freezer)
    assert (len(paused), len(resumed)) == (1, 0)
    assert on[-1].data["hs_color"][0] == pytest.approx(1.2)
    assert on[-1].data["entity_id"] == ["light.desk"]
    assert not off
    freezer.move_to(START + timedelta(hours=4))
    serve(simulator, body(1, in_hours(simulator, 5)))
    for _ in range(4):
        await pass_time(hass, freezer)
    assert (len(paused), len(resumed)) == (1, 1)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    assert off
    simulator.clear_faults()
    await pass_time(hass, freezer)
    assert on[-1].data["hs_color"][0] == 96
    freezer.move_to("2026-05-05T00:59:50+00:00")
    await pass_time(hass, freezer, 15)
    (call,) = calls
    assert call.data["title"] == "Claude today"
    assert "Claude Pulse Weekly: 20 % used." in call.data["message"]
    ours = [record for record in caplog.records if "claude_pulse" not in record.name]
    assert "ERROR" not in {record.levelname for record in ours}
    # Its timer would outlive the test.
    await hass.services.async_call(
        "automation",
        "turn_off",
        {"entity_id": "automation.daily_summary"},
        blocking=True,
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # Two windows at once; a failed poll, after which nobody knows; a model that is
        # gone, and a session; a percentage that trembles, and one false answer.
        ([(96, 97, 60)], (1, 0)),
        ([(97, 20, 60), None, (97, 20, 60)], (2, 0)),
        ([(10, 20, 97), (10, 21, None)], (1, 1)),
        ([(97, 20, 60), (None, 21, 60)], (1, 1)),
        ([(97, 20, 60), *3 * [(94, 20, 60)], (93, 20, 60)], (1, 0)),
        ([(97, 20, 60), (0, 20, 60), (97, 20, 60)], (2, 0)),
    ],
)
async def test_work_follows_several_windows(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
    answers: list[tuple[float | None, float, float | None] | None],
    expected: tuple[int, int],
) -> None:
    """It pauses while one of them is too high, and no window that is gone keeps it so."""
    paused = async_mock_service(hass, "script", "pause_work")
    resumed = async_mock_service(hass, "script", "resume_work")
    resets_at = in_hours(simulator, 4)
    windows = ("session", "weekly", "weekly_opus")
    for answer in ((60, 60, 60), *answers):
        simulator.clear_faults()
        if answer is None:
            simulator.set_fault("server_error")
        else:
            first, week, opus = answer
            found = body(first or 0, resets_at, week)
            if first is None:
                found["five_hour"] = None
            if opus is not None:
                found = with_opus(found, opus)
            serve(simulator, found)
        if hass.config_entries.async_entries(DOMAIN):
            await pass_time(hass, freezer)
            continue
        await add_entry(hass, simulator)
        inputs = {
            "usage": [f"sensor.claude_pulse_{window}_usage" for window in windows],
            "pause": [{"service": "script.pause_work"}],
            "resume": [{"service": "script.resume_work"}],
        }
        await use_blueprints(hass, tmp_path, pause_and_resume=inputs)
    for _ in range(3):
        await pass_time(hass, freezer)
    assert (len(paused), len(resumed)) == expected


async def test_pause_button(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The message has one that does what somebody chose; only theirs."""
    device, calls = phone
    paused = async_mock_service(hass, "script", "pause_work")
    _, _, resets_at = await begin(hass, freezer, simulator, 60)
    await use_blueprints(
        hass,
        tmp_path,
        limits={
            "phone": device,
            "pause_button": True,
            "pause": [{"service": "script.pause_work"}],
            "lowest": 80,
        },
    )
    # Lower ones are not told, whatever the percentage.
    serve(simulator, body(85, resets_at))
    await pass_time(hass, freezer)
    assert not calls
    serve(simulator, body(92, resets_at))
    freezer.tick(timedelta(seconds=126))
    async_fire_time_changed(hass)
    await happens(lambda: calls)
    (call,) = calls
    (button,) = call.data["data"]["actions"]
    assert button["title"] == "Pause"
    for action in ("another", button["action"]):
        assert not paused
        await happens(lambda: False)
        hass.bus.async_fire("mobile_app_notification_action", {"action": action})
    await happens(lambda: paused)
    assert len(paused) == 1
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_without_a_phone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Home Assistant itself shows the message; run by hand it is a test."""
    calls = async_mock_service(hass, "persistent_notification", "create")
    _, _, resets_at = await begin(hass, freezer, simulator, 60)
    await use_blueprints(
        hass, tmp_path, limits={}, will_run_out={}, use_it_or_lose_it={}
    )
    serve(simulator, body(76, resets_at))
    await pass_time(hass, freezer)
    assert [call.data["title"] for call in calls] == ["Claude Pulse Session: 76 % used"]
    await hass.services.async_call(
        "automation", "trigger", {"entity_id": "automation.limits"}, blocking=True
    )
    await hass.async_block_till_done()
    assert calls[-1].data["title"] == "Claude Pulse: this is a test"
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_device_triggers(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Each window offers what can be told of it; a percentage is any one, whatever passes it."""
    await begin(hass, freezer, simulator, 60)
    resets_at = in_hours(simulator, 4)
    entity = er.async_get(hass).async_get(SESSION_EVENTS)
    assert entity
    assert entity.device_id
    found = await async_get_device_automations(
        hass, DeviceAutomationType.TRIGGER, entity.device_id
    )
    ours = [item for item in found if item["domain"] == DOMAIN]
    offered: dict[str, set[str]] = {}
    for item in ours:
        offered.setdefault(item["entity_id"], set()).add(item["type"])
    assert sorted(map(len, offered.values())) == [5, 6]
    assert offered[entity.id] == {
        "reset",
        "available_again",
        "threshold_reached",
        "limit_reached",
        "will_run_out",
    }
    told = async_mock_service(hass, "test", "told")
    used = [("threshold_reached", above) for above in (None, 55, 61, 75, 83, 93)]
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": [
                {
                    "alias": f"{kind} {above}",
                    "trigger": {
                        "platform": "device",
                        "domain": DOMAIN,
                        "device_id": entity.device_id,
                        "entity_id": entity.id,
                        "type": kind,
                        **({"above": above} if above else {}),
                    },
                    "action": {
                        "service": "test.told",
                        "data": {
                            "text": f"{above}: {{{{ trigger.before }}}}"
                            " to {{ trigger.percent }}",
                        },
                    },
                }
                for kind, above in [*used, ("limit_reached", None)]
            ]
        },
    )
    for percent in (92, 93, 100):
        serve(simulator, body(percent, resets_at))
        await pass_time(hass, freezer)
        await pass_time(hass, freezer, 2)
    assert sorted(call.data["text"] for call in told) == [
        "61: 60 to 92",
        "75: 60 to 92",
        "83: 60 to 92",
        "93: 92 to 93",
        "None: 60 to 92",
        "None: 93 to 100",
    ]
    # What is offered for a percentage is a field.
    (threshold,) = (
        item
        for item in ours
        if (item["entity_id"], item["type"]) == (entity.id, "threshold_reached")
    )
    fields = await async_get_trigger_capabilities(hass, threshold)
    assert [str(field) for field in fields["extra_fields"].schema] == ["above"]
    limit = {**threshold, "type": "limit_reached"}
    assert await async_get_trigger_capabilities(hass, limit) == {}


@needs("own_automation")
async def test_own_triggers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """On versions that have them: any percentage, of an entity or of a whole device."""
    _, _, resets_at = await begin(hass, freezer, simulator, 80)
    entity = er.async_get(hass).async_get(SESSION_EVENTS)
    assert entity
    heard = async_mock_service(hass, "test", "told")
    used = {
        "83": ("usage_crossed", {"entity_id": SESSION_EVENTS}, {"above": 83}),
        "84": ("usage_crossed", {"device_id": entity.device_id}, {"above": 84}),
        "86": ("usage_crossed", {"entity_id": SESSION_EVENTS}, {"above": 86}),
        "week": ("usage_crossed", {"entity_id": WEEKLY_EVENTS}, {"above": 83}),
        "limit": ("limit_reached", {"entity_id": SESSION_EVENTS}, {}),
        "again": ("available_again", {"entity_id": SESSION_EVENTS}, {}),
        "out": ("will_run_out", {"entity_id": WEEKLY_EVENTS}, {}),
    }
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": [
                {
                    "alias": name,
                    "triggers": {
                        "trigger": f"{DOMAIN}.{kind}",
                        "target": target,
                        **({"options": chosen} if chosen else {}),
                    },
                    "actions": {
                        "action": "test.told",
                        "data": {
                            "text": f"{name}: {{{{ trigger.before }}}}"
                            " to {{ trigger.percent }}"
                        },
                    },
                }
                for name, (kind, target, chosen) in used.items()
            ]
        },
    )
    for percent in (85, 85, 100):
        serve(simulator, body(percent, resets_at))
        await pass_time(hass, freezer)
        await pass_time(hass, freezer, 2)
    await pass_time(hass, freezer, 4 * 3600)
    serve(simulator, body(1, in_hours(simulator, 5), week=75))
    for _ in range(3):
        await pass_time(hass, freezer)
    assert [call.data["text"] for call in heard] == [
        "83: 80 to 85",
        "84: 80 to 85",
        "86: 85 to 100",
        "limit: 85 to 100",
        "again: 100 to 1",
        "out: 20 to 75",
    ]
    assert "ERROR" not in {record.levelname for record in caplog.records}


@needs("own_automation")
@pytest.mark.parametrize(
    ("name", "options", "percent", "week", "expected"),
    [
        ("has_left", {"at_least": 20}, 80, 80, True),
        ("has_left", {"at_least": 20}, 81, 20, False),
        ("has_left", {"at_least": 20}, 20, 81, False),
        ("will_last", {}, 20, 20, True),
        ("will_last", {}, 20, 80, False),
    ],
)
async def test_own_conditions(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    name: str,
    options: dict[str, Any],
    percent: float,
    week: float,
    expected: bool,
) -> None:
    """All windows that are chosen have it; what is not known has nothing."""
    await begin(hass, freezer, simulator, percent, week)
    heard = async_mock_service(hass, "test", "told")
    windows = [WEEKLY_EVENTS]
    if name == "has_left":
        windows.append(SESSION_EVENTS)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {"trigger": "event", "event_type": "asked"},
                "conditions": {
                    "condition": f"{DOMAIN}.{name}",
                    "target": {"entity_id": windows},
                    **({"options": options} if options else {}),
                },
                "actions": {"action": "test.told"},
            }
        },
    )
    for known in (True, False):
        hass.bus.async_fire("asked")
        await hass.async_block_till_done()
        assert len(heard) == expected
        if known:
            simulator.set_fault("server_error")
            await pass_time(hass, freezer)
    ours = [record for record in caplog.records if "coordinator" not in record.name]
    assert "ERROR" not in {record.levelname for record in ours}


@needs("own_automation")
async def test_own_conditions_of_a_disabled_entry(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is known of it, also if Home Assistant has not set Claude Pulse up."""
    entry = MockConfigEntry(
        domain=DOMAIN, version=2, disabled_by=ConfigEntryDisabler.USER
    )
    entry.add_to_hass(hass)
    er.async_get(hass).async_get_or_create(
        "event",
        DOMAIN,
        f"{entry.entry_id}_session_events",
        suggested_object_id="claude_pulse_session_events",
        config_entry=entry,
    )
    heard = async_mock_service(hass, "test", "told")
    has_left = {
        "condition": f"{DOMAIN}.has_left",
        "target": {"entity_id": SESSION_EVENTS},
        "options": {"at_least": 20},
    }
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {"trigger": "event", "event_type": "asked"},
                "conditions": {"condition": "not", "conditions": has_left},
                "actions": {"action": "test.told"},
            }
        },
    )
    hass.bus.async_fire("asked")
    await hass.async_block_till_done()
    assert len(heard) == 1
    assert "ERROR" not in {record.levelname for record in caplog.records}
