"""The public status page."""

from __future__ import annotations

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
