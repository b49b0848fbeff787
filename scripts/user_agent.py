"""Check that the browser that requests name is not older than six months.

    python scripts/user_agent.py

The exit status is 1 if it is.
"""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import sys

ANSWER = (
    Path(__file__).parents[1] / "custom_components/claude_pulse/claude_ai/answer.py"
)
NAME = "USER_AGENT_DATE"
LONGEST = timedelta(days=183)


def date_in(source: str) -> date:
    """Return the date of the browser in a module. Raises LookupError without one."""
    for node in ast.parse(source).body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("date"), args)) if (
                name == NAME
            ):
                return date(*map(ast.literal_eval, args))
    raise LookupError(NAME)


def is_too_old(current: date, today: date) -> bool:
    """Return whether a browser that was current on a day must be replaced."""
    return today - current > LONGEST


def main() -> int:
    """Print what to do if the browser is too old; return the exit status."""
    current = date_in(ANSWER.read_text(encoding="utf-8"))
    if not is_too_old(current, datetime.now(UTC).date()):
        return 0
    print(
        f"{ANSWER.name}: the browser of {current} is too old: set USER_AGENT to the one of "
        f"a current Chrome, and {NAME} to today"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
