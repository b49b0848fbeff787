"""The days that pass: two accounts in a Home Assistant, step by step."""

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
from .schedule import restarts
from .watch import Watch

_TIME_OUT = timedelta(seconds=16)


async def _at_once() -> None:
    """Let nothing happen between an end and a start."""


class Run:
    """To ada everything happens, to ben what happens to everybody."""

    def __init__(
        self,
        clock: Clock,
        simulator: Simulator,
        home: Home,
        log: LogWatch,
        random: Random,
    ) -> None:
        """Begin before the first day."""
        self.begun = clock.right
        self.clock = clock
        self.counts: Counter[str] = Counter()
        self.home = home
        self.log = log
        # What has happened of late, for who looks into a failure.
        self.diary: deque[str] = deque(maxlen=12)
        # Whether nothing is to happen.
        self.quiet = False
        self.random = random
        # After which of ada's polls a refusal is over that was not meant.
        self.refusal_ends = 0
        self.simulator = simulator
        # How often entries were set up.
        self.starts = 0
        self.survived: Counter[str] = Counter()
        accounts = simulator.world.accounts
        self.ada = Watch(
            clock,
            simulator,
            accounts["ada"],
            "Claude Pulse",
            timedelta(seconds=120),
        )
        self.ben = Watch(
            clock,
            simulator,
            accounts["ben"],
            "Claude Pulse Analytical Engines",
            timedelta(seconds=300),
        )
        self.watches = (self.ada, self.ben)
        self.notices = Notices(clock, home, self.watches)
        self._interruption = Interruption()
        self._restart_half_told = False
        self._restarts: list[timedelta] = []
        home.on_start = self._listen
        log.obstacles = tuple(watch.obstacles for watch in self.watches)
        simulator.on_request = self._note_request
        simulator.on_slow_answer = lambda: self._tick(_TIME_OUT)

    @property
    def lived(self) -> timedelta:
        """Return how far the days are, a summer not counted."""
        return self.clock.right - self.begun

    def write_down(self, what: str) -> None:
        """Remember that something happens now."""
        self.diary.append(f"{self.clock.wall:%Y-%m-%d %H:%M:%S}: {what}")

    async def set_up(self, days: int) -> None:
        """Add both accounts, as a person would."""
        self._restarts = restarts(days, self.random)
        for watch in self.watches:
            await person.set_up(self.home.hass, watch)
        await person.choose_interval(self.home, self.ben, 300)

    def report(self) -> dict[str, Any]:
        """Return what was counted."""
        return {
            "version": __version__,
            "counts": self.counts,
            "survived": self.survived,
            "watched": {watch.account.name: watch.counts for watch in self.watches},
            "events": {
                watch.account.name: watch.heard.counts for watch in self.watches
            },
        }

    async def pass_time(self, time: timedelta) -> None:
        """Let time pass."""
        await self.pass_until(self.clock.right + time)

    async def pass_until(self, moment: datetime) -> None:
        """Let time pass step by step."""
        while self.clock.right < moment:
            await self.step()

    async def pass_until_all_is_told(self) -> None:
        """Let time pass as long as something is to be told."""
        while any(watch.heard.waiting for watch in self.watches):
            await self.step()

    async def step(self) -> None:
        """Let a minute pass, and look at what there is to see."""
        if not self.quiet and self.random.random() < 0.01:
            for watch in self.watches:
                person.use_claude(
                    self.clock, watch, self.random.choice((0, 0, 2, 6, 12))
                )
        await self._move_on()
        if caught := await self._interruption.settle(self.home.hass):
            await self._interrupt(caught)
        await self._restart_if_due()
        self._check()

    def set_clock(self, by: timedelta) -> None:
        """Set the machine's clock."""
        self.write_down(f"the clock is set by {by}")
        self.clock.set(by)
        for watch in self.watches:
            watch.jumped()

    async def restart(
        self,
        then: Callable[[], Awaitable[None]] = _at_once,
        *,
        in_a_poll: bool = False,
    ) -> None:
        """Restart Home Assistant, half of the times by pulling the plug."""
        crash = self.random.random() < 0.5
        self.counts["crashes" if crash else "restarts"] += 1
        self.write_down("crash" if crash else "restart")
        if self.ada.obstacles.helpless_since and reauth_flows(self.home.hass):
            self.counts["restarts while a key was asked for"] += 1
        # In the middle of things nobody knows what has been written.
        forgets = crash and (in_a_poll or self.random.random() < 0.5)
        for watch in self.watches:
            watch.heard.stopped(forgets=forgets, in_a_poll=in_a_poll)
        with self.log.silent():
            await self.home.stop(crash=crash, forget=forgets)
        await then()
        for watch in self.watches:
            watch.restarted()
        self.starts += 1
        await self.home.start()
        for watch in self.watches:
            watch.heard.check_held()

    async def _restart_if_due(self) -> None:
        """Restart now, or when something is half told; or want a poll to be interrupted."""
        if self.quiet:
            return
        half_told = any(watch.heard.is_half_told for watch in self.watches)
        if self._restart_half_told and half_told and self.random.random() < 0.5:
            self._restart_half_told = False
            self.counts["restarts and crashes while something was half told"] += 1
            await self.restart()
        if not self._restarts or self.lived < self._restarts[0]:
            return
        del self._restarts[0]
        if self.random.random() < 0.5:
            self._interruption.wanted = True
        elif self.random.random() < 0.5:
            self._restart_half_told = True
        else:
            await self.restart()

    async def _interrupt(self, poll: Request) -> None:
        """Restart Home Assistant in the middle of a poll, or reload whose it is."""
        (watch,) = (watch for watch in self.watches if watch.owns(poll))
        self.write_down(f"a poll of {watch.account.name}'s is interrupted")
        entry = self.home.entries[watch.title]
        if entry.state is not ConfigEntryState.LOADED or self.random.random() < 0.5:
            self.counts["restarts and crashes in the middle of a poll"] += 1
            await self.restart(in_a_poll=True)
            return
        self.counts["reloads in the middle of a poll"] += 1
        watch.restarted()
        self.starts += 1
        with self.log.silent():
            reload = self.home.hass.config_entries.async_reload
            assert await reload(entry.entry_id) or watch.obstacles.met
        await self._interruption.check_over()
        await settle(self.home.hass)

    async def settle_alone(self) -> None:
        """Let a minute pass, and look at nothing, as the entries are gone."""
        await self._move_on()
        await settle(self.home.hass)

    async def _move_on(self) -> None:
        """Let a minute pass, and begin all that is due then."""
        self.home.disk.begin_moment()
        for watch in self.watches:
            watch.heard.begin_moment()
        self.clock.step()
        self._note()
        # The loop fires its timers by itself, before what it does next.
        for _ in range(2):
            await asyncio.sleep(0)

    def _check(self) -> None:
        """Look at what there is to see."""
        self.counts["moments looked at"] += 1
        for watch in self.watches:
            watch.check(self.home.hass)
            watch.heard.check(showing=watch.showing)
        self.notices.check()

    def _listen(self, hass: HomeAssistant) -> None:
        """Hear what a Home Assistant tells."""
        for watch in self.watches:
            hass.bus.async_listen(EVENT_STATE_CHANGED, watch.heard.hear)

    def _tick(self, time: timedelta) -> None:
        """Let time pass within a step."""
        self.clock.tick(time)
        self._note()

    def _note(self) -> None:
        """Note what is true now."""
        for watch in self.watches:
            watch.note()

    async def _note_request(self, request: Request) -> None:
        """Note a request, and end a refusal that was not meant."""
        self.counts["requests"] += 1
        if request.path.endswith("/usage") and not self.quiet:
            await self._interruption.hold(request)
            if self.refusal_ends and self.ada.counts["polls"] == self.refusal_ends:
                self.refusal_ends = 0
                self.simulator.clear_faults()
        for watch in self.watches:
            if watch.owns(request):
                watch.note_request(request)
