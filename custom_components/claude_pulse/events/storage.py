"""The state of an entry's events, and its JSON. Pure.

`dispatcher` stores the JSON.

Stored values can be edited by hand or come from another version. Invalid ones get a
default, and an item without an essential value is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ..claude_ai.saved_resets import Grant, GrantKey
from ..claude_ai.status import STATUSES
from ..claude_ai.values import items_of, members_of, number_of, text_of, time_of
from ..claude_ai.windows import Identity, UsageWindow, identity_of
from .account import AccountProgress
from .model import (
    ACCOUNT_TYPES,
    CANNOT_BE_READ,
    EXTRA_OFF,
    EXTRAS,
    KEY_EXPIRED,
    SAVED_RESET_TYPES,
    THRESHOLD_REACHED,
    TYPES,
    AccountEvent,
    Event,
    Refill,
    SavedResetEvent,
    UsageEvent,
    WindowProgress,
)
from .saved_resets import KnownGrants
from .sent import SentEvent

# Progress that is older than this at the first answer after a start is dropped. It can come
# from a backup.
MAX_AGE = timedelta(days=1)

# If the last answer is older than this when Home Assistant starts, the events of the first new
# answer are late, because they may have happened before the start.
_RESTART = timedelta(minutes=15)

# Longer than any failure can last.
_MAX_SECONDS = 10 * 365 * 86400


@dataclass(slots=True)
class EventState:
    """The progress and the events of an entry.

    `answered_at` is the time of the last answer. `grants` are the known grants of saved
    resets, or None before the first answer with some. `pending` are events that have not
    been sent, and `sent` those that were sent and are still true.
    """

    org_id: str
    answered_at: datetime | None = None
    progress: Mapping[Identity, WindowProgress] = field(default_factory=dict)
    grants: KnownGrants | None = None
    pending: list[Event] = field(default_factory=list)
    sent: list[SentEvent] = field(default_factory=list)
    account: AccountProgress = field(default_factory=AccountProgress)

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to store."""
        return self == EventState(self.org_id)

    def drop_old(self, now: datetime, started_at: datetime) -> bool:
        """Drop what is too old at the first answer. Return whether its events are late.

        This is not done when the state is loaded, because the first answer can come days
        later, if the session key has expired.
        """
        late = False
        if self.answered_at is None or now - self.answered_at > MAX_AGE:
            # Account and known grants stay, however old they are.
            self.answered_at, self.progress, self.pending, self.sent = None, {}, [], []
        else:
            late = started_at - self.answered_at > _RESTART
        self.pending = [
            replace(event, late=late)
            for event in self.pending
            if event.valid_until is None or event.valid_until > now
        ]
        return late

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON to store."""
        return {
            "org_id": self.org_id,
            "answered_at": self.answered_at and self.answered_at.isoformat(),
            "progress": [
                {"identity": list(identity), **_plain(asdict(item))}
                for identity, item in self.progress.items()
            ],
            "grants": None
            if self.grants is None
            else [
                {**_plain(key._asdict()), "warned": warned}
                for key, warned in self.grants.items()
            ],
            "pending": [_plain(asdict(event)) for event in self.pending],
            "sent": [
                {"at": at.isoformat(), "event": _plain(asdict(event))}
                for at, event in self.sent
            ],
            "account": _plain(asdict(self.account)),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> EventState:
        """Return the state from stored JSON."""
        return cls(
            org_id=str(stored.get("org_id")),
            answered_at=time_of(stored.get("answered_at")),
            progress=dict(
                filter(None, map(_read_progress, items_of(stored.get("progress"))))
            ),
            grants=_read_grants(stored.get("grants")),
            pending=[
                event
                for item in items_of(stored.get("pending"))
                if (event := _read_event(members_of(item)))
            ],
            sent=[
                SentEvent(at, event)
                for item in map(members_of, items_of(stored.get("sent")))
                if (at := time_of(item.get("at")))
                and (event := _read_event(members_of(item.get("event"))))
            ],
            account=_read_account(members_of(stored.get("account"))),
        )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with times as text."""
    return {
        key: _plain(value)
        if isinstance(value, Mapping)
        else value.isoformat()
        if isinstance(value, datetime)
        else value.total_seconds()
        if isinstance(value, timedelta)
        else value
        for key, value in values.items()
    }


def _read_progress(item: object) -> tuple[Identity, WindowProgress] | None:
    """Return stored progress, or None without a window or percentage."""
    stored = members_of(item)
    identity = identity_of(stored.get("identity"))
    percent = number_of(stored.get("percent"))
    if identity is None or percent is None:
        return None
    at_risk = stored.get("at_risk")
    return identity, WindowProgress(
        percent=percent,
        resets_at=time_of(stored.get("resets_at")),
        unconfirmed_since=time_of(stored.get("unconfirmed_since")),
        unconfirmed_percent=number_of(stored.get("unconfirmed_percent")),
        unconfirmed_reset=time_of(stored.get("unconfirmed_reset")),
        at_risk=at_risk if isinstance(at_risk, bool) else None,
        left_over=stored.get("left_over") is True,
        moved=stored.get("moved") is True,
        refill=_read_refill(stored.get("refill")),
    )


def _read_account(stored: Mapping[str, Any]) -> AccountProgress:
    """Return the stored progress of the account."""

    def duration(key: str) -> timedelta | None:
        """Return a duration, or None."""
        seconds = number_of(stored.get(key), 0, _MAX_SECONDS)
        return None if seconds is None else timedelta(seconds=seconds)

    def known(key: str, values: Collection[str | None]) -> str | None:
        """Return one of the values, or None."""
        return value if (value := text_of(stored.get(key))) in values else None

    return AccountProgress(
        checked_at=time_of(stored.get("checked_at")),
        warned_of=time_of(stored.get("warned_of")),
        failing_since=time_of(stored.get("failing_since")),
        failing_for=duration("failing_for") or timedelta(),
        failed=known("failed", (KEY_EXPIRED, CANNOT_BE_READ)),
        incident_since=time_of(stored.get("incident_since")),
        incident_for=duration("incident_for") or timedelta(),
        incident=known("incident", STATUSES),
        recovered_for=duration("recovered_for"),
    )


def _read_refill(stored: object) -> Refill | None:
    """Return a stored refill, or None."""
    before, after = [*map(number_of, items_of(stored)), None, None][:2]
    return None if before is None or after is None else Refill(before, after)


def _read_grants(items: object) -> KnownGrants | None:
    """Return the stored grants, or None if none are stored."""
    if not isinstance(items, list):
        return None
    return {
        GrantKey(
            label=text_of(item.get("label")),
            starts_at=time_of(item.get("starts_at")),
            ends_at=time_of(item.get("ends_at")),
        ): warned if isinstance(warned := item.get("warned"), bool) else None
        for item in map(members_of, items)
    }


def _read_event(stored: Mapping[str, Any]) -> Event | None:
    """Return a stored event, or None if an essential value is missing."""
    if stored.get("type") in ACCOUNT_TYPES:
        return AccountEvent(
            stored["type"],
            since=time_of(stored.get("since")),
            expires_at=time_of(stored.get("expires_at")),
            reason=text_of(stored.get("reason")),
            late=stored.get("late") is True,
        )
    if stored.get("type") in SAVED_RESET_TYPES:
        return _read_saved_reset_event(stored)
    return _read_usage_event(stored)


def _read_saved_reset_event(stored: Mapping[str, Any]) -> SavedResetEvent:
    """Return a stored event of a grant."""
    grant = members_of(stored.get("grant"))
    return SavedResetEvent(
        Grant(
            label=text_of(grant.get("label")),
            starts_at=time_of(grant.get("starts_at")),
            ends_at=time_of(grant.get("ends_at")),
            left=int(number_of(grant.get("left"), 0) or 0),
            clears=tuple(filter(None, map(text_of, items_of(grant.get("clears"))))),
            is_usable=grant.get("is_usable") is not False,
        ),
        type=stored["type"],
        late=stored.get("late") is True,
    )


def _read_usage_event(stored: Mapping[str, Any]) -> UsageEvent | None:
    """Return a stored event of a window, or None without a window or type."""
    window, event_type = members_of(stored.get("window")), stored.get("type")
    identity = identity_of(window.get("identity"))
    name = window.get("name")
    percent = number_of(window.get("percent"))
    before = number_of(stored.get("before"))
    threshold = number_of(stored.get("threshold"))
    if identity is None or percent is None or event_type not in TYPES:
        return None
    if event_type == THRESHOLD_REACHED and threshold is None:
        return None
    return UsageEvent(
        UsageWindow(
            identity=identity,
            name=name if isinstance(name, str) else None,
            percent=percent,
            resets_at=time_of(window.get("resets_at")),
        ),
        type=event_type,
        before=percent if before is None else before,
        threshold=threshold,
        runs_out_at=time_of(stored.get("runs_out_at")),
        certain=stored.get("certain") is True,
        saved_resets=int(number_of(stored.get("saved_resets"), 0) or 0),
        lifted=stored.get("lifted") is True,
        late=stored.get("late") is True,
        binding=stored.get("binding") is not False,
        available_at=time_of(stored.get("available_at")),
        extra_usage=extra
        if (extra := stored.get("extra_usage")) in EXTRAS
        else EXTRA_OFF,
    )
