"""The rules of hassfest, of the HACS action and of the quality scale.

Neither tool runs here: they are images of Home Assistant and HACS, which GitHub runs in the
workflow Validate. hassfest checks only the English texts.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
import struct
from typing import Any

import pytest
import yaml

from custom_components import claude_pulse
from homeassistant import components
from homeassistant.generated import languages
from homeassistant.helpers import selector
from texts.build import leaves

from .features import needs

PACKAGE = Path(claude_pulse.__file__).parent
ROOT = PACKAGE.parents[1]
CORE = Path(components.__file__).parent
LANGUAGES = sorted((PACKAGE / "translations").glob("*.json"))

# The tiers of the quality scale, in the order of its files.
TIERS = ("bronze", "silver", "gold", "platinum")


def read(name: str) -> Any:
    """Return the content of a JSON or YAML file of the package."""
    return yaml.safe_load((PACKAGE / name).read_text(encoding="utf-8"))


MANIFEST = read("manifest.json")
ENGLISH = read("translations/en.json")
ICONS = read("icons.json")
RULES = read("quality_scale.yaml")["rules"]


def test_manifest() -> None:
    """The keys are known and in order, and the addresses are on GitHub."""
    keys = list(MANIFEST)
    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert set(keys) == {
        *("after_dependencies", "codeowners", "config_flow", "documentation", "domain"),
        *("integration_type", "iot_class", "issue_tracker", "name", "requirements"),
        "version",
    }
    assert MANIFEST["domain"] == PACKAGE.name
    assert MANIFEST["name"] == ENGLISH.get("title", "Claude Pulse")
    assert MANIFEST["requirements"] == []
    assert MANIFEST["codeowners"] != []
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://github.com/")


def test_optional_dependencies_are_set_up_first() -> None:
    """The manifest lists the integrations that the code imports."""
    used = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r"homeassistant\.components\.(\w+)", path.read_text())
    }
    # Home Assistant has these always, or loads them for our platforms.
    always = {"binary_sensor", "calendar", "diagnostics", "event", "repairs", "sensor"}
    always |= {"device_automation", "homeassistant", "llm", "system_health"}
    assert used - always <= set(MANIFEST["after_dependencies"])
    assert "recorder" in used


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_texts(path: Path) -> None:
    """Texts contain no markup and no URL, and only form fields have descriptions."""
    texts = json.loads(path.read_text(encoding="utf-8"))
    assert path.stem in languages.LANGUAGES
    for key, text in leaves(texts):
        for name in key.split("::"):
            assert re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", name), key
        assert text, key
        assert text == text.strip(), key
        assert not re.search(r"(?i)\w+://|www\.|<[a-z/]|'{\w+}'|\[%", text), key
        assert path.stem != "en" or not re.search(r"\d %", text), key
    for step in _steps(texts):
        assert step.get("data_description", {}).keys() <= step.get("data", {}).keys()


def _steps(texts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the texts of all pages of forms."""
    flows = [texts["config"], texts["options"]]
    flows += [
        issue["fix_flow"] for issue in texts["issues"].values() if "fix_flow" in issue
    ]
    for flow in flows:
        yield from flow["step"].values()


@pytest.mark.parametrize(
    ("name", "icon"),
    [("services", "service"), ("triggers", "trigger"), ("conditions", "condition")],
)
def test_descriptions(name: str, icon: str) -> None:
    """Each action, trigger and condition has texts, an icon and valid selectors."""
    described, texts, icons = read(f"{name}.yaml"), ENGLISH[name], ICONS[name]
    assert described.keys() == texts.keys() == icons.keys()
    for key, content in described.items():
        assert {"description", "name"} <= texts[key].keys()
        assert icons[key].keys() == {icon}
        fields = (content or {}).get("fields", {})
        assert fields.keys() == texts[key].get("fields", {}).keys()
        for field, options in fields.items():
            assert {"name"} <= texts[key]["fields"][field].keys()
            selector.validate_selector(options["selector"])


def _icons(tree: Any) -> Iterator[str]:
    """Yield all icons."""
    if isinstance(tree, str):
        yield tree
    else:
        for item in tree.values():
            yield from _icons(item)


def test_icons_exist() -> None:
    """The frontend of this version has all icons."""
    import hass_frontend

    files = Path(hass_frontend.__file__).parent / "static" / "mdi"
    known = {item["name"] for item in json.loads((files / "iconList.json").read_text())}
    used = set(_icons(ICONS))
    assert len(used) > 30
    assert [
        icon for icon in sorted(used) if icon.removeprefix("mdi:") not in known
    ] == []
    assert all(icon.startswith("mdi:") for icon in used)


@pytest.mark.parametrize("theme", ["", "dark_"])
@pytest.mark.parametrize("scale", [1, 2])
def test_brand_images(theme: str, scale: int) -> None:
    """The images have the sizes that Home Assistant's brands have."""

    def size(name: str) -> tuple[int, int]:
        """Return width and height of an image."""
        suffix = "@2x" if scale == 2 else ""
        content = (PACKAGE / "brand" / f"{theme}{name}{suffix}.png").read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", content[16:24])
        return width, height

    assert size("icon") == (256 * scale, 256 * scale)
    width, height = size("logo")
    assert 128 * scale <= height <= 256 * scale
    assert width >= height


def test_hacs() -> None:
    """HACS and the Marketplace find one integration, its name and its oldest version."""
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert hacs == {"name": MANIFEST["name"], "homeassistant": "2024.1.0"}
    assert [
        path.parent.name for path in ROOT.glob("custom_components/*/manifest.json")
    ] == [MANIFEST["domain"]]


def _status(rule: Any) -> str:
    """Return the status of a rule."""
    return str(rule["status"] if isinstance(rule, dict) else rule)


def test_rules_are_explained() -> None:
    """A rule is done, or has a reason."""
    for name, rule in RULES.items():
        assert _status(rule) in {"done", "exempt", "todo"}, name
        if isinstance(rule, dict):
            assert rule.keys() == {"status", "comment"}, name
            assert len(rule["comment"].split()) > 4, name
        else:
            assert rule == "done", name


@needs("quality_scale")
def test_rules_are_those_of_home_assistant() -> None:
    """The file has exactly the rules of Home Assistant's own integrations."""
    core = yaml.safe_load((CORE / "pvoutput" / "quality_scale.yaml").read_text())
    assert RULES.keys() == core["rules"].keys()
    assert len(RULES) == 54


def test_badge() -> None:
    """README has a badge of the highest tier whose rules are all met."""
    text = (PACKAGE / "quality_scale.yaml").read_text(encoding="utf-8")
    headings = re.split(r"^  # (\w+)$", text, flags=re.MULTILINE)[1:]
    reached = "none"
    for tier, rules in zip(headings[::2], headings[1::2], strict=True):
        names = re.findall(r"^  ([a-z-]+):", rules, re.MULTILINE)
        if any(_status(RULES[name]) == "todo" for name in names):
            break
        reached = tier.lower()
    assert tuple(tier.lower() for tier in headings[::2]) == TIERS
    badges = re.findall(r"quality_scale-([a-z]+)_", (ROOT / "README.md").read_text())
    assert badges == [reached]
