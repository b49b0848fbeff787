"""Entries of one account share its session key: one dialog, one key."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant

from .common import (
    Claude,
    account_of,
    pass_steps,
    reauth_flows,
    reload,
    seat_of,
    stops_during,
)
from .flows import open_fix, open_form, open_reauth, submit_form
from .simulator.server import Request

DAY = 24 * 60 * 60
WORK = "claude_pulse_work"
OTHER_KEY = "sk-ant-sid02-other-".ljust(130, "o")


async def two_entries(
    claude: Claude, **options: Any
) -> tuple[MockConfigEntry, MockConfigEntry]:
    """Return the entries of the personal and the team's seat of one account."""
    return (
        await claude.entry("ben", seat=0, **options),
        await claude.entry("ben", title="Claude Pulse Work", **options),
    )


def asking(claude: Claude) -> list[str]:
    """Return the IDs of the entries that ask for a key."""
    return [flow["context"]["entry_id"] for flow in reauth_flows(claude.hass)]


def are_available(claude: Claude, *slugs: str) -> bool:
    """Return whether all entries show values."""
    slugs = slugs or ("claude_pulse", WORK)
    return all(
        not {"unavailable", "missing"} & {*claude.states(slug).values()}
        for slug in slugs
    )


def keys_used(claude: Claude, entry: MockConfigEntry, since: int = 0) -> list[str]:
    """Return the session keys of an entry's polls among the requests after some."""
    end = f"{entry.data['org_id']}/usage"
    requests = claude.server.requests[since:]
    return [str(item.session_key) for item in requests if item.path.endswith(end)]


def refuse_in(claude: Claude, entry: MockConfigEntry, key: str) -> None:
    """Refuse the organization of an entry to one session key."""

    async def refuse(request: Request) -> None:
        """Set the fault for this request."""
        claude.server.clear_faults()
        paths = (
            "/api/organizations",
            f"/api/organizations/{entry.data['org_id']}/usage",
        )
        if request.session_key == key and request.path in paths:
            claude.server.set_fault("organization_refused")

    claude.server.on_request = refuse


@pytest.mark.smoke
@pytest.mark.parametrize("answered", [0, 1])
@pytest.mark.parametrize("at_setup", [False, True])
async def test_one_dialog(claude: Claude, at_setup: bool, answered: int) -> None:
    """One entry asks; the key that is entered in either reaches both."""
    entries = await two_entries(claude)
    account = account_of(claude, "ben")
    account.log_out()
    for entry in entries:
        if at_setup:
            await reload(claude, entry)
    await pass_steps(claude, 5)
    assert len(asking(claude)) == 1
    assert not are_available(claude, "claude_pulse")
    assert not are_available(claude, WORK)

    key = account.log_in()
    if asking(claude) == [entries[answered].entry_id]:
        form = await open_reauth(claude)
    else:
        form = await open_form(claude, "reconfigure", entries[answered])
    await form.submit(session_key=key)
    assert form.outcome in ("reauth_successful", "reconfigure_successful")
    assert not claude.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert {entry.data["session_key"] for entry in entries} == {key}
    assert are_available(claude)
    await claude.pass_time()
    assert not any("previous_session_key" in entry.data for entry in entries)
    assert are_available(claude)


async def test_both_refused_at_once(hass: HomeAssistant, claude: Claude) -> None:
    """Two entries that find out in the same moment, as at a start, ask once."""
    entries = await two_entries(claude)
    account_of(claude, "ben").log_out()
    for entry in entries:
        hass.async_create_task(hass.config_entries.async_reload(entry.entry_id))
    await claude.settle()
    assert len(asking(claude)) == 1
    await pass_steps(claude, 5)
    assert len(asking(claude)) == 1


@pytest.mark.parametrize("gone", ["removed", "disabled"])
@pytest.mark.parametrize("at_setup", [False, True])
async def test_dialog_of_a_gone_entry(
    claude: Claude, at_setup: bool, gone: str
) -> None:
    """If the entry that asks is removed or disabled, the other one asks. It sends nothing."""
    entries = await two_entries(claude)
    account_of(claude, "ben").log_out()
    for entry in entries:
        if at_setup:
            await reload(claude, entry)
    await pass_steps(claude, 3)
    first = next(entry for entry in entries if [entry.entry_id] == asking(claude))
    (other,) = (entry for entry in entries if entry is not first)
    requests = len(claude.server.requests)
    manager = claude.hass.config_entries
    if gone == "removed":
        await manager.async_remove(first.entry_id)
    else:
        disabler = ConfigEntryDisabler.USER
        await manager.async_set_disabled_by(first.entry_id, disabler)
    await pass_steps(claude, 3, 120)
    assert asking(claude) == [other.entry_id]
    assert len(claude.server.requests) == requests

    if gone == "disabled":
        await manager.async_set_disabled_by(first.entry_id, None)
        await pass_steps(claude, 3)
        assert asking(claude) == [other.entry_id]
    key = account_of(claude, "ben").log_in()
    await submit_form(claude, "reconfigure", other, session_key=key)
    assert other.state is ConfigEntryState.LOADED
    assert not reauth_flows(claude.hass)
    if gone == "disabled":
        assert are_available(claude)


@pytest.mark.parametrize("source", ["reconfigure", "options"])
async def test_newest_key_reaches_both(claude: Claude, source: str) -> None:
    """A key that is entered while both work replaces both, without a reload of the other."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    old, key = account.session_key, account.renew()
    account.cookie = key
    await open_form(claude, "reauth", other)
    await submit_form(claude, source, entry, session_key=key)
    assert (other.data["session_key"], other.data["previous_session_key"]) == (key, old)
    assert not reauth_flows(claude.hass)
    requests = len(claude.server.requests)
    account.end_old_keys()
    await claude.pass_time()
    assert keys_used(claude, other, requests) == [key]
    assert "previous_session_key" not in other.data
    assert are_available(claude)


async def test_repair_form(claude: Claude, hass_client: ClientSessionGenerator) -> None:
    """A key that is entered in the form of a repair issue reaches both."""
    entry, other = await two_entries(claude)
    for item in (entry, other):
        data = {**item.data, "session_key_since": "2026-01-01T00:00:00+00:00"}
        claude.hass.config_entries.async_update_entry(item, data=data)
    await claude.pass_time()
    assert claude.issues == {"key_expires"}
    key = account_of(claude, "ben").log_in()
    form = await open_fix(claude, hass_client, entry, "key_expires")
    await form.submit(session_key=key)
    assert form.outcome == "create_entry"
    assert other.data["session_key"] == key
    assert not claude.issues
    await claude.pass_time()
    assert not claude.issues
    assert are_available(claude)


async def test_new_entry(claude: Claude) -> None:
    """A new entry of the account brings its key to the others."""
    entry = await claude.entry("ben", seat=0)
    account = account_of(claude, "ben")
    account.log_out()
    await claude.pass_time()
    assert asking(claude) == [entry.entry_id]
    key, team = account.log_in(), account.seats[-1].organization.uuid
    form = await submit_form(claude, session_key=key, org_id=team)
    assert form.outcome == "create_entry"
    assert entry.data["session_key"] == key
    assert not reauth_flows(claude.hass)
    assert are_available(claude, "claude_pulse")


async def test_key_of_the_other_entry(claude: Claude) -> None:
    """An entry whose key expires uses the other entry's key instead of asking."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    old, key = account.session_key, account.renew()
    account.cookie = "none"
    claude.hass.config_entries.async_update_entry(
        other, data={**other.data, "session_key": key}
    )
    await reload(claude, other)
    account.end_old_keys()
    requests = len(claude.server.requests)
    await claude.pass_time()
    assert keys_used(claude, entry, requests) == [old, key]
    assert entry.data["session_key"] == key
    assert entry.data["session_key_since"] == other.data["session_key_since"]
    assert not reauth_flows(claude.hass)
    assert are_available(claude)


@pytest.mark.smoke
@pytest.mark.parametrize("refused", [False, True])
async def test_renewal(claude: Claude, refused: bool) -> None:
    """A renewed key reaches both; if claude.ai refuses it, both use the old one again."""
    entries = await two_entries(claude)
    account = account_of(claude, "ben")
    old, new = account.session_key, account.renew()
    if refused:
        account.refuse_new_key()
    await claude.pass_time()
    await claude.pass_time()
    if not refused:
        account.end_old_keys()
    await claude.pass_time()
    assert {entry.data["session_key"] for entry in entries} == {old if refused else new}
    assert not any("previous_session_key" in entry.data for entry in entries)
    requests = len(claude.server.requests)
    await pass_steps(claude, 5)
    for entry in entries:
        assert {*keys_used(claude, entry, requests)} == {old if refused else new}
        assert len(keys_used(claude, entry, requests)) == 5
    assert not reauth_flows(claude.hass)
    assert are_available(claude)


async def test_renewal_reaches_an_entry_that_asks(claude: Claude) -> None:
    """A renewed key closes the dialog of an entry whose own key has expired."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    claude.hass.config_entries.async_update_entry(
        other, data={**other.data, "session_key": OTHER_KEY}
    )
    refuse_in(claude, other, account.session_key)
    await reload(claude, other)
    assert asking(claude) == [other.entry_id]
    account.renew()
    await claude.pass_time()
    await claude.settle()
    assert not reauth_flows(claude.hass)
    assert entry.data["session_key"] == other.data["session_key"] == account.session_key
    assert are_available(claude)


async def test_key_without_access_for_the_other(claude: Claude) -> None:
    """A key that cannot read the other entry's organization does not stay there."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    old, key = account.session_key, account.renew()
    account.cookie = "none"
    refuse_in(claude, other, key)
    await submit_form(claude, "reconfigure", entry, session_key=key)
    await pass_steps(claude, 3)
    assert (entry.data["session_key"], other.data["session_key"]) == (key, old)
    assert "previous_session_key" not in other.data
    assert not claude.issues
    assert not reauth_flows(claude.hass)
    assert are_available(claude)


async def test_key_without_access_for_an_entry_that_waits(claude: Claude) -> None:
    """If the new key cannot read the other organization, the entry says so."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    account.log_out()
    await claude.pass_time()
    key, answer = account.log_in(), claude.server.on_request
    refuse_in(claude, other, key)
    await submit_form(claude, "reconfigure", entry, session_key=key)
    await pass_steps(claude, 2)
    assert are_available(claude, "claude_pulse")
    assert claude.issues == {"organization"}
    assert not reauth_flows(claude.hass)

    # A key that can read both.
    claude.server.on_request = answer
    claude.server.clear_faults()
    await submit_form(claude, "reconfigure", other, session_key=account.log_in())
    await claude.pass_time()
    assert not claude.issues
    assert are_available(claude)


async def test_long_interval(claude: Claude) -> None:
    """An entry that is polled once a day asks within minutes if the other one is removed."""
    entries = await two_entries(claude, update_interval=DAY)
    account_of(claude, "ben").log_out()
    await claude.pass_time(DAY + 10)
    (first,) = (entry for entry in entries if asking(claude) == [entry.entry_id])
    (other,) = (entry for entry in entries if entry is not first)
    await claude.hass.config_entries.async_remove(first.entry_id)
    await pass_steps(claude, 2)
    assert asking(claude) == [other.entry_id]


async def test_entry_that_is_not_loaded(claude: Claude) -> None:
    """A disabled entry gets the key, and shows values once it is enabled."""
    entry, other = await two_entries(claude)
    manager = claude.hass.config_entries
    await manager.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
    key = account_of(claude, "ben").log_in()
    await submit_form(claude, "reconfigure", entry, session_key=key)
    assert other.state is ConfigEntryState.NOT_LOADED
    assert other.data["session_key"] == key
    await manager.async_set_disabled_by(other.entry_id, None)
    await claude.settle()
    assert are_available(claude)


async def test_entry_that_is_tried_again(claude: Claude) -> None:
    """An entry that cannot be set up because of an outage gets the key."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    claude.server.set_fault("server_error")
    await reload(claude, other)
    assert other.state is ConfigEntryState.SETUP_RETRY
    claude.server.clear_faults()
    key = account.log_in()
    await submit_form(claude, "reconfigure", entry, session_key=key)
    await pass_steps(claude, 2)
    assert other.data["session_key"] == key
    assert are_available(claude)


async def test_entries_that_do_not_share(claude: Claude) -> None:
    """Other accounts, unknown accounts and failed migrations keep their keys."""
    entry = await claude.entry("ben", seat=0)
    data = seat_of(claude.server, "ben")
    org_id = data["org_id"]
    seat_id = f"{org_id}_{account_of(claude, 'ben').uuid}"
    others = [
        claude.stored_entry("cora", title="Cora"),
        MockConfigEntry(domain=DOMAIN, data=data, unique_id=org_id, version=2),
        MockConfigEntry(domain=DOMAIN, data=data, unique_id=seat_id, version=3),
    ]
    for other in others[1:]:
        other.add_to_hass(claude.hass)
    before = [dict(other.data) for other in others]
    key = account_of(claude, "ben").log_in()
    await submit_form(claude, "reconfigure", entry, session_key=key)
    assert entry.data["session_key"] == key
    assert [dict(other.data) for other in others] == before


async def test_same_key_again(claude: Claude) -> None:
    """A key that claude.ai accepts again can be entered once for both."""
    entries = await two_entries(claude)
    account = account_of(claude, "ben")
    claude.server.set_fault("session_invalid")
    await pass_steps(claude, 3)
    assert len(asking(claude)) == 1
    claude.server.clear_faults()
    form = await open_reauth(claude)
    await form.submit(session_key=account.session_key)
    assert not reauth_flows(claude.hass)
    assert are_available(claude)
    assert not any("previous_session_key" in entry.data for entry in entries)


async def test_key_during_a_poll_of_the_other(claude: Claude) -> None:
    """A key that arrives during a poll is used from the next one."""
    entry, other = await two_entries(claude)
    account = account_of(claude, "ben")
    form = await open_form(claude, "reconfigure", entry)
    old, key = account.session_key, account.renew()
    done: list[str] = []

    async def enter(request: Request) -> None:
        """Enter the key once while the other entry polls."""
        if other.data["org_id"] in request.path and not done:
            done.append(request.path)
            await form.configure(
                form.result["flow_id"], {**form.suggested, "session_key": key}
            )
            account.end_old_keys()

    claude.server.on_request = enter
    await claude.pass_time()
    await claude.pass_time()
    assert done
    assert old not in (entry.data["session_key"], other.data["session_key"])
    assert not reauth_flows(claude.hass)
    assert are_available(claude)


async def test_unloaded_entry_gets_no_renewal_of_its_own(claude: Claude) -> None:
    """A poll that is broken off renews neither entry."""
    entry, other = await two_entries(claude)
    await claude.hass.config_entries.async_unload(other.entry_id)
    before = dict(entry.data), dict(other.data)
    account_of(claude, "ben").renew()
    stops_during(claude.hass, claude.server, entry, "/usage")
    await claude.pass_time()
    assert (dict(entry.data), dict(other.data)) == before
