"""The life of an entry: set-up, failed unload, migration, restart and restored backup."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import datetime
from errno import ENODEV
import logging
from random import Random
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.client import ClaudeAiClient
from custom_components.claude_pulse.claude_ai.usage import Usage
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.forecast.readings import Readings
from homeassistant.components import sensor
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
    OperationNotAllowed,
)
from homeassistant.const import (
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.trigger import (
    async_initialize_triggers,
    async_validate_trigger_config,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify

from .common import Claude, pass_time, reauth_flows, seat_of, session, store_entry
from .features import has, needs
from .simulator import Simulator
from .simulator.server import Request
from .soak.home import Disk, Home

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

DAY = 24 * 60 * 60
START = datetime.fromisoformat("2026-05-04T12:00:00+00:00")


def in_hours(simulator: Simulator, hours: float) -> str:
    """Return a time of the simulator as claude.ai writes it."""
    return datetime.fromtimestamp(
        simulator.now.timestamp() + hours * 3600, simulator.now.tzinfo
    ).isoformat()


def usage(
    simulator: Simulator, percent: float, weekly: float = 20, **members: Any
) -> dict[str, Any]:
    """Return a usage body with a session and a week."""
    return session(
        percent,
        in_hours(simulator, 4),
        seven_day={"utilization": weekly, "resets_at": in_hours(simulator, 100)},
        **members,
    )


def with_opus(simulator: Simulator) -> dict[str, Any]:
    """Return a usage body with the limit of a model."""
    opus = {"utilization": 31, "resets_at": in_hours(simulator, 100)}
    return usage(simulator, 20, seven_day_opus=opus)


@pytest.fixture
def unload_fails() -> Iterator[None]:
    """Let the sensor platform fail to unload."""
    error = HomeAssistantError("The platform does not unload")
    with patch.object(sensor, "async_unload_entry", side_effect=error):
        yield


@pytest.mark.usefixtures("unload_fails")
async def test_failed_unload_keeps_values_up_to_date(claude: Claude) -> None:
    """After a failed unload, polls continue. A second unload changes nothing."""
    entries = claude.hass.config_entries
    claude.serve(usage(claude.server, 31))
    entry = await claude.entry()
    assert float(claude.state("session_usage")) == 31

    assert not await entries.async_unload(entry.entry_id)
    # Old versions, such as 2024.1, keep the entry loaded.
    assert entry.state in (ConfigEntryState.FAILED_UNLOAD, ConfigEntryState.LOADED)
    claude.serve(usage(claude.server, 97))
    await claude.pass_time()
    assert float(claude.state("session_usage")) == 97
    assert claude.state("connection") == "up_to_date"

    with suppress(OperationNotAllowed):
        assert not await entries.async_unload(entry.entry_id)
    await claude.pass_time()
    assert claude.state("connection") == "up_to_date"


@pytest.mark.usefixtures("unload_fails")
async def test_removal_after_failed_unload_stops_everything(
    claude: Claude, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A removed entry sends no request, has no entity, and is not stored again."""
    entry = await claude.entry()
    assert not await claude.hass.config_entries.async_unload(entry.entry_id)
    caplog.clear()

    await claude.hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()
    before = len(claude.server.requests)
    claude.serve(usage(claude.server, 97))
    for _ in range(5):
        await claude.pass_time()
    claude.hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await claude.settle()
    claude.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await claude.settle()

    assert len(claude.server.requests) == before
    assert set(claude.states().values()) == {"missing"}
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]
    ours = [item for item in caplog.records if DOMAIN in item.name]
    assert not [item for item in ours if item.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "path", ["/prepaid/credits", "/api/account", "{org_id}", "everything but usage"]
)
async def test_first_states_wait_for_usage_only(
    hass: HomeAssistant, simulator: Simulator, path: str
) -> None:
    """The set-up does not wait for the plan, the balance or the account."""
    answer = asyncio.Event()
    hanging: list[str] = []

    async def hang(request: Request) -> None:
        """Answer a request for something else when the test allows it."""
        end = path.format(org_id=seat_of(simulator)["org_id"])
        if path == "everything but usage":
            waits = not request.path.endswith("/usage")
        else:
            waits = request.path.endswith(end)
        if waits:
            hanging.append(request.path)
            await answer.wait()

    simulator.on_request = hang
    claude = Claude(hass, simulator, None)
    entry = claude.stored_entry()
    # The account is requested only while it is unknown.
    hass.config_entries.async_update_entry(entry, unique_id=entry.data["org_id"])
    set_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    # The client itself gives up after 15 seconds.
    await asyncio.wait([set_up], timeout=10)
    done, state = set_up.done(), claude.state("session_usage")
    answer.set()
    await set_up
    await claude.settle()

    assert done
    assert hanging
    assert float(state) > 0
    assert claude.state("plan") == "Max 20x"


@pytest.fixture
def no_network_interface(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Let zeroconf fail as it does without a network interface."""
    for name in (
        "mock_network",
        "mock_async_zeroconf",
        "disable_mock_zeroconf_resolver",
    ):
        request.getfixturevalue(name)
    error = OSError(ENODEV, "No such device")
    with patch(
        "homeassistant.components.zeroconf.HaZeroconf", side_effect=error
    ) as mock:
        yield mock


@needs("mdns_resolver")
async def test_set_up_without_network_interface_is_retried(
    claude: Claude, no_network_interface: Any
) -> None:
    """The set-up is retried until there is a network interface."""
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"
    assert no_network_interface.called
    assert not claude.server.requests

    no_network_interface.side_effect = None
    await claude.pass_time()
    assert entry.state is ConfigEntryState.LOADED
    assert float(claude.state("session_usage")) > 0


@needs("mdns_resolver")
async def test_form_without_network_interface(
    claude: Claude, no_network_interface: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The form says that claude.ai cannot be reached, and works when it can."""
    flow = claude.hass.config_entries.flow
    key = seat_of(claude.server)["session_key"]
    form = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await flow.async_configure(form["flow_id"], {"session_key": key})
    assert form["errors"] == {"base": "cannot_connect"}
    assert "Traceback" not in caplog.text

    no_network_interface.side_effect = None
    result = await flow.async_configure(form["flow_id"], {"session_key": key})
    await claude.settle()
    assert result["type"] == "create_entry"
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("titles", "slug"),
    [
        (("Work", "Work"), "work"),
        (("Work", "work!"), "work"),
        (("ClaudePulse", "ClaudePulse"), "claude_pulse"),
    ],
)
async def test_version_1_entries_with_the_same_title(
    claude: Claude, titles: tuple[str, str], slug: str
) -> None:
    """Entries that migrate at the same start get distinct titles and entity IDs."""
    entries = [
        MockConfigEntry(
            data=seat_of(claude.server, account),
            domain=DOMAIN,
            title=title,
            version=1,
        )
        for account, title in zip(("ada", "ben"), titles, strict=True)
    ]
    for entry in entries:
        entry.add_to_hass(claude.hass)
    assert await async_setup_component(claude.hass, DOMAIN, {})
    await claude.settle()

    slugs = {slugify(entry.title) for entry in entries}
    assert slugs == {slug, f"{slug}_2"}
    assert {claude.state("plan", slug=item) for item in slugs} == {"Max 20x", "Team"}
    for entry in entries:
        prefix = f"{slugify(entry.title)}_"
        ids = [item.partition(".")[2] for item in entity_ids(claude.hass, entry)]
        assert all(item.startswith(prefix) and not item.endswith("_2") for item in ids)


@pytest.mark.parametrize("reload", [False, True])
async def test_renamed_entry_keeps_its_prefix(claude: Claude, reload: bool) -> None:
    """Entity IDs remain after a new title, and a new model has the prefix of the others."""
    claude.serve(usage(claude.server, 20))
    entry = await claude.entry()
    before = entity_ids(claude.hass, entry)
    claude.hass.config_entries.async_update_entry(entry, title="Office")
    if reload:
        await claude.hass.config_entries.async_reload(entry.entry_id)
        await claude.settle()
    assert entity_ids(claude.hass, entry) == before

    claude.serve(with_opus(claude.server))
    for _ in range(3):
        await claude.pass_time()
    assert float(claude.state("weekly_opus_usage")) == 31
    added = entity_ids(claude.hass, entry) - before
    assert added
    assert all(item.partition(".")[2].startswith("claude_pulse_") for item in added)


def entity_ids(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the IDs of an entry's entities."""
    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(registry, entry.entry_id)
    return {entity.entity_id for entity in entities}


async def test_log_names_the_entry_by_its_id(
    claude: Claude, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Each warning of the integration has the entry ID, and no title, name or UUID."""
    entry = claude.stored_entry(title="Secret title")
    hass_storage[f"{DOMAIN}.{entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{entry.entry_id}",
        "data": ["no", "object"],
    }
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    for fault in ("server_error", "organization_missing", "challenge"):
        claude.server.set_fault(fault)
        await claude.pass_time(DAY)
        claude.server.clear_faults()
        await claude.pass_time(DAY)
    with patch.object(ClaudeAiClient, "usage", side_effect=ValueError("a bug")):
        await claude.pass_time()
    await claude.pass_time()

    messages = [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(f"custom_components.{DOMAIN}")
        and record.levelno >= logging.INFO
    ]
    # The storage, three faults, the bug, and the recovery from each of the last four.
    assert len(messages) >= 9
    private = ("Secret", "secret", "ada", *seat_of(claude.server).values())
    for message in messages:
        assert entry.entry_id in message
        assert not [text for text in private if text in message]


async def test_connection_after_an_exception_of_our_own(claude: Claude) -> None:
    """Connection shows an unexpected error until the next success."""
    await claude.entry()
    assert claude.state("connection") == "up_to_date"
    with patch.object(ClaudeAiClient, "usage", side_effect=ValueError("a bug")):
        await claude.pass_time()
    assert claude.state("connection") == "unexpected_error"
    assert set(claude.states().values()) == {"unavailable"}

    await claude.pass_time()
    assert claude.state("connection") == "up_to_date"
    assert float(claude.state("session_usage")) > 0


@pytest.fixture
def home(
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> Iterator[Home]:
    """Return a Home Assistant that can be stopped and started."""
    freezer.move_to(START)
    simulator.restart()
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield Home(Disk(hass_storage, monkeypatch, Random(0)), simulator)


async def listen(hass: HomeAssistant, entry_id: str) -> list[str]:
    """Return a list that collects what event entities and triggers report."""
    reported: list[str] = []

    @callback
    def add_state(event: Any) -> None:
        """Add a new state of an event entity."""
        old, new = event.data["old_state"], event.data["new_state"]
        if not event.data["entity_id"].startswith("event.") or not old or not new:
            return
        # The last event is restored from "unavailable".
        if new.state not in (old.state, "unknown", "unavailable") and (
            old.state != "unavailable"
        ):
            reported.append(f"state {new.attributes['event_type']}")

    async def add_trigger(variables: dict[str, Any], _: Any = None) -> None:
        """Add a trigger."""
        reported.append(f"trigger {variables['trigger']['description']}")

    hass.bus.async_listen("state_changed", add_state)
    registry = er.async_get(hass)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry_id)
    configs = []
    for limit, own in (("session", ()), ("weekly", ("will_run_out", "left_over"))):
        entity_id = f"event.claude_pulse_{limit}_events"
        for kind in (
            *("reset", "available_again", "threshold_reached", "limit_reached"),
            *own,
        ):
            configs.append(
                {
                    "platform": "device",
                    "domain": DOMAIN,
                    "device_id": device.id,
                    "entity_id": registry.async_get(entity_id).id,
                    "type": kind,
                }
            )
            if has("own_automation"):
                target = {"entity_id": entity_id}
                configs.append({"platform": f"{DOMAIN}.{kind}", "target": target})
    await async_initialize_triggers(
        hass,
        await async_validate_trigger_config(hass, configs),
        add_trigger,
        DOMAIN,
        "test",
        logging.getLogger(__name__).log,
    )
    return reported


@pytest.mark.parametrize(("days_until_restore", "days_until_key"), [(5, 0), (0, 5)])
async def test_restored_backup_sends_no_old_event(
    home: Home,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    days_until_restore: int,
    days_until_key: int,
) -> None:
    """An old key with old progress and pending events leads to a reauth form only."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = usage(simulator, 97, 97)
    await home.start()
    entry_id = store_entry(home.hass, simulator).entry_id
    await home.hass.config_entries.async_setup(entry_id)
    await pass_time(home.hass, freezer, 12)
    await home.stop()

    # Both limits are reached. The events are pending while Home Assistant starts.
    simulator.world.accounts["ada"].seats[-1].fixed_body = usage(simulator, 100, 100)
    await home.start()
    reported = await listen(home.hass, entry_id)
    assert not reported
    backup = deepcopy(home.disk.content)
    assert len(backup[f"{DOMAIN}.{entry_id}"]["data"]["pending"]) >= 2
    for _ in range(10):
        await pass_time(home.hass, freezer, 6)
    # Each limit has an entity, a device trigger and, if supported, an own trigger.
    assert reported.count("state limit_reached") == 2
    for limit in ("session", "weekly"):
        trigger = f"trigger limit_reached of event.claude_pulse_{limit}_events"
        assert reported.count(trigger) == (2 if has("own_automation") else 1)

    # Another key, and new periods of both limits some days later.
    account = simulator.world.accounts["ada"]
    account.log_out()
    account.log_in()
    await pass_time(home.hass, freezer)
    await enter_key(home.hass, account.session_key)
    for _ in range(days_until_restore):
        await pass_time(home.hass, freezer, DAY)
        account.seats[-1].fixed_body = usage(simulator, 10, 10)
    assert not reauth_flows(home.hass)
    await home.stop()

    home.disk.content.clear()
    home.disk.content.update(backup)
    await home.start()
    reported = await listen(home.hass, entry_id)
    for _ in range(10):
        await pass_time(home.hass, freezer, 6)
    (entry,) = home.entries.values()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(home.hass)) == 1
    for _ in range(days_until_key):
        await pass_time(home.hass, freezer, DAY)
        account.seats[-1].fixed_body = usage(simulator, 10, 10)
    assert not reported

    await enter_key(home.hass, account.session_key)
    assert entry.state is ConfigEntryState.LOADED
    for _ in range(10):
        await pass_time(home.hass, freezer)
    assert set(reported) == {"state readable_again"}
    # Events that happen now are sent.
    account.seats[-1].fixed_body = usage(simulator, 80, 10)
    for _ in range(3):
        await pass_time(home.hass, freezer)
    assert "state threshold_reached" in reported
    await home.stop()


async def enter_key(hass: HomeAssistant, session_key: str) -> None:
    """Submit the reauth form."""
    (flow,) = reauth_flows(hass)
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": session_key}
    )
    assert result["reason"] == "reauth_successful"
    await Claude(hass, None, None).settle()


@pytest.mark.parametrize("action", ["disable", "remove"])
async def test_entry_goes_during_its_set_up(claude: Claude, action: str) -> None:
    """An entry that is disabled or removed during its first poll sends nothing more."""
    entry = claude.stored_entry()
    entries = claude.hass.config_entries
    tasks: list[asyncio.Task[Any]] = []

    async def act(request: Request) -> None:
        """Disable or remove the entry once."""
        if request.path.endswith("/usage") and not tasks:
            tasks.append(
                asyncio.create_task(
                    entries.async_set_disabled_by(
                        entry.entry_id, ConfigEntryDisabler.USER
                    )
                    if action == "disable"
                    else entries.async_remove(entry.entry_id)
                )
            )
            for _ in range(20):
                await asyncio.sleep(0)

    claude.server.on_request = act
    await entries.async_setup(entry.entry_id)
    await asyncio.gather(*tasks, return_exceptions=True)
    await claude.settle()
    before = len(claude.server.requests)
    for _ in range(5):
        await claude.pass_time()
    assert len(claude.server.requests) == before


@pytest.mark.parametrize("name", ["async_create_device", "runtime.Readings.update"])
async def test_exception_during_set_up(claude: Claude, name: str) -> None:
    """Nothing polls after a failed set-up, and the next one polls once per interval."""
    entry = claude.stored_entry()
    with patch(f"custom_components.claude_pulse.{name}", side_effect=ValueError):
        await claude.hass.config_entries.async_setup(entry.entry_id)
        await claude.settle()
    before = claude.polls
    if entry.state is ConfigEntryState.SETUP_ERROR:
        await claude.pass_time()
        assert claude.polls == before
        await claude.hass.config_entries.async_reload(entry.entry_id)
    else:
        await claude.pass_time(60)
    await claude.settle()
    assert entry.state is ConfigEntryState.LOADED
    before = claude.polls
    for _ in range(5):
        await claude.pass_time()
    assert claude.polls == before + 5


async def test_exception_in_the_readings(claude: Claude) -> None:
    """Old values are not shown as current after an exception in our own code."""
    await claude.entry()
    update = Readings.update

    def fail(self: Readings, answer: Usage, *times: datetime) -> None:
        """Fail for the new answer."""
        if answer.session and answer.session.percent == 99:
            raise ValueError
        update(self, answer, *times)

    with patch.object(Readings, "update", fail):
        claude.serve(usage(claude.server, 99))
        await claude.pass_time()
        assert claude.state("connection") == "unexpected_error"
        assert claude.state("session_usage") == "unavailable"
    await claude.pass_time()
    assert claude.state("connection") == "up_to_date"
    assert claude.state("session_usage") == "99"
