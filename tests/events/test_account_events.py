"""Events of the account through Home Assistant: its session key, outages, the service."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import CONF_SESSION_KEY_SINCE, DOMAIN
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store

from ..common import (
    Claude,
    account_of,
    enable,
    reauth_flows,
    reload,
    suspend,
    update_by_hand,
)
from ..flows import open_form, open_reauth
from ..simulator.server import Request
from .common import (
    ACCOUNT_EVENTS,
    START,
    BusLog,
    EventLog,
    begin,
    body,
    device_id,
    fail_to_write,
    minutes,
    minutes_until,
    start_clock,
)

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

HOUR = 60


async def start_with(
    claude: Claude, **arguments: Any
) -> tuple[MockConfigEntry, BusLog]:
    """Set up an entry that cannot be read, and wait until automations listen."""
    start_clock(claude)
    log = BusLog(claude)
    entry = await claude.entry(**arguments)
    await claude.pass_time(11)
    return entry, log


async def end_entry(claude: Claude, entry: MockConfigEntry, end: str) -> None:
    """Disable or remove an entry."""
    entries = claude.hass.config_entries
    if end == "disable":
        await entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await entries.async_remove(entry.entry_id)


async def test_expired_key(claude: Claude) -> None:
    """It is reported within ten minutes and once, and so is its successor."""
    entry, states = await begin(claude, body(10))
    log = BusLog(claude)
    account = account_of(claude)
    account.log_out()
    assert await minutes_until(claude, log, "key_expired") <= 10
    (event,) = log.events
    since = event["since"]
    assert event == {
        "device_id": device_id(claude, entry),
        "sent_at": event["sent_at"],
        "type": "key_expired",
        "kind": "account",
        "limit": "account",
        "name": None,
        "since": since,
        "expires_at": None,
        "reason": "invalid_auth",
        "late": False,
    }
    assert states.texts == ["account key_expired"]
    state = claude.hass.states.get(ACCOUNT_EVENTS)
    assert state.attributes["reason"] == "invalid_auth"
    await minutes(claude, 3 * HOUR)
    assert log.types == ["key_expired"]

    form = await open_reauth(claude)
    await form.submit(session_key=account.log_in())
    assert await minutes_until(claude, log, "readable_again") <= 2
    await minutes(claude, HOUR)
    assert log.types == ["key_expired", "readable_again"]
    assert log.events[1]["since"] == since
    assert states.texts == ["account key_expired", "account readable_again"]


async def test_start_with_an_expired_key(claude: Claude) -> None:
    """It is reported on the bus, although there are no entities."""
    start_clock(claude)
    account = account_of(claude)
    entry = claude.stored_entry()
    account.log_out()
    log = BusLog(claude)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert log.types == []
    await claude.pass_time(11)
    assert log.types == ["key_expired"]
    assert log.events[0]["device_id"] == device_id(claude, entry)
    assert claude.hass.states.get(ACCOUNT_EVENTS) is None
    await reload(claude, entry)
    await minutes(claude, 10)
    assert log.types == ["key_expired"]

    form = await open_reauth(claude)
    await form.submit(session_key=account.log_in())
    assert entry.state is ConfigEntryState.LOADED
    states = EventLog(claude.hass)
    assert await minutes_until(claude, log, "readable_again") <= 2
    assert log.types == ["key_expired", "readable_again"]
    assert states.texts == ["account readable_again"]


@pytest.mark.parametrize("fault", ["server_error", "challenge", "rate_limited"])
async def test_outage(claude: Claude, fault: str) -> None:
    """It is reported after an hour and once, and so is its end.

    After a block or a rate limit, values are kept, but not for so long.
    """
    _, states = await begin(claude, body(10))
    log = BusLog(claude)
    claude.server.set_fault(fault)
    assert 60 <= await minutes_until(claude, log, "cannot_be_read") <= 70
    (event,) = log.events
    assert event["reason"] == claude.state("connection")
    await minutes(claude, 3 * HOUR)
    assert log.types == ["cannot_be_read"]
    claude.server.clear_faults()
    await minutes(claude, 2 * HOUR)
    assert log.types == ["cannot_be_read", "readable_again"]
    assert states.texts == ["account cannot_be_read", "account readable_again"]


@pytest.mark.parametrize("fault", ["server_error", "challenge", "rate_limited"])
async def test_short_outage(claude: Claude, fault: str) -> None:
    """Outages of less than an hour are not reported, nor their end."""
    _, states = await begin(claude, body(10))
    log = BusLog(claude)
    for _ in range(3):
        claude.server.set_fault(fault)
        await minutes(claude, 25)
        claude.server.clear_faults()
        await minutes(claude, 35)
    assert claude.state("connection") == "up_to_date"
    assert log.types == []
    assert states.texts == []


@pytest.mark.parametrize("fault", ["server_error", "challenge"])
async def test_start_during_an_outage(claude: Claude, fault: str) -> None:
    """It is reported an hour after the start, and its end when the set-up succeeds."""
    claude.server.set_fault(fault)
    entry, log = await start_with(claude)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert 59 <= await minutes_until(claude, log, "cannot_be_read") <= 70
    await minutes(claude, HOUR)
    assert log.types == ["cannot_be_read"]
    assert claude.hass.states.get(ACCOUNT_EVENTS) is None
    claude.server.clear_faults()
    await minutes_until(claude, log, "readable_again")
    await minutes(claude, 10)
    assert entry.state is ConfigEntryState.LOADED
    assert log.types == ["cannot_be_read", "readable_again"]
    assert claude.state("account_events", "event") != "unknown"


@pytest.mark.parametrize("hours", [5, -5])
async def test_clock_jumps_during_an_outage(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The outage is still reported after an hour of running."""
    await begin(claude, body(10))
    log = BusLog(claude)
    claude.server.set_fault("server_error")
    await minutes(claude, 20)
    suspend(claude, monkeypatch, timedelta(hours=hours))
    await minutes(claude, 5)
    assert log.types == []
    waited = 25 + await minutes_until(claude, log, "cannot_be_read")
    assert 55 <= waited <= 70
    suspend(claude, monkeypatch, timedelta(hours=-hours))
    claude.server.clear_faults()
    await minutes(claude, 2 * HOUR)
    assert log.types == ["cannot_be_read", "readable_again"]


async def test_machine_that_sleeps_during_an_outage(
    claude: Claude, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time asleep does not count."""
    await begin(claude, body(10))
    log = BusLog(claude)
    claude.server.set_fault("server_error")
    for _ in range(4):
        await minutes(claude, 5)
        suspend(claude, monkeypatch, timedelta(hours=8))
    assert log.types == []
    claude.server.clear_faults()
    await minutes(claude, 10)
    assert log.types == []


async def test_clock_jumps_without_an_outage(
    claude: Claude, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is reported."""
    await begin(claude, body(10))
    log = BusLog(claude)
    for hours in (3, -3, -12, 12):
        suspend(claude, monkeypatch, timedelta(hours=hours))
        await minutes(claude, 10)
    assert log.types == []


async def test_polling_disabled_by_the_user(claude: Claude) -> None:
    """Without a request, nothing is reported. An update by hand finds an expired key."""
    entry, _ = await begin(claude, body(10))
    log = BusLog(claude)
    claude.hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await reload(claude, entry)
    account_of(claude).log_out()
    await minutes(claude, 3 * HOUR)
    assert log.types == []
    await update_by_hand(claude.hass)
    await minutes(claude, HOUR)
    assert log.types == ["key_expired"]


async def test_entries_that_share_a_key(claude: Claude) -> None:
    """One of them asks for a key, but each device reports."""
    start_clock(claude)
    entries = [
        await claude.entry("ben", seat=0),
        await claude.entry("ben", title="Claude Pulse Work"),
    ]
    log = BusLog(claude)
    await claude.pass_time(11)
    account = account_of(claude, "ben")
    account.log_out()
    await minutes(claude, 10)
    assert len(reauth_flows(claude.hass)) == 1
    for entry in entries:
        assert log.types_of(claude, entry) == ["key_expired"]
    form = await open_reauth(claude)
    await form.submit(session_key=account.log_in())
    await minutes(claude, 5)
    for entry in entries:
        assert log.types_of(claude, entry) == ["key_expired", "readable_again"]


async def test_key_expires_soon(claude: Claude) -> None:
    """Once, not again after a reload, and no longer true with another key."""
    start_clock(claude)
    entry = claude.stored_entry()
    since = START - timedelta(days=24, hours=23)
    claude.hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_SESSION_KEY_SINCE: since.isoformat()}
    )
    log = BusLog(claude)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await minutes(claude, 30)
    assert log.types == []
    await minutes(claude, 60)
    await reload(claude, entry)
    await minutes(claude, 60)
    assert log.types == ["key_expires_soon"]
    assert log.events[0]["expires_at"] == (since + timedelta(days=28)).isoformat()
    dispatcher = runtime_of(claude.hass, entry).dispatcher

    def sent() -> list[str]:
        """Return the types of the sent events that are still true."""
        return [item.event.type for item in dispatcher.sent_since(START)]

    assert "key_expires_soon" in sent()
    form = await open_form(claude, "reconfigure", entry)
    await form.submit(session_key=account_of(claude).log_in())
    await minutes(claude, 60)
    assert log.types == ["key_expires_soon", "cleared"]
    assert "key_expires_soon" not in sent()


async def test_service_incident(claude: Claude) -> None:
    """An enabled sensor reports an incident and its end, each once."""
    _, states = await begin(claude, body(10))
    await enable(claude, "sensor.claude_pulse_service_status")
    log = BusLog(claude)
    claude.server.indicator = "major"
    assert 5 <= await minutes_until(claude, log, "service_incident") <= 12
    assert log.events[0]["reason"] == "major"
    claude.server.indicator = "minor"
    await minutes(claude, HOUR)
    claude.server.status_fault = "server_error"
    await minutes(claude, HOUR)
    assert log.types == ["service_incident"]
    claude.server.indicator, claude.server.status_fault = "none", None
    assert 15 <= await minutes_until(claude, log, "service_recovered") <= 22
    await minutes(claude, HOUR)
    assert log.types == ["service_incident", "service_recovered"]
    assert states.texts == ["account service_incident", "account service_recovered"]


async def test_no_incident_without_the_sensor(claude: Claude) -> None:
    """An entry without the sensor does not report what another one reads.

    When the sensor is disabled, the last status is no longer known.
    """
    entries = [
        await claude.entry(),
        await claude.entry("ben", title="Claude Pulse Work"),
    ]
    await enable(claude, "sensor.claude_pulse_work_service_status")
    log = BusLog(claude)
    claude.server.indicator = "critical"
    await minutes(claude, 20)
    assert log.types_of(claude, entries[0]) == []
    assert log.types_of(claude, entries[1]) == ["service_incident"]


async def test_full_disk(claude: Claude) -> None:
    """Each event is sent once, although it cannot be stored."""
    entry, _ = await begin(claude, body(10))
    log = BusLog(claude)
    account = account_of(claude)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_async_write_data", fail_to_write)
        account.log_out()
        await minutes(claude, 10)
        await reload(claude, entry)
        await minutes(claude, 10)
        assert log.types == ["key_expired"]
        form = await open_reauth(claude)
        await form.submit(session_key=account.log_in())
        await minutes(claude, 10)
    assert log.types == ["key_expired", "readable_again"]


@pytest.mark.parametrize("end", ["disable", "remove"])
async def test_entry_that_ends_during_an_outage(claude: Claude, end: str) -> None:
    """A disabled or removed entry reports nothing, and no device comes back."""
    claude.server.set_fault("server_error")
    entry, log = await start_with(claude)
    await minutes(claude, 50)
    await end_entry(claude, entry, end)
    await minutes(claude, 2 * HOUR)
    assert log.types == []
    assert not claude.hass.states.async_entity_ids("event")


@pytest.mark.parametrize("end", ["disable", "remove"])
async def test_entry_that_ends_during_its_set_up(claude: Claude, end: str) -> None:
    """A set-up that fails afterwards reports nothing, and creates no device."""
    claude.server.set_fault("server_error")
    entry, log = await start_with(claude)
    claude.server.clear_faults()
    account_of(claude).log_out()
    ending: list[asyncio.Task[Any]] = []

    async def stop(_: Request) -> None:
        """Disable or remove the entry during the first request."""
        if not ending:
            coroutine = end_entry(claude, entry, end)
            ending.append(claude.hass.async_create_task(coroutine))
            await asyncio.sleep(0)

    claude.server.on_request = stop
    await minutes(claude, 10)
    assert ending[0].done()
    if end == "disable":
        assert log.types == []
    else:
        # Newer versions of Home Assistant remove an entry after its set-up.
        assert log.types in ([], ["key_expired"])
        assert claude.hass.config_entries.async_entries(DOMAIN) == []
        registry = dr.async_get(claude.hass)
        assert dr.async_entries_for_config_entry(registry, entry.entry_id) == []


async def test_another_organization_keeps_what_is_known_of_the_account(
    claude: Claude,
) -> None:
    """The age of a key is not reported again, because the key is the same."""
    start_clock(claude)
    entry = claude.stored_entry()
    since = START - timedelta(days=26)
    claude.hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_SESSION_KEY_SINCE: since.isoformat()}
    )
    log = BusLog(claude)
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await minutes(claude, 5)
    assert log.types == ["key_expires_soon"]
    moved = account_of(claude).move()
    options = claude.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    await options.async_configure(
        form["flow_id"], {"org_id": moved.uuid, "update_interval": 120}
    )
    await claude.settle()
    await minutes(claude, 10)
    assert claude.state("connection") == "up_to_date"
    assert log.types == ["key_expires_soon"]
