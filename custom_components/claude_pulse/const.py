"""Constants that several modules of Claude Pulse share."""

from __future__ import annotations

from typing import Final

DOMAIN: Final = "claude_pulse"
TITLE: Final = "Claude Pulse"

CONF_FURTHER: Final = "further_options"
CONF_ORG_ID: Final = "org_id"
CONF_PREVIOUS_SESSION_KEY: Final = "previous_session_key"
CONF_SESSION_KEY: Final = "session_key"
CONF_SESSION_KEY_SINCE: Final = "session_key_since"
CONF_UPDATE_INTERVAL: Final = "update_interval"
CONF_WORKING_DAYS: Final = "working_days"

DEFAULT_UPDATE_INTERVAL: Final = 120
MAX_UPDATE_INTERVAL: Final = 24 * 60 * 60
MIN_UPDATE_INTERVAL: Final = 30

README_URL: Final = "https://github.com/claude-pulse/claude-pulse"
USAGE_URL: Final = "https://claude.ai/settings/usage"
