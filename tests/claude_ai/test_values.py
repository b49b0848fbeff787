"""Single JSON values and their limits."""

from __future__ import annotations

from datetime import UTC, datetime
import math
import time
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.values import (
    items_of,
    members_of,
    minute_of,
    number_of,
    rounded,
    text_of,
    time_of,
)

MOMENT = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)
LAST_MINUTE = datetime(2286, 11, 20, 17, 47, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "minute"),
    [
        ("2026-05-04T14:29:59.512808+00:00", MOMENT),
        ("2026-05-04T14:30:29Z", MOMENT),
        ("2026-05-04T14:30:31Z", MOMENT.replace(minute=31)),
        ("2026-05-04T16:30:00+02:00", MOMENT),
        ("2026-05-04T14:30:00", MOMENT),
        (" 2026-05-04T14:30:00Z\n", MOMENT),
        # Other formats of ISO 8601.
        ("2026-05-04T14:30Z", MOMENT),
        ("2026-05-04 14:30", MOMENT),
        ("2026-05-04T14:29:59,75Z", MOMENT),
        ("20260504T143000Z", MOMENT),
        ("20260504T1630+0200", MOMENT),
        ("2026-W19-1T14:30:00+00:00:00", MOMENT),
        (1777905000, MOMENT),
        (1777905000.7, MOMENT),
        (1777905029, MOMENT),
        # Milliseconds.
        (1777905000000, MOMENT),
        (1777905029000, MOMENT),
        (1777905031000, MOMENT.replace(minute=31)),
        # The first and the last time.
        (0, None),
        (1, datetime(1970, 1, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:01Z", datetime(1970, 1, 1, tzinfo=UTC)),
        (9_999_999_999, LAST_MINUTE),
        (10_000_000_000, None),
        (10_000_000_001, datetime(1970, 4, 26, 17, 47, tzinfo=UTC)),
        (9_999_999_999_999, LAST_MINUTE),
        (10_000_000_000_000, None),
        (-1, None),
        (math.nan, None),
        (math.inf, None),
        (True, None),
        (None, None),
        ("tomorrow", None),
        ("", None),
        ([], None),
    ],
)
def test_minute(value: Any, minute: datetime | None) -> None:
    """A time between 1970 and 2286 is rounded to the nearest minute in UTC."""
    found = minute_of(value)
    assert found == minute
    assert found is None or found.tzinfo is UTC


def test_time() -> None:
    """A time keeps its fraction of a second."""
    assert time_of("2026-05-04T16:30:00.25+02:00") == MOMENT.replace(microsecond=250000)


def test_time_without_an_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time without an offset is UTC in any time zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = time_of("2026-05-04T14:30:00")
    time.tzset()
    assert found == MOMENT


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (31, 31),
        (31.5, 31.5),
        (0, 0),
        (-3, -3),
        (999_999_999_999_999, 999_999_999_999_999),
        (1_000_000_000_000_000, None),
        (-1_000_000_000_000_000, None),
        (math.nan, None),
        (-math.inf, None),
        (10**400, None),
        (False, None),
        ("31", None),
        (None, None),
    ],
)
def test_number(value: Any, number: float | None) -> None:
    """A number has at most 15 digits, and is not a boolean."""
    assert number_of(value) == number


@pytest.mark.parametrize(("value", "number"), [(0, None), (1, 1), (6, 6), (6.5, None)])
def test_number_in_a_range(value: float, number: float | None) -> None:
    """A number can be limited to a range."""
    assert number_of(value, 1, 6) == number


@pytest.mark.parametrize(
    ("value", "shown", "kind"),
    [
        (31, 31, int),
        (31.04, 31, int),
        (31.06, 31.1, float),
        (31.96, 32, int),
        (0.04, 0, int),
        (12.25, 12.2, float),
        (None, None, type(None)),
        (True, None, type(None)),
        ("31", None, type(None)),
    ],
)
def test_rounded(value: Any, shown: float | None, kind: type) -> None:
    """A number has one decimal, or is an int if it is whole."""
    found = rounded(value)
    assert found == shown
    assert type(found) is kind


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Fable", "Fable"),
        ("  Fable\n", "Fable"),
        ("Fa\u202eb\x00le\u2028\ud800x👩\u200d🔧\u200d", "Fab le x👩\u200d🔧"),
        ("x" * 101, "x" * 100),
        # Surrounding space does not count.
        (" " * 100 + "Fable", "Fable"),
        (" \t", None),
        ("", None),
        (5, None),
        (None, None),
        (["Fable"], None),
    ],
)
def test_text(value: Any, text: str | None) -> None:
    """A text is one line of at most 100 visible characters."""
    assert text_of(value) == text


def test_containers() -> None:
    """A value of another type has no members and no items."""
    assert members_of({"a": 1}) == {"a": 1}
    assert items_of([1]) == [1]
    for value in (None, 5, "text"):
        assert members_of(value) == {}
        assert items_of(value) == []
