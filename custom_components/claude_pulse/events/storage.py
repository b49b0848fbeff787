"""Conversion of progress and pending events to JSON and back. Pure.

Stored values can be edited by hand or come from another version. Invalid ones get a
default, and an item without an essential value is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..claude_ai.usage import Identity, UsageWindow
from ..claude_ai.values import items_of, members_of, number_of, time_of
from .model import THRESHOLD_REACHED, TYPES, UsageEvent, WindowProgress


@dataclass(slots=True)
class EventState:
    """The progress and the events of an entry.

    `answered_at` is the time of the last answer. `pending` are events that have not been
    sent.
    """

    org_id: str
    answered_at: datetime | None = None
    progress: Mapping[Identity, WindowProgress] = field(default_factory=dict)
    pending: list[UsageEvent] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON to store."""
        return {
            "org_id": self.org_id,
            "answered_at": self.answered_at and self.answered_at.isoformat(),
            "progress": [
                {"identity": list(identity), **_plain(asdict(item))}
                for identity, item in self.progress.items()
            ],
            "pending": [_plain(asdict(event)) for event in self.pending],
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
            pending=[*filter(None, map(_read_event, items_of(stored.get("pending"))))],
        )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with times as text."""
    return {
        key: _plain(value)
        if isinstance(value, Mapping)
        else value.isoformat()
        if isinstance(value, datetime)
        else value
        for key, value in values.items()
    }


def _read_identity(stored: object) -> Identity | None:
    """Return a stored identity, or None."""
    match stored:
        case [str(kind), str(name), int(number), *_]:
            return Identity(kind, name, number)
    return None


def _read_progress(item: object) -> tuple[Identity, WindowProgress] | None:
    """Return stored progress, or None without a window or percentage."""
    stored = members_of(item)
    identity = _read_identity(stored.get("identity"))
    percent = number_of(stored.get("percent"))
    if identity is None or percent is None:
        return None
    at_risk = stored.get("at_risk")
    return identity, WindowProgress(
        percent=percent,
        resets_at=time_of(stored.get("resets_at")),
        doubted_at=time_of(stored.get("doubted_at")),
        doubted_reset=time_of(stored.get("doubted_reset")),
        at_risk=at_risk if isinstance(at_risk, bool) else None,
        left_over=stored.get("left_over") is True,
    )


def _read_event(item: object) -> UsageEvent | None:
    """Return a stored event, or None without a window or type."""
    stored = members_of(item)
    window, event_type = members_of(stored.get("window")), stored.get("type")
    identity = _read_identity(window.get("identity"))
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
        late=True,
    )
