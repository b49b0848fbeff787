"""An organization that is gone, and the fix that leads to another one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import (
    POLL,
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    settle,
    states,
)
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

FIX = "/api/repairs/issues/fix"


@pytest.fixture(autouse=True)
async def _repairs(hass: HomeAssistant) -> None:
    """Set up what shows issues and runs their fixes."""
    assert await async_setup_component(hass, "repairs", {})


class Fix:
    """The fix flow, through the API that the frontend uses."""

    def __init__(self, client: Any, issue_id: str) -> None:
        """Remember which issue it is for."""
        self._client = client
        self._issue_id = issue_id
        self._flow_id = ""

    async def start(self) -> dict[str, Any]:
        """Begin, and return the first step."""
        result = await self._post("", handler=DOMAIN, issue_id=self._issue_id)
        self._flow_id = result["flow_id"]
        return result

    async def choose(self, org_id: str) -> dict[str, Any]:
        """Choose an organization, and return what comes of it."""
        return await self._post(f"/{self._flow_id}", org_id=org_id)

    async def enter(self, **typed: str) -> dict[str, Any]:
        """Send the form, and return what comes of it."""
        return await self._post(f"/{self._flow_id}", **typed)

    async def _post(self, path: str, **data: str) -> dict[str, Any]:
        """Post to the API."""
        response = await self._client.post(FIX + path, json=data)
        assert response.status == 200
        return await response.json()


def offered(step: dict[str, Any]) -> dict[str, str]:
    """Return the organizations that a form offers, by label."""
    (field,) = step["data_schema"]
    assert field["name"] == "org_id"
    options = field["selector"]["select"]["options"]
    return {option["label"]: option["value"] for option in options}


@pytest.mark.smoke
async def test_organization_that_moved(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """An issue says so; its fix lists what the key can see, and switches the entry."""
    entry = await add_entry(hass, simulator)
    entity_id = "sensor.claude_pulse_session_usage"
    moved = simulator.world.accounts["ada"].move()
    await pass_time(hass, freezer)
    assert issues(hass) == {"organization"}
    assert states(hass)["plan"] == "unavailable"
    assert not reauth_flows(hass)
    issue_id = f"organization_{entry.entry_id}"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.ERROR

    fix = Fix(await hass_client(), issue_id)
    step = await fix.start()
    assert step["step_id"] == "organization"
    assert step["description_placeholders"]["name"] == "Claude Pulse"
    # The API-only one is not among them.
    assert offered(step) == {"ada · Max 20x": moved.uuid}
    result = await fix.choose(moved.uuid)
    assert result["type"] == "create_entry"
    await settle(hass)

    assert not issues(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["org_id"] == moved.uuid
    assert entry.unique_id.startswith(moved.uuid)
    assert float(hass.states.get(entity_id).state) > 0


async def test_issue_survives_a_restart_and_clears_itself(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """It is there while the organization is refused, and gone when it is not any more."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("organization_missing")
    await pass_time(hass, freezer)
    ir.async_delete_issue(hass, DOMAIN, f"organization_{entry.entry_id}")
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert issues(hass) == {"organization"}
    # An outage neither clears nor repeats it.
    simulator.set_fault("drop")
    for _ in range(10):
        await pass_time(hass, freezer)
    assert issues(hass) == {"organization"}

    simulator.clear_faults()
    for _ in range(20):
        await pass_time(hass, freezer)
    assert not issues(hass)
    assert "unavailable" not in states(hass).values()


@pytest.mark.parametrize("fault", ["drop", "challenge", "server_error", "rate_limited"])
async def test_unreadable_list_claims_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str,
) -> None:
    """Without the list nothing is said of the organization or the key."""
    await add_entry(hass, simulator)
    simulator.world.accounts["ada"].move()
    simulator.list_fault = fault
    for _ in range(5):
        await pass_time(hass, freezer, 3600)
    assert not issues(hass)
    assert not reauth_flows(hass)
    assert states(hass)["plan"] == "unavailable"


async def test_organization_still_listed_is_no_claim_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A 404 for an organization that the list shows is unclear, until it has lasted."""
    await add_entry(hass, simulator)
    simulator.set_fault("organization_listed")
    await pass_time(hass, freezer)
    await pass_time(hass, freezer, 2 * POLL)
    assert not issues(hass)
    await pass_time(hass, freezer, 4 * POLL)
    assert issues(hass) == {"organization"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("session_invalid", "invalid_auth"),
        ("challenge", "blocked"),
        ("drop", "cannot_connect"),
        ("forbidden", "forbidden"),
        ("rate_limited", "rate_limited"),
        ("region_451", "region_blocked"),
    ],
)
async def test_fix_meets_a_fault(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str,
    reason: str,
) -> None:
    """Before or after the choice it says why, changes nothing, and works the next time."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    moved = simulator.world.accounts["ada"].move()
    await pass_time(hass, freezer)
    fix = Fix(await hass_client(), f"organization_{entry.entry_id}")

    simulator.set_fault(fault)
    result = await fix.start()
    assert (result["type"], result["reason"]) == ("abort", reason)
    simulator.clear_faults()
    await fix.start()
    simulator.set_fault(fault)
    result = await fix.choose(moved.uuid)
    # There is no field for a key here.
    assert (result["type"], result["errors"]) == ("form", {"base": reason})
    assert dict(entry.data) == before
    assert issues(hass) == {"organization"}

    simulator.clear_faults()
    result = await fix.choose(moved.uuid)
    assert result["type"] == "create_entry"
    await settle(hass)
    assert not issues(hass)


async def test_nothing_to_choose(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """A key that sees API organizations only cannot be helped by a choice."""
    entry = await add_entry(hass, simulator)
    del simulator.world.accounts["ada"].seats[-1]
    await pass_time(hass, freezer)
    result = await Fix(await hass_client(), f"organization_{entry.entry_id}").start()
    assert (result["type"], result["reason"]) == ("abort", "no_usable_org")


async def test_seat_of_another_entry(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Two entries never show one seat: what another one shows is refused."""
    ben = simulator.world.accounts["ben"]
    entry = await add_entry(hass, simulator, "ben")
    ben.seats.reverse()
    other = await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    ben.seats.reverse()
    gone = ben.seats.pop()
    await pass_time(hass, freezer)
    assert states(hass)["plan"] == "unavailable"
    assert states(hass, "claude_pulse_work")["plan"] == "Pro"
    fix = Fix(await hass_client(), f"organization_{entry.entry_id}")
    step = await fix.start()
    assert list(offered(step)) == ["ben · Pro"]
    result = await fix.choose(other.data["org_id"])
    assert (result["type"], result["errors"]) == (
        "form",
        {"org_id": "already_configured"},
    )
    assert entry.data["org_id"] == gone.organization.uuid


async def test_key_that_will_end_is_renewed_where_it_is_told(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """The notice asks for the new key itself; a wrong one changes nothing."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    account = simulator.world.accounts["ada"]
    # Entered long ago: passed in time, the token of the test's client would end too.
    since = (dt_util.utcnow() - timedelta(days=26)).isoformat()
    hass.config_entries.async_update_entry(
        entry, data={**before, "session_key_since": since}
    )
    await pass_time(hass, freezer)
    assert issues(hass) == {"key_ends"}
    fix = Fix(await hass_client(), f"key_ends_{entry.entry_id}")
    step = await fix.start()
    assert step["step_id"] == "key"
    assert step["description_placeholders"]["name"] == "Claude Pulse"
    assert [field["name"] for field in step["data_schema"]] == ["session_key"]
    foreign = simulator.world.accounts["ben"].session_key
    for key, error in (("hello", "invalid_key_format"), (foreign, "wrong_account")):
        step = await fix.enter(session_key=key)
        assert step["errors"] == {"session_key": error}
        assert entry.data["session_key"] == before["session_key"]
    key = account.log_in()
    result = await fix.enter(session_key=f'"{key}"')
    assert result["type"] == "create_entry"
    await settle(hass)
    assert entry.data["session_key"] == key
    assert issues(hass) == set()
    assert "unavailable" not in states(hass).values()
