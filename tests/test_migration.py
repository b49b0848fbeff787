"""Entries of earlier versions: nothing is lost, and what is missing can be mended."""

from __future__ import annotations

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .common import (
    TEN_KEYS,
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    seat_of,
    settle,
    states,
)
from .simulator import Simulator
from .test_repairs import Fix, offered

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]


@pytest.mark.parametrize("prefix", ["{entry_id}_", "{org_id}_", ""])
async def test_migration_from_version_1(
    hass: HomeAssistant, simulator: Simulator, prefix: str
) -> None:
    """What the earlier integration stored is carried over, with entity ids and history."""
    data = seat_of(simulator)
    entry = MockConfigEntry(
        data={**data, "org_id": data["org_id"].upper(), "update_interval": 10},
        domain=DOMAIN,
        title="ClaudePulse",
        unique_id=data["org_id"].upper(),
        version=1,
    )
    entry.add_to_hass(hass)
    registry = er.async_get(hass)
    old = {
        "session_countdown": "sensor.claudepulse_session_countdown",
        "session_pct": "sensor.claudepulse_session",
        "weekly_pct": "sensor.renamed_by_hand",
        "weekly_reset_time": "sensor.claudepulse_weekly_reset_time",
        "something_else": "sensor.claudepulse_something_else",
    }
    prefix = prefix.format(entry_id=entry.entry_id, org_id=data["org_id"])
    for key, entity_id in old.items():
        registry.async_get_or_create(
            "sensor",
            DOMAIN,
            prefix + key,
            config_entry=entry,
            suggested_object_id=entity_id.removeprefix("sensor."),
        )

    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)

    assert entry.state is ConfigEntryState.LOADED
    assert (entry.version, entry.title) == (2, "Claude Pulse")
    assert entry.data.items() >= data.items()
    assert dict(entry.options) == {"update_interval": 30}
    # It learns whose seat it is at once.
    account_id = simulator.world.accounts["ada"].uuid
    assert entry.unique_id == f"{data['org_id']}_{account_id}"
    for key, entity_id in {
        "session_reset_countdown": "sensor.claudepulse_session_countdown",
        "session_usage": "sensor.claudepulse_session",
        "weekly_usage": "sensor.renamed_by_hand",
        "weekly_reset_time": "sensor.claudepulse_weekly_reset_time",
        "session_limit": "sensor.claude_pulse_session_limit",
    }.items():
        unique_id = f"{entry.entry_id}_{key}"
        assert registry.async_get_entity_id("sensor", DOMAIN, unique_id) == entity_id
        assert hass.states.get(entity_id).state not in ("unknown", "unavailable")
    assert registry.async_get("sensor.claudepulse_something_else").unique_id == (
        f"{prefix}something_else"
    )


async def test_migration_keeps_a_title_given_by_hand(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Only the old default title is replaced."""
    entry = MockConfigEntry(
        data=seat_of(simulator), domain=DOMAIN, title="Work", version=1
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)

    assert (entry.version, entry.title) == (2, "Work")


async def test_newer_version_is_refused_untouched(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """An entry of a newer version stays as it is, and the log says what to do."""
    data = {"anything": "else"}
    entry = MockConfigEntry(data=data, domain=DOMAIN, title="Later", version=3)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert (entry.version, entry.title, dict(entry.data)) == (3, "Later", data)
    # Home Assistant says it by itself since about 2026.
    assert "update Claude Pulse" in caplog.text or "has version 3" in caplog.text
    assert not simulator.requests


async def set_up(hass: HomeAssistant, data: Any, **more: Any) -> MockConfigEntry:
    """Set up an entry as version 1 stored it."""
    entry = MockConfigEntry(
        data=data, domain=DOMAIN, title="ClaudePulse", version=1, **more
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    return entry


async def test_two_entries_are_told_apart(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Of two that were called the same, the second one's ids do not end in `_2`."""
    await set_up(hass, seat_of(simulator))
    second = await set_up(hass, seat_of(simulator, "ben"))
    assert second.title == "Claude Pulse 2"
    assert states(hass)["plan"] == "Max 20x"
    assert states(hass, "claude_pulse_2")["plan"] == "Team"
    assert hass.states.get("sensor.claude_pulse_plan_2") is None


@pytest.mark.parametrize(
    ("interval", "options"),
    [
        ("300", {"update_interval": 300}),
        (45.9, {"update_interval": 45}),
        (1e9, {"update_interval": 86400}),
        ("often", {}),
        (None, {}),
        ([], {}),
        (float("nan"), {}),
    ],
)
async def test_odd_interval(
    hass: HomeAssistant, simulator: Simulator, interval: Any, options: dict[str, int]
) -> None:
    """What is a time is kept within bounds; what is none is the default."""
    data = {**seat_of(simulator), "update_interval": interval}
    entry = await set_up(hass, data)
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.options) == options


@pytest.mark.parametrize("key", [None, "", 5, "sk-ant-api03-x", ...])
async def test_missing_key_leads_to_the_form(
    hass: HomeAssistant, simulator: Simulator, key: Any
) -> None:
    """A person is asked for one, and it is all right afterwards."""
    data = seat_of(simulator)
    good = data.pop("session_key")
    if key is not ...:
        data["session_key"] = key
    entry = await set_up(hass, data)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert not simulator.requests
    assert issues(hass) == set()
    (flow,) = reauth_flows(hass)
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": good}
    )
    await settle(hass)
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("org_id", [None, "", 5, "mine", ...])
async def test_missing_organization_leads_to_the_form(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client: ClientSessionGenerator,
    simulator: Simulator,
    org_id: Any,
) -> None:
    """Repairs offers those that the key can see; nothing is asked in vain meanwhile."""
    assert await async_setup_component(hass, "repairs", {})
    data = seat_of(simulator)
    good = data.pop("org_id")
    if org_id is not ...:
        data["org_id"] = org_id
    entry = await set_up(hass, data)
    for _ in range(5):
        await pass_time(hass, freezer)
    assert not simulator.requests
    assert issues(hass) == {"organization"}
    fix = Fix(await hass_client(), f"organization_{entry.entry_id}")
    assert offered(await fix.start()) == {"ada · Max 20x": good}
    assert (await fix.choose(good))["type"] == "create_entry"
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == set()
    assert entry.unique_id == f"{good}_{simulator.world.accounts['ada'].uuid}"


async def test_nothing_but_a_name(hass: HomeAssistant, simulator: Simulator) -> None:
    """Without key and organization, the key comes first and leads to the other."""
    entry = await set_up(hass, {})
    assert issues(hass) == set()
    (flow,) = reauth_flows(hass)
    flows = hass.config_entries.flow
    ben = simulator.world.accounts["ben"]
    form = await flows.async_configure(
        flow["flow_id"], {"session_key": ben.session_key}
    )
    assert form["step_id"] == "organization"
    org_id = ben.seats[-1].organization.uuid
    result = await flows.async_configure(flow["flow_id"], {"org_id": org_id})
    await settle(hass)
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert states(hass)["plan"] == "Team"


async def test_seat_learns_its_account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """So that a colleague's seat in the same organization is another one."""
    simulator.silent_account = True
    entry = await set_up(hass, seat_of(simulator, "ben"))
    org_id = entry.data["org_id"]
    assert entry.unique_id == org_id
    simulator.silent_account = False
    await pass_time(hass, freezer, 7 * 3600)
    assert entry.unique_id == f"{org_id}_{simulator.world.accounts['ben'].uuid}"
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": "user"})
    result = await flows.async_configure(flow["flow_id"], seat_of(simulator, "cora"))
    assert result["type"] == "create_entry"


async def test_account_that_another_entry_has(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Two entries never get one unique id."""
    first = await add_entry(hass, simulator, "ben")
    second = await set_up(hass, seat_of(simulator, "ben"))
    simulator.silent_account = True
    for _ in range(3):
        await pass_time(hass, freezer)
    simulator.silent_account = False
    for _ in range(200):
        await pass_time(hass, freezer)
    assert first.unique_id != second.unique_id


async def test_old_devices_become_the_one(
    hass: HomeAssistant,
    simulator: Simulator,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    """The device that automations name stays, with its area, and no other is left."""
    data = seat_of(simulator)
    entry = MockConfigEntry(
        data=data, domain=DOMAIN, title="ClaudePulse", version=1, unique_id="x"
    )
    entry.add_to_hass(hass)
    for number in range(2):
        device = device_registry.async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={(DOMAIN, f"old {number}")}
        )
        entity_registry.async_get_or_create(
            "sensor",
            DOMAIN,
            f"{data['org_id']}_{('session_pct', 'weekly_pct')[number]}",
            config_entry=entry,
            device_id=device.id,
        )
    first, _ = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    device_registry.async_update_device(first.id, name_by_user="My Claude")
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    (device,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (device.id, device.name_by_user) == (first.id, "My Claude")
    entities = er.async_entries_for_device(
        entity_registry, device.id, include_disabled_entities=True
    )
    keys = {entity.unique_id.removeprefix(f"{entry.entry_id}_") for entity in entities}
    assert keys >= set(TEN_KEYS)


async def test_entity_that_is_there_under_both_names(
    hass: HomeAssistant, simulator: Simulator, entity_registry: er.EntityRegistry
) -> None:
    """The one with the present id stays the one."""
    entry = MockConfigEntry(
        data=seat_of(simulator), domain=DOMAIN, title="ClaudePulse", version=1
    )
    entry.add_to_hass(hass)
    for key in ("session_usage", "session_pct"):
        entity_registry.async_get_or_create(
            "sensor",
            DOMAIN,
            f"{entry.entry_id}_{key}",
            config_entry=entry,
            suggested_object_id=key,
        )
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("sensor.session_usage").state not in (
        "unknown",
        "unavailable",
    )


async def test_colleagues_learn_their_accounts(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Two seats of one organization, of which neither knew whose it is."""
    entries = [
        await set_up(hass, seat_of(simulator, account)) for account in ("ben", "cora")
    ]
    org_id = entries[0].data["org_id"]
    assert [entry.unique_id for entry in entries] == [
        f"{org_id}_{simulator.world.accounts[account].uuid}"
        for account in ("ben", "cora")
    ]
