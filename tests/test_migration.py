"""Entries of version 1, and entries with missing data."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .common import TEN_KEYS, Claude, account_of, seat_of
from .flows import open_fix, open_reauth, submit_form

pytestmark = pytest.mark.smoke

NO_VALUE = ("unknown", "unavailable", "missing")


def stored_entry(claude: Claude, **more: Any) -> MockConfigEntry:
    """Add an entry of version 1 without setting it up."""
    old = {"data": seat_of(claude.server), "title": "ClaudePulse", "version": 1}
    entry = MockConfigEntry(domain=DOMAIN, **{**old, **more})
    entry.add_to_hass(claude.hass)
    return entry


def register(
    claude: Claude, entry: MockConfigEntry, unique_id: str, **more: Any
) -> None:
    """Register a sensor of an entry."""
    er.async_get(claude.hass).async_get_or_create(
        "sensor", DOMAIN, unique_id, config_entry=entry, **more
    )


async def set_up(claude: Claude, entry: MockConfigEntry) -> None:
    """Set up an entry."""
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()


async def migrated_entry(claude: Claude, **more: Any) -> MockConfigEntry:
    """Set up an entry of version 1."""
    entry = stored_entry(claude, **more)
    await set_up(claude, entry)
    return entry


@pytest.mark.parametrize("prefix", ["{entry_id}_", "{org_id}_", ""])
async def test_version_1(
    claude: Claude, entity_registry: er.EntityRegistry, prefix: str
) -> None:
    """Data, options and entity IDs of version 1 are kept."""
    data = seat_of(claude.server)
    org_id = data["org_id"]
    entry = stored_entry(
        claude,
        data={**data, "org_id": org_id.upper(), "update_interval": 10},
        unique_id=org_id.upper(),
    )
    prefix = prefix.format(entry_id=entry.entry_id, org_id=org_id)
    for key, object_id in {
        "session_countdown": "claudepulse_session_countdown",
        "session_pct": "claudepulse_session",
        "weekly_pct": "renamed_by_hand",
        "weekly_reset_time": "claudepulse_weekly_reset_time",
        "something_else": "claudepulse_something_else",
    }.items():
        register(claude, entry, prefix + key, suggested_object_id=object_id)
    await set_up(claude, entry)

    assert entry.state is ConfigEntryState.LOADED
    assert (entry.version, entry.title) == (2, "Claude Pulse")
    assert entry.data.items() >= data.items()
    assert dict(entry.options) == {"update_interval": 30}
    assert entry.unique_id == f"{org_id}_{account_of(claude).uuid}"
    for key, entity_id in {
        "session_reset_countdown": "sensor.claudepulse_session_countdown",
        "session_usage": "sensor.claudepulse_session",
        "weekly_usage": "sensor.renamed_by_hand",
        "weekly_reset_time": "sensor.claudepulse_weekly_reset_time",
        "session_limit": "sensor.claude_pulse_session_limit",
    }.items():
        unique_id = entity_registry.async_get(entity_id).unique_id
        assert unique_id == f"{entry.entry_id}_{key}"
        assert claude.hass.states.get(entity_id).state not in NO_VALUE
    unknown = entity_registry.async_get("sensor.claudepulse_something_else")
    assert unknown.unique_id == f"{prefix}something_else"


async def test_title_given_by_hand(claude: Claude) -> None:
    """Only the default title of version 1 is replaced."""
    entry = await migrated_entry(claude, title="Work")
    assert (entry.version, entry.title) == (2, "Work")


async def test_newer_version(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """An entry of a newer version is not changed, and the log names the solution."""
    data = {"anything": "else"}
    entry = await migrated_entry(claude, data=data, title="Later", version=3)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert (entry.version, entry.title, dict(entry.data)) == (3, "Later", data)
    # Recent versions of Home Assistant log this themselves.
    assert re.search("Update Claude Pulse|has version 3", caplog.text)
    assert not claude.server.requests


async def test_equal_titles(claude: Claude) -> None:
    """The number of the second title precedes the keys in entity IDs."""
    await migrated_entry(claude)
    second = await migrated_entry(claude, data=seat_of(claude.server, "ben"))
    assert second.title == "Claude Pulse 2"
    assert claude.state("plan") == "Max 20x"
    assert claude.state("plan", slug="claude_pulse_2") == "Team"
    assert claude.state("plan_2") == "missing"


@pytest.mark.parametrize(
    ("interval", "options"),
    [
        ("300", {"update_interval": 300}),
        (45.9, {"update_interval": 45}),
        (1e9, {"update_interval": 86400}),
        *((invalid, {}) for invalid in ("often", None, [], float("nan"))),
    ],
)
async def test_interval(claude: Claude, interval: Any, options: dict[str, int]) -> None:
    """An interval is limited; an invalid one is replaced by the default."""
    data = {**seat_of(claude.server), "update_interval": interval}
    entry = await migrated_entry(claude, data=data)
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.options) == options


@pytest.mark.parametrize("stored", [{"session_key": k} for k in (None, "", 5)] + [{}])
async def test_missing_key(claude: Claude, stored: dict[str, Any]) -> None:
    """Reauth asks for a missing session key."""
    data = seat_of(claude.server)
    key = data.pop("session_key")
    entry = await migrated_entry(claude, data={**data, **stored})
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert not claude.server.requests
    assert not claude.issues
    form = await open_reauth(claude)
    await form.submit(session_key=key)
    assert form.outcome == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("stored", [{"org_id": i} for i in (None, "", 5, "my")] + [{}])
async def test_missing_organization(
    claude: Claude, hass_client: ClientSessionGenerator, stored: dict[str, Any]
) -> None:
    """A repair issue asks for a missing organization; no request is sent before."""
    data = seat_of(claude.server)
    org_id = data.pop("org_id")
    entry = await migrated_entry(claude, data={**data, **stored})
    for _ in range(5):
        await claude.pass_time()
    assert not claude.server.requests
    assert claude.issues == {"organization"}
    fix = await open_fix(claude, hass_client, entry)
    assert fix.organizations == {"ada · Max 20x": org_id}
    await fix.submit(org_id=org_id)
    assert fix.outcome == "create_entry"
    assert entry.state is ConfigEntryState.LOADED
    assert not claude.issues
    assert entry.unique_id == f"{org_id}_{account_of(claude).uuid}"


async def test_missing_key_and_organization(claude: Claude) -> None:
    """Reauth asks for the session key, then for the organization."""
    entry = await migrated_entry(claude, data={})
    assert not claude.issues
    form = await open_reauth(claude)
    data = seat_of(claude.server, "ben")
    await form.submit(session_key=data["session_key"])
    assert form.page == ("organization", {})
    await form.submit(org_id=data["org_id"])
    assert form.outcome == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert claude.state("plan") == "Team"


async def test_account_is_added(claude: Claude) -> None:
    """With its account, a unique ID differs from other seats in the organization."""
    claude.server.silent_account = True
    entry = await migrated_entry(claude, data=seat_of(claude.server, "ben"))
    org_id = entry.data["org_id"]
    assert entry.unique_id == org_id
    claude.server.silent_account = False
    await claude.pass_time(7 * 3600)
    assert entry.unique_id == f"{org_id}_{account_of(claude, 'ben').uuid}"
    form = await submit_form(claude, **seat_of(claude.server, "cora"))
    assert form.outcome == "create_entry"


async def test_account_of_another_entry(claude: Claude) -> None:
    """Two entries never have the same unique ID."""
    first = await claude.entry("ben")
    second = await migrated_entry(claude, data=seat_of(claude.server, "ben"))
    claude.server.silent_account = True
    await claude.pass_time()
    claude.server.silent_account = False
    for _ in range(3):
        await claude.pass_time(7 * 3600)
    assert first.unique_id != second.unique_id


async def test_two_seats_of_an_organization(claude: Claude) -> None:
    """Two entries with the same organization get the unique IDs of their accounts."""
    accounts = ("ben", "cora")
    entries = [
        await migrated_entry(claude, data=seat_of(claude.server, account))
        for account in accounts
    ]
    org_id = entries[0].data["org_id"]
    assert [entry.unique_id for entry in entries] == [
        f"{org_id}_{account_of(claude, account).uuid}" for account in accounts
    ]


async def test_old_devices(
    claude: Claude,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The first device of version 1 stays with its settings; others are removed."""
    entry = stored_entry(claude, unique_id="x")
    for key in ("session_pct", "weekly_pct"):
        device = device_registry.async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"old {key}")}
        )
        register(claude, entry, f"{entry.data['org_id']}_{key}", device_id=device.id)
    first, _ = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    device_registry.async_update_device(first.id, name_by_user="My Claude")
    await set_up(claude, entry)
    assert entry.state is ConfigEntryState.LOADED
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (device.id, device.name_by_user) == (first.id, "My Claude")
    entities = er.async_entries_for_device(
        entity_registry, device.id, include_disabled_entities=True
    )
    ids = {entity.unique_id for entity in entities}
    assert ids >= {f"{entry.entry_id}_{key}" for key in TEN_KEYS}


async def test_entity_with_both_keys(claude: Claude) -> None:
    """The entity with the key of version 2 stays in use."""
    entry = stored_entry(claude)
    for key in ("session_usage", "session_pct"):
        unique_id = f"{entry.entry_id}_{key}"
        register(claude, entry, unique_id, suggested_object_id=key)
    await set_up(claude, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert claude.hass.states.get("sensor.session_usage").state not in NO_VALUE
