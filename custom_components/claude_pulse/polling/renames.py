"""Models that claude.ai has renamed keep their identity."""

from __future__ import annotations

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..claude_ai.usage import Usage, renamed
from ..claude_ai.windows import UsageWindow
from ..const import CONF_RENAMED
from ..stored import renamed_of

# The oldest names are forgotten.
_MAX_RENAMED = 50


@callback
def async_keep_identities(
    hass: HomeAssistant,
    entry: ConfigEntry,
    before: Iterable[UsageWindow],
    usage: Usage,
) -> Usage:
    """Return an answer in which renamed models have their first identity.

    `before` are the limits so far. New names are stored with the entry.
    """
    known = renamed_of(entry)
    usage = usage.with_identities(known)
    if not (new := renamed(Usage(windows=tuple(before)), usage)):
        return usage
    known = {**known, **new}
    stored = [
        {"new": list(name), "first": list(first)} for name, first in known.items()
    ]
    data = {**entry.data, CONF_RENAMED: stored[-_MAX_RENAMED:]}
    hass.config_entries.async_update_entry(entry, data=data)
    return usage.with_identities(new)
