"""The card's websocket command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component

from .common import Claude, account_of, enable, row, spend
from .test_privacy import secrets

Ask = Callable[..., Awaitable[list[dict[str, Any]]]]

NOON = "2026-05-04T12:00:00+00:00"
SESSION_RESET = "2026-05-04T14:30:00+00:00"
WEEK_RESET = "2026-05-08T02:00:00+00:00"
MONTH_RESET = "2026-05-30T00:00:00+00:00"
LIMITS = {
    "limits": [
        row("monthly_all", 3, MONTH_RESET),
        row("weekly_scoped", 12, WEEK_RESET, "Opus"),
        row("weekly_all", 77, WEEK_RESET),
        row("session", 31, SESSION_RESET),
    ]
}
BODY = {**LIMITS, **spend(2382, percent=47.64)}

SESSION = "sensor.claude_pulse_session_usage"
WEEK = "sensor.claude_pulse_weekly_usage"
MONTH = "sensor.claude_pulse_monthly_all_usage"
OPUS = "sensor.claude_pulse_weekly_opus_usage"
PLAN = "sensor.claude_pulse_plan"
CONNECTION = "sensor.claude_pulse_connection"
SPENT = "sensor.claude_pulse_extra_usage_spent"
LIMIT = "sensor.claude_pulse_extra_usage_limit"
SHARE = "sensor.claude_pulse_extra_usage"
BALANCE = "sensor.claude_pulse_prepaid_balance"
AMOUNTS = {SPENT: 23.82, LIMIT: 50.0, SHARE: 47.6, BALANCE: 12.34}


@pytest.fixture
async def ask(
    claude: Claude, hass_ws_client: WebSocketGenerator, hass_admin_user: MockUser
) -> Ask:
    """Return a function that requests the accounts, by default as an administrator."""
    hass = claude.hass
    await hass.config.async_update(time_zone="UTC")
    claude.clock.move_to(NOON)
    assert await async_setup_component(hass, "websocket_api", {})

    async def ask(user: MockUser = hass_admin_user) -> list[dict[str, Any]]:
        """Request the accounts with a new access token, which is valid for 30 minutes."""
        refresh = await hass.auth.async_create_refresh_token(user, "https://localhost")
        token = hass.auth.async_create_access_token(refresh)
        client = await hass_ws_client(hass, token)
        await client.send_json({"id": 5, "type": "claude_pulse/usage"})
        answer = await client.receive_json()
        await client.close()
        assert answer["success"], answer
        assert answer["result"].keys() == {"accounts"}
        return answer["result"]["accounts"]

    return ask


async def set_up(claude: Claude, body: dict[str, Any] = BODY, **options: Any) -> Any:
    """Set up an entry with a usage body and a prepaid balance."""
    claude.serve(body)
    claude.server.world.accounts["ada"].seats[-1].prepaid_cents = 1234
    return await claude.entry(**options)


def allow(user: MockUser, *entity_ids: str) -> None:
    """Let a user read these entities only."""
    user.mock_policy({"entities": {"entity_ids": dict.fromkeys(entity_ids, True)}})


def value(claude: Claude, entity_id: str) -> Any:
    """Return the value of an entity as JSON has it."""
    state = claude.hass.states.get(entity_id).state
    if state.lstrip("-").replace(".", "", 1).isdigit():
        return json.loads(state)
    words = {"unknown": None, "unavailable": None, "on": True, "off": False}
    return words.get(state, state)


def without_values(account: dict[str, Any]) -> bool:
    """Return whether an account has windows, and none of them has a value."""
    keys = ("percent", "resets_at", "forecast")
    windows = account["windows"]
    return bool(windows) and not any(window[key] for window in windows for key in keys)


def amounts(account: dict[str, Any]) -> dict[str, float]:
    """Return the amounts of an account by sensor."""
    paid = account["spend"] or {}
    found = {
        SPENT: (paid.get("spent") or {}).get("amount"),
        LIMIT: (paid.get("limit") or {}).get("amount"),
        SHARE: paid.get("percent"),
        BALANCE: (account["balance"] or {}).get("amount"),
    }
    return {key: amount for key, amount in found.items() if amount is not None}


@pytest.mark.smoke
async def test_accounts(
    claude: Claude, ask: Ask, device_registry: dr.DeviceRegistry
) -> None:
    """An account has its values, and one without limits has empty members."""
    first = await set_up(claude, thresholds=[90, 50])
    second = await claude.entry("eve", title="Eve")
    (device,) = dr.async_entries_for_config_entry(device_registry, first.entry_id)

    account, other = await ask()

    windows = account.pop("windows")
    assert account == {
        "entry_id": first.entry_id,
        "device_id": device.id,
        "title": "Claude Pulse",
        "plan": "Max 20x",
        "trouble": None,
        "last_success": NOON,
        "thresholds": [50, 90],
        "spend": {
            "enabled": True,
            "disabled_reason": None,
            "used_up": False,
            "spent": {"amount": 23.82, "currency": "EUR", "decimals": 2},
            "limit": {"amount": 50.0, "currency": "EUR", "decimals": 2},
            "percent": 47.6,
        },
        "balance": {"amount": 12.34, "currency": "EUR", "decimals": 2},
    }
    forecasts = [window.pop("forecast") for window in windows]
    # Only the week has a budget of the day.
    todays = [window.pop("today") for window in windows]
    assert [today and today.keys() for today in todays] == [
        *(None, {"used", "budget", "sessions_left"}, None, None)
    ]
    assert [forecast is None for forecast in forecasts] == [False, False, True, False]
    assert [window.pop("usual_hours") for window in windows] == [None] * 4
    keys = ("window", "kind", "name", "entity_id", "length", "percent", "resets_at")
    assert windows == [
        dict(zip(keys, values, strict=True))
        for values in (
            ("session", "session", None, SESSION, 18000, 31, SESSION_RESET),
            ("weekly", "weekly_all", None, WEEK, 604800, 77, WEEK_RESET),
            ("monthly_all:", "monthly_all", None, MONTH, None, 3, MONTH_RESET),
            (
                "weekly_scoped:opus",
                "weekly_scoped",
                "Opus",
                OPUS,
                604800,
                12,
                WEEK_RESET,
            ),
        )
    ]
    assert (other["entry_id"], other["title"]) == (second.entry_id, "Eve")
    assert (other["windows"], other["spend"], other["balance"]) == ([], None, None)
    assert other["thresholds"] == [75, 90]


async def test_values_equal_states(
    claude: Claude, ask: Ask, entity_registry: er.EntityRegistry
) -> None:
    """At any time, all values equal the states, and disabling entities changes none."""
    await set_up(claude)
    await enable(claude)
    enabled = await ask()
    for entity_id in claude.hass.states.async_entity_ids():
        entity_registry.async_update_entity(
            entity_id, disabled_by=er.RegistryEntryDisabler.USER
        )
    await claude.settle()
    assert not claude.hass.states.async_entity_ids()
    assert await ask() == enabled
    await enable(claude)
    seen = set()
    for _ in range(8):
        (account,) = await ask()
        for window in account["windows"]:
            entity_id = window["entity_id"]
            start = entity_id.removesuffix("usage")
            forecast = window["forecast"] or {}
            assert value(claude, entity_id) == window["percent"]
            assert value(claude, f"{start}resets_at") == window["resets_at"]
            assert value(claude, f"{start}pace") == forecast.get("pace")
            projected = f"{start}projected_usage"
            assert value(claude, projected) == forecast.get("projected")
            assert value(claude, f"{start}runs_out_at") == forecast.get("runs_out_at")
            if forecast:
                attributes = claude.hass.states.get(projected).attributes
                for key in ("low", "high", "basis", "weeks"):
                    assert forecast[key] == attributes[key]
                pace = claude.hass.states.get(f"{start}pace")
                assert forecast["expected"] == pace.attributes["expected"]
            if forecast and entity_id == WEEK:
                lasts = "binary_sensor.claude_pulse_weekly_lasts"
                assert forecast["lasts"] == value(claude, lasts)
                confidence = claude.hass.states.get(lasts).attributes["confidence"]
                assert forecast["confidence"] == confidence
            seen.add((entity_id, window["percent"] is None))
        assert amounts(account) == {key: value(claude, key) for key in AMOUNTS}
        await claude.pass_time(1800)
    # The session has been reset, although its old values are still served.
    assert {(SESSION, False), (SESSION, True), (WEEK, False)} <= seen


async def test_unlimited_spending(claude: Claude, ask: Ask) -> None:
    """Unlimited spending has neither a limit nor a percentage."""
    await set_up(claude, {**LIMITS, **spend(2382, None, percent=47.64)})
    (account,) = await ask()
    assert (account["spend"]["limit"], account["spend"]["percent"]) == (None, None)


async def test_expired_window(claude: Claude, ask: Ask) -> None:
    """A window has no values between its reset and the next window."""
    await set_up(claude, LIMITS)
    await claude.pass_time(160 * 60)
    (account,) = await ask()
    session, week, *_ = account["windows"]
    assert session["entity_id"] == SESSION
    assert without_values({"windows": [session]})
    assert week["percent"] == 77
    assert account["trouble"] is None


async def test_failed_poll(claude: Claude, ask: Ask) -> None:
    """Kept values are sent; values that the sensors no longer show are not."""
    await set_up(claude)
    claude.server.set_fault("challenge")
    await claude.pass_time()
    (account,) = await ask()
    assert (account["trouble"], account["last_success"]) == ("blocked", NOON)
    assert account["windows"][0]["percent"] == 31

    await claude.pass_time(1000)
    await claude.pass_time(60)
    assert claude.state("session_usage") == "unavailable"
    (account,) = await ask()
    assert (account["trouble"], account["last_success"]) == ("blocked", NOON)
    assert (account["spend"], account["plan"]) == (None, None)
    ids = [window["entity_id"] for window in account["windows"]]
    assert ids == [SESSION, WEEK, MONTH, OPUS]
    assert without_values(account)


async def test_entries_that_are_not_loaded(claude: Claude, ask: Ask) -> None:
    """Each such account has a reason; disabled entries are not listed."""
    entries = claude.hass.config_entries
    claude.server.set_fault("challenge", "ben")
    waiting = await claude.entry("ben", title="Ben")
    assert waiting.state is ConfigEntryState.SETUP_RETRY
    expired = await claude.entry("ada", title="Ada")
    claude.server.world.accounts["ada"].log_out()
    await claude.pass_time()
    await entries.async_reload(expired.entry_id)
    assert expired.state is ConfigEntryState.SETUP_ERROR
    unloaded = await claude.entry("cora", title="Cora")
    await entries.async_unload(unloaded.entry_id)
    disabled = await claude.entry("eve", title="Eve")
    await entries.async_set_disabled_by(disabled.entry_id, ConfigEntryDisabler.USER)
    await claude.settle()

    accounts = await ask()

    assert [(account["title"], account["trouble"]) for account in accounts] == [
        ("Ben", "blocked"),
        ("Ada", "invalid_auth"),
        ("Cora", "unavailable"),
    ]
    for account in accounts:
        assert account["windows"] == []
        empty = ("balance", "plan", "spend")
        assert {account[key] for key in empty} == {None}
    assert accounts[0]["device_id"] is None
    assert accounts[1]["device_id"] is not None


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("readable", "windows", "money"),
    [
        ([WEEK], {"Claude Pulse": [WEEK]}, False),
        ([SESSION, SPENT, PLAN], {"Claude Pulse": [SESSION]}, True),
        ([CONNECTION, PLAN], {}, False),
        (["sensor.eve_connection"], {"Eve": []}, False),
        (["sensor.ben_connection"], {"Ben": []}, False),
        (["light.kitchen"], {}, False),
    ],
)
async def test_permissions(
    claude: Claude,
    ask: Ask,
    hass_read_only_user: MockUser,
    readable: list[str],
    windows: dict[str, list[str]],
    money: bool,
) -> None:
    """A window needs its usage sensor; an account without windows its connection sensor."""
    await set_up(claude, {**LIMITS, **spend(2382)})
    await claude.entry("eve", title="Eve")
    claude.server.set_fault("challenge", "ben")
    await claude.entry("ben", title="Ben")
    accounts = await ask(hass_read_only_user)
    assert [account["title"] for account in accounts] == ["Claude Pulse", "Eve", "Ben"]
    assert accounts == await ask()

    allow(hass_read_only_user, *readable)
    accounts = await ask(hass_read_only_user)

    assert windows == {
        account["title"]: [window["entity_id"] for window in account["windows"]]
        for account in accounts
    }
    for account in accounts:
        assert (account["spend"] is not None) == money
        assert (account["plan"] is not None) == money


@pytest.mark.parametrize(
    "readable",
    [[], [SPENT], [LIMIT], [SHARE], [BALANCE], [SPENT, LIMIT], [SHARE, BALANCE]],
)
@pytest.mark.parametrize("enabled", [False, True])
async def test_permission_for_an_amount(
    claude: Claude,
    ask: Ask,
    hass_read_only_user: MockUser,
    readable: list[str],
    enabled: bool,
) -> None:
    """An amount is not sent to users who may not read its sensor, enabled or not."""
    await set_up(claude)
    if enabled:
        await enable(claude)
    allow(hass_read_only_user, SESSION, *readable)

    (account,) = await ask(hass_read_only_user)

    assert amounts(account) == {key: AMOUNTS[key] for key in readable}
    sent = json.dumps([account["spend"], account["balance"]])
    for key in AMOUNTS.keys() - set(readable):
        assert str(AMOUNTS[key]) not in sent
    # Whether paid usage continues would show that its limit is reached.
    paid = account["spend"] or {"enabled": None}
    assert paid["enabled"] is (True if {SPENT, LIMIT} <= set(readable) else None)


async def test_renamed_and_removed_sensors(
    claude: Claude,
    ask: Ask,
    hass_read_only_user: MockUser,
    entity_registry: er.EntityRegistry,
) -> None:
    """Windows and amounts need their sensors, which can have any entity id."""
    await set_up(claude)
    entity_registry.async_update_entity(WEEK, new_entity_id="sensor.my_week")
    entity_registry.async_update_entity(SPENT, new_entity_id="sensor.my_money")
    for entity_id in (OPUS, LIMIT, BALANCE):
        entity_registry.async_remove(entity_id)
    await claude.settle()
    allow(hass_read_only_user, SESSION, SPENT, LIMIT, BALANCE)
    (account,) = await ask(hass_read_only_user)
    assert (account["spend"], account["balance"]) == (None, None)
    allow(hass_read_only_user, SESSION, "sensor.my_money")
    (account,) = await ask(hass_read_only_user)
    assert amounts(account) == {SPENT: 23.82}
    (account,) = await ask()
    assert amounts(account) == {SPENT: 23.82, SHARE: 47.6}
    ids = [window["entity_id"] for window in account["windows"]]
    assert ids == [SESSION, "sensor.my_week", MONTH]


async def test_no_secret_is_sent(claude: Claude, ask: Ask) -> None:
    """No session key, address or UUID of claude.ai is sent, loaded or not."""
    for name in ("ada", "ben", "cora", "eve"):
        await claude.entry(name, title=name)
    private = secrets(claude.server)
    sent = json.dumps(await ask())
    for account in claude.server.world.accounts.values():
        account.log_out()
    await claude.pass_time()
    sent += json.dumps(await ask())
    assert sent.count('"title"') == 8
    assert [secret for secret in private if secret.lower() in sent.lower()] == []


async def test_without_entries(claude: Claude, ask: Ask) -> None:
    """Without entries, no account is sent."""
    assert await async_setup_component(claude.hass, DOMAIN, {})
    assert await ask() == []


async def test_seat_that_pays_by_spend(claude: Claude, ask: Ask) -> None:
    """The spend limit is the only window of the seat, with what its amounts mean."""
    entry = await claude.entry("gus")
    await enable(claude)
    seat = account_of(claude, "gus").seats[-1]
    (account,) = await ask()
    (window,) = account["windows"]
    assert (window["window"], window["kind"]) == ("extra", "extra-usage")
    assert (window["percent"], window["resets_at"]) == (93.5, None)
    assert (window["length"], window["forecast"]) == (None, None)
    registry = er.async_get(claude.hass)
    registered = registry.async_get(window["entity_id"])
    assert registered.unique_id == f"{entry.entry_id}_extra_usage"
    dollars = {"currency": "USD", "decimals": 2}
    assert account["spend"] == {
        "enabled": True,
        "disabled_reason": None,
        "used_up": False,
        "spent": {"amount": 374.0, **dollars},
        "limit": {"amount": 400.0, **dollars},
        "percent": 93.5,
    }
    seat.disabled_reason = "out_of_credits"
    await claude.pass_time()
    (account,) = await ask()
    spend = account["spend"]
    assert spend["disabled_reason"] == "out_of_credits"
    assert (spend["enabled"], spend["used_up"]) == (False, True)


async def test_account_without_a_session_limit(claude: Claude, ask: Ask) -> None:
    """An account without a session limit has no such window, and no trouble."""
    await claude.entry("fay")
    (account,) = await ask()
    windows = [window["window"] for window in account["windows"]]
    assert windows == ["weekly", "weekly_scoped:fable"]
    assert account["trouble"] is None
