"""What the system information page shows."""

from __future__ import annotations

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import add_entry, pass_time, settle
from .simulator import Simulator

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]


async def test_system_health(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Whether claude.ai can be reached, without a key, and how many accounts are well."""
    await add_entry(hass, simulator, "ada")
    await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    assert await async_setup_component(hass, "system_health", {})
    await settle(hass)
    well = dt_util.utcnow()
    simulator.set_fault("server_error", "ben")
    await pass_time(hass, freezer)

    info = await get_system_health_info(hass, DOMAIN)
    before = len(simulator.requests)
    assert await info.pop("can_reach_server") == "ok"
    # The reachability is looked at with no cookie.
    assert {r.session_key for r in simulator.requests[before:]} <= {None}
    assert info["accounts"] == 2
    assert info["accounts_up_to_date"] == 1
    assert info["last_success"] > well


async def test_nothing_reached(hass: HomeAssistant, simulator: Simulator) -> None:
    """It says so too when nothing works."""
    simulator.set_fault("drop")
    await add_entry(hass, simulator)
    assert await async_setup_component(hass, "system_health", {})
    await settle(hass)
    await simulator.stop()
    info = await get_system_health_info(hass, DOMAIN)
    assert await info.pop("can_reach_server") == {
        "type": "failed",
        "error": "unreachable",
    }
    assert info == {"accounts": 1, "accounts_up_to_date": 0, "last_success": None}
