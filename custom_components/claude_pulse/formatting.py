"""Formats of numbers and times in attributes and messages. Pure."""

from __future__ import annotations

from datetime import datetime


def whole(number: float | None) -> int | None:
    """Return a rounded number."""
    return None if number is None else round(number)


def iso_time(time: datetime | None) -> str | None:
    """Return a time in ISO 8601 with seconds."""
    return time.isoformat(timespec="seconds") if time else None
