"""A few seconds each, on a clock that runs; only the hour of the day is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse import coordinator
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import (
    add_entry,
    reauth_flows,
    serve,
    session,
    settle,
    states,
    update_by_hand,
    usage_requests,
)
from tests.simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

RESET = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)


@pytest.fixture
def until_reset(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Callable[[float], None]:
    """Return what sets the clock on the wall to some seconds before a reset."""
    utcnow = dt_util.utcnow

    def set_clock(seconds: float) -> None:
        """Shift the clock; it runs as fast as ever."""
        ahead = RESET - timedelta(seconds=seconds) - utcnow()
        monkeypatch.setattr(dt_util, "utcnow", lambda: utcnow() + ahead)
        simulator.advance = ahead

    return set_clock


async def seconds_until(condition: Callable[[], object], patience: float) -> float:
    """Return how long it takes for something to be true."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < patience
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


def runs(caplog: pytest.LogCaptureFixture) -> int:
    """Count how often Home Assistant has run the poll, whether or not it asked."""
    return sum("Finished fetching" in r.getMessage() for r in caplog.records)


async def wait_under_a_limit(
    hass: HomeAssistant, simulator: Simulator, retry_after: str
) -> MockConfigEntry:
    """Poll every second until claude.ai asks to be left alone."""
    entry = await add_entry(hass, simulator, update_interval=1)
    simulator.set_fault("rate_limited", retry_after=retry_after)
    before = usage_requests(simulator)
    await seconds_until(lambda: usage_requests(simulator) > before, 10)
    await settle(hass)
    return entry


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let seconds be seconds."""
    monkeypatch.setattr(coordinator, "JITTER", 0)


@pytest.mark.parametrize("keep", [timedelta(minutes=15), timedelta(seconds=2)])
async def test_waiting_does_not_spin(
    hass: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    keep: timedelta,
) -> None:
    """A wait is one timer, or two where the values are given up meanwhile."""
    monkeypatch.setattr(coordinator, "KEEP", keep)
    await wait_under_a_limit(hass, simulator, "5")
    caplog.set_level(logging.DEBUG, "custom_components.claude_pulse")
    caplog.clear()
    before = usage_requests(simulator)
    await asyncio.sleep(3.8)
    assert usage_requests(simulator) == before
    assert runs(caplog) <= 2
    simulator.clear_faults()
    await seconds_until(lambda: usage_requests(simulator) > before, 5)
    # As the wait is over, it is asked once, and the interval is back.
    await asyncio.sleep(2.2)
    assert usage_requests(simulator) <= before + 4
    assert runs(caplog) <= 6


async def test_end_of_a_wait_does_not_spin(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Asked by hand meanwhile, too: Home Assistant counts from the whole second."""
    await wait_under_a_limit(hass, simulator, "4")
    caplog.set_level(logging.DEBUG, "custom_components.claude_pulse")
    caplog.clear()
    before = usage_requests(simulator)
    # The timer that follows comes nearly a second before the time that is left.
    await seconds_until(lambda: hass.loop.time() % 1 > 0.95, 2)
    await update_by_hand(hass)
    simulator.clear_faults()
    await seconds_until(lambda: usage_requests(simulator) > before, 7)
    assert runs(caplog) <= 4


async def test_wakes_up_at_a_reset(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    until_reset: Callable[[float], None],
) -> None:
    """Soon after the reset, and then again and again until it shows."""
    monkeypatch.setattr(coordinator, "AFTER_RESET", timedelta(seconds=1))
    until_reset(2)
    serve(simulator, session(97, RESET.isoformat()))
    await add_entry(hass, simulator, update_interval=86400)
    assert usage_requests(simulator) == 1
    first = await seconds_until(lambda: usage_requests(simulator) == 2, 6)
    assert 1.9 < first < 4.5
    await seconds_until(lambda: usage_requests(simulator) == 3, 5)
    reset = RESET + timedelta(hours=5)
    serve(simulator, session(1, reset.isoformat()))
    await seconds_until(lambda: states(hass)["session_usage"] == "1", 9)
    polls = usage_requests(simulator)
    await asyncio.sleep(3)
    assert usage_requests(simulator) == polls


async def test_tick(
    hass: HomeAssistant,
    simulator: Simulator,
    until_reset: Callable[[float], None],
) -> None:
    """The countdown moves with the minute, and the window is over after it, by itself."""
    until_reset(61.5)
    serve(simulator, session(97, RESET.isoformat()))
    await add_entry(hass, simulator, update_interval=86400)
    assert states(hass)["session_reset_countdown"] == "2m"
    moved = await seconds_until(
        lambda: states(hass)["session_reset_countdown"] == "1m", 5
    )
    assert 1 < moved < 3.2
    assert usage_requests(simulator) == 1


@pytest.mark.parametrize("fault", ["hang", "drip"])
@pytest.mark.parametrize("stop", ["unload", "remove", "stop"])
async def test_stopping_is_quick_and_silent(
    hass: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    stop: str,
) -> None:
    """In the middle of an answer that does not come."""
    entry = await add_entry(hass, simulator, update_interval=1)
    simulator.set_fault(fault)
    before = usage_requests(simulator)
    await seconds_until(lambda: usage_requests(simulator) > before, 10)
    caplog.clear()
    begun = time.monotonic()
    if stop == "unload":
        await hass.config_entries.async_unload(entry.entry_id)
    elif stop == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.async_stop(force=True)
    assert time.monotonic() - begun < 3
    records = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert [r.getMessage() for r in records if "claude" in r.getMessage()] == []
    assert not reauth_flows(hass)
    before = len(simulator.requests)
    await asyncio.sleep(1.5)
    assert len(simulator.requests) == before
