"""What the connection sensor says, also while the last values are kept."""

from __future__ import annotations

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .common import add_entry, pass_time, reauth_flows, settle, states
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

ENTITY_ID = "sensor.claude_pulse_connection"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("challenge", "blocked"),
        ("rate_limited", "rate_limited"),
        ("server_error", "cannot_connect"),
        ("organization_missing", "org_not_found"),
        ("region_451", "region_blocked"),
        ("forbidden", "forbidden"),
        ("malformed", "invalid_org_id"),
        ("session_invalid", "invalid_auth"),
    ],
)
async def test_connection(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str,
    said: str,
) -> None:
    """One state for a trouble, with the time of the values; none for each poll in it."""
    entry = await add_entry(hass, simulator)
    found = hass.states.get(ENTITY_ID)
    assert found.state == "up_to_date"
    assert "last_update" not in found.attributes
    changes: list[Any] = []

    @callback
    def note(event: Any) -> None:
        """Note a state of this sensor."""
        if event.data["entity_id"] == ENTITY_ID:
            changes.append(event.data["new_state"].state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    updated = dt_util.utcnow()
    simulator.set_fault(fault)
    await pass_time(hass, freezer)
    found = hass.states.get(ENTITY_ID)
    assert found.state == said
    assert abs((found.attributes["last_update"] - updated).total_seconds()) < 5
    kept = fault in ("challenge", "rate_limited")
    assert (states(hass)["plan"] == "Max 20x") == kept
    for _ in range(20):
        await pass_time(hass, freezer, 600)
    assert changes == [said]

    simulator.clear_faults()
    for flow in reauth_flows(hass):
        await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"session_key": entry.data["session_key"]}
        )
        await settle(hass)
    await pass_time(hass, freezer, 7 * 3600)
    found = hass.states.get(ENTITY_ID)
    assert found.state == "up_to_date"
    assert "last_update" not in found.attributes


async def test_one_trouble_after_another(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Each is told, and the time stays that of the values."""
    await add_entry(hass, simulator)
    times = set()
    for fault, said in (("challenge", "blocked"), ("drop", "cannot_connect")):
        simulator.set_fault(fault)
        await pass_time(hass, freezer, 600)
        found = hass.states.get(ENTITY_ID)
        assert found.state == said
        times.add(found.attributes["last_update"])
    assert len(times) == 1
