"""The files of texts: another language, parts of one, and broken files."""

from __future__ import annotations

import json
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from custom_components.claude_pulse.language import texts as texts_module
from custom_components.claude_pulse.language.clock import Clock
from custom_components.claude_pulse.language.texts import Texts, async_texts
from custom_components.claude_pulse.messages.compose import compose
from homeassistant.core import HomeAssistant

from .test_compose import ENGLISH, NOW, leaves, session

PLACEHOLDERS = {
    "until",
    "total",
    "of_limit",
    "limits",
    "Limit",
    "in_limit",
    "duration",
    "currency",
    "answer",
    "amount",
    "accounts",
    "account",
    "automation",
    "available_at",
    "before",
    "budget",
    "date",
    "day",
    "expires_at",
    "left",
    "limit",
    "month",
    "name",
    "number",
    "percent",
    "reason",
    "resets_at",
    "runs_out_at",
    "since",
    "time",
    "title",
    "used",
}
GERMAN = {
    "percent": "{number} %",
    "limit": {"session": "Sitzungslimit"},
    "event": {
        "reset": {"title": "{limit} zurückgesetzt", "message": "{before} waren weg."}
    },
}
IN_GERMAN = "Sitzungslimit zurückgesetzt | 40 % waren weg."
IN_ENGLISH = "Session limit reset | 40% was used."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Read texts from a directory with an English file only."""
    (tmp_path / "en.json").write_text(json.dumps(ENGLISH), "utf-8")
    monkeypatch.setattr(texts_module, "_DIRECTORY", tmp_path)
    return tmp_path


async def reset_in(hass: HomeAssistant, language: str) -> str:
    """Return the message for a reset in a language."""
    message = compose(session("reset"), await async_texts(hass, language, Clock(NOW)))
    assert message is not None
    return f"{message.title} | {message.message}"


@pytest.mark.parametrize(
    "path", sorted(Path(texts_module.__file__).parent.rglob("*.json"))
)
def test_every_file_has_the_same_texts(path: Path) -> None:
    """A language has all texts, and only placeholders of the English one."""
    texts = json.loads(path.read_text("utf-8"))
    assert texts_module._completed(texts, ENGLISH) == texts


def test_placeholders() -> None:
    """Every placeholder is known, and used."""
    texts = [text for _, text in leaves(ENGLISH)]
    used = {name for text in texts for _, name, _, _ in Formatter().parse(text)}
    assert used - {None} == PLACEHOLDERS


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", IN_GERMAN),
        # The base language.
        ("de-CH", IN_GERMAN),
        ("en", IN_ENGLISH),
        ("en-GB", IN_ENGLISH),
        ("fr", IN_ENGLISH),
    ],
)
async def test_language(
    hass: HomeAssistant, folder: Path, language: str, expected: str
) -> None:
    """The language of Home Assistant, or else English."""
    (folder / "de.json").write_text(json.dumps(GERMAN), "utf-8")
    assert await reset_in(hass, language) == expected


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "{}",
        '{"percent": 1, "event": [], "limit": null, "time": {"days": "x"}}',
        '{"event": {"reset": {"title": "{limit} {name}", "message": "{"}}}',
        '{"event": {"reset": {"title": "{}", "message": "{before.real}"}}}',
    ],
)
async def test_broken_file(hass: HomeAssistant, folder: Path, content: str) -> None:
    """A text that is missing or not valid is replaced by the English one."""
    (folder / "de.json").write_text(content, "utf-8")
    assert await reset_in(hass, "de") == IN_ENGLISH


async def test_file_that_is_no_text(hass: HomeAssistant, folder: Path) -> None:
    """A file in another encoding is ignored."""
    (folder / "de.json").write_bytes(b"\xff\xfe")
    assert await reset_in(hass, "de-DE") == IN_ENGLISH


@pytest.mark.parametrize("names", ["days", "months"])
def test_wrong_number_of_days(names: str) -> None:
    """A list with another length is replaced by the English one."""
    texts: dict[str, Any] = {"time": {names: ["Montag"]}}
    assert texts_module._completed(texts, ENGLISH) == ENGLISH


def test_missing_text() -> None:
    """A text of another name is not there."""
    texts = Texts(ENGLISH, Clock(NOW))
    assert texts.get("addition", "unknown") is None
    assert texts.get("event", "unknown", "title") is None
