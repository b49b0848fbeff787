"""Start Home Assistant, with the client pointed at a stand-in for claude.ai.

`python launch.py CONFIG [URL STATUS_URL [hurry]]` runs in Home Assistant's own process. This
is the only way to point the integration elsewhere: it reads no setting for that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
import os
import sys
from typing import Any
from unittest.mock import MagicMock

# Packages that process speech and need a compiler, which neither a demo nor a test uses.
SPEECH = ("pymicro_vad", "pyspeex_noise")


def main() -> None:
    """Point the client at the URLs, if given, and hand over to Home Assistant."""
    config, *options = sys.argv[1:]
    # Before anything else: Home Assistant puts shims in place of some libraries.
    from homeassistant.__main__ import main as home_assistant

    keep_private()
    sys.modules.update(dict.fromkeys(SPEECH, MagicMock()))
    if options:
        sys.path.insert(0, config)
        from custom_components.claude_pulse.claude_ai import client, status

        client.BASE_URL, status.STATUS_URL, *hurry = options
        if hurry:
            make_time_fly()
    sys.argv = ["hass", "--config", config, "--skip-pip"]
    sys.exit(home_assistant())


def keep_private() -> None:
    """Create files for their user only, also those that Home Assistant makes readable."""
    os.umask(0o077)
    for name in ("chmod", "fchmod"):
        setattr(os, name, partial(change_mode, getattr(os, name)))


def change_mode(
    change: Callable[..., None], file: Any, mode: int, **options: Any
) -> None:
    """Change the mode of a file, but keep it from everybody else."""
    change(file, mode & ~0o077, **options)


def make_time_fly() -> None:
    """Let pass within two minutes what takes hours, or days."""
    from custom_components.claude_pulse.polling import back_off, coordinator, issues

    for error in back_off.LONGEST_WAIT:
        back_off.LONGEST_WAIT[error] = timedelta(minutes=1)
    coordinator.KEEP = timedelta(minutes=1)
    issues.KEY_ENDS_SOON = timedelta(minutes=2)
    issues.LONG_BLOCK = timedelta(minutes=2)


if __name__ == "__main__":
    main()
