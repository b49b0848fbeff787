"""Setting up, unloading, migrating and removing an entry."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.helpers.storage import Store

from .common import (
    TEN_KEYS,
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    seat_of,
    settle,
    states,
    stops_during,
)
from .simulator import Simulator

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]


async def test_ten_sensors_under_one_service_device(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """An entry has one device with the ten sensors, all with a value."""
    entry = await add_entry(hass, simulator)

    assert entry.state is ConfigEntryState.LOADED
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert [device.name for device in devices] == ["Claude Pulse"]
    assert devices[0].manufacturer == "Claude Pulse (unofficial)"
    assert devices[0].model == "Max 20x · ada"
    assert devices[0].entry_type is dr.DeviceEntryType.SERVICE
    assert devices[0].configuration_url == "https://claude.ai/settings/usage"
    entities = er.async_entries_for_device(er.async_get(hass), devices[0].id)
    assert {entity.unique_id for entity in entities} >= {
        f"{entry.entry_id}_{key}" for key in TEN_KEYS
    }
    assert {"unknown", "unavailable", "missing"}.isdisjoint(states(hass).values())


async def test_unload_stops_polling(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An unloaded entry asks nothing and shows nothing."""
    entry = await add_entry(hass, simulator)
    assert await hass.config_entries.async_unload(entry.entry_id)
    before = len(simulator.requests)

    await pass_time(hass, freezer)

    assert entry.state is ConfigEntryState.NOT_LOADED
    assert len(simulator.requests) == before
    assert set(states(hass).values()) == {"unavailable"}


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("issue", [None, "blocked", "key_ends", "organization"])
async def test_removal_leaves_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    issue: str | None,
    loaded: bool,
) -> None:
    """A removed entry leaves nothing in the registries, the issues or the storage."""
    entry = await add_entry(hass, simulator)
    if issue == "key_ends":
        await pass_time(hass, freezer, 26 * 24 * 60 * 60)
    elif issue:
        simulator.set_fault(
            "challenge" if issue == "blocked" else "organization_missing"
        )
        for _ in range(26):
            await pass_time(hass, freezer, 60 * 60)
    assert issues(hass) == ({issue} if issue else set())
    simulator.set_fault("rate_limited", retry_after="7200")
    await pass_time(hass, freezer, 60 * 60)
    if not loaded:
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    assert (entry.state is ConfigEntryState.LOADED) == loaded
    assert f"claude_pulse.{entry.entry_id}" in hass_storage

    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)

    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not [key for key in ir.async_get(hass).issues if key[0] == DOMAIN]
    assert not [name for name in hass_storage if name.startswith("claude_pulse")]
    assert set(states(hass).values()) == {"missing"}
    assert not hass.data[DOMAIN]
    before = len(simulator.requests)
    await pass_time(hass, freezer, 60 * 60)
    assert len(simulator.requests) == before


async def test_removal_during_a_poll(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Nor does a poll that is under way at that moment: its connection was closed."""
    entry = await add_entry(hass, simulator)
    stops_during(hass, simulator, entry, "/usage")
    await pass_time(hass, freezer)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert f"claude_pulse.{entry.entry_id}" not in hass_storage


async def test_setup_retries_by_itself(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """An unreachable claude.ai delays the set-up and says why; then it succeeds."""
    simulator.set_fault("drop")
    entry = await add_entry(hass, simulator)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason
    assert "claude.ai" in entry.reason
    assert not reauth_flows(hass)

    simulator.clear_faults()
    await pass_time(hass, freezer)

    assert entry.state is ConfigEntryState.LOADED
    assert states(hass)["plan"] == "Max 20x"


async def test_setup_with_a_dead_key_asks_for_another_one(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A dead key is confirmed by a second request, then a person is asked, once."""
    account = simulator.world.accounts["ada"]
    data = seat_of(simulator)
    account.log_out()
    entry = await add_entry(hass, simulator)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(hass)) == 1
    usage = f"/api/organizations/{data['org_id']}/usage"
    assert [request.path for request in simulator.requests] == [usage, usage]


async def test_stopping_home_assistant_closes_the_connection(
    hass: HomeAssistant, simulator: Simulator, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing is asked any more once Home Assistant stops."""
    await add_entry(hass, simulator)
    before = len(simulator.requests)
    hass.bus.async_fire("homeassistant_stop")
    await settle(hass)

    await pass_time(hass, freezer)

    assert len(simulator.requests) == before


@pytest.mark.parametrize("loaded", [True, False])
async def test_disabled_entry_has_no_issue(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    loaded: bool,
) -> None:
    """Who has switched it off need not do anything; who switches it on is told again."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("organization_missing")
    await pass_time(hass, freezer)
    if not loaded:
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    assert issues(hass) == {"organization"}
    await hass.config_entries.async_set_disabled_by(
        entry.entry_id, ConfigEntryDisabler.USER
    )
    await settle(hass)
    assert issues(hass) == set()
    await pass_time(hass, freezer, 60 * 60)
    assert issues(hass) == set()
    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await settle(hass)
    assert issues(hass) == {"organization"}


async def test_removal_while_a_failure_is_stored(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk that is slow at that moment leaves neither file nor issue behind."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("organization_missing")
    save, started, go_on = Store.async_save, asyncio.Event(), asyncio.Event()

    async def save_slowly(store: Store[Any], data: Any) -> None:
        """Write when the test says so."""
        if store.key.startswith(DOMAIN):
            started.set()
            await go_on.wait()
        await save(store, data)

    await pass_time(hass, freezer)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "async_save", save_slowly)
        freezer.tick(60 * 60)
        async_fire_time_changed(hass)
        await started.wait()
        removal = hass.async_create_task(
            hass.config_entries.async_remove(entry.entry_id)
        )
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        await removal
    await settle(hass)
    assert not [name for name in hass_storage if name.startswith(DOMAIN)]
    assert issues(hass) == set()


@pytest.mark.parametrize("version", [1, 9])
async def test_unreadable_memory_is_told_once(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    version: int,
) -> None:
    """It is thrown away, so that the next start is silent."""
    entry = MockConfigEntry(data=seat_of(simulator), domain=DOMAIN, version=2)
    entry.add_to_hass(hass)
    file = f"{DOMAIN}.{entry.entry_id}"
    stored = {"version": version, "minor_version": 1, "key": file, "data": ["what"]}
    hass_storage[file] = stored
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert caplog.text.count("cannot be read") == 1
    assert file not in hass_storage


async def test_set_up_that_fails_while_forwarding(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It leaves no poller behind, and can be tried again."""
    entry = MockConfigEntry(data=seat_of(simulator), domain=DOMAIN, version=2)
    entry.add_to_hass(hass)
    with monkeypatch.context() as patch:
        fail = AsyncMock(side_effect=RuntimeError("no platforms today"))
        patch.setattr(hass.config_entries, "async_forward_entry_setups", fail)
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert not hass.data[DOMAIN]
    before = len(simulator.requests)
    await pass_time(hass, freezer, 60 * 60)
    assert len(simulator.requests) == before
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("fault", [None, "full", "read-only"])
async def test_disk_that_takes_nothing(
    hass: HomeAssistant,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    fault: str | None,
) -> None:
    """What cannot be stored is lost with the next restart, and nothing else is."""

    async def refuse(*_: Any) -> None:
        """Write nothing."""
        raise OSError(28, "No space left on device")

    await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    with monkeypatch.context() as patch:
        if fault == "full":
            patch.setattr(Store, "async_save", refuse)
        elif fault == "read-only":
            patch.setattr(Store, "async_remove", refuse)
        for _ in range(4):
            await pass_time(hass, freezer, 60 * 60)
        assert set(states(hass).values()) == {"unavailable"}
        simulator.clear_faults()
        await pass_time(hass, freezer, 60 * 60)
        assert "unavailable" not in states(hass).values()


@pytest.mark.parametrize("key_alone", [False, True])
async def test_requests_from_submit_to_the_first_states(
    hass: HomeAssistant, simulator: Simulator, key_alone: bool
) -> None:
    """Nothing is asked twice, and the plan is among the first states."""
    data = seat_of(simulator)
    typed = {"session_key": data["session_key"]} if key_alone else data
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(flow["flow_id"], typed)
    await settle(hass)
    assert states(hass)["plan"] == "Max 20x"
    assert len(simulator.requests) <= 4
