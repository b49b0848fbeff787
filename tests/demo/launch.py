"""Start Home Assistant with a client that polls the simulator.

`python launch.py CONFIG [URL STATUS_URL [hurry]]` becomes the process of Home Assistant. The
integration has no setting for the URL.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
import os
import sys
from typing import Any
from unittest.mock import MagicMock

# Packages for speech, which need a compiler. Neither the demo nor a test uses them.
SPEECH = ("pymicro_vad", "pyspeex_noise")


def main() -> None:
    """Point the client at the URLs, if given, and run Home Assistant."""
    config, *options = sys.argv[1:]
    # First, because Home Assistant replaces some libraries.
    from homeassistant.__main__ import main as home_assistant

    keep_private()
    sys.modules.update(dict.fromkeys(SPEECH, MagicMock()))
    if options:
        sys.path.insert(0, config)
        from custom_components.claude_pulse.claude_ai import client, status

        use_loopback()
        client.BASE_URL, status.STATUS_URL, *hurry = options
        if hurry:
            make_time_fly()
    sys.argv = ["hass", "--config", config, "--skip-pip"]
    sys.exit(home_assistant())


def keep_private() -> None:
    """Let only the user read files, also those that Home Assistant makes readable."""
    os.umask(0o077)
    for name in ("chmod", "fchmod"):
        setattr(os, name, partial(change_mode, getattr(os, name)))


def change_mode(
    change: Callable[..., None], file: Any, mode: int, **options: Any
) -> None:
    """Change the mode of a file, but not for others."""
    change(file, mode & ~0o077, **options)


def use_loopback() -> None:
    """Let Zeroconf use the loopback interface if there is no other one.

    Home Assistant 2025.4 and later create no HTTP client without Zeroconf.
    """
    try:
        from zeroconf import Zeroconf
    except ImportError:
        return
    initialize = Zeroconf.__init__

    def initialize_or_use_loopback(self: Any, *args: Any, **options: Any) -> None:
        """Initialize with the interfaces of the machine, or with loopback."""
        try:
            initialize(self, *args, **options)
        except OSError:
            initialize(self, interfaces=["127.0.0.1"])

    Zeroconf.__init__ = initialize_or_use_loopback


def make_time_fly() -> None:
    """Shorten hours and days to at most two minutes."""
    from custom_components.claude_pulse.polling import back_off, coordinator, issues

    for error in back_off.LONGEST_WAIT:
        back_off.LONGEST_WAIT[error] = timedelta(minutes=1)
    coordinator.KEEP = timedelta(minutes=1)
    issues.KEY_WARNING_AGE = timedelta(minutes=2)
    issues.LONG_BLOCK = timedelta(minutes=2)


if __name__ == "__main__":
    main()
