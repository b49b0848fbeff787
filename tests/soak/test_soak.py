"""Thirty days of faults: true or unavailable at every moment, one notice per dead key."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
import logging
import random
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.claude_pulse.const import DOMAIN, TITLE
from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.const import __version__
from tests.common import issues, pass_time, reauth_flows, settle
from tests.simulator import Simulator
from tests.simulator.faults import FAULTS
from tests.simulator.server import Request

from .home import Home, LogWatch
from .schedule import (
    BLIP,
    LOG_OUT,
    LONG_CHALLENGE,
    MOVE,
    REFUSED_RENEWAL,
    RENEWAL,
    RETRY_AFTER,
    Episode,
    dead_key,
    episodes,
    restarts,
)
from .watch import RECOVERY_FROM_LIMIT, STEP, TIME_OUT, Watch

START = datetime(2026, 3, 1, tzinfo=UTC)


class Soak:
    """Two accounts in a Home Assistant: to one everything happens, to the other faults only."""

    def __init__(
        self,
        freezer: FrozenDateTimeFactory,
        simulator: Simulator,
        home: Home,
        seed: int,
    ) -> None:
        """Begin before the first day."""
        self.counts: Counter[str] = Counter()
        self.survived: Counter[str] = Counter()
        accounts = simulator.world.accounts
        self.ada = Watch(
            simulator, accounts["ada"], "claude_pulse", timedelta(seconds=120)
        )
        self.ben = Watch(
            simulator,
            accounts["ben"],
            "claude_pulse_analytical_engines",
            timedelta(seconds=300),
        )
        self.watches = (self.ada, self.ben)
        # At which poll a refusal is over that was not meant.
        self._blip_ends = 0
        self._freezer = freezer
        self._home = home
        # Each notice, the run of Home Assistant that gave it, and for which death.
        self._notices: dict[str, tuple[int, datetime]] = {}
        self._random = random.Random(seed)
        self._restarts: list[datetime] = []
        self._simulator = simulator
        simulator.on_request = self._note_request
        simulator.on_slow_answer = lambda: self._tick(TIME_OUT)

    @property
    def _now(self) -> datetime:
        """Return the time."""
        return self._simulator.now

    def _entry(self) -> ConfigEntry:
        """Return ada's entry, which was the first."""
        entries = self._home.hass.config_entries.async_entries(DOMAIN)
        (entry,) = (entry for entry in entries if entry.title == TITLE)
        return entry

    async def set_up(self) -> None:
        """Add both accounts, as a person would."""
        hass = self._home.hass
        flows, options = hass.config_entries.flow, hass.config_entries.options
        for watch in self.watches:
            watch.note()
            org_id = watch.seat.organization.uuid
            key = watch.account.session_key
            flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
            await flows.async_configure(
                flow["flow_id"], {"org_id": org_id, "session_key": key}
            )
            await settle(hass)
        (entry,) = (
            entry
            for entry in hass.config_entries.async_entries(DOMAIN)
            if entry.data["org_id"] == org_id
        )
        flow = await options.async_init(entry.entry_id)
        await options.async_configure(
            flow["flow_id"], {"org_id": org_id, "update_interval": 300}
        )
        await settle(hass)

    async def run(self, days: int) -> None:
        """Let the days pass, with all that goes wrong in them."""
        begun = self._now
        self._restarts = [begun + time for time in restarts(days, self._random)]
        for episode in episodes(days, self._random):
            await self._pass_until(begun + episode.start)
            await self._suffer(episode)
            self.survived[episode.kind] += 1
        await self._pass_until(begun + timedelta(days=days))
        assert not self._simulator.faults
        counts = self.counts
        assert len(self._notices) == (
            counts["session keys that died"]
            + counts["restarts while a key was asked for"]
        )
        await self._pass_until(self._now + RECOVERY_FROM_LIMIT)
        self.counts["days"] = days
        self.counts["times that a key was asked for"] = len(self._notices)

    def report(self) -> dict[str, Any]:
        """Return what was counted."""
        return {
            "version": __version__,
            "counts": self.counts,
            "survived": self.survived,
            "watched": {watch.account.name: watch.counts for watch in self.watches},
        }

    async def _suffer(self, episode: Episode) -> None:
        """Go through something, until it is over."""
        kind, simulator, account = episode.kind, self._simulator, self.ada.account
        until = self._now + episode.length
        if dead_key(kind):
            await self._lose_key(kind)
        elif kind == BLIP:
            simulator.set_fault("session_invalid", account.name)
            self._blip_ends = self.ada.counts["polls"] + 2
            while simulator.faults:
                await self._step()
        elif kind == MOVE:
            account.move()
            self.ada.helpless_since = self._now
            await self._choose_organization()
        elif kind in (RENEWAL, REFUSED_RENEWAL):
            account.renew()
            if kind == REFUSED_RENEWAL:
                account.refuse_new_key()
            await self._pass_until(until)
            if self._entry().data["session_key"] == account.session_key:
                account.end_old_keys()
                self.counts["session keys that were renewed"] += 1
        else:
            fault = FAULTS["challenge" if kind == LONG_CHALLENGE else kind]
            seconds = self._random.choice(RETRY_AFTER)
            if fault is FAULTS["rate_limited"] and seconds:
                fault = replace(fault, headers={"Retry-After": seconds})
            simulator.faults[None] = fault
            await self._pass_until(until)
            told = "blocked" in issues(self._home.hass)
            assert told == (kind == LONG_CHALLENGE)
            simulator.clear_faults()

    async def _lose_key(self, kind: str) -> None:
        """Go through the end of a session key, until a person enters another one."""
        ada = self.ada
        if kind in FAULTS:
            self._simulator.set_fault(kind, ada.account.name)
        else:
            ada.account.log_out()
        ada.helpless_since = self._now
        await self._wait_for_notice()
        if kind == LOG_OUT:
            await self._restart()
        await self._person_takes_time()
        await self._wait_for_notice()
        self._simulator.clear_faults()
        (flow,) = reauth_flows(self._home.hass)
        ada.excuse()
        result = await self._home.hass.config_entries.flow.async_configure(
            flow["flow_id"], {"session_key": ada.account.log_in()}
        )
        assert result["reason"] == "reauth_successful"
        ada.helpless_since = None
        await settle(self._home.hass)
        assert not reauth_flows(self._home.hass)
        self.counts["session keys that died"] += 1

    async def _wait_for_notice(self) -> None:
        """Let time pass until a person is asked for a key."""
        since = self._now
        while not reauth_flows(self._home.hass):
            assert self._now - since < RECOVERY_FROM_LIMIT, "nobody is asked for a key"
            await self._step()

    async def _choose_organization(self) -> None:
        """Wait until an issue says that the organization is gone, and reconfigure."""
        while "organization" not in issues(self._home.hass):
            await self._step()
        await self._person_takes_time()
        ada, flows = self.ada, self._home.hass.config_entries.flow
        flow = await flows.async_init(
            DOMAIN,
            context={"source": "reconfigure", "entry_id": self._entry().entry_id},
        )
        ada.excuse()
        result = await flows.async_configure(
            flow["flow_id"], {"org_id": ada.seat.organization.uuid}
        )
        assert result["reason"] == "reconfigure_successful"
        ada.helpless_since = None
        await settle(self._home.hass)
        assert "organization" not in issues(self._home.hass)

    async def _person_takes_time(self) -> None:
        """Let ten minutes to three hours pass."""
        minutes = self._random.uniform(10, 180)
        await self._pass_until(self._now + timedelta(minutes=minutes))

    async def _restart(self) -> None:
        """Restart Home Assistant, half of the times by pulling the plug."""
        crash = self._random.random() < 0.5
        self.counts["crashes" if crash else "restarts"] += 1
        if self.ada.helpless_since and reauth_flows(self._home.hass):
            self.counts["restarts while a key was asked for"] += 1
        await self._home.stop(crash=crash)
        for watch in self.watches:
            watch.excuse()
        await self._home.start()

    async def _pass_until(self, moment: datetime) -> None:
        """Let time pass step by step."""
        while self._now < moment:
            await self._step()

    async def _step(self) -> None:
        """Let a minute pass, and look at what there is to see."""
        self._use_claude()
        self._tick(STEP)
        if self._restarts and self._now >= self._restarts[0]:
            del self._restarts[0]
            await self._restart()
        async_fire_time_changed(self._home.hass)
        await settle(self._home.hass)
        self.counts["moments looked at"] += 1
        for watch in self.watches:
            watch.check(self._home.hass)
        self._check_notices()

    def _tick(self, time: timedelta) -> None:
        """Let time pass."""
        self._freezer.tick(time)
        for watch in self.watches:
            watch.note()

    def _use_claude(self) -> None:
        """Work more or less hard from now on, now and then."""
        if self._random.random() > 0.01:
            return
        for watch in self.watches:
            seat, share = watch.seat, self._random.choice((0, 0, 1, 2, 6))
            assert seat.session
            seat.session.set_rate(share * 5, self._now)
            assert seat.weekly
            for meter in (seat.weekly, *seat.models.values()):
                meter.set_rate(share / 4, self._now)

    async def _note_request(self, request: Request) -> None:
        """Count a request, and end a refusal that was not meant."""
        self.counts["requests"] += 1
        if not request.path.endswith("/usage"):
            return
        for watch in self.watches:
            if f"-{watch.account.name}-" in str(request.session_key):
                watch.note_poll(request.session_key)
        if self.ada.counts["polls"] == self._blip_ends:
            self._blip_ends = 0
            self._simulator.clear_faults()

    def _check_notices(self) -> None:
        """See that a person is asked for a key once for each that died, and never otherwise."""
        flows = reauth_flows(self._home.hass)
        assert len(flows) <= 1
        for flow in flows:
            assert flow["context"]["entry_id"] == self._entry().entry_id
            died = self.ada.helpless_since
            assert died is not None, "asked for a key that is fine"
            self._notices.setdefault(flow["flow_id"], (self._home.runs, died))
        told = list(self._notices.values())
        assert len(told) == len(set(told)), "asked twice"


@pytest.mark.timeout(900)
async def test_soak(
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    """Everything goes wrong, several times; nothing is lost, and nothing false is shown."""
    option = request.config.getoption
    freezer.move_to(START)
    simulator.restart()
    random.seed(option("--soak-seed"))
    logging.disable(logging.INFO)
    log = LogWatch()
    logging.getLogger().addHandler(log)
    home = Home(hass_storage, simulator)
    await home.start()
    soak = Soak(freezer, simulator, home, option("--soak-seed"))
    try:
        await soak.set_up()
        await soak.run(option("--soak-days"))
        for watch in soak.watches:
            assert watch.helpless_since is None
        # The other account's key was entered at the beginning.
        old = option("--soak-days") >= 25
        assert issues(home.hass) == ({"key_ends"} if old else set())
        for entry in home.hass.config_entries.async_entries(DOMAIN):
            await home.hass.config_entries.async_remove(entry.entry_id)
        # The registries clean up after themselves, once and once more.
        await pass_time(home.hass, freezer)
        await pass_time(home.hass, freezer)
        assert not [name for name in hass_storage if name.startswith(DOMAIN)]
    finally:
        await home.stop()
        logging.getLogger().removeHandler(log)
        logging.disable(logging.NOTSET)
    assert log.unexpected == []
    if path := option("--soak-report"):
        path.write_text(json.dumps(soak.report(), indent=1))
