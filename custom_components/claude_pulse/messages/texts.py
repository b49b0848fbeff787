"""The texts of messages in one language, and their numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
import json
from pathlib import Path
from string import Formatter
from typing import Any

from homeassistant.core import HomeAssistant

from ..clock import Clock
from ..const import DOMAIN

_DIRECTORY = Path(__file__).parent / "texts"
_ENGLISH = "en"
_SINCE = "since"
_DATA = f"{DOMAIN}_message_texts"


class Texts:
    """The texts of a language, from `texts/*.json`, and how a person reads times."""

    def __init__(self, texts: Mapping[str, Any], clock: Clock) -> None:
        """Initialize with the content of a file."""
        self._clock = clock
        self._texts = texts

    def get(self, *path: str, **values: str | None) -> str | None:
        """Return a text with its values inserted, or None if there is no such text.

        A text of which a value is missing is replaced by that with `_without_time` after
        its key.
        """
        *parents, key = path
        texts: Any = self._texts
        for parent in parents:
            texts = texts.get(parent, {})
        for name in (key, f"{key}_without_time"):
            text: str | None = texts.get(name)
            if text and all(values.get(item) for item in _placeholders(text)):
                return text.format(**values)
        return None

    def percent(self, number: float | None) -> str | None:
        """Return a percentage with at most one decimal."""
        if number is None:
            return None
        shown = round(number, 1)
        whole = int(shown)
        return self.get("percent", number=str(whole if whole == shown else shown))

    def at(self, moment: datetime | None, kind: str = "") -> str | None:
        """Return a time as `at 15:40`, `on Thursday at 15:40` or `on 3 December at 15:40`.

        The kind `expected` is a time that is not exact, and `since` a time in the past. A
        day of the week is always one of the six days after today, or before it.
        """
        if moment is None:
            return None
        words, now = self._texts["time"], self._clock.now
        local = moment.astimezone(now.tzinfo)
        days = (local.date() - now.date()).days * (-1 if kind == _SINCE else 1)
        form = "today" if days == 0 else "this_week" if 0 < days < 7 else "later"
        month = words["months"][local.month - 1]
        return self.get(
            "time",
            f"{kind}_{form}" if kind else form,
            time=self._clock.time(moment),
            day=words["days"][local.weekday()],
            date=self.get("time", "date", day=str(local.day), month=month),
        )


async def async_texts(hass: HomeAssistant, clock: Clock) -> Texts:
    """Return the texts in Home Assistant's language, or in English."""
    language = hass.config.language
    loaded: dict[str, Mapping[str, Any]] = hass.data.setdefault(_DATA, {})
    if language not in loaded:
        loaded[language] = await hass.async_add_executor_job(_load, language)
    return Texts(loaded[language], clock)


def _load(language: str) -> Any:
    """Return the texts of a language or its base language, completed by the English ones."""
    english = _read(_ENGLISH)
    for name in (language, language.partition("-")[0]):
        try:
            return _completed(_read(name), english)
        except (OSError, ValueError):
            continue
    return english


def _read(language: str) -> Any:
    """Return the content of a file. Raises OSError or ValueError."""
    return json.loads((_DIRECTORY / f"{language}.json").read_text("utf-8"))


def _completed(texts: Any, english: Any) -> Any:
    """Return texts, with the English one for each that is missing or not valid."""
    if isinstance(english, Mapping):
        known = texts if isinstance(texts, Mapping) else {}
        return {key: _completed(known.get(key), item) for key, item in english.items()}
    if isinstance(english, list):
        is_valid = isinstance(texts, list) and len(texts) == len(english)
        return [*map(_completed, texts, english)] if is_valid else english
    try:
        is_valid = isinstance(texts, str) and _placeholders(texts) <= _placeholders(
            english
        )
    except ValueError:
        is_valid = False
    return texts if is_valid else english


def _placeholders(text: str) -> set[str]:
    """Return the names of the values that a text needs. Raises ValueError."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
