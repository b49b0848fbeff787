"""The sentences of a language, with their numbers and times.

A JSON file has these kinds of texts:

| Kind | Example |
| --- | --- |
| a sentence with placeholders | `{limit} resets {resets_at}.` |
| the sentence to use if a value, usually a time, is missing | `title_without_time`: `{limit} runs out before its reset` |
| one for each plural category of CLDR | `{"one": "{number} day", "other": "{number} days"}` |
| the names of a limit, each for a place in a sentence | `{"limit": "the week", "of_limit": "of the week"}` |

A translation can use another placeholder than the English sentence, if it has the same meaning:
`{limit}`, `{Limit}`, `{of_limit}` and `{in_limit}` are forms of one name, and `{resets_at}` and
`{until}` are one time, the latter as it is said after the word "until".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
import json
from pathlib import Path
from string import Formatter
from typing import Any

from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from .clock import Clock

_DIRECTORY = Path(__file__).parent
_ENGLISH = "en"
_ONE, _OTHER = "one", "other"
_SINCE = "since"
_DATA = f"{DOMAIN}_texts"

_NAMES = frozenset(("limit", "Limit", "of_limit", "in_limit"))
# A translation can use any value of a group instead of the one in the English sentence.
_GROUPS = (_NAMES, frozenset(("until", "resets_at")))

# Readers of traditional Chinese read English rather than the simplified one.
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


class Texts:
    """The texts of a language, and how a person reads times."""

    def __init__(self, texts: Mapping[str, Any], clock: Clock) -> None:
        """Initialize with the content of a file."""
        self._clock = clock
        self._texts = texts

    def get(self, *path: str, **values: str | None) -> str | None:
        """Return a text with its values inserted, or None if there is no such text.

        If a value of the text is missing, the text whose key has the suffix `_without_time` is
        used instead.
        """
        *parents, key = path
        texts = self._part(parents)
        for name in (key, f"{key}_without_time"):
            text: str | None = texts.get(name)
            if text and all(values.get(item) for item in _placeholders(text)):
                return text.format(**values)
        return None

    def count(self, *path: str, number: int, **values: str | None) -> str:
        """Return a text with a number in its plural category.

        If a value is missing, another text is used, as in `get`. The result is empty if there is
        no such text.
        """
        *parents, key = path
        for name in (key, f"{key}_without_time"):
            forms = self._part((*parents, name))
            category = _category(self._texts.get("plural", ""), number)
            form = category if category in forms else _OTHER
            text = self.get(*parents, name, form, number=str(number), **values)
            if text is not None:
                return text
        return ""

    def names(self, *path: str, name: str | None = None) -> dict[str, str]:
        """Return the names of a limit for each place in a sentence."""
        return {place: self.get(*path, place, name=name) or "" for place in _NAMES}

    def number(self, number: float) -> str:
        """Return a number with at most one decimal."""
        shown = round(number, 1)
        whole = int(shown)
        return self.decimal(str(whole if whole == shown else shown))

    def decimal(self, number: str) -> str:
        """Return a number with the decimal separator of the language."""
        return number.replace(".", self.get("decimal") or ".")

    def percent(self, number: float | None) -> str | None:
        """Return a percentage with at most one decimal."""
        if number is None:
            return None
        return self.get("percent", number=self.number(number))

    def at(self, moment: datetime | None, kind: str = "") -> str | None:
        """Return a time as `at 15:40`, `on Thursday at 15:40` or `on 3 December at 15:40`.

        The kind `expected` is a time that is not exact, `until` a time that follows "until",
        and `since` a time in the past. A day of the week is always one of the six days
        after today, or before it.
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

    def duration(self, moment: datetime) -> str:
        """Return the time until a moment in its two largest units."""
        now = self._clock.now
        minutes = max(1, round((moment - now).total_seconds() / 60))
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        counts = {"day": days, "hour": hours, "minute": 0 if days else minutes}
        return self.join(
            self.count("duration", unit, number=count)
            for unit, count in counts.items()
            if count
        )

    def join(self, parts: Iterable[str], key: str = "space") -> str:
        """Return sentences or names after each other."""
        separator: str = self._texts.get(key, " ")
        return separator.join(parts)

    def _part(self, path: Iterable[str]) -> Any:
        """Return a part of the file."""
        texts: Any = self._texts
        for key in path:
            texts = texts.get(key, {})
        return texts


async def async_texts(hass: HomeAssistant, language: str, clock: Clock) -> Texts:
    """Return the texts of a language, or in English."""
    loaded: dict[str, Mapping[str, Any]] = hass.data.setdefault(_DATA, {})
    if language not in loaded:
        loaded[language] = await hass.async_add_executor_job(_load, language)
    return Texts(loaded[language], clock)


def closest(language: str, known: Iterable[str]) -> str:
    """Return the known language that is closest to another one, or English."""
    wanted = language.replace("_", "-").lower()
    if wanted.startswith(_TRADITIONAL):
        return _ENGLISH
    by_name = {name.lower(): name for name in sorted(known)}
    base = wanted.partition("-")[0]
    for name in (wanted, base, *by_name):
        if name in by_name and name.partition("-")[0] == base:
            return by_name[name]
    return _ENGLISH


def _category(rule: str, number: int) -> str:
    """Return the plural category of a whole number."""
    last, last_two = number % 10, number % 100
    is_few = last in (2, 3, 4) and last_two not in (12, 13, 14)
    if rule == "polish":
        return _ONE if number == 1 else "few" if is_few else "many"
    if rule == "ukrainian":
        is_one = last == 1 and last_two != 11
        return _ONE if is_one else "few" if is_few else "many"
    if rule == "czech":
        return _ONE if number == 1 else "few" if number in (2, 3, 4) else _OTHER
    if rule == "french":
        return _ONE if number in (0, 1) else _OTHER
    return _ONE if number == 1 else _OTHER


def _load(language: str) -> Any:
    """Return the texts of the closest language, completed by the English ones."""
    english = _read(_ENGLISH)
    name = closest(language, [path.stem for path in _DIRECTORY.glob("*.json")])
    try:
        return _completed(_read(name), english)
    except (OSError, ValueError):
        return english


def _read(language: str) -> Any:
    """Return the content of a file. Raises OSError or ValueError."""
    return json.loads((_DIRECTORY / f"{language}.json").read_text("utf-8"))


def _completed(texts: Any, english: Any) -> Any:
    """Return texts, with the English one for each that is missing or not valid."""
    if isinstance(english, Mapping):
        known = texts if isinstance(texts, Mapping) else {}
        # A language has its own plural categories.
        if english.keys() == {_ONE, _OTHER} and _OTHER in known:
            english = dict.fromkeys(known, english[_OTHER])
        return {key: _completed(known.get(key), item) for key, item in english.items()}
    if isinstance(english, list):
        is_valid = isinstance(texts, list) and len(texts) == len(english)
        return [*map(_completed, texts, english)] if is_valid else english
    try:
        is_valid = isinstance(texts, str) and _placeholders(texts) <= _allowed(english)
    except ValueError:
        is_valid = False
    return texts if is_valid else english


def _allowed(english: str) -> set[str]:
    """Return the names of the values that a translation of a text can use."""
    names = _placeholders(english)
    return names.union(*(group for group in _GROUPS if names & group))


def _placeholders(text: str) -> set[str]:
    """Return the names of the values that a text needs. Raises ValueError."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
