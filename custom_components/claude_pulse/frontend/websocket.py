"""Websocket command with the data that the card cannot read from enabled entities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..claude_ai.money import Money, Spend
from ..claude_ai.windows import WEEKLY, UsageWindow
from ..const import DOMAIN
from ..forecast.profile import length_of
from ..forecast.projection import Forecast
from ..forecast.readings import Reading
from ..formatting import iso_time, whole
from ..naming import subject_of
from ..runtime import Runtime, runtime_of
from ..stored import options_of, slug_of, title_of

# The trouble of an account without a known failure.
_UNAVAILABLE = "unavailable"


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Register the command."""
    websocket_api.async_register_command(hass, _usage)


@websocket_api.websocket_command({vol.Required("type"): f"{DOMAIN}/usage"})
@callback
def _usage(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Send what the user may read of all accounts."""
    permissions = connection.user.permissions
    accounts = (
        _account(hass, entry, lambda item: permissions.check_entity(item, POLICY_READ))
        for entry in hass.config_entries.async_entries(DOMAIN)
        if not entry.disabled_by
    )
    connection.send_result(msg["id"], {"accounts": [*filter(None, accounts)]})


def _account(
    hass: HomeAssistant, entry: ConfigEntry, may_read: Callable[[str], bool]
) -> dict[str, Any] | None:
    """Return the data of an entry that the user may read, or None."""
    registry = er.async_get(hass)
    runtime = runtime_of(hass, entry)

    def sensor(key: str) -> str | None:
        """Return the entity ID of a sensor."""
        unique_id = f"{entry.entry_id}_{key}"
        return registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)

    def may_read_sensor(key: str) -> bool:
        """Return whether the user may read a sensor, even if it does not exist yet."""
        return may_read(sensor(key) or f"sensor.{slug_of(entry)}_{key}")

    def may_read_amount(key: str) -> bool:
        """Return whether the user may read an amount, which must have a sensor."""
        entity_id = sensor(key)
        return entity_id is not None and may_read(entity_id)

    usage = runtime.coordinator.data if runtime.is_running else None
    entity_ids = {
        window: entity_id
        for window in (usage.all_windows if usage else ())
        if (entity_id := sensor(subject_of(window).unique_key("usage")))
    }
    windows = [
        _window(window, entity_id, runtime)
        for window, entity_id in entity_ids.items()
        if may_read(entity_id)
    ]
    visible = bool(windows) if entity_ids else may_read_sensor("connection")
    if not visible:
        return None
    failure, last_success = runtime.back_off.failure, runtime.back_off.last_success
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    shown = usage if runtime.has_values else None
    trouble = None if shown else _UNAVAILABLE
    return {
        "entry_id": entry.entry_id,
        "device_id": devices[0].id if devices else None,
        "title": title_of(entry),
        "plan": runtime.account.plan if shown and may_read_sensor("plan") else None,
        "trouble": failure.error_key if failure else trouble,
        "last_success": iso_time(last_success),
        "thresholds": options_of(entry).thresholds,
        "windows": windows,
        "spend": _spend(shown.spend, may_read_amount) if shown else None,
        "balance": _money(runtime.account.balance)
        if shown and may_read_amount("prepaid_balance")
        else None,
    }


def _window(window: UsageWindow, entity_id: str, runtime: Runtime) -> dict[str, Any]:
    """Return the values of a window. They are None without a reading."""
    length, reading = length_of(window), runtime.reading(window.identity)
    return {
        "window": subject_of(window).key,
        "kind": window.kind,
        "name": window.name,
        "entity_id": entity_id,
        "length": int(length.total_seconds()) if length else None,
        "percent": reading.window.percent if reading else None,
        "resets_at": iso_time(reading.window.resets_at) if reading else None,
        "forecast": _forecast(reading.forecast) if reading else None,
        "usual_hours": _usual_hours(runtime.readings.usual_shares(window))
        if reading
        else None,
        "today": _today(reading) if reading and window.identity == WEEKLY else None,
    }


def _usual_hours(shares: list[float] | None) -> list[int] | None:
    """Return the share of each hour in the usual use of a window, in ten-thousandths.

    The first hour is from the start of the window to the next full hour in UTC.
    """
    if shares is None:
        return None
    return [round(10_000 * share) for share in shares]


def _today(reading: Reading) -> dict[str, Any]:
    """Return the points of the week that are used today, their budget, and the sessions."""
    return {
        "used": whole(reading.used_today),
        "budget": whole(reading.budget_today),
        "sessions_left": reading.sessions_left,
    }


def _forecast(forecast: Forecast | None) -> dict[str, Any] | None:
    """Return a forecast with the rounding of its sensors."""
    if forecast is None:
        return None
    return {
        "pace": whole(forecast.pace),
        "projected": whole(forecast.projected),
        "low": whole(forecast.low),
        "high": whole(forecast.high),
        "runs_out_at": iso_time(forecast.runs_out_at),
        "lasts": forecast.lasts,
        "certain": forecast.is_certain,
        "confidence": whole(forecast.confidence),
        "expected": whole(forecast.expected),
        "basis": forecast.basis,
        "weeks": forecast.weeks,
    }


def _spend(
    spend: Spend | None, may_read_amount: Callable[[str], bool]
) -> dict[str, Any] | None:
    """Return the parts of the spending whose sensors the user may read.

    `enabled` and the reason are sent only to users who may read the amount spent and the
    limit.
    """
    if spend is None:
        return None
    spent, limit, percent = map(
        may_read_amount, ("extra_usage_spent", "extra_usage_limit", "extra_usage")
    )
    if not (spent or limit or percent):
        return None
    both = spent and limit
    return {
        "enabled": spend.enabled if both else None,
        "disabled_reason": spend.disabled_reason if both else None,
        "used_up": spend.is_used_up if both or percent else None,
        "spent": _money(spend.spent) if spent else None,
        "limit": _money(spend.limit) if limit else None,
        "percent": spend.percent if percent and spend.limit else None,
    }


def _money(money: Money | None) -> dict[str, Any] | None:
    """Return an amount in units of its currency."""
    if money is None:
        return None
    return {
        "amount": money.amount,
        "currency": money.currency,
        "decimals": money.decimals,
    }
