"""Finds the account that an automation means, and asks for it if that is unknown."""

from __future__ import annotations

from datetime import date

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..device import async_create_device
from ..language.texts import Texts
from .compose import PREFIX

# The day on which an automation asked last. It does not ask each time it runs.
_DATA = f"{DOMAIN}_asked"


def find_entry(hass: HomeAssistant, device_id: str) -> ConfigEntry | None:
    """Return the enabled entry of an account's device, or None.

    If no device is given, return the only enabled entry.
    """
    entries = _entries(hass)
    if not device_id and len(entries) == 1:
        (device_id,) = entries
    return entries.get(device_id)


def device_id_of(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return the ID of an account's device, and create the device if needed."""
    return async_create_device(hass, entry).id


def account_name(hass: HomeAssistant, device_id: str) -> str | None:
    """Return the name of an account, if there are several."""
    if len(_entries(hass)) < 2:
        return None
    device = dr.async_get(hass).async_get(device_id)
    return (device.name_by_user or device.name) if device else None


def ask(hass: HomeAssistant, automation: str, texts: Texts) -> None:
    """Ask with a notification which account an automation means, at most once a day."""
    asked: dict[str, date] = hass.data.setdefault(_DATA, {})
    if asked.get(automation) == (today := dt_util.now().date()):
        return
    asked[automation] = today
    state = hass.states.get(automation)
    name = state.name if state else automation
    persistent_notification.async_create(
        hass,
        texts.get("event", "choose_account", "message", automation=name) or "",
        texts.get("event", "choose_account", "title"),
        _tag(automation),
    )


def do_not_ask(hass: HomeAssistant, automation: str) -> None:
    """Remove the notification, because the account is known or disabled."""
    asked: dict[str, date] = hass.data.get(_DATA, {})
    asked.pop(automation, None)
    persistent_notification.async_dismiss(hass, _tag(automation))


def is_disabled(hass: HomeAssistant, device_id: str) -> bool:
    """Return whether a device is that of an account whose entry is disabled."""
    registry = dr.async_get(hass)
    return any(
        device.id == device_id
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.disabled_by
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    )


def _entries(hass: HomeAssistant) -> dict[str, ConfigEntry]:
    """Return the enabled entries by the device ID of their account."""
    return {
        device_id_of(hass, entry): entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if not entry.disabled_by
    }


def _tag(automation: str) -> str:
    """Return the tag of the notification."""
    return f"{PREFIX}_{automation}"
