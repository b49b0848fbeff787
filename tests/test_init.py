"""Set-up, unload and removal of an entry."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.storage import Store

from .common import TEN_KEYS, Claude, pass_steps, reauth_flows, reload, seat_of
from .simulator.server import Request

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

HOUR = 60 * 60
DAY = 24 * HOUR


async def test_ten_sensors_under_one_service_device(claude: Claude) -> None:
    """An entry has one device with the ten sensors, all with a value."""
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.LOADED
    devices = dr.async_entries_for_config_entry(
        dr.async_get(claude.hass), entry.entry_id
    )
    assert [device.name for device in devices] == ["Claude Pulse"]
    assert devices[0].manufacturer == "Claude Pulse (unofficial)"
    assert devices[0].model == "Max 20x · ada"
    assert devices[0].entry_type is dr.DeviceEntryType.SERVICE
    assert devices[0].configuration_url == "https://claude.ai/settings/usage"
    entities = er.async_entries_for_device(er.async_get(claude.hass), devices[0].id)
    assert {entity.unique_id for entity in entities} >= {
        f"{entry.entry_id}_{key}" for key in TEN_KEYS
    }
    values = claude.states().values()
    assert {"unknown", "unavailable", "missing"}.isdisjoint(values)


@pytest.mark.parametrize("end", ["unload", "stop"])
async def test_no_request_after_the_end(claude: Claude, end: str) -> None:
    """An unloaded entry sends no request, and neither does Home Assistant when it stops."""
    entry = await claude.entry()
    if end == "unload":
        assert await claude.hass.config_entries.async_unload(entry.entry_id)
        assert entry.state is ConfigEntryState.NOT_LOADED
        assert set(claude.states().values()) == {"unavailable"}
    else:
        claude.hass.bus.async_fire("homeassistant_stop")
        await claude.settle()
    before = len(claude.server.requests)
    await claude.pass_time()
    assert len(claude.server.requests) == before


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("issue", [None, "blocked", "key_expires", "organization"])
async def test_removal_leaves_nothing(
    claude: Claude, hass_storage: dict[str, Any], issue: str | None, loaded: bool
) -> None:
    """A removed entry is not in the registries, the issues or the storage."""
    hass = claude.hass
    entry = await claude.entry()
    if issue == "key_expires":
        await claude.pass_time(26 * DAY)
    elif issue:
        fault = "challenge" if issue == "blocked" else "organization_missing"
        claude.server.set_fault(fault)
        await pass_steps(claude, 26, HOUR)
    assert claude.issues == ({issue} if issue else set())
    claude.server.set_fault("rate_limited", retry_after="7200")
    await claude.pass_time(HOUR)
    if not loaded:
        await reload(claude, entry)
    assert (entry.state is ConfigEntryState.LOADED) == loaded
    assert f"claude_pulse.{entry.entry_id}" in hass_storage

    await hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]
    assert set(claude.states().values()) == {"missing"}
    assert not hass.data[DOMAIN]
    before = len(claude.server.requests)
    await claude.pass_time(HOUR)
    assert len(claude.server.requests) == before
    assert not [name for name in hass_storage if name.startswith(DOMAIN)]


async def test_removal_during_a_poll(
    claude: Claude, hass_storage: dict[str, Any]
) -> None:
    """The poll stores nothing and raises no issue after the removal."""
    entry = await claude.entry()

    async def remove(_: Request) -> None:
        """Remove the entry during a poll."""
        removal = claude.hass.config_entries.async_remove(entry.entry_id)
        await asyncio.shield(claude.hass.async_create_task(removal))

    claude.server.on_request = remove
    claude.server.set_fault("organization_missing")
    await claude.pass_time()
    assert not claude.hass.config_entries.async_entries(DOMAIN)
    assert not [name for name in hass_storage if name.startswith(DOMAIN)]
    assert claude.issues == set()


async def test_removal_during_a_write(
    claude: Claude, hass_storage: dict[str, Any]
) -> None:
    """A slow disk leaves no file."""
    entry = await claude.entry()
    write, started, finish = Store._async_write_data, asyncio.Event(), asyncio.Event()

    async def write_slowly(store: Store[Any], *args: Any) -> None:
        """Wait before our file is written."""
        if store.key.startswith(DOMAIN):
            started.set()
            await finish.wait()
        await write(store, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_async_write_data", write_slowly)
        # The first progress is stored after 15 minutes.
        claude.clock.tick(901)
        async_fire_time_changed(claude.hass)
        await started.wait()
        removal = claude.hass.async_create_task(
            claude.hass.config_entries.async_remove(entry.entry_id)
        )
        for _ in range(20):
            await asyncio.sleep(0)
        finish.set()
        await removal
        await claude.settle()
    assert not [name for name in hass_storage if name.startswith(DOMAIN)]


async def test_removal_of_a_disabled_entry_of_version_1(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant has never set it up, so it may have no organization."""
    await claude.entry()
    entry = MockConfigEntry(
        domain=DOMAIN, data={}, version=1, disabled_by=ConfigEntryDisabler.USER
    )
    entry.add_to_hass(claude.hass)
    await claude.hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_set_up_is_retried(claude: Claude) -> None:
    """An entry without a connection says why, and is set up later."""
    claude.server.set_fault("drop")
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "claude.ai" in (entry.reason or "")
    assert not reauth_flows(claude.hass)
    claude.server.clear_faults()
    await claude.pass_time()
    assert entry.state is ConfigEntryState.LOADED
    assert claude.state("plan") == "Max 20x"


async def test_set_up_with_an_expired_key(claude: Claude) -> None:
    """A second request confirms it. Then the user is asked once."""
    claude.server.world.accounts["ada"].log_out()
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(claude.hass)) == 1
    usage = f"/api/organizations/{entry.data['org_id']}/usage"
    assert [request.path for request in claude.server.requests] == [usage, usage]


async def test_set_up_whose_platforms_fail(
    claude: Claude, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops polling, and can be repeated."""
    with monkeypatch.context() as patch:
        fail = AsyncMock(side_effect=RuntimeError("no platforms today"))
        patch.setattr(claude.hass.config_entries, "async_forward_entry_setups", fail)
        entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert not runtime_of(claude.hass, entry).is_running
    before = len(claude.server.requests)
    await claude.pass_time(HOUR)
    assert len(claude.server.requests) == before
    await reload(claude, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert "unavailable" not in claude.states().values()


@pytest.mark.parametrize("loaded", [True, False])
async def test_disabled_entry_has_no_issue(claude: Claude, loaded: bool) -> None:
    """The user has to do nothing for it, until it is enabled again."""
    config_entries = claude.hass.config_entries
    entry = await claude.entry()
    claude.server.set_fault("organization_missing")
    await claude.pass_time()
    if not loaded:
        await reload(claude, entry)
    assert claude.issues == {"organization"}
    by_user = ConfigEntryDisabler.USER
    await config_entries.async_set_disabled_by(entry.entry_id, by_user)
    await claude.settle()
    assert claude.issues == set()
    await claude.pass_time(HOUR)
    assert claude.issues == set()
    await config_entries.async_set_disabled_by(entry.entry_id, None)
    await claude.settle()
    assert claude.issues == {"organization"}


@pytest.mark.parametrize(
    ("key_alone", "checks"),
    [
        (True, ["organizations", "account"]),
        (False, ["usage", "organization", "account"]),
    ],
)
async def test_requests_from_submit_to_the_first_states(
    claude: Claude, key_alone: bool, checks: list[str]
) -> None:
    """The form checks what the user typed. Then the entry polls, and shows the plan."""
    data = seat_of(claude.server)
    typed = {"session_key": data["session_key"]} if key_alone else data
    flows = claude.hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(flow["flow_id"], typed)
    await claude.settle()
    assert claude.state("plan") == "Max 20x"
    names = [request.path.rpartition("/")[2] for request in claude.server.requests]
    names = ["organization" if name == data["org_id"] else name for name in names]
    assert names == [*checks, "usage", "organization", "credits"]
