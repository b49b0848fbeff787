"""Sends messages to phones with the Home Assistant app, or shows them in Home Assistant.

The fields are those of the companion app's documentation. Each platform ignores the fields
of the other one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
import logging
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import slugify

from .compose import Message

_LOGGER = logging.getLogger(__name__)

_MOBILE_APP = "mobile_app"
_NOTIFY = "notify"

# Android remembers the sound by channel.
_CHANNEL, _SILENT_CHANNEL = "Claude", "Claude (silent)"


async def async_send(
    hass: HomeAssistant,
    message: Message,
    phones: Collection[str],
    context: Context | None = None,
) -> None:
    """Send a message to phones, which are device IDs.

    It becomes a notification in Home Assistant if there are no phones, or if one of them
    cannot be reached.
    """
    data = _data(message)
    content = {"title": message.title, "message": message.message, "data": data}
    failed = [
        phone
        for phone in phones
        if not await _async_notify(hass, phone, content, context)
    ]
    if message.live_update is None and (failed or not phones):
        persistent_notification.async_create(
            hass, message.message, message.title, message.tag
        )


async def async_clear(
    hass: HomeAssistant, tag: str, phones: Iterable[str], context: Context | None = None
) -> None:
    """Remove a message from phones and from Home Assistant."""
    content = {"message": "clear_notification", "data": {"tag": tag}}
    for phone in phones:
        await _async_notify(hass, phone, content, context)
    persistent_notification.async_dismiss(hass, tag)


def _data(message: Message) -> dict[str, Any]:
    """Return the fields of the companion app."""
    data: dict[str, Any] = {
        "tag": message.tag,
        "group": "claude_pulse",
        # For an iPhone, and for Android.
        "url": message.url,
        "clickAction": message.url,
        "channel": _CHANNEL,
    }
    if not message.has_sound:
        data |= {
            "alert_once": True,
            "channel": _SILENT_CHANNEL,
            "importance": "low",
            "push": {"interruption-level": "passive", "sound": "none"},
        }
    if message.live_update:
        percent, ends_at = message.live_update
        data |= {
            "live_update": True,
            "critical_text": message.title,
            "progress": round(percent),
            "progress_max": 100,
        }
        if ends_at:
            data |= {"chronometer": True, "when": int(ends_at.timestamp())}
    return data


async def _async_notify(
    hass: HomeAssistant,
    phone: str,
    content: Mapping[str, Any],
    context: Context | None,
) -> bool:
    """Send to one phone. Return whether that worked."""
    action = _notify_action(hass, phone)
    if action is None:
        _LOGGER.warning(
            "A message cannot be sent to device %s: its notify action does not exist. Open "
            "the Home Assistant app on it once",
            phone,
        )
        return False
    try:
        await hass.services.async_call(
            _NOTIFY, action, dict(content), blocking=True, context=context
        )
    except Exception as err:  # noqa: BLE001
        # Whatever it is, the message must not be lost.
        _LOGGER.warning(
            "A message could not be sent with %s.%s (%s)",
            _NOTIFY,
            action,
            type(err).__name__,
        )
        return False
    return True


def _notify_action(hass: HomeAssistant, phone: str) -> str | None:
    """Return the notify action of a phone, or None if it has none.

    Home Assistant names it by the name in the app, which stays if the device is renamed.
    """
    device = dr.async_get(hass).async_get(phone)
    if device is None:
        return None
    names = [
        entry.data.get("device_name")
        for entry in hass.config_entries.async_entries(_MOBILE_APP)
        if (_MOBILE_APP, entry.data.get("device_id")) in device.identifiers
    ]
    for name in (*names, device.name):
        action = slugify(f"{_MOBILE_APP}_{name}")
        if name and hass.services.has_service(_NOTIFY, action):
            return action
    return None
