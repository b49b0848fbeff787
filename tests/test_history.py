"""Forecasts by habit, from statistics in a real recorder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import isnan
import threading
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from sqlalchemy import text

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.forecast import history
from homeassistant.components.recorder import Recorder, get_instance, statistics
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.components.recorder.util import session_scope
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import add_entry, pass_time, serve, settle, store_entry
from .simulator import Simulator

# A Friday evening: the week began on Monday noon.
NOW = datetime(2026, 5, 8, 18, 0, 5, tzinfo=dt_util.UTC)
BEGIN = datetime(2026, 5, 4, 12, 0, tzinfo=dt_util.UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
PROJECTION = "sensor.claude_pulse_weekly_projected_usage"
LASTS = "binary_sensor.claude_pulse_weekly_lasts"
PACE = "sensor.claude_pulse_weekly_pace"
USAGE = "sensor.claude_pulse_weekly_usage"

# What the even rate makes of 70 % on that evening.
EVEN = 70 / 4.25 * 7


def office(time: datetime) -> float:
    """Use 80 points a week: two in each hour from 9 to 17, Monday to Friday."""
    return 2.0 if time.weekday() < 5 and 9 <= time.hour < 17 else 0.0


async def import_use(
    hass: HomeAssistant,
    use: Callable[[datetime], float],
    *,
    weeks: int = 6,
    since: datetime = BEGIN - 12 * WEEK,
    until: datetime = NOW - HOUR,
    entity_id: str = USAGE,
    window: int = 168,
) -> None:
    """Have had a person use it, as the recorder's statistics tell."""
    rows: list[dict[str, Any]] = []
    time, percent = BEGIN - weeks * WEEK, 0.0
    while time < until:
        least, before = percent, percent
        if (time - BEGIN) % (window * HOUR) == timedelta():
            least = 0.0
        percent = min(least + use(time), 100)
        row = {"start": time, "min": least, "mean": least}
        if time >= since:
            rows.append({**row, "max": max(before, percent)})
        time += HOUR
    metadata = {
        "has_mean": True,
        "has_sum": False,
        # Both are asked for in newer versions, and not known in old ones.
        "mean_type": 1,
        "unit_class": "unitless",
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_of_measurement": "%",
    }
    known = StatisticMetaData.__annotations__
    async_import_statistics(
        hass, {key: value for key, value in metadata.items() if key in known}, rows
    )
    await async_wait_recording_done(hass)


def serve_week(simulator: Simulator, percent: float) -> None:
    """Serve a week that began on Monday noon."""
    reset = (BEGIN + WEEK).isoformat()
    serve(simulator, {"seven_day": {"utilization": percent, "resets_at": reset}})


async def add(
    hass: HomeAssistant, simulator: Simulator, **options: Any
) -> MockConfigEntry:
    """Set up an entry whose history is read by then."""
    entry = await add_entry(hass, simulator, **options)
    await get_instance(hass).async_block_till_done()
    await settle(hass)
    return entry


def number(hass: HomeAssistant, entity_id: str = PROJECTION) -> int:
    """Return a state as a number."""
    return int(hass.states.get(entity_id).state)


@pytest.fixture
async def recorder(
    recorder_mock: Recorder,
    enable_custom_integrations: None,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Recorder:
    """Have a recorder, on that Friday evening, in UTC."""
    monkeypatch.setattr(history, "SPREAD", 0)
    await hass.config.async_update(time_zone="UTC")
    freezer.move_to(NOW)
    assert await async_setup_component(hass, "sensor", {})
    serve_week(simulator, 70)
    return recorder_mock


@pytest.mark.smoke
async def test_forecast_by_habit(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """Whoever works from Monday to Friday has used the week on Friday evening."""
    await import_use(hass, office)
    await add(hass, simulator)
    found = hass.states.get(PROJECTION)
    assert 74 <= int(found.state) <= 80
    assert found.attributes["basis"] == "habit"
    assert found.attributes["weeks"] == 6
    assert 70 <= found.attributes["low"] <= int(found.state) <= found.attributes["high"]
    assert found.attributes["state_class"] == "measurement"
    lasts = hass.states.get(LASTS)
    assert lasts.state == "on"
    assert lasts.attributes["confidence"] > 90
    pace = hass.states.get(PACE)
    assert pace.attributes["expected"] == pytest.approx(73, abs=2)
    assert pace.attributes["state_class"] == "measurement"


async def test_even_without_history(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """A recorder that knows nothing yet changes nothing."""
    await add(hass, simulator)
    found = hass.states.get(PROJECTION)
    assert int(found.state) == pytest.approx(EVEN, abs=5)
    assert (found.attributes["basis"], found.attributes["weeks"]) == ("even", 0)
    assert hass.states.get(PACE).attributes["expected"] is None
    assert hass.states.get(LASTS).state == "off"


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_without_recorder(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Where there is no recorder the forecast is there at once, at the even rate."""
    freezer.move_to(NOW)
    serve_week(simulator, 70)
    await add_entry(hass, simulator)
    assert "recorder" not in hass.config.components
    assert number(hass) == pytest.approx(EVEN, abs=5)
    assert hass.states.get(PROJECTION).attributes["basis"] == "even"
    await pass_time(hass, freezer, 3600)
    assert hass.states.get(PROJECTION).attributes["basis"] == "even"


def count_states(hass: HomeAssistant, entity_id: str) -> list[str]:
    """Collect the states of an entity from now on."""
    seen: list[str] = []

    def note(event: Any) -> None:
        """Note a state."""
        if event.data["entity_id"] == entity_id and event.data["new_state"]:
            seen.append(event.data["new_state"].state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return seen


async def test_no_other_forecast_before_it(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """A start tells nobody first that the week runs out, and then that it lasts."""
    await import_use(hass, office)
    entry = await add(hass, simulator)
    seen, verdicts = count_states(hass, PROJECTION), count_states(hass, LASTS)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert set(seen) <= {"unavailable", "unknown", hass.states.get(PROJECTION).state}
    assert "off" not in verdicts
    assert verdicts[-1] == "on"


async def test_recorder_that_takes_its_time(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Nothing waits for it: the numbers are there at once, the forecast within minutes."""
    await import_use(hass, office)
    going_on = threading.Event()
    instance = get_instance(hass)
    blocked = [
        instance.async_add_executor_job(going_on.wait)
        for _ in range(instance._db_executor._max_workers)
    ]
    entry = store_entry(hass, simulator, update_interval=3600)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(USAGE).state == "70"
    assert hass.states.get(PROJECTION).state == "unknown"
    for _ in range(3):
        assert hass.states.get(PROJECTION).state == "unknown"
        freezer.tick(60)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
    assert number(hass) == pytest.approx(EVEN, abs=5)
    assert hass.states.get(PROJECTION).attributes["basis"] == "even"
    going_on.set()
    for job in blocked:
        await job
    await settle(hass)
    assert hass.states.get(PROJECTION).attributes["basis"] == "habit"
    assert await hass.config_entries.async_unload(entry.entry_id)


def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, set[str]]]:
    """Collect from when on the statistics of which entities are read."""
    found: list[tuple[datetime, set[str]]] = []
    read = statistics.statistics_during_period

    def note(hass: HomeAssistant, start: datetime, *others: Any) -> Any:
        """Note what is read."""
        found.append((start, others[1]))
        return read(hass, start, *others)

    monkeypatch.setattr(statistics, "statistics_during_period", note)
    return found


async def test_once_an_hour_and_only_what_is_new(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twelve weeks at the start, and then hour by hour what has come since."""
    await import_use(hass, office)
    found = reads(monkeypatch)
    await add(hass, simulator)
    assert [start for start, _ in found] == [NOW - timedelta(weeks=12)]
    assert found[0][1] >= {USAGE, "sensor.claude_pulse_session_usage"}
    assert not any(entity_id.endswith("projected_usage") for entity_id in found[0][1])
    # A whole hour a minute at a time.
    for minute in range(1, 61):
        await pass_time(hass, freezer, 60)
        # In the statistics an hour is there a moment after it has ended.
        assert len(found) == (2 if minute >= 2 else 1), minute
    # Of the session nothing is in the statistics, but that has been looked at.
    assert NOW - 9 * HOUR < found[1][0] <= NOW - HOUR
    await import_use(hass, office, until=NOW + HOUR)
    for _ in range(3):
        await pass_time(hass, freezer, 60)
    assert len(found) == 3
    assert hass.states.get(PROJECTION).attributes["weeks"] == 6


async def test_entity_renamed(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """The statistics follow another entity id, and so does the forecast."""
    await import_use(hass, office)
    entry = await add(hass, simulator)
    renamed = "sensor.how_much_of_the_week"
    er.async_get(hass).async_update_entity(USAGE, new_entity_id=renamed)
    await settle(hass)
    await async_wait_recording_done(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert hass.states.get(renamed).state == "70"
    assert hass.states.get(PROJECTION).attributes["basis"] == "habit"


async def test_statistics_that_cannot_be_read(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said once, without a name, and goes on without what it has not learned."""
    await import_use(hass, office)
    await rename_statistics(hass, "statistics_meta", "gone")
    caplog.clear()
    await add(hass, simulator, title="Claude Pulse ada@example.com")
    projection = PROJECTION.replace("pulse_", "pulse_ada_example_com_")
    verdict = LASTS.replace("pulse_", "pulse_ada_example_com_")
    # A moment's failure makes no other forecast.
    assert hass.states.get(projection).state == "unknown"
    assert hass.states.get(verdict).state == "unknown"
    for _ in range(180):
        await pass_time(hass, freezer, 60)
    told = [record for record in caplog.records if "could not be" in record.message]
    assert len(told) == 1
    assert "ada" not in told[0].getMessage()
    assert told[0].exc_info is None
    assert hass.states.get(projection).attributes["basis"] == "even"
    await rename_statistics(hass, "gone", "statistics_meta")


async def test_statistics_that_cannot_be_read_for_a_moment(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are read a minute later, and what has been learned stays until then."""
    await import_use(hass, office)
    with monkeypatch.context() as broken:
        broken.setattr(statistics, "statistics_during_period", lambda *_: 1 / 0)
        await add(hass, simulator)
        verdicts = count_states(hass, LASTS)
    for _ in range(2):
        await pass_time(hass, freezer, 60)
    assert verdicts == ["on"]
    assert hass.states.get(PROJECTION).attributes["basis"] == "habit"
    with monkeypatch.context() as broken:
        broken.setattr(statistics, "statistics_during_period", lambda *_: 1 / 0)
        for _ in range(61):
            await pass_time(hass, freezer, 60)
        assert hass.states.get(PROJECTION).attributes["basis"] == "habit"
    assert set(verdicts) == {"on"}


async def rename_statistics(hass: HomeAssistant, table: str, name: str) -> None:
    """Give a table of the recorder another name."""

    def rename() -> None:
        """Do so."""
        with session_scope(hass=hass) as session:
            session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))

    await get_instance(hass).async_add_executor_job(rename)


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=400)])
async def test_hours_that_have_not_come(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator, ahead: timedelta
) -> None:
    """Statistics of a clock that was ahead once are passed over."""
    await import_use(hass, office)
    await import_use(hass, office, until=NOW + ahead, since=NOW + ahead - 5 * HOUR)
    await add(hass, simulator)
    found = hass.states.get(PROJECTION)
    assert (found.attributes["basis"], found.attributes["weeks"]) == ("habit", 6)


async def test_hours_that_were_read_by_a_clock_ahead(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When it has been set back they are forgotten, and learning goes on."""
    ahead = timedelta(days=2)
    await import_use(hass, office)
    await import_use(hass, office, until=NOW + ahead, since=NOW + ahead - 5 * HOUR)
    freezer.move_to(NOW + ahead)
    entry = await add(hass, simulator)
    habits = hass.data[DOMAIN][entry.entry_id].history.habits
    assert habits["weekly"].past.end * 3600 > NOW.timestamp() + 3600
    # The loop's clock, which is not set back, brings the next minute.
    freezer.move_to(NOW)
    with monkeypatch.context() as broken:
        broken.setattr(statistics, "statistics_during_period", lambda *_: 1 / 0)
        hass.data[DOMAIN][entry.entry_id].async_tick()
        await settle(hass)
    # What cannot be read is not forgotten either.
    assert hass.states.get(PROJECTION).attributes["basis"] == "habit"
    freezer.tick(90)
    hass.data[DOMAIN][entry.entry_id].async_tick()
    await settle(hass)
    habits = hass.data[DOMAIN][entry.entry_id].history.habits
    assert habits["weekly"].past.end * 3600 <= NOW.timestamp() + 3600
    found = hass.states.get(PROJECTION)
    assert (found.attributes["basis"], found.attributes["weeks"]) == ("habit", 6)


async def test_hours_that_come_late(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """A recorder that was half a day behind catches up, and so does what is learned."""
    await import_use(hass, office, until=NOW - 13 * HOUR)
    entry = await add(hass, simulator)
    for _ in range(3):
        await pass_time(hass, freezer, 3600)
    await import_use(hass, office, until=NOW + 2 * HOUR)
    await pass_time(hass, freezer, 3600)
    past = hass.data[DOMAIN][entry.entry_id].history.habits["weekly"].past
    assert past.end == int(NOW.timestamp() // 3600) + 3
    assert not any(map(isnan, past.rises[-24:]))


async def test_learning_that_fails(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is tried again."""
    await import_use(hass, office)
    entry = store_entry(hass, simulator)
    with monkeypatch.context() as broken:
        broken.setattr(history.UsageHistory, "_learn", learn_once())
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
        assert hass.states.get(PROJECTION).state == "unknown"
    for _ in range(2):
        await pass_time(hass, freezer, 60)
    assert hass.states.get(PROJECTION).attributes["basis"] == "habit"


def learn_once() -> Callable[..., Any]:
    """Return what learns the first time only, with nothing."""
    learn, calls = history.UsageHistory._learn, []

    def once(*args: Any) -> Any:
        """Learn, or fail."""
        calls.append(args)
        if len(calls) > 1:
            raise ValueError
        return learn(*args)

    return once


@pytest.mark.usefixtures("enable_custom_integrations")
@pytest.mark.parametrize("days", [[], ["mon", "tue", "wed", "thu", "fri"]])
async def test_used_up_on_a_day_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    days: list[str],
) -> None:
    """Where the days say nothing yet, the rate so far does."""
    await hass.config.async_update(time_zone="UTC")
    saturday = datetime(2026, 5, 9, tzinfo=dt_util.UTC)
    freezer.move_to(saturday + 36 * HOUR)
    reset = (saturday + WEEK).isoformat()
    serve(simulator, {"seven_day": {"utilization": 100, "resets_at": reset}})
    await add_entry(hass, simulator, working_days=days)
    assert hass.states.get(LASTS).state == "off"
    assert hass.states.get(PROJECTION).state == "100"


@pytest.mark.usefixtures("enable_custom_integrations")
@pytest.mark.parametrize("days", [5, True, None, "mon", ["Mon"], [1], {"mon": 1}])
async def test_days_that_are_none(
    hass: HomeAssistant, simulator: Simulator, days: Any
) -> None:
    """What somebody wrote into the storage keeps nothing from starting."""
    await add_entry(hass, simulator, working_days=days)
    assert hass.states.get(PROJECTION).attributes["basis"] == "even"


async def test_clock_set_back_while_it_is_pending(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """A recorder that hangs keeps no forecast for hours because of it."""
    going_on = threading.Event()
    instance = get_instance(hass)
    for _ in range(instance._db_executor._max_workers):
        instance.async_add_executor_job(going_on.wait)
    entry = store_entry(hass, simulator)
    assert await hass.config_entries.async_setup(entry.entry_id)
    history_ = hass.data[DOMAIN][entry.entry_id].history
    assert history_.pending
    freezer.move_to(NOW - 3 * HOUR)
    history_.async_tick()
    assert not history_.pending
    going_on.set()
    await settle(hass)


async def test_time_zone_changes(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """The hours are read as those of the other zone within a minute."""
    freezer.move_to("2026-05-10T14:00:05+00:00")
    await import_use(hass, lambda _: 0.5)
    # In UTC the rest of this Sunday counts; in Tokyo it is 23:00.
    await add(hass, simulator, working_days=["sun"])
    before = number(hass)
    await hass.config.async_update(time_zone="Asia/Tokyo")
    await pass_time(hass, freezer, 60)
    assert number(hass) < before
    assert hass.states.get(PROJECTION).attributes["basis"] == "habit"


async def test_week_that_is_used_up_tells_nothing_of_sessions(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """Without its limit they would have gone on as on other days."""
    session = "sensor.claude_pulse_session_usage"

    def unlimited(time: datetime) -> float:
        """Use 8 points an hour in the evenings, session after session."""
        return 8.0 if time.hour >= 17 else 0.0

    def limited(time: datetime) -> float:
        """Use nothing from Thursday on."""
        return unlimited(time) if time.weekday() < 3 or time.hour < 17 else 0.0

    reset = (NOW + 4 * HOUR).isoformat()
    serve(simulator, {"five_hour": {"utilization": 8, "resets_at": reset}})
    entry = await add(hass, simulator)
    registry = er.async_get(hass)
    projected = "sensor.claude_pulse_session_projected_usage"
    registry.async_update_entity(projected, disabled_by=None)
    # A week of 16 points on three evenings of a week that is used up with the third.
    await import_use(hass, lambda time: unlimited(time) / 1.5)
    await import_use(hass, limited, entity_id=session, window=5)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert hass.states.get(projected).attributes["basis"] == "habit"
    assert number(hass, projected) > 25


async def test_working_days(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """Days that are chosen are all there is to come; without history they are the basis."""
    await import_use(hass, lambda _: 0.5)
    entry = await add(hass, simulator)
    daily = number(hass)
    assert daily > 95
    await configure(hass, entry, working_days=["mon", "tue", "wed", "thu", "fri"])
    assert entry.options["working_days"] == ["mon", "tue", "wed", "thu", "fri"]
    found = hass.states.get(PROJECTION)
    assert int(found.state) < daily - 10
    assert found.attributes["basis"] == "habit"
    await configure(hass, entry)
    assert entry.options["working_days"] == []
    assert number(hass) == daily


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_working_days_without_recorder(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """They are followed from the first poll on."""
    await hass.config.async_update(time_zone="UTC")
    freezer.move_to(NOW)
    serve_week(simulator, 70)
    await add_entry(hass, simulator, working_days=["mon", "tue", "wed", "thu", "fri"])
    found = hass.states.get(PROJECTION)
    # 102 of 120 hours of working days have passed.
    assert int(found.state) == pytest.approx(70 / 102 * 120, abs=4)
    assert found.attributes["basis"] == "working_days"
    assert hass.states.get(LASTS).state == "on"


async def configure(
    hass: HomeAssistant, entry: MockConfigEntry, **further: Any
) -> None:
    """Submit both pages of Configure."""
    flows = hass.config_entries.options
    form = await flows.async_init(entry.entry_id)
    fields = {"org_id": entry.data["org_id"], "update_interval": 120}
    form = await flows.async_configure(
        form["flow_id"], {**fields, "further_options": True}
    )
    await settle(hass)
    assert form["step_id"] == "further"
    done = await flows.async_configure(form["flow_id"], further)
    assert done["type"] == "create_entry"
    await settle(hass)


async def test_models_have_habits_too(
    recorder: Recorder, hass: HomeAssistant, simulator: Simulator
) -> None:
    """A model's window follows the history of its own sensor."""
    row = {
        "kind": "weekly_scoped",
        "percent": 70,
        "resets_at": (BEGIN + WEEK).isoformat(),
        "scope": {"model": {"display_name": "Zephyr"}},
    }
    serve(simulator, {"limits": [row]})
    usage = "sensor.claude_pulse_weekly_zephyr_usage"
    await import_use(hass, office, entity_id=usage)
    await add(hass, simulator)
    found = hass.states.get(usage.replace("_usage", "_projected_usage"))
    assert found.attributes["basis"] == "habit"
    assert 74 <= int(found.state) <= 80


async def test_no_state_for_an_attribute_alone(
    recorder: Recorder,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """What stands beside a value changes with it only, and is not recorded."""
    await import_use(hass, office)
    await add(hass, simulator, update_interval=110)
    seen: list[tuple[str, str, str]] = []

    def note(event: Any) -> None:
        """Note a state that has changed, or only its attributes."""
        old, new = event.data["old_state"], event.data["new_state"]
        if old and new and new.entity_id in (PROJECTION, PACE, LASTS):
            seen.append((new.entity_id, old.state, new.state))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    for percent in (70, 71, 71.4, 72, 73, 75):
        serve_week(simulator, percent)
        for _ in range(20):
            await pass_time(hass, freezer, 60)
    assert seen
    assert not [change for change in seen if change[1] == change[2]]
    await async_wait_recording_done(hass)
    recorded = await get_instance(hass).async_add_executor_job(
        get_significant_states, hass, NOW, None, [PROJECTION, PACE, LASTS]
    )
    assert recorded[PROJECTION]
    for states in recorded.values():
        for state in states:
            assert not state.attributes.keys() & {
                "basis",
                "confidence",
                "expected",
                "high",
                "low",
                "weeks",
                "window",
            }
