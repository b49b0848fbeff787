"""Reset times, windows that come and go, and whether they will last."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import EntityPlatform

from .common import add_entry, pass_time, settle, usage_requests
from .simulator import Simulator
from .simulator.world import WEEK, Meter

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

NOW = "2026-05-04T12:00:00+00:00"


def serve(simulator: Simulator, *rows: dict[str, Any]) -> None:
    """Serve rows of `limits[]` as ada's usage."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = {"limits": list(rows)}


def row(
    kind: str, percent: float, resets_at: str | None = None, scope: str | None = None
) -> dict[str, Any]:
    """Return a row of `limits[]`."""
    members = {"kind": kind, "percent": percent, "resets_at": resets_at}
    return {**members, "scope": {"model": {"display_name": scope}} if scope else None}


def state(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the state of an entity of the first entry."""
    domain, _, key = entity_id.partition(".")
    found = hass.states.get(f"{domain}.claude_pulse_{key}")
    return found.state if found else None


async def test_reset_times_as_timestamps(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """They can trigger an automation, and jitter does not move them."""
    freezer.move_to(NOW)
    for seconds in ("14:29:59.512", "14:30:00.061"):
        serve(
            simulator,
            row("session", 31, f"2026-05-04T{seconds}+00:00"),
            row("weekly_all", 77, "2026-05-08T01:44:59.9+00:00"),
        )
        if not hass.states.async_all("sensor"):
            await add_entry(hass, simulator)
        await pass_time(hass, freezer)
        assert state(hass, "sensor.session_resets_at") == "2026-05-04T14:30:00+00:00"
        assert state(hass, "sensor.weekly_resets_at") == "2026-05-08T01:45:00+00:00"
    found = hass.states.get("sensor.claude_pulse_session_resets_at")
    assert found.attributes["device_class"] == "timestamp"
    assert found.last_changed == found.last_updated


async def test_model_never_heard_of(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """A new model's window shows up with its second answer, and its limits are forecast."""
    entry = await add_entry(hass, simulator)
    seat = simulator.world.accounts["ada"].seats[-1]
    key = "weekly_zephyr_9_preview"
    assert state(hass, f"sensor.{key}_usage") is None

    started = simulator.now - timedelta(days=3.5)
    seat.models["Zephyr 9 (preview)"] = Meter(WEEK, 0.0, 80.0, started)
    await pass_time(hass, freezer)
    assert state(hass, f"sensor.{key}_usage") is None
    await pass_time(hass, freezer)

    assert state(hass, f"sensor.{key}_usage") == "80"
    assert state(hass, f"sensor.{key}_pace") == "30"
    assert state(hass, f"sensor.{key}_projected_usage") == "160"
    assert state(hass, f"sensor.{key}_resets_at") not in (None, "unknown")
    assert state(hass, f"sensor.{key}_runs_out_at") not in (None, "unknown")
    found = hass.states.get(f"sensor.claude_pulse_{key}_usage")
    name = "Claude Pulse Weekly Zephyr 9 (preview) usage"
    assert found.attributes["friendly_name"] == name
    registered = entity_registry.async_get(found.entity_id)
    assert registered.unique_id == f"{entry.entry_id}_{key}_usage"
    limit = entity_registry.async_get(f"binary_sensor.claude_pulse_{key}_limit_reached")
    assert limit.disabled

    # Gone, it is unavailable; after the next start it is no longer provided.
    del seat.models["Zephyr 9 (preview)"]
    await pass_time(hass, freezer)
    assert state(hass, f"sensor.{key}_usage") == "unavailable"
    assert state(hass, "sensor.weekly_usage") != "unavailable"
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert hass.states.get(found.entity_id).attributes.get("restored") is True

    # And back.
    seat.models["Zephyr 9 (preview)"] = Meter(WEEK, 0.0, 12.0, started)
    await pass_time(hass, freezer)
    assert state(hass, f"sensor.{key}_usage") == "12"


async def test_kind_never_heard_of(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A window of an unknown kind is shown under its own kind, without a forecast."""
    freezer.move_to(NOW)
    serve(
        simulator,
        row("monthly_all", 40, "2026-06-01T00:00:00Z"),
        row("daily", 30, scope="Fable"),
        row("weekly_scoped", 20),
    )
    await add_entry(hass, simulator)
    found = hass.states.get("sensor.claude_pulse_monthly_all_usage")
    assert found.state == "40"
    assert found.attributes["friendly_name"] == "Claude Pulse Monthly all usage"
    assert state(hass, "sensor.monthly_all_resets_at") == "2026-06-01T00:00:00+00:00"
    assert state(hass, "sensor.monthly_all_pace") == "unknown"
    found = hass.states.get("sensor.claude_pulse_daily_fable_f876_usage")
    assert found.attributes["friendly_name"] == "Claude Pulse Daily Fable usage"
    assert state(hass, "sensor.weekly_scoped_usage") == "20"


@pytest.mark.parametrize(
    ("percent", "pace", "projected", "runs_out_at", "lasts"),
    [
        (50, "0", "100", "unknown", "on"),
        # In steps of two points.
        (25, "-24", "50", "unknown", "on"),
        # 3.5 of 7 days for 76 %: the rest is used up 26.5 hours from now, in steps
        # of 6 hours.
        (76, "26", "150", "2026-05-05T12:00:00+00:00", "off"),
        # Used up: nothing is ahead of time any more, nor runs out.
        (100, "unknown", "100", "unknown", "off"),
    ],
)
async def test_will_the_week_last(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    percent: float,
    pace: str,
    projected: str,
    runs_out_at: str,
    lasts: str,
) -> None:
    """In the middle of a week."""
    freezer.move_to(NOW)
    serve(simulator, row("weekly_all", percent, "2026-05-08T00:00:00Z"))
    await add_entry(hass, simulator)
    assert state(hass, "sensor.weekly_pace") == pace
    assert state(hass, "sensor.weekly_projected_usage") == projected
    assert state(hass, "sensor.weekly_runs_out_at") == runs_out_at
    assert state(hass, "binary_sensor.weekly_lasts") == lasts


async def test_pace_moves_with_the_clock(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Without a request, in whole points that do not flicker."""
    freezer.move_to(NOW)
    serve(simulator, row("weekly_all", 50, "2026-05-08T00:00:00Z"))
    await add_entry(hass, simulator, update_interval=86400)
    before = len(simulator.requests)
    # A point of a week is 100.8 minutes.
    await pass_time(hass, freezer, 59 * 60)
    assert state(hass, "sensor.weekly_pace") == "0"
    await pass_time(hass, freezer, 4 * 60)
    assert state(hass, "sensor.weekly_pace") == "-1"
    assert len(simulator.requests) == before


@pytest.mark.parametrize(
    ("rows", "reached"),
    [
        ([row("session", 99), row("weekly_all", 5)], "off"),
        ([row("session", 100), row("weekly_all", 5)], "on"),
        ([row("session", 1), row("weekly_all", 101)], "on"),
        ([row("weekly_all", 5)], "off"),
        # A model's window stops that model only.
        ([row("session", 5), row("weekly_scoped", 100, scope="Fable")], "off"),
        ([], "unknown"),
    ],
)
async def test_limit_reached(
    hass: HomeAssistant,
    simulator: Simulator,
    rows: list[dict[str, Any]],
    reached: str,
) -> None:
    """The session or the week at 100 % or more."""
    serve(simulator, *rows)
    await add_entry(hass, simulator)
    assert state(hass, "binary_sensor.limit_reached") == reached
    assert state(hass, "binary_sensor.weekly_lasts") == "unknown"


async def test_limit_of_a_model(
    hass: HomeAssistant, simulator: Simulator, entity_registry: er.EntityRegistry
) -> None:
    """Each further window has a binary sensor of its own, to be enabled."""
    serve(simulator, row("weekly_scoped", 100, scope="Fable"))
    entry = await add_entry(hass, simulator)
    entity_id = "binary_sensor.claude_pulse_weekly_fable_limit_reached"
    entity_registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    found = hass.states.get(entity_id)
    assert found.state == "on"
    name = "Claude Pulse Weekly Fable limit reached"
    assert found.attributes["friendly_name"] == name


async def test_what_is_enabled_by_default(
    hass: HomeAssistant, simulator: Simulator, entity_registry: er.EntityRegistry
) -> None:
    """The session's pace is for those who ask for it."""
    await add_entry(hass, simulator)
    disabled = {
        entity.entity_id.partition("claude_pulse_")[2]
        for entity in entity_registry.entities.values()
        if entity.platform == DOMAIN and entity.disabled
    }
    assert disabled == {
        "service_status",
        "session_pace",
        "session_projected_usage",
        "session_runs_out_at",
        "weekly_fable_limit_reached",
    }


def scoped(name: str, percent: float, kind: str = "weekly_scoped") -> dict[str, Any]:
    """Return a row about a model."""
    return row(kind, percent, None, name)


def of_use(hass: HomeAssistant) -> list[State]:
    """Return the states of what says how much of a window is used."""
    return [
        state
        for state in hass.states.async_all("sensor")
        if state.entity_id.endswith("_usage")
        and not state.entity_id.endswith("_projected_usage")
    ]


def usages(hass: HomeAssistant) -> dict[str, str]:
    """Return what is used of found windows by friendly name."""
    return {
        state.attributes["friendly_name"].removeprefix("Claude Pulse "): state.state
        for state in of_use(hass)
        if not state.entity_id.endswith(("_session_usage", "pulse_weekly_usage"))
    }


def ids(hass: HomeAssistant) -> dict[str, str]:
    """Return what is used of all windows by entity id."""
    return {
        state.entity_id.removeprefix("sensor.claude_pulse_"): state.state
        for state in of_use(hass)
    }


async def test_new_model_under_a_long_interval(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Its second answer is asked for soon, and once."""
    serve(simulator)
    await add_entry(hass, simulator, update_interval=86400)
    serve(simulator, scoped("Fable", 10))
    await pass_time(hass, freezer, 1.5 * 86400)
    asked = usage_requests(simulator)
    for _ in range(5):
        await pass_time(hass, freezer, 63)
    assert state(hass, "sensor.weekly_fable_usage") == "10"
    assert usage_requests(simulator) == asked + 1


async def test_many_new_models_under_a_long_interval(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Their entities come one batch a minute, without further requests; so they go."""
    serve(simulator)
    await add_entry(hass, simulator, update_interval=86400)
    names = [f"Model {number}" for number in range(8)]

    def shown() -> int:
        """Count the models whose usage is shown."""
        ids = [f"sensor.weekly_model_{number}_usage" for number in range(8)]
        return sum(state(hass, entity_id) == "5" for entity_id in ids)

    serve(simulator, *(scoped(name, 5) for name in names))
    await pass_time(hass, freezer, 1.5 * 86400)
    asked = usage_requests(simulator)
    for _ in range(8):
        await pass_time(hass, freezer, 63)
    assert shown() == 8
    assert usage_requests(simulator) == asked + 1
    serve(simulator)
    await pass_time(hass, freezer, 1.5 * 86400)
    for _ in range(8):
        await pass_time(hass, freezer, 63)
    found = hass.states.get("sensor.claude_pulse_weekly_model_0_usage")
    assert (found.state, found.attributes.get("restored")) == ("unavailable", True)
    assert shown() == 0


async def test_spelling_of_a_model_changes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """It is the same window, without a reload, and never unavailable."""
    serve(simulator, scoped("Fable 1", 10))
    await add_entry(hass, simulator)
    for percent, name in enumerate(("Fable-1", "FABLE 1", "fable  1"), start=11):
        serve(simulator, scoped(name, percent))
        await pass_time(hass, freezer)
        assert state(hass, "sensor.weekly_fable_1_usage") == str(percent)
    assert set(ids(hass)) == {"session_usage", "weekly_usage", "weekly_fable_1_usage"}


async def test_which_window_an_entity_is_about(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Each says so from the first state to the last, whatever it is called."""
    freezer.move_to(NOW)
    opus, sonnet = scoped("Opus 4", 12), scoped("Sonnet", 0)
    week = row("weekly_all", 77, "2026-05-08T01:45:00+00:00")
    serve(simulator, row("session", 31, "2026-05-04T14:30:00+00:00"), week, opus)
    seen: set[tuple[str, Any]] = set()

    def note(event: Any) -> None:
        """Note what a state says."""
        new = event.data["new_state"]
        if new and new.state != "unavailable":
            seen.add((new.entity_id, new.attributes.get("window")))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    await add_entry(hass, simulator, title="Pulse")
    serve(simulator, row("session", 91, "2026-05-04T14:30:00+00:00"), week, sonnet)
    for _ in range(2):
        await pass_time(hass, freezer)
    await pass_time(hass, freezer, 9 * 3600)
    windows = {window for _, window in seen if window}
    assert windows == {"session", "weekly", "weekly_opus_4", "weekly_sonnet"}
    ours = {item for item in seen if item[1] is None}
    assert {key for key, _ in ours} == {
        "binary_sensor.pulse_limit_reached",
        "sensor.pulse_connection",
        "sensor.pulse_plan",
        "sensor.pulse_session_limit",
    }
    for entity_id, window in seen - ours:
        assert entity_id.partition(".pulse_")[2].startswith(f"{window}_")
    assert ("event.pulse_weekly_opus_4_events", "weekly_opus_4") in seen
    assert ("binary_sensor.pulse_weekly_lasts", "weekly") in seen


async def test_rows_and_named_member_of_one_family(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """`Opus 4` and `seven_day_opus` are one window, with what each knows of it."""
    named = {"utilization": 12.4, "resets_at": "2036-05-08T01:45:00Z"}
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "limits": [scoped("Opus 4", 12)],
        "seven_day_opus": named,
    }
    await add_entry(hass, simulator)
    assert usages(hass) == {"Weekly Opus 4 usage": "12.4"}
    assert state(hass, "sensor.weekly_opus_4_resets_at") == "2036-05-08T01:45:00+00:00"


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


async def test_every_window_has_an_id_that_stays(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the server calls them: each is shown, none takes the id of another."""
    serve(simulator, row("session", 50), row("weekly_all", 60), *ODD)
    entry = await add_entry(hass, simulator)
    assert state(hass, "sensor.session_usage") == "50"
    assert state(hass, "sensor.weekly_usage") == "60"
    assert hass.states.get("sensor.claude_pulse_extra_usage") is None
    shown = usages(hass)
    assert sorted(map(int, shown.values())) == list(range(1, len(ODD) + 1))
    assert {
        "Weekly 🚀 usage",
        "Weekly R&D usage",
        "Weekly 北京 usage",
    } <= set(shown)
    assert "Weekly usage" not in shown
    assert max(map(len, shown)) < 60
    assert "does not generate unique IDs" not in caplog.text

    before = ids(hass)
    assert not [key for key in before if key.endswith("_2")]
    # In another order, one after the other, and after a restart.
    for rows in (ODD[::-1], ODD[::2], ODD[1::2], ODD[::-1]):
        serve(simulator, row("session", 50), row("weekly_all", 60), *rows)
        await hass.config_entries.async_reload(entry.entry_id)
        await pass_time(hass, freezer)
        there = {str(item["percent"]) for item in rows} | {"50", "60"}
        shown = {key: percent for key, percent in ids(hass).items() if percent in there}
        assert len(shown) == len(there)
        assert shown.items() <= before.items()


async def test_two_rows_alike_are_two_windows(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Also when they come in another order."""
    rows = [scoped("Fable", 1), scoped("Fable", 2)]
    serve(simulator, *rows)
    await add_entry(hass, simulator)
    assert usages(hass) == {"Weekly Fable usage": "1", "Weekly Fable (2) usage": "2"}
    assert state(hass, "sensor.weekly_fable_6540_usage") == "2"


async def test_past_window_can_be_removed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """Its entities are no longer provided, while running; and come back with it."""
    serve(simulator, scoped("Fable", 5))
    await add_entry(hass, simulator)
    entity_id = "sensor.claude_pulse_weekly_fable_usage"
    serve(simulator)
    await pass_time(hass, freezer)
    found = hass.states.get(entity_id)
    # What Home Assistant's dialog offers removal for.
    assert (found.state, found.attributes.get("restored")) == ("unavailable", True)
    entity_registry.async_remove(entity_id)
    await settle(hass)
    assert hass.states.get(entity_id) is None

    serve(simulator, scoped("Fable", 6))
    for _ in range(3):
        await pass_time(hass, freezer)
    assert hass.states.get(entity_id).state == "6"
    serve(simulator)
    await pass_time(hass, freezer)
    serve(simulator, scoped("Fable", 7))
    await pass_time(hass, freezer)
    assert hass.states.get(entity_id).state == "7"


async def test_forecasts_at_the_end_of_a_window(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A run-out is never in the past, and none is told of what is used up."""
    freezer.move_to(NOW)
    reset = "2026-05-08T00:00:00Z"
    serve(simulator, row("weekly_all", 97, reset))
    await add_entry(hass, simulator)
    seen: list[str] = []
    for _ in range(9 * 60):
        await pass_time(hass, freezer, 60)
        shown = state(hass, "sensor.weekly_runs_out_at")
        assert datetime.fromisoformat(shown) > datetime.now(UTC)
        if shown not in seen[-1:]:
            seen.append(shown)
    assert len(seen) <= 20
    serve(simulator, row("weekly_all", 100, reset))
    await pass_time(hass, freezer)
    assert state(hass, "sensor.weekly_runs_out_at") == "unknown"
    assert state(hass, "sensor.weekly_projected_usage") == "100"
    assert state(hass, "sensor.weekly_pace") == "unknown"
    assert state(hass, "binary_sensor.weekly_lasts") == "off"


async def test_rows_of_an_evening(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Two weeks that run at unchanged numbers make at most 40 states in nine hours."""
    hass.loop.set_debug(False)
    freezer.move_to(NOW)
    reset = "2026-05-08T00:00:00Z"
    serve(
        simulator,
        row("weekly_all", 77, reset),
        row("weekly_scoped", 92, reset, "Fable"),
    )
    await add_entry(hass, simulator)
    changes: list[str] = []
    hass.bus.async_listen(
        EVENT_STATE_CHANGED, lambda event: changes.append(event.data["entity_id"])
    )
    for _ in range(9 * 60):
        await pass_time(hass, freezer, 60)
    assert changes
    assert len(changes) <= 40


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ([scoped("Fable", 40)], [scoped("Fable", 77, "weekly"), scoped("Fable", 41)]),
        ([scoped("Café", 40)], [scoped("Cafe", 77)]),
        ([row("daily_fable", 40)], [scoped("Fable", 77, "daily")]),
        ([scoped("Fable 2", 40)], [scoped("Fable", 1), scoped("Fable", 77)]),
    ],
)
async def test_nothing_takes_over_an_id(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    first: list[Any],
    then: list[Any],
) -> None:
    """Whatever comes first after a restart."""
    serve(simulator, *first)
    entry = await add_entry(hass, simulator)
    (before,) = set(ids(hass)) - {"session_usage", "weekly_usage"}
    await hass.config_entries.async_unload(entry.entry_id)
    serve(simulator, *then)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert hass.states.get(f"sensor.claude_pulse_{before}").state in (
        "41",
        "unavailable",
    )
    assert "77" in ids(hass).values()


async def test_one_failure_at_a_reset_costs_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Not a long interval without values."""
    freezer.move_to(NOW)
    serve(simulator, row("session", 97, "2026-05-04T12:30:00Z"))
    await add_entry(hass, simulator, update_interval=86400)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer, 30 * 60 + 20)
    simulator.clear_faults()
    serve(simulator, row("session", 3, "2026-05-04T17:30:00Z"))
    for _ in range(10):
        await pass_time(hass, freezer, 60)
    assert state(hass, "sensor.session_usage") == "3"


async def test_entry_that_goes_while_a_window_comes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is being added is added first, and goes with the rest."""
    serve(simulator, row("weekly_all", 20))
    entry = await add_entry(hass, simulator)
    going_on = asyncio.Event()
    add = EntityPlatform.async_add_entities

    async def add_slowly(*args: Any, **kwargs: Any) -> None:
        """Add entities when it is time."""
        await going_on.wait()
        await add(*args, **kwargs)

    monkeypatch.setattr(EntityPlatform, "async_add_entities", add_slowly)
    serve(simulator, row("weekly_all", 20), scoped("Fable", 40))
    await hass.data[DOMAIN][entry.entry_id].async_refresh()
    unload = hass.async_create_task(hass.config_entries.async_unload(entry.entry_id))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not unload.done()
    going_on.set()
    assert await unload
    await settle(hass)
    assert all(
        found.state == "unavailable"
        for found in hass.states.async_all()
        if "claude_pulse" in found.entity_id
    )
    assert "ERROR" not in caplog.text
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert state(hass, "sensor.weekly_fable_usage") == "40"


async def test_answer_that_comes_while_the_entry_goes(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is added any more."""
    serve(simulator, row("weekly_all", 20))
    entry = await add_entry(hass, simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    serve(simulator, row("weekly_all", 20), scoped("Fable", 40))
    before = coordinator._poll
    refresh = hass.async_create_task(coordinator.async_refresh())
    for _ in range(3):
        await asyncio.sleep(0)
    assert coordinator._poll is not before
    unloads: list[asyncio.Task[bool]] = []

    def go(_: object) -> None:
        """Unload the entry."""
        unload = hass.config_entries.async_unload(entry.entry_id)
        unloads.append(hass.async_create_task(unload))

    coordinator._poll.add_done_callback(go)
    await refresh
    assert await unloads[0]
    await settle(hass)
    assert state(hass, "sensor.weekly_fable_usage") in (None, "unavailable")
    assert not coordinator.changes
    assert "ERROR" not in caplog.text
