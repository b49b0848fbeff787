"""The reasons why an entry may not show its values, now and since the last good poll."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulator import Simulator
from tests.simulator.faults import Fault
from tests.simulator.world import Account

from .clock import STEP, Clock

# Rows of the error table.
BLOCKED_ROW, DEAD_KEY_ROW, LIMITED_ROW = 1, 2, 6
_ORGANIZATION_ROWS = (3, 4, 7)

# While claude.ai blocks or limits requests, the values stay.
KEPT = timedelta(minutes=15)

# After a fault: the longest wait, and Home Assistant's longest retry of a set-up.
_RECOVERY = timedelta(hours=1, minutes=20)
RECOVERY_FROM_LIMIT = timedelta(hours=6, minutes=20)

_LONG_AGO = timedelta(days=-1)


class Obstacles:
    """The obstacles of one account. Durations count only while the machine is awake."""

    def __init__(self, clock: Clock, simulator: Simulator, account: Account) -> None:
        """Initialize without obstacles."""
        # Since when only a person can help.
        self.helpless_since: datetime | None = None
        # Since the last good poll: any obstacle, one that can be the organization's, and
        # the first block.
        self.met = False
        self.accused = False
        self.blocked_since: datetime | None = None
        # How many log lines about a failed poll may still come.
        self._lines = 0
        self._account = account
        self._clock = clock
        self._last = self._last_limit = self._last_kept = _LONG_AGO
        self._simulator = simulator

    @property
    def fault(self) -> Fault | None:
        """Return the current fault."""
        return self._simulator.fault_of(self._account)

    @property
    def in_force(self) -> bool:
        """Return whether no poll can succeed now."""
        return bool(self.fault or self.helpless_since or not self._simulator.listening)

    @property
    def dead_key(self) -> bool:
        """Return whether every session key is refused."""
        return self.fault is not None and self.fault.row == DEAD_KEY_ROW

    @property
    def keeps_values(self) -> bool:
        """Return whether the values may be up to 15 minutes old."""
        return self._clock.awake - self._last_kept <= KEPT + STEP

    @property
    def recovering(self) -> bool:
        """Return whether the entry may be unavailable, now or after an obstacle."""
        limited = self._clock.awake - self._last_limit < RECOVERY_FROM_LIMIT
        recovery = RECOVERY_FROM_LIMIT if limited else _RECOVERY
        return self._clock.awake - self._last < recovery

    def note(self) -> None:
        """Note the current obstacle."""
        if not self.in_force:
            return
        if not self.met:
            self.met, self._lines = True, 1
        self._last = self._clock.awake
        row = self.fault.row if self.fault else None
        if row in (BLOCKED_ROW, LIMITED_ROW):
            self._last_kept = self._clock.awake
        if row == LIMITED_ROW:
            self._last_limit = self._clock.awake
        if row == BLOCKED_ROW:
            self.blocked_since = self.blocked_since or self._clock.right
        if row in _ORGANIZATION_ROWS or (self.helpless_since and not self.fault):
            self.accused = True

    def overcome(self) -> None:
        """Note a good poll."""
        self.met = self.accused = False
        self.blocked_since = None
        self._lines = 0

    def restarted(self) -> None:
        """Note that the entry starts again, and may log once more that a poll failed."""
        self._lines = int(self.met)

    def forgive(self) -> bool:
        """Return whether a log line about a failed poll is expected, once each time."""
        self._lines -= (expected := self._lines > 0)
        return expected
