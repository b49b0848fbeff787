"""The clocks of the machine, which is awake or asleep, and of claude.ai, which is right."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Simulator

# How far time goes at once; two steps are a poll and its jitter.
STEP = timedelta(seconds=63)


class Clock:
    """The clock on the machine's wall, and how long the machine has been awake.

    The loop has a clock of its own, which stands while the machine is asleep and cannot
    be set: timers follow it. Frozen time alone would move both.
    """

    def __init__(
        self,
        freezer: FrozenDateTimeFactory,
        simulator: Simulator,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Take the loop's clock off the wall."""
        self.awake = timedelta()
        # What the wall has shown since timers were last looked at.
        self.shown = [self.wall]
        self._freezer = freezer
        self._simulator = simulator
        loop = asyncio.get_running_loop()
        began = loop.time()
        monkeypatch.setattr(loop, "time", lambda: began + self.awake.total_seconds())

    @property
    def wall(self) -> datetime:
        """Return what the machine takes for the time."""
        return datetime.now(UTC)

    @property
    def right(self) -> datetime:
        """Return what the time is."""
        return self._simulator.now

    def step(self) -> None:
        """Let time pass, after which timers are looked at."""
        self.shown.clear()
        self.tick(STEP)

    def tick(self, time: timedelta) -> None:
        """Let time pass."""
        self._freezer.tick(time)
        self.awake += time
        self.shown.append(self.wall)

    def sleep(self, time: timedelta) -> None:
        """Let time pass while the machine is asleep, or switched off."""
        self._freezer.tick(time)

    def set(self, by: timedelta) -> None:
        """Set the clock on the wall, which changes no other."""
        self._freezer.tick(by)
        self._simulator.advance -= by
