"""The shape of a JSON value, to be shown to anyone. Pure.

Only what is on a list passes: member names that look like code, numbers, and
the few words of claude.ai that say what sort of thing a row is about. Any other
text could be somebody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
import re
from typing import Any

_WORDS = frozenset(
    {
        "critical",
        "normal",
        "out_of_credits",
        "session",
        "warning",
        "weekly",
        "weekly_all",
        "weekly_scoped",
    }
)
_NAME = re.compile(r"[a-z]{2,20}(_[a-z]{1,20}){0,8}_?\d{0,3}")

# Far more than an answer ever had.
_DEEPEST = 8
_LARGEST = 1e15
_LONGEST = 50


def shape_of(value: object, depth: int = 0) -> Any:
    """Return a JSON value with its numbers, but without its texts.

    A text becomes `<text>`, or `<time>` if it is one, and a member name that does not look like code
    `<name 3>`; what is larger, deeper or longer than any answer is left out.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < _LARGEST else "<number>"
    if isinstance(value, str):
        return word_of(value)
    if depth == _DEEPEST or not isinstance(value, (list, Mapping)):
        return f"<{type(value).__name__}>"
    if isinstance(value, list):
        shown = [shape_of(item, depth + 1) for item in value[:_LONGEST]]
        return [*shown, "<more>"] if len(value) > _LONGEST else shown
    members = {
        name_of(name, number): shape_of(item, depth + 1)
        for number, (name, item) in enumerate(islice(value.items(), _LONGEST))
    }
    return {**members, "<more>": "<more>"} if len(value) > _LONGEST else members


def word_of(text: str) -> str:
    """Return a text if it is one of claude.ai's words, else what sort of text it is."""
    if text in _WORDS:
        return text
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "<text>"
    return "<time>"


def name_of(name: str, number: int) -> str:
    """Return the name of a member, or its number if the name could be somebody's."""
    return name if _NAME.fullmatch(name) else f"<name {number}>"
