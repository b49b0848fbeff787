"""The seat that an entry shows: an account in an organization."""

from __future__ import annotations

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import slugify

from .const import DOMAIN, ENTRY_VERSION, TITLE
from .stored import data_of, seat_id_of


def unique_id_of(org_id: str, account_id: str | None) -> str:
    """Return the unique ID of a seat. The account can be unknown."""
    return f"{org_id}_{account_id}" if account_id else org_id


def account_id_of(entry: ConfigEntry) -> str:
    """Return the account in the unique ID of an entry, or '' if it is unknown."""
    return seat_id_of(entry).partition("_")[2]


@callback
def async_entries_of_account(
    hass: HomeAssistant, account_id: str | None, except_for: ConfigEntry | None = None
) -> list[ConfigEntry]:
    """Return the entries of an account, including disabled ones.

    There are none if the account is unknown. Entries whose migration failed are left out.
    """
    return [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if account_id
        and account_id_of(entry) == account_id
        and entry.version == ENTRY_VERSION
        and entry is not except_for
    ]


def is_seat(entry: ConfigEntry, unique_id: str) -> bool:
    """Return whether an entry shows a seat. An unknown account can be any account."""
    if not (known := seat_id_of(entry)):
        return False
    return known.startswith(unique_id) or unique_id.startswith(known)


@callback
def is_seat_configured(
    hass: HomeAssistant, unique_id: str, except_for: ConfigEntry | None = None
) -> bool:
    """Return whether another entry shows a seat."""
    entries = hass.config_entries.async_entries(DOMAIN)
    return any(
        is_seat(entry, unique_id) for entry in entries if entry is not except_for
    )


@callback
def async_store_account(
    hass: HomeAssistant, entry: ConfigEntry, account_id: str
) -> None:
    """Add the account to the unique ID of an entry, unless another entry has that ID."""
    unique_id = unique_id_of(data_of(entry).org_id, account_id)
    others = hass.config_entries.async_entries(DOMAIN)
    if not any(other.unique_id == unique_id for other in others):
        hass.config_entries.async_update_entry(entry, unique_id=unique_id)


def free_title(
    taken: Iterable[str], name: str | None = None, title: str = TITLE
) -> str:
    """Return a title whose entity IDs differ from those of all taken titles.

    If the title is taken, the organization's name is added, and then a number.
    """
    slugs = {slugify(other) for other in taken}
    if name and slugify(title) in slugs:
        title = f"{title} {name}"
    free, number = title, 1
    while slugify(free) in slugs:
        number += 1
        free = f"{title} {number}"
    return free
