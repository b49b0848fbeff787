"""The usage and the budget of the day, and the sessions of the week and of 30 days."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.util import dt as dt_util

from .common import Claude, enable, reload, row, session
from .test_history import (
    BEGIN,
    HOUR,
    NOW,
    SESSION,
    USAGE,
    WEEK,
    friday,
    import_use,
    office,
    recorded,
)
from .test_voice import SENTENCES, ask, expose, set_up_assist

__all__ = ["friday", "recorded"]

pytestmark = pytest.mark.smoke

MINUTE, DAY = 60, 24 * 60 * 60
MIDNIGHT = datetime(2026, 5, 9, tzinfo=dt_util.UTC)
KEYS = (
    "weekly_used_today",
    "weekly_budget_today",
    "weekly_sessions_left",
    "session_limits_reached",
)


def body(
    percent: float, reset: datetime = BEGIN + WEEK, session_percent: float = 20
) -> dict[str, Any]:
    """Return a usage body with a session and a week."""
    week = {"seven_day": {"utilization": percent, "resets_at": reset.isoformat()}}
    return session(session_percent, (NOW + HOUR).isoformat(), **week)


def shown(claude: Claude, *keys: str) -> list[str]:
    """Return the states of the sensors, by default of the usage and the budget."""
    return [claude.state(key) for key in keys or KEYS[:2]]


def busy(time: datetime) -> float:
    """Use 30 points of a session in each hour from 9 to 17, but none this Friday."""
    return 15 * office(time) if time < MIDNIGHT - 24 * HOUR else 0


async def set_up(claude: Claude, answer: dict[str, Any]) -> Any:
    """Set up an entry with a history of the week and the session."""
    await import_use(claude)
    await import_use(claude, busy, entity_id=SESSION, window=5)
    claude.serve(answer)
    entry = await claude.entry(update_interval=30)
    await enable(claude, "sensor.claude_pulse_session_limits_reached")
    return entry


async def test_day_of_an_office_worker(recorded: Claude) -> None:
    """On Friday evening, what is left is for Monday morning."""
    entry = await set_up(recorded, body(74))
    # 16 points since midnight, when 42 were left for 8 hours on Friday and 3 on Monday.
    used, budget = shown(recorded)
    assert used == "16"
    assert 25 <= int(budget) <= 34
    # 26 points are left, and a full session takes 7 to 13.
    assert recorded.state("weekly_sessions_left") in ("2", "3")
    # Four hours of use reach a limit, which is once or twice on each of 21 days.
    reached = int(recorded.state("session_limits_reached"))
    assert 21 <= reached <= 42
    # The budget stays.
    recorded.serve(body(79, session_percent=100))
    await recorded.pass_time(MINUTE)
    assert shown(recorded) == ["21", budget]
    assert recorded.state("session_limits_reached") == str(reached + 1)
    await recorded.pass_time(3600)
    assert recorded.state("session_usage") == "unknown"
    recorded.serve(body(79) | session(0, None))
    await recorded.pass_time(MINUTE)
    assert recorded.state("session_limits_reached") == str(reached + 1)
    assert shown(recorded) == ["21", budget]
    # After a restart, it follows from the habit of now.
    await reload(recorded, entry)
    assert recorded.state("weekly_used_today") == "21"
    assert abs(int(recorded.state("weekly_budget_today")) - int(budget)) <= 2
    # Of 21 points, most are for Monday.
    await recorded.pass_time((MIDNIGHT - dt_util.utcnow()).total_seconds() - MINUTE)
    await recorded.pass_time(MINUTE)
    used, budget = shown(recorded)
    assert used == "0"
    assert 0 <= int(budget) <= 6
    for key in KEYS:
        attributes = recorded.hass.states.get(f"sensor.claude_pulse_{key}").attributes
        assert attributes["state_class"] == "measurement"
        assert attributes["window"] == key.partition("_")[0]


async def test_day_of_a_reset_and_a_refill(friday: Claude) -> None:
    """Without a recorder, a day is known from its midnight on. A reset loses nothing."""
    friday.serve(body(70, MIDNIGHT + 6 * HOUR))
    await friday.entry(update_interval=30)
    assert shown(friday) == ["unknown", "unknown"]
    await friday.pass_time((MIDNIGHT - dt_util.utcnow()).total_seconds() - 30)
    await friday.pass_time(MINUTE)
    # All that is left is for the hours until the reset.
    assert shown(friday) == ["0", "30"]
    friday.serve(body(80, MIDNIGHT + 6 * HOUR))
    await friday.pass_time(MINUTE)
    assert shown(friday) == ["10", "30"]
    await friday.pass_time((MIDNIGHT + 6 * HOUR - dt_util.utcnow()).total_seconds())
    await friday.pass_time(3 * MINUTE)
    assert shown(friday) == ["unknown", "unknown"]
    friday.serve(body(2, MIDNIGHT + 6 * HOUR + WEEK))
    await friday.pass_time(MINUTE)
    # 10 points before the reset, and 18 of 168 hours of the new week.
    budget = round(10 + 100 * 18 / 168)
    assert shown(friday) == ["12", str(budget)]
    friday.serve(body(22, MIDNIGHT + 6 * HOUR + WEEK))
    await friday.pass_time(12 * 3600 - 6 * MINUTE)
    await friday.pass_time(MINUTE)
    assert shown(friday) == ["32", str(budget)]
    friday.serve(body(0, MIDNIGHT + 6 * HOUR + WEEK))
    await friday.pass_time(MINUTE)
    # A refill after 32 points, and 6 of 156 hours.
    assert shown(friday) == ["32", str(round(32 + 100 * 6 / 156))]
    assert shown(friday, *KEYS[2:]) == ["unknown", "missing"]


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({}, set()),
        (session(20, (NOW + HOUR).isoformat()), {"session_limits_reached"}),
        # Ultra has no session limit.
        (
            {"limits": [row("weekly_all", 74, (BEGIN + WEEK).isoformat())]},
            {"weekly_used_today", "weekly_budget_today"},
        ),
        # The week has not started.
        ({"limits": [row("weekly_all", 0)]}, {"weekly_used_today"}),
    ],
)
async def test_account_without_a_limit(
    recorded: Claude, answer: dict[str, Any], known: set[str]
) -> None:
    """Sensors of a limit that the account does not have are unknown."""
    await set_up(recorded, answer)
    states = {key: recorded.state(key) for key in KEYS}
    assert {key for key, state in states.items() if state != "unknown"} == known
    recorded.server.set_fault("server_error")
    await recorded.pass_time(MINUTE)
    assert {*shown(recorded, *KEYS)} == {"unavailable"}


async def test_outage_at_midnight(friday: Claude) -> None:
    """Usage in an outage belongs to an unknown day."""
    friday.serve(body(70))
    await friday.entry(update_interval=30)
    await friday.pass_time((MIDNIGHT - dt_util.utcnow()).total_seconds() - 3 * 3600)
    friday.server.set_fault("server_error")
    for _ in range(6):
        await friday.pass_time(3600)
    friday.server.clear_faults()
    friday.serve(body(75))
    await friday.pass_time(3600)
    assert friday.state("weekly_usage") == "75"
    assert shown(friday) == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("percent", "left", "answer"),
    [
        (96, 0, "No full session is left in the week."),
        (90, 1, "About 1 full session is left in the week, until Monday 12:00."),
        (64, 5, "About 5 full sessions are left in the week, until Monday 12:00."),
    ],
)
async def test_answer_about_sessions(
    recorded: Claude, tmp_path: Path, percent: float, left: int, answer: str
) -> None:
    """Assist says how many full sessions are left."""
    # A session of five hours of use takes six or seven points.
    sentences = SENTENCES.read_text(encoding="utf-8")
    await set_up_assist(recorded, tmp_path, sentences)
    await import_use(recorded, lambda _: 1.3)
    await import_use(recorded, lambda _: 20, entity_id=SESSION, window=5)
    recorded.serve(body(percent))
    await recorded.entry()
    expose(recorded, USAGE)
    assert recorded.state("weekly_sessions_left") == str(left)
    assert await ask(recorded, "how many sessions are left") == answer


async def test_rows(recorded: Claude) -> None:
    """In a day, the usage writes as many states as its sensor, and the others hardly any."""
    await set_up(recorded, body(74))
    changes = async_capture_events(recorded.hass, EVENT_STATE_CHANGED)
    for step in range(24 * 12):
        percent = 74 + max(step - 140, 0) // 20
        recorded.serve(body(percent) | session(min(step, 100), None))
        await recorded.pass_time(5 * MINUTE)
    rows = Counter(event.data["entity_id"] for event in changes)
    assert recorded.state("weekly_usage") == "81"
    counts = {key: rows[f"sensor.claude_pulse_{key}"] for key in KEYS}
    assert counts["weekly_used_today"] <= rows["sensor.claude_pulse_weekly_usage"] + 1
    assert counts["weekly_budget_today"] == 1
    assert counts["weekly_sessions_left"] <= 3
    assert counts["session_limits_reached"] <= 3
