"""Compares the states of an entry with the truth."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from tests.simulator import Simulator
from tests.simulator.server import Request
from tests.simulator.world import Account, Meter, Seat

from .alerts import Alerts
from .clock import STEP, Clock
from .obstacles import KEPT, Obstacles
from .requests import FORM, JUMP, Requests
from .truth import Window, sensors_of, windows_of


class Watch:
    """Watches one entry, of the last seat of an account."""

    def __init__(
        self,
        clock: Clock,
        simulator: Simulator,
        account: Account,
        title: str,
        interval: timedelta,
    ) -> None:
        """Initialize with the account, and the interval of the entry."""
        self.account = account
        self.counts: Counter[str] = Counter()
        # The age of the session key, unless it is being renewed.
        self.key_since: datetime | None = clock.right
        # Alerts must not follow from false answers.
        self.answers_are_false = False
        self.obstacles = Obstacles(clock, simulator, account)
        self.requests = Requests(clock, account, interval, self.obstacles, self.counts)
        # Whether the entry shows values.
        self.showing = False
        # Whether polling is switched on.
        self.switched_on = True
        self.title = title
        self._clock = clock
        self._slug = title.lower().replace(" ", "_")
        # The answers claude.ai would have given, by the time awake, and the last real one.
        self._truth: deque[tuple[timedelta, tuple[Window, ...]]] = deque()
        self._polled: tuple[Window, ...] = ()
        names = (window.name for window in windows_of(self.seat, clock.right))
        self.alerts = Alerts(clock, self._slug, names)

    @property
    def seat(self) -> Seat:
        """Return the seat of the entry."""
        return self.account.seats[-1]

    @property
    def meters(self) -> list[Meter]:
        """Return the meters of the session, the week, and the models."""
        seat = self.seat
        assert seat.session
        assert seat.weekly
        return [seat.session, seat.weekly, *seat.models.values()]

    def owns(self, request: Request) -> bool:
        """Return whether a request has one of the account's keys."""
        return f"-{self.account.name}-" in str(request.session_key)

    def restarted(self) -> None:
        """Note a restart, a reload, or a form."""
        self.note()
        self.obstacles.restarted()
        self.requests.excuse(FORM)

    def lost(self) -> None:
        """Note that only a person can help from now on."""
        self.obstacles.helpless_since = self._clock.right

    def helped(self) -> None:
        """Note that a person has helped."""
        self.obstacles.helpless_since = None

    def renewed(self) -> None:
        """Note a new session key."""
        self.key_since = self._clock.right

    def jumped(self, *, asleep: bool = False) -> None:
        """Note that the machine's clock was set, or that the machine was asleep."""
        self.requests.excuse(JUMP)
        if asleep:
            self._truth.clear()
        self.note()

    def note(self) -> None:
        """Note the truth and the obstacles of this moment."""
        self.obstacles.note()
        windows = windows_of(self.seat, self._clock.right)
        self._truth.append((self._clock.awake, windows))
        while self._truth[0][0] < self._clock.awake - timedelta(hours=1):
            self._truth.popleft()

    def note_request(self, request: Request) -> None:
        """Note a request of the entry."""
        if not request.path.endswith("/usage"):
            self.requests.other(request.path)
            return
        if not request.query:
            # The same poll again, without the parameter that may have been refused.
            return
        windows = windows_of(self.seat, self._clock.right)
        if self.requests.poll(request.session_key, windows):
            self._polled = windows
            self.counts["answers"] += 1
            self.obstacles.overcome()
            if not self.answers_are_false:
                self.alerts.answer(windows)

    def check(self, hass: HomeAssistant) -> None:
        """Expect all sensors to be unavailable, or to show one recent answer."""
        self.requests.check(switched_on=self.switched_on)
        shown = {}
        for key in sensors_of(self._truth[-1][1], self._clock.wall):
            state = hass.states.get(f"sensor.{self._slug}_{key}")
            shown[key] = state.state if state else "unavailable"
        self.showing = set(shown.values()) != {"unavailable"}
        self.alerts.check(showing=self.showing)
        if not self.showing:
            assert self.obstacles.recovering, f"{self._slug} has not recovered"
            self.counts["moments unavailable"] += 1
            return
        assert shown in self._expected(), f"{shown}\n{[*self._expected()]}"
        self.counts["moments with the truth"] += 1
        self.counts["moments with the truth, and a window that is over"] += any(
            shown[f"{window.name}_usage"] == "unknown" for window in self._polled
        )

    def _expected(self) -> Iterator[dict[str, str]]:
        """Yield the states that are right, newest first."""
        for windows in self._recent():
            for wall in self._clock.shown:
                yield sensors_of(windows, wall)

    def _recent(self) -> Iterator[tuple[Window, ...]]:
        """Yield the answers of one interval, or of 15 minutes where values are kept.

        Without polling this is the last answer.
        """
        if not self.switched_on:
            yield self._polled
            return
        oldest = self._clock.awake - self.requests.longest_pause
        if self.obstacles.keeps_values:
            oldest = min(oldest, self._clock.awake - KEPT - STEP)
        for at, windows in reversed(self._truth):
            if at < oldest:
                return
            yield windows
