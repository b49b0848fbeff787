"""Constants that several modules share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

DOMAIN: Final = "claude_pulse"
TITLE: Final = "Claude Pulse"
ENTRY_VERSION: Final = 2

CONF_FURTHER: Final = "further_options"
CONF_LEFT_OVER: Final = "left_over"
CONF_LEFT_OVER_HOURS: Final = "left_over_hours"
# In homeassistant.const since 2025.12.
CONF_OPTIONS: Final = "options"
CONF_ORG_ID: Final = "org_id"
CONF_PREVIOUS_SESSION_KEY: Final = "previous_session_key"
CONF_RENAMED: Final = "renamed_models"
CONF_SAVED_RESET_DAYS: Final = "saved_reset_days"
CONF_SESSION_KEY: Final = "session_key"
CONF_SESSION_KEY_SINCE: Final = "session_key_since"
CONF_THRESHOLDS: Final = "thresholds"
CONF_UPDATE_INTERVAL: Final = "update_interval"
CONF_WORKING_DAYS: Final = "working_days"

DEFAULT_UPDATE_INTERVAL: Final = 120
MAX_UPDATE_INTERVAL: Final = 24 * 60 * 60
MIN_UPDATE_INTERVAL: Final = 30

# The default options of alerts.
ALERT_DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_THRESHOLDS: (75, 90),
    CONF_LEFT_OVER: 30,
    CONF_LEFT_OVER_HOURS: 24,
    CONF_SAVED_RESET_DAYS: 3,
}

# The key of a failure that claude.ai did not cause.
UNEXPECTED_ERROR: Final = "unexpected_error"

README_URL: Final = "https://github.com/claude-pulse/claude-pulse"
_FILES_URL: Final = f"{README_URL}/blob/main"
_TROUBLESHOOTING_URL: Final = f"{_FILES_URL}/docs/troubleshooting.md"
BLOCKED_HELP_URL: Final = (
    f"{_TROUBLESHOOTING_URL}#cloudflare-or-a-login-page-of-your-network-answered-instead-"
    "of-claudeai"
)
CARD_HELP_URL: Final = (
    f"{_TROUBLESHOOTING_URL}#custom-element-doesnt-exist-instead-of-the-card"
)
KEY_GUIDE_URL: Final = f"{_FILES_URL}/docs/session-key.md"
SENTENCES_URL: Final = f"{_FILES_URL}/custom_sentences/en/claude_pulse.yaml"

# Opens Home Assistant, which imports the blueprint at the quoted address that follows.
IMPORT_URL: Final = (
    "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
)
ALERTS_IMPORT_URL: Final = IMPORT_URL + quote(
    f"{_FILES_URL}/blueprints/automation/claude_pulse/claude_alerts.yaml", safe=""
)
USAGE_URL: Final = "https://claude.ai/settings/usage"

# strftime would follow the locale of the process.
WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
