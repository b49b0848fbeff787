"""Texts, icons and the manifest are complete and match the code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components.claude_pulse import validation
from custom_components.claude_pulse.account_sensors import SPEND_STATUS
from custom_components.claude_pulse.automation.matching import TRIGGER_TYPES
from custom_components.claude_pulse.binary_sensor import LIMIT_REACHED
from custom_components.claude_pulse.claude_ai import errors
from custom_components.claude_pulse.claude_ai.saved_resets import Grant
from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    SPEND,
    WEEKLY,
    Identity,
)
from custom_components.claude_pulse.events import model
from custom_components.claude_pulse.forecast.projection import (
    BASIS_EVEN,
    BASIS_HABIT,
    BASIS_WORKING_DAYS,
)
from custom_components.claude_pulse.platforms import CALENDAR
from custom_components.claude_pulse.polling import issues
from custom_components.claude_pulse.sensor import (
    CONNECTION,
    FURTHER_SENSORS,
    SEAT_SENSORS,
    SERVICE_STATUS,
    WINDOW_SENSORS,
)
from texts.build import TextError, build, leaves

from .common import TEN_KEYS
from .features import needs

ROOT = Path(__file__).parents[1]
PACKAGE = Path(validation.__file__).parent
ENGLISH = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS = json.loads((PACKAGE / "icons.json").read_text())
LANGUAGES = sorted((PACKAGE / "translations").glob("*.json"))

# The reasons to abort a flow of an entry that cannot be changed.
GONE = ("entry_removed", "migration_failed")

# The limits by the prefix of their keys.
LIMITS = {
    "session": SESSION,
    "weekly": WEEKLY,
    "model": Identity("weekly_scoped", "x"),
    "window": Identity("x"),
    "extra": SPEND,
}
FIXED_KEYS = [f"{window.key}_{item.key}" for window, item in WINDOW_SENSORS]
FIXED_KEYS += [item.key for item in SEAT_SENSORS]
FIXED_KEYS += [f"{window.key}_{item.key}" for window, item in FURTHER_SENSORS]
MODEL_KEYS = [
    f"{prefix}_{key}"
    for prefix in ("model", "window")
    for key in ("usage", "resets_at", "pace", "projected_usage", "runs_out_at")
]
FORECAST_LIMITS = ("session", "weekly", "model", "window")
ACCOUNT_KEYS = [
    "extra_usage",
    "extra_usage_spent",
    "extra_usage_limit",
    "extra_usage_status",
    "prepaid_balance",
    "saved_resets",
    "saved_reset_expires_at",
]
POOL_KEYS = ["pool_used", "pool_limit", "pool_remaining", "pool_expires_at"]
STATUS_KEYS = [CONNECTION.key, SERVICE_STATUS.key]
BINARY_KEYS = [LIMIT_REACHED.key, "weekly_lasts"]
MODEL_BINARY_KEYS = ["model_limit_reached", "window_limit_reached"]
# Errors in the session key field itself, which only forms with this field can have.
KEY_ERRORS = {"api_key", "invalid_key_format", "key_cut", "oauth_token"}


def error_keys(base: type[errors.ClaudeAiError]) -> Iterator[str]:
    """Yield the keys of all errors of the client."""
    for error in base.__subclasses__():
        yield error.key
        yield from error_keys(error)


SENSOR_KEYS = [*FIXED_KEYS, *MODEL_KEYS, *ACCOUNT_KEYS, *POOL_KEYS, *STATUS_KEYS]

CLIENT_ERRORS = set(error_keys(errors.ClaudeAiError))


def test_every_entity_has_a_name_and_an_icon() -> None:
    """The ten sensors come first, and a state icon differs from the default icon."""
    assert tuple(FIXED_KEYS[:10]) == TEN_KEYS
    for entities in (ENGLISH["entity"], ICONS["entity"]):
        assert list(entities["sensor"]) == SENSOR_KEYS
        assert entities["binary_sensor"].keys() == {*BINARY_KEYS, *MODEL_BINARY_KEYS}
        assert entities["calendar"].keys() == {CALENDAR}
        assert entities["event"].keys() == {
            f"{prefix}_events" for prefix in (*LIMITS, "saved_resets", "account")
        }
    for icons in ICONS["entity"].values():
        for icon in icons.values():
            assert icon["default"].startswith("mdi:")
            assert icon["default"] not in icon.get("state", {}).values()


@pytest.mark.parametrize(
    "sensor", [CONNECTION, SERVICE_STATUS, SPEND_STATUS], ids=lambda item: item.key
)
def test_every_state_has_a_text_and_an_icon(sensor: Any) -> None:
    """Only the normal state has the default icon."""
    texts, icons = (item["entity"]["sensor"][sensor.key] for item in (ENGLISH, ICONS))
    assert texts["state"].keys() == set(sensor.options)
    assert icons["state"].keys() == set(sensor.options) - {"active", "up_to_date"}


def test_every_attribute_of_a_state_has_a_name() -> None:
    """Each basis of a projection has a name, too."""
    named = {
        key: texts["state_attributes"].keys()
        for platform in ("binary_sensor", "sensor")
        for key, texts in ENGLISH["entity"][platform].items()
        if "state_attributes" in texts
    }
    assert named == {
        "weekly_lasts": {"confidence"},
        CONNECTION.key: {"last_update"},
        "saved_resets": {"grants"},
        **{f"{prefix}_pace": {"expected"} for prefix in FORECAST_LIMITS},
        **{
            f"{prefix}_projected_usage": {"basis", "high", "low", "weeks"}
            for prefix in FORECAST_LIMITS
        },
    }
    for prefix in FORECAST_LIMITS:
        texts = ENGLISH["entity"]["sensor"][f"{prefix}_projected_usage"]
        bases = texts["state_attributes"]["basis"]["state"].keys()
        assert bases == {BASIS_EVEN, BASIS_HABIT, BASIS_WORKING_DAYS}


@pytest.mark.parametrize("prefix", LIMITS)
def test_every_event_has_a_text_and_an_icon(prefix: str) -> None:
    """All limits use the same words for an event type."""
    key, types = f"{prefix}_events", list(model.types_of(LIMITS[prefix]))
    texts, icons = (
        item["entity"]["event"][key]["state_attributes"] for item in (ENGLISH, ICONS)
    )
    attributes = {field.name for field in fields(model.UsageEvent)} - {
        "lifted",
        "type",
        "window",
    }
    if prefix != "model":
        attributes.remove("binding")
    assert texts.keys() == attributes | {"event_type", "percent", "resets_at"}
    assert list(texts["event_type"]["state"]) == types
    assert list(icons["event_type"]["state"]) == types
    weekly = ENGLISH["entity"]["event"]["weekly_events"]["state_attributes"]
    words = weekly["event_type"]["state"]
    assert texts["event_type"]["state"].items() <= words.items()


@pytest.mark.parametrize(
    ("prefix", "event"),
    [
        (
            "saved_resets",
            model.SavedResetEvent(Grant(None, None, None, 1), "saved_reset_granted"),
        ),
        ("account", model.AccountEvent("key_expired")),
    ],
)
def test_events_that_are_not_of_a_limit_have_texts_and_icons(
    prefix: str, event: model.Event
) -> None:
    """They have types and attributes of their own."""
    texts, icons = (
        item["entity"]["event"][f"{prefix}_events"]["state_attributes"]
        for item in (ENGLISH, ICONS)
    )
    types = list(model.types_of(event.identity))
    assert event.type in types
    assert list(texts["event_type"]["state"]) == types
    assert list(icons["event_type"]["state"]) == types
    assert texts.keys() == {"event_type", *event.as_dict()}


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        ("triggers", list(TRIGGER_TYPES)),
        ("conditions", ["has_left", "will_last"]),
    ],
)
def test_triggers_and_conditions_have_texts_and_icons(
    platform: str, names: list[str]
) -> None:
    """The automation editor and the device offer the same triggers."""
    texts = ENGLISH[platform]
    described = yaml.safe_load((PACKAGE / f"{platform}.yaml").read_text())
    assert list(described) == list(texts) == list(ICONS[platform]) == names
    for name in names:
        options = described[name].get("fields", {})
        assert options.keys() == texts[name].get("fields", {}).keys()
    if platform == "triggers":
        device_automation = ENGLISH["device_automation"]
        assert set(device_automation["trigger_type"]) == set(names)
        assert set(device_automation["extra_fields"]) == {"above"}


@needs("own_automation")
def test_described_triggers_and_conditions_exist() -> None:
    """Home Assistant offers exactly those with a description."""
    from custom_components.claude_pulse.automation.usage_conditions import CONDITIONS
    from custom_components.claude_pulse.automation.usage_triggers import TRIGGERS

    assert TRIGGERS.keys() == ENGLISH["triggers"].keys()
    assert CONDITIONS.keys() == ENGLISH["conditions"].keys()


def test_every_error_has_a_text() -> None:
    """All forms use the same words for an error."""
    form_errors = set(
        re.findall(r'FormError\(\s*"(\w+)"', Path(validation.__file__).read_text())
    )
    assert form_errors == {"already_configured", "no_usable_org", "wrong_account"}
    texts = ENGLISH["config"]["error"]
    assert texts.keys() == {*CLIENT_ERRORS, *form_errors, "unknown"}
    options = dict(ENGLISH["options"]["error"])
    assert options.pop("invalid_threshold")
    assert options == texts
    of_actions = set(
        re.findall(r'translation_key="(\w+)"', (PACKAGE / "services.py").read_text())
    )
    own = {"no_statistics", "unknown_account", "unknown_event"}
    assert of_actions == {*own, "cannot_connect"}
    assert ENGLISH["exceptions"].keys() == CLIENT_ERRORS - KEY_ERRORS | of_actions


def test_every_reason_to_abort_a_flow_has_a_text() -> None:
    """An entry that was removed or not migrated has the same text in all flows."""
    config, options = ENGLISH["config"]["abort"], ENGLISH["options"]["abort"]
    done = {"reauth_successful", "reconfigure_successful"}
    assert config.keys() == {"already_configured", *GONE, *done}
    assert options == {key: config[key] for key in GONE}


def test_every_issue_has_a_text() -> None:
    """An issue has a description or a fix flow, which uses the words of the forms."""
    texts, all_errors = ENGLISH["issues"], ENGLISH["config"]["error"]
    gone = {key: ENGLISH["config"]["abort"][key] for key in GONE}
    assert texts.keys() == {*issues.Issue, "old_copies"}
    for issue in texts.values():
        assert issue["title"]
        assert ("description" in issue) != ("fix_flow" in issue)

    flow = texts["key_expires"]["fix_flow"]
    assert flow["error"] == all_errors
    assert flow["abort"] == gone

    flow = texts["organization"]["fix_flow"]
    expected = {key: text for key, text in all_errors.items() if key not in KEY_ERRORS}
    expected["invalid_auth"] = flow["error"]["invalid_auth"]
    assert flow["error"] == expected
    # Errors of the form's own field do not occur while the organizations are listed.
    for key in ("already_configured", "invalid_org_id", "org_not_found"):
        del expected[key]
    del expected["unknown"], expected["wrong_account"]
    assert flow["abort"] == expected | gone


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_every_language_has_the_same_keys(path: Path) -> None:
    """A language has every text, with the same placeholders."""

    def placeholders(tree: dict[str, Any]) -> dict[str, set[str]]:
        """Return the placeholders of each text."""
        return {key: set(re.findall(r"{\w+}", text)) for key, text in leaves(tree)}

    assert placeholders(json.loads(path.read_text())) == placeholders(ENGLISH)


REFERENCE = "[%key:component::claude_pulse::{}%]"


def test_build_resolves_references() -> None:
    """A reference can be a part of a text, and can lead to another reference."""
    source = {
        "common": {"yes": "Yes"},
        "first": {"on": REFERENCE.format("common::yes")},
        "second": {"text": REFERENCE.format("first::on") + ", it is."},
    }
    assert build(source) == {"first": {"on": "Yes"}, "second": {"text": "Yes, it is."}}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"a": {"b": "Yes", "c": "Yes"}},
            '"Yes" occurs twice. .* a::c with .*::a::b%]',
        ),
        ({"a": "Yes", "common": {"no": "No"}}, "common::no is not used"),
        ({"a": REFERENCE.format("b")}, "a refers to b, which does not exist"),
        ({"a": REFERENCE.format("a")}, "a refers to itself"),
        ({"a": "[%key:common::state::yes%]"}, "a contains an invalid reference"),
    ],
)
def test_build_rejects_a_mistake(source: dict[str, Any], message: str) -> None:
    """The message names the text."""
    with pytest.raises(TextError, match=message):
        build(source)


def test_security_names_existing_tests() -> None:
    """SECURITY.md refers to test files that exist."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert len(files) > 10
    assert [name for name in files if not (ROOT / name).is_file()] == []
