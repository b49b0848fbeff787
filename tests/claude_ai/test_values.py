"""Single values, up to the bounds of what is believed."""

from __future__ import annotations

from datetime import UTC, datetime
import math
import time
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.values import (
    minute_of,
    number_of,
    rounded,
    text_of,
)

MOMENT = datetime(2026, 5, 4, 14, 30, tzinfo=UTC)
THE_END = datetime(2286, 11, 20, 17, 47, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "minute"),
    [
        # Across the minute's boundary.
        ("2026-05-04T14:29:59.512808+00:00", MOMENT),
        ("2026-05-04T14:30:29Z", MOMENT),
        ("2026-05-04T14:30:31Z", MOMENT.replace(minute=31)),
        ("2026-05-04T16:30:00+02:00", MOMENT),
        # Without a zone it is UTC, wherever this runs.
        ("2026-05-04T14:30:00", MOMENT),
        (" 2026-05-04T14:30:00Z\n", MOMENT),
        (1777905000, MOMENT),
        (1777905000.7, MOMENT),
        (1777905029, MOMENT),
        # Milliseconds, to the second.
        (1777905000000, MOMENT),
        (1777905029000, MOMENT),
        (1777905031000, MOMENT.replace(minute=31)),
        # The ends of what is a time.
        (1, datetime(1970, 1, 1, tzinfo=UTC)),
        (0, None),
        (-1, None),
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:01Z", datetime(1970, 1, 1, tzinfo=UTC)),
        (9_999_999_999, THE_END),
        (10_000_000_000, None),
        # From here on it would be the April of 1970, in milliseconds.
        (10_000_000_001, datetime(1970, 4, 26, 17, 47, tzinfo=UTC)),
        (9_999_999_999_999, THE_END),
        (10_000_000_000_000, None),
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
    """A time is the nearest minute in UTC, or none; 1970 to 2286."""
    found = minute_of(value)
    assert found == minute
    if found is not None:
        assert found.tzinfo is UTC


def test_zone_of_this_machine_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A time without a zone is UTC, not the time of here."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        found = minute_of("2026-05-04T14:30:00")
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
    """A number is finite, of a size that something could have, and no bool."""
    assert number_of(value) == number


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
    """Whole numbers are whole, others have one decimal."""
    found = rounded(value)
    assert found == shown
    assert type(found) is kind


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Fable", "Fable"),
        ("  Fable\n", "Fable"),
        ("x" * 101, "x" * 100),
        # What stands around it is not counted.
        (" " * 100 + "Fable", "Fable"),
        (" \t", None),
        ("", None),
        (5, None),
        (None, None),
        (["Fable"], None),
    ],
)
def test_text(value: Any, text: str | None) -> None:
    """A text has something in it, and at most 100 characters."""
    assert text_of(value) == text
