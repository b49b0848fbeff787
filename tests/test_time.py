"""Late resets, clocks that jump, polling that is disabled, and many entries."""

from __future__ import annotations

import asyncio
from datetime import timedelta
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.util import dt as dt_util

from .common import (
    POLL,
    Claude,
    pass_steps,
    reauth_flows,
    session,
    suspend,
    update_by_hand,
)
from .simulator.server import Request

HOUR = 60 * 60
NOW = "2026-05-04T12:00:00+00:00"
RESET = "2026-05-04T12:30:00+00:00"
NEXT_RESET = "2026-05-04T17:30:00+00:00"


@pytest.fixture
async def rare_polls(claude: Claude) -> None:
    """Set up an entry that polls once a day, half an hour before a reset."""
    claude.clock.move_to(NOW)
    claude.serve(session(97, RESET))
    await claude.entry(update_interval=86400)


def hold_requests(claude: Claude) -> tuple[asyncio.Event, asyncio.Event]:
    """Hold back all answers; return the events of a request and of its release."""
    arrived, released = asyncio.Event(), asyncio.Event()

    async def hold(_: Request) -> None:
        """Wait for the release."""
        arrived.set()
        await released.wait()

    claude.server.on_request = hold
    return arrived, released


@pytest.mark.usefixtures("rare_polls")
async def test_late_reset(claude: Claude) -> None:
    """Old values after a reset are not shown; polls become rare for an hour, then stop."""
    before = claude.polls
    times: list[int] = []
    for second in range(5, 45 * 60 + 5, 5):
        await claude.pass_time(5)
        if claude.polls > before + len(times):
            times.append(second - 30 * 60)
    # Timers fire up to a second early, and this loop has steps of five seconds.
    expected = [15, 30, 60, 120, 240, 480]
    assert times == [pytest.approx(after, abs=12) for after in expected]
    states = claude.states()
    assert states.pop("session_limit") == "100"
    assert {states[key] for key in states if key.startswith("session_")} == {"unknown"}
    assert claude.state("limit_reached", "binary_sensor") == "unknown"

    claude.serve(session(3, NEXT_RESET))
    await claude.pass_time(30 * 60)
    assert claude.state("session_usage") == "3"
    assert claude.state("session_reset_countdown") == "4h 15m"

    # An hour after the next reset, polls follow the interval again.
    await pass_steps(claude, 6 * 60, 60)
    before = claude.polls
    await pass_steps(claude, 20, HOUR)
    assert claude.polls == before


async def test_window_expires_within_a_minute(claude: Claude) -> None:
    """The countdown stays at zero until the minute after the reset."""
    claude.clock.move_to("2026-05-04T12:29:00+00:00")
    claude.serve(session(97, RESET))
    await claude.entry()
    shown = []
    for _ in range(4):
        await claude.pass_time(30)
        shown.append(claude.state("session_reset_countdown"))
    assert shown == ["1m", "0m", "0m", "unknown"]
    assert claude.state("session_usage") == "unknown"


async def test_expired_key_is_not_used(claude: Claude) -> None:
    """An expired key makes no request: not by hand, after a reload or with time."""
    entry = await claude.entry()
    account = claude.server.world.accounts["ada"]
    account.log_out()
    await claude.pass_time()
    before = len(claude.server.requests)
    for _ in range(10):
        await update_by_hand(claude.hass)
        await claude.pass_time(20)
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    await claude.pass_time(5 * HOUR)
    assert len(claude.server.requests) == before

    (flow,) = reauth_flows(claude.hass)
    await claude.hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": account.log_in()}
    )
    await claude.settle()
    assert "unavailable" not in claude.states().values()


async def test_simultaneous_polls_are_one(claude: Claude) -> None:
    """A failure of two polls counts once: the next one comes after twice the interval."""
    await claude.entry()
    arrived, released = hold_requests(claude)
    claude.server.set_fault("challenge")
    before = claude.polls
    claude.clock.tick(POLL)
    async_fire_time_changed(claude.hass)
    await arrived.wait()
    by_hand = claude.hass.async_create_task(update_by_hand(claude.hass))
    for _ in range(20):
        await asyncio.sleep(0)
    released.set()
    await by_hand
    await claude.settle()
    assert claude.polls == before + 1
    await claude.pass_time(4 * 60 + 10)
    assert claude.polls == before + 2


@pytest.mark.parametrize("fault", [None, "challenge", "server_error"])
async def test_polling_disabled(claude: Claude, fault: str | None) -> None:
    """Only updates by hand poll: no reset and no failure does."""
    entry = await claude.entry()
    claude.hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()
    await claude.pass_time(30)
    if fault:
        claude.server.set_fault(fault)
        await update_by_hand(claude.hass)
        # Kept values would stay forever.
        assert claude.state("session_usage") == "unavailable"
    before = len(claude.server.requests)
    await pass_steps(claude, 20, HOUR)
    assert len(claude.server.requests) == before

    claude.server.clear_faults()
    await update_by_hand(claude.hass)
    assert len(claude.server.requests) > before
    assert float(claude.state("session_usage")) >= 0


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("fault", ["rate_limited", "challenge"])
async def test_clock_is_set_back(claude: Claude, fault: str, back: timedelta) -> None:
    """A wait after a failure has the same length although the clock is set back."""
    await claude.entry()
    claude.server.set_fault(fault, retry_after="1200")
    await claude.pass_time()
    claude.server.clear_faults()
    before = claude.polls
    claude.clock.tick(-back)
    # Timers do not follow the clock.
    due = dt_util.utcnow() + back + timedelta(minutes=16)
    async_fire_time_changed(claude.hass, due)
    await claude.settle()
    if back > timedelta(hours=1):
        assert claude.polls == before + 1
    await pass_steps(claude, 3, 1200)
    assert claude.polls > before
    assert "unavailable" not in claude.states().values()


@pytest.mark.usefixtures("rare_polls")
async def test_resume_after_a_reset(
    claude: Claude, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a minute, an expired window is unknown and a poll begins."""
    await claude.pass_time(60)
    suspend(claude, monkeypatch, timedelta(hours=33))
    arrived, released = hold_requests(claude)
    claude.serve(session(3, "2026-05-06T02:00:00+00:00"))
    claude.clock.tick(61)
    async_fire_time_changed(claude.hass)
    await arrived.wait()
    assert claude.state("session_usage") == "unknown"
    released.set()
    await claude.settle()
    assert claude.state("session_usage") == "3"


async def test_resume_during_a_failure(
    claude: Claude, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values are kept for 15 minutes of the clock, without a poll."""
    await claude.entry()
    claude.server.set_fault("rate_limited", retry_after="21600")
    await claude.pass_time()
    assert claude.state("plan") == "Max 20x"
    before = claude.polls
    suspend(claude, monkeypatch, timedelta(hours=1))
    await claude.pass_time(61)
    assert claude.state("plan") == "unavailable"
    assert claude.polls == before


@pytest.mark.parametrize("action", ["stop", "unload", "remove"])
async def test_end_during_a_poll(
    claude: Claude,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    action: str,
) -> None:
    """The poll ends immediately: no warning, no wrong state and nothing stored."""
    entries = claude.hass.config_entries
    entry = await claude.entry()
    before = claude.states()
    arrived, _ = hold_requests(claude)
    caplog.clear()
    if action == "stop":
        claude.clock.tick(POLL)
        async_fire_time_changed(claude.hass)
    else:
        claude.hass.async_create_task(update_by_hand(claude.hass))
    async with asyncio.timeout(5):
        await arrived.wait()
        if action == "stop":
            claude.hass.bus.async_fire("homeassistant_stop")
        elif action == "unload":
            await entries.async_unload(entry.entry_id)
        else:
            await entries.async_remove(entry.entry_id)
        await claude.settle()
    assert [
        record.getMessage()
        for record in caplog.records
        # Which warns about slow tests.
        if record.levelno >= logging.WARNING and record.name != "asyncio"
    ] == []
    if action == "stop":
        after = claude.states()
        after["session_reset_countdown"] = before["session_reset_countdown"]
        assert after == before
    elif action == "remove":
        assert not [name for name in hass_storage if name.startswith(DOMAIN)]


async def test_outage_writes_nothing(
    claude: Claude, hass_storage: dict[str, Any]
) -> None:
    """An outage of a day does not write to the storage, after a challenge neither.

    The event that nothing can be read, after an hour, is stored.
    """

    def stored() -> dict[str, int]:
        """Return the identities of the stored objects."""
        ours = (key for key in hass_storage if key.startswith(DOMAIN))
        return {key: id(hass_storage[key]) for key in ours}

    await claude.entry()
    for fault in ("server_error", "challenge"):
        claude.server.set_fault(fault)
        await pass_steps(claude, 25, 20 * 60)
        before = stored()
        claude.server.set_fault("server_error")
        await pass_steps(claude, 100, 10 * 60)
        assert stored() == before
