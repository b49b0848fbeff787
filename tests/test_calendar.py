"""The calendar of resets and expiries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.calendar import moments_of
from custom_components.claude_pulse.const import CONF_SESSION_KEY_SINCE
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import Claude, enable, reload, row, session

pytestmark = [
    pytest.mark.freeze_time("2026-05-04T12:00:00+00:00"),
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

CALENDAR = "calendar.claude_pulse_resets"
# A Monday, 14:00 in Berlin.
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=dt_util.UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SESSION_RESET = NOW + timedelta(hours=1, minutes=40)
WEEK_RESET = NOW + 3 * DAY
SESSION_TEXT, WEEK_TEXT = "Session limit resets", "Weekly limit resets"
KEY_TEXT = "Session key expires"
ALL = {"entity_id": "all"}


def week(percent: float = 80, resets_at: datetime = WEEK_RESET) -> dict[str, Any]:
    """Return a usage body with a week."""
    reset = resets_at.isoformat()
    return {"seven_day": {"utilization": percent, "resets_at": reset}}


def body(resets_at: datetime | None = SESSION_RESET, **members: Any) -> dict[str, Any]:
    """Return a usage body with a session and a week."""
    return session(42, resets_at and resets_at.isoformat(), **{**week(), **members})


async def set_up(claude: Claude, answer: Any) -> MockConfigEntry:
    """Set up an entry that gets an answer, and enable its calendar."""
    await claude.hass.config.async_update(time_zone="Europe/Berlin")
    claude.serve(answer)
    entry = await claude.entry(update_interval=30)
    await enable(claude, CALENDAR)
    return entry


async def events(
    claude: Claude, days: float = 40, since: datetime | None = None
) -> list[tuple[str, datetime]]:
    """Return the summaries and the times of the events within some days."""
    begin = since or dt_util.utcnow()
    result = await claude.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": CALENDAR,
            "start_date_time": begin,
            "end_date_time": begin + days * DAY,
        },
        blocking=True,
        return_response=True,
    )
    return [
        (event["summary"], dt_util.as_utc(datetime.fromisoformat(event["start"])))
        for event in result[CALENDAR]["events"]
    ]


async def test_disabled_by_default(
    claude: Claude, entity_registry: er.EntityRegistry
) -> None:
    """Without it, Home Assistant has no calendar page. It follows the user's choice."""
    entry = await claude.entry()
    registered = entity_registry.async_get(CALENDAR)
    assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert registered.original_name == "Resets"
    assert "calendar" not in claude.hass.config.components
    await enable(claude, CALENDAR)
    state = claude.hass.states.get(CALENDAR)
    assert state.name == "Claude Pulse Resets"
    device_id = entity_registry.async_get("sensor.claude_pulse_plan").device_id
    assert entity_registry.async_get(CALENDAR).device_id == device_id
    by_user = er.RegistryEntryDisabler.USER
    entity_registry.async_update_entity(CALENDAR, disabled_by=by_user)
    await reload(claude, entry)
    assert claude.hass.states.get(CALENDAR) is None
    assert entity_registry.async_get(CALENDAR).disabled_by is by_user
    assert await claude.hass.config_entries.async_unload(entry.entry_id)


async def test_events(claude: Claude) -> None:
    """It has all resets and expiries, in the words of the sensors."""
    grant = {
        "label": "Thanks",
        "resets_left": 2,
        "starts_at": (NOW - DAY).isoformat(),
        "ends_at": (NOW + 10 * DAY).isoformat(),
    }
    pool = {"limit_dollars": 50, "resets_at": (NOW + 20 * DAY).isoformat()}
    models = [
        row("weekly_scoped", 35, WEEK_RESET.isoformat(), "Opus"),
        row("monthly", 3, (NOW + 15 * DAY).isoformat()),
        row("weekly_scoped", 0, None, "Fable"),
    ]
    entry = await set_up(
        claude,
        body(
            limits=models,
            cedar_ember={"eligible": True, "grants": [grant]},
            iguana_necktie=pool,
        ),
    )
    key = datetime.fromisoformat(entry.data[CONF_SESSION_KEY_SINCE]) + 28 * DAY
    assert await events(claude) == [
        (SESSION_TEXT, SESSION_RESET),
        (WEEK_TEXT, WEEK_RESET),
        ("Weekly Opus limit resets", WEEK_RESET),
        ("Saved reset expires", NOW + 10 * DAY),
        ("Monthly limit resets", NOW + 15 * DAY),
        ("Iguana necktie expires", NOW + 20 * DAY),
        (KEY_TEXT, key.replace(second=0, microsecond=0)),
    ]
    assert await events(claude, days=2) == [(SESSION_TEXT, SESSION_RESET)]
    state = claude.hass.states.get(CALENDAR)
    assert state.state == "off"
    assert state.attributes["message"] == SESSION_TEXT
    assert state.attributes["start_time"] == "2026-05-04 15:40:00"
    private = (*entry.data.values(), entry.unique_id)
    assert not [item for item in private if str(item) in str(state.as_dict())]


async def test_grants_that_expire_together(claude: Claude) -> None:
    """They are one event, as each event has an ID of its own."""
    end = (NOW + 10 * DAY).isoformat()
    grants = [
        {"label": label, "resets_left": 1, "ends_at": end}
        for label in ("Thanks", "Winter", None)
    ]
    entry = await set_up(claude, body(cedar_ember={"eligible": True, "grants": grants}))
    assert (await events(claude)).count(("Saved reset expires", NOW + 10 * DAY)) == 1
    found = moments_of(runtime_of(claude.hass, entry), NOW)
    assert "Thanks, Winter" in [moment.description for moment in found]


async def test_account_without_resets(claude: Claude) -> None:
    """An account that has nothing with a time has only its session key."""
    await set_up(claude, {})
    assert [summary for summary, _ in await events(claude)] == [KEY_TEXT]


async def add_triggers(claude: Claude, *offsets: str) -> list[tuple[str, str]]:
    """Add an automation with calendar triggers, and return the list that they fill."""
    called: list[tuple[str, str]] = []

    async def note(call: Any) -> None:
        """Note the trigger and the summary."""
        called.append((call.data["id"], call.data["summary"]))

    claude.hass.services.async_register("test", "note", note)
    triggers = [
        {
            "platform": "calendar",
            "entity_id": CALENDAR,
            "event": event,
            "offset": offset,
            "id": f"{event} {offset}",
        }
        for offset in offsets
        for event in ("start", "end")
    ]
    action = {
        "service": "test.note",
        "data": {
            "id": "{{ trigger.id }}",
            "summary": "{{ trigger.calendar_event.summary }}",
        },
    }
    automation = {"trigger": triggers, "action": action, "mode": "parallel"}
    config = {"automation": [automation]}
    assert await async_setup_component(claude.hass, "automation", config)
    await claude.settle()
    return called


async def test_triggers_of_an_automation(claude: Claude) -> None:
    """They fire once, before, at and after an event, and for each new session."""
    await set_up(claude, body())
    called = await add_triggers(claude, "00:00:00", "-00:20:00", "02:00:00")
    for minute in range(6 * 60):
        if minute == 105:
            claude.serve(body(None))
        if minute == 110:
            claude.serve(body(NOW + 5 * HOUR))
        await claude.pass_time(60)
    session_events = [
        ("start -00:20:00", SESSION_TEXT),
        ("end -00:20:00", SESSION_TEXT),
        ("start 00:00:00", SESSION_TEXT),
        ("end 00:00:00", SESSION_TEXT),
    ]
    later = [("start 02:00:00", SESSION_TEXT), ("end 02:00:00", SESSION_TEXT)]
    assert called == [*session_events, *later, *session_events]
    await claude.hass.services.async_call("automation", "turn_off", ALL, blocking=True)


async def test_trigger_after_an_outage(claude: Claude) -> None:
    """A known reset triggers, also if claude.ai could not be read shortly before it."""
    await set_up(claude, body())
    called = await add_triggers(claude, "00:00:00")
    for minute in range(120):
        if minute == 60:
            claude.server.set_fault("server_error")
        if minute == 90:
            claude.server.clear_faults()
        await claude.pass_time(60)
    await claude.hass.services.async_call("automation", "turn_off", ALL, blocking=True)
    assert called == [("start 00:00:00", SESSION_TEXT), ("end 00:00:00", SESSION_TEXT)]


async def test_moved_and_late_resets(claude: Claude) -> None:
    """A reset that is moved is no longer listed. One that passed is, for a day."""
    await set_up(claude, body(SESSION_RESET))
    moved = SESSION_RESET + 20 * timedelta(minutes=1)
    claude.serve(body(moved))
    await claude.pass_time(60)
    assert (await events(claude, 1)) == [(SESSION_TEXT, moved)]
    # claude.ai still sends the old session after its reset.
    await claude.pass_time((moved - dt_util.utcnow()).total_seconds() + 300)
    assert claude.hass.states.get(CALENDAR).state == "on"
    assert claude.state("session_usage") == "unknown"
    claude.serve(body(None))
    for _ in range(3):
        await claude.pass_time(600)
    assert claude.hass.states.get(CALENDAR).attributes["message"] == WEEK_TEXT
    assert await events(claude, 1, since=NOW) == [(SESSION_TEXT, moved)]
    assert await events(claude, 1) == []
    await claude.pass_time(DAY.total_seconds())
    assert await events(claude, 2, since=NOW) == []


async def test_failed_poll(claude: Claude, hass_client: ClientSessionGenerator) -> None:
    """Without current values it is unavailable, but still has the known resets."""
    await set_up(claude, body())
    client = await hass_client()

    async def shown() -> tuple[str, list[str]]:
        """Return the state, and the events of the calendar page."""
        end = (NOW + 2 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
        begin = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
        url = f"/api/calendars/{CALENDAR}?start={begin}&end={end}"
        items = await (await client.get(url)).json()
        state = claude.hass.states.get(CALENDAR).state
        return state, [item["summary"] for item in items]

    assert await shown() == ("off", [SESSION_TEXT])
    claude.server.set_fault("server_error")
    await claude.pass_time(60)
    assert await shown() == ("unavailable", [SESSION_TEXT])
    claude.server.clear_faults()
    await claude.pass_time(60 * 5)
    assert await shown() == ("off", [SESSION_TEXT])


async def test_rows(claude: Claude) -> None:
    """Each event writes two states: when it starts, and when the next one is shown."""
    await set_up(claude, body())
    changes = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    for minute in range(4 * 60):
        claude.serve(
            body(SESSION_RESET if minute < 100 else None, **week(80 + minute / 20))
        )
        await claude.pass_time(60)
    states = [
        event.data["new_state"]
        for event in changes
        if event.data["entity_id"] == CALENDAR
    ]
    assert [(item.state, item.attributes["message"]) for item in states] == [
        ("on", SESSION_TEXT),
        ("off", WEEK_TEXT),
    ]
