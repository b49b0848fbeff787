"""The repair issues of an entry: what a person should know or do, beyond a new key."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN, README_URL

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry


class Issue(StrEnum):
    """What an issue is about; the key of its texts."""

    BLOCKED = "blocked"
    KEY_ENDS = "key_ends"
    ORGANIZATION = "organization"


_DETAILS: dict[Issue, dict[str, Any]] = {
    Issue.BLOCKED: {
        "is_fixable": False,
        "learn_more_url": f"{README_URL}#when-something-does-not-work",
        "severity": ir.IssueSeverity.WARNING,
    },
    Issue.KEY_ENDS: {
        "is_fixable": False,
        # A page of Home Assistant itself.
        "learn_more_url": f"homeassistant://config/integrations/integration/{DOMAIN}",
        "severity": ir.IssueSeverity.WARNING,
    },
    Issue.ORGANIZATION: {"is_fixable": True, "severity": ir.IssueSeverity.ERROR},
}


@callback
def async_set_issue(
    hass: HomeAssistant, entry: ConfigEntry, issue: Issue, active: bool
) -> None:
    """Raise an issue of an entry, or clear it."""
    issue_id = f"{issue}_{entry.entry_id}"
    if not active:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id},
        is_persistent=False,
        translation_key=issue.value,
        translation_placeholders={"name": entry.title},
        **_DETAILS[issue],
    )


@callback
def async_clear_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Clear all issues of an entry."""
    for issue in Issue:
        async_set_issue(hass, entry, issue, active=False)
