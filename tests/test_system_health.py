"""The system information page."""

from __future__ import annotations

import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import Claude

pytestmark = pytest.mark.smoke


async def test_system_health(claude: Claude) -> None:
    """The page counts the accounts and checks claude.ai without a session key."""
    assert await async_setup_component(claude.hass, "system_health", {})
    await claude.entry("ada")
    await claude.entry("ben", title="Claude Pulse Work")
    start = dt_util.utcnow()
    claude.server.set_fault("server_error", "ben")
    await claude.pass_time()

    info = await get_system_health_info(claude.hass, DOMAIN)
    requests = len(claude.server.requests)
    assert await info.pop("can_reach_server") == "ok"
    assert {r.session_key for r in claude.server.requests[requests:]} <= {None}
    assert info.pop("last_success") > start
    assert info == {"accounts": 2, "accounts_up_to_date": 1}


async def test_unreachable(claude: Claude) -> None:
    """The page reports that claude.ai is unreachable."""
    assert await async_setup_component(claude.hass, "system_health", {})
    claude.server.set_fault("drop")
    await claude.entry()
    await claude.server.stop()
    info = await get_system_health_info(claude.hass, DOMAIN)
    error = {"type": "failed", "error": "unreachable"}
    assert await info.pop("can_reach_server") == error
    assert info == {"accounts": 1, "accounts_up_to_date": 0, "last_success": None}
