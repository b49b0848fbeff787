"""When an entry polls: not before it is time, and not long after."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from tests.simulator.faults import Trouble
from tests.simulator.world import Account

from .clock import STEP, Clock
from .obstacles import Obstacles
from .truth import Window

_AFTER_RESET = timedelta(seconds=15)
_JITTER = timedelta(seconds=5)
_LATE_RESET = timedelta(hours=1)
_AFTER_OUTAGE = timedelta(minutes=2)
_AFTER_DOUBT = timedelta(minutes=2)

# Home Assistant works in whole seconds, and two entries not in the same one.
_SLACK = timedelta(seconds=1)
_SLOTS = timedelta(seconds=2)

# What may make a poll come early.
FORM = "a restart or a form"
JUMP = "a jump of the clock"


class Polls:
    """The polls of one entry."""

    def __init__(
        self,
        clock: Clock,
        account: Account,
        interval: timedelta,
        obstacles: Obstacles,
        counts: Counter[str],
    ) -> None:
        """Begin before the first one."""
        self.longest_pause = interval + _JITTER + _SLOTS + STEP
        self._account = account
        self._clock = clock
        self._counts = counts
        self._excuses: dict[str, datetime] = {}
        self._interval = interval
        # When the last one was, whether it was refused, and how long to wait after it.
        self._last = clock.right
        self._obstacles = obstacles
        self._refused = False
        self._too_soon: list[datetime] = []
        # Whether the last answer was to be confirmed.
        self._unsure = False
        self._wait = interval
        # Until how long awake the next one must have come, if that is certain.
        self._until: timedelta | None = None

    def excuse(self, reason: str) -> None:
        """Note why a poll may come now, and need not at the time that it would have."""
        self._excuses[reason] = self._clock.right
        self._until = None

    def note(self, session_key: str | None, windows: tuple[Window, ...]) -> bool:
        """Note a poll, and tell whether it is answered with these windows."""
        self._counts["polls"] += 1
        early = self._why_early()
        if early:
            self._counts[f"polls {early}"] += 1
        self._last = self._clock.right
        accepted = self._account.accepts(str(session_key))
        self._refused = not accepted or self._obstacles.dead_key
        good = accepted and not self._obstacles.in_force
        self._until = None
        self._unsure = False
        # After an outage a reset, or a set-up that is tried again, need not wait longer.
        self._wait = min(self._interval, _AFTER_OUTAGE)
        if good:
            self._wait = _until_next(windows, self._clock.wall, self._interval)
            pause = self._wait + _JITTER + _SLOTS + STEP
            self._until = self._clock.awake + pause
        return good

    def doubted(self) -> None:
        """Note that another answer is needed, so that nobody need wait for long."""
        self._unsure = True

    def check(self, *, switched_on: bool) -> None:
        """See that none has come too soon, and that one has not come too late."""
        assert not self._too_soon, f"asked too soon: {self._too_soon}"
        if self._obstacles.met or not switched_on:
            self._until = None
        late = self._until is not None and self._clock.awake > self._until
        assert not late, f"should have asked at {self._clock.wall}"

    def _why_early(self) -> str | None:
        """Return why a poll comes before the interval is over, if it does."""
        now, last = self._clock.right, self._last
        if now - last >= self._interval - _SLACK:
            return None
        if self._refused:
            # Asked again with the same key, or with the one before it.
            return "that confirm a refusal"
        for reason, since in self._excuses.items():
            if since >= last:
                return f"after {reason}"
        if now - last >= self._wait - _SLACK:
            return "after a reset"
        if self._unsure and now - last >= _AFTER_DOUBT - _SLACK:
            return "for a second answer"
        if isinstance(self._obstacles.fault, Trouble) and now == last:
            # Newer versions of aiohttp ask once more where a connection breaks.
            return "on a broken connection"
        self._too_soon.append(now)
        return None


def _until_next(
    windows: tuple[Window, ...], wall: datetime, interval: timedelta
) -> timedelta:
    """Return how long to wait after an answer.

    claude.ai is asked shortly after a reset, and while it still tells the old window
    after 15, 30, 60, 120 … seconds, for an hour.
    """
    waits = [interval]
    for window in windows:
        late = wall - window.resets_at if window.resets_at else _LATE_RESET
        if late < timedelta():
            waits.append(_AFTER_RESET - late)
        elif late < _LATE_RESET:
            waits.append(max(late, _AFTER_RESET))
    return min(waits)
