"""Diagnostics of an entry. They contain only values that are known to be harmless."""

from __future__ import annotations

from datetime import datetime
import re
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from homeassistant.util import dt as dt_util

from .claude_ai.money import Spend
from .claude_ai.saved_resets import SavedResets
from .claude_ai.shape import name_of, shape_of, word_of
from .claude_ai.windows import UsageWindow
from .const import CONF_UPDATE_INTERVAL, DOMAIN
from .naming import WEEKLY_WINDOW
from .polling.back_off import BackOff, Failure
from .runtime import Runtime, runtime_of
from .seat import account_id_of
from .stored import data_of, options_of

_PLAN = re.compile(r"Free|Pro|Max( \d{1,3}x)?|Ultra|Team|Enterprise")


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: ConfigEntry
) -> dict[str, Any]:
    """Return the diagnostics of an entry."""
    integration = await async_get_integration(hass, DOMAIN)
    runtime = runtime_of(hass, entry)
    failure = runtime.back_off.failure
    return {
        "version": str(integration.version),
        "back_off": failure and _failure(failure),
        "entry": {
            "account_known": bool(account_id_of(entry)),
            "options": {CONF_UPDATE_INTERVAL: options_of(entry).update_interval},
            "session_key_age": _age(data_of(entry).session_key_since),
            "state": entry.state.value,
            "version": entry.version,
        },
        "polls": _polls(runtime.back_off),
        **(_last_answer(runtime) if runtime.is_running else {}),
    }


def _polls(back_off: BackOff) -> dict[str, Any]:
    """Return the number of polls since Home Assistant started."""
    return {
        "count": back_off.polls,
        "failures": dict(back_off.failures),
        "last_success_age": _age(back_off.last_success),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    """Return the last failure."""
    blocked_for = failure.blocked_for
    return {
        "blocked_for": None if blocked_for is None else blocked_for.total_seconds(),
        "error": failure.error_key,
        "in_a_row": failure.in_a_row,
        "message": failure.message,
        "until": failure.until,
        "wait": failure.wait.total_seconds(),
    }


def _last_answer(runtime: Runtime) -> dict[str, Any]:
    """Return the last answer and what was parsed."""
    coordinator, account = runtime.coordinator, runtime.account
    interval, usage, plan = coordinator.update_interval, coordinator.data, account.plan
    return {
        "coordinator": {
            "interval": interval and interval.total_seconds(),
            "last_update_success": coordinator.last_update_success,
        },
        "history": _history(runtime),
        "usage": {
            "balance": account.balance is not None,
            "plan": plan and (plan if _PLAN.fullmatch(plan) else "<text>"),
            "pools": [
                {"name": name_of(pool.label, number), "expires_at": pool.expires_at}
                for number, pool in enumerate(usage.pools)
            ],
            "saved_resets": usage.saved_resets and _saved_resets(usage.saved_resets),
            "spend": usage.spend and _spend(usage.spend),
            "session": usage.session and _window(usage.session),
            "weekly": usage.weekly and _window(usage.weekly),
            "windows": [_window(window) for window in usage.windows],
        },
        "usage_body": shape_of(coordinator.client.usage_body),
    }


def _history(runtime: Runtime) -> dict[str, Any]:
    """Return numbers from the recorded history."""
    habits = runtime.history.habits
    record, weekly = habits.record, habits[WEEKLY_WINDOW.key]
    points = record and record.points_per_session
    return {
        "points_per_session": points and round(points, 1),
        "session_limits_reached": record and len(record.reached),
        "weeks": weekly and round(weekly.weeks, 1),
    }


def _saved_resets(saved_resets: SavedResets) -> dict[str, Any]:
    """Return the saved resets without their labels."""
    return {
        "is_eligible": saved_resets.is_eligible,
        "grants": [
            {
                "clears": [word_of(name) for name in grant.clears],
                "ends_at": grant.ends_at,
                "is_usable": grant.is_usable,
                "left": grant.left,
                "starts_at": grant.starts_at,
            }
            for grant in saved_resets.grants
        ],
    }


def _spend(spend: Spend) -> dict[str, Any]:
    """Return the state of the paid usage without amounts."""
    return {
        "disabled_reason": spend.disabled_reason and word_of(spend.disabled_reason),
        "enabled": spend.enabled,
        "is_used_up": spend.is_used_up,
        "limited": spend.limit is not None,
        "percent": spend.percent,
    }


def _window(window: UsageWindow) -> dict[str, Any]:
    """Return the values of a window."""
    return {
        "kind": word_of(window.kind),
        "name": window.name and word_of(window.name),
        "percent": window.percent,
        "resets_at": window.resets_at,
    }


def _age(time: datetime | None) -> int | None:
    """Return the seconds since a time."""
    return round((dt_util.utcnow() - time).total_seconds()) if time else None
