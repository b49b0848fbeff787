"""The structure of an answer without personal data."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.shape import shape_of

NAMES = [f"name_{number}" for number in range(51)]
WORDS = (
    "critical",
    "normal",
    "out_of_credits",
    "session",
    "warning",
    "five_hour",
    "seven_day",
    "seven_day_overage_included",
    "weekly",
    "weekly_all",
    "weekly_scoped",
)


def nested(depth: int, innermost: Any, *, lists: bool = False) -> Any:
    """Return a value inside other values."""
    for _ in range(depth):
        innermost = [innermost] if lists else {"deep": innermost}
    return innermost


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, None),
        (True, True),
        (31, 31),
        (31.5, 31.5),
        (math.nan, "<number>"),
        (math.inf, "<number>"),
        # A number of 16 digits could be an ID.
        (999_999_999_999_999, 999_999_999_999_999),
        (-999_999_999_999_999, -999_999_999_999_999),
        (1_000_000_000_000_000, "<number>"),
        (-1_000_000_000_000_000, "<number>"),
        *((word, word) for word in WORDS),
        *((word.upper(), "<text>") for word in WORDS),
        ("Fable", "<text>"),
        ("", "<text>"),
        ("2026-10-02T19:19:59.512808+00:00", "<time>"),
        ("2026-10-02T19:19:59Z", "<time>"),
        ([], []),
        ({}, {}),
        (b"bytes", "<bytes>"),
        (
            {"five_hour": {"utilization": 31}, "limits": [{"kind": "session"}]},
            {"five_hour": {"utilization": 31}, "limits": [{"kind": "session"}]},
        ),
        (
            {"a@b.example": 1, "1a2b3c4d-0000-4000-8000-123456789abc": "x", "Ada": {}},
            {"<name 0>": 1, "<name 1>": "<text>", "<name 2>": {}},
        ),
        # Eight levels are kept.
        (nested(8, 1), nested(8, 1)),
        (nested(8, 1, lists=True), nested(8, 1, lists=True)),
        (nested(9, 1), nested(8, "<dict>")),
        (nested(9, 1, lists=True), nested(8, "<list>", lists=True)),
        # Fifty items are kept.
        ([1] * 50, [1] * 50),
        ([1] * 51, [*[1] * 50, "<more>"]),
        (dict.fromkeys(NAMES[:50], 1), dict.fromkeys(NAMES[:50], 1)),
        (
            dict.fromkeys(NAMES, 1),
            {**dict.fromkeys(NAMES[:50], 1), "<more>": "<more>"},
        ),
    ],
)
def test_shape(value: Any, shape: Any) -> None:
    """Member names, numbers and known words are kept."""
    assert shape_of(value) == shape


def test_size() -> None:
    """The shape of a large answer is small."""
    wide = {f"name_{number}": "x" * 1000 for number in range(200)}
    shown = json.dumps(shape_of([nested(500, 1), wide, list(range(100_000))]))
    assert len(shown) < 5000


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [
        ("x", False),
        ("xy", True),
        ("x" * 20, True),
        ("x" * 21, False),
        ("seven_day_" + "x" * 21, False),
        ("seven_day_opus_4", True),
        ("seven_day_opus4", True),
        ("seven_day_123", True),
        ("seven_day_1234", False),
        ("Seven_day", False),
        ("seven-day", False),
        ("_private", False),
        ("a_b_c_d_e_f_g_h_i", False),
        ("aa_b_c_d_e_f_g_h_i", True),
        ("aa_b_c_d_e_f_g_h_i_j", False),
    ],
)
def test_name(name: str, is_kept: bool) -> None:
    """A member name that looks like code has short words and at most three digits."""
    assert shape_of({name: 1}) == {name if is_kept else "<name 0>": 1}
