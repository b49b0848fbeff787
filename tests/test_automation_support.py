"""Unsupported triggers and conditions do not affect other automations."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
import inspect
from pathlib import Path
import re
import sys
from typing import Any

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import voluptuous as vol

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent
from homeassistant.setup import async_setup_component

from .common import Claude
from .features import SINCE, VERSION, has, needs

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

BLUEPRINTS = Path(__file__).parents[1] / "blueprints" / "automation" / DOMAIN

DOORBELL: dict[str, Any] = {
    "alias": "Doorbell",
    "trigger": {"platform": "event", "event_type": "ding"},
    "action": {"service": "test.ring"},
}
TARGET = {"target": {"entity_id": "event.claude_pulse_session_events"}}

# (configuration, valid on supported versions)
TRIGGERS = [
    ({"platform": f"{DOMAIN}.usage_crossed", "options": {"above": 80}, **TARGET}, True),
    ({"platform": f"{DOMAIN}.limit_reached", **TARGET}, True),
    ({"platform": f"{DOMAIN}.usage_crossed", "above": ["?"], "target": 3}, False),
    ({"platform": f"{DOMAIN}.no_such_trigger"}, False),
    ({"platform": DOMAIN}, False),
]
CONDITIONS = [
    ({"condition": f"{DOMAIN}.has_left", "options": {"at_least": 20}, **TARGET}, True),
    ({"condition": f"{DOMAIN}.will_last", **TARGET}, True),
    ({"condition": f"{DOMAIN}.has_left", "at_least": ["?"], "target": 3}, False),
    ({"condition": f"{DOMAIN}.no_such_condition"}, False),
    ({"condition": DOMAIN}, False),
]
AUTOMATIONS = [
    *(({**DOORBELL, "trigger": trigger}, valid) for trigger, valid in TRIGGERS),
    *(({**DOORBELL, "condition": item}, valid) for item, valid in CONDITIONS),
]

# Names that not all supported versions have.
NEEDED = [
    ("helpers.condition", "Condition"),
    ("helpers.config_validation", "TARGET_FIELDS"),
    ("helpers.target", "TargetSelectorData"),
    ("helpers.target", "async_extract_referenced_entity_ids"),
    ("helpers.trigger", "Trigger"),
]


async def run_with_doorbell(hass: HomeAssistant, *ours: dict[str, Any]) -> list[str]:
    """Press the doorbell, and return the automations that ran."""
    rung = async_mock_service(hass, "test", "ring")
    named = [
        {**automation, "alias": f"Ours {number}", "action": ring(f"ours {number}")}
        for number, automation in enumerate(deepcopy(ours))
    ]
    doorbell = {**DOORBELL, "action": ring("doorbell")}
    automations = {"automation": [*named, doorbell]}
    assert await async_setup_component(hass, "automation", automations)
    await hass.async_block_till_done()
    hass.bus.async_fire("ding")
    await hass.async_block_till_done()
    return sorted(call.data["who"] for call in rung)


def ring(who: str) -> dict[str, Any]:
    """Return an action that names its automation."""
    return {"service": "test.ring", "data": {"who": who}}


async def rejection(hass: HomeAssistant, automation: dict[str, Any]) -> str | None:
    """Return why the editor rejects an automation, or None if it is valid."""
    try:
        await async_validate_config_item(hass, "ours", deepcopy(automation))
    except vol.Invalid as err:
        return str(err)
    return None


async def test_doorbell_rings(claude: Claude) -> None:
    """Other automations run, even if one of ours is rejected."""
    await claude.entry()
    ours = [automation for automation, _ in AUTOMATIONS]
    assert "doorbell" in await run_with_doorbell(claude.hass, *ours)


@pytest.mark.parametrize(("automation", "valid"), AUTOMATIONS, ids=str)
async def test_rejection_names_version(
    hass: HomeAssistant, automation: dict[str, Any], valid: bool
) -> None:
    """The error message names the version that a trigger or condition needs."""
    assert await async_setup_component(hass, "automation", {})
    reason = await rejection(hass, automation)
    assert (reason is None) == (valid and has("own_automation"))
    # Older versions reject conditions of integrations themselves.
    asked = "condition" not in automation or VERSION >= (2025, 6)
    if asked and not has("own_automation"):
        assert "need Home Assistant 2025.12 or newer" in str(reason)


@pytest.fixture
def fresh_platforms() -> Iterator[None]:
    """Import the platforms again, during the test and after it."""
    pattern = rf"custom_components\.{DOMAIN}\.(automation|condition|trigger)\b"
    before = {
        name: item for name, item in sys.modules.items() if re.match(pattern, name)
    }
    for name in before:
        del sys.modules[name]
    yield
    sys.modules.update(before)


@needs("own_automation")
@pytest.mark.usefixtures("fresh_platforms")
@pytest.mark.parametrize("needed", NEEDED, ids=str)
async def test_name_that_a_version_lacks(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    needed: tuple[str, str],
) -> None:
    """A missing name disables its users and logs one warning for each platform."""
    module, name = needed
    assert await async_setup_component(hass, "automation", {})
    monkeypatch.delattr(f"homeassistant.{module}.{name}", raising=False)
    if name == "TargetSelectorData":
        monkeypatch.delattr(f"homeassistant.{module}.TargetSelection", raising=False)
    kinds = {"condition", "trigger"}
    lost = {name.lower()} & kinds or kinds
    for automation in (automation for automation, valid in AUTOMATIONS if valid):
        reason = await rejection(hass, automation)
        kind = "condition" if "condition" in automation else "trigger"
        assert (reason is not None) == (kind in lost)
        assert reason is None or "Check for an update of Claude Pulse" in reason
    warnings = [
        record.getMessage()
        for record in caplog.records
        if DOMAIN in record.name and record.levelname == "WARNING"
    ]
    assert len(warnings) == len(lost)
    assert all(name in warning for warning in warnings)


@needs("target_selection")
@pytest.mark.usefixtures("fresh_platforms")
async def test_next_release(claude: Claude, monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers and conditions do not need `TargetSelectorData`."""
    name = "homeassistant.helpers.target.TargetSelectorData"
    monkeypatch.delattr(name, raising=False)
    await claude.entry()
    ours = {**DOORBELL, "condition": CONDITIONS[0][0]}
    assert await run_with_doorbell(claude.hass, ours) == ["doorbell", "ours 0"]
    for automation, valid in AUTOMATIONS:
        assert (await rejection(claude.hass, automation) is None) == valid


def test_features() -> None:
    """Each version has the features of the table, and lacks the others."""
    module = "homeassistant.helpers.target" if has("own_automation") else "builtins"
    target = import_module(module)
    blueprint = BLUEPRINTS.joinpath("voice.yaml").read_text()
    needed = re.search(r'min_version: "(\d+)\.(\d+)\.0"', blueprint)
    assert needed
    client = inspect.signature(aiohttp.ClientSession.__init__)
    assert has("bounded_headers") == ("max_headers" in client.parameters)
    assert has("lazy_cookies") == hasattr(
        aiohttp.abc.AbstractCookieJar, "update_cookies_from_headers"
    )
    assert has("target_selection") == hasattr(target, "TargetSelection")
    assert has("speech_slots") == hasattr(
        intent.IntentResponse, "async_set_speech_slots"
    )
    assert has("tools_for_models") == bool(find_spec("homeassistant.components.llm"))
    assert SINCE["voice_blueprint"] == tuple(map(int, needed.groups()))
