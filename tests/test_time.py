"""What moves: resets that come late, clocks that jump, polling that is off, many entries."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .common import (
    POLL,
    TEN_KEYS,
    add_entry,
    pass_time,
    seat_of,
    serve,
    session,
    settle,
    states,
    update_by_hand,
    usage_requests,
)
from .simulator import Simulator
from .simulator.server import Request

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60
NOW = "2026-05-04T12:00:00+00:00"
RESET = "2026-05-04T12:30:00+00:00"


async def test_reset_that_is_served_late(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """It is asked for again, less and less often, and the old window is not shown on."""
    freezer.move_to(NOW)
    serve(simulator, session(97, RESET))
    await add_entry(hass, simulator, update_interval=86400)
    before = usage_requests(simulator)
    asked = []
    for second in range(0, 45 * 60, 5):
        await pass_time(hass, freezer, 5)
        if usage_requests(simulator) > before + len(asked):
            asked.append(second + 5 - 30 * 60)
    # Timers fire up to a second early, and this looks every five.
    assert asked == [
        pytest.approx(after, abs=12) for after in (15, 30, 60, 120, 240, 480)
    ]
    assert {states(hass)[key] for key in TEN_KEYS if key.startswith("session_")} == {
        "unknown",
        "100",
    }
    assert states(hass)["session_limit"] == "100"
    assert hass.states.get("binary_sensor.claude_pulse_limit_reached").state == (
        "unknown"
    )

    serve(simulator, session(3, "2026-05-04T17:30:00+00:00"))
    await pass_time(hass, freezer, 30 * 60)
    assert states(hass)["session_usage"] == "3"
    assert states(hass)["session_reset_countdown"] == "4h 15m"


async def test_reset_that_never_shows_is_not_asked_for_ever(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """After an hour the interval is enough."""
    freezer.move_to(NOW)
    serve(simulator, session(97, RESET))
    await add_entry(hass, simulator, update_interval=86400)
    for _ in range(130):
        await pass_time(hass, freezer, 60)
    before = usage_requests(simulator)
    for _ in range(20):
        await pass_time(hass, freezer, HOUR)
    assert usage_requests(simulator) == before


async def test_window_that_is_over_is_gone_at_the_next_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Until the minute after the reset it counts down; the new one has come by then."""
    freezer.move_to("2026-05-04T12:29:00+00:00")
    serve(simulator, session(97, RESET))
    await add_entry(hass, simulator)
    shown = []
    for _ in range(4):
        await pass_time(hass, freezer, 30)
        shown.append(states(hass)["session_reset_countdown"])
    assert shown == ["1m", "0m", "0m", "unknown"]
    assert states(hass)["session_usage"] == "unknown"


async def test_dead_key_is_not_asked_about(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Until somebody enters another one, not once: by hand, over reloads and time."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    account.log_out()
    await pass_time(hass, freezer)
    before = len(simulator.requests)
    for _ in range(10):
        await update_by_hand(hass)
        await pass_time(hass, freezer, 20)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    await pass_time(hass, freezer, 5 * HOUR)
    assert len(simulator.requests) == before

    flows = hass.config_entries.flow
    (flow,) = flows.async_progress_by_handler(DOMAIN)
    await flows.async_configure(flow["flow_id"], {"session_key": account.log_in()})
    await settle(hass)
    assert "unavailable" not in states(hass).values()


async def test_two_polls_at_once_are_one(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A failure of both counts once: the next poll comes after twice the interval."""
    entry = await add_entry(hass, simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    simulator.set_fault("challenge")
    before = usage_requests(simulator)
    await asyncio.gather(*(coordinator.async_refresh() for _ in range(3)))
    await settle(hass)
    assert usage_requests(simulator) == before + 1
    await pass_time(hass, freezer, 4 * 60 + 10)
    assert usage_requests(simulator) == before + 2


@pytest.mark.parametrize("fault", [None, "challenge", "server_error"])
async def test_polling_that_is_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str | None,
) -> None:
    """Off is off, over resets and after failures; asking by hand works."""
    entry = await add_entry(hass, simulator)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await pass_time(hass, freezer, 30)
    if fault:
        simulator.set_fault(fault)
        await update_by_hand(hass)
        # Nobody would give them up.
        assert states(hass)["session_usage"] == "unavailable"
    before = len(simulator.requests)
    for _ in range(20):
        await pass_time(hass, freezer, HOUR)
    assert len(simulator.requests) == before

    simulator.clear_faults()
    await update_by_hand(hass)
    assert usage_requests(simulator) > 1
    assert float(states(hass)["session_usage"]) >= 0


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("fault", ["rate_limited", "challenge"])
async def test_clock_set_back_during_a_wait(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    back: timedelta,
) -> None:
    """It does not stop polling: the wait ends as if the clock had not moved."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault(fault, retry_after="1200")
    await pass_time(hass, freezer)
    simulator.clear_faults()
    before = usage_requests(simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    # What Home Assistant's timer does when it fires, at another time of day.
    freezer.tick(-back)
    await coordinator.async_refresh()
    await settle(hass)
    if back > timedelta(hours=1):
        assert usage_requests(simulator) == before + 1
    for _ in range(3):
        await pass_time(hass, freezer, 1200)
    assert usage_requests(simulator) > before
    assert "unavailable" not in states(hass).values()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings and errors that are not about how long a test took."""
    records = [r for r in caplog.records if r.levelno >= logging.WARNING]
    return [r.getMessage() for r in records if r.name != "asyncio"]


async def sleep(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    time: timedelta,
) -> None:
    """Let the machine sleep: the clock on the wall goes on, timers do not."""
    asleep, loop_time = time.total_seconds(), hass.loop.time
    freezer.tick(time)
    monkeypatch.setattr(hass.loop, "time", lambda: loop_time() - asleep)


async def test_nine_hours_of_sleep(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within a minute of waking up, what is over is unknown, and claude.ai is asked."""
    freezer.move_to(NOW)
    serve(simulator, session(97, RESET))
    await add_entry(hass, simulator, update_interval=86400)
    await pass_time(hass, freezer, 60)
    await sleep(hass, freezer, monkeypatch, timedelta(hours=33))
    arrived, released = asyncio.Event(), asyncio.Event()

    async def hold(_: Request) -> None:
        """Let the answer wait."""
        arrived.set()
        await released.wait()

    simulator.on_request = hold
    serve(simulator, session(3, "2026-05-06T02:00:00+00:00"))
    freezer.tick(61)
    async_fire_time_changed(hass)
    await arrived.wait()
    assert states(hass)["session_usage"] == "unknown"
    released.set()
    await settle(hass)
    assert states(hass)["session_usage"] == "3"


async def test_kept_values_are_given_up_after_sleep(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fifteen minutes are fifteen minutes of the clock on the wall."""
    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="21600")
    await pass_time(hass, freezer)
    assert states(hass)["plan"] == "Max 20x"
    before = usage_requests(simulator)
    await sleep(hass, freezer, monkeypatch, timedelta(hours=1))
    await pass_time(hass, freezer, 61)
    assert states(hass)["plan"] == "unavailable"
    assert usage_requests(simulator) == before


@pytest.mark.parametrize("fault", [None, "hang"])
async def test_stopping_in_the_middle_of_a_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    fault: str | None,
) -> None:
    """It ends at once and in silence, and nothing false is shown at the end."""
    await add_entry(hass, simulator)
    before = states(hass)
    arrived = asyncio.Event()

    async def hold(_: Request) -> None:
        """Let the answer wait."""
        arrived.set()
        await asyncio.Event().wait()

    simulator.on_request = hold
    caplog.clear()
    freezer.tick(POLL)
    async_fire_time_changed(hass)
    async with asyncio.timeout(5):
        await arrived.wait()
        hass.bus.async_fire("homeassistant_stop")
        await settle(hass)
    assert told(caplog) == []
    left = states(hass)
    left.pop("session_reset_countdown")
    assert left.items() <= before.items()


@pytest.mark.parametrize("remove", [False, True])
async def test_unloading_in_the_middle_of_a_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    remove: bool,
) -> None:
    """The same, whoever has asked for the poll."""
    entry = await add_entry(hass, simulator)
    arrived = asyncio.Event()

    async def hold(_: Request) -> None:
        """Let the answer wait."""
        arrived.set()
        await asyncio.Event().wait()

    simulator.on_request = hold
    caplog.clear()
    asked = hass.async_create_task(hass.data[DOMAIN][entry.entry_id].async_refresh())
    async with asyncio.timeout(5):
        await arrived.wait()
        if remove:
            await hass.config_entries.async_remove(entry.entry_id)
        else:
            await hass.config_entries.async_unload(entry.entry_id)
        await asked
    assert told(caplog) == []
    assert not [name for name in hass_storage if name.startswith(DOMAIN)]


async def test_many_entries_share_out_the_interval(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Of fifty, not more than three ask in one second, round after round."""
    hass.loop.set_debug(False)
    freezer.move_to(NOW)
    data = seat_of(simulator)
    for number in range(50):
        MockConfigEntry(
            data=data, domain=DOMAIN, title=f"Claude Pulse {number}", version=2
        ).add_to_hass(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.NOT_LOADED:
            await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    simulator.requests.clear()
    for _ in range(3 * POLL):
        await pass_time(hass, freezer, 1)
    polls = [r for r in simulator.requests if r.path.endswith("/usage")]
    assert len(polls) >= 2 * 50
    seconds = Counter(int(request.time.timestamp()) for request in polls)
    assert max(seconds.values()) <= 3


async def test_outage_writes_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An outage of a day costs no write, after a challenge neither."""
    entry = await add_entry(hass, simulator)
    file = f"{DOMAIN}.{entry.entry_id}"
    simulator.set_fault("server_error")
    for _ in range(100):
        await pass_time(hass, freezer)
    assert file not in hass_storage

    simulator.set_fault("challenge")
    for _ in range(5):
        await pass_time(hass, freezer, 20 * 60)
    written = hass_storage[file]
    simulator.set_fault("server_error")
    for _ in range(100):
        await pass_time(hass, freezer, 10 * 60)
    assert hass_storage[file] is written


@pytest.mark.parametrize("turns", range(7))
async def test_unloading_as_a_poll_ends_that_brings_windows(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    turns: int,
) -> None:
    """Nothing is added to an entry that goes, at whatever turn of the loop."""
    freezer.move_to(NOW)
    serve(simulator, session(97, RESET))
    entry = await add_entry(hass, simulator)
    rows = [
        {"kind": "weekly_scoped", "percent": 5, "scope": name}
        for name in ("Fable", "Opus")
    ]
    serve(simulator, session(98, RESET, limits=rows))
    arrived = asyncio.Event()

    async def note(_: Request) -> None:
        """Note a request."""
        arrived.set()

    simulator.on_request = note
    asked = hass.async_create_task(hass.data[DOMAIN][entry.entry_id].async_refresh())
    await arrived.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    await hass.config_entries.async_unload(entry.entry_id)
    await asked
    await settle(hass)
    assert not [s for s in hass.states.async_all() if "restored" not in s.attributes]
