"""Every language: the same texts as English, complete, and nothing left in English."""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

from homeassistant.helpers import entity_registry as er

from .common import Claude

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "custom_components" / "claude_pulse"
# The integration, messages and answers, and the card.
KINDS = {
    "integration": PACKAGE / "translations",
    "language": PACKAGE / "language",
    "card": ROOT / "frontend" / "src" / "texts",
}
LANGUAGES = sorted(path.stem for path in KINDS["integration"].glob("*.json"))
OTHERS = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"{(\w+)}")
PLURALS = {"zero", "one", "two", "few", "many", "other"}
# Names of a limit and of its reset that a sentence can choose from.
FREE = {"limit", "Limit", "of_limit", "in_limit", "until", "resets_at"}
# A text may be this much longer than the English one.
LONGER, AT_LEAST = 2, 44


def texts(kind: str, language: str) -> Any:
    """Return the content of a file. Of the card's plural forms, it has `other` only."""
    content = json.loads((KINDS[kind] / f"{language}.json").read_text("utf-8"))
    if kind != "card":
        return content
    forms = tuple(f"_{form}" for form in PLURALS - {"other"})
    return {key: text for key, text in content.items() if not key.endswith(forms)}


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with its path. Of plural forms, it is `other`."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, list):
        for number, item in enumerate(tree):
            yield from leaves(item, f"{path}/{number}")
    elif "other" in tree and tree.keys() <= PLURALS:
        yield from leaves(tree["other"], path)
    else:
        for key, item in tree.items():
            yield from leaves(item, f"{path}/{key}")


def placeholders(text: str) -> set[str]:
    """Return the names of the values in a text."""
    return {*PLACEHOLDER.findall(text)}


def test_languages() -> None:
    """Each language has texts of each kind."""
    for directory in KINDS.values():
        assert sorted(path.stem for path in directory.glob("*.json")) == LANGUAGES


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_same_texts(kind: str, language: str) -> None:
    """A language has the texts and the placeholders of English."""
    english, other = (
        dict(leaves(texts(kind, "en"))),
        dict(leaves(texts(kind, language))),
    )
    assert other.keys() == english.keys()
    wrong = {
        path: (english[path], text)
        for path, text in other.items()
        if (not text.strip() and english[path].strip())
        or placeholders(text) - FREE != placeholders(english[path]) - FREE
    }
    assert wrong == {}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_in_english(kind: str, language: str) -> None:
    """Texts that have words are translated, except a few that are the same."""
    english = dict(leaves(texts(kind, "en")))
    same = [
        path
        for path, text in leaves(texts(kind, language))
        if text == english[path]
        and len(re.findall(r"[a-z]{2,}", PLACEHOLDER.sub("", text))) > 1
        # A name and a value.
        and not re.fullmatch(r"claude\.ai: {\w+}", text)
        and "://" not in text
    ]
    assert same == []


@pytest.mark.parametrize("language", OTHERS)
def test_length(language: str) -> None:
    """Names, states and the card's texts have limited places."""
    wrong = {}
    for kind, in_place in (
        ("integration", re.compile(r"/entity/|/title$|/name$|/state/")),
        ("card", re.compile("")),
    ):
        english = dict(leaves(texts(kind, "en")))
        wrong |= {
            path: text
            for path, text in leaves(texts(kind, language))
            if in_place.search(path)
            and len(text) > max(LONGER * len(english[path]), AT_LEAST)
        }
    assert wrong == {}


@pytest.mark.smoke
@pytest.mark.parametrize("language", ["de", "pl", "ja"])
async def test_entity_ids(claude: Claude, language: str) -> None:
    """Entities have translated names and the same IDs in every language."""
    registry = er.async_get(claude.hass)
    await claude.entry()
    expected = {
        item.unique_id.partition("_")[2]: item.entity_id
        for item in registry.entities.values()
    }
    (entry,) = claude.hass.config_entries.async_entries("claude_pulse")
    await claude.hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()
    claude.hass.config.language = language
    await claude.entry()
    entities = [*registry.entities.values()]
    assert {
        item.unique_id.partition("_")[2]: item.entity_id for item in entities
    } == expected
    (usage,) = (item for item in entities if item.entity_id.endswith("_weekly_usage"))
    assert usage.original_name != "Weekly usage"
