"""Reads stored values. Missing and invalid values get a default.

Home Assistant's storage can be edited by hand, restored from a backup, or written by
another version of this integration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import WEEKDAYS
from homeassistant.util import slugify

from .claude_ai.credentials import is_org_id, is_session_key
from .claude_ai.values import items_of, members_of, number_of, text_of, time_of
from .claude_ai.windows import Identity, identity_of
from .const import (
    ALERT_DEFAULTS,
    CONF_LEFT_OVER,
    CONF_LEFT_OVER_HOURS,
    CONF_ORG_ID,
    CONF_PREVIOUS_SESSION_KEY,
    CONF_RENAMED,
    CONF_SAVED_RESET_DAYS,
    CONF_SESSION_KEY,
    CONF_SESSION_KEY_SINCE,
    CONF_THRESHOLDS,
    CONF_UPDATE_INTERVAL,
    CONF_WORKING_DAYS,
    DEFAULT_UPDATE_INTERVAL,
    MAX_UPDATE_INTERVAL,
    TITLE,
)

# Home Assistant does not accept an entity ID of more than 255 characters.
_LONGEST_SLUG = 100


@dataclass(frozen=True, slots=True)
class EntryData:
    """The valid data of a config entry.

    A missing or invalid session key or organization ID is an empty string.
    """

    org_id: str
    previous_session_key: str = field(repr=False)
    session_key: str = field(repr=False)
    session_key_since: datetime | None


@dataclass(frozen=True, slots=True)
class EntryOptions:
    """The valid options of a config entry."""

    update_interval: float
    working_days: list[str]
    thresholds: list[int]
    left_over: int
    left_over_hours: int
    saved_reset_days: int


def data_of(entry: ConfigEntry) -> EntryData:
    """Return the data of a config entry."""

    def valid_text(key: str, is_valid: Callable[[str], bool]) -> str:
        """Return a valid string or ''."""
        value = entry.data.get(key)
        return value if isinstance(value, str) and is_valid(value) else ""

    return EntryData(
        org_id=valid_text(CONF_ORG_ID, is_org_id),
        previous_session_key=valid_text(CONF_PREVIOUS_SESSION_KEY, is_session_key),
        session_key=valid_text(CONF_SESSION_KEY, is_session_key),
        session_key_since=time_of(text_of(entry.data.get(CONF_SESSION_KEY_SINCE))),
    )


def renamed_of(entry: ConfigEntry) -> dict[Identity, Identity]:
    """Return the first identities of renamed models by their new ones."""
    renamed = {}
    for item in map(members_of, items_of(entry.data.get(CONF_RENAMED))):
        new, first = identity_of(item.get("new")), identity_of(item.get("first"))
        if new and first:
            renamed[new] = first
    return renamed


def options_of(entry: ConfigEntry) -> EntryOptions:
    """Return the options of a config entry."""

    def list_option(key: str) -> list[Any] | None:
        """Return an option that is a list, or None."""
        value = entry.options.get(key)
        return value if isinstance(value, list) else None

    def int_option(key: str, maximum: int) -> int:
        """Return an integer option from 1 to `maximum`, or its default."""
        number = number_of(entry.options.get(key), 1, maximum)
        return int(ALERT_DEFAULTS[key] if number is None else number)

    interval = number_of(entry.options.get(CONF_UPDATE_INTERVAL), 1, math.inf)
    chosen = list_option(CONF_THRESHOLDS)
    thresholds = [
        item
        for item in chosen or ()
        if isinstance(item, int) and number_of(item, 1, 99)
    ]
    # An empty list is a choice: no alerts at percentages.
    if not thresholds and chosen != []:
        thresholds = [*ALERT_DEFAULTS[CONF_THRESHOLDS]]
    days = list_option(CONF_WORKING_DAYS) or ()
    return EntryOptions(
        update_interval=min(interval or DEFAULT_UPDATE_INTERVAL, MAX_UPDATE_INTERVAL),
        working_days=[day for day in WEEKDAYS if day in days],
        thresholds=sorted({*thresholds}),
        left_over=int_option(CONF_LEFT_OVER, 100),
        left_over_hours=int_option(CONF_LEFT_OVER_HOURS, 168),
        saved_reset_days=int_option(CONF_SAVED_RESET_DAYS, 30),
    )


def seat_id_of(entry: ConfigEntry) -> str:
    """Return an entry's unique ID, or '' if it does not start with an organization ID."""
    unique_id = entry.unique_id
    if isinstance(unique_id, str) and is_org_id(unique_id.partition("_")[0]):
        return unique_id
    return ""


def title_of(entry: ConfigEntry) -> str:
    """Return the title of a config entry, or the default title."""
    title = entry.title
    return title if isinstance(title, str) and title.strip() else TITLE


def slug_of(entry: ConfigEntry) -> str:
    """Return the default prefix of entity IDs, which follows the title."""
    return slugify(title_of(entry))[:_LONGEST_SLUG].rstrip("_")
