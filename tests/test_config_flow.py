"""Setting up a seat, renewing its key, and changing what it is connected with."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.claude_pulse import validation
from custom_components.claude_pulse.claude_ai import client
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr

from .common import (
    ANSWERING_FAULTS,
    add_entry,
    pass_time,
    reauth_flows,
    seat_of,
    settle,
    states,
)
from .simulator import Simulator
from .simulator.faults import FAULTS

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

# What the form says to each row of the error table, and at which field.
SAID = {
    1: {"base": "blocked"},
    2: {"session_key": "invalid_auth"},
    3: {"org_id": "org_not_found"},
    4: {"org_id": "invalid_org_id"},
    5: {"base": "region_blocked"},
    6: {"base": "rate_limited"},
    7: {"base": "forbidden"},
    8: {"base": "cannot_connect"},
}


async def start(hass: HomeAssistant) -> dict[str, Any]:
    """Open the form of a new entry."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )


async def submit(
    hass: HomeAssistant, flow: dict[str, Any], **user_input: Any
) -> dict[str, Any]:
    """Send a form, and wait for what it sets off."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], user_input)
    await settle(hass)
    return result


def suggested(result: dict[str, Any]) -> dict[str, Any]:
    """Return the values that a form is shown with."""
    return {
        str(marker): marker.description["suggested_value"]
        for marker in result["data_schema"].schema
        if marker.description and "suggested_value" in marker.description
    }


@pytest.mark.smoke
async def test_key_and_organization(hass: HomeAssistant, simulator: Simulator) -> None:
    """One live request proves a key and an organization."""
    data = seat_of(simulator)
    flow = await start(hass)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "user")
    assert not flow["errors"]

    result = await submit(hass, flow, **data)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Claude Pulse"
    assert result["data"] == data
    assert result["options"] == {}
    account_id = simulator.world.accounts["ada"].uuid
    assert result["result"].unique_id == f"{data['org_id']}_{account_id}"
    assert result["result"].state is ConfigEntryState.LOADED
    paths = [request.path for request in simulator.requests]
    assert paths[0] == f"/api/organizations/{data['org_id']}/usage"
    assert "/api/organizations" not in paths


async def test_key_alone(hass: HomeAssistant, simulator: Simulator) -> None:
    """The organization with usage is found, although an API-only one is listed first."""
    data = seat_of(simulator)
    result = await submit(hass, await start(hass), session_key=data["session_key"])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == data


@pytest.mark.smoke
async def test_several_organizations(hass: HomeAssistant, simulator: Simulator) -> None:
    """Several organizations are offered by name and plan."""
    key = simulator.world.accounts["ben"].session_key
    result = await submit(hass, await start(hass), session_key=key)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "organization")
    selector = result["data_schema"].schema["org_id"]
    options = {item["label"]: item["value"] for item in selector.config["options"]}
    assert list(options) == ["ben · Pro", "Analytical Engines · Team"]

    org_id = options["Analytical Engines · Team"]
    result = await submit(hass, result, org_id=org_id)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"session_key": key, "org_id": org_id}


async def test_cookie_header_tells_the_organization(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Of several organizations the one that a pasted header names is taken."""
    data = seat_of(simulator, "ben")
    header = (
        f"Cookie: anthropic-device-id=1; sessionKey={data['session_key']}; "
        f"lastActiveOrg={data['org_id']}; __cf_bm=x"
    )
    result = await submit(hass, await start(hass), session_key=header)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == data


async def test_cookie_header_with_an_unusable_organization(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """An API-only organization in a pasted header does not count."""
    data = seat_of(simulator)
    api_only = simulator.world.accounts["ada"].seats[0].organization.uuid
    header = f"sessionKey={data['session_key']}; lastActiveOrg={api_only}"
    result = await submit(hass, await start(hass), session_key=header)

    assert result["data"] == data


async def test_account_that_is_not_told(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Without the account, the organization alone identifies the seat."""
    simulator.silent_account = True
    data = seat_of(simulator)
    result = await submit(hass, await start(hass), **data)
    assert result["result"].unique_id == data["org_id"]

    simulator.silent_account = False
    result = await submit(hass, await start(hass), **data)

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_organization_that_is_not_told(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """What only names an entry does not keep it from being made."""
    await add_entry(hass, simulator, "ben")
    simulator.silent_organization = True
    result = await submit(hass, await start(hass), **seat_of(simulator))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Claude Pulse 2"
    assert states(hass, "claude_pulse_2")["plan"] == "unknown"


@pytest.mark.smoke
async def test_duplicate(hass: HomeAssistant, simulator: Simulator) -> None:
    """A seat is set up once."""
    await add_entry(hass, simulator)
    for user_input in (
        seat_of(simulator),
        {"session_key": seat_of(simulator)["session_key"]},
    ):
        result = await submit(hass, await start(hass), **user_input)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"


async def test_titles(hass: HomeAssistant, simulator: Simulator) -> None:
    """The first entry is plain, the next ones carry the organization's name."""
    titles = []
    for account in ("ada", "ben", "cora", "eve"):
        result = await submit(hass, await start(hass), **seat_of(simulator, account))
        titles.append(result["title"])

    assert titles == [
        "Claude Pulse",
        "Claude Pulse Analytical Engines",
        # Another seat of the same organization.
        "Claude Pulse Analytical Engines 2",
        # A personal organization, without the rest of the address.
        "Claude Pulse eve",
    ]
    assert states(hass, "claude_pulse_eve")["plan"] == "Free"


@pytest.mark.parametrize(
    ("names", "titles", "slugs"),
    [
        (
            ["R&D", "R D"],
            ["Claude Pulse R&D", "Claude Pulse R D 2"],
            ["claude_pulse_r_d", "claude_pulse_r_d_2"],
        ),
        (
            ["北京", "Bei Jing"],
            ["Claude Pulse 北京", "Claude Pulse Bei Jing 2"],
            ["claude_pulse_bei_jing", "claude_pulse_bei_jing_2"],
        ),
        (
            ["🚀", "🌙"],
            ["Claude Pulse 🚀 2", "Claude Pulse 🌙 3"],
            ["claude_pulse_2", "claude_pulse_3"],
        ),
    ],
)
async def test_titles_that_make_the_same_ids(
    hass: HomeAssistant,
    simulator: Simulator,
    names: list[str],
    titles: list[str],
    slugs: list[str],
) -> None:
    """They are told apart before the key of an entity, not by an ending of each."""
    await add_entry(hass, simulator)
    for account, name in zip(("ben", "eve"), names, strict=True):
        organization = simulator.world.accounts[account].seats[-1].organization
        organization.name = name
    for account, title, slug in zip(("ben", "eve"), titles, slugs, strict=True):
        result = await submit(hass, await start(hass), **seat_of(simulator, account))
        assert result["title"] == title
        assert states(hass, slug)["plan"] in ("Team", "Free")
    ids = hass.states.async_entity_ids("sensor")
    assert not [entity_id for entity_id in ids if entity_id.endswith("_2")]


async def test_devices_tell_whose_they_are(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    device_registry: dr.DeviceRegistry,
) -> None:
    """By plan and organization, without an address; also when the plan changes."""
    for account in ("ada", "ben"):
        await submit(hass, await start(hass), **seat_of(simulator, account))

    def devices() -> list[tuple[str | None, ...]]:
        """Return what the devices say of themselves."""
        return sorted(
            (device.name, device.model, device.manufacturer)
            for entry in hass.config_entries.async_entries(DOMAIN)
            for device in dr.async_entries_for_config_entry(
                device_registry, entry.entry_id
            )
        )

    maker = "Claude Pulse (unofficial)"
    assert devices() == [
        ("Claude Pulse", "Max 20x · ada", maker),
        ("Claude Pulse Analytical Engines", "Team · Analytical Engines", maker),
    ]
    organization = simulator.world.accounts["ada"].seats[-1].organization
    organization.rate_limit_tier = "default_claude_max_5x"
    for _ in range(3):
        await pass_time(hass, freezer, 7 * 3600)
    assert devices()[0] == ("Claude Pulse", "Max 5x · ada", maker)


@pytest.mark.parametrize("name", ANSWERING_FAULTS)
async def test_fault_then_success(
    hass: HomeAssistant, simulator: Simulator, name: str
) -> None:
    """Each fault is told at its field; the form keeps all but the key and works on."""
    data = seat_of(simulator)
    simulator.set_fault(name)
    result = await submit(hass, await start(hass), **data)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == SAID[FAULTS[name].row]
    assert suggested(result) == {"org_id": data["org_id"]}

    simulator.clear_faults()
    result = await submit(hass, result, **data)

    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("short_timeout")
async def test_no_answer_then_success(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A claude.ai that never answers is told like one that is away."""
    simulator.set_fault("hang")
    result = await submit(hass, await start(hass), **seat_of(simulator))
    assert result["errors"] == {"base": "cannot_connect"}

    simulator.clear_faults()
    result = await submit(hass, result, **seat_of(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("user_input", "errors"),
    [
        ({"session_key": "hello"}, {"session_key": "invalid_key_format"}),
        ({"session_key": "sk-ant-sid01-short"}, {"session_key": "invalid_key_format"}),
        ({"session_key": "sk-ant-api03-" + "x" * 90}, {"session_key": "api_key"}),
        ({"session_key": "sk-ant-oat01-" + "x" * 90}, {"session_key": "oauth_token"}),
        ({"org_id": "my organization"}, {"org_id": "invalid_org_id"}),
        (
            {"session_key": "sk-ant-sid01-" + "x" * 90},
            {"session_key": "invalid_auth"},
        ),
        (
            {"org_id": "5d1f0a9e-1111-4222-8333-444455556666"},
            {"org_id": "org_not_found"},
        ),
    ],
)
async def test_bad_input_then_success(
    hass: HomeAssistant,
    simulator: Simulator,
    user_input: dict[str, str],
    errors: dict[str, str],
) -> None:
    """Bad input is told at its field, and the next try works."""
    data = seat_of(simulator)
    result = await submit(hass, await start(hass), **{**data, **user_input})
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors

    result = await submit(hass, result, **data)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_wrong_organization_is_told_from_a_dead_key(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A refused organization with a refused list means that the key is dead."""
    account = simulator.world.accounts["ada"]
    key = account.session_key
    other = simulator.world.accounts["cora"].seats[0].organization.uuid
    result = await submit(hass, await start(hass), session_key=key, org_id=other)
    assert result["errors"] == {"org_id": "org_not_found"}

    account.log_out()
    result = await submit(hass, result, session_key=key, org_id=other)
    assert result["errors"] == {"session_key": "invalid_auth"}


async def test_no_usable_organization(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """An account with API access only is told so."""
    key = simulator.world.accounts["dan"].session_key
    result = await submit(hass, await start(hass), session_key=key)
    assert result["errors"] == {"session_key": "no_usable_org"}

    result = await submit(hass, result, **seat_of(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_unexpected_error(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A bug of ours is told as such and logged, and the next try works."""
    with monkeypatch.context() as patch:
        patch.setattr(client, "BASE_URL", None)
        result = await submit(hass, await start(hass), **seat_of(simulator))
        assert result["errors"] == {"base": "unknown"}
    assert "Unexpected error" in caplog.text
    assert "Traceback" in caplog.text

    result = await submit(hass, result, **seat_of(simulator))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def start_reauth(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Open the form that asks for a new key."""
    entry.async_start_reauth(hass)
    await settle(hass)
    (flow,) = reauth_flows(hass)
    return await hass.config_entries.flow.async_configure(flow["flow_id"])


@pytest.mark.smoke
async def test_reauth(hass: HomeAssistant, simulator: Simulator) -> None:
    """A new key of the same seat brings the sensors back, without a restart."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    account.log_out()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = reauth_flows(hass)
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["step_id"] == "reauth_confirm"
    assert not form["errors"]
    assert [str(key) for key in form["data_schema"].schema] == ["session_key"]
    assert form["description_placeholders"]["name"] == "Claude Pulse"

    unique_id, org_id = entry.unique_id, entry.data["org_id"]
    key = account.log_in()
    result = await submit(hass, form, session_key=f"sessionKey={quote(key)}")

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    assert entry.data.items() >= {"session_key": key, "org_id": org_id}.items()
    assert entry.unique_id == unique_id
    assert entry.state is ConfigEntryState.LOADED
    assert states(hass)["plan"] == "Max 20x"
    assert not reauth_flows(hass)


@pytest.mark.parametrize("name", ANSWERING_FAULTS)
async def test_reauth_fault_then_success(
    hass: HomeAssistant, simulator: Simulator, name: str
) -> None:
    """A fault while renewing a key changes nothing, and the next try works."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    form = await start_reauth(hass, entry)
    key = simulator.world.accounts["ada"].log_in()
    simulator.set_fault(name)
    result = await submit(hass, form, session_key=key)
    assert result["type"] is FlowResultType.FORM
    row = FAULTS[name].row
    typed = {"session_key": key}
    if row == 4:
        # The key is right, so it is about the organization.
        assert (result["step_id"], result["errors"]) == ("organization", {})
        typed = {"org_id": before["org_id"]}
    else:
        # With no other organization to choose either, so is the account.
        unusable = {3: {"session_key": "no_usable_org"}}
        assert result["errors"] == {**SAID, **unusable}[row]
    assert dict(entry.data) == before

    simulator.clear_faults()
    result = await submit(hass, result, **typed)
    assert result["reason"] == "reauth_successful"
    assert entry.data["session_key"] == key


@pytest.mark.parametrize(
    ("account", "other"),
    [
        # Another organization.
        ("ada", "ben"),
        # The same organization, another seat.
        ("ben", "cora"),
    ],
)
async def test_reauth_with_the_key_of_another_account(
    hass: HomeAssistant, simulator: Simulator, account: str, other: str
) -> None:
    """The key of another account changes nothing."""
    entry = await add_entry(hass, simulator, account)
    before = dict(entry.data)
    form = await start_reauth(hass, entry)
    result = await submit(
        hass, form, session_key=simulator.world.accounts[other].session_key
    )
    assert result["errors"] == {"session_key": "wrong_account"}
    assert dict(entry.data) == before

    key = simulator.world.accounts[account].log_in()
    result = await submit(hass, result, session_key=key)
    assert result["reason"] == "reauth_successful"


async def test_reauth_learns_the_account(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """An entry that did not know its account does afterwards."""
    entry = await add_entry(hass, simulator)
    org_id = entry.data["org_id"]
    hass.config_entries.async_update_entry(entry, unique_id=org_id)
    form = await start_reauth(hass, entry)
    account = simulator.world.accounts["ada"]
    await submit(hass, form, session_key=account.log_in())

    assert entry.unique_id == f"{org_id}_{account.uuid}"


def reconfigure_context(entry: MockConfigEntry) -> dict[str, str]:
    """Return what Home Assistant opens the reconfigure form with."""
    return {"source": "reconfigure", "entry_id": entry.entry_id}


@pytest.mark.smoke
async def test_reconfigure(hass: HomeAssistant, simulator: Simulator) -> None:
    """Another organization of the same account can be shown, with the stored key."""
    entry = await add_entry(hass, simulator, "ben")
    key = entry.data["session_key"]
    account = simulator.world.accounts["ben"]
    personal = account.seats[0].organization.uuid
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context=reconfigure_context(entry)
    )
    assert form["step_id"] == "reconfigure"
    assert suggested(form) == {"org_id": "Analytical Engines · Team"}

    url = f"https://claude.ai/api/organizations/{personal.upper()}/usage"
    result = await submit(hass, form, org_id=url)

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert entry.data.items() >= {"session_key": key, "org_id": personal}.items()
    assert entry.unique_id == f"{personal}_{account.uuid}"
    assert entry.state is ConfigEntryState.LOADED
    assert states(hass)["plan"] == "Pro"


async def test_reconfigure_refuses_what_another_entry_has(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """An organization is not shown twice."""
    entry = await add_entry(hass, simulator, "ben")
    account = simulator.world.accounts["ben"]
    personal = account.seats[0].organization.uuid
    for unique_id in (None, f"{personal}_{account.uuid}"):
        MockConfigEntry(domain=DOMAIN, unique_id=unique_id).add_to_hass(hass)
    before = dict(entry.data)
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context=reconfigure_context(entry)
    )
    result = await submit(hass, form, org_id=personal)
    assert result["errors"] == {"org_id": "already_configured"}
    assert suggested(result) == {"org_id": "ben · Pro"}
    assert dict(entry.data) == before

    result = await submit(hass, result, org_id=before["org_id"])
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == before


async def test_reconfigure_ends_the_question_for_a_key(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A key renewed by reconfiguring leaves no open reauth behind."""
    entry = await add_entry(hass, simulator)
    await start_reauth(hass, entry)
    form = await hass.config_entries.flow.async_init(
        DOMAIN, context=reconfigure_context(entry)
    )
    key = simulator.world.accounts["ada"].log_in()
    await submit(hass, form, session_key=key, org_id=entry.data["org_id"])

    assert entry.data["session_key"] == key
    assert not reauth_flows(hass)


async def options(
    hass: HomeAssistant, flow: dict[str, Any], **user_input: Any
) -> dict[str, Any]:
    """Send the form of the options, and wait for what it sets off."""
    flows = hass.config_entries.options
    result = await flows.async_configure(flow["flow_id"], user_input)
    await settle(hass)
    return result


@pytest.mark.smoke
async def test_options(hass: HomeAssistant, simulator: Simulator) -> None:
    """The interval can be changed; the stored key is kept and never shown."""
    entry = await add_entry(hass, simulator)
    data = dict(entry.data)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert suggested(form) == {"org_id": "ada · Max 20x", "update_interval": 120}
    before = len(simulator.requests)

    result = await options(hass, form, org_id=data["org_id"], update_interval=300.0)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {"update_interval": 300}
    assert dict(entry.data) == data
    assert entry.state is ConfigEntryState.LOADED
    # One reload, and nothing to prove: usage, plan and balance.
    assert len(simulator.requests) == before + 3
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert suggested(form)["update_interval"] == 300


FURTHER = ("working_days", "thresholds", "left_over", "left_over_hours")


@pytest.mark.smoke
async def test_further_options(hass: HomeAssistant, simulator: Simulator) -> None:
    """They are on a second page, behind a box that is empty each time."""
    entry = await add_entry(hass, simulator)
    first = {"org_id": entry.data["org_id"], "update_interval": 300}
    form = await hass.config_entries.options.async_init(entry.entry_id)
    requests = len(simulator.requests)
    form = await options(hass, form, **first, further_options=True)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "further")
    # Whoever stops here has changed nothing.
    assert dict(entry.options) == {}
    assert len(simulator.requests) == requests
    with pytest.raises(vol.Invalid):
        await options(hass, form, working_days=["someday"])
    done = await options(hass, form, working_days=["sat", "sun"])
    assert done["type"] is FlowResultType.CREATE_ENTRY
    known = {
        "update_interval": 300,
        "working_days": ["sat", "sun"],
        "thresholds": [],
        "left_over": 30,
        "left_over_hours": 24,
    }
    assert dict(entry.options) == known
    assert entry.state is ConfigEntryState.LOADED
    # One reload for both pages.
    assert len(simulator.requests) == requests + 3

    # The first page alone leaves them as they are.
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert not suggested(form).get("further_options")
    done = await options(hass, form, **first)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == known

    # An empty second page means none.
    form = await hass.config_entries.options.async_init(entry.entry_id)
    form = await options(hass, form, **first, further_options=True)
    assert suggested(form) == {k: v for k, v in known.items() if k in FURTHER}
    await options(hass, form)
    assert dict(entry.options) == {**known, "working_days": []}


@pytest.mark.smoke
async def test_what_is_to_be_told(hass: HomeAssistant, simulator: Simulator) -> None:
    """Thresholds are typed or chosen; what is none is told at the field, and nothing is lost."""
    entry = await add_entry(hass, simulator)
    first = {"org_id": entry.data["org_id"], "update_interval": 300}
    form = await hass.config_entries.options.async_init(entry.entry_id)
    form = await options(hass, form, **first, further_options=True)
    told = {"thresholds": ["75", "90"], "left_over": 30, "left_over_hours": 24}
    assert suggested(form) == {**told, "working_days": []}
    for wrong in ("much", "0", "100", "-5", "7.5", ""):
        typed = {"thresholds": ["75", wrong], "working_days": ["mon"], "left_over": 40}
        form = await options(hass, form, **typed)
        assert form["errors"] == {"thresholds": "invalid_threshold"}
        assert suggested(form) == typed
    assert dict(entry.options) == {}
    done = await options(
        hass,
        form,
        thresholds=["80", " 5 %", "80"],
        left_over=40.0,
        left_over_hours=12.0,
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert dict(entry.options) == {
        "update_interval": 300,
        "working_days": [],
        "thresholds": [5, 80],
        "left_over": 40,
        "left_over_hours": 12,
    }
    # The first page alone leaves that, and the second shows it.
    form = await hass.config_entries.options.async_init(entry.entry_id)
    form = await options(hass, form, **first, further_options=True)
    assert suggested(form)["thresholds"] == ["5", "80"]


async def test_what_fails_at_the_second_page(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A key that has ended meanwhile is told where it can be entered."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    first = {"org_id": entry.data["org_id"], "update_interval": 300}
    form = await hass.config_entries.options.async_init(entry.entry_id)
    form = await options(
        hass, form, **first, session_key=account.log_in(), further_options=True
    )
    assert form["step_id"] == "further"
    account.log_out()
    form = await options(hass, form, working_days=["mon"])
    assert (form["step_id"], form["errors"]) == (
        "init",
        {"session_key": "invalid_auth"},
    )
    assert "session_key" not in suggested(form)
    done = await options(hass, form, **first, session_key=account.log_in())
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["update_interval"] == 300


async def test_further_options_wait_for_the_first_page(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """What is wrong on the first page is told there, and the box stays ticked."""
    entry = await add_entry(hass, simulator)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    form = await options(
        hass, form, org_id="nonsense", update_interval=300, further_options=True
    )
    assert form["step_id"] == "init"
    assert form["errors"] == {"org_id": "invalid_org_id"}
    assert suggested(form)["further_options"] is True
    assert dict(entry.options) == {}


@pytest.mark.parametrize("page", ["init", "further"])
async def test_options_of_an_entry_that_is_gone(
    hass: HomeAssistant, simulator: Simulator, page: str
) -> None:
    """A dialog that is left open says so, on either page."""
    entry = await add_entry(hass, simulator)
    first = {"org_id": entry.data["org_id"], "update_interval": 300}
    form = await hass.config_entries.options.async_init(entry.entry_id)
    if page == "further":
        form = await options(hass, form, **first, further_options=True)
    assert form["step_id"] == page
    await hass.config_entries.async_remove(entry.entry_id)
    done = await options(hass, form, **(first if page == "init" else {}))
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "entry_removed")


def offered(form: dict[str, Any]) -> list[str]:
    """Return the organizations that a form offers; others can be typed."""
    config = form["data_schema"].schema["org_id"].config
    assert config["custom_value"] is True
    return config["options"]


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("dialog", ["options", "reconfigure"])
async def test_organizations_are_offered(
    hass: HomeAssistant, simulator: Simulator, dialog: str, by_id: bool
) -> None:
    """Nobody has to know an ID, but may type one."""
    entry = await add_entry(hass, simulator, "ben")
    account = simulator.world.accounts["ben"]
    personal = account.seats[0].organization.uuid
    flows: Any = hass.config_entries.flow
    typed = {}
    if dialog == "options":
        flows = hass.config_entries.options
        form = await flows.async_init(entry.entry_id)
        typed = {"update_interval": 120}
    else:
        form = await flows.async_init(DOMAIN, context=reconfigure_context(entry))
    assert offered(form) == ["ben · Pro", "Analytical Engines · Team"]
    assert suggested(form)["org_id"] == "Analytical Engines · Team"
    form = await flows.async_configure(form["flow_id"], {**typed, "org_id": "nonsense"})
    assert form["errors"] == {"org_id": "invalid_org_id"}
    assert len(offered(form)) == 2
    chosen = personal if by_id else "ben · Pro"
    await flows.async_configure(form["flow_id"], {**typed, "org_id": chosen})
    await settle(hass)
    assert entry.data["org_id"] == personal
    assert states(hass)["plan"] == "Pro"


@pytest.mark.parametrize(
    "fault", ["challenge", "server_error", "session_invalid", "rate_limited"]
)
async def test_offer_waits_for_nobody(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str,
) -> None:
    """While claude.ai is to be left alone, the dialog opens with what is known."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault(fault)
    await pass_time(hass, freezer)
    before = len(simulator.requests)
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert offered(form) == []
    assert suggested(form)["org_id"] == entry.data["org_id"]
    assert len(simulator.requests) == before


async def test_offer_gives_up_soon(
    hass: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claude.ai that does not answer keeps no dialog closed."""
    entry = await add_entry(hass, simulator)
    monkeypatch.setattr(validation, "OFFER_TIMEOUT", 0.1)
    simulator.set_fault("hang")
    form = await hass.config_entries.options.async_init(entry.entry_id)
    assert offered(form) == []
    assert suggested(form)["org_id"] == entry.data["org_id"]


async def test_options_without_claude_ai(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """The interval can be changed while claude.ai is away."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("drop")
    form = await hass.config_entries.options.async_init(entry.entry_id)
    org_id = entry.data["org_id"]
    await options(hass, form, session_key="", org_id=org_id, update_interval=600)

    assert dict(entry.options) == {"update_interval": 600}
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_options_key_and_organization(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Key and organization can be changed, with the same checks as elsewhere."""
    entry = await add_entry(hass, simulator, "ben")
    account = simulator.world.accounts["ben"]
    personal = account.seats[0].organization.uuid
    foreign = simulator.world.accounts["cora"].session_key
    form = await hass.config_entries.options.async_init(entry.entry_id)
    common = {"update_interval": 120}
    for user_input, errors in (
        ({"org_id": "nonsense"}, {"org_id": "invalid_org_id"}),
        (
            {"org_id": personal, "session_key": "nonsense"},
            {"session_key": "invalid_key_format"},
        ),
        (
            {"org_id": entry.data["org_id"], "session_key": foreign},
            {"session_key": "wrong_account"},
        ),
        (
            {"org_id": personal, "session_key": foreign},
            {"org_id": "org_not_found"},
        ),
    ):
        form = await options(hass, form, **common, **user_input)
        assert form["errors"] == errors
        shown = {
            personal: "ben · Pro",
            entry.data["org_id"]: "Analytical Engines · Team",
        }.get(user_input["org_id"], user_input["org_id"])
        assert suggested(form) == {
            **common,
            "further_options": False,
            "org_id": shown,
        }

    key = account.log_in()
    form = await options(hass, form, **common, org_id=personal, session_key=key)

    assert form["type"] is FlowResultType.CREATE_ENTRY
    assert entry.data.items() >= {"session_key": key, "org_id": personal}.items()
    assert dict(entry.options) == common
    assert entry.unique_id == f"{personal}_{account.uuid}"
    assert states(hass)["plan"] == "Pro"


ORG_ID = "1a2b3c4d-0000-4000-8000-123456789abc"
SECRET = "Ab3dEf6hIj9lMn2pQr5tUv8x-" * 4
KEY = f"sk-ant-sid02-{SECRET}"
HEADER = (
    f"Cookie: anthropic-device-id={ORG_ID}; sessionKey={KEY}; lastActiveOrg={ORG_ID}"
)

# What people paste into a field that is not meant for a key.
PASTED = (
    KEY,
    f"  {KEY}\n",
    f'"{KEY}"',
    f"“{KEY}”",
    quote(f"sessionKey={KEY}", safe=""),
    f"{KEY[:40]}\n{KEY[40:]}",
    f"{KEY[:40]}\u200b{KEY[40:]}",
    # Copied in part.
    KEY[:30],
    KEY[3:],
    KEY[40:],
    KEY[-20:],
    f"sk-ant-sid02-{ORG_ID}",
    f"sk-ant-api03-{SECRET}",
    f"sk-ant-oat01-{SECRET}",
    HEADER,
    quote(HEADER),
    f"curl -H '{HEADER}' https://claude.ai/api/organizations/{ORG_ID}/usage",
    "ada@example.org",
)


def shown(result: dict[str, Any]) -> str:
    """Return all that a form shows, and what the list of flows says of it."""
    fields = [
        (
            str(marker),
            marker.description,
            marker.default,
            getattr(field, "config", None),
        )
        for marker, field in result["data_schema"].schema.items()
    ]
    return repr([fields, result["errors"], result["description_placeholders"]])


def flow_of(hass: HomeAssistant, dialog: str) -> tuple[Any, dict[str, Any]]:
    """Return the manager of a dialog's flows, and what else its fields need."""
    if dialog == "options":
        return hass.config_entries.options, {"update_interval": 120}
    return hass.config_entries.flow, {}


@pytest.mark.parametrize("fault", [None, "server_error"])
@pytest.mark.parametrize("dialog", ["user", "reconfigure", "options"])
async def test_pasted_key_is_not_shown_again(
    hass: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    dialog: str,
    fault: str | None,
) -> None:
    """A key in the organization field reaches no form, log line, list of flows or entry."""
    caplog.set_level(logging.DEBUG)
    entry = await add_entry(hass, simulator)
    flows, more = flow_of(hass, dialog)
    if dialog == "options":
        form = await flows.async_init(entry.entry_id)
    elif dialog == "reconfigure":
        form = await flows.async_init(DOMAIN, context=reconfigure_context(entry))
    else:
        form = await start(hass)
        more = {"session_key": entry.data["session_key"]}
    if fault:
        simulator.set_fault(fault)
    for pasted in PASTED:
        form = await flows.async_configure(form["flow_id"], {**more, "org_id": pasted})
        assert form["type"] is FlowResultType.FORM
        assert form["errors"]
        said = shown(form) + repr(flows.async_progress())
        assert pasted not in said
        assert suggested(form).get("org_id") in (None, ORG_ID)
        for part in (SECRET[:10], SECRET[-10:], quote(HEADER), "ada@"):
            assert part not in said
            assert part not in repr((entry.data, entry.options, entry.unique_id))
    simulator.clear_faults()
    records = [r for r in caplog.records if not r.name.startswith("pytest_")]
    text = "\n".join(map(logging.Formatter().format, records))
    assert SECRET[:10] not in text
    assert SECRET[-10:] not in text


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        (ORG_ID[:-1], ORG_ID[:-1]),
        (f"{ORG_ID}0", f"{ORG_ID}0"),
        (ORG_ID.upper()[5:], ORG_ID.upper()[5:]),
        (f"{ORG_ID[:-1]}x", f"{ORG_ID[:-1]}x"),
        ("Analytical Engines", "Analytical Engines"),
        # What was understood, when claude.ai does not know it.
        (f"https://claude.ai/api/organizations/{ORG_ID}/usage", ORG_ID),
        (f" {ORG_ID}\n", ORG_ID),
    ],
)
async def test_mistyped_organization_is_shown_again(
    hass: HomeAssistant, simulator: Simulator, typed: str, suggestion: str
) -> None:
    """Text that cannot be a secret can be corrected in place."""
    key = seat_of(simulator)["session_key"]
    result = await submit(hass, await start(hass), session_key=key, org_id=typed)
    assert "org_id" in result["errors"]
    assert suggested(result) == {"org_id": suggestion}


async def test_chosen_organization_is_shown_again(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A wrong key does not empty the organization beside it."""
    entry = await add_entry(hass, simulator, "ben")
    flows = hass.config_entries.flow
    form = await flows.async_init(DOMAIN, context=reconfigure_context(entry))
    chosen = suggested(form)["org_id"]
    assert chosen != entry.data["org_id"]
    typed = {"session_key": "nope", "org_id": chosen}
    form = await flows.async_configure(form["flow_id"], typed)
    assert form["errors"] == {"session_key": "invalid_key_format"}
    assert suggested(form) == {"org_id": chosen}


async def test_key_pasted_into_other_fields(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A list of thresholds is shown again without it, other fields refuse it."""
    entry = await add_entry(hass, simulator)
    first = {"org_id": entry.data["org_id"], "update_interval": 300}
    form = await hass.config_entries.options.async_init(entry.entry_id)
    with pytest.raises(vol.Invalid) as refused:
        await options(hass, form, **{**first, "update_interval": KEY})
    assert SECRET[:10] not in repr((refused.value, vars(refused.value)))
    form = await options(hass, form, **first, further_options=True)
    for pasted in PASTED:
        form = await options(hass, form, thresholds=["75", pasted, "much"])
        assert form["errors"] == {"thresholds": "invalid_threshold"}
        assert suggested(form) == {"thresholds": ["75", "much"]}
        assert pasted not in shown(form)


async def test_key_instead_of_a_choice(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Where organizations can only be chosen, the refusal does not repeat what was sent."""
    key = simulator.world.accounts["ben"].session_key
    form = await submit(hass, await start(hass), session_key=key)
    assert form["step_id"] == "organization"
    with pytest.raises(vol.Invalid) as refused:
        await submit(hass, form, org_id=KEY)
    assert SECRET[:10] not in repr((refused.value, vars(refused.value)))


@pytest.mark.parametrize("dialog", ["reconfigure", "options"])
async def test_stored_key_in_place_of_an_organization(
    hass: HomeAssistant, simulator: Simulator, dialog: str
) -> None:
    """An entry that was stored with a key as its organization does not show it."""
    entry = await add_entry(hass, simulator)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "org_id": KEY})
    flows, _ = flow_of(hass, dialog)
    if dialog == "options":
        form = await flows.async_init(entry.entry_id)
    else:
        form = await flows.async_init(DOMAIN, context=reconfigure_context(entry))
    assert not suggested(form).get("org_id")
    assert SECRET[:10] not in shown(form)
