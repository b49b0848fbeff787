"""A few seconds each, on a clock that runs; only the hour of the day is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
import time

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.client import TIMEOUT
from custom_components.claude_pulse.polling import coordinator
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import (
    add_entry,
    messages_of,
    reauth_flows,
    serve,
    session,
    settle,
    states,
    update_by_hand,
    usage_requests,
)
from tests.simulator import Simulator

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("enable_custom_integrations"),
]

# On a busy machine all takes ten times as long as on a quiet one.
PATIENCE = 90

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


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is true, however slow the machine is."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE
        await asyncio.sleep(0.02)


def runs(caplog: pytest.LogCaptureFixture) -> int:
    """Count how often Home Assistant has run the poll, whether or not it asked."""
    return sum(
        "Finished" in line for line in messages_of(caplog, "polling.coordinator")
    )


async def wait_under_a_limit(
    hass: HomeAssistant, simulator: Simulator, retry_after: str
) -> MockConfigEntry:
    """Poll every second until claude.ai asks to be left alone."""
    entry = await add_entry(hass, simulator, update_interval=1)
    simulator.set_fault("rate_limited", retry_after=retry_after)
    before = usage_requests(simulator)
    await until(lambda: usage_requests(simulator) > before)
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
    await wait_under_a_limit(hass, simulator, "7")
    caplog.set_level(logging.DEBUG, "custom_components.claude_pulse")
    caplog.clear()
    before = usage_requests(simulator)
    await asyncio.sleep(3)
    assert usage_requests(simulator) == before
    assert runs(caplog) <= 2
    simulator.clear_faults()
    await until(lambda: usage_requests(simulator) > before)
    # As the wait is over, it is asked once, and the interval is back.
    await asyncio.sleep(2.2)
    assert usage_requests(simulator) <= before + 4
    assert runs(caplog) <= 6


async def test_end_of_a_wait_does_not_spin(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Asked by hand meanwhile, too: Home Assistant counts from the whole second."""
    await wait_under_a_limit(hass, simulator, "6")
    caplog.set_level(logging.DEBUG, "custom_components.claude_pulse")
    caplog.clear()
    before = usage_requests(simulator)
    # The timer that follows comes nearly a second before the time that is left.
    await until(lambda: hass.loop.time() % 1 > 0.95)
    await update_by_hand(hass)
    simulator.clear_faults()
    await until(lambda: usage_requests(simulator) > before)
    assert runs(caplog) <= 4


async def test_wakes_up_at_a_reset(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    until_reset: Callable[[float], None],
) -> None:
    """Soon after the reset, and then again and again until it shows."""
    monkeypatch.setattr(coordinator, "AFTER_RESET", timedelta(seconds=1))
    until_reset(4)
    serve(simulator, session(97, RESET.isoformat()))
    await add_entry(hass, simulator, update_interval=86400)
    polls = usage_requests(simulator)
    for more in (1, 2):
        await until(lambda more=more: usage_requests(simulator) >= polls + more)
        assert dt_util.utcnow() >= RESET
    reset = RESET + timedelta(hours=5)
    serve(simulator, session(1, reset.isoformat()))
    await until(lambda: states(hass)["session_usage"] == "1")
    polls = usage_requests(simulator)
    await asyncio.sleep(3)
    assert usage_requests(simulator) == polls


async def test_tick(
    hass: HomeAssistant,
    simulator: Simulator,
    until_reset: Callable[[float], None],
) -> None:
    """The countdown moves with the minute, by itself, and without a request."""
    until_reset(124)
    serve(simulator, session(97, RESET.isoformat()))
    await add_entry(hass, simulator, update_interval=86400)
    # The set-up can take longer than the rest of the minute.
    before = states(hass)["session_reset_countdown"]
    after = {"3m": "2m", "2m": "1m"}[before]
    await until(lambda: states(hass)["session_reset_countdown"] != before)
    assert states(hass)["session_reset_countdown"] == after
    left = RESET - dt_util.utcnow()
    assert left <= timedelta(minutes=int(after[0]))
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
    await until(lambda: usage_requests(simulator) > before)
    caplog.clear()
    begun = time.monotonic()
    if stop == "unload":
        await hass.config_entries.async_unload(entry.entry_id)
    elif stop == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.async_stop(force=True)
    # Less than a request may take.
    assert time.monotonic() - begun < TIMEOUT.total
    ours = [r for r in caplog.records if r.name.startswith("custom_components")]
    assert [r.getMessage() for r in ours if r.levelno >= logging.WARNING] == []
    assert not reauth_flows(hass)
    before = len(simulator.requests)
    await asyncio.sleep(1.5)
    assert len(simulator.requests) == before
