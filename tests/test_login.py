"""A session key that expires while forms are open, requests run or the organization is gone."""

from __future__ import annotations

import pytest

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from .common import Claude, account_of, reauth_flows, reload
from .flows import enter_key_during, open_form, open_reauth, submit_form


@pytest.mark.parametrize("source", ["reauth", "reconfigure"])
@pytest.mark.parametrize("at_setup", [False, True])
async def test_expired_key_during_reconfigure(
    claude: Claude, at_setup: bool, source: str
) -> None:
    """One reauth flow starts although Reconfigure is open; each can be finished."""
    entry = await claude.entry()
    forms = {"reconfigure": await open_form(claude, "reconfigure", entry)}
    account = account_of(claude)
    account.log_out()
    if at_setup:
        await reload(claude, entry)
    else:
        await claude.pass_time()
    assert claude.state("plan") == "unavailable"
    forms["reauth"] = await open_reauth(claude)
    flows = claude.hass.config_entries.flow
    assert len(flows.async_progress_by_handler(DOMAIN)) == 2
    # Not all versions of Home Assistant create an issue for reauth.
    issues = ir.async_get(claude.hass).issues
    assert len([issue for issue in issues if "reauth" in issue[1]]) <= 1

    await forms[source].submit(session_key=account.log_in())
    assert forms[source].outcome == f"{source}_successful"
    assert not flows.async_progress_by_handler(DOMAIN)
    assert "unavailable" not in claude.states().values()


async def test_forms_of_other_entries_stay(claude: Claude) -> None:
    """An expired session key leaves the forms of other entries open."""
    await claude.entry()
    other = await claude.entry("ben", title="Claude Pulse Work")
    forms = [await open_form(claude, "reconfigure", other), await open_form(claude)]
    account_of(claude).log_out()
    await claude.pass_time()
    assert len(reauth_flows(claude.hass)) == 1
    for form in forms:
        again = await form.configure(form.result["flow_id"])
        assert again["step_id"] == form.result["step_id"]


async def test_reconfigure_closes_other_forms(claude: Claude) -> None:
    """After Reconfigure no form of the entry stays open, and reauth can start again."""
    entry = await claude.entry()
    await open_form(claude, "reconfigure", entry)
    key = account_of(claude).log_in()
    form = await submit_form(claude, "reconfigure", entry, session_key=key)
    assert form.outcome == "reconfigure_successful"
    assert not claude.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    account_of(claude).log_out()
    await claude.pass_time()
    assert len(reauth_flows(claude.hass)) == 1


async def test_moved_organization_and_expired_key(claude: Claude) -> None:
    """Reauth replaces the issue, and its second step asks for the organization."""
    entry = await claude.entry()
    before = dict(entry.data)
    account = account_of(claude)
    moved = account.move()
    await claude.pass_time()
    assert claude.issues == {"organization"}
    account.log_out()
    await claude.pass_time(3600)
    assert not claude.issues

    form = await open_reauth(claude)
    await form.submit(session_key=account_of(claude, "ben").session_key)
    errors = {"session_key": "wrong_account"}
    assert form.page == ("reauth_confirm", errors)
    await form.submit(session_key=f"sessionKey={account.log_in()}")
    assert form.page == ("organization", {})
    assert form.organizations == {"ada · Max 20x": moved.uuid}

    # The key expires before the second step is submitted.
    key = account.log_in()
    await form.submit(org_id=moved.uuid)
    errors = {"session_key": "invalid_auth"}
    assert form.page == ("reauth_confirm", errors)
    await form.submit(session_key=f"sessionKey={key}")
    claude.server.set_fault("challenge")
    await form.submit(org_id=moved.uuid)
    assert form.page == ("organization", {"base": "blocked"})
    assert dict(entry.data) == before

    claude.server.clear_faults()
    await form.submit(org_id=moved.uuid)
    assert form.outcome == "reauth_successful"
    assert entry.data.items() >= {"session_key": key, "org_id": moved.uuid}.items()
    assert entry.unique_id == f"{moved.uuid}_{account.uuid}"
    assert entry.state is ConfigEntryState.LOADED
    assert not claude.issues
    assert not reauth_flows(claude.hass)


async def test_moved_organization_and_unknown_account(claude: Claude) -> None:
    """The second step opens if the account of the entry is unknown."""
    claude.server.silent_account = True
    account = account_of(claude)
    entry = await claude.entry()
    org_id = entry.data["org_id"]
    claude.hass.config_entries.async_update_entry(entry, unique_id=org_id)
    account.move()
    account.log_out()
    await claude.pass_time()
    form = await open_reauth(claude)
    await form.submit(session_key=account.log_in())
    assert form.page == ("organization", {})


async def test_old_key_refused_after_a_new_one_was_entered(claude: Claude) -> None:
    """The refusal of an old session key starts no reauth."""
    entry = await claude.entry()
    key = account_of(claude).log_in()
    enter_key_during(claude, entry, entry.data["session_key"], key)
    await claude.pass_time()
    assert not reauth_flows(claude.hass)
    await reload(claude, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert "unavailable" not in claude.states().values()


async def test_key_changed_without_a_form(claude: Claude) -> None:
    """An entry is set up with a new session key, whatever changed it."""
    entry = await claude.entry()
    account_of(claude).log_out()
    await claude.pass_time()
    await claude.hass.config_entries.async_unload(entry.entry_id)
    data = {**entry.data, "session_key": account_of(claude).log_in()}
    claude.hass.config_entries.async_update_entry(entry, data=data)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    assert entry.state is ConfigEntryState.LOADED


async def test_interval_with_an_expired_key(claude: Claude) -> None:
    """A new interval is stored without a request, and reauth stays open."""
    entry = await claude.entry()
    account_of(claude).log_out()
    await claude.pass_time()
    requests = len(claude.server.requests)
    await submit_form(claude, "options", entry, update_interval=300)
    assert dict(entry.options) == {"update_interval": 300}
    assert len(claude.server.requests) == requests
    assert len(reauth_flows(claude.hass)) == 1
