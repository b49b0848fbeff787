"""The limits of all accounts, as far as they are exposed to an assistant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..claude_ai.errors import UnavailableError
from ..claude_ai.money import Money
from ..claude_ai.status import STATUSES
from ..const import DOMAIN
from ..formatting import whole
from ..naming import SESSION_WINDOW, SPEND_WINDOW, WEEKLY_WINDOW, WindowSubject
from ..runtime import Runtime, runtime_of
from ..stored import title_of

# The assistant of Home Assistant's own voice assistants.
ASSIST = "conversation"

# The limits that are not called by a name of claude.ai.
SESSION, WEEK, SPEND = "session", "week", "spend"
MODEL, OTHER = "model", "other"
_KINDS = {SESSION_WINDOW: SESSION, WEEKLY_WINDOW: WEEK, SPEND_WINDOW: SPEND}

_SPENT = ("extra_usage_spent", "extra_usage_limit")


@dataclass(frozen=True, slots=True)
class Window:
    """The values of a limit. They are None if the sensors do not show them.

    `kind` is `SESSION`, `WEEK`, `SPEND`, `MODEL` or `OTHER`. `certain` is true if the
    verdict of the forecast is certain. There can be several limits of
    the last two kinds, with different names. `spent` is the spent amount and its limit. Only
    the week has `used_today` and `budget_today`, in points, and `sessions_left`.
    """

    kind: str
    name: str
    used: int | float | None = None
    resets_at: datetime | None = None
    lasts: bool | None = None
    certain: bool | None = None
    runs_out_at: datetime | None = None
    spent: tuple[Money, Money] | None = None
    used_today: int | None = None
    budget_today: int | None = None
    sessions_left: int | None = None

    @property
    def blocks(self) -> bool:
        """Return whether Claude cannot be used at all while this limit is reached."""
        return self.kind in _KINDS.values()

    @property
    def left(self) -> int | float | None:
        """Return the percentage left."""
        return None if self.used is None else max(0, round(100 - self.used, 1))

    @property
    def is_used_up(self) -> bool | None:
        """Return whether the limit is reached, or None if that is unknown."""
        return None if self.used is None else self.used >= 100

    def as_dict(self) -> dict[str, Any]:
        """Return JSON, with the reset in local time."""
        local = self.resets_at and dt_util.as_local(self.resets_at).isoformat()
        values = {
            "window": self.kind,
            "name": self.name,
            "used_percent": self.used,
            "left_percent": self.left,
            "resets_at": local,
            "lasts_until_reset": self.lasts,
        }
        if self.spent:
            spent, limit = self.spent
            values["spent"], values["spend_limit"] = spent.amount, limit.amount
            values["currency"] = limit.currency
        if self.kind == WEEK:
            values["used_today_percent"] = self.used_today
            values["budget_today_percent"] = self.budget_today
            values["full_sessions_left"] = self.sessions_left
        return values


@dataclass(frozen=True, slots=True)
class ExposedAccount:
    """The limits of an entry. Their values are known if it is `readable`.

    `windows` are the exposed limits. Of the `hidden` ones, which are not exposed, only the
    names are known. A limit that the account does not have is in neither.
    """

    title: str
    readable: bool
    windows: tuple[Window, ...]
    hidden: tuple[Window, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return JSON."""
        return {
            "account": self.title,
            "readable": self.readable,
            "windows": [window.as_dict() for window in self.windows],
        }


@dataclass(frozen=True, slots=True)
class Service:
    """The state of claude.ai as a whole.

    `status` is the state of an exposed status sensor, or None. `answers` is True if the
    last poll of an account succeeded. `fails` is True if one could not reach claude.ai, or
    got an error.
    """

    status: str | None
    answers: bool
    fails: bool


@callback
def async_accounts(hass: HomeAssistant, assistant: str) -> list[ExposedAccount]:
    """Return the accounts with usage sensors that are exposed to an assistant."""
    return [
        account
        for entry in hass.config_entries.async_entries(DOMAIN)
        if (account := _account(hass, assistant, entry))
    ]


def _account(
    hass: HomeAssistant, assistant: str, entry: ConfigEntry
) -> ExposedAccount | None:
    """Return the limits of an entry, or None if no usage sensor is exposed."""
    runtime = runtime_of(hass, entry)
    usage = {
        subject: _exposed(hass, assistant, entry, subject.unique_key("usage"))
        for subject in runtime.subjects
    }
    if not any(usage.values()):
        return None
    # Which limits there are is not known while there are no values.
    existing = [
        subject
        for subject in usage
        if not runtime.has_values or subject.identity in runtime.readings
    ]
    show_money = all(_exposed(hass, assistant, entry, key) for key in _SPENT)
    return ExposedAccount(
        title_of(entry),
        runtime.has_values,
        tuple(
            _window(subject, runtime, show_money=show_money)
            for subject in existing
            if usage[subject]
        ),
        tuple(_named(subject) for subject in existing if not usage[subject]),
    )


@callback
def async_service(hass: HomeAssistant, assistant: str) -> Service:
    """Return the state of claude.ai as a whole."""
    entries = hass.config_entries.async_entries(DOMAIN)
    runtimes = [runtime_of(hass, entry) for entry in entries]
    failures = [runtime.back_off.failure for runtime in runtimes]
    return Service(
        next(_statuses(hass, assistant, entries), None),
        any(
            runtime.has_values and not runtime.back_off.failure for runtime in runtimes
        ),
        any(
            failure and failure.error_key == UnavailableError.key
            for failure in failures
        ),
    )


def _statuses(
    hass: HomeAssistant, assistant: str, entries: list[ConfigEntry]
) -> Iterator[str]:
    """Yield the states of exposed status sensors."""
    for entry in entries:
        entity_id = _exposed(hass, assistant, entry, "service_status")
        state = hass.states.get(entity_id) if entity_id else None
        if state and state.state in STATUSES:
            yield state.state


def _exposed(
    hass: HomeAssistant, assistant: str, entry: ConfigEntry, key: str
) -> str | None:
    """Return the ID of a sensor that exists, is enabled and is exposed, or None."""
    registry = er.async_get(hass)
    unique_id = f"{entry.entry_id}_{key}"
    entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
    entity = registry.async_get(entity_id) if entity_id else None
    if entity is None or entity.disabled:
        return None
    return entity_id if async_should_expose(hass, assistant, entity.entity_id) else None


def _named(subject: WindowSubject) -> Window:
    """Return a limit without values."""
    if kind := _KINDS.get(subject):
        return Window(kind, kind)
    (shown,) = subject.placeholders.values()
    return Window(MODEL if subject.translation_prefix == "model" else OTHER, shown)


def _window(subject: WindowSubject, runtime: Runtime, *, show_money: bool) -> Window:
    """Return a limit with its values."""
    window = _named(subject)
    if (reading := runtime.reading(subject.identity)) is None:
        return window
    forecast, spend = reading.forecast, runtime.coordinator.data.spend
    if window.kind == SPEND and show_money and spend and spend.spent and spend.limit:
        window = replace(window, spent=(spend.spent, spend.limit))
    return replace(
        window,
        used=reading.window.percent,
        resets_at=reading.window.resets_at,
        lasts=forecast.lasts if forecast else None,
        certain=forecast.is_certain if forecast else None,
        runs_out_at=forecast.runs_out_at if forecast else None,
        used_today=whole(reading.used_today),
        budget_today=whole(reading.budget_today),
        sessions_left=reading.sessions_left,
    )
