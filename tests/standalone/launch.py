"""Run the script with another URL, clock and timeout.

`python launch.py URL NOW SECONDS SCRIPT [ARGUMENTS]` needs the standard library only.
"""

from __future__ import annotations

from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
import sys


def main() -> None:
    """Load the script, change its constants, and run it."""
    url, now, seconds, script, *arguments = sys.argv[1:]
    spec = spec_from_file_location("claude_usage", script)
    module = module_from_spec(spec)
    sys.dont_write_bytecode = True
    # Dataclasses need this.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.BASE_URL = url
    module.CONFIRM_PAUSE = 0
    module.TIMEOUT = float(seconds)
    if now:
        module.now = lambda: datetime.fromisoformat(now)
    sys.argv = [script, *arguments]
    module.main()


if __name__ == "__main__":
    main()
