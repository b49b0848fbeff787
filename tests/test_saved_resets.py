"""Saved resets: how many are left, when they expire, and their events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from homeassistant.helpers import entity_registry as er

from .common import Claude, reload
from .events.common import START, EventLog, begin, body, poll

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]
DAY = 24 * 60 * 60


def at(days: float) -> datetime:
    """Return the time a number of days after START."""
    return START + timedelta(days=days)


def grant(label: str, left: int, ends: float, **members: Any) -> dict[str, Any]:
    """Return a grant that started a day before START and ends some days after it."""
    return {
        "id": "private",
        "label": label,
        "resets_total": 2,
        "resets_left": left,
        "starts_at": at(-1).isoformat(),
        "ends_at": at(ends).isoformat(),
        "clears": ["five_hour", "seven_day"],
        **members,
    }


def with_resets(answer: dict[str, Any], *grants: dict[str, Any]) -> dict[str, Any]:
    """Return a usage body with grants of saved resets."""
    return {**answer, "cedar_ember": {"eligible": True, "grants": list(grants)}}


def texts(log: EventLog) -> list[tuple[str, str | None]]:
    """Return the types and labels of the events of saved resets."""
    return [
        (state.attributes["event_type"], state.attributes["label"])
        for state in log.states
        if "saved_reset" in state.entity_id
    ]


async def test_sensors(claude: Claude) -> None:
    """They show the number and the first expiry, and never an ID."""
    two, one = grant("Two", 2, 20), grant("One", 1, 10)
    future = grant("Later", 1, 40, starts_at=at(5).isoformat())
    await begin(claude, with_resets(body(10), two, one, grant("Used", 0, 5), future))
    assert claude.state("saved_resets") == "3"
    assert claude.state("saved_reset_expires_at") == at(10).isoformat()
    state = claude.hass.states.get("sensor.claude_pulse_saved_resets")
    assert [item["label"] for item in state.attributes["grants"]] == ["One", "Two"]
    assert state.attributes["grants"][0] == {
        "label": "One",
        "left": 1,
        "clears": ["five_hour", "seven_day"],
        "expires_at": at(10).isoformat(),
    }
    assert "private" not in str(
        [item.as_dict() for item in claude.hass.states.async_all()]
    )
    await poll(claude, with_resets(body(10), two))
    assert claude.state("saved_resets") == "2"
    await poll(claude, with_resets(body(10)))
    assert claude.state("saved_resets") == "0"
    assert claude.state("saved_reset_expires_at") == "unknown"


@pytest.mark.parametrize("member", [None, {"eligible": False, "grants": []}])
async def test_account_that_is_not_eligible(claude: Claude, member: Any) -> None:
    """It has no sensors. Later they are unknown, and never 0."""
    await begin(claude, {**body(10), "cedar_ember": member})
    assert claude.state("saved_resets") == "missing"
    await poll(claude, with_resets(body(10), grant("One", 1, 10)), 2)
    assert claude.state("saved_resets") == "1"
    await poll(claude, {**body(10), "cedar_ember": member})
    assert claude.state("saved_resets") == "unknown"
    assert claude.state("saved_reset_expires_at") == "unknown"


async def test_expired_grant(claude: Claude) -> None:
    """A grant expires also between two answers."""
    await begin(claude, with_resets(body(10, None), grant("One", 1, 10)))
    await claude.pass_time(10 * DAY)
    assert claude.state("saved_resets") == "0"


async def test_events(claude: Claude) -> None:
    """Each grant is announced once, and once before it expires unused."""
    first = grant("First", 1, 10)
    entry, log = await begin(claude, with_resets(body(10, None), first))
    assert texts(log) == []
    second = grant("Second", 2, 30)
    await poll(claude, with_resets(body(10, None), first, second))
    assert texts(log) == []
    await poll(claude, with_resets(body(10, None), first, second))
    assert texts(log) == [("saved_reset_granted", "Second")]
    assert log.states[-1].attributes["left"] == 2
    # Missing from an answer, after a reload, and used once.
    await poll(claude, with_resets(body(10, None)))
    await reload(claude, entry)
    used = {**second, "resets_left": 1}
    await poll(claude, with_resets(body(10, None), first, used))
    assert len(texts(log)) == 1
    for _ in range(12):
        claude.clock.tick(DAY)
        await poll(claude, with_resets(body(10, None), first, used))
    assert texts(log)[1:] == [("saved_reset_expires", "First")]
    event = log.states[-1]
    assert event.attributes["expires_at"] == at(10).isoformat()
    left = at(10) - datetime.fromisoformat(event.state)
    assert timedelta(days=2) < left <= timedelta(days=3)


async def test_option_for_the_expiry(claude: Claude) -> None:
    """The user chooses how long before the expiry the event is sent."""
    answer = with_resets(body(10, None), grant("One", 1, 10))
    _, log = await begin(claude, answer, saved_reset_days=8)
    await claude.pass_time(1 * DAY)
    assert texts(log) == []
    await claude.pass_time(1 * DAY)
    await claude.pass_time(2)
    assert texts(log) == [("saved_reset_expires", "One")]


async def test_used_reset_does_not_expire(claude: Claude) -> None:
    """Nothing expires if no reset is left."""
    _, log = await begin(claude, with_resets(body(10, None), grant("One", 1, 10)))
    claude.serve(with_resets(body(10, None), grant("One", 0, 10)))
    for _ in range(9):
        await claude.pass_time(DAY)
    assert texts(log) == []


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([grant("Both", 2, 10)], 2),
        ([grant("Paused", 1, 10, paused=True)], 0),
        ([grant("Model", 1, 10, clears=["seven_day_overage_included"])], 0),
        ([grant("Over", 1, -0.5)], 0),
        ([], 0),
    ],
)
async def test_limit_reached_mentions_saved_resets(
    claude: Claude, grants: list[dict[str, Any]], expected: int
) -> None:
    """The event contains how many saved resets can reset this limit."""
    _, log = await begin(claude, with_resets(body(95), *grants))
    await poll(claude, with_resets(body(100), *grants))
    (state,) = [item for item in log.states if "session" in item.entity_id]
    assert state.attributes["event_type"] == "limit_reached"
    assert state.attributes["saved_resets"] == expected


async def test_no_entity_spends_a_reset(claude: Claude) -> None:
    """There is no button, and no request but GET."""
    await begin(claude, with_resets(body(10), grant("One", 1, 10)))
    registry = er.async_get(claude.hass)
    domains = {item.domain for item in registry.entities.values()}
    assert domains == {"binary_sensor", "calendar", "event", "sensor"}
    assert not any("reset_rate_limits" in item.path for item in claude.server.requests)
