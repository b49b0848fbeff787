"""The time of the next poll: each row of the table of cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.claude_pulse.polling.schedule import PollInputs, next_poll

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the time some seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("interval", "members", "seconds"),
    [
        # Normally.
        (7200, {}, 7200),
        (7200, {"resets": [None, at(7200)]}, 7200),
        # A second answer has to confirm the last one.
        (7200, {"confirm": True}, 65),
        (30, {"confirm": True}, 30),
        # A reset comes sooner.
        (7200, {"resets": [None, at(3600), at(60)]}, 75),
        (7200, {"resets": [at(7184)]}, 7199),
        (7200, {"resets": [at(1)], "confirm": True}, 16),
        # A reset has passed, but the answer still shows it.
        (7200, {"resets": [at(0)]}, 15),
        (7200, {"resets": [at(-14)]}, 15),
        (7200, {"resets": [at(-60)]}, 60),
        (7200, {"resets": [at(-3599), at(86400)]}, 3599),
        (7200, {"resets": [at(-3600)]}, 7200),
        (30, {"resets": [at(-60)]}, 30),
        # claude.ai must not be asked before a time.
        (120, {"not_before": at(600)}, 600),
        (120, {"not_before": at(60)}, 120),
        (120, {"not_before": at(-60)}, 120),
        (120, {"resets": [at(10)], "not_before": at(600)}, 600),
        # The values that are shown are stale at a time.
        (7200, {"not_before": at(7200), "stale_at": at(900)}, 900),
        (120, {"stale_at": at(900)}, 120),
        # At least a second, as timers can fire early.
        (0, {}, 1),
        (120, {"stale_at": at(-5)}, 1),
    ],
)
def test_next_poll(interval: float, members: dict[str, Any], seconds: float) -> None:
    """The cases of the table, in its order."""
    situation = PollInputs(now=NOW, interval=timedelta(seconds=interval), **members)
    assert next_poll(situation) == timedelta(seconds=seconds)
