"""Single values out of an answer: text, numbers and times of whatever type comes. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
import unicodedata

# No percentage, amount or time is larger; infinities and NaN fail this too.
_NUMBER_LIMIT = 1e15

# Seconds since 1970 beyond this (the year 2286) are meant as milliseconds.
_EPOCH_LIMIT = 1e10


_LONGEST_TEXT = 100

# Zero-width joiners and non-joiners are part of some emoji and scripts.
_JOINERS = "\u200c\u200d"


def text_of(value: object) -> str | None:
    """Return text that can be stored and fits on a line, or None if nothing is left.

    Lone surrogates (Cs), which cannot be encoded as UTF-8, and format characters (Cf), such as
    direction overrides, are removed. Line breaks and control characters are replaced by
    spaces, and runs of spaces are collapsed. The text is limited to 100 characters.
    """
    if not isinstance(value, str):
        return None
    # Limit the work on a long text.
    text = value[: 10 * _LONGEST_TEXT]
    if not text.isprintable():
        text = "".join(map(_clean, text))
    return " ".join(text.split())[:_LONGEST_TEXT].strip(f" {_JOINERS}") or None


def _clean(character: str) -> str:
    """Return the replacement of a character."""
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cs":
            return ""
        case "Cf":
            return character if character in _JOINERS else ""
    return character


def number_of(value: object) -> int | float | None:
    """Return a finite number, or None; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < _NUMBER_LIMIT else None


def rounded(value: object) -> int | float | None:
    """Return a number as a person reads it, whole or with one decimal, or None."""
    number = number_of(value)
    if number is None:
        return None
    decimal = round(float(number), 1)
    return int(decimal) if decimal.is_integer() else decimal


def minute_of(value: object) -> datetime | None:
    """Read a timestamp (ISO 8601 or epoch) and round it to the nearest minute, in UTC.

    claude.ai's jitter from one answer to the next, across the minute's boundary.
    None for what is no time between 1970 and 2286.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = moment.timestamp()
    elif (number := number_of(value)) is not None:
        seconds = number / 1000 if number > _EPOCH_LIMIT else number
    else:
        return None
    if not 0 < seconds < _EPOCH_LIMIT:
        return None
    return datetime.fromtimestamp(round(seconds / 60) * 60, UTC)
