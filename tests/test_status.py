"""The public status page."""

from __future__ import annotations

import asyncio

import pytest

from homeassistant.helpers import entity_registry as er

from .common import Claude, enable, pass_steps

ENTITY_ID = "sensor.claude_pulse_service_status"
OTHER_ID = "sensor.claude_pulse_work_service_status"


async def test_disabled_sensor_requests_nothing(claude: Claude) -> None:
    """The status page is not requested while its sensor is disabled."""
    await claude.entry()
    await pass_steps(claude, 5, 301)
    assert claude.hass.states.get(ENTITY_ID) is None
    assert claude.server.status_requests == []


@pytest.mark.smoke
async def test_states(claude: Claude) -> None:
    """An enabled sensor requests the page every five minutes, without the session key."""
    await claude.entry()
    await enable(claude, ENTITY_ID)
    assert claude.state("service_status") == "operational"
    for indicator, state in (
        ("minor", "minor"),
        ("major", "major"),
        ("critical", "critical"),
        ("maintenance", "maintenance"),
        ("new", "unknown"),
        ("", "unavailable"),
        ("none", "operational"),
    ):
        claude.server.indicator = indicator
        claude.server.status_fault = None if indicator else "server_error"
        await claude.pass_time(301)
        assert claude.state("service_status") == state
    for headers in claude.server.status_requests:
        assert "Cookie" not in headers
        assert "sk-ant" not in str(headers)
    assert claude.state("plan") == "Max 20x"


async def test_entries_share_requests(claude: Claude) -> None:
    """The page is requested once for all entries, until the last entry is unloaded."""
    entries = [
        await claude.entry(),
        await claude.entry("ben", title="Claude Pulse Work"),
    ]
    await enable(claude, ENTITY_ID, OTHER_ID)
    requests = claude.server.status_requests
    assert len(requests) == 1

    def states() -> set[str]:
        """Return the states of both sensors."""
        return {claude.hass.states.get(key).state for key in (ENTITY_ID, OTHER_ID)}

    assert states() == {"operational"}
    claude.server.indicator = "minor"
    await claude.pass_time(301)
    assert len(requests) == 2
    assert states() == {"minor"}

    await claude.hass.config_entries.async_unload(entries[0].entry_id)
    await claude.pass_time(301)
    assert len(requests) == 3
    await claude.hass.config_entries.async_unload(entries[1].entry_id)
    await claude.pass_time(3600)
    assert len(requests) == 3


async def test_set_up_does_not_wait(
    claude: Claude, entity_registry: er.EntityRegistry
) -> None:
    """A status page that does not answer does not delay set-up."""
    entry = await claude.entry()
    entity_registry.async_update_entity(ENTITY_ID, disabled_by=None)
    claude.server.status_fault = "hang"
    async with asyncio.timeout(5):
        assert await claude.hass.config_entries.async_reload(entry.entry_id)
    assert claude.state("service_status") == "unknown"
    assert claude.state("session_usage") != "missing"


async def test_polling_disabled(claude: Claude) -> None:
    """An entry with polling disabled does not request the page; other entries do."""
    entry = await claude.entry()
    claude.hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await enable(claude, ENTITY_ID)
    requests = claude.server.status_requests
    before = len(requests)
    await pass_steps(claude, 10, 301)
    assert len(requests) == before

    await claude.entry("ben", title="Claude Pulse Work")
    await enable(claude, OTHER_ID)
    before = len(requests)
    await pass_steps(claude, 3, 301)
    assert len(requests) >= before + 2
