"""The diagnostics of an entry, downloaded as a person does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse import diagnostics
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import Claude, account_of
from .simulator.faults import FAULTS
from .test_privacy import leaks, secrets

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "usage").glob("*.json"))
Download = Callable[[MockConfigEntry], Awaitable[dict[str, Any]]]
MANIFEST = Path(diagnostics.__file__).with_name("manifest.json")
VERSION = json.loads(MANIFEST.read_text())["version"]
PLANTED = "sk-ant-sid02-planted-ada@example.org-1a2b3c4d-0000-4000-8000-123456789abc"


@pytest.fixture
async def download(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> Download:
    """Return a function that downloads the diagnostics of an entry."""
    assert await async_setup_component(hass, "diagnostics", {})
    client = await hass_client()

    async def get(entry: MockConfigEntry) -> dict[str, Any]:
        """Download the diagnostics."""
        response = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
        assert response.status == 200
        return (await response.json())["data"]

    return get


def plant(value: Any) -> Any:
    """Return a body with a secret as each text, and in an additional name."""
    if isinstance(value, str):
        return PLANTED
    if isinstance(value, list):
        return [plant(item) for item in value]
    if isinstance(value, dict):
        planted = {name: plant(item) for name, item in value.items()}
        return {**planted, f"{PLANTED} {len(value)}": PLANTED}
    return value


@pytest.mark.smoke
async def test_diagnostics(claude: Claude, download: Download) -> None:
    """The diagnostics show entry, polls, last failure, values and the last body."""
    entry = await claude.entry(update_interval=300)
    await claude.pass_time(310)
    claude.server.set_fault("challenge")
    await claude.pass_time(310)
    await claude.pass_time(60)
    data = await download(entry)

    assert data["version"] == VERSION
    assert data["entry"] == {
        "account_known": True,
        "options": {"update_interval": 300},
        "session_key_age": 680,
        "state": "loaded",
        "version": 2,
    }
    assert data["polls"] == {
        "count": 3,
        "failures": {"blocked": 1},
        "last_success_age": 370,
    }
    assert data["coordinator"] == {
        "interval": pytest.approx(600, abs=12),
        "last_update_success": True,
    }
    failure = data["back_off"]
    assert failure["error"] == "blocked"
    assert failure["message"].startswith("Blocked by Cloudflare")
    assert (failure["in_a_row"], failure["blocked_for"]) == (1, 0)
    assert data["usage"]["plan"] == "Max 20x"
    assert data["usage"]["session"]["kind"] == "session"
    (window,) = data["usage"]["windows"]
    assert window["kind"] == "weekly_scoped"
    # The body of the answer before the challenge.
    body = data["usage_body"]
    assert body["five_hour"]["resets_at"] == "<time>"
    assert body["five_hour"]["utilization"] > 7
    assert body["iguana_necktie"] is None
    kinds = [row["kind"] for row in body["limits"]]
    assert kinds == ["session", "weekly_all", "weekly_scoped"]
    assert body["limits"][2]["scope"]["model"] == {"id": None, "display_name": "<text>"}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
async def test_planted_secrets(claude: Claude, download: Download, path: Path) -> None:
    """The diagnostics contain no text or name from an answer or a title."""
    claude.serve(plant(json.loads(path.read_text())["body"]))
    organization = account_of(claude).seats[-1].organization
    organization.rate_limit_tier = organization.plan_display_name = PLANTED
    organization.capabilities = ("chat",)
    entry = await claude.entry(title=PLANTED)
    text = json.dumps(await download(entry))
    planted = {"planted", "example.org", *secrets(claude.server)}
    assert leaks(text, planted) == []
    assert "<name " in text


@pytest.mark.parametrize("fault", FAULTS)
async def test_after_a_fault(claude: Claude, download: Download, fault: str) -> None:
    """After a failed poll, the diagnostics count the failure and contain no secret."""
    claude.server.on_slow_answer = lambda: claude.clock.tick(16)
    entry = await claude.entry()
    claude.server.set_fault(fault)
    await claude.pass_time()
    data = await download(entry)
    assert sum(data["polls"]["failures"].values()) == 1
    assert data["polls"]["last_success_age"] >= 126
    assert leaks(json.dumps(data), secrets(claude.server)) == []


async def test_failed_setup(claude: Claude, download: Download) -> None:
    """The diagnostics of an entry that is not set up show the failure."""
    claude.server.set_fault("server_error")
    data = await download(await claude.entry())
    assert data["entry"]["state"] == "setup_retry"
    assert data["back_off"]["message"].endswith("(HTTP status 500)")
    assert data["polls"]["failures"] == {"cannot_connect": 1}
    assert not data.keys() & {"coordinator", "usage", "usage_body"}


async def test_free_account(claude: Claude, download: Download) -> None:
    """The diagnostics of an account without limits are complete."""
    data = await download(await claude.entry("eve"))
    assert data["back_off"] is None
    assert data["usage"] == {
        "balance": False,
        "plan": "Free",
        "pools": [],
        "saved_resets": {"is_eligible": False, "grants": []},
        "session": None,
        "spend": None,
        "weekly": None,
        "windows": [],
    }


async def test_money_and_saved_resets(claude: Claude, download: Download) -> None:
    """The diagnostics show the state of money and saved resets without any text."""
    now = claude.server.now.replace(second=0, microsecond=0)
    data = await download(await claude.entry("hal"))
    assert data["usage"]["saved_resets"] == {
        "is_eligible": True,
        "grants": [
            {
                "clears": ["five_hour", "seven_day", "seven_day_overage_included"],
                "ends_at": (now + timedelta(days=12)).isoformat(),
                "is_usable": True,
                "left": 2,
                "starts_at": (now - timedelta(days=9)).isoformat(),
            }
        ],
    }
    (grant,) = data["usage_body"]["cedar_ember"]["grants"]
    assert (grant["id"], grant["label"]) == ("<text>", "<text>")
    assert "Winter" not in json.dumps(data)

    account_of(claude, "gus").seats[0].disabled_reason = "out_of_credits"
    usage = (await download(await claude.entry("gus")))["usage"]
    assert (usage["plan"], usage["session"]) == ("Enterprise", None)
    assert usage["spend"] == {
        "disabled_reason": "out_of_credits",
        "enabled": False,
        "is_used_up": True,
        "limited": True,
        "percent": 93.5,
    }
    account_of(claude, "ivy").seats[0].disabled_reason = "a private reason"
    usage = (await download(await claude.entry("ivy")))["usage"]
    expires_at = (now + timedelta(days=5)).isoformat()
    assert usage["pools"] == [{"name": "iguana_necktie", "expires_at": expires_at}]
    assert usage["spend"]["disabled_reason"] == "<text>"
    assert (await download(await claude.entry("fay")))["usage"]["plan"] == "Ultra"
