"""The repair issues, and the forms that fix them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .common import POLL, Claude, account_of, reauth_flows, reload
from .flows import open_fix, submit_form

DAY = 24 * 60 * 60
NOW = datetime(2026, 5, 31, 12, 0, tzinfo=UTC)
NOT_STORED = object()


@pytest.mark.smoke
async def test_moved_organization(
    claude: Claude, hass_client: ClientSessionGenerator
) -> None:
    """The fix of the issue switches the entry to an organization of its key."""
    entry = await claude.entry()
    moved = account_of(claude).move()
    await claude.pass_time()
    assert claude.issues == {"organization"}
    assert claude.state("plan") == "unavailable"
    assert not reauth_flows(claude.hass)
    issue_id = f"organization_{entry.entry_id}"
    issue = ir.async_get(claude.hass).async_get_issue(DOMAIN, issue_id)
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.ERROR

    fix = await open_fix(claude, hass_client, entry)
    assert fix.page == ("organization", {})
    assert fix.placeholders["name"] == "Claude Pulse"
    # The organization for the API only is not offered.
    assert fix.organizations == {"ada · Max 20x": moved.uuid}
    await fix.submit(org_id=moved.uuid)
    assert fix.outcome == "create_entry"
    assert not claude.issues
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["org_id"] == moved.uuid
    assert entry.unique_id.startswith(moved.uuid)
    assert float(claude.state("session_usage")) > 0


async def test_issue_until_a_success(claude: Claude) -> None:
    """A reload and an outage keep the issue; a success deletes it."""
    entry = await claude.entry()
    claude.server.set_fault("organization_missing")
    await claude.pass_time()
    ir.async_delete_issue(claude.hass, DOMAIN, f"organization_{entry.entry_id}")
    await reload(claude, entry)
    assert claude.issues == {"organization"}
    claude.server.set_fault("drop")
    for _ in range(10):
        await claude.pass_time()
    assert claude.issues == {"organization"}

    claude.server.clear_faults()
    for _ in range(20):
        await claude.pass_time()
    assert not claude.issues
    assert "unavailable" not in claude.states().values()


@pytest.mark.parametrize("fault", ["drop", "challenge", "server_error", "rate_limited"])
async def test_no_issue_without_the_list(claude: Claude, fault: str) -> None:
    """Without the list of organizations, neither issue nor reauth is created."""
    await claude.entry()
    account_of(claude).move()
    claude.server.list_fault = fault
    for _ in range(5):
        await claude.pass_time(3600)
    assert not claude.issues
    assert not reauth_flows(claude.hass)
    assert claude.state("plan") == "unavailable"


async def test_listed_organization(claude: Claude) -> None:
    """The issue for an organization that is still listed is created with a delay."""
    await claude.entry()
    claude.server.set_fault("organization_listed")
    await claude.pass_time()
    await claude.pass_time(2 * POLL)
    assert not claude.issues
    await claude.pass_time(4 * POLL)
    assert claude.issues == {"organization"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("session_invalid", "invalid_auth"),
        ("challenge", "blocked"),
        ("drop", "cannot_connect"),
        ("forbidden", "forbidden"),
        ("rate_limited", "rate_limited"),
        ("region_451", "region_blocked"),
    ],
)
async def test_fix_fault_and_recovery(
    claude: Claude, hass_client: ClientSessionGenerator, fault: str, error: str
) -> None:
    """A fault aborts a fix that opens, and is an error when it is submitted."""
    entry = await claude.entry()
    before = dict(entry.data)
    moved = account_of(claude).move()
    await claude.pass_time()
    claude.server.set_fault(fault)
    assert (await open_fix(claude, hass_client, entry)).outcome == error

    claude.server.clear_faults()
    fix = await open_fix(claude, hass_client, entry)
    claude.server.set_fault(fault)
    await fix.submit(org_id=moved.uuid)
    # The form has no field for the session key.
    assert fix.errors == {"base": error}
    assert dict(entry.data) == before
    assert claude.issues == {"organization"}

    claude.server.clear_faults()
    await fix.submit(org_id=moved.uuid)
    assert fix.outcome == "create_entry"
    assert not claude.issues


async def test_no_organization_to_choose(
    claude: Claude, hass_client: ClientSessionGenerator
) -> None:
    """The fix aborts if the session key has access to the API only."""
    entry = await claude.entry()
    del account_of(claude).seats[-1]
    await claude.pass_time()
    fix = await open_fix(claude, hass_client, entry)
    assert fix.outcome == "no_usable_org"


async def test_seat_of_another_entry(
    claude: Claude, hass_client: ClientSessionGenerator
) -> None:
    """The fix rejects the seat of another entry."""
    ben = account_of(claude, "ben")
    entry = await claude.entry("ben")
    ben.seats.reverse()
    other = await claude.entry("ben", title="Claude Pulse Work")
    ben.seats.reverse()
    removed = ben.seats.pop()
    await claude.pass_time()
    assert claude.state("plan") == "unavailable"
    assert claude.state("plan", slug="claude_pulse_work") == "Pro"
    fix = await open_fix(claude, hass_client, entry)
    assert list(fix.organizations) == ["ben · Pro"]
    await fix.submit(org_id=other.data["org_id"])
    assert fix.errors == {"org_id": "already_configured"}
    assert entry.data["org_id"] == removed.organization.uuid


async def test_key_before_it_expires(
    claude: Claude, hass_client: ClientSessionGenerator
) -> None:
    """The fix asks for a new session key; an invalid one changes nothing."""
    entry = await claude.entry()
    before = dict(entry.data)
    # The clock stays, as the access token of the test client expires, too.
    since = (dt_util.utcnow() - timedelta(days=26)).isoformat()
    data = {**before, "session_key_since": since}
    claude.hass.config_entries.async_update_entry(entry, data=data)
    await claude.pass_time()
    assert claude.issues == {"key_expires"}
    fix = await open_fix(claude, hass_client, entry, "key_expires")
    assert fix.page == ("key", {})
    assert fix.placeholders["name"] == "Claude Pulse"
    assert fix.fields == ["session_key"]
    foreign = account_of(claude, "ben").session_key
    for key, error in (("hello", "invalid_key_format"), (foreign, "wrong_account")):
        await fix.submit(session_key=key)
        assert fix.errors == {"session_key": error}
        assert entry.data["session_key"] == before["session_key"]

    key = account_of(claude).log_in()
    await fix.submit(session_key=f'"{key}"')
    assert fix.outcome == "create_entry"
    assert entry.data["session_key"] == key
    assert not claude.issues
    assert "unavailable" not in claude.states().values()


@pytest.mark.parametrize(
    ("since", "stored", "warned"),
    [
        ((NOW - timedelta(days=25)).isoformat(), True, True),
        ((NOW - timedelta(days=25) + timedelta(minutes=1)).isoformat(), True, False),
        # In another time zone, or written by hand.
        ("2026-05-06T14:00:00+02:00", True, True),
        ("2026-05-06T14:01:00+02:00", True, False),
        ("2026-05-01 00:00:00+00:00", True, True),
        # Replaced by the time of the first success.
        *((since, False, False) for since in ("long ago", "", None, 5, [], NOT_STORED)),
    ],
)
async def test_stored_age(
    claude: Claude, since: Any, stored: bool, warned: bool
) -> None:
    """A valid time is kept and determines the warning; any other is replaced once."""
    claude.clock.move_to(NOW)
    entry = claude.stored_entry()
    data = dict(entry.data)
    if since is not NOT_STORED:
        old = {**data, "session_key_since": since}
        claude.hass.config_entries.async_update_entry(entry, data=old)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    assert entry.state is ConfigEntryState.LOADED
    assert claude.issues == ({"key_expires"} if warned else set())
    since = since if stored else NOW.isoformat()
    assert dict(entry.data) == {**data, "session_key_since": since}
    written = entry.data
    for _ in range(3):
        await claude.pass_time()
    assert entry.data is written


async def test_warning(claude: Claude) -> None:
    """The warning appears after 25 days, can be ignored, and starts again with a new key."""
    entry = await claude.entry()
    await claude.pass_time(24.9 * DAY)
    await claude.pass_time()
    assert not claude.issues
    await claude.pass_time(0.1 * DAY)
    assert claude.issues == {"key_expires"}
    assert not reauth_flows(claude.hass)
    registry = ir.async_get(claude.hass)
    issue_id = f"key_expires_{entry.entry_id}"
    issue = registry.async_get_issue(DOMAIN, issue_id)
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.is_fixable
    assert issue.translation_placeholders == {"name": "Claude Pulse"}

    ir.async_ignore_issue(claude.hass, DOMAIN, issue_id, True)
    await reload(claude, entry)
    await claude.pass_time()
    assert registry.async_get_issue(DOMAIN, issue_id).dismissed_version

    key = account_of(claude).log_in()
    await submit_form(claude, "reconfigure", entry, session_key=key)
    assert not claude.issues
    await claude.pass_time(25 * DAY)
    assert claude.issues == {"key_expires"}


@pytest.mark.parametrize(("change", "reauths"), [("renew", 0), ("log_out", 1)])
async def test_end_of_the_warning(claude: Claude, change: str, reauths: int) -> None:
    """A renewal starts the 25 days again; reauth replaces the warning."""
    await claude.entry()
    await claude.pass_time(26 * DAY)
    assert claude.issues == {"key_expires"}
    getattr(account_of(claude), change)()
    for _ in range(3):
        await claude.pass_time()
    assert not claude.issues
    assert len(reauth_flows(claude.hass)) == reauths
