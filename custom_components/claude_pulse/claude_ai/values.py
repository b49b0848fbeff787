"""Read JSON values of any type: objects, lists, texts, numbers and times.

These functions are pure and never raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
import unicodedata

# The largest number of 15 digits.
MAX_NUMBER = 10**15 - 1

# Larger epoch times (after 2286) are read as milliseconds.
_MAX_SECONDS = 1e10

_MAX_TEXT_LENGTH = 100

# Zero-width joiners and non-joiners are part of some emoji and scripts.
_JOINERS = "\u200c\u200d"

# Unicode categories: control characters, line breaks, surrogates, format characters.
_REPLACEMENTS = {"Cc": " ", "Zl": " ", "Zp": " ", "Cs": "", "Cf": ""}


def members_of(value: object) -> Mapping[str, Any]:
    """Return the members of a JSON object, or an empty mapping."""
    return value if isinstance(value, Mapping) else {}


def items_of(value: object) -> list[Any]:
    """Return the items of a JSON list, or an empty list."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """Return text that can be stored and fits on a line, or None if nothing is left.

    Lone surrogates, which cannot be encoded as UTF-8, and format characters, such as
    direction overrides, are removed. Line breaks and control characters are replaced by
    spaces, and runs of spaces are collapsed. The text is limited to 100 characters.
    """
    if not isinstance(value, str):
        return None
    # Limit the work on a long text.
    text = value[: 10 * _MAX_TEXT_LENGTH]
    if not text.isprintable():
        text = "".join(
            character
            if character in _JOINERS
            else _REPLACEMENTS.get(unicodedata.category(character), character)
            for character in text
        )
    return " ".join(text.split())[:_MAX_TEXT_LENGTH].strip(f" {_JOINERS}") or None


def number_of(
    value: object, minimum: float = -MAX_NUMBER, maximum: float = MAX_NUMBER
) -> int | float | None:
    """Return a number in a range, or None. NaN and booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if minimum <= value <= maximum else None


def rounded(value: object) -> int | float | None:
    """Return a number rounded to one decimal, as an int if it is whole, or None."""
    number = number_of(value)
    if number is None:
        return None
    decimal = round(float(number), 1)
    return int(decimal) if decimal.is_integer() else decimal


def with_decimals(number: int | float, other: int | float | None) -> int | float:
    """Return a percentage, with the decimals of another one that was not rounded."""
    if isinstance(number, int) and other is not None and abs(other - number) < 1:
        return other
    return number


def time_of(value: object) -> datetime | None:
    """Return a time between 1970 and 2286 in UTC, or None.

    The value is ISO 8601 text, which is UTC unless it has an offset, or the seconds or
    milliseconds since 1970.
    """
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        seconds = time.timestamp()
    elif (number := number_of(value)) is not None:
        seconds = number / 1000 if number > _MAX_SECONDS else number
    else:
        return None
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _MAX_SECONDS else None


def minute_of(value: object) -> datetime | None:
    """Return a time like `time_of`, rounded to the nearest minute.

    The timestamps of claude.ai vary by a second between answers, and across a minute.
    """
    if (time := time_of(value)) is None:
        return None
    return datetime.fromtimestamp(round(time.timestamp() / 60) * 60, UTC)
