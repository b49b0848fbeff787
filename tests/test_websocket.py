"""What the card is told beside the states, asked for as a browser does."""

from __future__ import annotations

from datetime import timedelta
import json
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .common import add_entry, pass_time, serve, settle
from .simulator import Simulator
from .test_money import enable_all, spend
from .test_privacy import secrets, told
from .test_windows import row

NOW = "2026-05-04T12:00:00+00:00"
SESSION_RESET = "2026-05-04T14:30:00+00:00"
WEEK_RESET = "2026-05-08T02:00:00+00:00"

BODY = {
    "limits": [
        row("monthly_all", 3, "2026-05-30T00:00:00+00:00"),
        row("weekly_scoped", 12, WEEK_RESET, "Opus"),
        row("weekly_all", 77, WEEK_RESET),
        row("session", 31, SESSION_RESET),
    ]
}


@pytest.fixture(autouse=True)
async def _setting(
    enable_custom_integrations: None,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Have a Monday at noon, in UTC, and what a browser connects to."""
    await hass.config.async_update(time_zone="UTC")
    freezer.move_to(NOW)
    assert await async_setup_component(hass, "websocket_api", {})


async def ask(
    hass: HomeAssistant, connect: WebSocketGenerator, user: MockUser
) -> list[dict[str, Any]]:
    """Return the accounts that somebody is told of."""
    # One that is good now: they last for half an hour.
    refresh = await hass.auth.async_create_refresh_token(user, "https://example.org")
    client = await connect(hass, hass.auth.async_create_access_token(refresh))
    await client.send_json({"id": 5, "type": "claude_pulse/usage"})
    answer = await client.receive_json()
    await client.close()
    assert answer["success"], answer
    assert answer["result"].keys() == {"accounts"}
    return answer["result"]["accounts"]


def state(hass: HomeAssistant, entity_id: str) -> Any:
    """Return what an entity shows, as the command tells it."""
    found = hass.states.get(entity_id).state
    if found in ("unknown", "unavailable"):
        return None
    number = found.lstrip("-").replace(".", "", 1).isdigit()
    return json.loads(found) if number else {"on": True, "off": False}.get(found, found)


@pytest.mark.smoke
async def test_what_is_told(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    simulator: Simulator,
) -> None:
    """An account with everything, and with nothing of it beside."""
    serve(simulator, {**BODY, **spend(2382, percent=47.64)})
    first = await add_entry(hass, simulator, thresholds=[90, 50])
    second = await add_entry(hass, simulator, "eve", title="Eve")
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), first.entry_id)

    account, other = await ask(hass, hass_ws_client, hass_admin_user)

    windows = account.pop("windows")
    assert account == {
        "entry_id": first.entry_id,
        "device_id": device.id,
        "title": "Claude Pulse",
        "plan": "Max 20x",
        "trouble": None,
        "last_success": NOW,
        "thresholds": [50, 90],
        "spend": {
            "enabled": True,
            "spent": {"amount": 23.82, "currency": "EUR", "decimals": 2},
            "limit": {"amount": 50.0, "currency": "EUR", "decimals": 2},
            "percent": 47.6,
        },
        "balance": None,
    }
    forecasts = [window.pop("forecast") for window in windows]
    keys = ("window", "kind", "name", "entity_id", "length", "percent", "resets_at")
    assert [tuple(window[key] for key in keys) for window in windows] == [
        (key, kind, name, f"sensor.claude_pulse_{key}_usage", length, percent, reset)
        for key, kind, name, length, percent, reset in (
            ("session", "session", None, 18000, 31, SESSION_RESET),
            ("weekly", "weekly_all", None, 604800, 77, WEEK_RESET),
            ("monthly_all", "monthly_all", None, None, 3, "2026-05-30T00:00:00+00:00"),
            ("weekly_opus", "weekly_scoped", "Opus", 604800, 12, WEEK_RESET),
        )
    ]
    assert all(window.keys() == set(keys) for window in windows)
    assert [forecast is None for forecast in forecasts] == [False, False, True, False]
    assert (other["entry_id"], other["title"]) == (second.entry_id, "Eve")
    assert (other["windows"], other["spend"], other["balance"]) == ([], None, None)
    assert other["thresholds"] == [75, 90]


async def test_numbers_are_those_of_the_entities(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """At any time, as long as there are any, also of entities that are disabled."""
    serve(simulator, {**BODY, **spend(2382, percent=47.64)})
    simulator.world.accounts["ada"].seats[-1].prepaid_cents = 1234
    entry = await add_entry(hass, simulator)
    seen = set()
    for step in range(8):
        (before,) = await ask(hass, hass_ws_client, hass_admin_user)
        if step == 0:
            await enable_all(hass, entry)
        (account,) = await ask(hass, hass_ws_client, hass_admin_user)
        assert account["windows"] == before["windows"]
        for window in account["windows"]:
            start = f"sensor.claude_pulse_{window['window']}_"
            shown = {
                key: state(hass, start + key)
                for key in (
                    "usage",
                    "resets_at",
                    "pace",
                    "projected_usage",
                    "runs_out_at",
                )
            }
            forecast = window["forecast"] or {}
            assert shown == {
                "usage": window["percent"],
                "resets_at": window["resets_at"],
                "pace": forecast.get("pace"),
                "projected_usage": forecast.get("projected"),
                "runs_out_at": forecast.get("runs_out_at"),
            }
            if forecast:
                beside = hass.states.get(f"{start}projected_usage").attributes
                for key in ("low", "high", "basis", "weeks"):
                    assert forecast[key] == beside[key]
                assert (
                    forecast["expected"]
                    == hass.states.get(f"{start}pace").attributes["expected"]
                )
            if window["window"] == "weekly" and forecast:
                lasts = "binary_sensor.claude_pulse_weekly_lasts"
                assert forecast["lasts"] == state(hass, lasts)
                confidence = hass.states.get(lasts).attributes["confidence"]
                assert forecast["confidence"] == confidence
            seen.add((window["window"], window["percent"] is None))
        assert account["balance"] == {"amount": 12.34, "currency": "EUR", "decimals": 2}
        assert state(hass, "sensor.claude_pulse_prepaid_balance") == 12.34
        money = account["spend"]
        start = "sensor.claude_pulse_extra_usage"
        assert state(hass, start) == money["percent"]
        assert state(hass, f"{start}_spent") == money["spent"]["amount"]
        assert state(hass, f"{start}_limit") == money["limit"]["amount"]
        await pass_time(hass, freezer, 1800)
    # The session is over by now, whatever is still served.
    assert {("session", False), ("session", True), ("weekly", False)} <= seen


async def test_unlimited_spending_has_no_share(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    simulator: Simulator,
) -> None:
    """An unlimited limit is none."""
    serve(simulator, {**BODY, **spend(2382, None, percent=47.64)})
    await add_entry(hass, simulator)
    (account,) = await ask(hass, hass_ws_client, hass_admin_user)
    assert (account["spend"]["limit"], account["spend"]["percent"]) == (None, None)


async def test_over_window_has_no_number(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """It is there, and says nothing until the next one begins."""
    serve(simulator, BODY)
    await add_entry(hass, simulator)
    await pass_time(hass, freezer, timedelta(hours=2, minutes=40).total_seconds())
    (account,) = await ask(hass, hass_ws_client, hass_admin_user)
    session = account["windows"][0]
    assert (session["window"], session["entity_id"]) == (
        "session",
        "sensor.claude_pulse_session_usage",
    )
    assert {session[key] for key in ("percent", "resets_at", "forecast")} == {None}
    assert account["windows"][1]["percent"] == 77
    assert account["trouble"] is None


async def test_failed_poll_leaves_no_old_number(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Values that are kept are told, those that nobody sees any more are not."""
    serve(simulator, {**BODY, **spend(2382)})
    await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    await pass_time(hass, freezer)
    (account,) = await ask(hass, hass_ws_client, hass_admin_user)
    assert (account["trouble"], account["last_success"]) == ("blocked", NOW)
    assert account["windows"][0]["percent"] == 31

    await pass_time(hass, freezer, 1000)
    await pass_time(hass, freezer, 60)
    assert hass.states.get("sensor.claude_pulse_session_usage").state == "unavailable"
    (account,) = await ask(hass, hass_ws_client, hass_admin_user)
    assert (account["trouble"], account["last_success"]) == ("blocked", NOW)
    assert (account["spend"], account["plan"]) == (None, None)
    assert [window["window"] for window in account["windows"]] == [
        "session",
        "weekly",
        "monthly_all",
        "weekly_opus",
    ]
    for window in account["windows"]:
        assert {window[key] for key in ("percent", "resets_at", "forecast")} == {None}


async def test_entries_that_are_not_loaded(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """Each says why, and those that are disabled say nothing."""
    simulator.set_fault("challenge", "ben")
    waiting = await add_entry(hass, simulator, "ben", title="Ben")
    assert waiting.state is ConfigEntryState.SETUP_RETRY
    dead = await add_entry(hass, simulator, "ada", title="Ada")
    simulator.world.accounts["ada"].log_out()
    await pass_time(hass, freezer)
    await hass.config_entries.async_reload(dead.entry_id)
    await settle(hass)
    assert dead.state is ConfigEntryState.SETUP_ERROR
    unloaded = await add_entry(hass, simulator, "cora", title="Cora")
    await hass.config_entries.async_unload(unloaded.entry_id)
    disabled = await add_entry(hass, simulator, "eve", title="Eve")
    await hass.config_entries.async_set_disabled_by(
        disabled.entry_id, ConfigEntryDisabler.USER
    )
    await settle(hass)

    accounts = await ask(hass, hass_ws_client, hass_admin_user)

    assert [(account["title"], account["trouble"]) for account in accounts] == [
        ("Ben", "blocked"),
        ("Ada", "invalid_auth"),
        ("Cora", "unavailable"),
    ]
    for account in accounts:
        assert account["windows"] == []
        empty = ("balance", "last_success", "plan", "spend")
        assert {account[key] for key in empty} == {None}
    assert accounts[0]["device_id"] is None
    assert accounts[1]["device_id"] is not None


async def test_stuck_while_unloading(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody polls any more is not told as if it were true now."""
    entry = await add_entry(hass, simulator)
    with monkeypatch.context() as patch:
        stuck = AsyncMock(return_value=False)
        patch.setattr(hass.config_entries, "async_unload_platforms", stuck)
        assert not await hass.config_entries.async_unload(entry.entry_id)
    (account,) = await ask(hass, hass_ws_client, hass_admin_user)
    assert (account["trouble"], account["windows"]) == ("unavailable", [])
    # Which newer versions call an error.
    caplog.clear()


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("readable", "windows", "money"),
    [
        (["sensor.claude_pulse_weekly_usage"], {"Claude Pulse": ["weekly"]}, False),
        (
            [
                "sensor.claude_pulse_session_usage",
                "sensor.claude_pulse_extra_usage_spent",
                "sensor.claude_pulse_plan",
            ],
            {"Claude Pulse": ["session"]},
            True,
        ),
        (["sensor.claude_pulse_connection", "sensor.claude_pulse_plan"], {}, False),
        (["sensor.eve_connection"], {"Eve": []}, False),
        (["sensor.ben_connection"], {"Ben": []}, False),
        (["light.kitchen"], {}, False),
    ],
)
async def test_only_what_somebody_may_see(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
    simulator: Simulator,
    readable: list[str],
    windows: dict[str, list[str]],
    money: bool,
) -> None:
    """A window is one's usage sensor; of an account without any the connection counts."""
    serve(simulator, {**BODY, **spend(2382)})
    await add_entry(hass, simulator)
    await add_entry(hass, simulator, "eve", title="Eve")
    simulator.set_fault("challenge", "ben")
    await add_entry(hass, simulator, "ben", title="Ben")
    accounts = await ask(hass, hass_ws_client, hass_read_only_user)
    assert [account["title"] for account in accounts] == ["Claude Pulse", "Eve", "Ben"]
    assert accounts == await ask(hass, hass_ws_client, hass_admin_user)

    allowed = dict.fromkeys(readable, True)
    hass_read_only_user.mock_policy({"entities": {"entity_ids": allowed}})
    accounts = await ask(hass, hass_ws_client, hass_read_only_user)

    assert windows == {
        account["title"]: [window["window"] for window in account["windows"]]
        for account in accounts
    }
    for account in accounts:
        assert (account["spend"] is not None) == money
        assert (account["plan"] is not None) == money


WINDOW = "sensor.claude_pulse_session_usage"
SPENT = "sensor.claude_pulse_extra_usage_spent"
LIMIT = "sensor.claude_pulse_extra_usage_limit"
SHARE = "sensor.claude_pulse_extra_usage"
BALANCE = "sensor.claude_pulse_prepaid_balance"
AMOUNTS = {SPENT: 23.82, LIMIT: 50.0, SHARE: 47.6, BALANCE: 12.34}


def amounts(account: dict[str, Any]) -> dict[str, float]:
    """Return the numbers about money that a user receives, by sensor."""
    spent = account["spend"] or {}
    found = {
        SPENT: (spent.get("spent") or {}).get("amount"),
        LIMIT: (spent.get("limit") or {}).get("amount"),
        SHARE: spent.get("percent"),
        BALANCE: (account["balance"] or {}).get("amount"),
    }
    return {key: amount for key, amount in found.items() if amount is not None}


@pytest.mark.parametrize(
    "readable",
    [[], [SPENT], [LIMIT], [SHARE], [BALANCE], [SPENT, LIMIT], [SHARE, BALANCE]],
)
@pytest.mark.parametrize("enabled", [False, True])
async def test_amount_goes_with_its_own_sensor(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_user: MockUser,
    simulator: Simulator,
    readable: list[str],
    enabled: bool,
) -> None:
    """An amount is not sent to users who may not read its sensor, enabled or not."""
    serve(simulator, {**BODY, **spend(2382, percent=47.64)})
    simulator.world.accounts["ada"].seats[-1].prepaid_cents = 1234
    entry = await add_entry(hass, simulator)
    if enabled:
        await enable_all(hass, entry)
    allowed = dict.fromkeys([WINDOW, *readable], True)
    hass_read_only_user.mock_policy({"entities": {"entity_ids": allowed}})

    (account,) = await ask(hass, hass_ws_client, hass_read_only_user)

    assert amounts(account) == {key: AMOUNTS[key] for key in readable}
    others = {str(amount) for key, amount in AMOUNTS.items() if key not in readable}
    said = json.dumps([account["spend"], account["balance"]])
    assert not any(amount in said for amount in others)
    # Whether it goes on would tell that the limit is reached.
    known = account["spend"] or {"enabled": None}
    assert known["enabled"] is (True if {SPENT, LIMIT} <= set(readable) else None)


async def test_amount_whose_sensor_is_renamed_or_gone(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
    simulator: Simulator,
) -> None:
    """Only the sensor that is there counts, whatever it is called."""
    serve(simulator, {**BODY, **spend(2382, percent=47.64)})
    simulator.world.accounts["ada"].seats[-1].prepaid_cents = 1234
    await add_entry(hass, simulator)
    registry = er.async_get(hass)
    registry.async_update_entity(SPENT, new_entity_id="sensor.my_money")
    registry.async_remove(LIMIT)
    registry.async_remove(BALANCE)
    allowed = dict.fromkeys([WINDOW, SPENT, LIMIT, BALANCE], True)
    hass_read_only_user.mock_policy({"entities": {"entity_ids": allowed}})
    (account,) = await ask(hass, hass_ws_client, hass_read_only_user)
    assert (account["spend"], account["balance"]) == (None, None)

    allowed["sensor.my_money"] = True
    hass_read_only_user.mock_policy({"entities": {"entity_ids": allowed}})
    for user in (hass_read_only_user, hass_admin_user):
        (account,) = await ask(hass, hass_ws_client, user)
        share = {SHARE: 47.6} if user is hass_admin_user else {}
        assert amounts(account) == {SPENT: 23.82, **share}


async def test_window_whose_sensor_is_gone(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    simulator: Simulator,
) -> None:
    """Whatever it is called, a sensor is found; without one there is no window."""
    serve(simulator, BODY)
    await add_entry(hass, simulator)
    registry = er.async_get(hass)
    registry.async_update_entity(
        "sensor.claude_pulse_weekly_usage", new_entity_id="sensor.my_week"
    )
    registry.async_remove("sensor.claude_pulse_weekly_opus_usage")
    await settle(hass)
    (account,) = await ask(hass, hass_ws_client, hass_admin_user)
    assert [window["entity_id"] for window in account["windows"]] == [
        "sensor.claude_pulse_session_usage",
        "sensor.my_week",
        "sensor.claude_pulse_monthly_all_usage",
    ]


async def test_no_secret_is_told(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
) -> None:
    """No key, address or UUID of claude.ai, loaded or not."""
    for name in ("ada", "ben", "cora", "eve"):
        await add_entry(hass, simulator, name, title=name)
    said = json.dumps(await ask(hass, hass_ws_client, hass_admin_user))
    for account in simulator.world.accounts.values():
        account.log_out()
    await pass_time(hass, freezer)
    said += "\n" + json.dumps(await ask(hass, hass_ws_client, hass_admin_user))
    assert said.count('"title"') == 8
    assert told(said, secrets(simulator)) == []


async def test_without_entries(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, hass_admin_user: MockUser
) -> None:
    """Nobody is told of nothing."""
    assert await async_setup_component(hass, DOMAIN, {})
    assert await ask(hass, hass_ws_client, hass_admin_user) == []
