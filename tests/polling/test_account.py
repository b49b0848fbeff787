"""The plan and the balance, which are requested rarely."""

from __future__ import annotations

import pytest

from custom_components.claude_pulse.claude_ai.money import Money
from custom_components.claude_pulse.runtime import runtime_of

from ..common import Claude, pass_steps

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60


async def test_one_request_per_poll_and_the_plan_every_six_hours(
    claude: Claude,
) -> None:
    """Plan and balance are requested after the first answer and every six hours."""
    entry = await claude.entry()
    plan = f"/api/organizations/{entry.data['org_id']}"
    usage, balance = f"{plan}/usage", f"{plan}/prepaid/credits"
    requests = claude.server.requests
    assert [request.path for request in requests] == [usage, plan, balance]
    await pass_steps(claude, 170)
    paths = [request.path for request in requests[3:]]
    # 170 polls, and one more for each reset.
    assert 170 <= paths.count(usage) <= 172
    assert (paths.count(plan), paths.count(balance)) == (0, 0)
    await pass_steps(claude, 4)
    paths = [request.path for request in requests]
    assert (paths.count(plan), paths.count(balance)) == (2, 2)


async def test_plan(claude: Claude) -> None:
    """A failed request leaves the last plan, and is repeated after an hour."""
    await claude.entry()
    organization = claude.server.world.accounts["ada"].seats[-1].organization
    organization.rate_limit_tier = "default_claude_max_5x"
    claude.server.silent_organization = True
    await pass_steps(claude, 3, 2 * HOUR + 100)
    assert claude.state("plan") == "Max 20x"
    claude.server.silent_organization = False
    await claude.pass_time(HOUR + 100)
    assert claude.state("plan") == "Max 5x"


async def test_balance(claude: Claude) -> None:
    """It changes with the update after six hours."""
    seat = claude.server.world.accounts["ada"].seats[-1]
    seat.prepaid_cents = 5000
    entry = await claude.entry()
    account = runtime_of(claude.hass, entry).account
    assert account.balance == Money(50.0, "EUR")
    seat.prepaid_cents = 4000
    await claude.pass_time(5 * HOUR)
    assert account.balance == Money(50.0, "EUR")
    await claude.pass_time(HOUR + 100)
    assert account.balance == Money(40.0, "EUR")
