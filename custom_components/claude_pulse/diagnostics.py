"""What can be attached to a report: only what is on a list, so nothing personal."""

from __future__ import annotations

from datetime import datetime
import re
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from .claude_ai.shape import name_of, shape_of, word_of
from .claude_ai.usage import UsageWindow
from .const import CONF_UPDATE_INTERVAL, DOMAIN
from .polling.back_off import Failure, back_off_of
from .seat import account_known
from .stored import data_of, options_of

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

    from .polling.coordinator import ClaudePulseCoordinator, Snapshot

_PLAN = re.compile(r"Free|Pro|Max( \d{1,3}x)?|Team|Enterprise")


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ConfigEntry
) -> dict[str, Any]:
    """Return what is known of an entry, without anything of the person."""
    integration = await async_get_integration(hass, DOMAIN)
    coordinator = hass.data.get(DOMAIN, {}).get(entry.entry_id)
    back_off = back_off_of(hass, entry)
    await back_off.async_load()
    return {
        "version": str(integration.version),
        "back_off": back_off.failure and _failure(back_off.failure),
        "entry": {
            "account_known": account_known(entry),
            "options": {CONF_UPDATE_INTERVAL: options_of(entry).update_interval},
            "session_key_age": _age(data_of(entry).session_key_since),
            "state": entry.state.value,
            "version": entry.version,
        },
        "polls": _polls(coordinator) if coordinator else None,
        "snapshot": _snapshot(coordinator.data) if coordinator else None,
        "usage_body": shape_of(coordinator.client.usage_body) if coordinator else None,
    }


def _polls(coordinator: ClaudePulseCoordinator) -> dict[str, Any]:
    """Tell how the polls since the last set-up went."""
    interval = coordinator.update_interval
    return {
        "count": coordinator.polls,
        "failures": dict(coordinator.failures),
        "interval": interval and interval.total_seconds(),
        "last_success_age": _age(coordinator.last_success),
        "last_update_success": coordinator.last_update_success,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    """Tell what failed last, and how long claude.ai is left alone."""
    blocked_for = failure.blocked_for
    return {
        "blocked_for": None if blocked_for is None else blocked_for.total_seconds(),
        "error": failure.key,
        "in_a_row": failure.in_a_row,
        "message": failure.message,
        "until": failure.until,
        "wait": failure.wait.total_seconds(),
    }


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Tell what was read out of the last good answer."""
    usage, plan = snapshot.usage, snapshot.plan
    return {
        "balance": snapshot.balance is not None,
        "plan": plan and (plan if _PLAN.fullmatch(plan) else "<text>"),
        "pools": [
            name_of(pool.label, number) for number, pool in enumerate(usage.pools)
        ],
        "spend": usage.spend is not None,
        "session": usage.session and _window(usage.session),
        "weekly": usage.weekly and _window(usage.weekly),
        "windows": [_window(window) for window in usage.windows],
    }


def _window(window: UsageWindow) -> dict[str, Any]:
    """Tell what was read of a window."""
    return {
        "kind": word_of(window.kind),
        "name": window.name and word_of(window.name),
        "percent": window.percent,
        "resets_at": window.resets_at,
    }


def _age(moment: datetime | None) -> int | None:
    """Return the seconds since a moment."""
    return round((dt_util.utcnow() - moment).total_seconds()) if moment else None
