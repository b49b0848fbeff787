"""Nothing secret or personal reaches a log or an exception's text."""

from __future__ import annotations

import logging

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.claude_ai.errors import ClaudeAiError
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant

from .claude_ai.conftest import open_client
from .common import (
    ANSWERING_FAULTS,
    add_entry,
    pass_time,
    reauth_flows,
    seat_of,
    settle,
)
from .simulator import Simulator
from .simulator.faults import FAULTS

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")


def secrets(simulator: Simulator) -> set[str]:
    """Return what must not be said: keys, addresses and UUIDs."""
    said = set()
    for account in simulator.world.accounts.values():
        said |= {account.session_key, account.email, account.uuid}
        said |= {seat.organization.uuid for seat in account.seats}
    return said


def told(text: str, secrets: set[str]) -> list[str]:
    """Return the lines of a text that say a secret."""
    return [
        line
        for line in text.splitlines()
        if any(secret.lower() in line.lower() for secret in secrets)
    ]


@pytest.mark.parametrize("name", [None, *ANSWERING_FAULTS])
async def test_no_log_line_tells_a_secret(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    name: str | None,
) -> None:
    """At debug level, through set-up, polls, flows and recovery under each fault."""
    caplog.set_level(logging.DEBUG)
    old = secrets(simulator)
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    if name:
        simulator.set_fault(name)
    for _ in range(4):
        await pass_time(hass, freezer)
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(flow["flow_id"], seat_of(simulator))
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    entry.async_start_reauth(hass)
    await settle(hass)
    (flow,) = reauth_flows(hass)
    key = account.log_in()
    await flows.async_configure(flow["flow_id"], {"session_key": key})
    simulator.clear_faults()
    for flow in reauth_flows(hass):
        form = await flows.async_configure(flow["flow_id"])
        typed = {"session_key": key, "org_id": entry.data["org_id"]}
        fields = {str(field): typed[field] for field in form["data_schema"].schema}
        await flows.async_configure(flow["flow_id"], fields)
    await settle(hass)
    await pass_time(hass, freezer, 3600)

    assert entry.data["session_key"] == key
    # The test kit's storage says what it would write.
    records = [r for r in caplog.records if not r.name.startswith("pytest_")]
    assert any("claude_pulse" in record.name for record in records)
    text = "\n".join(map(logging.Formatter().format, records))
    assert told(text, old | secrets(simulator)) == []


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("name", list(FAULTS))
async def test_no_exception_tells_a_secret(simulator: Simulator, name: str) -> None:
    """Neither its text, nor that of anything it is chained to and shown with."""
    account = simulator.world.accounts["ada"]
    simulator.set_fault(name)
    async with open_client(account.session_key) as client:
        with pytest.raises(ClaudeAiError) as raised:
            await client.usage(account.seats[-1].organization.uuid)
    shown = str(raised.getrepr(style="native"))
    assert told(f"{raised.value!r} {shown}", secrets(simulator)) == []


async def test_unreachable_address_is_not_told(
    simulator: Simulator, socket_enabled: None
) -> None:
    """An error of the connection itself says neither."""
    account = simulator.world.accounts["ada"]
    await simulator.stop()
    async with open_client(account.session_key) as client:
        with pytest.raises(ClaudeAiError) as raised:
            await client.usage(account.seats[-1].organization.uuid)
    assert "ClientConnectorError" in str(raised.value)
    shown = str(raised.getrepr(style="native"))
    assert told(shown, secrets(simulator)) == []
