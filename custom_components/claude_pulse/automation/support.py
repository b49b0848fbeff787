"""Triggers and conditions on Home Assistant versions that do not support them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import logging
from typing import Any, Never

import voluptuous as vol

from homeassistant.const import MAJOR_VERSION, MINOR_VERSION, __version__

_LOGGER = logging.getLogger(__name__)

# Integrations can provide triggers and conditions since this version.
_SUPPORTED_SINCE = (2025, 12)


class UnsupportedPlatform(dict[str, Any]):
    """Replaces the triggers or conditions that this version does not support.

    The editor offers none. An automation that uses one is rejected; other automations
    are set up. It raises `vol.Invalid`, because any other exception would
    stop the set-up of all automations.
    """

    def __init__(self, reason: str) -> None:
        """Initialize with the error message."""
        super().__init__()
        self.reason = reason

    def get(self, *_: Any) -> _Rejected:
        """Return a trigger or condition that rejects every configuration."""
        return _Rejected(self.async_reject)

    def reject(self, *_: Any) -> Never:
        """Reject a configuration."""
        raise vol.Invalid(self.reason)

    async def async_reject(self, *_: Any) -> Never:
        """Async version of `reject`."""
        self.reject()


class _Rejected:
    """A trigger or condition that rejects every configuration."""

    def __init__(self, validate: Callable[..., Any]) -> None:
        """Initialize with the validator, which rejects."""
        self._validate = validate

    def __getattr__(self, _: str) -> Callable[..., Any]:
        """Return the validator; its method name depends on the version."""
        return self._validate


def load_if_supported(
    label: str, alternative: str, load: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Load triggers or conditions, or return an `UnsupportedPlatform`.

    They use Home Assistant APIs that are not stable. If one is missing, log a warning
    and disable only these triggers or conditions.
    """
    if (MAJOR_VERSION, MINOR_VERSION) < _SUPPORTED_SINCE:
        since = ".".join(map(str, _SUPPORTED_SINCE))
        return UnsupportedPlatform(
            f"{label} of Claude Pulse need Home Assistant {since} or newer (this is "
            f"{__version__}). {alternative}"
        )
    try:
        return load()
    except Exception as err:  # noqa: BLE001
        problem = (
            f"{label} of Claude Pulse are not compatible with Home Assistant "
            f"{__version__}"
        )
        _LOGGER.warning("%s (%s)", problem, err)
        return UnsupportedPlatform(
            f"{problem}. Check for an update of Claude Pulse. {alternative}"
        )
