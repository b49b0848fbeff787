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
