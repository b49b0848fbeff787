"""What the card shows beside the states: one command, which only reads, for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..claude_ai.usage import Money, Spend, UsageWindow
from ..const import DOMAIN
from ..forecast.projection import Forecast, length_of
from ..forecast.readings import Reading, text_of, whole
from ..naming import subject_of
from ..polling.back_off import back_off_of
from ..polling.coordinator import ClaudePulseCoordinator
from ..stored import options_of, slug_of, title_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

# Why there is nothing to show where no failure is known.
_UNAVAILABLE = "unavailable"


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Answer the card."""
    websocket_api.async_register_command(hass, _usage)


@websocket_api.websocket_command({vol.Required("type"): f"{DOMAIN}/usage"})
@callback
def _usage(
    hass: HomeAssistant,
    connection: websocket_api.ActiveConnection,
    msg: dict[str, Any],
) -> None:
    """Tell what the user may see of all accounts."""
    permissions = connection.user.permissions
    found = (
        _account(hass, entry, lambda item: permissions.check_entity(item, POLICY_READ))
        for entry in hass.config_entries.async_entries(DOMAIN)
        if not entry.disabled_by
    )
    accounts = [account for account in found if account is not None]
    connection.send_result(msg["id"], {"accounts": accounts})


def _account(
    hass: HomeAssistant, entry: ConfigEntry, may_read: Callable[[str], bool]
) -> dict[str, Any] | None:
    """Return what somebody may see of an entry, None where that is nothing."""
    registry = er.async_get(hass)

    def sensor(key: str) -> str | None:
        """Return the id of a sensor of the entry."""
        unique_id = f"{entry.entry_id}_{key}"
        return registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)

    def may_see(key: str) -> bool:
        """Tell whether a sensor may be seen, also before it is there for the first time."""
        return may_read(sensor(key) or f"sensor.{slug_of(entry)}_{key}")

    def may_see_amount(key: str) -> bool:
        """Return whether the user may read an amount, which has to have a sensor."""
        entity_id = sensor(key)
        return entity_id is not None and may_read(entity_id)

    poller: ClaudePulseCoordinator | None
    if (poller := hass.data[DOMAIN].get(entry.entry_id)) and poller.stopped:
        poller = None
    shown = poller if poller and poller.last_update_success else None
    ids = {
        window: entity_id
        for window in (poller.data.usage.all_windows if poller else ())
        if (entity_id := sensor(f"{subject_of(window).key}_usage"))
    }
    windows = [
        _window(window, entity_id, shown.readings[window.identity] if shown else None)
        for window, entity_id in ids.items()
        if may_read(entity_id)
    ]
    visible = bool(windows) if ids else may_see("connection")
    if not visible:
        return None
    failure = back_off_of(hass, entry).failure
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    data = shown.data if shown else None
    return {
        "entry_id": entry.entry_id,
        "device_id": devices[0].id if devices else None,
        "title": title_of(entry),
        "plan": data.plan if data and may_see("plan") else None,
        "trouble": failure.key if failure else None if shown else _UNAVAILABLE,
        "last_success": text_of(poller.last_success) if poller else None,
        "thresholds": options_of(entry).thresholds,
        "windows": windows,
        "spend": _spend(data.usage.spend, may_see_amount) if data else None,
        "balance": _money(data.balance)
        if data and may_see_amount("prepaid_balance")
        else None,
    }


def _window(
    window: UsageWindow, entity_id: str, reading: Reading | None
) -> dict[str, Any]:
    """Return what the entities of a window show, nothing where they are not readable."""
    length = length_of(window)
    return {
        "window": subject_of(window).key,
        "kind": window.kind,
        "name": window.name,
        "entity_id": entity_id,
        "length": int(length.total_seconds()) if length else None,
        "percent": reading.window.percent if reading else None,
        "resets_at": text_of(reading.window.resets_at) if reading else None,
        "forecast": _forecast(reading.forecast) if reading else None,
    }


def _forecast(forecast: Forecast | None) -> dict[str, Any] | None:
    """Return a forecast, rounded as its sensors show it."""
    if forecast is None:
        return None
    return {
        "pace": whole(forecast.pace),
        "projected": whole(forecast.projected),
        "low": whole(forecast.low),
        "high": whole(forecast.high),
        "runs_out_at": text_of(forecast.runs_out_at),
        "lasts": forecast.lasts,
        "confidence": whole(forecast.confidence),
        "expected": whole(forecast.expected),
        "basis": forecast.basis,
        "weeks": forecast.weeks,
    }


def _spend(
    spend: Spend | None, may_see_amount: Callable[[str], bool]
) -> dict[str, Any] | None:
    """Return the parts of paid usage whose sensors the user may read.

    Whether it goes on follows from what is spent and from the limit, so that is for
    those who may read both. Without a limit there is no percentage of it.
    """
    if spend is None:
        return None
    spent, limit, percent = map(
        may_see_amount, ("extra_usage_spent", "extra_usage_limit", "extra_usage")
    )
    if not (spent or limit or percent):
        return None
    return {
        "enabled": spend.enabled if spent and limit else None,
        "spent": _money(spend.spent) if spent else None,
        "limit": _money(spend.limit) if limit else None,
        "percent": spend.percent if percent and spend.limit else None,
    }


def _money(money: Money | None) -> dict[str, Any] | None:
    """Return an amount in whole units of its currency."""
    if money is None:
        return None
    return {
        "amount": money.amount,
        "currency": money.currency,
        "decimals": money.decimals,
    }
