"""The event on the bus, and the attributes that say what one can do."""

from __future__ import annotations

from datetime import datetime
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.claude_pulse.events.bus import EVENT_CLAUDE_PULSE

from ..common import Claude, row, session, spend
from .common import (
    SESSION_EVENTS,
    SESSION_RESET,
    START,
    WEEK_RESET,
    BusLog,
    begin,
    body,
    device_id,
    in_hours,
    poll,
)

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]


def weeks(
    percent: float, week: float, fable: float | None = None, **members: Any
) -> dict[str, Any]:
    """Return an answer with a session, a week and a model."""
    rows = [
        row("session", percent, SESSION_RESET),
        row("weekly_all", week, WEEK_RESET),
    ]
    if fable is not None:
        rows.append(row("weekly_scoped", fable, WEEK_RESET, "Fable"))
    return {"limits": rows, **members}


async def test_event_of_a_limit(claude: Claude) -> None:
    """It comes after the state of the entity, with the same attributes."""
    entry, log = await begin(claude, body(60))
    bus = BusLog(claude, "session")
    shown: list[str] = []
    claude.hass.bus.async_listen(
        EVENT_CLAUDE_PULSE,
        lambda event: (
            shown.append(
                claude.hass.states.get(SESSION_EVENTS).attributes["event_type"]
            )
            if event.data["type"] == "threshold_reached"
            else None
        ),
    )
    await poll(claude, body(92))
    assert shown == ["threshold_reached"]
    (event,) = [item for item in bus.events if item["type"] == "threshold_reached"]
    assert datetime.fromisoformat(event["sent_at"]) > START
    assert datetime.fromisoformat(event["runs_out_at"]) > START
    assert event == {
        "device_id": device_id(claude, entry),
        "sent_at": event["sent_at"],
        "type": "threshold_reached",
        "kind": "session",
        "limit": "session",
        "name": None,
        "percent": 92,
        "before": 60,
        "threshold": 90,
        "resets_at": SESSION_RESET,
        "runs_out_at": event["runs_out_at"],
        "late": False,
    }
    attributes = log.states[0].attributes
    assert {key: attributes.get(key) for key in event if key in attributes} == {
        key: value for key, value in event.items() if key in attributes
    }


async def test_each_kind(claude: Claude) -> None:
    """A model and another limit have a name. The limit is that of the entity ID."""

    def answer(percent: float) -> dict[str, Any]:
        """Return an answer with four limits."""
        usage = weeks(percent, percent, percent)
        usage["limits"].append(row("daily", percent, WEEK_RESET))
        return usage

    await begin(claude, answer(60))
    events = async_capture_events(claude.hass, EVENT_CLAUDE_PULSE)
    await poll(claude, answer(92), 2)
    found = {
        (event.data["kind"], event.data["limit"], event.data["name"])
        for event in events
        if event.data["type"] == "threshold_reached"
    }
    assert found == {
        ("session", "session", None),
        ("weekly", "weekly", None),
        ("model", "weekly_fable", "Fable"),
        ("window", "daily", "Daily"),
    }
    for _, limit, _ in found:
        assert claude.hass.states.get(f"event.claude_pulse_{limit}_events")


async def test_progress_of_the_session(claude: Claude) -> None:
    """It is sent at each multiple of five points, not at each rise."""
    await begin(claude, body(11))
    bus = BusLog(claude, "session")
    for percent in (12, 14.9, 15, 16, 15.5, 27, 29, 30, 30):
        await poll(claude, body(percent))
    progress = [item for item in bus.events if item["type"] == "progress"]
    assert [(item["before"], item["percent"]) for item in progress] == [
        (14.9, 15),
        (16, 27),
        (29, 30),
    ]
    assert progress[0]["resets_at"] == SESSION_RESET
    # No entity shows it.
    assert claude.state("session_events", "event") == "unknown"


async def test_progress_over_a_reset(claude: Claude) -> None:
    """A new session begins at zero."""
    await begin(claude, body(44))
    bus = BusLog(claude, "session")
    claude.clock.move_to("2026-05-04T16:10:00+00:00")
    for percent in (3, 6, 6):
        await poll(claude, body(percent, in_hours(claude, 5)), 2)
    types = [(item["type"], item["percent"]) for item in bus.events]
    assert types == [("reset", 3), ("progress", 6)]


async def test_no_progress_of_the_week(claude: Claude) -> None:
    """A rise of another limit is not on the bus."""
    await begin(claude, body(10, week=20))
    events = async_capture_events(claude.hass, EVENT_CLAUDE_PULSE)
    await poll(claude, body(10, week=28), 2)
    assert claude.state("weekly_usage") == "28"
    assert events == []


async def test_no_amount_of_money(claude: Claude) -> None:
    """Everybody in the house can listen to the bus."""
    await begin(claude, spend(12345, 40000))
    events = async_capture_events(claude.hass, EVENT_CLAUDE_PULSE)
    for cents in (36789, 40000, 567):
        await poll(claude, spend(cents, 40000), 2)
    data = [{**event.data, "device_id": ""} for event in events]
    assert [item["type"] for item in data] == [
        "threshold_reached",
        "limit_reached",
        "refilled",
        "available_again",
    ]
    assert {(item["kind"], item["limit"], item["name"]) for item in data} == {
        ("extra", "extra", None)
    }
    text = json.dumps(data)
    for amount in ("367", "123", "400", "5.67", "EUR"):
        assert amount not in text


async def test_saved_reset(claude: Claude) -> None:
    """A grant is on the bus, too, without its ID."""
    grants: dict[str, Any] = {"eligible": True, "grants": []}
    entry, _ = await begin(claude, {**body(10), "cedar_ember": grants})
    bus = BusLog(claude, "saved_resets")
    ends_at = "2026-06-03T12:00:00+00:00"
    grants["grants"] = [
        {
            "id": "private",
            "label": "A gift",
            "resets_left": 1,
            "starts_at": START.isoformat(),
            "ends_at": ends_at,
            "clears": ["five_hour"],
        }
    ]
    await poll(claude, {**body(10), "cedar_ember": grants}, 2)
    assert bus.events == [
        {
            "device_id": device_id(claude, entry),
            "sent_at": bus.events[0]["sent_at"],
            "type": "saved_reset_granted",
            "kind": "saved_resets",
            "limit": "saved_resets",
            "name": None,
            "label": "A gift",
            "left": 1,
            "clears": ["five_hour"],
            "expires_at": ends_at,
            "late": False,
        }
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # Only the session, only the week, and both.
        (weeks(95, 20), weeks(100, 20), {"session": SESSION_RESET}),
        (weeks(20, 95), weeks(20, 100), {"weekly": WEEK_RESET}),
        (
            weeks(97, 97),
            weeks(100, 100),
            {"session": WEEK_RESET, "weekly": WEEK_RESET},
        ),
        # The week is reached already.
        (weeks(95, 100), weeks(100, 100), {"session": WEEK_RESET}),
        # A reached model does not block the session, but the session blocks the model.
        (weeks(95, 20, 100), weeks(100, 20, 100), {"session": SESSION_RESET}),
        (weeks(100, 20, 95), weeks(100, 20, 100), {"weekly_fable": WEEK_RESET}),
    ],
)
async def test_available_at(
    claude: Claude,
    before: dict[str, Any],
    after: dict[str, Any],
    expected: dict[str, str],
) -> None:
    """The latest reset of everything that blocks a reached limit."""
    await begin(claude, before)
    events = async_capture_events(claude.hass, EVENT_CLAUDE_PULSE)
    await poll(claude, after, 2)
    found = {
        event.data["limit"]: event.data["available_at"]
        for event in events
        if event.data["type"] == "limit_reached"
    }
    assert found == expected


async def test_available_at_is_unknown(claude: Claude) -> None:
    """It is, if the reset of one reached limit is unknown."""
    week = {"utilization": 100, "resets_at": None}
    await begin(claude, session(95, SESSION_RESET, seven_day=week))
    bus = BusLog(claude, "session")
    await poll(claude, session(100, SESSION_RESET, seven_day=week), 2)
    (event,) = [item for item in bus.events if item["type"] == "limit_reached"]
    assert event["available_at"] is None


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "off"),
        (spend(1000, 40000), "on"),
        (spend(1000, None), "on"),
        (spend(1000, 40000, enabled=False), "off"),
        (spend(40000, 40000), "spent"),
        (
            spend(1000, 40000, enabled=False, disabled_reason="out_of_credits"),
            "spent",
        ),
    ],
)
async def test_extra_usage(
    claude: Claude, members: dict[str, Any], expected: str
) -> None:
    """A reached limit says whether paid usage continues."""
    _, log = await begin(claude, weeks(95, 20, **members))
    bus = BusLog(claude, "session")
    await poll(claude, weeks(100, 20, **members), 2)
    (event,) = [item for item in bus.events if item["type"] == "limit_reached"]
    assert event["extra_usage"] == expected
    # The spend limit of an account with other limits does not block.
    assert event["available_at"] == SESSION_RESET
    (state,) = [item for item in log.states if "extra_usage" in item.attributes]
    assert state.attributes["extra_usage"] == expected


@pytest.mark.parametrize(
    ("week", "fable", "binding"), [(70, 76, True), (76, 76, False), (80, 76, False)]
)
async def test_binding(
    claude: Claude, week: float, fable: float, binding: bool
) -> None:
    """The limit of a model binds if it is reached before the week."""
    await begin(claude, weeks(10, week - 3, fable - 3))
    bus = BusLog(claude, "model")
    await poll(claude, weeks(10, week, fable), 2)
    (event,) = bus.events
    assert (event["name"], event["percent"]) == ("Fable", fable)
    assert event["binding"] is binding


async def test_binding_over_a_reset(claude: Claude) -> None:
    """The reset of a limit that was binding is binding, so that its message can go."""
    await begin(claude, weeks(10, 50, 100))
    bus = BusLog(claude, "model")
    claude.clock.move_to("2026-05-09T12:10:00+00:00")
    later = "2026-05-16T12:00:00+00:00"
    rows = [
        row("weekly_all", 0, later),
        row("weekly_scoped", 0, later, "Fable"),
    ]
    await poll(claude, {"limits": rows}, 2)
    assert [(item["type"], item["binding"]) for item in bus.events] == [
        ("reset", True),
        ("available_again", True),
    ]


async def test_model_will_run_out_and_has_something_left(claude: Claude) -> None:
    """The limit of a model has the same events as the week."""
    _, log = await begin(claude, weeks(10, 20, 40), left_over_hours=24)
    await poll(claude, weeks(10, 20, 60))
    claude.clock.tick(4 * 3600)
    await poll(claude, weeks(10, 20, 95), 2)
    assert "weekly_fable will_run_out" in log.texts
    state = claude.hass.states.get("event.claude_pulse_weekly_fable_events")
    assert state.attributes["binding"] is True
    assert "left_over" in state.attributes["event_types"]
    assert "will_run_out" in state.attributes["event_types"]
    claude.clock.move_to("2026-05-08T13:00:00+00:00")
    await poll(claude, weeks(0, 20, 20), 3)
    assert log.texts.count("weekly_fable left_over") == 1
