"""Events over restarts of Home Assistant: none is lost, and none is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.const import CONF_SESSION_KEY_SINCE
from custom_components.claude_pulse.naming import subject_of
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..common import Claude, account_of, enable
from ..flows import open_reauth
from ..simulator import Simulator
from ..soak.home import Disk, Home
from .common import (
    START,
    BusLog,
    EventLog,
    body,
    fail_to_write,
    in_hours,
    minutes,
    minutes_until,
    poll,
    start_clock,
)


class House:
    """A Home Assistant that can be restarted, with one entry."""

    def __init__(self, home: Home, claude: Claude) -> None:
        """Initialize before the first start."""
        self.claude = claude
        self._home = home

    async def start(self, wait: float = 12) -> EventLog:
        """Start, wait, and return the events."""
        await self._home.start()
        self.claude.hass = self._home.hass
        log = EventLog(self.claude.hass)
        if not self._home.entries:
            await self.claude.entry()
        await self.claude.pass_time(wait)
        return log

    @property
    def entries(self) -> list[Any]:
        """Return the entries."""
        return [*self._home.entries.values()]

    def sent(self, event_type: str = "", since: datetime = START) -> list[str]:
        """Return the limits and types of the sent events that are still true."""
        (entry,) = self.entries
        sent = runtime_of(self.claude.hass, entry).dispatcher.sent_since(since)
        texts = [f"{subject_of(event).slug} {event.type}" for _, event in sent]
        return [text for text in texts if event_type in text]

    async def restart(self, *, crash: bool = False) -> BusLog:
        """Stop, start and return the events of the account on the bus."""
        await self.stop(crash=crash)
        await self.start(wait=0)
        log = BusLog(self.claude)
        await self.claude.pass_time(12)
        return log

    async def stop(self, *, crash: bool = False) -> None:
        """Stop. After a crash, changes that were not stored are lost."""
        await self._home.stop(crash=crash)


@pytest.fixture
def house(
    freezer: FrozenDateTimeFactory, simulator: Simulator, hass_storage: dict[str, Any]
) -> Iterator[House]:
    """Return a Home Assistant that can be restarted, at START."""
    claude = Claude(cast(HomeAssistant, None), simulator, freezer)
    start_clock(claude)
    with pytest.MonkeyPatch.context() as patch:
        yield House(Home(Disk(hass_storage, patch, Random(0)), simulator), claude)


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize(
    ("before", "hours", "after", "expected"),
    [
        (60, 1, 92, ["session threshold_reached 90"]),
        (60, 5, 3, ["session reset"]),
        (100, 5, 3, ["session reset", "session available_again"]),
        (60, 5, 80, ["session reset", "session threshold_reached 75"]),
        (80, 1, 80, []),
    ],
)
async def test_home_assistant_was_not_running(
    house: House,
    crash: bool,
    before: float,
    hours: float,
    after: float,
    expected: list[str],
) -> None:
    """Events are sent once, as late ones, when automations listen."""
    claude = house.claude
    claude.serve(body(before))
    log = await house.start()
    # The first progress is stored after 15 minutes.
    await claude.pass_time(901)
    assert log.texts == []
    await house.stop(crash=crash)
    claude.clock.tick(timedelta(hours=hours))
    claude.serve(body(after) if hours < 4 else body(after, in_hours(claude, 5)))
    log = await house.start(wait=5)
    assert log.texts == []
    for _ in range(4):
        await claude.pass_time(6)
    assert log.alerts == expected
    assert all(state.attributes["late"] for state in log.states)
    times = [state.last_changed for state in log.states]
    assert all(b - a >= timedelta(seconds=1) for a, b in pairwise(times))
    await house.stop(crash=crash)
    log = await house.start()
    await claude.pass_time()
    assert log.texts == []
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_restart_between_detection_and_dispatch(
    house: House, crash: bool
) -> None:
    """A pending event is sent after the next start."""
    claude = house.claude
    claude.serve(body(88))
    await house.start()
    await house.stop()
    claude.serve(body(92))
    log = await house.start(wait=5)
    assert log.texts == []
    await house.stop(crash=crash)
    log = await house.start()
    assert log.alerts == ["session threshold_reached 90"]
    await house.stop()


async def test_restart_between_two_events(house: House) -> None:
    """The first one is not repeated, and the second one is not lost."""
    claude = house.claude
    claude.serve(body(100))
    log = await house.start()
    claude.clock.tick(timedelta(hours=4))
    claude.serve(body(1, in_hours(claude, 5)))
    await claude.pass_time(30)
    assert log.texts == ["session reset"]
    await house.stop(crash=True)
    log = await house.start()
    await claude.pass_time(5)
    assert log.texts == ["session available_again"]
    # The restart took less than 15 minutes.
    assert log.states[0].attributes["late"] is False
    await house.stop()


async def test_full_disk_until_home_assistant_stops(house: House) -> None:
    """Events that could not be stored are stored when Home Assistant stops."""
    claude = house.claude
    claude.serve(body(60))
    log = await house.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_async_write_data", fail_to_write)
        await poll(claude, body(80), 4)
    assert log.alerts == ["session threshold_reached 75"]
    await house.stop()
    log = await house.start()
    await claude.pass_time()
    assert log.alerts == []
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_expired_key_and_another_one(house: House, crash: bool) -> None:
    """Each event is sent once, also if the set-up fails."""
    claude = house.claude
    claude.serve(body(10))
    await house.start()
    log = BusLog(claude)
    account = account_of(claude)
    account.log_out()
    await minutes(claude, 10)
    assert log.types == ["key_expired"]
    for _ in range(3):
        log = await house.restart(crash=crash)
        await minutes(claude, 10)
        assert log.types == []
    form = await open_reauth(claude)
    await form.submit(session_key=account.log_in())
    await minutes(claude, 10)
    assert log.types == ["readable_again"]
    log = await house.restart(crash=crash)
    await minutes(claude, 10)
    assert log.types == []
    await house.stop()


async def test_expired_key_and_no_stored_state(
    house: House, hass_storage: dict[str, Any]
) -> None:
    """It is reported once, although there was never an answer."""
    claude = house.claude
    await house.start()
    (entry,) = house.entries
    await house.stop()
    del hass_storage[f"claude_pulse.{entry.entry_id}"]
    account_of(claude).log_out()
    await house.start(wait=0)
    log = BusLog(claude)
    await claude.pass_time(12)
    assert log.types == ["key_expired"]
    log = await house.restart()
    await minutes(claude, 10)
    assert log.types == []
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_restart_before_an_event_of_the_account_is_sent(
    house: House, crash: bool
) -> None:
    """It is sent after the next start."""
    claude = house.claude
    claude.serve(body(10))
    await house.start()
    await house.stop()
    account_of(claude).log_out()
    await house.start(wait=5)
    log = BusLog(claude)
    await claude.pass_time(1)
    assert log.types == []
    log = await house.restart(crash=crash)
    assert log.types == ["key_expired"]
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_outage_over_restarts(house: House, crash: bool) -> None:
    """It is reported once, and so is its end, which comes while nothing runs."""
    claude = house.claude
    claude.serve(body(10))
    await house.start()
    log = BusLog(claude)
    claude.server.set_fault("server_error")
    assert 60 <= await minutes_until(claude, log, "cannot_be_read") <= 70
    for _ in range(2):
        log = await house.restart(crash=crash)
        await minutes(claude, 90)
        assert log.types == []
    await house.stop(crash=crash)
    claude.server.clear_faults()
    claude.clock.tick(timedelta(hours=3))
    await house.start(wait=0)
    log = BusLog(claude)
    await minutes(claude, 10)
    assert log.types == ["readable_again"]
    log = await house.restart(crash=crash)
    await minutes(claude, 10)
    assert log.types == []
    await house.stop()


async def test_restart_within_the_first_hour_of_an_outage(house: House) -> None:
    """The time before it counts."""
    claude = house.claude
    claude.serve(body(10))
    await house.start()
    claude.server.set_fault("server_error")
    await minutes(claude, 40)
    log = await house.restart()
    assert 15 <= await minutes_until(claude, log, "cannot_be_read") <= 35
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_incident_over_restarts(house: House, crash: bool) -> None:
    """It is reported once, and so is its end."""
    claude = house.claude
    claude.serve(body(10))
    await house.start()
    await enable(claude, "sensor.claude_pulse_service_status")
    log = BusLog(claude)
    claude.server.indicator = "major"
    await minutes(claude, 15)
    assert log.types == ["service_incident"]
    log = await house.restart(crash=crash)
    await minutes(claude, 30)
    assert log.types == []
    claude.server.indicator = "none"
    assert 15 <= await minutes_until(claude, log, "service_recovered") <= 22
    log = await house.restart(crash=crash)
    await minutes(claude, 30)
    assert log.types == []
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_key_that_expires_soon_over_restarts(house: House, crash: bool) -> None:
    """It is reported once, and remains true."""
    claude = house.claude
    claude.serve(body(10))
    await house.start()
    (entry,) = house.entries
    since = START - timedelta(days=25)
    data = {**entry.data, CONF_SESSION_KEY_SINCE: since.isoformat()}
    claude.hass.config_entries.async_update_entry(entry, data=data)
    log = BusLog(claude)
    await minutes(claude, 5)
    assert log.types == ["key_expires_soon"]
    log = await house.restart(crash=crash)
    await minutes(claude, 30)
    assert log.types == []
    assert house.sent("key") == ["account key_expires_soon"]
    await house.stop()


@pytest.mark.parametrize("crash", [False, True])
async def test_sent_events_are_known_after_a_restart(house: House, crash: bool) -> None:
    """They are true until the limit is reset, also while nothing runs."""
    claude = house.claude
    claude.serve(body(60, week=60))
    await house.start()
    await poll(claude, body(80, week=76), 2)
    await house.restart(crash=crash)
    sent = ["session threshold_reached", "weekly threshold_reached"]
    assert house.sent("threshold_reached") == sent
    # Nothing was sent since then.
    assert house.sent("threshold_reached", since=claude.server.now) == []
    await poll(claude, body(100, week=76), 2)
    assert house.sent("threshold_reached") == sent[1:]
    assert house.sent("limit_reached") == ["session limit_reached"]
    await house.stop(crash=crash)
    # The session has been reset, which the first answer does not show yet.
    claude.clock.move_to("2026-05-04T16:00:05+00:00")
    await house.start()
    assert house.sent("limit_reached") == []
    assert house.sent("threshold_reached") == sent[1:]
    await house.stop()
