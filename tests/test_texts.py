"""Every key of a text or an icon has one, and every one has a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.claude_pulse import config_flow, seat
from custom_components.claude_pulse.binary_sensor import LIMIT_REACHED
from custom_components.claude_pulse.claude_ai import errors
from custom_components.claude_pulse.claude_ai.usage import SESSION, WEEKLY, Identity
from custom_components.claude_pulse.events.detection import Told, types_of
from custom_components.claude_pulse.forecast.projection import (
    BASIS_EVEN,
    BASIS_HABIT,
    BASIS_WORKING_DAYS,
)
from custom_components.claude_pulse.naming import OUR_KEYS
from custom_components.claude_pulse.polling.issues import Issue
from custom_components.claude_pulse.sensor import (
    CONNECTION,
    FURTHER_SENSORS,
    SEAT_SENSORS,
    WINDOW_SENSORS,
)

from .common import TEN_KEYS

PACKAGE = Path(config_flow.__file__).parent
ROOT = Path(__file__).parents[1]
ENGLISH = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS = json.loads((PACKAGE / "icons.json").read_text())
MANIFEST = json.loads((PACKAGE / "manifest.json").read_text())
LANGUAGES = sorted((PACKAGE / "translations").glob("*.json"))


def leaves(
    tree: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each text with the keys that lead to it."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, tree


def error_keys(
    base: type[errors.ClaudeAiError] = errors.ClaudeAiError,
) -> Iterator[str]:
    """Yield the keys of all errors of the client."""
    for error in base.__subclasses__():
        yield error.key
        yield from error_keys(error)


def test_what_stands_beside_a_state_has_a_name() -> None:
    """So has each way to come to a forecast."""
    told = {
        "pace": {"expected"},
        "projected_usage": {"basis", "high", "low", "weeks"},
    }
    named = 0
    for key, texts in ENGLISH["entity"]["sensor"].items():
        for end, attributes in told.items():
            if key.endswith(f"_{end}"):
                named += 1
                assert texts["state_attributes"].keys() == attributes
                if basis := texts["state_attributes"].get("basis"):
                    bases = {BASIS_EVEN, BASIS_HABIT, BASIS_WORKING_DAYS}
                    assert basis["state"].keys() == bases
    assert named == 8
    lasts = ENGLISH["entity"]["binary_sensor"]["weekly_lasts"]
    assert lasts["state_attributes"].keys() == {"confidence"}


def test_every_entity_has_a_name_and_an_icon() -> None:
    """The ten sensors come first; discovered windows have texts of their own."""
    fixed = [
        f"{window.key}_{item.key}" for window, item in WINDOW_SENSORS + FURTHER_SENSORS
    ]
    seat_keys = [item.key for item in SEAT_SENSORS]
    assert (*fixed[:8], *seat_keys) == TEN_KEYS
    discovered = [
        f"{texts}_{key}"
        for texts in ("model", "window")
        for key in ("usage", "resets_at", "pace", "projected_usage", "runs_out_at")
    ]
    money = ["extra_usage", "extra_usage_spent", "extra_usage_limit"]
    money += ["prepaid_balance", "pool_used", "pool_limit"]
    others = [CONNECTION.key, "service_status"]
    sensors = [*TEN_KEYS, *fixed[8:], *discovered, *money, *others]
    binary_sensors = {LIMIT_REACHED.key, "weekly_lasts"}
    binary_sensors |= {"model_limit_reached", "window_limit_reached"}
    ours = {*fixed, *seat_keys, *money[:4], *others, LIMIT_REACHED.key, "weekly_lasts"}
    assert ours | {"session_events", "weekly_events"} == OUR_KEYS
    for told in (ENGLISH["entity"], ICONS["entity"]):
        assert list(told["sensor"]) == sensors
        assert set(told["binary_sensor"]) == binary_sensors
    for platform in ICONS["entity"].values():
        for icon in platform.values():
            assert icon["default"].startswith("mdi:")
            assert icon["default"] not in icon.get("state", {}).values()


def test_everything_that_is_told_has_a_name_and_an_icon() -> None:
    """What can be told of each sort of window, in the same words."""
    windows = {"session": SESSION, "weekly": WEEKLY}
    windows |= {"model": Identity("weekly_scoped", "x"), "window": Identity("x")}
    texts, icons = ENGLISH["entity"]["event"], ICONS["entity"]["event"]
    assert texts.keys() == icons.keys() == {f"{window}_events" for window in windows}
    beside = {field.name for field in fields(Told)} - {"window", "type"}
    beside |= {"event_type", "percent", "resets_at"}
    for window, identity in windows.items():
        key = f"{window}_events"
        told, shown = texts[key]["state_attributes"], icons[key]["state_attributes"]
        assert told.keys() == beside
        assert list(told["event_type"]["state"]) == types_of(identity)
        assert list(shown["event_type"]["state"]) == types_of(identity)
        assert (
            set(types_of(identity))
            <= ENGLISH["device_automation"]["trigger_type"].keys()
        )
        said = texts["weekly_events"]["state_attributes"]["event_type"]["state"]
        assert told["event_type"]["state"].items() <= said.items()


def test_every_error_has_a_text() -> None:
    """What the client and the flows raise can be said."""
    of_the_flow = set(
        re.findall(r'SeatError\(\s*"(\w+)"', Path(seat.__file__).read_text())
    )
    assert of_the_flow == {"already_configured", "no_usable_org", "wrong_account"}
    raised = {*error_keys(), *of_the_flow, "unknown"}
    assert set(ENGLISH["config"]["error"]) == raised
    assert set(ENGLISH["options"]["error"]) == {*raised, "invalid_threshold"}
    told_by_polls = set(error_keys()) - {"api_key", "invalid_key_format", "oauth_token"}
    assert set(ENGLISH["exceptions"]) == told_by_polls


def test_every_issue_has_a_text() -> None:
    """Issues, and whatever can end the fix of one."""
    assert set(ENGLISH["issues"]) == set(Issue)
    fix = ENGLISH["issues"]["organization"]["fix_flow"]
    of_a_key = {"api_key", "invalid_key_format", "oauth_token"}
    errors = set(ENGLISH["config"]["error"]) - of_a_key
    assert set(fix["error"]) == errors
    # What the list of organizations can end in.
    of_a_choice = {"already_configured", "org_not_found", "unknown", "wrong_account"}
    assert set(fix["abort"]) == errors - of_a_choice - {"invalid_org_id"}
    said = {**ENGLISH["config"]["error"], "invalid_auth": fix["abort"]["invalid_auth"]}
    for key, text in (*fix["abort"].items(), *fix["error"].items()):
        assert text == said[key]
    for key, texts in ENGLISH["issues"].items():
        assert texts["title"]
        assert ("description" in texts) != ("fix_flow" in texts), key


def test_links_lead_somewhere() -> None:
    """The headings that the code links to are in the README."""
    readme = (PACKAGE.parents[1] / "README.md").read_text()
    headings = re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    linked = re.findall(
        r"README_URL}#([\w-]+)", (PACKAGE / "polling" / "issues.py").read_text()
    )
    assert linked
    assert anchors.issuperset(linked)


def test_every_error_is_told_in_the_same_words() -> None:
    """The options say what the other forms say."""
    texts = ENGLISH["config"]["error"]
    for key, text in ENGLISH["options"]["error"].items():
        if key != "invalid_threshold":
            assert text == texts[key]


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_every_language_has_the_same_keys(path: Path) -> None:
    """A language is complete, with the same placeholders."""
    texts = dict(leaves(json.loads(path.read_text())))
    english = dict(leaves(ENGLISH))
    assert texts.keys() == english.keys()
    for key, text in texts.items():
        assert set(re.findall(r"{\w+}", text)) == set(
            re.findall(r"{\w+}", english[key])
        )


def test_what_hassfest_asks_of_texts() -> None:
    """No markup, no addresses, no outer spaces, plain keys."""
    for keys, text in leaves(ENGLISH):
        assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in keys)
        assert text == text.strip()
        assert not re.search(r"https?://|<|'{|}'", text)
    for flow in ("config", "options"):
        for step in ENGLISH[flow]["step"].values():
            assert step["data_description"].keys() <= step["data"].keys()


def test_manifest() -> None:
    """The manifest names this integration, and needs nothing."""
    assert MANIFEST["domain"] == PACKAGE.name
    assert MANIFEST["requirements"] == []
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert "home-assistant.io" not in MANIFEST["documentation"]


def test_what_is_used_where_it_is_there_comes_first() -> None:
    """Home Assistant sets it up before, if it does."""
    used = set()
    for path in PACKAGE.rglob("*.py"):
        for name in re.findall(r"homeassistant\.components\.(\w+)", path.read_text()):
            used.add(name)
    # What every Home Assistant has, or loads for our platforms and pages.
    always = {"binary_sensor", "diagnostics", "event", "repairs", "sensor"}
    always |= {"device_automation", "homeassistant", "llm", "system_health"}
    assert used - always <= set(MANIFEST["after_dependencies"])
    assert "recorder" in used


def test_security_names_its_tests() -> None:
    """Each test that SECURITY.md names is there."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    files = [ROOT / name for name in re.findall(r"`(tests/[\w/]+\.py)`", text)]
    names = set(re.findall(r"`(test_\w+)`", text))
    written = "".join(path.read_text(encoding="utf-8") for path in {*files})
    assert len(names) > 20
    assert {name for name in names if f"def {name}(" not in written} == set()
