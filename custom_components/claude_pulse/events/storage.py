"""Conversion of progress and pending events to JSON and back. Pure.

Stored values can be edited by hand or come from another version. Invalid ones get a
default, and an item without an essential value is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..claude_ai.usage import Identity, UsageWindow
from ..stored import read_number, read_time
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
            answered_at=read_time(stored.get("answered_at")),
            progress=dict(
                filter(None, map(_read_progress, _items(stored.get("progress"))))
            ),
            pending=[*filter(None, map(_read_event, _items(stored.get("pending"))))],
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


def _items(stored: object) -> Iterable[dict[str, Any]]:
    """Return the objects in a stored list."""
    return (
        item
        for item in (stored if isinstance(stored, list) else ())
        if isinstance(item, dict)
    )


def _read_identity(stored: object) -> Identity | None:
    """Return a stored identity, or None."""
    match stored:
        case [str(kind), str(name), int(number), *_]:
            return Identity(kind, name, number)
    return None


def _read_progress(stored: dict[str, Any]) -> tuple[Identity, WindowProgress] | None:
    """Return stored progress, or None without a window or percentage."""
    identity = _read_identity(stored.get("identity"))
    percent = read_number(stored.get("percent"))
    if identity is None or percent is None:
        return None
    at_risk = stored.get("at_risk")
    return identity, WindowProgress(
        percent=percent,
        resets_at=read_time(stored.get("resets_at")),
        doubted_at=read_time(stored.get("doubted_at")),
        doubted_reset=read_time(stored.get("doubted_reset")),
        at_risk=at_risk if isinstance(at_risk, bool) else None,
        left_over=stored.get("left_over") is True,
    )


def _read_event(stored: dict[str, Any]) -> UsageEvent | None:
    """Return a stored event, or None without a window or type."""
    window, event_type = stored.get("window"), stored.get("type")
    if not isinstance(window, dict) or event_type not in TYPES:
        return None
    identity = _read_identity(window.get("identity"))
    name = window.get("name")
    percent = read_number(window.get("percent"))
    before = read_number(stored.get("before"))
    threshold = read_number(stored.get("threshold"))
    if identity is None or percent is None:
        return None
    if event_type == THRESHOLD_REACHED and threshold is None:
        return None
    return UsageEvent(
        UsageWindow(
            identity=identity,
            name=name if isinstance(name, str) else None,
            percent=percent,
            resets_at=read_time(window.get("resets_at")),
        ),
        type=event_type,
        before=percent if before is None else before,
        threshold=threshold,
        runs_out_at=read_time(stored.get("runs_out_at")),
        late=True,
    )
