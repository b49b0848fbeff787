"""Which version of Home Assistant has what only some versions have."""

from __future__ import annotations

import pytest

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

VERSION = (MAJOR_VERSION, MINOR_VERSION)

# From this version on every test runs: one that is skipped fails.
NEWEST = (2026, 11)

SINCE = {
    # aiohttp refuses more than 128 lines of headers and trailers.
    "bounded_headers": (2026, 5),
    # aiohttp leaves it to the cookie jar to parse cookies.
    "lazy_cookies": (2025, 6),
    # Integrations offer triggers and conditions in the automation editor.
    "own_automation": (2025, 12),
    # A sentence file can use parts of an intent's answer.
    "speech_slots": (2024, 6),
    # What a target selects goes by this name, and only by it from 2026.12 on.
    "target_selection": (2026, 1),
    # Integrations offer tools to language models.
    "tools_for_models": (2026, 8),
    # An automation answers a sentence.
    "voice_blueprint": (2024, 6),
}


def has(feature: str) -> bool:
    """Return whether this version has a feature."""
    return SINCE[feature] <= VERSION


def needs(feature: str) -> pytest.MarkDecorator:
    """Skip a test on versions without a feature."""
    since = ".".join(map(str, SINCE[feature]))
    return pytest.mark.skipif(
        not has(feature), reason=f"{feature} needs Home Assistant {since}"
    )
