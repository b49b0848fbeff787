"""Events over restarts of Home Assistant: none is lost, and none is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..common import Claude
from ..simulator import Simulator
from ..soak.home import Disk, Home
from .common import (
    EventLog,
    body,
    fail_to_write,
    in_hours,
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
