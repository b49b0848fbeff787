"""Sends messages to phones with the Home Assistant app, or shows them in Home Assistant.

The fields are those of the companion app's documentation. Each platform ignores the fields
of the other one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
import json
import logging
import re
import sys
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceNotFound
from homeassistant.helpers import device_registry as dr
from homeassistant.util import slugify

from ..const import DOMAIN
from .compose import Message

_LOGGER = logging.getLogger(__name__)

_MOBILE_APP = "mobile_app"
_NOTIFY = "notify"

# Android remembers the sound by channel.
_CHANNEL, _SILENT_CHANNEL = "Claude", "Claude (silent)"

# Seconds. The integration mobile_app itself gives up after ten.
_TIMEOUT = 30

# The start of a template.
_TEMPLATE = re.compile(r"\{[{%#]")

_DATA = f"{DOMAIN}_phones"


class _SameNameError(Exception):
    """Several devices have the same notify action."""


_REASONS: Mapping[type[Exception], str] = {
    ServiceNotFound: (
        "it has no notify action. Open the Home Assistant app on it, or remove it from "
        "the automation"
    ),
    _SameNameError: (
        "another device has the same name. Rename one of them in the Home Assistant app"
    ),
    TimeoutError: f"there was no answer for {_TIMEOUT} seconds",
}


async def async_send(
    hass: HomeAssistant,
    message: Message,
    phones: Collection[str],
    context: Context | None = None,
) -> None:
    """Send a message to phones, which are device IDs.

    It becomes a notification in Home Assistant if there are no phones, or if Home Assistant
    fails to send to one or more of them, unless it is a live update. Home Assistant only logs
    what goes wrong after it has accepted the message.
    """
    content = {
        "title": message.title,
        "message": message.message,
        "data": _data(message),
    }
    is_sent = bool(phones) and await _async_notify_all(hass, phones, content, context)
    if not is_sent and message.live_update is None:
        persistent_notification.async_create(
            hass, message.message, message.title, message.tag
        )


async def async_clear(
    hass: HomeAssistant, tag: str, phones: Iterable[str], context: Context | None = None
) -> None:
    """Remove a message from phones and from Home Assistant."""
    # Dismissed first: while a phone is slow, a new message with this tag can arrive.
    persistent_notification.async_dismiss(hass, tag)
    content = {"message": "clear_notification", "data": {"tag": tag}}
    await _async_notify_all(hass, phones, content, context)


def _data(message: Message) -> dict[str, Any]:
    """Return the fields of the companion app."""
    data: dict[str, Any] = {
        "tag": message.tag,
        "group": "claude_pulse",
        # For an iPhone, and for Android.
        "url": message.url,
        "clickAction": message.url,
        "channel": _CHANNEL,
        # Otherwise, Android delivers it only when the phone is used again.
        "priority": "high",
    }
    if not message.has_sound:
        data |= {
            "alert_once": True,
            "channel": _SILENT_CHANNEL,
            "importance": "low",
            "priority": "normal",
            "push": {"interruption-level": "passive", "sound": "none"},
        }
    if message.live_update:
        percent, ends_at = message.live_update
        data |= {
            "live_update": True,
            "critical_text": f"{percent:.0f}%",
            "progress": round(percent),
            "progress_max": 100,
        }
        if ends_at:
            data |= {"chronometer": True, "when": int(ends_at.timestamp())}
    return data


async def _async_notify_all(
    hass: HomeAssistant,
    phones: Iterable[str],
    content: Mapping[str, Any],
    context: Context | None,
) -> bool:
    """Send to phones at the same time. Return whether Home Assistant accepted it for all."""
    calls = [
        _async_notify(hass, phone, content, context) for phone in dict.fromkeys(phones)
    ]
    return all(await asyncio.gather(*calls))


async def _async_notify(
    hass: HomeAssistant,
    phone: str,
    content: Mapping[str, Any],
    context: Context | None,
) -> bool:
    """Send to one phone. Return whether Home Assistant accepted the message.

    A phone gets its messages in order, also if it is slow.
    """
    locks: defaultdict[str, asyncio.Lock]
    locks = hass.data.setdefault(_DATA, defaultdict(asyncio.Lock))
    try:
        async with locks[phone], asyncio.timeout(_TIMEOUT):
            await hass.services.async_call(
                _NOTIFY,
                _notify_action(hass, phone),
                {
                    key: _as_template(value) if isinstance(value, str) else value
                    for key, value in content.items()
                },
                blocking=True,
                context=context,
            )
    except Exception as err:  # noqa: BLE001
        # Whatever the error is, the message must not be lost. Names of phones contain names of
        # people, so only some errors can be logged.
        reason = _REASONS.get(type(err)) or type(err).__name__
        _LOGGER.warning("A message may not have reached device %s: %s", phone, reason)
        return False
    return True


def _as_template(text: str) -> str:
    """Return a text so that Home Assistant before 2024.12 does not take it for a template."""
    module = sys.modules.get(f"homeassistant.components.{_NOTIFY}.legacy")
    if not hasattr(module, "check_templates_warn") or not _TEMPLATE.search(text):
        return text
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}"


def _notify_action(hass: HomeAssistant, phone: str) -> str:
    """Return the notify action of a phone. Raises ServiceNotFound or _SameNameError.

    It has the name of the device in the app, which stays if somebody renames the device in
    Home Assistant. Home Assistant would send to only one of several devices with the same
    name, so that case is an error.
    """
    registry = dr.async_get(hass)
    if (device := registry.async_get(phone)) is None:
        raise ServiceNotFound(_NOTIFY, _MOBILE_APP)
    actions = [
        _action_of(item.name)
        for entry in hass.config_entries.async_entries(_MOBILE_APP)
        if not entry.disabled_by
        for item in dr.async_entries_for_config_entry(registry, entry.entry_id)
    ]
    if actions.count(_action_of(device.name)) > 1:
        raise _SameNameError
    return _action_of(device.name)


def _action_of(name: str | None) -> str:
    """Return the notify action that Home Assistant creates for a device of this name."""
    return slugify(f"{_MOBILE_APP}_{name}")
