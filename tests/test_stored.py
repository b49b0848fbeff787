"""Invalid stored data: defaults apply, or a form asks for the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
import json
import logging
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.claude_pulse.claude_ai.values import number_of, time_of
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.claude_pulse.stored import data_of, options_of
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, restore_state
from homeassistant.helpers.data_entry_flow import FlowManagerIndexView
from homeassistant.helpers.json import json_bytes
from homeassistant.setup import async_setup_component

from .common import Claude, reauth_flows, seat_of, spend
from .events.common import START, body, stored_state
from .features import VERSION

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

ENTRY_ID = "0a1b2c"
FILE = f"{DOMAIN}.{ENTRY_ID}"
PREVIOUS = f"sk-ant-sid01-{'p' * 40}"
CREDENTIALS = ("org_id", "session_key")
FIELDS = ("org_id", "answered_at", "progress", "pending")
MISSING: Any = object()

# Values that a JSON file can hold.
JSON = {
    "null": None,
    "false": False,
    "true": True,
    "zero": 0,
    "negative": -7.5,
    "huge": 1e30,
    "empty": "",
    "text": "något annat",
    "digits": "75",
    "long": "x" * 100_000,
    "first day": "0001-01-01T00:00:00",
    "last day": "9999-12-31T23:59:59-12:00",
    "no items": [],
    "items": [None, "mon", 50, [], {}, True, 1e30],
    "no members": {},
    "members": {"mon": 50},
}
WRONG = {
    "missing": MISSING,
    **JSON,
    "integer": 2**63 - 1,
    # JSON cannot hold these two.
    "nan": float("nan"),
    "infinity": float("inf"),
    "line": f"sk-ant-sid01-{'x' * 40}\r\nX: y",
}
FEW = {key: JSON[key] for key in ("null", "true", "huge", "text", "last day", "items")}


@dataclass(frozen=True)
class Stored:
    """The stored data of one entry."""

    data: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    entry: Mapping[str, Any] = field(default_factory=dict)
    file: Any = None
    restored: tuple[Mapping[str, Any], ...] = ()
    fault: str | None = None


def replaced(content: Any, wrong: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield copies of a content with one value, at any depth, missing or invalid."""
    members = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in members:
        for name, other in wrong.items():
            copy = deepcopy(content)
            copy[key] = other
            if other is MISSING:
                del copy[key]
            yield f"{key} {name}", copy
        if isinstance(value, (dict, list)):
            for name, inner in replaced(value, wrong):
                copy = deepcopy(content)
                copy[key] = inner
                yield f"{key} {name}", copy


def good(claude: Claude) -> Stored:
    """Return valid stored data."""
    return Stored(
        data={
            **seat_of(claude.server),
            "previous_session_key": PREVIOUS,
            "session_key_since": "2026-05-01T12:00:00+00:00",
            "renamed_models": [
                {
                    "new": ["weekly_scoped", "fable 5 2", 1],
                    "first": ["weekly_scoped", "fable", 1],
                }
            ],
        },
        options={
            "update_interval": 120,
            "working_days": ["mon", "tue"],
            "thresholds": [50, 90],
            "left_over": 30,
            "left_over_hours": 24,
            "saved_reset_days": 3,
        },
        entry={"title": "Claude Pulse", "version": 2},
    )


def restored(entity_id: str, state: str, **extra: Any) -> dict[str, Any]:
    """Return the stored state of an entity that Home Assistant restores."""
    return {
        "state": {
            "entity_id": entity_id,
            "state": state,
            "attributes": {"last_reset": "2026-05-01T00:00:00+00:00"},
            "last_changed": START.isoformat(),
            "last_updated": START.isoformat(),
        },
        "extra_data": extra,
        "last_seen": START.isoformat(),
    }


SPENT = restored(
    "sensor.claude_pulse_extra_usage_spent",
    "20.0",
    native_value=20.0,
    native_unit_of_measurement="EUR",
)
EVENT = restored(
    "event.claude_pulse_session_events",
    "2026-05-04T11:00:00.000+00:00",
    last_event_type="reset",
    last_event_attributes={"percent": 1},
)


LAST_EVENT = EVENT["extra_data"]


def all_wrong(stored: Stored, value: Any) -> Stored:
    """Return data with one value in all fields except the credentials."""
    if value is MISSING:
        return replace(
            stored, data={key: stored.data[key] for key in CREDENTIALS}, options={}
        )
    # Storage files can hold JSON values only.
    json_value = value if value in JSON.values() else None
    entry = {"title": value, "minor_version": value}
    # Home Assistant 2024.10 or later rejects other types.
    if value is None or isinstance(value, str) or VERSION < (2024, 10):
        entry["unique_id"] = value
    return replace(
        stored,
        data={
            key: stored.data[key] if key in CREDENTIALS else value
            for key in stored.data
        },
        options=dict.fromkeys(stored.options, value),
        entry={**stored.entry, **entry},
        file=dict.fromkeys(FIELDS, json_value),
        fault="session_invalid",
    )


class EntryLifecycle:
    """Sets up, uses and removes an entry, and collects problems."""

    def __init__(
        self,
        claude: Claude,
        storage: dict[str, Any],
        caplog: pytest.LogCaptureFixture,
        user: MockUser,
    ) -> None:
        """Initialize without problems."""
        self.problems: dict[str, str] = {}
        self.entry: MockConfigEntry
        self._caplog = caplog
        self._claude = claude
        self._storage = storage
        self._user = user

    async def run(self, name: str, stored: Stored) -> None:
        """Set up, use and remove an entry, and collect its problems."""
        try:
            await self._run(stored)
        except Exception as err:  # noqa: BLE001
            self.problems.setdefault(name, f"{type(err).__name__}: {err}"[:200])
        finally:
            self._claude.server.clear_faults()
            config_entries = self._claude.hass.config_entries
            if self.entry in config_entries.async_entries(DOMAIN):
                await config_entries.async_remove(self.entry.entry_id)
                await self._claude.settle()
        left = [key for key in self._storage if key.startswith(DOMAIN)]
        if left or self._claude.issues:
            self.problems.setdefault(name, f"left behind: {left}")
            for key in left:
                del self._storage[key]
        for record in self._caplog.records:
            # The coordinator logs a failed poll as an error without a traceback.
            failed_poll = Path(record.pathname).name == "update_coordinator.py"
            if record.exc_info or (record.levelno >= logging.ERROR and not failed_poll):
                self.problems.setdefault(name, f"{record.name}: {record.getMessage()}")
        self._caplog.clear()

    async def _run(self, stored: Stored) -> None:
        """Set up an entry and use it."""
        claude, hass = self._claude, self._claude.hass
        claude.clock.move_to(START)
        claude.server.restart()
        claude.server.requests.clear()
        claude.serve({**body(60), **spend(1000)})
        right = seat_of(claude.server)
        self.entry = entry = MockConfigEntry(
            data=stored.data,
            domain=DOMAIN,
            entry_id=ENTRY_ID,
            options=stored.options,
            **stored.entry,
        )
        entry.add_to_hass(hass)
        # Ignore Home Assistant's own log lines about the data.
        self._caplog.clear()
        if stored.file is not None:
            file = {"version": 1, "minor_version": 1, "key": FILE, "data": stored.file}
            self._storage[FILE] = file
        if stored.restored:
            await self._restore(stored.restored)
        if stored.fault:
            claude.server.set_fault(stored.fault)
        await hass.config_entries.async_setup(ENTRY_ID)
        await claude.settle()
        await claude.pass_time(400)
        wrong = [key for key in right if stored.data.get(key) != right[key]]
        keys = {request.session_key for request in claude.server.requests}
        # Nothing is sent with invalid credentials.
        assert not (wrong and keys - {PREVIOUS})
        await self._check()
        if wrong or stored.fault:
            claude.server.clear_faults()
            await self._fix(wrong or ["session_key"], right)
        assert entry.state is ConfigEntryState.LOADED, entry.state
        registry = er.async_get(hass)
        unique_id = f"{ENTRY_ID}_session_usage"
        usage = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
        assert hass.states.get(usage).state == "60"
        keys = {request.session_key for request in claude.server.requests}
        assert keys <= {right["session_key"], PREVIOUS}
        # Longer than the maximum interval.
        claude.server.set_fault("session_invalid")
        await claude.pass_time(100_000)
        assert len(reauth_flows(hass)) == 1

    async def _fix(self, wrong: list[str], right: dict[str, str]) -> None:
        """Enter valid credentials in the form that asks for them."""
        hass, entry = self._claude.hass, self.entry
        if "session_key" in wrong:
            assert entry.state is ConfigEntryState.SETUP_ERROR
            (flow,) = reauth_flows(hass)
            result = await hass.config_entries.flow.async_configure(
                flow["flow_id"], {"session_key": right["session_key"]}
            )
            assert result["type"] != "form" or not result["errors"], result
            if "org_id" in wrong:
                assert result["step_id"] == "organization", result["errors"]
                result = await hass.config_entries.flow.async_configure(
                    flow["flow_id"], {"org_id": right["org_id"]}
                )
            assert result["type"] == "abort", result["errors"]
        else:
            assert entry.state is ConfigEntryState.SETUP_RETRY
            assert self._claude.issues == {"organization"}
            flow = await hass.config_entries.options.async_init(ENTRY_ID)
            result = await hass.config_entries.options.async_configure(
                flow["flow_id"], {"update_interval": 120, "org_id": right["org_id"]}
            )
            assert result["type"] == "create_entry", result["errors"]
        await self._claude.settle()

    async def _check(self) -> None:
        """Open all forms, download diagnostics, and request the card's data."""
        hass, entry = self._claude.hass, self.entry
        flows, options = hass.config_entries.flow, hass.config_entries.options
        form = await options.async_init(ENTRY_ID)
        show(hass, form)
        if not form["errors"]:
            typed = {"org_id": seat_of(self._claude.server)["org_id"]}
            typed |= {"update_interval": 120, "further_options": True}
            form = await options.async_configure(form["flow_id"], typed)
            show(hass, form)
        options.async_abort(form["flow_id"])
        for source in (SOURCE_REAUTH, "reconfigure"):
            if source == SOURCE_REAUTH and reauth_flows(hass):
                continue
            context = {"source": source, "entry_id": ENTRY_ID}
            data = entry.data if source == SOURCE_REAUTH else None
            form = await flows.async_init(DOMAIN, context=context, data=data)
            show(hass, form)
            flows.async_abort(form["flow_id"])
        json_bytes(await async_get_config_entry_diagnostics(hass, entry))
        ask, _ = hass.data["websocket_api"]["claude_pulse/usage"]
        connection = Mock(user=self._user)
        ask(hass, connection, {"id": 1, "type": "claude_pulse/usage"})
        ((_, answer), _) = connection.send_result.call_args
        (account,) = json.loads(json_bytes(answer))["accounts"]
        assert isinstance(account["title"], str)

    async def _restore(self, states: tuple[Mapping[str, Any], ...]) -> None:
        """Restore entities as Home Assistant does when it starts."""
        hass = self._claude.hass
        await hass.config_entries.async_setup(ENTRY_ID)
        await self._claude.settle()
        registry = er.async_get(hass)
        for state in states:
            registry.async_update_entity(state["state"]["entity_id"], disabled_by=None)
        await hass.config_entries.async_unload(ENTRY_ID)
        # The test storage caches the first load.
        key = "core.restore_state"
        file = {"version": 1, "minor_version": 1, "key": key}
        self._storage.setdefault(key, file)["data"] = list(states)
        await restore_state.async_get(hass).async_load()


def show(hass: HomeAssistant, form: Any) -> None:
    """Show a form as the frontend does."""
    assert form["type"] == "form", form
    json_bytes(
        FlowManagerIndexView(hass.config_entries.flow)._prepare_result_json(form)
    )


@pytest.fixture
async def life(
    claude: Claude,
    hass_storage: dict[str, Any],
    hass_admin_user: MockUser,
    caplog: pytest.LogCaptureFixture,
) -> EntryLifecycle:
    """Return the lifecycle of an entry."""
    claude.clock.move_to(START)
    caplog.set_level(logging.WARNING)
    for component in ("repairs", "websocket_api"):
        assert await async_setup_component(claude.hass, component, {})
    return EntryLifecycle(claude, hass_storage, caplog, hass_admin_user)


@pytest.mark.parametrize("field", ["org_id", "session_key"])
async def test_credentials(life: EntryLifecycle, claude: Claude, field: str) -> None:
    """Invalid credentials are never sent, and a form asks for new ones."""
    right = good(claude)
    for name, data in replaced({field: right.data[field]}, WRONG):
        others = {key: value for key, value in right.data.items() if key != field}
        await life.run(name, replace(right, data={**others, **data}))
    assert life.problems == {}


async def test_everything_else(life: EntryLifecycle, claude: Claude) -> None:
    """The entry works even if all other values are invalid."""
    for name, value in WRONG.items():
        await life.run(name, all_wrong(good(claude), value))
    assert life.problems == {}


async def test_restored(life: EntryLifecycle, claude: Claude) -> None:
    """The entry works even if the restored states are invalid."""
    right = good(claude)
    for name, value in FEW.items():
        wrong = [
            {**state, "extra_data": value if whole else dict.fromkeys(extra, value)}
            for state, extra in ((SPENT, SPENT["extra_data"]), (EVENT, LAST_EVENT))
            for whole in (True, False)
        ]
        for state in wrong[:2]:
            attributes = {"last_reset": value}
            state["state"] = {**SPENT["state"], "attributes": attributes}
        for number, pair in enumerate((wrong[::2], wrong[1::2])):
            await life.run(f"{name} {number}", replace(right, restored=tuple(pair)))
    for value in (5, [1], "text", None, {}):
        event = {**EVENT, "extra_data": {**LAST_EVENT, "last_event_attributes": value}}
        await life.run(f"attributes {value}", replace(right, restored=(event,)))
    assert life.problems == {}


async def test_random(life: EntryLifecycle, claude: Claude) -> None:
    """Random combinations of invalid values."""
    random = Random(2026)
    for number in range(15):
        right = good(claude)
        file = stored_state(right.data["org_id"])
        content = {"data": right.data, "options": right.options, "file": file}
        for _ in range(random.randint(1, 6)):
            # Home Assistant itself guarantees the top-level type.
            field = random.choice(list(content))
            wrong = JSON if field == "file" else WRONG
            copies = [copy for _, copy in replaced(content[field], wrong)]
            content[field] = random.choice(copies)
        # With both credentials wrong, it depends on the previous key which form is first.
        if all(content["data"].get(key) != right.data[key] for key in CREDENTIALS):
            content["data"].pop("previous_session_key", None)
        version = random.choice([1, 2])
        stored = replace(right, entry={**right.entry, "version": version}, **content)
        await life.run(str(number), stored)
    assert life.problems == {}


def test_what_no_file_can_hold() -> None:
    """Numbers and texts that JSON cannot represent are invalid."""
    for value in (10**400, "\ud800", f"sk-ant-sid01-{'x' * 40}\ud800", object()):
        entry = MockConfigEntry(
            data=dict.fromkeys(("org_id", "session_key", "session_key_since"), value),
            options=dict.fromkeys(("thresholds", "left_over", "working_days"), value),
        )
        assert data_of(entry) == data_of(MockConfigEntry())
        assert options_of(entry) == options_of(MockConfigEntry())
        assert time_of(value) is None
        assert number_of(value) is None


@pytest.mark.parametrize("value", [75.5, "75", ["a", None], None, {"75": 1}])
def test_invalid_options_get_defaults(value: Any) -> None:
    """An option of a wrong type is like a missing one."""
    fields = ("thresholds", "left_over", "left_over_hours", "working_days")
    entry = MockConfigEntry(options=dict.fromkeys(fields, value))
    expected = options_of(MockConfigEntry())
    if isinstance(value, float):
        expected = replace(expected, left_over=75, left_over_hours=75)
    assert options_of(entry) == expected
