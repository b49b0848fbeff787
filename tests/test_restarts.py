"""What is told when Home Assistant was off, or is, between what happens and the telling."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from errno import ENOSPC
import gc
from itertools import pairwise
from random import Random
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.events.storage import EntryFile
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError

from .common import pass_time, serve, store_entry
from .simulator import Simulator
from .soak.home import Disk, Home
from .test_events import Told, body, in_hours, with_opus

START = datetime.fromisoformat("2026-05-04T12:00:00+00:00")


@pytest.fixture
def home(
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> Iterator[Home]:
    """Return one Home Assistant after the other, on a disk that crashes spare."""
    freezer.move_to(START)
    simulator.restart()
    with pytest.MonkeyPatch.context() as patch:
        yield Home(Disk(hass_storage, patch, Random(0)), simulator)


async def start(
    home: Home,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    wait: float = 12,
) -> Told:
    """Start, and listen."""
    await home.start()
    told = Told(home.hass)
    if not home.entries:
        store_entry(home.hass, simulator)
        (entry,) = home.entries.values()
        await home.hass.config_entries.async_setup(entry.entry_id)
    await pass_time(home.hass, freezer, wait)
    return told


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.parametrize(
    ("before", "off", "after", "expected"),
    [
        # Over a threshold, over a reset, over both, and over nothing.
        (60, 1, 92, ["threshold_reached 90"]),
        (60, 5, 3, ["reset"]),
        (100, 5, 3, ["reset", "available_again"]),
        (60, 5, 80, ["reset", "threshold_reached 75"]),
        (80, 1, 80, []),
    ],
)
async def test_home_assistant_was_off(
    home: Home,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    crash: bool,
    before: float,
    off: float,
    after: float,
    expected: list[str],
) -> None:
    """It is told once, as something that was found at a start; another start tells nothing."""
    first = in_hours(simulator, 4)
    serve(simulator, body(before, first))
    told = await start(home, freezer, simulator)
    assert told.texts == []
    await home.stop(crash=crash)
    freezer.tick(timedelta(hours=off))
    serve(simulator, body(after, first if off < 4 else in_hours(simulator, 5)))
    told = await start(home, freezer, simulator, wait=5)
    # Automations may not listen yet.
    assert told.texts == []
    for _ in range(4):
        await pass_time(home.hass, freezer, 6)
    texts = [text for text in told.texts if "will_run_out" not in text]
    assert texts == [f"session {text}" for text in expected]
    assert all(state.attributes["late"] for state in told.states)
    times = [state.last_changed for state in told.states]
    for one, other in pairwise(times):
        assert other - one >= timedelta(seconds=1)
    await home.stop(crash=crash)
    told = await start(home, freezer, simulator)
    await pass_time(home.hass, freezer)
    assert told.texts == []
    await home.stop()


async def test_restart_between_detection_and_telling(
    home: Home, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """What was found, but not told before Home Assistant stopped, is told after the next start."""
    resets_at = in_hours(simulator, 4)
    serve(simulator, body(60, resets_at))
    await start(home, freezer, simulator)
    await home.stop()
    serve(simulator, body(92, resets_at))
    told = await start(home, freezer, simulator, wait=5)
    assert told.texts == []
    await home.stop()
    told = await start(home, freezer, simulator)
    texts = [text for text in told.texts if "will_run_out" not in text]
    assert texts == ["session threshold_reached 90"]
    await home.stop()


async def test_full_disk_at_the_end(hass: HomeAssistant) -> None:
    """What Home Assistant writes last ends in no exception that nobody hears."""
    raised: list[Any] = []

    async def full(*_: Any) -> None:
        """Write to a disk without room."""
        raise WriteError(OSError(ENOSPC, "No space left on device"))

    hass.loop.set_exception_handler(lambda _, context: raised.append(context))
    file = EntryFile(hass, "claude_pulse.x.told", lambda: {"a": 1}, "What was told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "_async_write_data", full)
        patch.setattr(hass, "state", CoreState.stopping)
        await file.async_store()
        hass.bus.async_fire("homeassistant_final_write")
        await hass.async_block_till_done()
    gc.collect()
    assert not raised


@pytest.mark.parametrize("polls", [1, 4])
async def test_full_disk(
    home: Home,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    polls: int,
) -> None:
    """What could not be stored is as soon as there is room again, however that was worded."""
    resets_at = in_hours(simulator, 4)
    serve(simulator, body(60, resets_at))
    told = await start(home, freezer, simulator)
    home.disk.full = True
    serve(simulator, body(80, resets_at))
    for _ in range(polls):
        await pass_time(home.hass, freezer)
    assert "session threshold_reached 75" in told.texts
    home.disk.full = False
    await pass_time(home.hass, freezer)
    await home.stop(crash=True)
    told = await start(home, freezer, simulator)
    await pass_time(home.hass, freezer)
    assert told.texts == []
    await home.stop()


async def test_window_is_missing_after_a_restart(
    home: Home, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """What is to be told of it waits until it is there."""

    def model(percent: float) -> dict[str, Any]:
        """Return a usage body with a model."""
        return with_opus(body(10, in_hours(simulator, 4)), percent)

    serve(simulator, model(100))
    told = await start(home, freezer, simulator)
    serve(simulator, model(1))
    # A fall is true in the second answer.
    while not told.texts:
        await pass_time(home.hass, freezer)
    await home.stop()
    assert told.texts == ["weekly_opus reset"]
    serve(simulator, body(10, in_hours(simulator, 4)))
    told = await start(home, freezer, simulator)
    await pass_time(home.hass, freezer)
    assert told.texts == []
    serve(simulator, model(1))
    await pass_time(home.hass, freezer)
    await pass_time(home.hass, freezer, 2)
    assert told.texts == ["weekly_opus available_again"]
    await home.stop()


async def test_restart_between_two_that_are_told(
    home: Home, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The first is not told again, and the second not lost."""
    serve(simulator, body(100, in_hours(simulator, 4)))
    told = await start(home, freezer, simulator)
    freezer.tick(timedelta(hours=4))
    serve(simulator, body(1, in_hours(simulator, 5)))
    await pass_time(home.hass, freezer, 30)
    assert told.texts == ["session reset"]
    await home.stop(crash=True)
    told = await start(home, freezer, simulator)
    await pass_time(home.hass, freezer, 5)
    assert told.texts == ["session available_again"]
    assert told.states[0].attributes["late"] is True
    await home.stop()
