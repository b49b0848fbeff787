"""Actions.

| Action | Purpose |
| --- | --- |
| `compose_message` | returns the title, text, tag and address of the message for an event |
| `compose_summary` | returns the title and the message that sum up the day of an account |
| `get_limits` | returns the limits of an account, with their usage |
| `list_events` | returns the events of an account that are still true |
| `send_message` | sends a message to phones, or shows it in Home Assistant |
| `clear_message` | removes it again |
| `export_history` | returns the hourly usage, to administrators only |

If no account is chosen, an action uses the only one that is enabled. If there is none or more
than one, it raises ServiceValidationError. If the data name an `automation`, a notification
asks for its account instead (not for a disabled account), and `device_id` is None in the
response.
"""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .claude_ai.windows import WEEKLY
from .const import DOMAIN, UNEXPECTED_ERROR, USAGE_URL
from .events.bus import bus_data
from .forecast.export import async_export
from .formatting import iso_time
from .language.clock import async_clock
from .language.texts import Texts, async_texts
from .messages.accounts import (
    account_name,
    ask,
    device_id_of,
    do_not_ask,
    find_entry,
    is_disabled,
)
from .messages.compose import PREFIX, LiveUpdate, Message, compose, with_account
from .messages.limits import first_of, limits_of
from .messages.phones import async_clear, async_send
from .messages.summary import SUMMARY, Today, summarize
from .runtime import Runtime, runtime_of

SERVICE_CLEAR_MESSAGE = "clear_message"
SERVICE_COMPOSE_MESSAGE = "compose_message"
SERVICE_COMPOSE_SUMMARY = "compose_summary"
SERVICE_EXPORT_HISTORY = "export_history"
SERVICE_GET_LIMITS = "get_limits"
SERVICE_LIST_EVENTS = "list_events"
SERVICE_SEND_MESSAGE = "send_message"


def _time(value: Any) -> datetime:
    """Validate a time, and return it in UTC. Raises vol.Invalid."""
    try:
        return dt_util.as_utc(cv.datetime(value))
    except OverflowError as err:
        raise vol.Invalid("The time is out of range") from err


def _finite(value: float) -> float:
    """Validate that a number is finite. Raises vol.Invalid."""
    if not isfinite(value):
        raise vol.Invalid("The number is not finite")
    return value


_PHONES = {vol.Optional("phones", default=[]): vol.All(cv.ensure_list, [cv.string])}
_CLEAR_SCHEMA = vol.Schema({vol.Required("tag"): cv.string, **_PHONES})
_COMPOSE_SCHEMA = vol.Schema({vol.Required("event"): dict})
_ACCOUNT = {
    vol.Optional("device_id", default=""): cv.string,
    vol.Optional("automation"): cv.entity_id,
}
_ACCOUNT_SCHEMA = vol.Schema(_ACCOUNT)
_LIST_SCHEMA = vol.Schema({**_ACCOUNT, vol.Required("since"): _time})
_SEND_SCHEMA = vol.Schema(
    {
        vol.Required("title"): cv.string,
        vol.Required("message"): cv.string,
        vol.Required("tag"): cv.string,
        vol.Optional("url", default=USAGE_URL): cv.string,
        vol.Optional("sound", default=True): cv.boolean,
        vol.Optional("live_update"): vol.Any(
            None,
            {
                vol.Required("percent"): vol.All(
                    vol.Coerce(float), _finite, vol.Clamp(min=0, max=100)
                ),
                vol.Optional("ends_at"): vol.Any(None, _time),
            },
        ),
        **_PHONES,
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""

    async def compose_message(call: ServiceCall) -> ServiceResponse:
        """Return the title and the message for an event."""
        return _parts(await _async_compose(hass, call.data["event"]))

    async def compose_summary(call: ServiceCall) -> ServiceResponse:
        """Return the title and the message that sum up the day of an account."""
        if (entry := await _async_entry(hass, call)) is None:
            return {"device_id": None}
        device_id = device_id_of(hass, entry)
        message = await _async_summarize(hass, runtime_of(hass, entry), device_id)
        return {"device_id": device_id, **_parts(message)}

    async def get_limits(call: ServiceCall) -> ServiceResponse:
        """Return the limits of an account, and the one that is shown first."""
        if entry := await _async_entry(hass, call):
            _check_readable(runtime_of(hass, entry), call)
        limits = limits_of(runtime_of(hass, entry)) if entry else []
        first = first_of(limits)
        return {
            "device_id": device_id_of(hass, entry) if entry else None,
            "limits": [limit.as_dict() for limit in limits],
            "first": first.as_dict() if first else None,
        }

    async def list_events(call: ServiceCall) -> ServiceResponse:
        """Return the events of an account that are still true."""
        if (entry := await _async_entry(hass, call)) is None:
            return {"device_id": None, "events": []}
        return _events(hass, entry, call.data["since"])

    async def send_message(call: ServiceCall) -> None:
        """Send a message to phones, or show it in Home Assistant."""
        data = call.data
        live = data.get("live_update")
        message = Message(
            data["title"],
            data["message"],
            data["tag"],
            data["url"],
            data["sound"],
            LiveUpdate(live["percent"], live.get("ends_at")) if live else None,
        )
        await async_send(hass, message, data["phones"], call.context)

    async def clear_message(call: ServiceCall) -> None:
        """Remove a message."""
        await async_clear(hass, call.data["tag"], call.data["phones"], call.context)

    async def export_history(call: ServiceCall) -> ServiceResponse:
        """Return the hourly usage of all entries, to administrators only."""
        await _async_check_admin(hass, call)
        return {"traces": await _async_traces(hass)}

    hass.services.async_register(
        DOMAIN,
        SERVICE_EXPORT_HISTORY,
        export_history,
        vol.Schema({}),
        supports_response=SupportsResponse.ONLY,
    )
    for name, action, schema in (
        (SERVICE_COMPOSE_MESSAGE, compose_message, _COMPOSE_SCHEMA),
        (SERVICE_COMPOSE_SUMMARY, compose_summary, _ACCOUNT_SCHEMA),
        (SERVICE_GET_LIMITS, get_limits, _ACCOUNT_SCHEMA),
        (SERVICE_LIST_EVENTS, list_events, _LIST_SCHEMA),
    ):
        hass.services.async_register(
            DOMAIN, name, action, schema, supports_response=SupportsResponse.ONLY
        )
    hass.services.async_register(
        DOMAIN, SERVICE_SEND_MESSAGE, send_message, _SEND_SCHEMA
    )
    hass.services.async_register(
        DOMAIN, SERVICE_CLEAR_MESSAGE, clear_message, _CLEAR_SCHEMA
    )


def _check_readable(runtime: Runtime, call: ServiceCall) -> None:
    """Raise HomeAssistantError if claude.ai cannot be read.

    An automation from a blueprint continues, without limits.
    """
    if runtime.has_values or "automation" in call.data:
        return
    key = runtime.failure_key
    raise HomeAssistantError(
        f"claude.ai cannot be read ({key})",
        translation_domain=DOMAIN,
        translation_key="cannot_connect" if key == UNEXPECTED_ERROR else key,
    )


async def _async_compose(hass: HomeAssistant, event: dict[str, Any]) -> Message:
    """Return the message for an event. Raises ServiceValidationError."""
    texts = await _async_texts(hass)
    reason = await _async_reason(hass, event.get("reason"))
    account = account_name(hass, str(event.get("device_id")))
    message = compose(event, texts, reason, account)
    if message is None:
        raise ServiceValidationError(
            "The event has no type or limit that Claude Pulse knows. Use the data of a "
            "claude_pulse_event",
            translation_domain=DOMAIN,
            translation_key="unknown_event",
        )
    return message


async def _async_summarize(
    hass: HomeAssistant, runtime: Runtime, device_id: str
) -> Message:
    """Return the message that sums up the day."""
    week = runtime.reading(WEEKLY)
    failure = None if runtime.has_values else runtime.failure_key
    texts = await _async_texts(hass)
    title = texts.get(SUMMARY, "title") or ""
    return Message(
        title=with_account(title, account_name(hass, device_id), texts),
        message=summarize(
            limits_of(runtime),
            Today(week.used_today, week.budget_today, week.sessions_left)
            if week
            else Today(),
            failure and await _async_reason(hass, failure),
            texts,
        ),
        tag=f"{PREFIX}_{device_id}_{SUMMARY}",
        url=USAGE_URL,
    )


def _parts(message: Message) -> dict[str, JsonValueType]:
    """Return the parts of a message that an automation sends."""
    return {
        "title": message.title,
        "message": message.message,
        "tag": message.tag,
        "url": message.url,
    }


async def _async_texts(hass: HomeAssistant) -> Texts:
    """Return the texts in Home Assistant's language."""
    language = hass.config.language
    return await async_texts(hass, language, await async_clock(hass, None, language))


async def _async_reason(hass: HomeAssistant, key: object) -> str:
    """Return the text of a failure, or '' if it has none."""
    texts = await async_get_translations(
        hass, hass.config.language, "exceptions", [DOMAIN]
    )
    return texts.get(f"component.{DOMAIN}.exceptions.{key}.message", "")


async def _async_entry(hass: HomeAssistant, call: ServiceCall) -> ConfigEntry | None:
    """Return the entry of the account that an action is about.

    If it is unknown, this raises ServiceValidationError. If an `automation` is given, it
    instead shows a notification that asks for its account (not for a disabled account), and
    returns None.
    """
    device_id, automation = call.data["device_id"], call.data.get("automation")
    entry = find_entry(hass, device_id)
    if automation:
        if entry or is_disabled(hass, device_id):
            do_not_ask(hass, automation)
        else:
            ask(hass, automation, await _async_texts(hass))
    elif entry is None:
        raise ServiceValidationError(
            "The device is not an account of Claude Pulse. Choose the device of an enabled "
            "entry under Settings, Devices & services, Claude Pulse",
            translation_domain=DOMAIN,
            translation_key="unknown_account",
        )
    return entry


def _events(
    hass: HomeAssistant, entry: ConfigEntry, since: datetime
) -> ServiceResponse:
    """Return the device of an account, and its events since a time that are still true."""
    device_id = device_id_of(hass, entry)
    events: list[JsonValueType] = [
        {"device_id": device_id, "sent_at": iso_time(at), **data}
        for at, event in runtime_of(hass, entry).dispatcher.sent_since(since)
        if (data := bus_data(event))
    ]
    return {"device_id": device_id, "events": events}


async def _async_check_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Check that the user is an administrator, or that an automation calls.

    `async_register_admin_service` supports no response in Home Assistant 2024.1.
    """
    if not (user_id := call.context.user_id):
        return
    if (user := await hass.auth.async_get_user(user_id)) is None:
        raise UnknownUser(context=call.context)
    if not user.is_admin:
        raise Unauthorized(context=call.context)


async def _async_traces(hass: HomeAssistant) -> list[JsonValueType]:
    """Return the hourly usage of all entries, without names and IDs.

    Raises HomeAssistantError if there is none.
    """
    traces: list[JsonValueType] = []
    for entry in hass.config_entries.async_entries(DOMAIN):
        reading = runtime_of(hass, entry).reading(WEEKLY)
        resets_at = reading.window.resets_at if reading else None
        trace = await async_export(hass, entry, resets_at)
        if trace is not None:
            traces.append(trace)
    if not traces:
        raise HomeAssistantError(
            "There are no hourly statistics of the weekly usage yet. The recorder creates "
            "them within an hour, unless the sensor is excluded from it",
            translation_domain=DOMAIN,
            translation_key="no_statistics",
        )
    return traces
