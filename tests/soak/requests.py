"""The expected requests of one entry: polls in time, few others."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.simulator.faults import Trouble
from tests.simulator.world import Account

from .clock import STEP, Clock
from .obstacles import BLOCKED_ROW, LIMITED_ROW, Obstacles
from .truth import Window

# Beyond the polls: in 24 hours, and in addition for a restart, a reload or a form, which
# ask for the organizations, the balance and the account.
MOST_REQUESTS = 10
_FOR_A_START = 4
# States in nine hours at unchanged numbers.
MOST_ROWS = 40
# Polls in one hour while claude.ai blocks or limits requests.
MOST_POLLS_LIMITED = 6

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_AFTER_RESET = timedelta(seconds=15)
_JITTER = timedelta(seconds=5)
_LONGEST_RETRY_AFTER = timedelta(hours=6)
# The wait for a second answer, or after an outage.
_SHORT_WAIT = timedelta(minutes=2)
_SECOND_ANSWER = timedelta(seconds=65)
# Answers that differ by more points can need a second one.
_POINTS = 3
# Home Assistant works in whole seconds.
_SLACK = timedelta(seconds=1)

# Reasons for a poll before its time.
FORM = "a restart or a form"
JUMP = "a jump of the clock"


class Requests:
    """The requests of one entry."""

    def __init__(
        self,
        clock: Clock,
        account: Account,
        interval: timedelta,
        obstacles: Obstacles,
        counts: Counter[str],
    ) -> None:
        """Initialize before the first request."""
        self.longest_pause = interval + _JITTER + 2 * _SLACK + STEP
        self._account = account
        self._clock = clock
        self._counts = counts
        self._interval = interval
        self._obstacles = obstacles
        self._excuse: tuple[str, datetime] | None = None
        self._limited: deque[datetime] = deque()
        self._others: deque[datetime] = deque()
        self._starts: deque[datetime] = deque()
        self._too_soon: list[str] = []
        # The last poll, and until when claude.ai has asked for no other one.
        self._last = self._not_before = clock.right
        self._refused = self._failed = False
        # The last two answers; the time awake by which the next poll has to come.
        self._answers: deque[tuple[Window, ...]] = deque([()], maxlen=2)
        self._until: timedelta | None = None

    def excuse(self, reason: str) -> None:
        """Allow a poll now, instead of the one that was due."""
        self._excuse = reason, self._clock.right
        self._not_before = self._clock.right
        self._limited.clear()
        self._until = None
        if reason == FORM:
            self._starts.append(self._clock.right)

    def poll(self, session_key: str | None, windows: tuple[Window, ...]) -> bool:
        """Note a poll, and return whether it is answered with these windows."""
        self._counts["polls"] += 1
        if early := self._why_early():
            self._counts[f"polls {early}"] += 1
        self._last = now = self._clock.right
        accepted = self._account.accepts(str(session_key))
        self._refused = not accepted or self._obstacles.dead_key
        self._failed = not accepted or self._obstacles.in_force
        self._until = None
        if not self._failed:
            self._answers.append(windows)
            resets = [window.resets_at for window in windows if window.resets_at]
            waits = [time - self._clock.wall + _AFTER_RESET for time in resets]
            wait = min(
                [self._interval, *(wait for wait in waits if wait > _AFTER_RESET)]
            )
            self._until = self._clock.awake + wait - self._interval + self.longest_pause
        self._note_limit(now)
        return not self._failed

    def other(self, path: str) -> None:
        """Note a request that is no poll."""
        if path.endswith("/organizations") and self._obstacles.in_force:
            self._counts["requests for the reason of a refusal"] += 1
            return
        self._counts["requests beyond the polls"] += 1
        self._others.append(self._clock.right)

    def check(self, *, switched_on: bool) -> None:
        """Expect no poll too soon or too late, and few other requests in a day."""
        assert not self._too_soon, self._too_soon
        if self._obstacles.met or not switched_on:
            self._until = None
        late = self._until is not None and self._clock.awake > self._until
        assert not late, f"no poll at {self._clock.wall}"
        _drop_old(self._others, self._clock.right - _DAY)
        _drop_old(self._starts, self._clock.right - _DAY)
        most = MOST_REQUESTS + len(self._starts) * _FOR_A_START
        assert len(self._others) <= most, self._others
        if not self._starts:
            name = "most requests beyond the polls in 24 hours without a restart"
            self._counts[name] = max(self._counts[name], len(self._others))

    def _note_limit(self, now: datetime) -> None:
        """Note a poll that is limited; few may follow."""
        fault = self._obstacles.fault
        if not fault or fault.row not in (BLOCKED_ROW, LIMITED_ROW):
            self._limited.clear()
            return
        wait = timedelta(seconds=int(fault.headers.get("Retry-After", 0)))
        self._not_before = now + min(wait, _LONGEST_RETRY_AFTER)
        self._limited.append(now)
        _drop_old(self._limited, now - _HOUR)
        if len(self._limited) > MOST_POLLS_LIMITED:
            self._too_soon.append(f"limited, {[*map(str, self._limited)]}")

    def _why_early(self) -> str | None:
        """Return why a poll comes before the interval is over, or None if it does not."""
        now, wall, gap = (
            self._clock.right,
            self._clock.wall,
            self._clock.right - self._last,
        )
        if self._excuse and self._excuse[1] >= self._last:
            return (
                None if gap >= self._interval - _SLACK else f"after {self._excuse[0]}"
            )
        if now < self._not_before - _SLACK:
            self._too_soon.append(f"before Retry-After, at {now}")
        if gap >= self._interval - _SLACK:
            return None
        if self._refused:
            # Asked again with the same key, or with the one before it.
            return "that confirm a refusal"
        before, last = self._answers
        late = [
            wall - window.resets_at
            for window in last
            if window.resets_at and window.resets_at <= wall
        ]
        if any(over < 2 * _HOUR and over <= 2 * gap + _SLACK for over in late):
            return "after a reset"
        if gap >= _SHORT_WAIT - _SLACK and self._failed:
            return "after an outage"
        if gap >= _SECOND_ANSWER - _SLACK and _differ(before, last):
            return "for a second answer"
        if isinstance(self._obstacles.fault, Trouble) and not gap:
            # Newer versions of aiohttp retry a broken connection.
            return "on a broken connection"
        self._too_soon.append(f"{gap} after the last poll, at {now}")
        return None


def _drop_old(times: deque[datetime], oldest: datetime) -> None:
    """Remove times that are too old."""
    while times and times[0] <= oldest:
        times.popleft()


def _differ(before: Iterable[Window], last: Iterable[Window]) -> bool:
    """Return whether the last answer is so different that it has to be confirmed."""
    known = {window.name: window for window in before}
    return any(
        (other := known.get(window.name)) is not None
        and (
            other.resets_at != window.resets_at
            or abs(other.used - window.used) > _POINTS
        )
        for window in last
    )
