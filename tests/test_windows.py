"""Reset times, forecasts, and windows that appear and disappear."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import async_update_entity
from homeassistant.helpers.entity_platform import EntityPlatform

from .common import (
    POLL,
    Claude,
    enable,
    pass_steps,
    row,
    session,
    update_by_hand,
)
from .simulator.server import Request
from .simulator.world import WEEK, Meter

NOW = "2026-05-04T12:00:00+00:00"
SESSION_RESET = "2026-05-04T14:30:00+00:00"
WEEK_RESET = "2026-05-08T00:00:00+00:00"
SESSION_USAGE = "sensor.claude_pulse_session_usage"
DAY = 24 * 60 * 60


@pytest.fixture(autouse=True)
def noon(claude: Claude) -> None:
    """Set the clock."""
    claude.clock.move_to(NOW)
    claude.server.restart()


def serve(claude: Claude, *rows: dict[str, Any]) -> None:
    """Serve rows of `limits`."""
    claude.serve({"limits": list(rows)})


async def set_up(claude: Claude, *rows: dict[str, Any], **options: Any) -> Any:
    """Serve rows of `limits`, and set up an entry."""
    serve(claude, *rows)
    return await claude.entry(**options)


async def poll(claude: Claude, *rows: dict[str, Any], seconds: float = POLL) -> None:
    """Serve rows of `limits`, and wait for the next poll."""
    serve(claude, *rows)
    await claude.pass_time(seconds)


def scoped(name: str, percent: float, kind: str = "weekly_scoped") -> dict[str, Any]:
    """Return a row about a model."""
    return row(kind, percent, model=name)


def usage_by_id(claude: Claude) -> dict[str, str]:
    """Return the states of all usage sensors by entity id."""
    registry = er.async_get(claude.hass)
    return {
        state.entity_id: state.state
        for state in claude.hass.states.async_all("sensor")
        if registry.async_get(state.entity_id).unique_id.endswith(
            ("_session_usage", "_weekly_usage", ":usage")
        )
    }


def usage_by_name(claude: Claude) -> dict[str, str]:
    """Return the states of the usage sensors of dynamic windows by name."""
    fixed = (SESSION_USAGE, "sensor.claude_pulse_weekly_usage")
    return {
        claude.hass.states.get(entity_id).name.removeprefix("Claude Pulse "): state
        for entity_id, state in usage_by_id(claude).items()
        if entity_id not in fixed
    }


async def test_reset_times(claude: Claude) -> None:
    """Reset times are timestamps, which jitter does not change."""
    week = row("weekly_all", 77, "2026-05-08T01:44:59.9+00:00")
    await set_up(claude, row("session", 31, "2026-05-04T14:29:59.512+00:00"), week)
    for seconds in ("14:29:59.512", "14:30:00.061"):
        await poll(claude, row("session", 31, f"2026-05-04T{seconds}+00:00"), week)
        assert claude.state("session_resets_at") == SESSION_RESET
        assert claude.state("weekly_resets_at") == "2026-05-08T01:45:00+00:00"
    state = claude.hass.states.get("sensor.claude_pulse_session_resets_at")
    assert state.attributes["device_class"] == "timestamp"
    assert state.last_changed == state.last_updated


async def test_new_model(claude: Claude, entity_registry: er.EntityRegistry) -> None:
    """A new model's window appears with its second answer, and has forecasts."""
    entry = await claude.entry()
    models = claude.server.world.accounts["ada"].seats[-1].models
    name, key = "Zephyr 9 (preview)", "weekly_zephyr_9_preview"
    started = claude.server.now - timedelta(days=3.5)
    models[name] = Meter(WEEK, 0.0, 80.0, started)
    await claude.pass_time()
    assert claude.state(f"{key}_usage") == "missing"
    await claude.pass_time()

    assert claude.state(f"{key}_usage") == "80"
    assert claude.state(f"{key}_pace") == "30"
    assert claude.state(f"{key}_projected_usage") == "130"
    assert datetime.fromisoformat(claude.state(f"{key}_resets_at"))
    assert datetime.fromisoformat(claude.state(f"{key}_runs_out_at"))
    assert usage_by_name(claude)[f"Weekly {name} usage"] == "80"
    registered = entity_registry.async_get(f"sensor.claude_pulse_{key}_usage")
    unique_id = f"{entry.entry_id}_weekly_scoped:zephyr 9 preview:usage"
    assert registered.unique_id == unique_id
    limit = entity_registry.async_get(f"binary_sensor.claude_pulse_{key}_limit_reached")
    assert limit.disabled

    del models[name]
    await claude.pass_time()
    assert claude.state(f"{key}_usage") == "unavailable"
    assert claude.state("weekly_usage") != "unavailable"
    # After a restart, Home Assistant offers to delete it.
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()
    state = claude.hass.states.get(registered.entity_id)
    assert state.attributes["restored"] is True

    models[name] = Meter(WEEK, 0.0, 12.0, started)
    await pass_steps(claude, 2)
    assert claude.state(f"{key}_usage") == "12"


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        # A window of an unknown kind is named after its kind.
        (
            {"limits": [row("monthly_all", 40), scoped("Fable", 30, "daily")]},
            {"Monthly all usage": "40", "Daily Fable usage": "30"},
        ),
        ({"limits": [row("weekly_scoped", 20)]}, {"Weekly scoped usage": "20"}),
        # Rows with the same kind and name are different windows.
        (
            {"limits": [scoped("Fable", 1), scoped("Fable", 2)]},
            {"Weekly Fable usage": "1", "Weekly Fable (2) usage": "2"},
        ),
        # A row and an older member can be the same window.
        (
            {
                "limits": [scoped("Opus 4", 12)],
                "seven_day_opus": {"utilization": 12.4, "resets_at": WEEK_RESET},
            },
            {"Weekly Opus 4 usage": "12.4"},
        ),
    ],
)
async def test_names(
    claude: Claude, body: dict[str, Any], usage: dict[str, str]
) -> None:
    """Each dynamic window has its own name."""
    claude.serve(body)
    await claude.entry()
    assert usage_by_name(claude) == usage
    if "seven_day_opus" in body:
        assert claude.state("weekly_opus_4_resets_at") == WEEK_RESET


async def test_new_kind(claude: Claude) -> None:
    """A window of an unknown kind has no forecast."""
    await set_up(claude, row("monthly_all", 40, "2026-06-01T00:00:00Z"))
    assert claude.state("monthly_all_usage") == "40"
    assert claude.state("monthly_all_resets_at") == "2026-06-01T00:00:00+00:00"
    assert claude.state("monthly_all_pace") == "unknown"


@pytest.mark.parametrize(
    ("percent", "forecast"),
    [
        (50, ("0", "85", "unknown", "on")),
        # In steps of two points.
        (25, ("-24", "48", "unknown", "on")),
        # 51 points are expected in 3.5 days: 24% take 39 hours, in steps of 6 hours.
        (76, ("26", "130", "2026-05-06T06:00:00+00:00", "off")),
        # A limit that is reached has neither a pace nor a run-out.
        (100, ("unknown", "100", "unknown", "off")),
    ],
)
async def test_forecast(
    claude: Claude, percent: float, forecast: tuple[str, ...]
) -> None:
    """The forecast in the middle of a week."""
    await set_up(claude, row("weekly_all", percent, WEEK_RESET))
    keys = ("weekly_pace", "weekly_projected_usage", "weekly_runs_out_at")
    assert forecast == (
        *map(claude.state, keys),
        claude.state("weekly_lasts", "binary_sensor"),
    )


async def test_pace_follows_the_clock(claude: Claude) -> None:
    """The pace changes without a request, in whole points."""
    await set_up(claude, row("weekly_all", 50, WEEK_RESET), update_interval=86400)
    before = len(claude.server.requests)
    # One percent of a week is 100.8 minutes.
    for minutes, pace in ((59, "0"), (4, "-1")):
        await claude.pass_time(minutes * 60)
        assert claude.state("weekly_pace") == pace
    assert len(claude.server.requests) == before


@pytest.mark.parametrize(
    ("rows", "reached"),
    [
        ([row("session", 99), row("weekly_all", 5)], "off"),
        ([row("session", 100), row("weekly_all", 5)], "on"),
        ([row("session", 1), row("weekly_all", 101)], "on"),
        ([row("weekly_all", 5)], "off"),
        # The limit of a model does not block other models.
        ([row("session", 5), scoped("Fable", 100)], "off"),
        ([], "unknown"),
    ],
)
async def test_limit_reached(
    claude: Claude, rows: list[dict[str, Any]], reached: str
) -> None:
    """The session limit or the weekly limit is reached at 100%."""
    await set_up(claude, *rows)
    assert claude.state("limit_reached", "binary_sensor") == reached
    assert claude.state("weekly_lasts", "binary_sensor") == "unknown"


async def test_disabled_by_default(
    claude: Claude, entity_registry: er.EntityRegistry
) -> None:
    """A dynamic window has its own binary sensor, which is disabled by default."""
    await set_up(claude, scoped("Fable", 100))
    assert {
        entity.entity_id.partition("claude_pulse_")[2]
        for entity in entity_registry.entities.values()
        if entity.platform == DOMAIN and entity.disabled
    } == {
        "resets",
        "service_status",
        "session_limits_reached",
        "session_pace",
        "session_projected_usage",
        "session_runs_out_at",
        "weekly_fable_limit_reached",
    }
    await enable(claude)
    state = claude.hass.states.get(
        "binary_sensor.claude_pulse_weekly_fable_limit_reached"
    )
    assert state.state == "on"
    assert state.name == "Claude Pulse Weekly Fable limit reached"


async def test_spelling_of_a_model_changes(claude: Claude) -> None:
    """Another spelling of a name is the same window."""
    await set_up(claude, scoped("Fable 1", 10))
    before = usage_by_id(claude).keys()
    for percent, name in enumerate(("Fable-1", "FABLE 1", "fable  1"), start=11):
        await poll(claude, scoped(name, percent))
        assert claude.state("weekly_fable_1_usage") == str(percent)
    assert usage_by_id(claude).keys() == before
    assert len(before) == 3


async def test_window_attribute(claude: Claude) -> None:
    """All entities of a window have the same `window` attribute in all states."""
    week = row("weekly_all", 77, WEEK_RESET)
    events = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    await set_up(
        claude,
        row("session", 31, SESSION_RESET),
        week,
        scoped("Opus 4", 12),
        title="Pulse",
    )
    serve(claude, row("session", 91, SESSION_RESET), week, scoped("Sonnet", 0))
    await pass_steps(claude, 2)
    await claude.pass_time(9 * 3600)

    windows: dict[Any, set[str]] = {}
    for event in events:
        state = event.data["new_state"]
        if state and state.state != "unavailable":
            key = state.entity_id.partition(".pulse_")[2]
            windows.setdefault(state.attributes.get("window"), set()).add(key)
    others = {"limit_reached", "connection", "plan", "session_limit"}
    assert windows.pop(None) == others
    prefixes = {
        "account": "account_",
        "session": "session_",
        "weekly": "weekly_",
        "weekly_scoped:opus 4": "weekly_opus_4_",
        "weekly_scoped:sonnet": "weekly_sonnet_",
    }
    assert windows.keys() == prefixes.keys()
    for window, keys in windows.items():
        assert all(key.startswith(prefixes[window]) for key in keys)
    assert "weekly_opus_4_events" in windows["weekly_scoped:opus 4"]
    assert "weekly_lasts" in windows["weekly"]


ODD = [
    scoped("🚀", 1),
    scoped("🌙", 2),
    scoped("R&D", 3),
    scoped("R und D", 4),
    scoped("北京", 5),
    scoped("Bei Jing", 6),
    scoped("Fable", 7),
    scoped("Fable", 8, "daily"),
    scoped("Fable", 9, "weekly"),
    scoped("Projected", 10),
    row("weekly", 11),
    row("extra", 12),
    row("session_2", 13),
    row("limit", 14),
    scoped("An uncommonly long name that goes on and on and on without an end", 15),
    scoped("An uncommonly long name that goes on and on and on without any end", 16),
]


async def test_odd_names(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """Each window has a name and an entity id of its own, which does not change."""
    fixed = (row("session", 50), row("weekly_all", 60))
    entry = await set_up(claude, *fixed, *ODD)
    assert claude.state("session_usage") == "50"
    assert claude.state("weekly_usage") == "60"
    names = usage_by_name(claude)
    assert sorted(map(int, names.values())) == list(range(1, len(ODD) + 1))
    assert {"Weekly 🚀 usage", "Weekly R&D usage", "Weekly 北京 usage"} <= names.keys()
    assert "Weekly usage" not in names
    assert max(map(len, names)) < 60
    assert "does not generate unique IDs" not in caplog.text

    before = usage_by_id(claude)
    # Another order, new windows one after the other, and restarts.
    for rows in (ODD[::-1], ODD[::2], ODD[1::2], ODD[::-1]):
        serve(claude, *fixed, *rows)
        await claude.hass.config_entries.async_reload(entry.entry_id)
        await claude.pass_time()
        served = {str(item["percent"]) for item in (*fixed, *rows)}
        shown = {
            key: percent
            for key, percent in usage_by_id(claude).items()
            if percent in served
        }
        assert len(shown) == len(served)
        assert shown.items() <= before.items()


async def test_delete_entity_of_a_past_window(
    claude: Claude, entity_registry: er.EntityRegistry
) -> None:
    """After a reload, the entities of a past window can be deleted; they return with it."""
    entry = await set_up(claude, scoped("Fable", 5))
    await poll(claude)
    assert claude.state("weekly_fable_usage") == "unavailable"
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()
    entity_id = "sensor.claude_pulse_weekly_fable_usage"
    # The frontend offers to delete restored entities.
    assert claude.hass.states.get(entity_id).attributes["restored"]
    entity_registry.async_remove(entity_id)
    await claude.settle()
    assert claude.state("weekly_fable_usage") == "missing"

    serve(claude, scoped("Fable", 6))
    await pass_steps(claude, 3)
    assert claude.state("weekly_fable_usage") == "6"
    for rows, state in (((), "unavailable"), ((scoped("Fable", 7),), "7")):
        await poll(claude, *rows)
        assert claude.state("weekly_fable_usage") == state


async def test_forecast_before_the_limit(claude: Claude) -> None:
    """A run-out is in the future and rarely changes; a reached limit has none."""
    await set_up(claude, row("weekly_all", 97, WEEK_RESET))
    shown = set()
    for _ in range(9 * 60):
        await claude.pass_time(60)
        shown.add(claude.state("weekly_runs_out_at"))
        assert max(map(datetime.fromisoformat, shown)) > datetime.now(UTC)
    assert len(shown) <= 20
    await poll(claude, row("weekly_all", 100, WEEK_RESET))
    assert claude.state("weekly_runs_out_at") == "unknown"
    assert claude.state("weekly_projected_usage") == "100"
    assert claude.state("weekly_pace") == "unknown"
    assert claude.state("weekly_lasts", "binary_sensor") == "off"


async def test_state_changes_of_an_evening(claude: Claude) -> None:
    """Two weeks with constant usage have at most 40 state changes in nine hours."""
    claude.hass.loop.set_debug(False)
    fable = row("weekly_scoped", 92, WEEK_RESET, "Fable")
    await set_up(claude, row("weekly_all", 77, WEEK_RESET), fable)
    events = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    await pass_steps(claude, 9 * 60, 60)
    assert 0 < len(events) <= 40


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ([scoped("Fable", 40)], [scoped("Fable", 77, "weekly"), scoped("Fable", 41)]),
        ([scoped("Café", 40)], [scoped("Cafe", 77)]),
        ([row("daily_fable", 40)], [scoped("Fable", 77, "daily")]),
        ([scoped("Fable 2", 40)], [scoped("Fable", 1), scoped("Fable", 77)]),
    ],
)
async def test_entity_id_of_a_past_window(
    claude: Claude, first: list[Any], then: list[Any]
) -> None:
    """After a restart, no other window takes the entity id of a past window."""
    entry = await set_up(claude, *first)
    (before,) = (key for key, state in usage_by_id(claude).items() if state == "40")
    await claude.hass.config_entries.async_unload(entry.entry_id)
    serve(claude, *then)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    states = usage_by_id(claude)
    assert states[before] in ("41", "unavailable")
    assert "77" in states.values()


async def test_failed_poll_at_a_reset(claude: Claude) -> None:
    """A poll that fails after a reset is repeated within minutes."""
    await set_up(
        claude, row("session", 97, "2026-05-04T12:30:00Z"), update_interval=86400
    )
    claude.server.set_fault("server_error")
    await claude.pass_time(30 * 60 + 20)
    claude.server.clear_faults()
    serve(claude, row("session", 3, "2026-05-04T17:30:00Z"))
    await pass_steps(claude, 10, 60)
    assert claude.state("session_usage") == "3"


async def test_unload_while_entities_are_added(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Entities that are being added are unloaded, too, and return with the entry."""
    fable = scoped("Fable", 40)
    entry = await set_up(claude)
    await poll(claude, fable)
    # Entities are added as soon as a second answer differs from the first.
    serve(claude, row("weekly_all", 21), fable)
    unblocked = asyncio.Event()
    add = EntityPlatform.async_add_entities

    async def add_slowly(*args: Any, **kwargs: Any) -> None:
        """Wait before entities are added."""
        await unblocked.wait()
        await add(*args, **kwargs)

    monkeypatch.setattr(EntityPlatform, "async_add_entities", add_slowly)
    await async_update_entity(claude.hass, SESSION_USAGE)
    unload = claude.hass.async_create_task(
        claude.hass.config_entries.async_unload(entry.entry_id)
    )
    for _ in range(20):
        await asyncio.sleep(0)
    unblocked.set()
    assert await unload
    await claude.settle()
    ours = [s for s in claude.hass.states.async_all() if "claude_pulse" in s.entity_id]
    assert {state.state for state in ours} == {"unavailable"}
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    assert claude.state("weekly_fable_usage") == "40"
    assert "ERROR" not in caplog.text


@pytest.mark.parametrize("turns", range(7))
@pytest.mark.parametrize("moment", ["request", "new state"])
async def test_unload_as_an_answer_arrives(
    claude: Claude, caplog: pytest.LogCaptureFixture, moment: str, turns: int
) -> None:
    """No entity is added to an entry that is being unloaded."""
    claude.serve(session(97, SESSION_RESET))
    entry = await claude.entry()
    limits = [scoped("Fable", 5), scoped("Opus", 5)]
    claude.serve(session(97, SESSION_RESET, limits=limits))
    await claude.pass_time()
    claude.serve(session(98, SESSION_RESET, limits=limits))
    arrived = asyncio.Event()

    async def note(_: Request) -> None:
        """Note a request."""
        if moment == "request":
            arrived.set()

    claude.server.on_request = note
    if moment == "new state":
        claude.hass.bus.async_listen_once(
            EVENT_STATE_CHANGED, callback(lambda _: arrived.set())
        )
    update = claude.hass.async_create_task(update_by_hand(claude.hass))
    await arrived.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    await claude.hass.config_entries.async_unload(entry.entry_id)
    await update
    await claude.settle()
    states = claude.hass.states.async_all()
    assert [state for state in states if "restored" not in state.attributes] == []
    assert claude.state("weekly_fable_usage") in ("missing", "unavailable")
    assert "ERROR" not in caplog.text


async def test_confidence_changes_by_itself(claude: Claude) -> None:
    """The confidence is of now, also while the verdict stays the same."""
    await set_up(claude, row("weekly_all", 40, WEEK_RESET), update_interval=86400)
    entity_id = "binary_sensor.claude_pulse_weekly_lasts"
    shown = []
    for _ in range(4):
        state = claude.hass.states.get(entity_id)
        assert state.state == "on"
        shown.append(state.attributes["confidence"])
        await claude.pass_time(12 * 3600)
    assert shown == sorted(shown)
    assert len(set(shown)) > 1
    assert all(confidence % 10 == 0 for confidence in shown)
