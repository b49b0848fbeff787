"""A key that ends: whoever left what open is told, once, and led to the end of it."""

from __future__ import annotations

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import issue_registry as ir

from .common import add_entry, issues, pass_time, reauth_flows, settle, states
from .simulator import Simulator

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


@pytest.mark.parametrize("at_start", [False, True])
async def test_dialog_left_open_silences_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    at_start: bool,
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
    # Told once, and in the place of the dialog.
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [item["flow_id"] for item in flows] == [flow["flow_id"]]
    with pytest.raises(UnknownFlow):
        await hass.config_entries.flow.async_configure(dialog["flow_id"])
    # 2024.1 has a notification of another kind.
    assert len(notices(hass)) <= 1

    key = simulator.world.accounts["ada"].log_in()
    result = await submit(hass, flow, session_key=key)
    assert result["reason"] == "reauth_successful"
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
        typed |= {"org_id": entry.data["org_id"], "update_interval": 120}
    else:
        form = await reconfigure(hass, entry)
        typed |= {"org_id": entry.data["org_id"]}
    for fault in ("malformed", "organization_refused", "session_invalid", "drop"):
        simulator.set_fault(fault)
        form = await flows.async_configure(form["flow_id"], typed)
        fields = {str(field) for field in form["data_schema"].schema}
        assert form["errors"].keys() <= fields | {"base"}
        if form["step_id"] == "organization":
            typed = {"org_id": entry.data["org_id"]}
