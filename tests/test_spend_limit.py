"""Seats that are billed by usage: the spend limit is their only limit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.helpers import entity_registry as er

from .common import Claude, enable, session, spend, states
from .events.common import EventLog, poll, start_clock

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]
KEYS = ("extra_usage", "extra_usage_spent", "extra_usage_limit", "extra_usage_status")


def shown(claude: Claude) -> list[str]:
    """Return the states of the sensors of the spend limit."""
    return [claude.state(key) for key in KEYS]


async def begin(claude: Claude, body: dict[str, Any]) -> EventLog:
    """Set up an entry, and wait until it sends events."""
    start_clock(claude)
    claude.serve(body)
    await claude.entry()
    log = EventLog(claude.hass)
    await claude.pass_time(11)
    return log


async def test_sensors_are_enabled(claude: Claude) -> None:
    """The sensors of the spend limit show it. Those of the session are unknown."""
    await begin(claude, spend(37400, 40000))
    assert shown(claude) == ["93.5", "374.0", "400.0", "active"]
    ten = states(claude.hass)
    plan = ten.pop("plan")
    assert set(ten.values()) == {"unknown"}
    assert plan == "Max 20x"
    assert claude.state("limit_reached", "binary_sensor") == "off"
    assert claude.state("extra_events", "event") == "unknown"
    await poll(claude, spend(40000, 40000), 2)
    assert claude.state("limit_reached", "binary_sensor") == "on"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"enabled": False, "disabled_reason": "out_of_credits"}, "out_of_credits"),
        ({"enabled": False}, "disabled"),
        ({"percent": 100}, "active"),
        ({"percent": 100.3}, "limit_reached"),
        ({}, "active"),
    ],
)
async def test_status(claude: Claude, members: dict[str, Any], expected: str) -> None:
    """The status says why nothing more can be spent."""
    await begin(claude, spend(37400, 40000, **members))
    assert claude.state("extra_usage_status") == expected
    used_up = expected in ("out_of_credits", "limit_reached")
    is_on = claude.state("limit_reached", "binary_sensor") == "on"
    assert is_on is used_up


async def test_events(claude: Claude) -> None:
    """Thresholds, the limit and a new month are events, in percent."""
    log = await begin(claude, spend(10000, 40000))
    for cents in (32000, 40100, 43200, 40100, 200, 200):
        await poll(claude, spend(cents, 40000))
    assert log.texts == [
        "extra threshold_reached 75",
        "extra limit_reached",
        "extra refilled",
        "extra available_again",
    ]
    assert log.states[0].attributes["percent"] == 80
    assert log.states[0].attributes["resets_at"] is None
    registry = er.async_get(claude.hass)
    entity = registry.async_get("event.claude_pulse_extra_events")
    assert entity.original_name == "Spend limit events"
    assert entity.capabilities["event_types"] == [
        "refilled",
        "available_again",
        "threshold_reached",
        "limit_reached",
    ]


async def test_existing_sensors_are_enabled_once_it_is_the_only_limit(
    claude: Claude,
) -> None:
    """Not after one wrong answer. A sensor that the user has disabled stays disabled."""
    entry_body = {**session(31, None), **spend(37400, 40000)}
    await begin(claude, entry_body)
    registry = er.async_get(claude.hass)

    def disabled() -> list[str | None]:
        """Return `disabled_by` of each sensor."""
        entities = (registry.async_get(f"sensor.claude_pulse_{key}") for key in KEYS)
        return [entity.disabled_by for entity in entities]

    registry.async_update_entity(
        "sensor.claude_pulse_extra_usage_limit",
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    assert disabled() == ["integration", "integration", "user", "integration"]
    # Answers without the session are incomplete for some hours.
    claude.serve(spend(40000, 40000))
    for _ in range(5):
        await claude.pass_time()
    assert disabled() == ["integration", "integration", "user", "integration"]
    assert claude.state("limit_reached", "binary_sensor") == "unknown"
    claude.serve(spend(37400, 40000))
    await claude.pass_time(6 * 60 * 60)
    for _ in range(3):
        await claude.pass_time()
    assert disabled() == [None, None, "user", None]
    # Home Assistant reloads the entry.
    await claude.pass_time(31)
    assert shown(claude) == ["93.5", "374.0", "missing", "active"]


async def test_account_with_other_limits(claude: Claude) -> None:
    """Paid usage in addition to other limits has no events, and does not stop Claude."""
    log = await begin(claude, {**session(31, None), **spend(100, 40000)})
    await enable(claude)
    await poll(claude, {**session(31, None), **spend(40000, 40000)}, 2)
    assert claude.state("extra_usage") == "100"
    assert claude.state("limit_reached", "binary_sensor") == "off"
    assert claude.state("extra_events", "event") == "missing"
    assert log.texts == []


async def test_unlimited_spend_is_no_limit(claude: Claude) -> None:
    """Without a limit, nothing can be reached."""
    await begin(claude, spend(37400, None))
    assert claude.state("limit_reached", "binary_sensor") == "unknown"
    assert claude.state("extra_events", "event") == "missing"


async def test_expired_pool(claude: Claude) -> None:
    """A credit pool that has expired is unavailable, and can be deleted."""
    start_clock(claude)
    expires_at = claude.server.now + timedelta(days=1)
    pool = {
        "limit_dollars": 100,
        "remaining_dollars": 62.50499,
        "used_dollars": None,
        "resets_at": expires_at.isoformat(),
    }
    claude.serve({**session(31, None), "iguana_necktie": pool})
    entry = await claude.entry()
    await enable(claude)

    def values() -> list[str]:
        """Return the states of the pool's sensors."""
        keys = ("used", "remaining", "limit", "expires_at")
        return [claude.state(f"iguana_necktie_{key}") for key in keys]

    assert values() == ["37.5", "62.5", "100.0", expires_at.isoformat()]
    await claude.pass_time(24 * 60 * 60 + 61)
    assert set(values()) == {"unavailable"}
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()
    registry = er.async_get(claude.hass)
    key = f"{entry.entry_id}_pool:iguana_necktie:used"
    entity_id = registry.async_get_entity_id("sensor", DOMAIN, key)
    state = claude.hass.states.get(entity_id)
    # Home Assistant offers to delete a restored entity.
    assert state.attributes["restored"] is True
