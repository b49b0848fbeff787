"""The wait after a failure in an entry, also over reloads and by hand."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from .common import (
    POLL,
    Claude,
    pass_steps,
    reauth_flows,
    reload,
    session,
    update_by_hand,
)

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60


async def waits(claude: Claude, polls: int) -> list[int]:
    """Return the minutes between the next polls, rounded down."""
    times = []
    before = claude.polls
    while len(times) <= polls:
        await claude.pass_time(30)
        if claude.polls > before:
            before = claude.polls
            times.append(claude.server.now)
    minute = timedelta(minutes=1)
    return [(later - earlier) // minute for earlier, later in pairwise(times)]


@pytest.mark.parametrize(
    ("fault", "retry_after", "minutes"),
    [
        ("challenge", None, [4, 8, 16]),
        ("rate_limited", None, [4, 8, 16]),
        ("rate_limited", "600", [10, 10]),
        ("rate_limited", "Wed, 21 Oct 2099 07:28:00 GMT", [360]),
        ("server_error", None, [2, 2, 2]),
    ],
)
async def test_wait_after_a_failure(
    claude: Claude, fault: str, retry_after: str | None, minutes: list[int]
) -> None:
    """Each failure causes a wait, and a success restores the interval."""
    await claude.entry()
    claude.server.set_fault(fault, retry_after=retry_after)
    expected = [pytest.approx(wait, abs=1) for wait in minutes]
    assert await waits(claude, len(minutes)) == expected
    claude.server.clear_faults()
    assert (await waits(claude, 2))[-1] == 2


@pytest.mark.parametrize("fault", ["challenge", "rate_limited", "forbidden"])
async def test_wait_continues_after_a_reload(claude: Claude, fault: str) -> None:
    """Reloads and Home Assistant's own retries do not poll before the wait is over."""
    entry = await claude.entry()
    claude.server.set_fault(fault)
    for minutes in (2, 4, 8):
        await claude.pass_time(minutes * 61 + 30)
    before = claude.polls
    # The wait is 16 minutes now.
    for _ in range(5):
        await reload(claude, entry)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert entry.reason
        await claude.pass_time(3 * 60)
    assert claude.polls == before
    # The next wait is twice as long. A refused request is repeated without its parameter.
    await pass_steps(claude, 25, 60)
    assert claude.polls == before + (2 if fault == "forbidden" else 1)
    assert not reauth_flows(claude.hass)
    claude.server.clear_faults()
    await pass_steps(claude, 45, 60)
    assert entry.state is ConfigEntryState.LOADED
    assert "unavailable" not in claude.states().values()
    assert (await waits(claude, 2))[-1] == 2


async def test_outage_during_set_up(claude: Claude) -> None:
    """Home Assistant retries every few seconds, but polls keep the interval."""
    claude.server.set_fault("server_error")
    await claude.entry()
    await pass_steps(claude, 3 * POLL, 2)
    assert 3 <= claude.polls <= 6


async def test_no_connection_during_set_up(claude: Claude) -> None:
    """claude.ai received nothing, so Home Assistant's next retry sends a request."""
    await claude.server.stop()
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await claude.server.start()
    await pass_steps(claude, 5, 3)
    assert entry.state is ConfigEntryState.LOADED


async def test_update_by_hand_keeps_the_wait(claude: Claude) -> None:
    """It sends no request before the wait is over."""
    await claude.entry()
    claude.server.set_fault("rate_limited", retry_after="1200")
    await claude.pass_time()
    before = claude.polls
    for _ in range(6):
        await update_by_hand(claude.hass)
        await claude.pass_time(120)
        assert claude.state("plan") == "Max 20x"
    assert claude.polls == before
    claude.server.clear_faults()
    await claude.pass_time(481)
    assert claude.polls == before + 1


async def test_update_by_hand_without_a_connection(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """claude.ai received nothing, so another request is sent. After an outage it is not."""
    await claude.entry()
    await claude.server.stop()
    await claude.pass_time()
    assert claude.state("plan") == "unavailable"
    assert "Unexpected" not in caplog.text
    await claude.server.start()
    await update_by_hand(claude.hass)
    assert claude.state("plan") == "Max 20x"
    claude.server.set_fault("server_error")
    await claude.pass_time()
    claude.server.clear_faults()
    await claude.pass_time(60)
    await update_by_hand(claude.hass)
    assert claude.state("plan") == "unavailable"
    await claude.pass_time(61)
    assert claude.state("plan") == "Max 20x"


async def test_submitted_options_end_the_wait(claude: Claude) -> None:
    """The user may have changed something, so the next poll comes at once."""
    entry = await claude.entry()
    claude.server.set_fault("rate_limited", retry_after="21600")
    await claude.pass_time(HOUR)
    await reload(claude, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    claude.server.clear_faults()
    options = claude.hass.config_entries.options
    flow = await options.async_init(entry.entry_id)
    entered = {"org_id": entry.data["org_id"], "update_interval": 120}
    await options.async_configure(flow["flow_id"], entered)
    await claude.settle()
    assert entry.state is ConfigEntryState.LOADED


async def test_reset_during_a_wait(claude: Claude) -> None:
    """A reset does not end the wait that claude.ai asks for."""
    reset = claude.server.now + timedelta(minutes=20)
    claude.serve(session(5, reset.isoformat()))
    await claude.entry()
    claude.server.set_fault("rate_limited", retry_after=str(HOUR))
    await claude.pass_time()
    before = claude.polls
    await pass_steps(claude, 75, 20)
    assert claude.polls == before


async def test_issue_after_a_day_of_blocks(claude: Claude) -> None:
    """Outages and reloads do not restart the day. A success deletes the issue."""
    entry = await claude.entry()
    claude.server.set_fault("challenge")
    for hour in range(23):
        await claude.pass_time(HOUR)
        if hour % 5 == 0:
            await reload(claude, entry)
            claude.server.set_fault("server_error")
            await claude.pass_time(HOUR)
            claude.server.set_fault("challenge")
        if hour < 17:
            assert not claude.issues
    await pass_steps(claude, 60, 2 * 60)
    assert claude.issues == {"blocked"}
    issue_id = f"blocked_{entry.entry_id}"
    issue = ir.async_get(claude.hass).async_get_issue("claude_pulse", issue_id)
    assert issue
    assert not issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not reauth_flows(claude.hass)
    ir.async_delete_issue(claude.hass, "claude_pulse", issue_id)
    await reload(claude, entry)
    assert claude.issues == {"blocked"}
    claude.server.clear_faults()
    await pass_steps(claude, 75, 60)
    assert "unavailable" not in claude.states().values()
    assert not claude.issues


async def test_expired_key_after_a_long_block(claude: Claude) -> None:
    """Any answer of claude.ai ends a block. The user then needs another key."""
    await claude.entry()
    claude.server.set_fault("challenge")
    await pass_steps(claude, 26, HOUR)
    assert claude.issues == {"blocked"}
    claude.server.clear_faults()
    claude.server.world.accounts["ada"].log_out()
    await claude.pass_time(HOUR)
    assert not claude.issues
    assert len(reauth_flows(claude.hass)) == 1
