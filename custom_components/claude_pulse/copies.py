"""Finds old copies of blueprints and sentences in the user's configuration.

Home Assistant copies a blueprint when it is imported, and users copy the file of sentences.
Copies are not updated with the integration. Each contains `claude_pulse_version`.
"""

from __future__ import annotations

from collections.abc import Mapping
import logging
from pathlib import Path
import re
from typing import NamedTuple
from urllib.parse import quote

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.start import async_at_started

from .const import DOMAIN, IMPORT_URL, SENTENCES_URL

_LOGGER = logging.getLogger(__name__)

# The version of each blueprint and of the sentences. Raise one only if old copies no longer
# do what they say, because users then have to import or copy them again.
SENTENCES = "sentences"
VERSIONS: Mapping[str, int] = {
    "announcement": 1,
    "claude_alerts": 1,
    "daily_summary": 1,
    "light_by_usage": 1,
    "pause_and_resume": 1,
    "pixel_clock": 1,
    "start_session": 1,
    "voice": 1,
    SENTENCES: 1,
}

_ISSUE = "old_copies"
_RELOADED = "automation_reloaded"

_BLUEPRINTS = "blueprints"
_FOLDERS = (_BLUEPRINTS, "custom_sentences")
_MAX_SIZE = 100_000
_SOURCE = re.compile(
    r"\bsource_url:\s*['\"]?(\S+/blueprints/automation/claude_pulse/(\w+)\.yaml)"
)
_VERSION = re.compile(r"\bclaude_pulse_version:\s*(\d+)")


class Copy(NamedTuple):
    """A copy that is older than the integration. `url` is where to get the new one."""

    path: str
    url: str


@callback
def async_setup_copies(hass: HomeAssistant) -> None:
    """Look for old copies after the start, and when automations are reloaded."""

    async def check(_: HomeAssistant | Event) -> None:
        """Create or delete the repair issue."""
        await _async_check(hass)

    async_at_started(hass, check)
    hass.bus.async_listen(_RELOADED, check)


async def _async_check(hass: HomeAssistant) -> None:
    """Create the repair issue if there are old copies, otherwise delete it."""
    copies = await hass.async_add_executor_job(
        _old_copies, Path(hass.config.config_dir)
    )
    if not copies:
        ir.async_delete_issue(hass, DOMAIN, _ISSUE)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _ISSUE,
        is_fixable=False,
        is_persistent=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=_ISSUE,
        translation_placeholders={
            "copies": "\n".join(f"- [{path}]({url})" for path, url in copies)
        },
    )


def _old_copies(config: Path) -> list[Copy]:
    """Return the old copies in a configuration directory. Blocking."""
    copies = []
    for folder in _FOLDERS:
        for path in (config / folder).rglob("*.yaml"):
            try:
                copy = _old_copy(config, path)
            except OSError as err:
                _LOGGER.debug("Cannot read %s: %s", path, type(err).__name__)
                continue
            if copy is not None:
                copies.append(copy)
    return sorted(copies)


def _old_copy(config: Path, path: Path) -> Copy | None:
    """Return a file if it is an old copy. Raises OSError."""
    if not path.is_file() or path.stat().st_size > _MAX_SIZE:
        return None
    text = path.read_text("utf-8", errors="replace")
    if (found := _VERSION.search(text)) is None:
        return None
    relative = path.relative_to(config)
    name, url = SENTENCES, SENTENCES_URL
    if relative.parts[0] == _BLUEPRINTS:
        if (blueprint := _SOURCE.search(text)) is None:
            return None
        name, url = blueprint[2], IMPORT_URL + quote(blueprint[1], safe="")
    return Copy(str(relative), url) if int(found[1]) < VERSIONS.get(name, 0) else None
