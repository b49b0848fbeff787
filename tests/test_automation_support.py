"""Unsupported triggers and conditions do not affect other automations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
import inspect
from pathlib import Path
import re
import sys
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import voluptuous as vol

from custom_components.claude_pulse.automation.support import UnsupportedPlatform
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components.automation.config import async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.helpers import intent
from homeassistant.setup import async_setup_component

from .common import add_entry
from .features import SINCE, VERSION, has, needs
from .simulator import Simulator

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


async def run_beside_doorbell(hass: HomeAssistant, *ours: dict[str, Any]) -> list[str]:
    """Press the doorbell, and return which automations ran."""
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


async def test_doorbell_rings(hass: HomeAssistant, simulator: Simulator) -> None:
    """Other automations run, even if one of ours is rejected."""
    await add_entry(hass, simulator)
    ours = [automation for automation, _ in AUTOMATIONS]
    assert "doorbell" in await run_beside_doorbell(hass, *ours)


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
def import_anew() -> Iterator[Callable[[str], ModuleType]]:
    """Return a function that imports a platform again."""
    prefix = f"custom_components.{DOMAIN}."
    before = {name: module for name, module in sys.modules.items() if prefix in name}

    def forget() -> None:
        """Forget modules that depend on Home Assistant names."""
        for name in (
            "condition",
            "automation.target",
            "automation.usage_conditions",
            "automation.usage_triggers",
            "trigger",
        ):
            sys.modules.pop(prefix + name, None)

    forget()
    yield lambda name: import_module(prefix + name)
    forget()
    sys.modules.update(before)


@needs("own_automation")
@pytest.mark.parametrize("needed", NEEDED, ids=str)
async def test_name_that_a_version_lacks(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    import_anew: Callable[[str], ModuleType],
    needed: tuple[str, str],
) -> None:
    """A missing name disables its users and logs one warning for each platform."""
    module, name = needed
    assert await async_setup_component(hass, "automation", {})
    monkeypatch.delattr(f"homeassistant.{module}.{name}", raising=False)
    if name == "TargetSelectorData":
        monkeypatch.delattr(f"homeassistant.{module}.TargetSelection", raising=False)
    triggers = await import_anew("trigger").async_get_triggers(hass)
    conditions = await import_anew("condition").async_get_conditions(hass)
    kinds = {"trigger": triggers, "condition": conditions}
    lost = {
        kind for kind, known in kinds.items() if isinstance(known, UnsupportedPlatform)
    }
    assert lost == ({name.lower()} if name.lower() in kinds else set(kinds))
    logger = f"custom_components.{DOMAIN}.automation.support"
    warnings = [item.getMessage() for item in caplog.records if item.name == logger]
    assert len(warnings) == len(lost)
    assert all(name in warning for warning in warnings)

    ours = [automation for automation, valid in AUTOMATIONS if valid]
    for automation in ours:
        reason = await rejection(hass, automation)
        kind = "condition" if "condition" in automation else "trigger"
        assert (reason is not None) == (kind in lost)
        assert reason is None or "Check for an update of Claude Pulse" in reason


@needs("target_selection")
@pytest.mark.usefixtures("import_anew")
async def test_next_release(
    hass: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Works without `TargetSelectorData`."""
    name = "homeassistant.helpers.target.TargetSelectorData"
    monkeypatch.delattr(name, raising=False)
    await add_entry(hass, simulator)
    ours = {**DOORBELL, "condition": CONDITIONS[0][0]}
    assert await run_beside_doorbell(hass, ours) == ["doorbell", "ours 0"]
    for automation, valid in AUTOMATIONS:
        assert (await rejection(hass, automation) is None) == valid


async def test_features(hass: HomeAssistant) -> None:
    """Each version has the features of the table, and lacks the others."""
    trigger, condition, target = map(
        import_module,
        (
            f"custom_components.{DOMAIN}.trigger",
            f"custom_components.{DOMAIN}.condition",
            "homeassistant.helpers.target" if has("own_automation") else "builtins",
        ),
    )
    own = [
        not isinstance(found, UnsupportedPlatform)
        for found in (
            await trigger.async_get_triggers(hass),
            await condition.async_get_conditions(hass),
        )
    ]
    blueprint = BLUEPRINTS.joinpath("voice.yaml").read_text()
    needed = re.search(r'min_version: "(\d+)\.(\d+)\.0"', blueprint)
    assert needed
    session = inspect.signature(aiohttp.ClientSession.__init__)
    assert has("bounded_headers") == ("max_headers" in session.parameters)
    assert has("lazy_cookies") == hasattr(
        aiohttp.abc.AbstractCookieJar, "update_cookies_from_headers"
    )
    assert own == [has("own_automation")] * 2
    assert has("target_selection") == hasattr(target, "TargetSelection")
    assert has("speech_slots") == hasattr(
        intent.IntentResponse, "async_set_speech_slots"
    )
    assert has("tools_for_models") == bool(find_spec("homeassistant.components.llm"))
    assert SINCE["voice_blueprint"] == tuple(map(int, needed.groups()))
