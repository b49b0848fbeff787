"""Events of limits, saved resets and the account, and the progress of limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from ..claude_ai.saved_resets import Grant
from ..claude_ai.windows import (
    ACCOUNT,
    KIND_WEEKLY_SCOPED,
    SAVED_RESETS,
    SESSION,
    SPEND,
    WEEKLY,
    Identity,
    UsageWindow,
)
from ..formatting import iso_time

AVAILABLE_AGAIN = "available_again"
CANNOT_BE_READ = "cannot_be_read"
KEY_EXPIRED = "key_expired"
KEY_EXPIRES_SOON = "key_expires_soon"
LEFT_OVER = "left_over"
LIMIT_REACHED = "limit_reached"
READABLE_AGAIN = "readable_again"
REFILLED = "refilled"
RESET = "reset"
ROSE = "rose"
SAVED_RESET_EXPIRES = "saved_reset_expires"
SAVED_RESET_GRANTED = "saved_reset_granted"
SERVICE_INCIDENT = "service_incident"
SERVICE_RECOVERED = "service_recovered"
THRESHOLD_REACHED = "threshold_reached"
WILL_RUN_OUT = "will_run_out"

# Whether usage beyond the plan continues. It is spent if its limit is reached.
EXTRA_OFF, EXTRA_ON, EXTRA_SPENT = "off", "on", "spent"
EXTRAS = (EXTRA_OFF, EXTRA_ON, EXTRA_SPENT)

# While one of these limits is reached, Claude cannot be used at all.
BLOCKING = (SESSION, WEEKLY, SPEND)

# The events of windows. Those of one answer are sent in this order.
TYPES = (
    RESET,
    REFILLED,
    AVAILABLE_AGAIN,
    ROSE,
    THRESHOLD_REACHED,
    LIMIT_REACHED,
    WILL_RUN_OUT,
    LEFT_OVER,
)
# Those with which the percentage falls. The percentages before them decide whether the limit
# was the binding one (`UsageEvent.binding`).
FREEING_TYPES = (RESET, REFILLED, AVAILABLE_AGAIN)
SAVED_RESET_TYPES = (SAVED_RESET_GRANTED, SAVED_RESET_EXPIRES)
ACCOUNT_TYPES = (
    KEY_EXPIRES_SOON,
    KEY_EXPIRED,
    CANNOT_BE_READ,
    READABLE_AGAIN,
    SERVICE_INCIDENT,
    SERVICE_RECOVERED,
)

_COMMON = (RESET, REFILLED, AVAILABLE_AGAIN, THRESHOLD_REACHED, LIMIT_REACHED)
_OF_A_WEEK = (*_COMMON, WILL_RUN_OUT, LEFT_OVER)
_TYPES_OF: Mapping[Identity, tuple[str, ...]] = {
    SESSION: (*_COMMON, WILL_RUN_OUT),
    WEEKLY: _OF_A_WEEK,
    # claude.ai does not send the reset time of the spend limit, so a new month is a refill.
    SPEND: tuple(item for item in _COMMON if item != RESET),
    SAVED_RESETS: SAVED_RESET_TYPES,
    ACCOUNT: ACCOUNT_TYPES,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's options for events.

    `thresholds` and `left_over` are percentages. A left-over event is sent at
    most `left_over_before` before the weekly reset.
    """

    thresholds: frozenset[float]
    left_over: float
    left_over_before: timedelta


class Refill(NamedTuple):
    """The percentages before and after a refill."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class WindowProgress:
    """The progress of a window, with which each of its events is detected once.

    `percent` is the highest percentage since the window started or was refilled, at most 100.
    The thresholds up to it have been reached. `at_risk` is None while it is not known.
    `left_over` is True after a `LEFT_OVER` event, and in a window that was first seen near its
    reset. `moved` is True if the reset time was changed within the window, which makes its
    start unknown. `refill` is the last refill.

    `unconfirmed_since` is the time of the first unconfirmed answer. `unconfirmed_percent` and
    `unconfirmed_reset` are the percentage and the reset time of the last one.
    """

    percent: float
    resets_at: datetime | None
    unconfirmed_since: datetime | None = None
    unconfirmed_percent: float | None = None
    unconfirmed_reset: datetime | None = None
    at_risk: bool | None = None
    left_over: bool = False
    moved: bool = False
    refill: Refill | None = None


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """An event of a window.

    `before` is the percentage before the event. A `ROSE` event means that the window reached
    each percentage above `before` up to its own. `certain` is True if the forecast is certain
    that the limit runs out. `saved_resets` is the number of saved resets that can reset the
    limit. `lifted` is True if the limit no longer exists. `late` is True if the event may have
    happened while Home Assistant was not running.

    `binding` is False if a model's percentage is not above that of the week. Then the week
    stops the person first. For an event in `FREEING_TYPES`, the percentages before it count.
    `available_at` is when all reached limits that block this one have been reset, or None if
    that is unknown. `extra_usage` is one of the `EXTRA_` constants: whether paid usage
    continues.
    """

    window: UsageWindow
    type: str
    before: float
    threshold: float | None = None
    runs_out_at: datetime | None = None
    certain: bool = False
    saved_resets: int = 0
    lifted: bool = False
    late: bool = False
    binding: bool = True
    available_at: datetime | None = None
    extra_usage: str = EXTRA_OFF

    @property
    def identity(self) -> Identity:
        """Return the identity of the window."""
        return self.window.identity

    @property
    def name(self) -> str | None:
        """Return the name of the window."""
        return self.window.name

    @property
    def valid_until(self) -> datetime | None:
        """Return the time after which the event is no longer true, or None."""
        if self.type == WILL_RUN_OUT and self.runs_out_at is not None:
            return self.runs_out_at
        return self.window.resets_at

    def as_dict(self) -> dict[str, Any]:
        """Return the data of the event, for its entity and for automations."""
        data = {
            "percent": None if self.lifted else self.window.percent,
            "before": self.before,
            "resets_at": iso_time(self.window.resets_at),
            "runs_out_at": iso_time(self.runs_out_at),
            "late": self.late,
        }
        if self.type == THRESHOLD_REACHED:
            data["threshold"] = self.threshold
        if self.type == WILL_RUN_OUT:
            data["certain"] = self.certain
        if self.type == LIMIT_REACHED:
            data["available_at"] = iso_time(self.available_at)
            data["extra_usage"] = self.extra_usage
            data["saved_resets"] = self.saved_resets
        if is_model(self.identity):
            data["binding"] = self.binding
        return data


@dataclass(frozen=True, slots=True)
class SavedResetEvent:
    """An event of a grant of saved resets."""

    identity: ClassVar[Identity] = SAVED_RESETS
    name: ClassVar[str | None] = None

    grant: Grant
    type: str
    late: bool = False

    @property
    def valid_until(self) -> datetime | None:
        """Return the time after which the event is no longer true, or None."""
        return self.grant.ends_at

    def as_dict(self) -> dict[str, Any]:
        """Return the data of the event, for its entity and for automations."""
        return {
            "label": self.grant.label,
            "left": self.grant.left,
            "clears": list(self.grant.clears),
            "expires_at": iso_time(self.grant.ends_at),
            "late": self.late,
        }


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """An event of the account itself: its session key, its answers, or the service.

    `since` is the time since when the key is expired, nothing can be read, or there is an
    incident. `expires_at` is when the key is expected to expire. `reason` is the
    translation key of the failure, or the status of the service.
    """

    identity: ClassVar[Identity] = ACCOUNT
    name: ClassVar[str | None] = None
    valid_until: ClassVar[datetime | None] = None

    type: str
    since: datetime | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    late: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the data of the event, for its entity and for automations."""
        return {
            "since": iso_time(self.since),
            "expires_at": iso_time(self.expires_at),
            "reason": self.reason,
            "late": self.late,
        }


Event = UsageEvent | SavedResetEvent | AccountEvent


@dataclass(frozen=True, slots=True)
class WindowsResult:
    """The progress and the events of the windows after an answer.

    `needs_confirmation` is True if a second answer should be requested soon.
    """

    progress: Mapping[Identity, WindowProgress]
    events: list[UsageEvent]
    needs_confirmation: bool


def is_model(identity: Identity) -> bool:
    """Return whether a window is the weekly limit of a model."""
    return identity.kind == KIND_WEEKLY_SCOPED and bool(identity.name)


def types_of(identity: Identity) -> tuple[str, ...]:
    """Return the types of events that a window, the saved resets or the account can have."""
    if is_model(identity):
        return _OF_A_WEEK
    return _TYPES_OF.get(identity, _COMMON)
