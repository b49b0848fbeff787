"""The accounts of the simulator with the plans of today, in Home Assistant."""

from __future__ import annotations

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.usage import Usage
from custom_components.claude_pulse.runtime import runtime_of

from .common import Claude, account_of, enable

UNKNOWN = "unknown"


def usage_of(claude: Claude, entry: MockConfigEntry) -> Usage:
    """Return the last answer of an entry."""
    return runtime_of(claude.hass, entry).coordinator.data


@pytest.mark.parametrize(
    ("account", "plan", "session", "weekly"),
    [
        ("ada", "Max 20x", True, True),
        ("eve", "Free", False, False),
        ("fay", "Ultra", False, True),
        ("gus", "Enterprise", False, False),
        ("hal", "Max 5x", True, True),
        ("ivy", "Pro", True, True),
    ],
)
async def test_plan_and_limits(
    claude: Claude, account: str, plan: str, session: bool, weekly: bool
) -> None:
    """The plan has its name, and a limit that does not exist is unknown."""
    await claude.entry(account)
    assert claude.state("plan") == plan
    assert (claude.state("session_usage") != UNKNOWN) is session
    assert (claude.state("weekly_usage") != UNKNOWN) is weekly
    assert (claude.state("weekly_fable_usage") != "missing") is (
        account in ("ada", "fay")
    )
    assert claude.server.requests[0].query == "cedar_ember=1"


async def test_company_that_pays_by_spend(claude: Claude) -> None:
    """The amounts of the seat have its currency."""
    await claude.entry("gus")
    await enable(claude)
    assert float(claude.state("extra_usage_spent")) == 374
    assert float(claude.state("extra_usage_limit")) == 400
    spent = claude.hass.states.get("sensor.claude_pulse_extra_usage_spent")
    assert spent.attributes["unit_of_measurement"] == "USD"


async def test_pool_that_expires(claude: Claude) -> None:
    """After its expiry, claude.ai does not send the pool any longer."""
    entry = await claude.entry("ivy")
    (pool,) = usage_of(claude, entry).pools
    assert (pool.spent.amount, pool.remaining.amount) == (31.4, 48.6)
    left = pool.expires_at - claude.server.now
    await claude.pass_time(left.total_seconds() + 1)
    assert usage_of(claude, entry).pools == ()


async def test_refused_parameter(claude: Claude) -> None:
    """Without saved resets, the values are shown, and there is one request a poll."""
    claude.server.set_fault("parameter_refused")
    entry = await claude.entry("hal")
    assert claude.state("plan") == "Max 5x"
    assert usage_of(claude, entry).saved_resets is None
    before = claude.polls
    await claude.pass_time()
    assert claude.polls == before + 1
    claude.server.clear_faults()
    await claude.pass_time(24 * 60 * 60)
    assert usage_of(claude, entry).saved_resets.grants[0].left == 2


async def test_out_of_credits(claude: Claude) -> None:
    """Amounts stay visible when the credits are used up."""
    account_of(claude, "gus").seats[0].disabled_reason = "out_of_credits"
    entry = await claude.entry("gus")
    usage = usage_of(claude, entry)
    assert usage.spend_limit.percent == 100
    assert (usage.spend.enabled, usage.spend.is_used_up) == (False, True)
