"""Every key of a text or an icon has one, and every one has a key."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.claude_pulse import config_flow
from custom_components.claude_pulse.claude_ai import errors
from custom_components.claude_pulse.sensor import SENSORS

from .common import TEN_KEYS

PACKAGE = Path(config_flow.__file__).parent
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


def test_every_sensor_has_a_name_and_an_icon() -> None:
    """Descriptions, names and icons are the same ten, in the same order."""
    assert tuple(description.key for description in SENSORS) == TEN_KEYS
    assert tuple(ENGLISH["entity"]["sensor"]) == TEN_KEYS
    assert tuple(ICONS["entity"]["sensor"]) == TEN_KEYS
    for icon in ICONS["entity"]["sensor"].values():
        assert icon["default"].startswith("mdi:")


def test_every_error_has_a_text() -> None:
    """What the client and the flows raise can be said."""
    of_the_flow = set(
        re.findall(r'_FormError\("(\w+)"\)', Path(config_flow.__file__).read_text())
    )
    assert of_the_flow == {"already_configured", "no_usable_org", "wrong_account"}
    raised = {*error_keys(), *of_the_flow, "unknown"}
    assert set(ENGLISH["config"]["error"]) == raised
    assert set(ENGLISH["options"]["error"]) == raised - {"no_usable_org"}
    told_by_polls = set(error_keys()) - {"api_key", "invalid_key_format", "oauth_token"}
    assert set(ENGLISH["exceptions"]) == told_by_polls


def test_every_error_is_told_in_the_same_words() -> None:
    """The options say what the other forms say."""
    texts = ENGLISH["config"]["error"]
    for key, text in ENGLISH["options"]["error"].items():
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
