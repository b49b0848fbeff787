"""Device triggers on all versions; own triggers and conditions where they exist."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_get_device_automations,
    async_mock_service,
)
import voluptuous as vol

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.device_trigger import (
    TRIGGER_SCHEMA,
    async_get_trigger_capabilities,
)
from homeassistant.components.device_automation import DeviceAutomationType
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .common import Claude, reload, spend
from .events.common import (
    ACCOUNT_EVENTS,
    SESSION_EVENTS,
    WEEKLY_EVENTS,
    begin,
    body,
    in_hours,
    poll,
    stored_percent,
    with_opus,
)
from .features import needs

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

SESSION_TYPES = {
    "refilled",
    "usage_crossed",
    "reset",
    "available_again",
    "threshold_reached",
    "limit_reached",
    "will_run_out",
}
WEEKLY_TYPES = SESSION_TYPES | {"left_over"}
ACCOUNT_TYPES = {
    "key_expires_soon",
    "key_expired",
    "cannot_be_read",
    "readable_again",
    "service_incident",
    "service_recovered",
}


async def run_automations(
    hass: HomeAssistant, automations: list[dict[str, Any]]
) -> list[Any]:
    """Set up automations. Return their calls of an action."""
    calls = async_mock_service(hass, "test", "run")
    assert await async_setup_component(hass, "automation", {"automation": automations})
    return calls


def action(name: str) -> dict[str, Any]:
    """Return an action that records the percentages of a trigger."""
    text = f"{name}: {{{{ trigger.before }}}} to {{{{ trigger.percent }}}}"
    return {"service": "test.run", "data": {"text": text}}


def session_entity(claude: Claude) -> er.RegistryEntry:
    """Return the event entity of the session."""
    entity = er.async_get(claude.hass).async_get(SESSION_EVENTS)
    assert entity
    return entity


async def offered_triggers(claude: Claude) -> list[dict[str, Any]]:
    """Return the device triggers of the device."""
    device_id = session_entity(claude).device_id
    assert device_id
    offered = await async_get_device_automations(
        claude.hass, DeviceAutomationType.TRIGGER, device_id
    )
    return [item for item in offered if item["domain"] == DOMAIN]


async def test_offered_device_triggers(claude: Claude) -> None:
    """Each limit offers its event types, like the account. One has a percentage."""
    await begin(claude, with_opus(body(60), 60))
    registry = er.async_get(claude.hass)
    offered = await offered_triggers(claude)
    types: dict[str, set[str]] = {}
    for item in offered:
        entity = registry.async_get(item["entity_id"])
        types.setdefault(entity.entity_id, set()).add(item["type"])
    assert types == {
        SESSION_EVENTS: SESSION_TYPES,
        WEEKLY_EVENTS: WEEKLY_TYPES,
        "event.claude_pulse_weekly_opus_events": WEEKLY_TYPES,
        ACCOUNT_EVENTS: ACCOUNT_TYPES,
    }
    for item in offered:
        fields = await async_get_trigger_capabilities(claude.hass, item)
        keys = [str(key) for key in fields["extra_fields"].schema] if fields else []
        assert keys == (["above"] if item["type"] == "usage_crossed" else [])


async def test_device_triggers(claude: Claude, hass_storage: dict[str, Any]) -> None:
    """Any percentage is crossed, also without a threshold, and stored at once."""
    entry, _ = await begin(claude, body(60))
    entity = session_entity(claude)
    base = {
        "platform": "device",
        "domain": DOMAIN,
        "device_id": entity.device_id,
        "entity_id": entity.id,
    }
    crossed = [("usage_crossed", {"above": above}) for above in (55, 61, 83, 93)]
    # Without its percentage, the first trigger never fires.
    others = [("usage_crossed", {}), ("threshold_reached", {}), ("limit_reached", {})]
    used: list[tuple[str, dict[str, Any]]] = [*crossed, *others]
    calls = await run_automations(
        claude.hass,
        [
            {
                "alias": f"{kind} {options}",
                "trigger": {**base, "type": kind, **options},
                "action": action(str(options.get("above", kind))),
            }
            for kind, options in used
        ],
    )
    for percent in (92, 93, 100):
        await poll(claude, body(percent))
        assert stored_percent(hass_storage, entry.entry_id) == percent
    assert sorted(call.data["text"] for call in calls) == [
        "61: 60 to 92",
        "83: 60 to 92",
        "93: 92 to 93",
        "limit_reached: 93 to 100",
        "threshold_reached: 60 to 92",
    ]


@needs("own_automation")
async def test_own_triggers(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """A trigger has an entity or a device as its target."""
    await begin(claude, body(80))
    session: dict[str, Any] = {"entity_id": SESSION_EVENTS}
    week: dict[str, Any] = {"entity_id": WEEKLY_EVENTS}
    device: dict[str, Any] = {"device_id": session_entity(claude).device_id}
    used: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
        "83": ("usage_crossed", session, {"options": {"above": 83}}),
        "84": ("usage_crossed", device, {"options": {"above": 84}}),
        "86": ("usage_crossed", session, {"options": {"above": 86}}),
        "week": ("usage_crossed", week, {"options": {"above": 83}}),
        "limit": ("limit_reached", session, {}),
        "again": ("available_again", session, {}),
        "out": ("will_run_out", week, {}),
    }
    calls = await run_automations(
        claude.hass,
        [
            {
                "alias": name,
                "triggers": {
                    "trigger": f"{DOMAIN}.{kind}",
                    "target": target,
                    **options,
                },
                "actions": action(name),
            }
            for name, (kind, target, options) in used.items()
        ],
    )
    for percent in (85, 85, 100):
        await poll(claude, body(percent))
    await claude.pass_time(4 * 3600)
    await poll(claude, body(1, in_hours(claude, 5), week=75), 3)
    assert [call.data["text"] for call in calls] == [
        "83: 80 to 85",
        "84: 80 to 85",
        "86: 85 to 100",
        "limit: 85 to 100",
        "again: 100 to 1",
        "out: 20 to 75",
    ]
    assert "ERROR" not in {record.levelname for record in caplog.records}


def condition(name: str, entity_ids: list[str], **options: Any) -> dict[str, Any]:
    """Return an own condition."""
    return {
        "condition": f"{DOMAIN}.{name}",
        "target": {"entity_id": entity_ids},
        **({"options": options} if options else {}),
    }


async def run_condition(claude: Claude, conditions: Any) -> list[Any]:
    """Set up an automation with a condition, which the event `check` triggers."""
    automation = {
        "triggers": {"trigger": "event", "event_type": "check"},
        "conditions": conditions,
        "actions": {"action": "test.run"},
    }
    return await run_automations(claude.hass, [automation])


@needs("own_automation")
@pytest.mark.parametrize(
    ("name", "options", "percent", "week", "expected"),
    [
        ("has_left", {"at_least": 20}, 80, 80, True),
        ("has_left", {"at_least": 20}, 81, 20, False),
        ("has_left", {"at_least": 20}, 20, 81, False),
        ("will_last", {}, 20, 20, True),
        ("will_last", {}, 20, 80, False),
    ],
)
async def test_own_conditions(
    claude: Claude,
    caplog: pytest.LogCaptureFixture,
    name: str,
    options: dict[str, Any],
    percent: float,
    week: float,
    expected: bool,
) -> None:
    """A condition is true if all its limits meet it, and false if one is unknown."""
    await begin(claude, body(percent, week=week))
    limits = [WEEKLY_EVENTS, SESSION_EVENTS][: 2 if name == "has_left" else 1]
    calls = await run_condition(claude, condition(name, limits, **options))
    for known in (True, False):
        claude.hass.bus.async_fire("check")
        await claude.hass.async_block_till_done()
        assert len(calls) == expected
        if known:
            claude.server.set_fault("server_error")
            await claude.pass_time()
    errors = [item for item in caplog.records if "coordinator" not in item.name]
    assert "ERROR" not in {record.levelname for record in errors}


@needs("own_automation")
@pytest.mark.parametrize(
    ("answer", "enough_left", "lasts"),
    [
        # A session that has not started has no forecast.
        (body(0, None), True, True),
        (body(100, None), False, False),
        # No session limit, none at all, and one limit that is reached.
        ({**body(0), "five_hour": None}, True, True),
        ({**body(0, week=100), "five_hour": None}, False, False),
        ({}, False, False),
        # The session limit is over, so that its usage is unknown.
        (body(10, "2026-05-04T11:00:00+00:00"), False, False),
        # A seat that is billed by usage.
        (spend(4000), True, False),
        (spend(4100), False, False),
        # The limit of a model counts while it exists.
        (with_opus(body(0, None), 90), False, False),
    ],
)
async def test_own_conditions_of_a_device(
    claude: Claude, answer: dict[str, Any], enough_left: bool, lasts: bool
) -> None:
    """Limits that the account does not have, or without a forecast, are ignored."""
    registry = er.async_get(claude.hass)
    entry, _ = await begin(claude, with_opus(body(0, None), 10))
    device_id = session_entity(claude).device_id
    # The event entity of the spend limit.
    registry.async_get_or_create(
        "event",
        DOMAIN,
        f"{entry.entry_id}_extra_events",
        config_entry=entry,
        device_id=device_id,
    )
    calls = await run_automations(
        claude.hass,
        [
            {
                "triggers": {"trigger": "event", "event_type": "check"},
                "conditions": {
                    "condition": f"{DOMAIN}.{name}",
                    "target": {"device_id": device_id},
                    **options,
                },
                "actions": {"action": "test.run", "data": {"name": name}},
            }
            for name, options in (
                ("has_left", {"options": {"at_least": 20}}),
                ("will_last", {}),
            )
        ],
    )
    await poll(claude, answer)
    if "spend" in answer:
        await reload(claude, entry)
    claude.hass.bus.async_fire("check")
    await claude.hass.async_block_till_done()
    names = {call.data["name"] for call in calls}
    assert ("has_left" in names, "will_last" in names) == (enough_left, lasts)


@needs("own_automation")
async def test_own_conditions_of_a_disabled_entry(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """They are false, also if Home Assistant has not set Claude Pulse up."""
    entry = MockConfigEntry(
        domain=DOMAIN, version=2, disabled_by=ConfigEntryDisabler.USER
    )
    entry.add_to_hass(claude.hass)
    er.async_get(claude.hass).async_get_or_create(
        "event",
        DOMAIN,
        f"{entry.entry_id}_session_events",
        suggested_object_id="claude_pulse_session_events",
        config_entry=entry,
    )
    has_left = condition("has_left", [SESSION_EVENTS], at_least=20)
    not_left = {"condition": "not", "conditions": has_left}
    calls = await run_condition(claude, not_left)
    claude.hass.bus.async_fire("check")
    await claude.hass.async_block_till_done()
    assert len(calls) == 1
    assert "ERROR" not in {record.levelname for record in caplog.records}


async def test_percentage_is_required(hass: HomeAssistant) -> None:
    """A trigger at a percentage needs one, and the other triggers have none."""
    trigger = {
        "platform": "device",
        "domain": DOMAIN,
        "device_id": "device",
        "entity_id": SESSION_EVENTS,
    }
    for event_type, above, valid in (
        ("usage_crossed", {"above": 80}, True),
        ("usage_crossed", {}, False),
        ("reset", {}, True),
        ("reset", {"above": 80}, False),
    ):
        config = {**trigger, "type": event_type, **above}
        if valid:
            assert TRIGGER_SCHEMA(config)
            continue
        with pytest.raises(vol.Invalid):
            TRIGGER_SCHEMA(config)
