"""Paid usage, the prepaid balance and credit pools."""

from __future__ import annotations

import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_STATE_CHANGED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .common import add_entry, pass_time, settle
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

EUR = {"currency": "EUR", "exponent": 2}


def spend(used: int, limit: int | None = 5000, **members: Any) -> dict[str, Any]:
    """Return a body with paid usage."""
    limit_money = None if limit is None else {"amount_minor": limit, **EUR}
    used_money = {"amount_minor": used, **EUR}
    return {
        "spend": {"enabled": True, "used": used_money, "limit": limit_money, **members}
    }


def serve(simulator: Simulator, body: dict[str, Any]) -> None:
    """Serve a body as ada's usage."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = body


async def enable_all(hass: HomeAssistant, entry: Any) -> dict[str, tuple[str, Any]]:
    """Enable every entity, and return the states and units of those about money."""
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    return money(hass)


def money(hass: HomeAssistant) -> dict[str, tuple[str, Any]]:
    """Return the states and units of what is about money."""
    return {
        state.entity_id.removeprefix("sensor.claude_pulse_"): (
            state.state,
            state.attributes.get("unit_of_measurement"),
        )
        for state in hass.states.async_all("sensor")
        if any(word in state.entity_id for word in ("extra", "prepaid", "necktie"))
    }


@pytest.mark.smoke
async def test_paid_usage(hass: HomeAssistant, simulator: Simulator) -> None:
    """Cents are not euros, and the share is the server's."""
    serve(simulator, spend(2382, percent=47.64))
    entry = await add_entry(hass, simulator)
    # For those who enable it.
    assert money(hass) == {}
    assert await enable_all(hass, entry) == {
        "extra_usage": ("47.6", "%"),
        "extra_usage_limit": ("50.0", "EUR"),
        "extra_usage_spent": ("23.82", "EUR"),
    }
    state = hass.states.get("sensor.claude_pulse_extra_usage_spent")
    assert state.attributes["device_class"] == "monetary"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        # Computed where the server does not say.
        (spend(1000), ("20", "10.0", "50.0")),
        # Unlimited.
        (spend(1000, None), ("unknown", "10.0", "unknown")),
        # The older form.
        (
            {
                "extra_usage": {
                    "is_enabled": True,
                    "used_credits": 250,
                    "monthly_limit": 1000,
                    "utilization": 25,
                    "currency": "EUR",
                }
            },
            ("25", "2.5", "10.0"),
        ),
    ],
)
async def test_forms_of_paid_usage(
    hass: HomeAssistant,
    simulator: Simulator,
    body: dict[str, Any],
    shown: tuple[str, str, str],
) -> None:
    """Share, spent and limit."""
    serve(simulator, body)
    found = await enable_all(hass, await add_entry(hass, simulator))
    keys = ("extra_usage", "extra_usage_spent", "extra_usage_limit")
    assert tuple(found[key][0] for key in keys) == shown


@pytest.mark.parametrize(
    "body", [{}, spend(0, 0), {"spend": {"enabled": False, "percent": 0}}]
)
async def test_none(
    hass: HomeAssistant, simulator: Simulator, body: dict[str, Any]
) -> None:
    """An account without any has no such entities, not even disabled ones."""
    serve(simulator, body)
    entry = await add_entry(hass, simulator)
    assert await enable_all(hass, entry) == {}


async def test_money_that_comes_and_goes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Paid usage that is gone is unavailable."""
    serve(simulator, spend(1000))
    await enable_all(hass, await add_entry(hass, simulator))
    serve(simulator, {})
    await pass_time(hass, freezer)
    assert {state for state, _ in money(hass).values()} == {"unavailable"}


async def test_prepaid_balance(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Every six hours, and after money was spent, but not more often than every four."""
    seat = simulator.world.accounts["ada"].seats[-1]
    seat.prepaid_cents = 5597
    serve(simulator, spend(0))
    entry = await add_entry(hass, simulator)
    await enable_all(hass, entry)
    # Home Assistant reloads by itself half a minute after entities were enabled.
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    assert money(hass)["prepaid_balance"] == ("55.97", "EUR")

    def asked() -> int:
        """Count how often the balance was asked for."""
        return sum("prepaid" in request.path for request in simulator.requests)

    before = asked()
    seat.prepaid_cents = 5000
    for cents in (597, 598, 599):
        serve(simulator, spend(cents))
        await pass_time(hass, freezer, 3600)
    assert asked() == before
    await pass_time(hass, freezer, 3700)
    assert asked() == before + 1
    assert money(hass)["prepaid_balance"] == ("50.0", "EUR")

    # Nothing spent: six hours. A failure keeps what was known.
    simulator.set_fault("server_error")
    await pass_time(hass, freezer, 5 * 3600)
    simulator.clear_faults()
    await pass_time(hass, freezer)
    assert asked() == before + 1
    assert money(hass)["prepaid_balance"] == ("50.0", "EUR")
    seat.prepaid_cents = None
    await pass_time(hass, freezer, 3600)
    assert asked() == before + 2
    assert money(hass)["prepaid_balance"][0] == "unavailable"


async def test_credit_pool(hass: HomeAssistant, simulator: Simulator) -> None:
    """A pool in dollars is a pair under its code name; one without a limit is nothing."""
    serve(
        simulator,
        {
            "iguana_necktie": {"limit_dollars": 200, "used_dollars": 45.96},
            "nimbus_quill": {"utilization": 0.0, "limit_dollars": None},
        },
    )
    found = await enable_all(hass, await add_entry(hass, simulator))
    assert found == {
        "iguana_necktie_limit": ("200.0", "USD"),
        "iguana_necktie_used": ("45.96", "USD"),
    }
    state = hass.states.get("sensor.claude_pulse_iguana_necktie_used")
    assert state.attributes["friendly_name"] == "Claude Pulse Iguana necktie used"
    assert hass.states.get("sensor.claude_pulse_nimbus_quill_used") is None


async def test_currency_that_changes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    entity_registry: er.EntityRegistry,
) -> None:
    """An amount is never shown in a currency that it does not have."""
    serve(simulator, spend(2382))
    entry = await add_entry(hass, simulator)
    found = await enable_all(hass, entry)
    assert found["extra_usage_spent"] == ("23.82", "EUR")
    # Home Assistant reloads by itself half a minute after entities were enabled.
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    yen = {"amount_minor": 999, "currency": "JPY", "exponent": 0}
    serve(simulator, {"spend": {"enabled": True, "used": yen, "limit": yen}})
    await pass_time(hass, freezer)
    assert money(hass)["extra_usage_spent"] == ("999.0", "JPY")
    assert money(hass)["extra_usage_limit"] == ("999.0", "JPY")
    registered = entity_registry.async_get("sensor.claude_pulse_extra_usage_spent")
    assert registered.unique_id == f"{entry.entry_id}_extra_usage_spent"
    assert registered.options["sensor"]["suggested_display_precision"] == 0


@pytest.mark.parametrize("label", ["session", "weekly", "extra_usage", "plan", "🚀"])
async def test_pool_called_like_something_else(
    hass: HomeAssistant, simulator: Simulator, label: str
) -> None:
    """A code name takes no id of another entity."""
    body = {
        "limits": [{"kind": "session", "percent": 31}],
        label: {"limit_dollars": 200, "used_dollars": 45.96},
        **spend(1000),
    }
    serve(simulator, body)
    await enable_all(hass, await add_entry(hass, simulator))
    shown = {state.state for state in hass.states.async_all("sensor")}
    assert {"45.96", "200.0", "31", "100", "10.0", "50.0"} <= shown
    assert hass.states.get("sensor.claude_pulse_session_used").state == "31"
    assert hass.states.get("sensor.claude_pulse_session_limit").state == "100"
    assert hass.states.get("sensor.claude_pulse_extra_usage_limit").state == "50.0"


async def test_two_pools_of_one_slug(hass: HomeAssistant, simulator: Simulator) -> None:
    """Each is shown."""
    pools = {
        "iguana_necktie": {"limit_dollars": 1, "used_dollars": 0},
        "iguana-necktie": {"limit_dollars": 2, "used_dollars": 0},
    }
    serve(simulator, pools)
    found = await enable_all(hass, await add_entry(hass, simulator))
    assert sorted(state for state, _ in found.values()) == ["0.0", "0.0", "1.0", "2.0"]


async def test_no_amount_is_ever_in_the_wrong_currency(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Not even for the moment of the change, back and forth."""
    dollars = {"amount_minor": 1234, "currency": "USD", "exponent": 2}
    yen = {"amount_minor": 999, "currency": "JPY", "exponent": 0}
    serve(simulator, {"spend": {"enabled": True, "used": dollars, "limit": yen}})
    await enable_all(hass, await add_entry(hass, simulator))
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    assert money(hass)["extra_usage_limit"] == ("999.0", "JPY")
    seen: set[tuple[str, Any]] = set()

    @callback
    def note(event: Any) -> None:
        """Note what is shown of the money that was spent."""
        shown = event.data["new_state"]
        if event.data["entity_id"].endswith("extra_usage_spent") and shown:
            unit = shown.attributes.get("unit_of_measurement")
            seen.add((shown.state, unit))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    for spent in (yen, dollars, yen, dollars):
        serve(simulator, {"spend": {"enabled": True, "used": spent, "limit": None}})
        await pass_time(hass, freezer)
    amounts = {pair for pair in seen if pair[0] not in ("unknown", "unavailable")}
    assert amounts == {("12.34", "USD"), ("999.0", "JPY")}


@pytest.mark.parametrize("enabled", [False, True])
async def test_amounts_are_in_no_event(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    enabled: bool,
) -> None:
    """Only the states of their own sensors hold amounts: no other state, event or log line."""
    caplog.set_level("DEBUG", "custom_components.claude_pulse")
    said: list[str] = []
    own = ("_extra_usage", "_prepaid_balance", "_iguana_necktie_")

    @callback
    def note(event: Event) -> None:
        """Note what everybody could hear who may not read the sensors of money."""
        is_own = any(word in str(event.data.get("entity_id")) for word in own)
        if event.event_type != EVENT_STATE_CHANGED or not is_own:
            said.append(f"{event.event_type} {event.data}")

    hass.bus.async_listen(MATCH_ALL, note)
    seat = simulator.world.accounts["ada"].seats[-1]

    def spend_all(percent: int, cents: int) -> dict[str, Any]:
        """Return a body whose amounts differ from all other numbers."""
        pool = {"limit_dollars": 8642.75, "used_dollars": 7531.25 + cents}
        window = {"kind": "session", "percent": percent}
        seat.prepaid_cents = 975313 - cents
        return {
            "limits": [{**window, "resets_at": "2026-05-04T14:30:00Z"}],
            "iguana_necktie": pool,
            **spend(471113 + cents, 678957),
        }

    freezer.move_to("2026-05-04T12:00:00+00:00")
    serve(simulator, spend_all(40, 0))
    entry = await add_entry(hass, simulator)
    if enabled:
        await enable_all(hass, entry)
        assert money(hass)["extra_usage_spent"] == ("4711.13", "EUR")
    await pass_time(hass, freezer)
    for percent in (80, 95, 100):
        serve(simulator, spend_all(percent, percent))
        await pass_time(hass, freezer, 300)
    assert any("limit_reached" in text for text in said)
    said += [
        f"{state.as_dict()}"
        for state in hass.states.async_all()
        if not any(word in state.entity_id for word in own)
    ]
    said += [record.getMessage() for record in caplog.records if DOMAIN in record.name]
    # In whole units, and as claude.ai sends them.
    amount = re.compile(r"(471[12]|6789|8642|7[56]\d1|975[23])\.\d|471[12]\d\d|678957")
    assert [text for text in said if amount.search(text)] == []
