"""A key that ends: whoever left what open is told, once, and led to the end of it."""

from __future__ import annotations

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from .common import add_entry, issues, pass_time, reauth_flows, settle, states
from .simulator import Simulator
from .simulator.server import Request

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Open the Reconfigure dialog."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )


async def submit(
    hass: HomeAssistant, flow: dict[str, Any], **typed: Any
) -> dict[str, Any]:
    """Send a form, and wait for what it sets off."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
    await settle(hass)
    return result


def notices(hass: HomeAssistant) -> list[str]:
    """Return Home Assistant's own notices that a key is asked for, where it has them."""
    return [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == "homeassistant" and "reauth" in issue_id
    ]


@pytest.mark.parametrize("in_dialog", [False, True])
@pytest.mark.parametrize("at_start", [False, True])
async def test_dialog_left_open_silences_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    at_start: bool,
    in_dialog: bool,
) -> None:
    """A dead key is told although a Reconfigure dialog of the entry was left open."""
    entry = await add_entry(hass, simulator)
    dialog = await reconfigure(hass, entry)
    simulator.world.accounts["ada"].log_out()
    if at_start:
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    else:
        await pass_time(hass, freezer)
    assert states(hass)["plan"] == "unavailable"
    (flow,) = reauth_flows(hass)
    # Told once, and whoever is typing in the dialog can go on.
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert len(flows) == 2
    assert len(notices(hass)) <= 1
    key = simulator.world.accounts["ada"].log_in()
    if in_dialog:
        result = await submit(
            hass, dialog, session_key=key, org_id=entry.data["org_id"]
        )
        assert result["reason"] == "reconfigure_successful"
    else:
        result = await submit(hass, flow, session_key=key)
        assert result["reason"] == "reauth_successful"
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert "unavailable" not in states(hass).values()


async def test_dialog_of_another_entry_stays(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Only what is in the way ends: another entry's dialog, or a new one's, goes on."""
    await add_entry(hass, simulator)
    other = await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    dialog = await reconfigure(hass, other)
    new = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    simulator.world.accounts["ada"].log_out()
    await pass_time(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    for flow in (dialog, new):
        again = await hass.config_entries.flow.async_configure(flow["flow_id"])
        assert again["type"] is FlowResultType.FORM


async def test_dialogs_end_when_one_has_succeeded(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A successful Reconfigure leaves no other one behind, so that the next end is told."""
    entry = await add_entry(hass, simulator)
    await reconfigure(hass, entry)
    dialog = await reconfigure(hass, entry)
    account = simulator.world.accounts["ada"]
    result = await submit(
        hass, dialog, session_key=account.log_in(), org_id=entry.data["org_id"]
    )
    assert result["reason"] == "reconfigure_successful"
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    account.log_out()
    await pass_time(hass, freezer)
    assert len(reauth_flows(hass)) == 1


async def test_organization_gone_then_key_dead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """One notice at a time; the right account's key leads to the organization."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    moved = account.move()
    await pass_time(hass, freezer)
    assert issues(hass) == {"organization"}
    account.log_out()
    await pass_time(hass, freezer, 3600)
    assert issues(hass) == set()
    (flow,) = reauth_flows(hass)

    key = account.log_in()
    form = await submit(hass, flow, session_key=f"sessionKey={key}")
    assert (form["step_id"], form["errors"]) == ("organization", {})
    (option,) = form["data_schema"].schema["org_id"].config["options"]
    assert option == {"value": moved.uuid, "label": "ada · Max 20x"}
    # The claim that the key works is proved when it is stored.
    simulator.set_fault("challenge")
    form = await submit(hass, form, org_id=moved.uuid)
    assert form["errors"] == {"base": "blocked"}
    simulator.clear_faults()
    result = await submit(hass, form, org_id=moved.uuid)
    assert result["reason"] == "reauth_successful"
    assert entry.data.items() >= {"session_key": key, "org_id": moved.uuid}.items()
    assert entry.unique_id == f"{moved.uuid}_{account.uuid}"
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == set()
    assert not reauth_flows(hass)


async def test_organization_gone_and_the_key_of_somebody_else(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Another account is not led anywhere."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    account.move()
    account.log_out()
    await pass_time(hass, freezer)
    before = dict(entry.data)
    (flow,) = reauth_flows(hass)
    foreign = simulator.world.accounts["ben"].session_key
    form = await submit(hass, flow, session_key=foreign)
    assert (form["step_id"], form["errors"]) == (
        "reauth_confirm",
        {"session_key": "wrong_account"},
    )
    assert dict(entry.data) == before


@pytest.mark.parametrize("source", ["reauth", "options", "reconfigure"])
async def test_errors_are_at_fields_that_the_form_has(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    source: str,
) -> None:
    """Whatever is wrong, the form can show where."""
    entry = await add_entry(hass, simulator)
    flows: Any = hass.config_entries.flow
    typed = {"session_key": simulator.world.accounts["ada"].log_in()}
    if source == "reauth":
        entry.async_start_reauth(hass)
        await settle(hass)
        (flow,) = reauth_flows(hass)
        form = await flows.async_configure(flow["flow_id"])
    elif source == "options":
        flows = hass.config_entries.options
        form = await flows.async_init(entry.entry_id)
        typed |= {"update_interval": 120}
    else:
        form = await reconfigure(hass, entry)
    typed |= {"org_id": entry.data["org_id"]}
    for fault in ("malformed", "organization_refused", "session_invalid", "drop"):
        simulator.set_fault(fault)
        fields = {str(field) for field in form["data_schema"].schema}
        form = await flows.async_configure(
            form["flow_id"], {key: typed[key] for key in typed.keys() & fields}
        )
        fields = {str(field) for field in form["data_schema"].schema}
        assert form["errors"].keys() <= fields | {"base"}
    if source == "reauth":
        # A key that has ended meanwhile is asked for again.
        assert form["step_id"] == "reauth_confirm"


async def test_refusal_of_the_old_key_says_nothing_of_the_new_one(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A poll that is under way with the old key, while another one is entered."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    key = account.log_in()

    async def enter(request: Request) -> None:
        """Store another key, as a form does, before the refusal comes."""
        if request.session_key != key:
            data = {**entry.data, "session_key": key}
            hass.config_entries.async_update_entry(entry, data=data)

    simulator.on_request = enter
    await pass_time(hass, freezer)
    assert not reauth_flows(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert "unavailable" not in states(hass).values()


async def test_verdict_on_a_key_ends_with_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Also where it was stored, and the key has been changed since by whatever way."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    account.log_out()
    await pass_time(hass, freezer)
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage
    await hass.config_entries.async_unload(entry.entry_id)
    data = {**entry.data, "session_key": account.log_in()}
    hass.config_entries.async_update_entry(entry, data=data)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_key_that_ends_while_an_organization_is_chosen(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The form goes back to ask for another one."""
    await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    moved = account.move()
    account.log_out()
    await pass_time(hass, freezer)
    (flow,) = reauth_flows(hass)
    form = await submit(hass, flow, session_key=account.log_in())
    assert form["step_id"] == "organization"
    key = account.log_in()
    form = await submit(hass, form, org_id=moved.uuid)
    assert (form["step_id"], form["errors"]) == (
        "reauth_confirm",
        {"session_key": "invalid_auth"},
    )
    form = await submit(hass, form, session_key=key)
    result = await submit(hass, form, org_id=moved.uuid)
    assert result["reason"] == "reauth_successful"


async def test_untold_account_is_led_to_an_organization(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Where claude.ai has not told whose seat it is, the right key cannot be told apart."""
    simulator.silent_account = True
    account = simulator.world.accounts["ada"]
    entry = await add_entry(hass, simulator)
    hass.config_entries.async_update_entry(entry, unique_id=entry.data["org_id"])
    account.move()
    account.log_out()
    await pass_time(hass, freezer)
    (flow,) = reauth_flows(hass)
    form = await submit(hass, flow, session_key=account.log_in())
    assert form["step_id"] == "organization"


async def test_interval_alone_asks_nothing_with_a_dead_key(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Changing something else is not entering another key, and the notice stays."""
    entry = await add_entry(hass, simulator)
    simulator.world.accounts["ada"].log_out()
    await pass_time(hass, freezer)
    before = len(simulator.requests)
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    await options.async_configure(
        form["flow_id"], {"org_id": entry.data["org_id"], "update_interval": 300}
    )
    await settle(hass)
    assert dict(entry.options) == {"update_interval": 300}
    assert len(simulator.requests) == before
    assert len(reauth_flows(hass)) == 1
