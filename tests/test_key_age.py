"""The warning before a session key expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from .common import Claude, account_of, reauth_flows, reload
from .flows import submit_form

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

DAY = 24 * 60 * 60
NOW = datetime(2026, 5, 31, 12, 0, tzinfo=UTC)
NOT_STORED = object()


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
        ("long ago", False, False),
        ("", False, False),
        (None, False, False),
        (5, False, False),
        ([], False, False),
        (NOT_STORED, False, False),
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
    assert claude.issues == ({"key_ends"} if warned else set())
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
    assert claude.issues == {"key_ends"}
    assert not reauth_flows(claude.hass)
    registry = ir.async_get(claude.hass)
    issue_id = f"key_ends_{entry.entry_id}"
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
    assert claude.issues == {"key_ends"}


async def test_renewal_deletes_the_warning(claude: Claude) -> None:
    """A key that claude.ai renews starts the 25 days again."""
    await claude.entry()
    await claude.pass_time(26 * DAY)
    assert claude.issues == {"key_ends"}
    account_of(claude).renew()
    for _ in range(3):
        await claude.pass_time()
    assert not claude.issues


async def test_reauth_replaces_the_warning(claude: Claude) -> None:
    """An expired session key starts reauth and deletes the warning."""
    await claude.entry()
    await claude.pass_time(26 * DAY)
    account_of(claude).log_out()
    await claude.pass_time()
    assert not claude.issues
    assert len(reauth_flows(claude.hass)) == 1
