"""A week of outages of claude.ai, as they are: pages, JSON and no answer at all."""

from __future__ import annotations

from .common import POLL, Claude, reauth_flows

MINUTE, HOUR = 60, 60 * 60

# The time without an outage before each one, how long it lasts, and its faults in turns.
OUTAGES = (
    (5 * HOUR, 4 * MINUTE, ("gateway_page",)),
    (9 * HOUR, 63 * MINUTE, ("gateway_page", "gateway_timeout_page")),
    (31 * HOUR, 7 * MINUTE, ("hang",)),
    (2 * HOUR, 25 * MINUTE, ("overloaded_page",)),
    (17 * HOUR, 90 * MINUTE, ("unavailable", "overloaded", "server_error")),
    (26 * HOUR, 12 * MINUTE, ("unknown_error_page", "origin_timeout_page")),
    (1 * HOUR, 1 * MINUTE, ("gateway_page",)),
    (40 * HOUR, 4 * HOUR, ("overloaded_page", "unavailable", "gateway_page", "drop")),
    (20 * HOUR, 35 * MINUTE, ("hang", "gateway_page", "unavailable")),
    (9 * HOUR, 2 * HOUR, ("gateway_page", "overloaded_page")),
)


async def test_week_of_outages(claude: Claude) -> None:
    """The values are back within one interval. No outage needs a user or is a block."""
    claude.server.on_slow_answer = lambda: claude.clock.tick(16)
    await claude.entry()
    asked = 0
    for number, (before, lasts, faults) in enumerate(OUTAGES):
        claude.server.clear_faults()
        # Each outage starts and stops at another point of the interval.
        await claude.pass_time(before)
        await claude.pass_time(30 + 9 * number)
        passed, polls = 0, claude.polls
        while passed < lasts:
            claude.server.set_fault(faults[passed // POLL % len(faults)])
            step = min(POLL, lasts - passed)
            await claude.pass_time(step)
            passed += step
            _assert_calm(claude)
        assert lasts < POLL or claude.state("session_usage") == "unavailable"
        asked += claude.polls - polls

        claude.server.clear_faults()
        waited = 0
        while claude.state("session_usage") == "unavailable":
            await claude.pass_time(6)
            waited += 6
            assert waited <= POLL
            _assert_calm(claude)
        await claude.pass_time()
        assert claude.state("connection") == "up_to_date"
        assert claude.state("plan") == "Max 20x"
    assert asked >= sum(lasts for _, lasts, _ in OUTAGES) // POLL - len(OUTAGES)


def _assert_calm(claude: Claude) -> None:
    """Expect no request to the user, and no state that says something else."""
    assert claude.state("connection") in ("up_to_date", "cannot_connect")
    assert claude.issues == set()
    assert not reauth_flows(claude.hass)


async def test_outage_after_a_block(claude: Claude) -> None:
    """The long wait of a block does not delay the values after an outage."""
    await claude.entry()
    claude.server.set_fault("challenge")
    for minutes in (2, 4, 8, 16):
        await claude.pass_time(minutes * 61 + 10)
    claude.server.set_fault("gateway_page")
    await claude.pass_time(33 * 60)
    assert claude.state("connection") == "cannot_connect"
    claude.server.clear_faults()
    await claude.pass_time()
    assert claude.state("connection") == "up_to_date"
