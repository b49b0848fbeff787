"""The plan and the balance, which are requested rarely."""

from __future__ import annotations

from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.money import Money
from custom_components.claude_pulse.runtime import runtime_of

from ..common import Claude, session

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60


def spent(cents: int) -> dict[str, Any]:
    """Return a usage body with spending."""
    used = {"amount_minor": cents, "currency": "EUR", "exponent": 2}
    return session(5, None, spend={"used": used, "enabled": True})


async def test_one_request_per_poll_and_the_plan_every_six_hours(
    claude: Claude,
) -> None:
    """Plan and balance are requested after the first answer and every six hours."""
    entry = await claude.entry()
    plan = f"/api/organizations/{entry.data['org_id']}"
    usage, balance = f"{plan}/usage", f"{plan}/prepaid/credits"
    requests = claude.server.requests
    assert [request.path for request in requests] == [usage, plan, balance]
    for _ in range(170):
        await claude.pass_time()
    paths = [request.path for request in requests[3:]]
    # 170 polls, and one more for each reset.
    assert 170 <= paths.count(usage) <= 172
    assert (paths.count(plan), paths.count(balance)) == (0, 0)
    for _ in range(4):
        await claude.pass_time()
    paths = [request.path for request in requests]
    assert (paths.count(plan), paths.count(balance)) == (2, 2)


async def test_plan(claude: Claude) -> None:
    """A failed request leaves the last plan, and is repeated after an hour."""
    await claude.entry()
    organization = claude.server.world.accounts["ada"].seats[-1].organization
    organization.rate_limit_tier = "default_claude_max_5x"
    claude.server.silent_organization = True
    for _ in range(3):
        await claude.pass_time(2 * HOUR + 100)
    assert claude.state("plan") == "Max 20x"
    claude.server.silent_organization = False
    await claude.pass_time(HOUR + 100)
    assert claude.state("plan") == "Max 5x"


async def test_balance_after_spending(claude: Claude) -> None:
    """Spending makes a request for the balance due after four hours."""
    claude.server.world.accounts["ada"].seats[-1].prepaid_cents = 5000
    claude.serve(spent(100))
    entry = await claude.entry()

    def requests() -> int:
        """Count the requests for the balance."""
        paths = [request.path for request in claude.server.requests]
        return sum(path.endswith("/credits") for path in paths)

    for seconds in (126, 126, 4 * HOUR + 60):
        await claude.pass_time(seconds)
        assert requests() == 1
    claude.serve(spent(101))
    await claude.pass_time()
    assert requests() == 2
    account = runtime_of(claude.hass, entry).account
    assert account.balance == Money(50.0, "EUR")
