"""Whether what an entry shows is true."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from tests.simulator import Simulator
from tests.simulator.server import Request
from tests.simulator.world import Account, Meter, Seat

from .budget import Requests
from .clock import STEP, Clock
from .events import Answer
from .heard import Heard
from .obstacles import Obstacles
from .polls import FORM, JUMP, Polls
from .truth import Window, read, windows_of

_KEPT = timedelta(minutes=15)


class Watch:
    """Looks at one entry, which should show the last seat of an account."""

    def __init__(
        self,
        clock: Clock,
        simulator: Simulator,
        account: Account,
        title: str,
        interval: timedelta,
    ) -> None:
        """Remember whose it is, and how often it should ask."""
        self.account = account
        self.counts: Counter[str] = Counter()
        # Since when there is the session key, unless it is being renewed.
        self.key_since: datetime | None = clock.right
        self.obstacles = Obstacles(clock, simulator, account)
        self.polls = Polls(clock, account, interval, self.obstacles, self.counts)
        self.requests = Requests(clock, self.counts)
        # Whether the values are shown that some poll has brought.
        self.showing = False
        # Whether the person lets the entry poll.
        self.switched_on = True
        self.title = title
        self._clock = clock
        self._slug = title.lower().replace(" ", "_")
        # What claude.ai has told of late, and after how long awake.
        self._told: deque[tuple[timedelta, tuple[Window, ...]]] = deque()
        self._polled: tuple[Window, ...] = ()
        names = (window.name for window in windows_of(self.seat, clock.right))
        self.heard = Heard(self._slug, names)

    @property
    def seat(self) -> Seat:
        """Return the seat that should be shown."""
        return self.account.seats[-1]

    @property
    def meters(self) -> list[Meter]:
        """Return what measures the session, the week, and the models."""
        seat = self.seat
        assert seat.session
        assert seat.weekly
        return [seat.session, seat.weekly, *seat.models.values()]

    def owns(self, request: Request) -> bool:
        """Tell whether a request is made with one of the account's keys."""
        return f"-{self.account.name}-" in str(request.session_key)

    def restarted(self) -> None:
        """Note a restart, a reload, or a form: the entry may ask now."""
        self.note()
        self.obstacles.restarted()
        self.polls.excuse(FORM)
        self.requests.excuse()

    def lost(self) -> None:
        """Note that from now on only a person can help."""
        self.obstacles.helpless_since = self._clock.right

    def helped(self) -> None:
        """Note that the person has."""
        self.obstacles.helpless_since = None

    def renewed(self) -> None:
        """Note that there is another session key."""
        self.key_since = self._clock.right

    def jumped(self, *, asleep: bool = False) -> None:
        """Note that the clock on the wall has jumped, by being set or by sleep."""
        self.polls.excuse(JUMP)
        if asleep:
            self._told.clear()
        self.note()

    def note(self) -> None:
        """Note what is true now, and what stands between it and the entry."""
        self.obstacles.note()
        windows = windows_of(self.seat, self._clock.right)
        self._told.append((self._clock.awake, windows))
        while self._told[0][0] < self._clock.awake - timedelta(hours=1):
            self._told.popleft()

    def note_request(self, request: Request) -> None:
        """Note a request of the entry's."""
        if not request.path.endswith("/usage"):
            self.requests.note(request.path, self.obstacles)
            return
        windows = windows_of(self.seat, self._clock.right)
        if self.polls.note(request.session_key, windows):
            self._polled = windows
            self.obstacles.overcome()
            begun = (meter.started for meter in self.meters)
            of_each = tuple(zip(windows, begun, strict=True))
            self.heard.answered(Answer(self._clock.wall, of_each))
            if self.heard.unsure:
                self.polls.doubted()

    def check(self, hass: HomeAssistant) -> None:
        """See that all entities are unavailable, or show what was told at one moment.

        And that each window whose reset has passed by now is unknown.
        """
        self.polls.check(switched_on=self.switched_on)
        self.requests.check()
        shown = {}
        for key in read(self._told[-1][1], self._clock.wall):
            state = hass.states.get(f"sensor.{self._slug}_{key}")
            shown[key] = state.state if state else "unavailable"
        self.showing = set(shown.values()) != {"unavailable"}
        if not self.showing:
            assert self.obstacles.recovering, f"{self._slug} has not recovered"
            self.counts["moments unavailable"] += 1
            return
        assert shown in self._true(), f"{self._slug}: {shown}\n{list(self._true())}"
        self.counts["moments with the truth"] += 1
        over = any(
            shown[f"{window.name}_usage"] == "unknown" for window in self._polled
        )
        self.counts["moments with the truth, and a window that is over"] += over

    def _true(self) -> Iterator[dict[str, str]]:
        """Yield all that may be shown, the newest first."""
        for told in self._tellable():
            for wall in self._clock.shown:
                yield read(told, wall)

    def _tellable(self) -> Iterator[tuple[Window, ...]]:
        """Yield what was told within one interval, or 15 minutes.

        Without polls it is what the last one was told; after a sleep it is new.
        """
        if not self.switched_on:
            yield self._polled
            return
        oldest = self._clock.awake - self.polls.longest_pause
        if self.obstacles.patient:
            oldest = min(oldest, self._clock.awake - _KEPT - STEP)
        for at, told in reversed(self._told):
            if at < oldest:
                return
            yield told
