"""The flow without which Home Assistant sets up no entry."""

from __future__ import annotations

from homeassistant.config_entries import ConfigFlow


class YardstickConfigFlow(ConfigFlow, domain="yardstick"):
    """Do nothing."""
