"""What can be attached to a report, downloaded as a person does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import add_entry, pass_time
from .simulator import Simulator
from .simulator.faults import FAULTS
from .test_privacy import secrets, told

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "usage").glob("*.json"))
PLANTED = "sk-ant-sid02-planted-ada@example.org-1a2b3c4d-0000-4000-8000-123456789abc"


@pytest.fixture(autouse=True)
async def _diagnostics(hass: HomeAssistant) -> None:
    """Set up what offers the download."""
    assert await async_setup_component(hass, "diagnostics", {})


async def download(
    hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> dict[str, Any]:
    """Return our part of the downloaded file."""
    client = await hass_client()
    response = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert response.status == 200
    return (await response.json())["data"]


def plant(value: Any) -> Any:
    """Return a body with a secret in the place of every text, and in its names."""
    if isinstance(value, str):
        return PLANTED
    if isinstance(value, list):
        return [plant(item) for item in value]
    if isinstance(value, dict):
        planted = {name: plant(item) for name, item in value.items()}
        return {**planted, f"{PLANTED} {len(value)}": PLANTED}
    return value


@pytest.mark.smoke
async def test_what_is_told(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Enough to understand what happened."""
    entry = await add_entry(hass, simulator, update_interval=300)
    await pass_time(hass, freezer, 310)
    simulator.set_fault("challenge")
    await pass_time(hass, freezer, 310)
    await pass_time(hass, freezer, 60)
    found = await download(hass_client, entry)

    assert found["version"] == "0.1.0"
    assert found["entry"] == {
        "account_known": True,
        "options": {"update_interval": 300},
        "session_key_age": 680,
        "state": "loaded",
        "version": 2,
    }
    assert found["polls"] == {
        "count": 3,
        "failures": {"blocked": 1},
        "interval": pytest.approx(600, abs=12),
        "last_success_age": 370,
        "last_update_success": True,
    }
    back_off = found["back_off"]
    assert back_off["error"] == "blocked"
    assert back_off["message"].startswith("Blocked by Cloudflare")
    assert (back_off["in_a_row"], back_off["blocked_for"]) == (1, 0)
    assert found["snapshot"]["plan"] == "Max 20x"
    assert found["snapshot"]["session"]["kind"] == "session"
    assert [window["kind"] for window in found["snapshot"]["windows"]] == [
        "weekly_scoped"
    ]
    # The last answer that could be read was the one before the challenge.
    body = found["usage_body"]
    assert body["five_hour"]["resets_at"] == "<time>"
    assert body["five_hour"]["utilization"] > 7
    assert body["iguana_necktie"] is None
    assert [row["kind"] for row in body["limits"]] == [
        "session",
        "weekly_all",
        "weekly_scoped",
    ]
    assert body["limits"][2]["scope"]["model"] == {"id": None, "display_name": "<text>"}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
async def test_planted_secrets(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    path: Path,
) -> None:
    """A secret in the place of any text or name of an answer is not told."""
    seat = simulator.world.accounts["ada"].seats[-1]
    seat.fixed_body = plant(json.loads(path.read_text())["body"])
    seat.organization.rate_limit_tier = PLANTED
    seat.organization.capabilities = ("chat",)
    seat.organization.plan_display_name = PLANTED
    entry = await add_entry(hass, simulator, title=PLANTED)
    found = json.dumps(await download(hass_client, entry))
    assert "planted" not in found
    assert "example.org" not in found
    assert told(found, secrets(simulator)) == []
    assert "<name " in found


@pytest.mark.parametrize("name", list(FAULTS))
async def test_after_a_fault(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    name: str,
) -> None:
    """Under each fault it can be downloaded, tells the failure, and no secret."""
    simulator.on_slow_answer = lambda: freezer.tick(16)
    entry = await add_entry(hass, simulator)
    simulator.set_fault(name)
    await pass_time(hass, freezer)
    found = await download(hass_client, entry)
    assert sum(found["polls"]["failures"].values()) == 1
    assert found["polls"]["last_success_age"] >= 126
    assert told(json.dumps(found), secrets(simulator)) == []


async def test_entry_that_cannot_be_set_up(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """Why, is told as well."""
    simulator.set_fault("server_error")
    entry = await add_entry(hass, simulator)
    found = await download(hass_client, entry)
    assert found["entry"]["state"] == "setup_retry"
    assert found["back_off"]["message"].endswith("(HTTP status 500)")
    assert found["polls"] is found["snapshot"] is found["usage_body"] is None


async def test_free_account(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    """An account without any limit has as much to tell."""
    entry = await add_entry(hass, simulator, "eve")
    found = await download(hass_client, entry)
    assert found["back_off"] is None
    assert found["snapshot"] == {
        "balance": False,
        "plan": "Free",
        "pools": [],
        "session": None,
        "spend": False,
        "weekly": None,
        "windows": [],
    }
    assert DOMAIN in hass.data
