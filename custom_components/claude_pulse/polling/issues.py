"""The repair issues of an entry: which there are, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..claude_ai.errors import OrganizationAccessError
from ..const import DOMAIN, README_URL
from ..stored import data_of, title_of
from .back_off import Failure

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# After this, a challenge does not end by waiting alone.
LONG_BLOCK = timedelta(hours=24)

# A session key lives about 28 days from log-in.
KEY_ENDS_SOON = timedelta(days=25)


class Issue(StrEnum):
    """What an issue is about; the key of its texts."""

    BLOCKED = "blocked"
    KEY_ENDS = "key_ends"
    ORGANIZATION = "organization"


_DETAILS: Mapping[Issue, Mapping[str, Any]] = {
    Issue.BLOCKED: {
        "is_fixable": False,
        "learn_more_url": f"{README_URL}#when-something-does-not-work",
        "severity": ir.IssueSeverity.WARNING,
    },
    Issue.KEY_ENDS: {"is_fixable": True, "severity": ir.IssueSeverity.WARNING},
    Issue.ORGANIZATION: {"is_fixable": True, "severity": ir.IssueSeverity.ERROR},
}


@callback
def async_tell_success(
    hass: HomeAssistant, entry: ConfigEntry, key_since: datetime | None, now: datetime
) -> None:
    """All is well, but for a session key that will end soon."""
    old = key_since is not None and now - key_since >= KEY_ENDS_SOON
    _async_set(hass, entry, {Issue.KEY_ENDS} if old else set(), clear=set(Issue))


@callback
def async_tell_failure(
    hass: HomeAssistant, entry: ConfigEntry, failure: Failure
) -> None:
    """Tell what follows from a failure; what it says nothing about stays.

    A dead key has Home Assistant's own notice, and then there is no other one.
    """
    if failure.dead_key:
        async_clear_issues(hass, entry)
        return
    active = set()
    if failure.blocked_for is not None and failure.blocked_for >= LONG_BLOCK:
        active.add(Issue.BLOCKED)
    clear = {Issue.BLOCKED}
    if failure.key == OrganizationAccessError.key or not data_of(entry).org_id:
        active.add(Issue.ORGANIZATION)
        clear.add(Issue.KEY_ENDS)
    _async_set(hass, entry, active, clear=clear)


@callback
def async_clear_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Clear all issues of an entry."""
    _async_set(hass, entry, set(), clear=set(Issue))


@callback
def _async_set(
    hass: HomeAssistant, entry: ConfigEntry, active: set[Issue], *, clear: set[Issue]
) -> None:
    """Raise issues of an entry, and clear others."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None or entry.disabled_by:
        # Nobody is left to do anything about it.
        active, clear = set(), set(Issue)
    for issue in clear - active:
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry.entry_id}")
    for issue in active:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{issue}_{entry.entry_id}",
            data={"entry_id": entry.entry_id, "issue": issue.value},
            is_persistent=False,
            translation_key=issue.value,
            translation_placeholders={"name": title_of(entry)},
            **_DETAILS[issue],
        )
