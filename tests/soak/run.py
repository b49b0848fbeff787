"""The simulated days: two accounts in a Home Assistant, step by step."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, __version__
from homeassistant.core import HomeAssistant
from tests.common import reauth_flows, settle
from tests.simulator import Simulator
from tests.simulator.server import Request

from . import person
from .clock import Clock
from .home import Home
from .interruption import Interruption
from .log import LogWatch
from .notices import Notices
from .watch import Watch

_TIMEOUT = timedelta(seconds=16)


async def _nothing() -> None:
    """Do nothing between stop and start."""


class Run:
    """A run with ada, who meets everything, and ben, who meets what is not about ada."""

    def __init__(
        self,
        clock: Clock,
        simulator: Simulator,
        home: Home,
        log: LogWatch,
        random: Random,
    ) -> None:
        """Initialize before the first day."""
        # The summer moves the beginning.
        self.begun = clock.right
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self.home = home
        self.log = log
        # The last incidents, for the message of a failure.
        self.diary: deque[str] = deque(maxlen=12)
        # Whether nothing happens by chance.
        self.quiet = False
        self.random = random
        # The number of the poll after which a false refusal is over.
        self.refusal_ends = 0
        self.simulator = simulator
        # How often entries were set up.
        self.starts = 0
        self.survived: Counter[str] = Counter()
        accounts = simulator.world.accounts
        self.ada, self.ben = self.watches = tuple(
            Watch(clock, simulator, accounts[name], title, timedelta(seconds=interval))
            for name, title, interval in (
                ("ada", "Claude Pulse", 120),
                ("ben", "Claude Pulse Analytical Engines", 300),
            )
        )
        self.notices = Notices(clock, home, self.watches)
        self._interruption = Interruption()
        self._restart_in_alerts = False
        self._restarts: list[timedelta] = []
        home.on_start = self._listen
        log.obstacles = tuple(watch.obstacles for watch in self.watches)
        simulator.on_request = self._note_request
        simulator.on_slow_answer = lambda: self._tick(_TIMEOUT)

    def note(self, incident: str) -> None:
        """Note an incident."""
        self.diary.append(f"{self.clock.wall:%Y-%m-%d %H:%M:%S}: {incident}")

    async def set_up(self, restarts: list[timedelta]) -> None:
        """Add both accounts, and plan restarts."""
        self._restarts = restarts
        for watch in self.watches:
            await person.set_up(self.home.hass, watch)
        await person.choose_interval(self.home, self.ben, 300)

    def report(self) -> dict[str, Any]:
        """Return the counts."""
        return {
            "version": __version__,
            "counts": self.counts,
            "survived": self.survived,
            "watched": {watch.account.name: watch.counts for watch in self.watches},
            "alerts": sum((watch.alerts.counts for watch in self.watches), Counter()),
        }

    async def pass_time(self, time: timedelta) -> None:
        """Move on by a time."""
        await self.pass_until(self.clock.right + time)

    async def pass_until(self, moment: datetime) -> None:
        """Move on to a moment."""
        while self.clock.right < moment:
            await self.step()

    async def pass_until_all_alerts(self) -> None:
        """Move on until no alert is missing."""
        while any(watch.alerts.missing for watch in self.watches):
            await self.step()

    async def step(self, *, check: bool = True) -> None:
        """Move on by one step, and check all expectations."""
        if not self.quiet and self.random.random() < 0.01:
            for watch in self.watches:
                share = self.random.choice((0, 0, 2, 6, 12))
                person.use_claude(self.clock, watch, share)
        self.home.disk.begin_moment()
        for watch in self.watches:
            watch.alerts.begin_moment()
        self.clock.step()
        self._note()
        # The event loop fires the timers.
        for _ in range(2):
            await asyncio.sleep(0)
        if poll := await self._interruption.settle(self.home.hass):
            await self._interrupt(poll)
        if not check:
            return
        await self._restart_if_due()
        self.counts["moments"] += 1
        for watch in self.watches:
            watch.check(self.home.hass)
        self.notices.check()

    def set_clock(self, by: timedelta) -> None:
        """Set the machine's clock."""
        self.note(f"the clock is set by {by}")
        self.clock.set(by)
        for watch in self.watches:
            watch.jumped()

    async def restart(
        self,
        then: Callable[[], Awaitable[None]] = _nothing,
        *,
        in_a_poll: bool = False,
    ) -> None:
        """Restart Home Assistant, or crash it."""
        crash = self.random.random() < 0.5
        self.counts["crashes" if crash else "restarts"] += 1
        self.note("crash" if crash else "restart")
        if self.ada.obstacles.helpless_since and reauth_flows(self.home.hass):
            self.counts["restarts while a key was asked for"] += 1
        lose = crash and (in_a_poll or self.random.random() < 0.5)
        for watch in self.watches:
            watch.alerts.stop(crash=crash, in_a_poll=in_a_poll)
        with self.log.strict():
            await self.home.stop(crash=crash, lose=lose)
        await then()
        self._note_start(*self.watches)
        await self.home.start()
        for watch in self.watches:
            watch.alerts.check_started()

    def _note_start(self, *watches: Watch) -> None:
        """Note that entries start."""
        self.starts += 1
        for watch in watches:
            watch.restarted()

    async def _restart_if_due(self) -> None:
        """Restart about once a day: now, in a poll, or between two alerts."""
        if self.quiet:
            return
        incomplete = [watch for watch in self.watches if watch.alerts.incomplete]
        if self._restart_in_alerts and incomplete and self.random.random() < 0.5:
            self._restart_in_alerts = False
            self.counts["restarts and reloads between two alerts"] += 1
            await self._restart_or_reload(incomplete[0])
        elapsed = self.clock.right - self.begun
        if not self._restarts or elapsed < self._restarts[0]:
            return
        del self._restarts[0]
        if self.random.random() < 0.5:
            self._interruption.wanted = True
        elif self.random.random() < 0.5:
            self._restart_in_alerts = True
        else:
            await self.restart()

    async def _interrupt(self, poll: Request) -> None:
        """Restart Home Assistant, or reload the entry, in the middle of its poll."""
        (watch,) = (watch for watch in self.watches if watch.owns(poll))
        self.counts["restarts and reloads in the middle of a poll"] += 1
        self.note(f"a poll of {watch.account.name} is interrupted")
        await self._restart_or_reload(watch, in_a_poll=True)

    async def _restart_or_reload(
        self, watch: Watch, *, in_a_poll: bool = False
    ) -> None:
        """Restart Home Assistant, or reload an entry."""
        entry = self.home.entries[watch.title]
        if entry.state is not ConfigEntryState.LOADED or self.random.random() < 0.5:
            await self.restart(in_a_poll=in_a_poll)
            return
        self.counts["reloads"] += 1
        self._note_start(watch)
        with self.log.strict():
            reload = self.home.hass.config_entries.async_reload
            assert await reload(entry.entry_id) or watch.obstacles.met
        await self._interruption.check_over()
        await settle(self.home.hass)

    def _listen(self, hass: HomeAssistant) -> None:
        """Listen to the alerts of a Home Assistant."""
        for watch in self.watches:
            hass.bus.async_listen(EVENT_STATE_CHANGED, watch.alerts.record)

    def _tick(self, time: timedelta) -> None:
        """Move on within a step."""
        self.clock.tick(time)
        self._note()

    def _note(self) -> None:
        """Note the truth of this moment."""
        for watch in self.watches:
            watch.note()

    async def _note_request(self, request: Request) -> None:
        """Note a request, and end a false refusal."""
        self.counts["requests"] += 1
        if request.path.endswith("/usage") and not self.quiet:
            await self._interruption.hold(request)
            if self.refusal_ends and self.ada.counts["polls"] == self.refusal_ends:
                self.refusal_ends = 0
                self.simulator.clear_faults()
        for watch in self.watches:
            if watch.owns(request):
                watch.note_request(request)
