"""Builds spoken and structured answers for voice assistants and language models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import re
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, WEEKDAYS
from ..naming import SESSION_WINDOW, WEEKLY_WINDOW, WindowSubject
from ..runtime import Runtime, runtime_of
from ..stored import title_of

# The assistant of Home Assistant's own voice assistants.
ASSIST = "conversation"

# The limits that a question can be about.
_KINDS = {SESSION_WINDOW: "session", WEEKLY_WINDOW: "week"}
WINDOWS = tuple(_KINDS.values())

# The reasons for an answer without limits.
NOTHING_EXPOSED = "nothing_exposed"
UNKNOWN_ACCOUNT = "unknown_account"
WINDOW_NOT_EXPOSED = "window_not_exposed"

_EXPOSE = "Expose the usage sensors under Settings → Voice assistants → Expose."

# strftime would follow the locale of the process.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Window:
    """The values of a limit. They are None if the sensors do not show them.

    `kind` is one of `WINDOWS`, `model` or `other`. There can be several limits of the last
    two kinds, with different names.
    """

    kind: str
    name: str
    used: int | float | None = None
    resets_at: datetime | None = None
    lasts: bool | None = None

    @property
    def spoken(self) -> str:
        """Return the name in a sentence."""
        patterns = {"model": "{} week", "other": "limit {}"}
        return patterns.get(self.kind, "{}").format(self.name)

    @property
    def left(self) -> int | float | None:
        """Return the percentage left."""
        return None if self.used is None else max(0, round(100 - self.used, 1))

    def as_dict(self) -> dict[str, Any]:
        """Return JSON, with the reset in local time."""
        local = self.resets_at and dt_util.as_local(self.resets_at).isoformat()
        return {
            "window": self.kind,
            "name": self.name,
            "used_percent": self.used,
            "left_percent": self.left,
            "resets_at": local,
            "lasts_until_reset": self.lasts,
        }


@dataclass(frozen=True, slots=True)
class Account:
    """The exposed limits of an entry. Their values are known if it is `readable`."""

    title: str
    readable: bool
    windows: tuple[Window, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "account": self.title,
            "readable": self.readable,
            "windows": [window.as_dict() for window in self.windows],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in words, the accounts in it, and the problem if there are none."""

    text: str
    accounts: Sequence[Account] = ()
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "answer": self.text,
            "accounts": [account.as_dict() for account in self.accounts],
            "problem": self.problem,
        }


@callback
def async_accounts(hass: HomeAssistant, assistant: str) -> list[Account]:
    """Return the accounts with limits that are exposed to an assistant."""
    accounts = (
        _account(hass, assistant, entry)
        for entry in hass.config_entries.async_entries(DOMAIN)
    )
    return [account for account in accounts if account.windows]


def _account(hass: HomeAssistant, assistant: str, entry: ConfigEntry) -> Account:
    """Return the exposed limits of an entry."""
    runtime = runtime_of(hass, entry)
    return Account(
        title_of(entry),
        runtime.has_values,
        tuple(
            _window(subject, runtime)
            for subject in runtime.subjects
            if _is_exposed(
                hass, assistant, f"{entry.entry_id}_{subject.unique_key('usage')}"
            )
        ),
    )


def _is_exposed(hass: HomeAssistant, assistant: str, unique_id: str) -> bool:
    """Return whether a sensor exists, is enabled and is exposed to an assistant."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    if entity is None or entity.disabled:
        return False
    return async_should_expose(hass, assistant, entity.entity_id)


def _window(subject: WindowSubject, runtime: Runtime) -> Window:
    """Return the values of a limit."""
    if kind := _KINDS.get(subject):
        window = Window(kind, kind)
    else:
        (shown,) = subject.placeholders.values()
        window = Window(
            "model" if subject.translation_prefix == "model" else "other", shown
        )
    if (reading := runtime.reading(subject.identity)) is None:
        return window
    return replace(
        window,
        used=reading.window.percent,
        resets_at=reading.window.resets_at,
        lasts=reading.forecast.lasts if reading.forecast else None,
    )


def answer(
    accounts: Sequence[Account],
    now: datetime,
    window: str | None = None,
    name: str | None = None,
) -> Answer:
    """Answer how much is left, of all limits or of one window or account. Pure.

    Times are in the time zone of `now`.
    """
    if not accounts:
        return Answer(
            f"I can't see how much Claude is left. {_EXPOSE}", (), NOTHING_EXPOSED
        )
    asked_name = " ".join((name or "").split())
    chosen = _with_title(asked_name, accounts) if asked_name else accounts
    if not chosen:
        titles = " and ".join(account.title for account in accounts)
        return Answer(
            f"I know no account called {asked_name}, only {titles}.",
            (),
            UNKNOWN_ACCOUNT,
        )
    if window:
        chosen = [
            replace(account, windows=asked)
            for account in chosen
            if (asked := tuple(item for item in account.windows if item.kind == window))
        ]
    if not chosen:
        return Answer(
            f"I can't see how much of the {window} is left. {_EXPOSE}",
            (),
            WINDOW_NOT_EXPOSED,
        )
    if len(accounts) == 1:
        return Answer(_of_account(chosen[0], now), chosen)
    sentences = (f"{item.title}: {_of_account(item, now)}" for item in chosen)
    return Answer(" ".join(sentences), chosen)


def _with_title(name: str, accounts: Sequence[Account]) -> Sequence[Account]:
    """Return the accounts with this title, or else with these words in it."""
    words = _words(name)
    titles = [(_words(item.title), item) for item in accounts]
    return [item for title, item in titles if title == words] or [
        item for title, item in titles if f" {words} " in f" {title} "
    ]


def _words(text: str) -> str:
    """Return the words of a text in lower case."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _of_account(account: Account, now: datetime) -> str:
    """Return sentences about the limits of an account."""
    if not account.readable:
        return "claude.ai can't be read at the moment."
    return " ".join(_of_window(window, now) for window in account.windows)


def _of_window(window: Window, now: datetime) -> str:
    """Return a sentence about a limit."""
    if window.used is None:
        return f"How much of the {window.spoken} is left is not known at the moment."
    until = _until(window.resets_at, now) if window.resets_at else None
    if window.used >= 100:
        return f"The {window.spoken} is used up{f' until {until}' if until else ''}."
    if window.used == 0 and until is None:
        return f"Nothing of the {window.spoken} is used."
    left = f"{window.left} % of the {window.spoken} is left"
    return f"{left}, until {until}." if until else f"{left}."


def _until(moment: datetime, now: datetime) -> str:
    """Return a time as `15:40`, `Thursday 18:00` or `3 December 18:00`."""
    local = moment.astimezone(now.tzinfo)
    clock = f"{local.hour:02}:{local.minute:02}"
    days = (local.date() - now.date()).days
    if days == 0:
        return clock
    if 0 < days < len(WEEKDAYS):
        return f"{WEEKDAYS[local.weekday()]} {clock}"
    return f"{local.day} {_MONTHS[local.month - 1]} {clock}"
