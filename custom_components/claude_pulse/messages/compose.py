"""Turns an event into a title and a message. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..claude_ai.values import number_of, text_of, time_of
from ..const import USAGE_URL
from ..events.bus import PROGRESS
from ..events.model import (
    ACCOUNT_TYPES,
    AVAILABLE_AGAIN,
    CANNOT_BE_READ,
    KEY_EXPIRES_SOON,
    LIMIT_REACHED,
    READABLE_AGAIN,
    SERVICE_INCIDENT,
    SERVICE_RECOVERED,
    WILL_RUN_OUT,
)
from ..naming import SPEND_WINDOW
from .texts import Texts

# What a tap on a message opens.
_STATUS_PAGE = "https://status.claude.com"
_INTEGRATION = "/config/integrations/integration/claude_pulse"
_REPAIRS = "/config/repairs"
_URLS = {
    **dict.fromkeys(ACCOUNT_TYPES, _INTEGRATION),
    KEY_EXPIRES_SOON: _REPAIRS,
    CANNOT_BE_READ: _STATUS_PAGE,
    READABLE_AGAIN: USAGE_URL,
    SERVICE_INCIDENT: _STATUS_PAGE,
    SERVICE_RECOVERED: _STATUS_PAGE,
}

# The first part of the tag of a message.
PREFIX = "claude_pulse"


class LiveUpdate(NamedTuple):
    """The progress that a live update shows, and the time to which it counts down."""

    percent: float
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """A message. A new one with the same `tag` replaces it. A tap opens `url`."""

    title: str
    message: str
    tag: str
    url: str
    has_sound: bool = True
    live_update: LiveUpdate | None = None


def compose(
    data: Mapping[str, Any], texts: Texts, reason: str = "", account: str | None = None
) -> Message | None:
    """Return the message for the data of a `claude_pulse_event`.

    It is None if the type or the limit is unknown. `reason` says why claude.ai cannot be
    read. `account` is the name of the account if there are several.
    """
    event_type, kind = str(data.get("type")), str(data.get("kind"))
    percent = number_of(data.get("percent"))
    left = None if percent is None else max(100 - percent, 0)
    values = {
        "limit": texts.get("limit", kind, name=text_of(data.get("name"))),
        "percent": texts.percent(percent),
        "left": texts.percent(left),
        "before": texts.percent(number_of(data.get("before"))),
        "runs_out_at": texts.at(time_of(data.get("runs_out_at")), "expected"),
        "resets_at": texts.at(time_of(data.get("resets_at"))),
        "available_at": texts.at(time_of(data.get("available_at"))),
        "expires_at": texts.at(time_of(data.get("expires_at"))),
        "since": texts.at(time_of(data.get("since")), "since"),
        # Its name can be a number.
        "automation": text_of(str(data.get("automation", ""))),
    }
    is_uncertain = event_type == WILL_RUN_OUT and data.get("certain") is False
    title_key = "title_uncertain" if is_uncertain else "title"
    title = texts.get("event", event_type, title_key, **values)
    if title is None:
        return None
    is_lifted = event_type == AVAILABLE_AGAIN and percent is None
    key = "message_lifted" if is_lifted else "message"
    sentences = (
        texts.get("event", event_type, key, **values),
        *_additions(event_type, data, texts),
        reason if event_type == CANNOT_BE_READ else None,
    )
    return Message(
        title=with_account(title, account, texts),
        message=" ".join(filter(None, sentences)),
        tag=_tag(event_type, data),
        url=_URLS.get(event_type, USAGE_URL),
    )


def with_account(title: str, account: str | None, texts: Texts) -> str:
    """Return a title with the name of the account, if there are several."""
    if account is None:
        return title
    return texts.get("account", account=account, title=title) or title


def _additions(
    event_type: str, data: Mapping[str, Any], texts: Texts
) -> Iterator[str | None]:
    """Yield sentences that are only true of some events."""
    if event_type == LIMIT_REACHED:
        if data.get("kind") != SPEND_WINDOW.translation_prefix:
            yield texts.get("addition", f"extra_usage_{data.get('extra_usage')}")
        if number := number_of(data.get("saved_resets"), 1):
            yield texts.get("addition", "saved_resets", number=f"{number:.0f}")
    if data.get("late") is True:
        yield texts.get("addition", "late")


def _tag(event_type: str, data: Mapping[str, Any]) -> str:
    """Return the tag of a message: one for each limit, and for each subject of the account."""
    subject = str(data.get("limit"))
    if event_type in (SERVICE_INCIDENT, SERVICE_RECOVERED):
        subject = "service"
    elif event_type == PROGRESS:
        subject = PROGRESS
    return f"{PREFIX}_{data.get('device_id')}_{subject}"
