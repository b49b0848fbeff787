"""The first Home Assistant version with each feature that some supported versions lack."""

from __future__ import annotations

import pytest

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION

VERSION = (MAJOR_VERSION, MINOR_VERSION)

# On this version and later, no test may be skipped.
NEWEST = (2026, 11)

SINCE = {
    # aiohttp refuses more than 128 lines of headers and trailers.
    "bounded_headers": (2026, 5),
    # *Add dashboard* offers dashboards of integrations.
    "community_dashboards": (2026, 5),
    # aiohttp lets the cookie jar parse cookies.
    "lazy_cookies": (2025, 6),
    # Zeroconf resolves names for HTTP clients. Without a network interface it raises.
    "mdns_resolver": (2025, 4),
    # Integrations can provide triggers and conditions.
    "own_automation": (2025, 12),
    # Integrations of Home Assistant have rules for triggers and conditions.
    "quality_scale": (2026, 11),
    # A sentence file can use the speech slots of an intent's response.
    "speech_slots": (2024, 6),
    # `TargetSelection` replaces `TargetSelectorData`, which 2026.12 removes.
    "target_selection": (2026, 1),
    # Integrations can provide tools for language models.
    "tools_for_models": (2026, 8),
    # The voice blueprint works.
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
