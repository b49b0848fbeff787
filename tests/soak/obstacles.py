"""What stands between claude.ai and an entry, and what has since the last good poll."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.simulator import Simulator
from tests.simulator.faults import Fault
from tests.simulator.world import Account

from .clock import STEP, Clock

# Rows of the error table.
_CHALLENGE_ROW = 1
_DEAD_KEY_ROW = 2
_LIMIT_ROW = 6
# Those that can be the organization's.
_ORGANIZATION_ROWS = (3, 4, 7)

# Under these the values are kept for some time.
_PATIENT_ROWS = (_CHALLENGE_ROW, _LIMIT_ROW)
_KEPT = timedelta(minutes=15)

# After a fault: the longest wait, and Home Assistant's longest retry of a set-up.
_RECOVERY = timedelta(hours=1, minutes=20)
RECOVERY_FROM_LIMIT = timedelta(hours=6, minutes=20)

_LONG_AGO = timedelta(days=-1)


class Obstacles:
    """The obstacles of one account; times are those that the machine was awake."""

    def __init__(self, clock: Clock, simulator: Simulator, account: Account) -> None:
        """Begin without any."""
        # Since when only a person can help.
        self.helpless_since: datetime | None = None
        # What has been met since the last good poll.
        self.met = False
        self.accused = False
        self.blocked_since: datetime | None = None
        # How often a poll may still log that it failed.
        self._lines = 0
        self._account = account
        self._clock = clock
        self._last = self._last_limit = self._last_patient = _LONG_AGO
        self._simulator = simulator

    @property
    def fault(self) -> Fault | None:
        """Return the fault in force."""
        return self._simulator.fault_of(self._account)

    @property
    def in_force(self) -> bool:
        """Tell whether a poll cannot succeed now."""
        return bool(self.fault or self.helpless_since or not self._simulator.listening)

    @property
    def dead_key(self) -> bool:
        """Tell whether each session key is refused, whatever it is."""
        return self.fault is not None and self.fault.row == _DEAD_KEY_ROW

    @property
    def patient(self) -> bool:
        """Tell whether the values may be old, as claude.ai asks for patience."""
        return self._clock.awake - self._last_patient <= _KEPT + STEP

    @property
    def recovering(self) -> bool:
        """Tell whether there is or was one so lately that the entry may be unavailable."""
        limited = self._clock.awake - self._last_limit < RECOVERY_FROM_LIMIT
        recovery = RECOVERY_FROM_LIMIT if limited else _RECOVERY
        return self._clock.awake - self._last < recovery

    def note(self) -> None:
        """Note what is in force now."""
        if not self.in_force:
            return
        if not self.met:
            self.met, self._lines = True, 1
        self._last = self._clock.awake
        row = self.fault.row if self.fault else None
        if row in _PATIENT_ROWS:
            self._last_patient = self._clock.awake
        if row == _LIMIT_ROW:
            self._last_limit = self._clock.awake
        if row == _CHALLENGE_ROW:
            self.blocked_since = self.blocked_since or self._clock.right
        if row in _ORGANIZATION_ROWS or (self.helpless_since and not self.fault):
            self.accused = True

    def overcome(self) -> None:
        """Note that a poll has succeeded."""
        self.met = self.accused = False
        self.blocked_since = None
        self._lines = 0

    def restarted(self) -> None:
        """Note that the entry begins anew, and may say again what it meets."""
        self._lines = int(self.met)

    def forgive(self) -> bool:
        """Tell whether the log may have a line about a poll that failed: one each time."""
        self._lines -= 1 if (may := self._lines > 0) else 0
        return may
