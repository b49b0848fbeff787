"""Events from the answers of claude.ai to the event entities, and their storage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import Event, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store

from ..common import (
    Claude,
    pass_steps,
    reauth_flows,
    reload,
    seat_of,
    update_by_hand,
)
from .common import (
    SESSION_EVENTS,
    SESSION_RESET,
    START,
    EventLog,
    begin,
    body,
    fail_to_write,
    in_hours,
    poll,
    start_clock,
    stored_percent,
    stored_state,
    with_opus,
)

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]


async def begin_with_file(
    claude: Claude, storage: dict[str, Any], data: Any, version: int = 1
) -> tuple[MockConfigEntry, EventLog]:
    """Set up an entry with a stored state and 80% of the session used."""
    start_clock(claude)
    claude.serve(body(80))
    entry = claude.stored_entry()
    key = f"claude_pulse.{entry.entry_id}"
    storage[key] = {"version": version, "minor_version": 1, "key": key, "data": data}
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    return entry, EventLog(claude.hass)


@pytest.fixture
def writes(hass_storage: dict[str, Any]) -> Iterator[list[str]]:
    """Record the writes of our files."""
    keys: list[str] = []
    write = Store._async_write_data

    async def record(store: Store[Any], *args: Any) -> None:
        """Record a write."""
        if store.key.startswith("claude_pulse."):
            keys.append(store.key)
        await write(store, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_async_write_data", record)
        yield keys


async def test_attributes(claude: Claude) -> None:
    """An event entity shows the type and the data of the last event."""
    _, log = await begin(claude, body(60))
    state = claude.hass.states.get(SESSION_EVENTS)
    assert (state.state, state.attributes["event_type"]) == ("unknown", None)
    await poll(claude, body(92))
    state = log.states[0]
    attributes = dict(state.attributes)
    for key in ("friendly_name", "icon"):
        attributes.pop(key, None)
    assert attributes.pop("event_types") == [
        "reset",
        "refilled",
        "available_again",
        "threshold_reached",
        "limit_reached",
        "will_run_out",
    ]
    assert datetime.fromisoformat(attributes.pop("runs_out_at")) > START
    assert attributes == {
        "event_type": "threshold_reached",
        "percent": 92,
        "before": 60,
        "threshold": 90,
        "resets_at": SESSION_RESET,
        "late": False,
        "window": "session",
    }


async def test_outage_reload_and_another_key_repeat_nothing(claude: Claude) -> None:
    """The last event stays available, and the next one follows."""
    entry, log = await begin(claude, body(45))
    await poll(claude, body(85))
    happened = ["session threshold_reached 75", "session will_run_out"]
    assert log.texts == happened
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert claude.state("session_usage") == "unavailable"
    assert claude.state("session_events", "event") == log.states[-1].state
    claude.server.clear_faults()
    await claude.pass_time()
    await reload(claude, entry)
    await claude.pass_time()
    account = claude.server.world.accounts["ada"]
    account.log_out()
    await claude.pass_time()
    (flow,) = reauth_flows(claude.hass)
    await claude.hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": account.log_in()}
    )
    await claude.pass_time()
    assert log.texts == happened
    await poll(claude, body(91))
    assert log.texts[2:] == ["session threshold_reached 90"]


@pytest.mark.parametrize("fault", ["server_error", "rate_limited"])
async def test_sensors_are_updated_before_an_event(claude: Claude, fault: str) -> None:
    """An automation of the event sees the new values, also after a failure."""
    await begin(claude, body(85))
    claude.server.set_fault(fault)
    await claude.pass_time()
    shown: list[str] = []

    @callback
    def record(event: Event[Any]) -> None:
        """Record the sensor's state at the time of an event."""
        if event.data["entity_id"] == SESSION_EVENTS:
            shown.append(claude.state("session_usage"))

    claude.hass.bus.async_listen("state_changed", record)
    claude.server.clear_faults()
    await poll(claude, body(100), 3)
    assert shown == ["100"]


@pytest.mark.parametrize("outage", [False, True])
async def test_limit_that_reappears(claude: Claude, outage: bool) -> None:
    """Its events continue, also after an outage."""
    _, log = await begin(claude, with_opus(body(10), 60))
    await poll(claude, body(10))
    if outage:
        claude.server.set_fault("server_error")
        await claude.pass_time()
        claude.server.clear_faults()
    await poll(claude, with_opus(body(10), 92), 2)
    assert log.alerts == ["weekly_opus threshold_reached 90"]


@pytest.mark.parametrize("interval", [120, 3600, 86400])
async def test_second_answer_is_requested_soon(claude: Claude, interval: int) -> None:
    """A fall is confirmed after a minute, however long the interval is."""
    _, log = await begin(claude, body(0, None, week=100), update_interval=interval)
    claude.serve(body(0, None, week=1))
    await claude.pass_time(interval * 1.5 + 6)
    assert log.texts == []
    before = claude.polls
    await pass_steps(claude, 4, 63)
    assert log.texts == ["weekly refilled", "weekly available_again"]
    assert claude.polls == before + (2 if interval == 120 else 1)


async def test_answer_too_soon_to_confirm(claude: Claude) -> None:
    """An update by hand within a minute does not delay the confirmation."""
    _, log = await begin(claude, body(10))
    claude.serve(body(80))
    await claude.pass_time()
    await claude.pass_time(20)
    await update_by_hand(claude.hass)
    assert log.texts == []
    await claude.pass_time(66)
    assert log.texts == ["session threshold_reached 75"]


async def test_confirmed_event_is_sent_at_once(claude: Claude) -> None:
    """The answer that confirms it can equal the last one, so that no value changes."""
    _, log = await begin(claude, body(0, None, week=60))
    claude.serve(body(0, None, week=1))
    await claude.pass_time()
    assert log.texts == []
    await claude.pass_time()
    assert log.texts == ["weekly refilled"]


async def test_second_event_of_an_answer_after_a_reload(claude: Claude) -> None:
    """A reload between two events of a limit loses none and keeps the second between."""
    entry, log = await begin(claude, body(80, week=100))
    claude.serve(body(80, in_hours(claude, 4), week=30))
    while not log.texts:
        await claude.pass_time(30)
    await reload(claude, entry)
    await claude.hass.async_block_till_done()
    assert log.texts == ["weekly refilled"]
    await claude.pass_time(1)
    assert log.texts == ["weekly refilled", "weekly available_again"]
    first, second = log.states
    assert second.last_changed - first.last_changed >= timedelta(seconds=1)


async def test_event_while_unloaded_is_sent_after_set_up(claude: Claude) -> None:
    """It is not late, because Home Assistant was running."""
    entry, log = await begin(claude, body(72))
    await claude.hass.config_entries.async_unload(entry.entry_id)
    claude.serve(body(76))
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.pass_time(2)
    assert log.texts == ["session threshold_reached 75"]
    assert log.states[0].attributes["late"] is False


async def test_another_organization_starts_over(claude: Claude) -> None:
    """The usage of the last organization is not compared with the new one."""
    entry, log = await begin(claude, body(60))
    moved = claude.server.world.accounts["ada"].move()
    claude.serve(body(80))
    options = claude.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    await options.async_configure(
        form["flow_id"], {"org_id": moved.uuid, "update_interval": 120}
    )
    await claude.settle()
    await claude.pass_time()
    assert log.texts == []
    await poll(claude, body(92))
    assert log.texts == ["session threshold_reached 90"]


async def test_disabled_entry(claude: Claude, hass_storage: dict[str, Any]) -> None:
    """Its file is removed, and nothing that happens now causes an event later."""
    entry, log = await begin(claude, body(60))
    disable = claude.hass.config_entries.async_set_disabled_by
    await poll(claude, body(62))
    await disable(entry.entry_id, ConfigEntryDisabler.USER)
    await claude.pass_time()
    assert f"claude_pulse.{entry.entry_id}" not in hass_storage
    claude.serve(body(80))
    await disable(entry.entry_id, None)
    await claude.pass_time()
    # Enabled again before the file is removed.
    await disable(entry.entry_id, ConfigEntryDisabler.USER)
    claude.serve(body(91))
    await disable(entry.entry_id, None)
    await claude.settle()
    await claude.pass_time()
    assert log.texts == []
    await poll(claude, body(100))
    assert log.texts == ["session limit_reached"]


async def test_disabled_entity(claude: Claude) -> None:
    """The events of a disabled entity are not shown later."""
    _, log = await begin(claude, body(60))
    registry = er.async_get(claude.hass)
    by_user = er.RegistryEntryDisabler.USER
    registry.async_update_entity(SESSION_EVENTS, disabled_by=by_user)
    await claude.pass_time()
    await poll(claude, body(92))
    registry.async_update_entity(SESSION_EVENTS, disabled_by=None)
    # Home Assistant reloads the entry half a minute later.
    await pass_steps(claude, 2)
    assert claude.state("session_events", "event") == "unknown"
    assert log.texts == []
    await poll(claude, body(100))
    assert log.texts == ["session limit_reached"]


async def test_alert_is_stored_at_once(
    claude: Claude,
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
    writes: list[str],
) -> None:
    """It is stored with the progress. The missing file of a new entry is normal."""
    entry, log = await begin(claude, body(60))
    writes.clear()
    await poll(claude, body(76))
    assert log.texts[0] == "session threshold_reached 75"
    assert writes
    assert stored_percent(hass_storage, entry.entry_id) == 76
    assert not hass_storage[f"claude_pulse.{entry.entry_id}"]["data"]["pending"]
    assert "Cannot read" not in caplog.text


@pytest.mark.parametrize(("end", "percent"), [("unload", 16), ("stop", 13.9)])
async def test_progress_is_stored_every_15_minutes_and_at_the_end(
    claude: Claude,
    hass_storage: dict[str, Any],
    writes: list[str],
    end: str,
    percent: float,
) -> None:
    """A percentage that rises without an alert costs few writes.

    At the end, the time of the last answer is stored, also without a change.
    """
    entry, _ = await begin(claude, body(10))
    times = []
    for number in range(40):
        claude.serve(body(10 + number / 10))
        await claude.pass_time()
        times += [claude.server.now] * len(writes)
        writes.clear()
    assert 4 <= len(times) <= 6
    assert all(
        later - earlier > timedelta(minutes=14) for earlier, later in pairwise(times)
    )
    # No change, no write.
    await pass_steps(claude, 30)
    writes.clear()
    await pass_steps(claude, 10)
    assert writes == []
    await poll(claude, body(percent))
    assert writes == []
    if end == "unload":
        await claude.hass.config_entries.async_unload(entry.entry_id)
    else:
        claude.hass.bus.async_fire("homeassistant_stop")
        await claude.settle()
        claude.hass.bus.async_fire("homeassistant_final_write")
        await claude.settle()
    assert len(writes) == 1
    assert stored_percent(hass_storage, entry.entry_id) == percent
    answered_at = hass_storage[writes[0]]["data"]["answered_at"]
    since = claude.server.now - datetime.fromisoformat(answered_at)
    assert since < timedelta(minutes=2)


async def test_full_disk(
    claude: Claude, caplog: pytest.LogCaptureFixture, hass_storage: dict[str, Any]
) -> None:
    """Events are sent and the entry unloads. Home Assistant logs that it cannot write."""
    entry, log = await begin(claude, body(45))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_async_write_data", fail_to_write)
        await poll(claude, body(80))
        await reload(claude, entry)
        await claude.pass_time()
        assert claude.state("session_usage") == "80"
        await claude.hass.config_entries.async_unload(entry.entry_id)
    assert log.texts == ["session threshold_reached 75", "session will_run_out"]
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert errors
    assert {record.name for record in errors} == {"homeassistant.helpers.storage"}
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await poll(claude, body(91))
    assert log.texts[2:] == ["session threshold_reached 90"]
    assert stored_percent(hass_storage, entry.entry_id) == 91


@pytest.mark.parametrize(
    ("data", "version"), [(["x"], 1), ("x", 1), (5, 1), ({"x": 1}, 9)]
)
async def test_unreadable_file(
    claude: Claude,
    caplog: pytest.LogCaptureFixture,
    hass_storage: dict[str, Any],
    data: Any,
    version: int,
) -> None:
    """It causes one warning and no events. The next write replaces it."""
    entry, log = await begin_with_file(claude, hass_storage, data, version)
    await claude.pass_time(11)
    await reload(claude, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert log.texts == []
    assert caplog.text.count("Cannot read the stored progress of entry") == 1
    assert stored_percent(hass_storage, entry.entry_id) == 80


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["session threshold_reached 50", "session threshold_reached 75"]),
        ({"pending": []}, ["session threshold_reached 75"]),
        (
            {
                "pending": [],
                "answered_at": (START - timedelta(minutes=14)).isoformat(),
            },
            ["session threshold_reached 75"],
        ),
        # Older than a day.
        ({"answered_at": (START - timedelta(hours=25)).isoformat()}, []),
        ({"answered_at": None}, []),
        ({"org_id": "another one"}, []),
    ],
)
async def test_stored_state(
    claude: Claude,
    hass_storage: dict[str, Any],
    members: dict[str, Any],
    expected: list[str],
) -> None:
    """Recent events and progress of the same organization continue.

    They are late if the last answer is more than 15 minutes old.
    """
    org_id = seat_of(claude.server)["org_id"]
    answered_at = (START - timedelta(minutes=16)).isoformat()
    data = stored_state(**{"org_id": org_id, "answered_at": answered_at, **members})
    entry, log = await begin_with_file(claude, hass_storage, data)
    pending = hass_storage[f"claude_pulse.{entry.entry_id}"]["data"]["pending"]
    # Events that wait until automations listen are stored.
    if expected:
        thresholds = [
            f"{item['threshold']}" for item in pending if item.get("threshold")
        ]
        assert thresholds == [text.rpartition(" ")[2] for text in expected]
    await pass_steps(claude, 4, 4)
    assert log.alerts == expected
    late = data["answered_at"] == answered_at
    assert {state.attributes["late"] for state in log.states} <= {late}


async def test_pending_event_of_a_limit_that_was_reset_is_dropped(
    claude: Claude, hass_storage: dict[str, Any]
) -> None:
    """The user does not need it any more."""
    data = stored_state(seat_of(claude.server)["org_id"], progress=[])
    data["pending"][0]["window"]["resets_at"] = START.isoformat()
    _, log = await begin_with_file(claude, hass_storage, data)
    await claude.pass_time(11)
    assert log.texts == []


async def test_changed_options_apply_to_the_next_answer(claude: Claude) -> None:
    """After a change of the options, an unchanged answer is compared again."""
    entry, log = await begin(claude, body(10, week=60))
    assert log.texts == []
    options = {"left_over": 30, "left_over_hours": 168}
    claude.hass.config_entries.async_update_entry(entry, options=options)
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.pass_time()
    assert log.texts == ["weekly left_over"]
