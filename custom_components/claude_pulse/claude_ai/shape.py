"""Show the structure of a JSON value without personal data.

Only listed content is kept: member names that look like code, numbers, and the words
that claude.ai uses for types and states.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
import re
from typing import Any

from .values import number_of

_WORDS = frozenset(
    {
        "critical",
        "five_hour",
        "normal",
        "out_of_credits",
        "session",
        "seven_day",
        "seven_day_overage_included",
        "warning",
        "weekly",
        "weekly_all",
        "weekly_scoped",
    }
)
_CODE_NAME = re.compile(r"[a-z]{2,20}(_[a-z]{1,20}){0,8}_?\d{0,3}")

# No known answer comes near these limits.
_MAX_DEPTH = 8
_MAX_LENGTH = 50


def shape_of(value: object, depth: int = 0) -> Any:
    """Return a JSON value in which text is replaced by its type.

    Text becomes `<text>` or `<time>`, and a member name that does not look like code
    `<name 3>`. A number of more than 15 digits becomes `<number>`. What exceeds
    eight levels becomes the name of its type, and items after the 50th `<more>`.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return "<number>" if number_of(value) is None else value
    if isinstance(value, str):
        return word_of(value)
    if depth == _MAX_DEPTH or not isinstance(value, (list, Mapping)):
        return f"<{type(value).__name__}>"
    if isinstance(value, list):
        shown = [shape_of(item, depth + 1) for item in value[:_MAX_LENGTH]]
        return [*shown, "<more>"] if len(value) > _MAX_LENGTH else shown
    members = {
        name_of(name, number): shape_of(item, depth + 1)
        for number, (name, item) in enumerate(islice(value.items(), _MAX_LENGTH))
    }
    return {**members, "<more>": "<more>"} if len(value) > _MAX_LENGTH else members


def word_of(text: str) -> str:
    """Return a text if it is one of claude.ai's words, or else its type."""
    if text in _WORDS:
        return text
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "<text>"
    return "<time>"


def name_of(name: str, number: int) -> str:
    """Return a member name, or a numbered placeholder if it does not look like code."""
    return name if _CODE_NAME.fullmatch(name) else f"<name {number}>"
