"""Tests with timers that run in real time; only the hour of the day is chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
import time
from typing import cast

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.claude_ai.client import TIMEOUT
from custom_components.claude_pulse.polling import coordinator, schedule
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.common import Claude, messages_of, reauth_flows, session, update_by_hand
from tests.simulator import Simulator

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("enable_custom_integrations"),
]

# A busy machine is ten times slower.
LONGEST_WAIT = 90

RESET = datetime(2026, 5, 4, 14, 0, tzinfo=UTC)


@pytest.fixture
def claude(
    hass: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Claude:
    """Return Home Assistant and the simulator, with a running clock and no jitter."""
    monkeypatch.setattr(coordinator, "JITTER", 0)
    return Claude(hass, simulator, cast(FrozenDateTimeFactory, None))


@pytest.fixture
def until_reset(
    claude: Claude, monkeypatch: pytest.MonkeyPatch
) -> Callable[[float], None]:
    """Return a function that sets the clock to a number of seconds before a reset."""
    utcnow = dt_util.utcnow

    def set_clock(seconds: float) -> None:
        """Set the clock, which continues to run."""
        ahead = RESET - timedelta(seconds=seconds) - utcnow()
        monkeypatch.setattr(dt_util, "utcnow", lambda: utcnow() + ahead)
        claude.server.advance = ahead

    return set_clock


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < LONGEST_WAIT
        await asyncio.sleep(0.02)


async def next_poll(claude: Claude) -> None:
    """Wait for the next poll."""
    before = claude.polls
    await until(lambda: claude.polls > before)


async def wait_under_a_limit(
    claude: Claude, caplog: pytest.LogCaptureFixture, retry_after: str
) -> None:
    """Poll every second until claude.ai limits requests, and log from then on."""
    await claude.entry(update_interval=1)
    claude.server.set_fault("rate_limited", retry_after=retry_after)
    await next_poll(claude)
    await claude.settle()
    caplog.set_level(logging.DEBUG, "custom_components.claude_pulse")
    caplog.clear()


def updates(caplog: pytest.LogCaptureFixture) -> int:
    """Return the number of updates of the coordinator, with or without a request."""
    lines = messages_of(caplog, "polling.coordinator")
    return sum("Finished" in line for line in lines)


@pytest.mark.parametrize("keep", [timedelta(minutes=15), timedelta(seconds=2)])
async def test_wait_is_one_timer(
    claude: Claude,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    keep: timedelta,
) -> None:
    """A wait is one timer, or two if the values become unavailable before its end."""
    monkeypatch.setattr(coordinator, "KEEP", keep)
    await wait_under_a_limit(claude, caplog, "7")
    before = claude.polls
    await asyncio.sleep(3)
    assert claude.polls == before
    assert updates(caplog) <= 2
    claude.server.clear_faults()
    await next_poll(claude)
    # Then it polls in the interval again.
    await asyncio.sleep(2.2)
    assert claude.polls <= before + 4
    assert updates(caplog) <= 6


async def test_end_of_a_wait_is_one_timer(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """An update by hand late in a second does not lead to a series of short timers."""
    await wait_under_a_limit(claude, caplog, "6")
    # Home Assistant counts from the whole second: the next timer is nearly a second early.
    await until(lambda: claude.hass.loop.time() % 1 > 0.95)
    await update_by_hand(claude.hass)
    claude.server.clear_faults()
    await next_poll(claude)
    assert updates(caplog) <= 4


async def test_polls_after_a_reset(
    claude: Claude,
    monkeypatch: pytest.MonkeyPatch,
    until_reset: Callable[[float], None],
) -> None:
    """Polls follow shortly after the reset, until claude.ai answers with the next window."""
    monkeypatch.setattr(schedule, "AFTER_RESET", timedelta(seconds=1))
    until_reset(4)
    claude.serve(session(97, RESET.isoformat()))
    await claude.entry(update_interval=86400)
    for _ in range(2):
        await next_poll(claude)
        assert dt_util.utcnow() >= RESET
    claude.serve(session(1, (RESET + timedelta(hours=5)).isoformat()))
    await until(lambda: claude.state("session_usage") == "1")
    polls = claude.polls
    await asyncio.sleep(3)
    assert claude.polls == polls


async def test_countdown(claude: Claude, until_reset: Callable[[float], None]) -> None:
    """The countdown changes with the minute, without a request."""
    until_reset(124)
    claude.serve(session(97, RESET.isoformat()))
    await claude.entry(update_interval=86400)
    # The set-up can take until the next minute.
    before = claude.state("session_reset_countdown")
    after = {"3m": "2m", "2m": "1m"}[before]
    await until(lambda: claude.state("session_reset_countdown") != before)
    assert claude.state("session_reset_countdown") == after
    assert RESET - dt_util.utcnow() <= timedelta(minutes=int(after[0]))
    assert claude.polls == 1


@pytest.mark.parametrize("fault", ["hang", "drip"])
@pytest.mark.parametrize("stop", ["unload", "remove", "stop"])
async def test_stopping_in_a_poll_is_quick_and_silent(
    claude: Claude, caplog: pytest.LogCaptureFixture, fault: str, stop: str
) -> None:
    """An entry stops quickly and silently while it waits for an answer."""
    entry, entries = await claude.entry(update_interval=1), claude.hass.config_entries
    claude.server.set_fault(fault)
    await next_poll(claude)
    caplog.clear()
    begun = time.monotonic()
    if stop == "unload":
        await entries.async_unload(entry.entry_id)
    elif stop == "remove":
        await entries.async_remove(entry.entry_id)
    else:
        await claude.hass.async_stop(force=True)
    # A request may take that long.
    assert time.monotonic() - begun < TIMEOUT.total
    ours = [r for r in caplog.records if r.name.startswith("custom_components")]
    assert [r.getMessage() for r in ours if r.levelno >= logging.WARNING] == []
    assert not reauth_flows(claude.hass)
    before = len(claude.server.requests)
    await asyncio.sleep(1.5)
    assert len(claude.server.requests) == before
