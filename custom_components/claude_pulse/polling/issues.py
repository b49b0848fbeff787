"""Repair issues of an entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..claude_ai.errors import OrganizationAccessError
from ..const import BLOCKED_HELP_URL, DOMAIN
from ..stored import data_of, title_of
from .back_off import Failure

# After this time, the user has to do something about a block.
LONG_BLOCK = timedelta(hours=24)

# A session key expires about this long after login.
KEY_LIFETIME = timedelta(days=28)
KEY_WARNING_AGE = timedelta(days=25)


class Issue(StrEnum):
    """Translation keys of the issues."""

    BLOCKED = "blocked"
    KEY_EXPIRES = "key_expires"
    ORGANIZATION = "organization"


_DETAILS: Mapping[Issue, Mapping[str, Any]] = {
    Issue.BLOCKED: {
        "is_fixable": False,
        "learn_more_url": BLOCKED_HELP_URL,
        "severity": ir.IssueSeverity.WARNING,
    },
    Issue.KEY_EXPIRES: {"is_fixable": True, "severity": ir.IssueSeverity.WARNING},
    Issue.ORGANIZATION: {"is_fixable": True, "severity": ir.IssueSeverity.ERROR},
}


@callback
def async_update_issues(
    hass: HomeAssistant, entry: ConfigEntry, now: datetime, failure: Failure | None
) -> None:
    """Create and delete issues after a poll, which failed or succeeded.

    A failure leaves unrelated issues unchanged, but an expired key deletes all.
    """
    active: set[Issue] = set()
    obsolete = set(Issue)
    if failure is None:
        since = data_of(entry).session_key_since
        if since is not None and now - since >= KEY_WARNING_AGE:
            active.add(Issue.KEY_EXPIRES)
    elif not failure.is_key_expired:
        # For an expired key, Home Assistant's own reauthentication issue is enough.
        obsolete = {Issue.BLOCKED}
        if failure.blocked_for is not None and failure.blocked_for >= LONG_BLOCK:
            active.add(Issue.BLOCKED)
        if (
            failure.error_key == OrganizationAccessError.key
            or not data_of(entry).org_id
        ):
            active.add(Issue.ORGANIZATION)
            obsolete.add(Issue.KEY_EXPIRES)
    if hass.config_entries.async_get_entry(entry.entry_id) is None or entry.disabled_by:
        active, obsolete = set(), set(Issue)
    async_delete_issues(hass, entry, obsolete - active)
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


@callback
def async_delete_issues(
    hass: HomeAssistant, entry: ConfigEntry, issues: Iterable[Issue] = tuple(Issue)
) -> None:
    """Delete issues of an entry, by default all."""
    for issue in issues:
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{entry.entry_id}")
