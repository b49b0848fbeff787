"""Paid usage, the prepaid balance and credit pools, and their statistics."""

from __future__ import annotations

from datetime import timedelta
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import Claude, enable, row, session, spend

SPENT = "sensor.claude_pulse_extra_usage_spent"
PERIOD = timedelta(minutes=5)
MONEY = ("_extra_usage", "_prepaid_balance", "_iguana_necktie_")
SESSION = session(31, None)
PAID_KEYS = (
    "extra_usage",
    "extra_usage_spent",
    "extra_usage_limit",
    "extra_usage_status",
)
OLDER = {
    "is_enabled": True,
    "used_credits": 250,
    "monthly_limit": 1000,
    "utilization": 25,
    "currency": "EUR",
}


def money(claude: Claude) -> dict[str, str]:
    """Return the states of the entities about money, with their units."""
    return {
        state.entity_id.removeprefix("sensor.claude_pulse_"): state.state
        if state.state in ("unknown", "unavailable")
        else f"{state.state} {state.attributes.get('unit_of_measurement', '')}".strip()
        for state in claude.hass.states.async_all("sensor")
        if any(word in state.entity_id for word in MONEY)
    }


async def set_up(claude: Claude, body: dict[str, Any]) -> dict[str, str]:
    """Set up an entry with all entities enabled, and return the states about money.

    The account has a session limit.
    """
    claude.serve({**SESSION, **body})
    await claude.entry()
    assert money(claude) == {}
    await enable(claude)
    return money(claude)


def pool(limit: float | None, used: float | None = None) -> dict[str, float | None]:
    """Return a credit pool."""
    return {"limit_dollars": limit, "used_dollars": used}


def paid(
    extra_usage: str, spent: str, limit: str, status: str = "active"
) -> dict[str, str]:
    """Return the states of paid usage."""
    states = (extra_usage, spent, limit, status)
    return dict(zip(PAID_KEYS, states, strict=True))


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("body", "states"),
    [
        (spend(2382, percent=47.64), paid("47.6 %", "23.82 EUR", "50.0 EUR")),
        # Computed if the server sends no percentage.
        (spend(1000), paid("20 %", "10.0 EUR", "50.0 EUR")),
        # Unlimited.
        (spend(1000, None), paid("unknown", "10.0 EUR", "unknown")),
        ({"extra_usage": OLDER}, paid("25 %", "2.5 EUR", "10.0 EUR")),
        # No paid usage.
        ({}, {}),
        (spend(0, 0), {}),
        ({"spend": {"enabled": False, "percent": 0}}, {}),
        # A pool without a limit is not shown.
        (
            {"iguana_necktie": pool(200, 45.96), "nimbus_quill": pool(None)},
            {
                "iguana_necktie_limit": "200.0 USD",
                "iguana_necktie_remaining": "154.04 USD",
                "iguana_necktie_used": "45.96 USD",
            },
        ),
    ],
)
async def test_states(
    claude: Claude, body: dict[str, Any], states: dict[str, str]
) -> None:
    """Amounts have a currency, and entities that are disabled by default."""
    assert await set_up(claude, body) == states
    assert claude.hass.states.get("sensor.claude_pulse_nimbus_quill_used") is None


async def test_descriptions(claude: Claude) -> None:
    """Amounts are monetary, and a pool is named after its code name."""
    await set_up(claude, {"iguana_necktie": pool(200, 45.96), **spend(2382)})
    state = claude.hass.states.get(SPENT)
    assert state.attributes["device_class"] == "monetary"
    state = claude.hass.states.get("sensor.claude_pulse_iguana_necktie_used")
    assert state.name == "Claude Pulse Iguana necktie used"


async def test_paid_usage_disappears(claude: Claude) -> None:
    """Paid usage that has disappeared is unavailable."""
    assert len(await set_up(claude, spend(1000))) == 4
    claude.serve({})
    await claude.pass_time()
    assert set(money(claude).values()) == {"unavailable"}


async def test_prepaid_balance(claude: Claude) -> None:
    """The balance is requested every six hours. A failed request does not clear it."""
    seat = claude.server.world.accounts["ada"].seats[-1]
    seat.prepaid_cents = 5597
    assert (await set_up(claude, spend(0)))["prepaid_balance"] == "55.97 EUR"

    seat.prepaid_cents = 5000
    await claude.pass_time(5 * 3600)
    assert money(claude)["prepaid_balance"] == "55.97 EUR"
    await claude.pass_time(3700)
    assert money(claude)["prepaid_balance"] == "50.0 EUR"

    claude.server.set_fault("server_error")
    await claude.pass_time(7 * 3600)
    claude.server.clear_faults()
    seat.prepaid_cents = None
    await claude.pass_time()
    assert money(claude)["prepaid_balance"] == "unavailable"


async def test_two_pools_with_one_slug(claude: Claude) -> None:
    """Pools whose code names have the same slug are both shown."""
    body = {"iguana_necktie": pool(1, 0), "iguana-necktie": pool(2, 0)}
    shown = await set_up(claude, body)
    assert sorted(shown.values()) == sorted(2 * ["0.0 USD", "1.0 USD", "2.0 USD"])


@pytest.mark.parametrize("label", ["session", "weekly", "extra_usage", "plan", "🚀"])
async def test_pool_named_like_another_entity(claude: Claude, label: str) -> None:
    """A pool does not take the entity id of another entity."""
    body = {"limits": [row("session", 31)], label: pool(200, 45.96), **spend(1000)}
    await set_up(claude, body)
    shown = {state.state for state in claude.hass.states.async_all("sensor")}
    assert {"45.96", "200.0", "31", "100", "10.0", "50.0"} <= shown
    assert claude.state("session_used") == "31"
    assert claude.state("session_limit") == "100"
    assert claude.state("extra_usage_limit") == "50.0"


async def test_currency_changes(
    claude: Claude, entity_registry: er.EntityRegistry
) -> None:
    """An amount never has the currency of another amount, not even during a change."""
    dollars = {"amount_minor": 1234, "currency": "USD", "exponent": 2}
    yen = {"amount_minor": 999, "currency": "JPY", "exponent": 0}
    shown = await set_up(claude, spend(0, used=dollars, limit=yen))
    assert shown["extra_usage_spent"] == "12.34 USD"
    assert shown["extra_usage_limit"] == "999.0 JPY"
    before = entity_registry.async_get(SPENT).unique_id
    events = async_capture_events(claude.hass, EVENT_STATE_CHANGED)
    for spent, text in ((yen, "999.0 JPY"), (dollars, "12.34 USD"), (yen, "999.0 JPY")):
        claude.serve(spend(0, None, used=spent))
        await claude.pass_time()
        assert money(claude)["extra_usage_spent"] == text

    states = [event.data["new_state"] for event in events]
    assert {
        (state.state, state.attributes["unit_of_measurement"])
        for state in states
        if state and state.entity_id == SPENT and state.state[0].isdigit()
    } == {("12.34", "USD"), ("999.0", "JPY")}
    registered = entity_registry.async_get(SPENT)
    assert registered.unique_id == before


async def test_only_the_currency_changes(claude: Claude) -> None:
    """The same amount in another currency is another state."""
    euros = {"amount_minor": 100, "currency": "EUR", "exponent": 2}
    await set_up(claude, spend(0, used=euros, limit=euros))
    dollars = {**euros, "currency": "USD"}
    claude.serve(spend(0, used=dollars, limit=dollars))
    await claude.pass_time()
    shown = money(claude)
    assert shown["extra_usage_spent"] == shown["extra_usage_limit"] == "1.0 USD"


@pytest.mark.parametrize("enabled", [False, True])
async def test_amounts_are_private(
    claude: Claude, caplog: pytest.LogCaptureFixture, enabled: bool
) -> None:
    """Amounts are in the states of their own sensors, and in no event or log line."""
    caplog.set_level("DEBUG", "custom_components.claude_pulse")
    events = async_capture_events(claude.hass, MATCH_ALL)
    seat = claude.server.world.accounts["ada"].seats[-1]

    def serve(percent: int, cents: int) -> None:
        """Serve amounts that differ from all other numbers."""
        seat.prepaid_cents = 975313 - cents
        limits = [row("session", percent, "2026-05-04T14:30:00Z")]
        necktie = pool(8642.75, 7531.25 + cents)
        paid = spend(471113 + cents, 678957)
        claude.serve({"limits": limits, "iguana_necktie": necktie, **paid})

    claude.clock.move_to("2026-05-04T12:00:00+00:00")
    serve(40, 0)
    await claude.entry()
    if enabled:
        await enable(claude)
        assert money(claude)["extra_usage_spent"] == "4711.13 EUR"
    await claude.pass_time()
    for percent in (80, 95, 100):
        serve(percent, percent)
        await claude.pass_time(300)

    def is_own(entity_id: object) -> bool:
        """Return whether a sensor shows an amount."""
        return any(word in str(entity_id) for word in MONEY)

    public = [
        f"{event.event_type} {event.data}"
        for event in events
        if event.event_type != EVENT_STATE_CHANGED
        or not is_own(event.data["entity_id"])
    ]
    assert any("limit_reached" in text for text in public)
    public += [
        f"{state.as_dict()}"
        for state in claude.hass.states.async_all()
        if not is_own(state.entity_id)
    ]
    public += [
        record.getMessage() for record in caplog.records if DOMAIN in record.name
    ]
    # In the main unit, and in cents.
    amount = re.compile(r"(471[12]|6789|8642|7[56]\d1|975[23])\.\d|471[12]\d\d|678957")
    assert [text for text in public if amount.search(text)] == []


@pytest.mark.parametrize("reload", [False, True])
async def test_spending_starts_again(
    recorder_mock: Recorder, claude: Claude, reload: bool
) -> None:
    """The sum continues in a new month and decreases with a refund, also after a restart."""
    claude.clock.move_to("2026-05-31T22:00:00+00:00")
    assert await async_setup_component(claude.hass, "sensor", {})
    claude.serve(spend(1000))
    entry = await claude.entry(update_interval=30)
    await enable(claude)
    await claude.pass_time(40)
    start = period = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    for cents in (3000, 2900, 100, 500):
        claude.serve(spend(cents))
        if reload:
            await claude.hass.config_entries.async_reload(entry.entry_id)
        await claude.pass_time(40)
        await async_wait_recording_done(claude.hass)
        claude.clock.move_to(period + PERIOD)
        do_adhoc_statistics(claude.hass, start=period)
        await async_wait_recording_done(claude.hass)
        period += PERIOD
        claude.clock.tick(10)
        # A poll that is due still receives the amount of this period.
        await claude.settle()

    rows = await get_instance(claude.hass).async_add_executor_job(
        lambda: statistics_during_period(
            claude.hass, start, None, {SPENT}, "5minute", None, {"sum"}
        )
    )
    sums = [row["sum"] - rows[SPENT][0]["sum"] for row in rows[SPENT]]
    assert sums == pytest.approx([0, -1, 0, 4])
