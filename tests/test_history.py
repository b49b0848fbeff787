"""Habits learned from the statistics of a real recorder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
import threading
from typing import Any
from unittest.mock import DEFAULT, MagicMock

import pytest
from pytest_homeassistant_custom_component.common import (
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.claude_pulse.forecast import history
from homeassistant.components.recorder import Recorder, get_instance, statistics
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import Claude, session
from .events.common import EventLog, poll

# A Friday evening. The week started on Monday at noon.
NOW = datetime(2026, 5, 8, 18, 0, 5, tzinfo=dt_util.UTC)
BEGIN = datetime(2026, 5, 4, 12, 0, tzinfo=dt_util.UTC)
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
PROJECTION = "sensor.claude_pulse_weekly_projected_usage"
LASTS = "binary_sensor.claude_pulse_weekly_lasts"
PACE = "sensor.claude_pulse_weekly_pace"
USAGE = "sensor.claude_pulse_weekly_usage"
SESSION = "sensor.claude_pulse_session_usage"
WORKING_DAYS = ["mon", "tue", "wed", "thu", "fri"]

# The projection of 70% on that evening at the even rate.
# Without history, a week of 40 points counts as 0.4 weeks.
EVEN = 70 + 2.75 / 7 * 86 / (0.4 + 4.25 / 7)


def office(time: datetime) -> float:
    """Use 80 points a week: two in each hour from 9 to 17, Monday to Friday."""
    return 2.0 if time.weekday() < 5 and 9 <= time.hour < 17 else 0.0


async def import_use(
    claude: Claude,
    use: Callable[[datetime], float] = office,
    *,
    since: datetime = BEGIN - 6 * WEEK,
    until: datetime = NOW - HOUR,
    entity_id: str = USAGE,
    window: int = 168,
) -> None:
    """Import statistics of a sensor whose window has a length in hours."""
    rows: list[dict[str, Any]] = []
    time, percent = BEGIN - 6 * WEEK, 0.0
    while time < until:
        minimum, before = percent, percent
        if (time - BEGIN) % (window * HOUR) == timedelta():
            minimum = 0.0
        percent = min(minimum + use(time), 100)
        maximum = max(before, percent)
        rows.append({"start": time, "min": minimum, "mean": minimum, "max": maximum})
        time += HOUR
    metadata = {
        "has_mean": True,
        "has_sum": False,
        # Required in new versions and unknown in old ones.
        "mean_type": 1,
        "unit_class": "unitless",
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_of_measurement": "%",
    }
    known = StatisticMetaData.__annotations__
    statistics.async_import_statistics(
        claude.hass,
        {key: value for key, value in metadata.items() if key in known},
        [row for row in rows if row["start"] >= since],
    )
    await async_wait_recording_done(claude.hass)


def serve_week(claude: Claude, percent: float) -> None:
    """Serve the week that started on Monday at noon."""
    reset = (BEGIN + WEEK).isoformat()
    claude.serve({"seven_day": {"utilization": percent, "resets_at": reset}})


def attribute(claude: Claude, name: str, entity_id: str = PROJECTION) -> Any:
    """Return an attribute of a forecast."""
    return claude.hass.states.get(entity_id).attributes[name]


def projection(claude: Claude) -> int:
    """Return the projection of the week."""
    return int(claude.state("weekly_projected_usage"))


def states_in(events: list[Event], entity_id: str) -> list[str]:
    """Return the states that were written for an entity."""
    states = [event.data["new_state"] for event in events]
    return [item.state for item in states if item and item.entity_id == entity_id]


async def pass_minutes(claude: Claude, minutes: int) -> None:
    """Move the clock minute by minute."""
    for _ in range(minutes):
        await claude.pass_time(60)


async def set_clock_back(claude: Claude, now: datetime) -> None:
    """Set the clock back. The next minute still comes."""
    claude.clock.move_to(now)
    async_fire_time_changed(claude.hass, now + timedelta(days=500))
    await claude.hass.async_block_till_done()


@pytest.fixture
async def friday(enable_custom_integrations: None, claude: Claude) -> Claude:
    """Return Home Assistant on that Friday evening in UTC, at 70% of the week."""
    await claude.hass.config.async_update(time_zone="UTC")
    claude.clock.move_to(NOW)
    serve_week(claude, 70)
    return claude


@pytest.fixture
async def recorded(
    recorder_mock: Recorder, friday: Claude, monkeypatch: pytest.MonkeyPatch
) -> Claude:
    """Return the same with a recorder."""
    monkeypatch.setattr(history, "SPREAD", 0)
    assert await async_setup_component(friday.hass, "sensor", {})
    return friday


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return the recorder's query of statistics, which can fail or wait."""
    query = MagicMock(wraps=statistics.statistics_during_period)
    monkeypatch.setattr(statistics, "statistics_during_period", query)
    return query


def starts_of(read: MagicMock) -> list[datetime]:
    """Return the times from which statistics were read."""
    return [call.args[1] for call in read.call_args_list]


async def set_up_slowly(claude: Claude, read: MagicMock) -> threading.Event:
    """Set up an entry and return the event for which its query of statistics waits."""
    released = threading.Event()

    def wait(*_: Any) -> Any:
        """Wait for the event."""
        released.wait()
        return DEFAULT

    read.side_effect = wait
    entry = claude.stored_entry(update_interval=3600)
    assert await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.hass.async_block_till_done()
    assert claude.state("weekly_projected_usage") == "unknown"
    return released


@pytest.mark.smoke
async def test_forecast_by_habit(recorded: Claude) -> None:
    """On Friday evening, the week of an office worker lasts."""
    await import_use(recorded)
    await recorded.entry()
    low, high = attribute(recorded, "low"), attribute(recorded, "high")
    assert 74 <= projection(recorded) <= 80
    assert 70 <= low <= projection(recorded) <= high
    assert attribute(recorded, "basis") == "habit"
    assert attribute(recorded, "weeks") == 6
    assert recorded.state("weekly_lasts", "binary_sensor") == "on"
    assert attribute(recorded, "confidence", LASTS) > 90
    assert attribute(recorded, "expected", PACE) == pytest.approx(73, abs=2)
    for entity_id in (PROJECTION, PACE):
        assert attribute(recorded, "state_class", entity_id) == "measurement"


async def test_usual_hours_for_the_card(
    recorded: Claude, hass_ws_client: WebSocketGenerator
) -> None:
    """The card gets the usual hours of the week, in which an office worker is idle at night."""
    await import_use(recorded)
    await recorded.entry()
    client = await hass_ws_client(recorded.hass)
    await client.send_json({"id": 1, "type": "claude_pulse/usage"})
    (account,) = (await client.receive_json())["result"]["accounts"]
    windows = {window["window"]: window for window in account["windows"]}
    hours = windows["weekly"]["usual_hours"]
    start = dt_util.parse_datetime(windows["weekly"]["resets_at"]) - timedelta(days=7)
    by_time: dict[int, int] = defaultdict(int)
    for number, share in enumerate(hours):
        at = start.replace(minute=0) + timedelta(hours=number)
        by_time[dt_util.as_local(at).hour] += share
    assert sum(hours) == pytest.approx(10_000, abs=100)
    assert by_time[3] == 0
    assert by_time[11] > 500


async def test_even_rate_without_history(recorded: Claude) -> None:
    """A recorder without statistics leads to the even rate."""
    await recorded.entry()
    assert projection(recorded) == pytest.approx(EVEN, abs=5)
    assert attribute(recorded, "basis") == "even"
    assert attribute(recorded, "weeks") == 0
    assert attribute(recorded, "expected", PACE) is None
    assert recorded.state("weekly_lasts", "binary_sensor") == "off"


@pytest.mark.parametrize(
    ("days", "basis", "projected", "lasts"),
    # 102 of 120 hours of working days have passed.
    [
        ([], "even", EVEN, "off"),
        (WORKING_DAYS, "working_days", 70 + 18 / 120 * 86 / (0.4 + 102 / 120), "on"),
    ],
)
async def test_without_recorder(
    friday: Claude, days: list[str], basis: str, projected: float, lasts: str
) -> None:
    """The forecast is present after the first poll, and its basis does not change."""
    await friday.entry(working_days=days)
    assert "recorder" not in friday.hass.config.components
    assert projection(friday) == pytest.approx(projected, abs=5)
    assert friday.state("weekly_lasts", "binary_sensor") == lasts
    assert attribute(friday, "basis") == basis
    await friday.pass_time(3600)
    assert attribute(friday, "basis") == basis


async def test_no_other_forecast_after_a_restart(recorded: Claude) -> None:
    """The even rate is not shown before the habits are learned."""
    await import_use(recorded)
    entry = await recorded.entry()
    events = async_capture_events(recorded.hass, EVENT_STATE_CHANGED)
    await recorded.hass.config_entries.async_reload(entry.entry_id)
    await recorded.settle()
    shown = {"unavailable", "unknown", str(projection(recorded))}
    assert {*states_in(events, PROJECTION)} <= shown
    assert "off" not in states_in(events, LASTS)
    assert states_in(events, LASTS)[-1] == "on"


async def test_slow_recorder(recorded: Claude, read: MagicMock) -> None:
    """Usage is shown at once, the even rate after three minutes, and the habit last."""
    await import_use(recorded)
    released = await set_up_slowly(recorded, read)
    assert recorded.state("weekly_usage") == "70"
    for _ in range(3):
        assert recorded.state("weekly_projected_usage") == "unknown"
        recorded.clock.tick(60)
        async_fire_time_changed(recorded.hass)
        await recorded.hass.async_block_till_done()
    assert projection(recorded) == pytest.approx(EVEN, abs=5)
    released.set()
    await recorded.settle()
    assert attribute(recorded, "basis") == "habit"


async def test_slow_recorder_and_clock_set_back(
    recorded: Claude, read: MagicMock
) -> None:
    """The forecast does not wait for hours."""
    released = await set_up_slowly(recorded, read)
    await set_clock_back(recorded, NOW - 3 * HOUR)
    assert attribute(recorded, "basis") == "even"
    released.set()
    await recorded.settle()


async def test_hourly_reads(recorded: Claude, read: MagicMock) -> None:
    """The first read is of twelve weeks, and the hourly ones are of new hours."""
    await import_use(recorded)
    await recorded.entry()
    assert starts_of(read) == [NOW - 12 * WEEK]
    entity_ids = read.call_args.args[3]
    assert entity_ids >= {USAGE, SESSION}
    assert not any("projected" in entity_id for entity_id in entity_ids)
    for minute in range(1, 61):
        await recorded.pass_time(60)
        # The recorder compiles an hour shortly after its end.
        assert read.call_count == (2 if minute >= 2 else 1), minute
    assert NOW - 9 * HOUR < starts_of(read)[1] <= NOW - HOUR
    await pass_minutes(recorded, 3)
    assert read.call_count == 3
    assert attribute(recorded, "weeks") == 6


async def test_late_statistics(recorded: Claude, read: MagicMock) -> None:
    """Hours that the recorder compiles half a day late are read."""
    await import_use(recorded, until=NOW - 13 * HOUR)
    await recorded.entry()
    for _ in range(3):
        await recorded.pass_time(3600)
    await import_use(recorded, until=NOW + 2 * HOUR)
    for _ in range(2):
        await recorded.pass_time(3600)
    assert starts_of(read)[-2] < NOW - 13 * HOUR
    assert starts_of(read)[-1] > NOW - 5 * HOUR


@pytest.mark.parametrize(
    "fault",
    [lambda: 1 / 0, lambda: {USAGE: [{"start": 0, "min": "ada", "max": 1}] * 2}],
)
async def test_failure_at_the_start(
    recorded: Claude, read: MagicMock, fault: Callable[..., Any]
) -> None:
    """Statistics are read again a minute later, before the even rate is shown."""
    await import_use(recorded)
    read.side_effect = fault
    await recorded.entry()
    assert recorded.state("weekly_projected_usage") == "unknown"
    events = async_capture_events(recorded.hass, EVENT_STATE_CHANGED)
    read.side_effect = None
    await pass_minutes(recorded, 2)
    assert states_in(events, LASTS) == ["on"]
    assert attribute(recorded, "basis") == "habit"


async def test_failure_that_lasts(
    recorded: Claude, read: MagicMock, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning without a name is logged, and learned habits are kept."""
    await import_use(recorded)
    read.side_effect = ValueError("sensor.ada_weekly_usage")
    entry = await recorded.entry()
    await pass_minutes(recorded, 10)
    assert attribute(recorded, "basis") == "even"
    warnings = [item for item in caplog.records if "Could not read" in item.message]
    assert [warning.exc_info for warning in warnings] == [None]
    assert "weekly_usage" not in warnings[0].getMessage()
    assert entry.entry_id in warnings[0].getMessage()
    read.side_effect = None
    await pass_minutes(recorded, 5)
    assert attribute(recorded, "basis") == "habit"
    read.side_effect = ValueError
    await pass_minutes(recorded, 61)
    assert attribute(recorded, "basis") == "habit"


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=400)])
async def test_hours_in_the_future(recorded: Claude, ahead: timedelta) -> None:
    """Statistics from a clock that was ahead are ignored."""
    await import_use(recorded)
    await import_use(recorded, since=NOW + ahead - 5 * HOUR, until=NOW + ahead)
    await recorded.entry()
    assert attribute(recorded, "basis") == "habit"
    assert attribute(recorded, "weeks") == 6


async def test_clock_set_back(recorded: Claude, read: MagicMock) -> None:
    """Hours in the future are forgotten with the next successful read."""
    ahead = timedelta(days=2)
    await import_use(recorded)
    await import_use(recorded, since=NOW + ahead - 5 * HOUR, until=NOW + ahead)
    recorded.clock.move_to(NOW + ahead)
    await recorded.entry()
    read.side_effect = ZeroDivisionError
    await set_clock_back(recorded, NOW)
    await recorded.settle()
    assert attribute(recorded, "basis") == "habit"
    read.side_effect = None
    await set_clock_back(recorded, NOW + timedelta(minutes=5))
    await recorded.settle()
    assert starts_of(read)[-1] == NOW + timedelta(minutes=5) - 12 * WEEK
    assert attribute(recorded, "basis") == "habit"
    assert attribute(recorded, "weeks") == 6
    await recorded.pass_time(3600)
    assert NOW - 9 * HOUR < starts_of(read)[-1] <= NOW


async def test_renamed_entity(recorded: Claude) -> None:
    """Statistics and forecast follow a new entity ID."""
    await import_use(recorded)
    entry = await recorded.entry()
    renamed = "sensor.usage_of_the_week"
    er.async_get(recorded.hass).async_update_entity(USAGE, new_entity_id=renamed)
    await recorded.settle()
    await async_wait_recording_done(recorded.hass)
    await recorded.hass.config_entries.async_reload(entry.entry_id)
    await recorded.settle()
    assert recorded.hass.states.get(renamed).state == "70"
    assert attribute(recorded, "basis") == "habit"


async def test_time_zone_changes(recorded: Claude) -> None:
    """Hours belong to the new time zone within a minute."""
    recorded.clock.move_to("2026-05-10T14:00:05+00:00")
    await import_use(recorded, lambda _: 0.5)
    # In UTC the evening of this Sunday remains. In Tokyo it is 23:00.
    await recorded.entry(working_days=["sun"])
    before = projection(recorded)
    await recorded.hass.config.async_update(time_zone="Asia/Tokyo")
    await recorded.pass_time(60)
    assert projection(recorded) < before
    assert attribute(recorded, "basis") == "habit"


async def test_working_days(recorded: Claude) -> None:
    """No usage is expected on days that were not chosen."""
    await import_use(recorded, lambda _: 0.5)
    entry = await recorded.entry()
    daily = projection(recorded)
    assert daily > 95
    for days, projected in ((WORKING_DAYS, daily - 11), ([], daily)):
        recorded.hass.config_entries.async_update_entry(
            entry, options={"working_days": days}
        )
        await recorded.hass.config_entries.async_reload(entry.entry_id)
        await recorded.settle()
        assert attribute(recorded, "basis") == "habit"
        assert projection(recorded) <= projected
    assert projection(recorded) == daily


async def test_sessions_while_the_week_is_used_up(recorded: Claude) -> None:
    """Hours in which the weekly limit prevented usage do not count for sessions."""

    def unlimited(time: datetime) -> float:
        """Use 8 points an hour in the evenings."""
        return 8.0 if time.hour >= 17 else 0.0

    def limited(time: datetime) -> float:
        """Use nothing from Thursday evening on."""
        return unlimited(time) if time.weekday() < 3 or time.hour < 17 else 0.0

    reset = (NOW + 4 * HOUR).isoformat()
    recorded.serve({"five_hour": {"utilization": 8, "resets_at": reset}})
    entry = await recorded.entry()
    projected = SESSION.replace("usage", "projected_usage")
    er.async_get(recorded.hass).async_update_entity(projected, disabled_by=None)
    # The week is used up on the third evening.
    await import_use(recorded, lambda time: unlimited(time) / 1.5)
    await import_use(recorded, limited, entity_id=SESSION, window=5)
    await recorded.hass.config_entries.async_reload(entry.entry_id)
    await recorded.settle()
    assert attribute(recorded, "basis", projected) == "habit"
    assert int(recorded.state("session_projected_usage")) > 25


async def test_habit_of_a_model(recorded: Claude) -> None:
    """A model's window follows the history of its own sensor."""
    row = {
        "kind": "weekly_scoped",
        "percent": 70,
        "resets_at": (BEGIN + WEEK).isoformat(),
        "scope": {"model": {"display_name": "Zephyr"}},
    }
    recorded.serve({"limits": [row]})
    usage = "sensor.claude_pulse_weekly_zephyr_usage"
    await import_use(recorded, entity_id=usage)
    await recorded.entry()
    projected = usage.replace("usage", "projected_usage")
    assert attribute(recorded, "basis", projected) == "habit"
    assert 74 <= int(recorded.hass.states.get(projected).state) <= 80


async def test_attributes_write_no_states(recorded: Claude) -> None:
    """Attributes change with their value only, and the recorder does not store them."""
    await import_use(recorded)
    await recorded.entry(update_interval=110)
    events = async_capture_events(recorded.hass, EVENT_STATE_CHANGED)
    for percent in (70, 71, 71.4, 72, 73, 75):
        serve_week(recorded, percent)
        await pass_minutes(recorded, 20)
    changes = [
        (event.data["old_state"].state, event.data["new_state"].state)
        for event in events
        if event.data["entity_id"] in (PROJECTION, PACE, LASTS)
    ]
    assert changes
    assert all(old != new for old, new in changes)
    await async_wait_recording_done(recorded.hass)
    stored = await get_instance(recorded.hass).async_add_executor_job(
        get_significant_states, recorded.hass, NOW, None, [PROJECTION, PACE, LASTS]
    )
    unrecorded = {"basis", "confidence", "expected", "high", "low", "weeks", "window"}
    assert stored[PROJECTION]
    for items in stored.values():
        assert not any(item.attributes.keys() & unrecorded for item in items)


@pytest.mark.parametrize("is_known", [True, False])
async def test_session_runs_out_when_the_person_does_not_work(
    recorded: Claude, is_known: bool
) -> None:
    """It is reported only once the session is expected to run out in usual hours.

    Without a habit, it is reported at once.
    """
    if is_known:
        await import_use(recorded)
    monday = (NOW + timedelta(days=3)).replace(hour=5, minute=20)
    recorded.clock.move_to(monday)

    def answer(percent: float) -> dict[str, Any]:
        """Return the answer of a session from 5 to 10 o'clock."""
        resets_at = monday.replace(hour=10, minute=0, second=0)
        week = {"utilization": 1, "resets_at": (BEGIN + 2 * WEEK).isoformat()}
        return session(percent, resets_at.isoformat(), seven_day=week)

    recorded.serve(answer(1))
    await recorded.entry()
    log = EventLog(recorded.hass)
    await pass_minutes(recorded, 20)
    await poll(recorded, answer(60), 2)
    if not is_known:
        assert log.texts == ["session will_run_out"]
        assert "T06:" in log.states[0].attributes["runs_out_at"]
        return
    assert log.texts == []
    await pass_minutes(recorded, 150)
    assert log.texts == []
    await poll(recorded, answer(74), 2)
    await poll(recorded, answer(95), 2)
    assert log.texts == ["session threshold_reached 90", "session will_run_out"]
    # The hour before the first one is usual, too.
    assert "T08:" in log.states[1].attributes["runs_out_at"]
