"""The clock of the machine, which may be wrong or asleep, and the one of claude.ai."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Simulator

# Two steps are a poll and its jitter.
STEP = timedelta(seconds=63)


class Clock:
    """The machine's clock, and how long the machine has been awake.

    The event loop has its own clock, which timers follow. It stops while the machine is
    asleep, and cannot be set. Frozen time alone would move both.
    """

    def __init__(
        self,
        freezer: FrozenDateTimeFactory,
        simulator: Simulator,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Give the event loop its own clock."""
        self.awake = timedelta()
        # The machine's times since timers last fired.
        self.shown = [self.wall]
        self._freezer = freezer
        self._simulator = simulator
        loop = asyncio.get_running_loop()
        start = loop.time()
        monkeypatch.setattr(loop, "time", lambda: start + self.awake.total_seconds())

    @property
    def wall(self) -> datetime:
        """Return the time of the machine."""
        return datetime.now(UTC)

    @property
    def right(self) -> datetime:
        """Return the right time, which is that of claude.ai."""
        return self._simulator.now

    def step(self) -> None:
        """Move on by one step, after which timers fire."""
        self.shown.clear()
        self.tick(STEP)

    def tick(self, time: timedelta) -> None:
        """Move on."""
        self._freezer.tick(time)
        self.awake += time
        self.shown.append(self.wall)

    def sleep(self, time: timedelta) -> None:
        """Move on while the machine is asleep or switched off."""
        self._freezer.tick(time)

    def set(self, by: timedelta) -> None:
        """Set the machine's clock only."""
        self._freezer.tick(by)
        self._simulator.advance -= by
