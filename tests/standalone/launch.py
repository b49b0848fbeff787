"""Run the script as it is, but against another claude.ai and with another clock.

`python launch.py URL NOW TIMEOUT SCRIPT [ARGUMENTS]`; needs no more than the script.
"""

from __future__ import annotations

from datetime import datetime
from importlib.util import module_from_spec, spec_from_file_location
import sys


def main() -> None:
    """Load the script, change what a test needs, and run it."""
    url, now, timeout, script, *arguments = sys.argv[1:]
    spec = spec_from_file_location("claude_usage", script)
    module = module_from_spec(spec)
    sys.dont_write_bytecode = True
    # Where dataclasses look for it.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.BASE_URL = url
    module.CONFIRM_PAUSE = 0
    module.TIMEOUT = float(timeout)
    if now:
        module.now = lambda: datetime.fromisoformat(now)
    sys.argv = [script, *arguments]
    module.main()


if __name__ == "__main__":
    main()
