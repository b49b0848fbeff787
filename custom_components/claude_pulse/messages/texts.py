"""The texts of messages in one language, and their numbers and times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant

from ..clock import Clock
from ..const import DOMAIN

_DIRECTORY = Path(__file__).parent / "texts"
_ENGLISH = "en"
_DATA = f"{DOMAIN}_message_texts"


class Texts:
    """The texts of a language, from `texts/*.json`, and how a person reads times."""

    def __init__(self, texts: Mapping[str, Any], clock: Clock) -> None:
        """Initialize with the content of a file."""
        self._clock = clock
        self._texts = texts

    def get(self, *path: str, **values: str | None) -> str | None:
        """Return a text with its values inserted, or None if there is no such text.

        A text of which a value is None is replaced by that with `_without_time` after
        its key.
        """
        *parents, key = path
        texts: Any = self._texts
        for parent in parents:
            texts = texts.get(parent, {})
        text: str | None = texts.get(key)
        if text is None:
            return None
        if any(
            value is None and f"{{{name}}}" in text for name, value in values.items()
        ):
            text = texts.get(f"{key}_without_time")
        return text and text.format(**values)

    def percent(self, number: float | None) -> str | None:
        """Return a percentage with at most one decimal."""
        if number is None:
            return None
        shown = round(number, 1)
        whole = int(shown)
        return self.get("percent", number=str(whole if whole == shown else shown))

    def at(self, moment: datetime | None, kind: str = "") -> str | None:
        """Return a time as `at 15:40`, `on Thursday at 15:40` or `on 3 December at 15:40`.

        With the kind `expected`, it is only about this time.
        """
        if moment is None:
            return None
        words, now = self._texts["time"], self._clock.now
        local = moment.astimezone(now.tzinfo)
        days = (local.date() - now.date()).days
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


def _load(language: str) -> Mapping[str, Any]:
    """Return the texts of a language, of its base language, or the English ones."""
    available = {path.stem: path for path in _DIRECTORY.glob("*.json")}
    for name in (language, language.partition("-")[0], _ENGLISH):
        if name in available:
            break
    texts: Mapping[str, Any] = json.loads(available[name].read_text("utf-8"))
    return texts
