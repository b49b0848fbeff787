"""The shape of an answer, without what is somebody's."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.shape import shape_of


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (None, None),
        (True, True),
        (31, 31),
        (31.5, 31.5),
        (math.nan, "<number>"),
        (math.inf, "<number>"),
        (10**30, "<number>"),
        ("weekly_scoped", "weekly_scoped"),
        ("critical", "critical"),
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
        ({"x" * 21: 1, "seven_day_opus": 2}, {"<name 0>": 1, "seven_day_opus": 2}),
    ],
)
def test_shape(value: Any, shape: Any) -> None:
    """Names and numbers are kept, texts are not."""
    assert shape_of(value) == shape


def test_shape_is_bounded() -> None:
    """However long or deep an answer is."""
    deep: Any = 1
    for _ in range(500):
        deep = {"deep": deep}
    wide = {f"name_{number}": "x" * 1000 for number in range(200)}
    shown = json.dumps(shape_of([deep, wide, list(range(100_000))]))
    assert len(shown) < 5000
    assert "<more>" in shown


@pytest.mark.parametrize(
    "word",
    [
        "critical",
        "normal",
        "out_of_credits",
        "session",
        "warning",
        "weekly",
        "weekly_all",
        "weekly_scoped",
    ],
)
def test_words_of_claude_ai(word: str) -> None:
    """These pass as they are written, and not otherwise."""
    assert shape_of(word) == word
    assert shape_of(word.upper()) == "<text>"


def nested(depth: int, innermost: Any, *, lists: bool = False) -> Any:
    """Return a value inside of so many others."""
    for _ in range(depth):
        innermost = [innermost] if lists else {"deep": innermost}
    return innermost


@pytest.mark.parametrize("lists", [False, True])
def test_depth(lists: bool) -> None:
    """Eight levels are shown, and of the ninth what it is."""
    assert shape_of(nested(8, 1, lists=lists)) == nested(8, 1, lists=lists)
    assert shape_of(nested(9, 1)) == nested(8, "<dict>")
    assert shape_of(nested(9, 1, lists=True)) == nested(8, "<list>", lists=True)


def test_length() -> None:
    """Fifty of a list or of an object are shown, and that there were more."""
    assert shape_of([1] * 50) == [1] * 50
    assert shape_of([1] * 51) == [*[1] * 50, "<more>"]
    names = [f"name_{number}" for number in range(51)]
    assert shape_of(dict.fromkeys(names[:50], 1)) == dict.fromkeys(names[:50], 1)
    shown = {**dict.fromkeys(names[:50], 1), "<more>": "<more>"}
    assert shape_of(dict.fromkeys(names, 1)) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (999_999_999_999_999, 999_999_999_999_999),
        (-999_999_999_999_999, -999_999_999_999_999),
        (1_000_000_000_000_000, "<number>"),
        (-1_000_000_000_000_000, "<number>"),
    ],
)
def test_size(number: int, shown: int | str) -> None:
    """A number of sixteen digits could be an identity."""
    assert shape_of(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x", False),
        ("xy", True),
        ("x" * 20, True),
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
def test_names(name: str, shown: bool) -> None:
    """A name of code is short words, and three digits at most."""
    assert shape_of({name: 1}) == {name if shown else "<name 0>": 1}
