"""The times of polls, the values that are kept, and the counts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.polling import coordinator as coordinator_module
from custom_components.claude_pulse.polling.coordinator import ClaudePulseCoordinator
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.config_entries import ConfigEntryState

from .common import TEN_KEYS, Claude, pass_steps, session

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60
UNAVAILABLE = dict.fromkeys(TEN_KEYS, "unavailable")


def coordinator_of(claude: Claude, entry: MockConfigEntry) -> ClaudePulseCoordinator:
    """Return the coordinator of an entry."""
    return runtime_of(claude.hass, entry).coordinator


async def refresh(claude: Claude, entry: MockConfigEntry) -> None:
    """Update the coordinator, as Home Assistant does at the time of a poll."""
    await coordinator_of(claude, entry).async_refresh()
    await claude.settle()


@pytest.mark.parametrize(("choose", "jitter"), [(min, 0), (max, 5)])
async def test_interval_and_jitter(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, choose: Any, jitter: int
) -> None:
    """A poll comes up to five seconds after the interval. Home Assistant adds a second."""
    monkeypatch.setattr(coordinator_module.random, "randint", choose)
    entry = await claude.entry(update_interval=30)
    expected = timedelta(seconds=30 + jitter)
    assert coordinator_of(claude, entry).update_interval == expected
    for _ in range(3):
        before = claude.polls
        seconds = 0
        while claude.polls == before:
            await claude.pass_time(1)
            seconds += 1
        assert seconds == pytest.approx(30 + jitter, abs=1.5)


async def test_poll_after_a_reset(claude: Claude) -> None:
    """The next window is shown soon after the reset, however long the interval is."""
    await claude.entry(update_interval=86400)
    seat = claude.server.world.accounts["ada"].seats[-1]
    _, reset = seat.session.read(claude.server.now)
    await claude.pass_time((reset - claude.server.now).total_seconds())
    assert float(claude.state("session_usage")) > 5
    assert claude.polls == 1
    await claude.pass_time(16)
    assert float(claude.state("session_usage")) < 1
    assert claude.state("session_reset_countdown") == "5h 0m"
    assert claude.polls == 2


async def test_overdue_poll(claude: Claude, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll that is half a minute late did not happen because the machine slept."""
    entry = await claude.entry(update_interval=3600)
    coordinator = coordinator_of(claude, entry)
    assert coordinator.update_interval
    due = claude.server.now + coordinator.update_interval
    before = claude.polls
    # The timers of a machine that sleeps stop.
    asleep = claude.hass.loop.time()
    monkeypatch.setattr(claude.hass.loop, "time", lambda: asleep)
    for late, polls in ((-30, 0), (0, 0), (29, 0), (30, 1), (40, 1)):
        claude.clock.move_to(due + timedelta(seconds=late))
        coordinator.async_poll_if_overdue()
        await claude.settle()
        assert claude.polls == before + polls


async def test_listeners_are_called_only_after_a_change(claude: Claude) -> None:
    """An answer that equals the last one updates no entity."""
    claude.serve(session(31, "2099-05-04T14:30:00Z"))
    entry = await claude.entry()
    coordinator = coordinator_of(claude, entry)
    calls: list[float] = []

    def record() -> None:
        """Record the percentage."""
        assert coordinator.data.session
        calls.append(coordinator.data.session.percent)

    remove = coordinator.async_add_listener(record)
    for _ in range(3):
        await refresh(claude, entry)
    assert calls == []
    claude.serve(session(32, "2099-05-04T14:30:00Z"))
    await refresh(claude, entry)
    assert calls == [32]
    remove()


async def test_connection_while_values_are_kept(claude: Claude) -> None:
    """It shows each failure and the recovery at once, although no value changes."""
    claude.serve(session(31, None))
    await claude.entry()
    for fault, retry_after, wait, expected in (
        ("rate_limited", "240", 126, "rate_limited"),
        ("challenge", None, 242, "blocked"),
        (None, None, 482, "up_to_date"),
    ):
        claude.server.clear_faults()
        if fault:
            claude.server.set_fault(fault, retry_after=retry_after)
        await claude.pass_time(wait)
        assert claude.state("connection") == expected
        assert claude.state("plan") == "Max 20x"


@pytest.mark.parametrize("fault", ["rate_limited", "challenge"])
async def test_values_are_kept_for_15_minutes(claude: Claude, fault: str) -> None:
    """Then they become unavailable without a poll."""
    await claude.entry()
    # Two minutes have passed at the failure.
    retry_after = "7200" if fault == "rate_limited" else None
    claude.server.set_fault(fault, retry_after=retry_after)
    await claude.pass_time()
    await pass_steps(claude, 12, 60)
    assert claude.state("plan") == "Max 20x"
    before = claude.polls
    await claude.pass_time(60)
    assert claude.states() == UNAVAILABLE
    assert claude.polls == before
    claude.server.clear_faults()
    await claude.pass_time(7200)
    assert "unavailable" not in claude.states().values()


@pytest.mark.parametrize(
    ("seconds", "kept"), [(0, True), (899, True), (900, False), (-300, False)]
)
async def test_values_are_kept_to_the_second(
    claude: Claude, seconds: int, kept: bool
) -> None:
    """Values from the future are not kept, because the clock was set back."""
    entry = await claude.entry()
    await claude.pass_time()
    claude.server.set_fault("challenge")
    claude.clock.tick(seconds)
    await refresh(claude, entry)
    assert (claude.state("plan") == "Max 20x") is kept


@pytest.mark.parametrize("fault", ["rate_limited", "challenge"])
async def test_no_values_to_keep_after_an_outage(claude: Claude, fault: str) -> None:
    """Values that were unavailable stay unavailable."""
    await claude.entry()
    claude.server.set_fault("server_error")
    await claude.pass_time()
    claude.server.set_fault(fault)
    await claude.pass_time()
    assert claude.state("connection") != "cannot_connect"
    assert claude.states() == UNAVAILABLE


async def test_counts(claude: Claude) -> None:
    """Polls that sent a request and failures by key are counted."""
    entry = await claude.entry()
    back_off = runtime_of(claude.hass, entry).back_off
    assert (back_off.polls, back_off.failures) == (1, {})
    claude.server.set_fault("challenge")
    await claude.pass_time()
    for _ in range(3):
        # Too early for a request.
        await refresh(claude, entry)
    assert (back_off.polls, back_off.failures) == (2, {"blocked": 1})
    await pass_steps(claude, 2, HOUR)
    claude.server.set_fault("server_error")
    await claude.pass_time(HOUR)
    assert back_off.polls == 5
    assert back_off.failures == {"blocked": 3, "cannot_connect": 1}


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("challenge", "blocked"),
        ("region_451", "region_blocked"),
        ("rate_limited", "rate_limited"),
        ("forbidden", "forbidden"),
        ("malformed", "invalid_org_id"),
        ("organization_missing", "org_not_found"),
        ("server_error", "cannot_connect"),
        ("session_invalid", "invalid_auth"),
    ],
)
async def test_error_of_a_failed_poll(
    claude: Claude, caplog: pytest.LogCaptureFixture, fault: str, key: str
) -> None:
    """It has an English message, which is logged, and a translation."""
    entry = await claude.entry()
    coordinator = coordinator_of(claude, entry)
    claude.server.set_fault(fault)
    await pass_steps(claude, 2, 16 * 60)
    error: Any = coordinator.last_exception
    assert (error.translation_domain, error.translation_key) == (DOMAIN, key)
    assert error.translation_placeholders is None
    assert coordinator.last_update_success is False
    failure = coordinator.back_off.failure
    assert failure
    assert (failure.error_key, failure.message) == (key, str(error.args[0]))
    assert failure.message in caplog.text


async def test_stop_before_the_first_answer(claude: Claude) -> None:
    """A set-up whose poll was cancelled is retried."""

    async def stop(_: Any) -> None:
        """Stop Home Assistant during the poll."""
        claude.hass.bus.async_fire("homeassistant_stop")
        await asyncio.Event().wait()

    claude.server.on_request = stop
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    # Since Home Assistant 2026.9, the reason is the translation of the message.
    if entry.reason != "stopped":
        assert entry.error_reason_translation_key == "cannot_connect"
