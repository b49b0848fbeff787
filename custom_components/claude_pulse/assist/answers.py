"""What whoever asks is told of the windows that are exposed to an assistant, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import re
from typing import TYPE_CHECKING, Any

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, WEEKDAYS
from ..naming import SESSION_WINDOW, WEEKLY_WINDOW, WindowSubject, name_window
from ..polling.coordinator import ClaudePulseCoordinator
from ..stored import title_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# The assistant whose exposed entities are on the page of voice assistants.
ASSIST = "conversation"

# What can be asked for by itself.
WINDOWS = ("session", "week")

# Why there is nothing to tell.
NOTHING_EXPOSED = "nothing_exposed"
UNKNOWN_ACCOUNT = "unknown_account"
WINDOW_NOT_EXPOSED = "window_not_exposed"

_EXPOSE = "Expose the usage sensors under Settings → Voice assistants → Expose."

# Not left to strftime, which would follow the locale of the process.
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
    """What the sensors show of a window; what they do not show is None.

    `kind` is one of `WINDOWS`, or `model` or `other`: of these there can be several, told
    apart by the `name`.
    """

    kind: str
    name: str
    used: int | float | None = None
    resets_at: datetime | None = None
    lasts: bool | None = None

    @property
    def spoken(self) -> str:
        """Return how it is called in a sentence."""
        patterns = {"model": "{} week", "other": "window {}"}
        return patterns.get(self.kind, "{}").format(self.name)

    @property
    def left(self) -> int | float | None:
        """Return the share that is left, in percent."""
        return None if self.used is None else max(0, round(100 - self.used, 1))

    def as_dict(self) -> dict[str, Any]:
        """Return what can be told in JSON, the reset in local time."""
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
    """The windows of an entry that are exposed, in the order they are told.

    They say nothing unless it is `readable`.
    """

    title: str
    readable: bool
    windows: tuple[Window, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return what can be told in JSON."""
        return {
            "account": self.title,
            "readable": self.readable,
            "windows": [window.as_dict() for window in self.windows],
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told, about which accounts, and what is wrong where there are none."""

    text: str
    accounts: Sequence[Account] = ()
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what can be told in JSON."""
        return {
            "answer": self.text,
            "accounts": [account.as_dict() for account in self.accounts],
            "problem": self.problem,
        }


@callback
def async_accounts(hass: HomeAssistant, assistant: str) -> list[Account]:
    """Return the accounts of which something is exposed to an assistant."""
    accounts = (
        _account(hass, assistant, entry)
        for entry in hass.config_entries.async_entries(DOMAIN)
    )
    return [account for account in accounts if account.windows]


def _account(hass: HomeAssistant, assistant: str, entry: ConfigEntry) -> Account:
    """Return what is exposed of an entry."""
    poller: ClaudePulseCoordinator | None
    if (poller := hass.data.get(DOMAIN, {}).get(entry.entry_id)) and poller.stopped:
        poller = None
    # While the sensors are unavailable, the windows still have their names.
    found = poller.data.usage.windows if poller else ()
    readable = poller is not None and poller.last_update_success
    subjects = (SESSION_WINDOW, WEEKLY_WINDOW, *map(name_window, found))
    return Account(
        title_of(entry),
        readable,
        tuple(
            _window(subject, poller if readable else None)
            for subject in subjects
            if _is_exposed(hass, assistant, f"{entry.entry_id}_{subject.key}_usage")
        ),
    )


def _is_exposed(hass: HomeAssistant, assistant: str, unique_id: str) -> bool:
    """Tell whether an assistant may know a sensor, which is there and enabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
    if entity_id is None:
        return False
    known = registry.async_get(entity_id)
    if known is None or known.disabled:
        return False
    return async_should_expose(hass, assistant, entity_id)


def _window(subject: WindowSubject, poller: ClaudePulseCoordinator | None) -> Window:
    """Return what a poller's sensors show of a window."""
    ours = {SESSION_WINDOW: "session", WEEKLY_WINDOW: "week"}
    if kind := ours.get(subject):
        window = Window(kind, kind)
    else:
        (shown,) = subject.placeholders.values()
        window = Window("model" if subject.texts == "model" else "other", shown)
    reading = poller.readings[subject.identity] if poller else None
    if reading is None:
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
    """Answer how much is left, of one window or account if asked so. Pure.

    Times are told as the clock shows them where `now` is.
    """
    if not accounts:
        return Answer(
            f"I can't see how much Claude is left. {_EXPOSE}", (), NOTHING_EXPOSED
        )
    said = " ".join((name or "").split())
    chosen = _called(said, accounts) if said else accounts
    if not chosen:
        titles = " and ".join(account.title for account in accounts)
        return Answer(
            f"I know no account called {said}, only {titles}.", (), UNKNOWN_ACCOUNT
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
    told = (f"{account.title}: {_of_account(account, now)}" for account in chosen)
    return Answer(" ".join(told), chosen)


def _called(said: str, accounts: Sequence[Account]) -> Sequence[Account]:
    """Return the accounts that are called so, or have these words in their titles."""
    said = _words(said)
    titles = [(_words(item.title), item) for item in accounts]
    return [item for title, item in titles if title == said] or [
        item for title, item in titles if f" {said} " in f" {title} "
    ]


def _words(text: str) -> str:
    """Return what is said of a text, whatever its case and what stands between the words."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _of_account(account: Account, now: datetime) -> str:
    """Say how much is left of the windows of an account."""
    if not account.readable:
        return "claude.ai can't be read at the moment."
    return " ".join(_of_window(window, now) for window in account.windows)


def _of_window(window: Window, now: datetime) -> str:
    """Say how much is left of a window."""
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
    """Say when something is, such as `15:40`, `Thursday 18:00` or `3 December 18:00`."""
    local = moment.astimezone(now.tzinfo)
    clock = f"{local.hour:02}:{local.minute:02}"
    days = (local.date() - now.date()).days
    if days == 0:
        return clock
    if 0 < days < len(WEEKDAYS):
        return f"{WEEKDAYS[local.weekday()]} {clock}"
    return f"{local.day} {_MONTHS[local.month - 1]} {clock}"
