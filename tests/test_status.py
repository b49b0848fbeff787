"""The public status page."""

from __future__ import annotations

import asyncio

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import add_entry, pass_time, settle
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

ENTITY_ID = "sensor.claude_pulse_service_status"


async def test_not_asked_while_disabled(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Nobody asks for what nobody wants to see."""
    await add_entry(hass, simulator)
    for _ in range(5):
        await pass_time(hass, freezer, 301)
    assert hass.states.get(ENTITY_ID) is None
    assert simulator.status_requests == []


@pytest.mark.smoke
async def test_status(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Once enabled it is asked every five minutes, without a key."""
    entry = await add_entry(hass, simulator)
    er.async_get(hass).async_update_entity(ENTITY_ID, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert hass.states.get(ENTITY_ID).state == "operational"
    await pass_time(hass, freezer, 60)

    shown = []
    for indicator in ("minor", "major", "critical", "maintenance", "new", "", "none"):
        simulator.indicator = indicator
        simulator.status_fault = None if indicator else "server_error"
        await pass_time(hass, freezer, 301)
        shown.append(hass.states.get(ENTITY_ID).state)
    assert shown == [
        "minor",
        "major",
        "critical",
        "maintenance",
        "unknown",
        "unavailable",
        "operational",
    ]
    for headers in simulator.status_requests:
        assert "Cookie" not in headers
        assert "sk-ant" not in str(headers)
    # The seat itself is not touched by it.
    assert hass.states.get("sensor.claude_pulse_plan").state == "Max 20x"


async def test_one_poller_for_all(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """However many entries show it, it is asked once; without any, not at all."""
    registry = er.async_get(hass)
    entries = []
    for account, title in (("ada", "Claude Pulse"), ("ben", "Claude Pulse Work")):
        entries.append(await add_entry(hass, simulator, account, title=title))
    ids = [ENTITY_ID, "sensor.claude_pulse_work_service_status"]
    for entity_id in ids:
        registry.async_update_entity(entity_id, disabled_by=None)
    for entry in entries:
        await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert [hass.states.get(entity_id).state for entity_id in ids] == [
        "operational"
    ] * 2
    assert len(simulator.status_requests) == 1
    # Home Assistant reloads by itself half a minute after entities were enabled.
    await pass_time(hass, freezer, 31)
    before = len(simulator.status_requests)
    simulator.indicator = "minor"
    await pass_time(hass, freezer, 301)
    assert len(simulator.status_requests) == before + 1
    assert [hass.states.get(entity_id).state for entity_id in ids] == ["minor"] * 2

    await hass.config_entries.async_unload(entries[0].entry_id)
    await pass_time(hass, freezer, 301)
    assert len(simulator.status_requests) == before + 2
    await hass.config_entries.async_unload(entries[1].entry_id)
    await pass_time(hass, freezer, 3600)
    assert len(simulator.status_requests) == before + 2


async def test_nobody_waits_for_it(hass: HomeAssistant, simulator: Simulator) -> None:
    """A status page that hangs holds up no set-up."""
    entry = await add_entry(hass, simulator)
    er.async_get(hass).async_update_entity(ENTITY_ID, disabled_by=None)
    simulator.status_fault = "hang"
    async with asyncio.timeout(5):
        assert await hass.config_entries.async_reload(entry.entry_id)
    assert hass.states.get(ENTITY_ID).state == "unknown"
    assert hass.states.get("sensor.claude_pulse_plan").state == "Max 20x"


async def test_off_is_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """An entry whose polling is switched off does not keep the page's poller going."""
    entry = await add_entry(hass, simulator)
    er.async_get(hass).async_update_entity(ENTITY_ID, disabled_by=None)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await pass_time(hass, freezer, 31)
    before = len(simulator.status_requests)
    for _ in range(10):
        await pass_time(hass, freezer, 301)
    assert len(simulator.status_requests) == before

    other = await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    er.async_get(hass).async_update_entity(
        "sensor.claude_pulse_work_service_status", disabled_by=None
    )
    await hass.config_entries.async_reload(other.entry_id)
    await settle(hass)
    before = len(simulator.status_requests)
    for _ in range(3):
        await pass_time(hass, freezer, 301)
    assert len(simulator.status_requests) >= before + 2
