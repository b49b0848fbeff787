"""The connection sensor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.util import dt as dt_util

from .common import Claude, pass_steps, reauth_flows

ENTITY_ID = "sensor.claude_pulse_connection"


@pytest.mark.parametrize(
    ("fault", "state"),
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
async def test_failure_and_recovery(claude: Claude, fault: str, state: str) -> None:
    """The state changes once per outage, and has the time of the values."""
    entry = await claude.entry()
    connection = claude.hass.states.get(ENTITY_ID)
    assert connection.state == "up_to_date"
    assert "last_update" not in connection.attributes
    events = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    updated = dt_util.utcnow()
    claude.server.set_fault(fault)
    await claude.pass_time()
    connection = claude.hass.states.get(ENTITY_ID)
    assert connection.state == state
    last_update = connection.attributes["last_update"]
    assert abs(last_update - updated) < timedelta(seconds=5)
    values_kept = fault in ("challenge", "rate_limited")
    assert (claude.state("plan") == "Max 20x") == values_kept
    await pass_steps(claude, 20, 600)
    assert [
        event.data["new_state"].state
        for event in events
        if event.data["entity_id"] == ENTITY_ID
    ] == [state]

    claude.server.clear_faults()
    for flow in reauth_flows(claude.hass):
        await claude.hass.config_entries.flow.async_configure(
            flow["flow_id"], {"session_key": entry.data["session_key"]}
        )
        await claude.settle()
    await claude.pass_time(7 * 3600)
    connection = claude.hass.states.get(ENTITY_ID)
    assert connection.state == "up_to_date"
    assert "last_update" not in connection.attributes


async def test_failure_after_another(claude: Claude) -> None:
    """Each failure is shown, and the time of the values does not change."""
    await claude.entry()
    times = set()
    for fault, state in (("challenge", "blocked"), ("drop", "cannot_connect")):
        claude.server.set_fault(fault)
        await claude.pass_time(600)
        connection = claude.hass.states.get(ENTITY_ID)
        assert connection.state == state
        times.add(connection.attributes["last_update"])
    assert len(times) == 1
