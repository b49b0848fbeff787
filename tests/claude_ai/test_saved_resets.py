"""Saved resets of a usage body."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
import pytest

from custom_components.claude_pulse.claude_ai.saved_resets import (
    MAX_GRANTS,
    Grant,
    SavedResets,
    parse_saved_resets,
)
from custom_components.claude_pulse.claude_ai.usage import parse_usage

from . import json_values

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
END = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)


def grant(**members: Any) -> dict[str, Any]:
    """Return a grant with two resets."""
    return {
        "id": "private-id-7",
        "label": "Spring: two resets",
        "resets_total": 2,
        "resets_left": 2,
        "starts_at": "2026-03-02T07:59:59.7+00:00",
        "ends_at": "2026-04-01T08:00:00Z",
        "clears": ["five_hour", "seven_day"],
        "paused": False,
        **members,
    }


def parsed(*grants: Any, **members: Any) -> SavedResets | None:
    """Return the saved resets of a body with grants."""
    member = {"eligible": True, "grants": list(grants), **members}
    return parse_saved_resets({"cedar_ember": member})


GRANT = Grant("Spring: two resets", START, END, 2, ("five_hour", "seven_day"))


def test_grant() -> None:
    """A grant has a label, two times on whole minutes, a number and limits, but no ID."""
    saved = parsed(grant())
    assert saved == SavedResets(True, (GRANT,))
    assert "private-id-7" not in repr(saved)
    body = {"cedar_ember": {"eligible": True, "grants": [grant()]}}
    assert parse_usage(body).saved_resets == saved


@pytest.mark.parametrize("body", [{}, *({"cedar_ember": x} for x in (None, [], 1, ""))])
def test_unknown(body: dict[str, Any]) -> None:
    """Saved resets that were not sent are unknown."""
    assert parse_saved_resets(body) is None


@pytest.mark.parametrize("eligible", [False, None, "yes", 1, {}])
def test_not_eligible(eligible: Any) -> None:
    """An account that is not eligible has no grants."""
    assert parsed(grant(), eligible=eligible) == SavedResets(False)


@pytest.mark.parametrize("grants", [None, {}, "two", 2])
def test_no_grants(grants: Any) -> None:
    """An eligible account can have no grants."""
    assert parsed(grants=grants) == SavedResets(True)


@pytest.mark.parametrize("left", [None, "2", True, -1, 1.5, float("nan"), 1e300, []])
def test_invalid_number(left: Any) -> None:
    """A grant without a whole number of resets is ignored; the others are read."""
    assert parsed(grant(resets_left=left), grant()) == SavedResets(True, (GRANT,))


@pytest.mark.parametrize(("left", "expected"), [(0, 0), (3, 3), (3.0, 3)])
def test_number(left: Any, expected: int) -> None:
    """The number of resets is whole."""
    (found,) = parsed(grant(resets_left=left)).grants
    assert (found.left, type(found.left)) == (expected, int)


def test_other_types() -> None:
    """Members of other types are missing."""
    odd = grant(label=5, starts_at="soon", ends_at=[], clears="all", paused="yes")
    assert parsed(odd, None, [], "x") == SavedResets(
        True, (Grant(None, None, None, 2),)
    )
    names = ["five_hour", 5, None, "five_hour", "b\u202e"]
    (found,) = parsed(grant(clears=names, paused=True)).grants
    assert (found.clears, found.is_usable) == (("five_hour", "b"), False)


def test_same_grant() -> None:
    """Grants with the same label, start and end are one, in any order."""
    first = grant(id="a", resets_left=1, starts_at="2026-03-02T08:00:00Z", paused=True)
    second = grant(id="b", clears=["monthly"])
    other = grant(label="Summer")
    for paused, expected in ((False, False), (True, True)):
        saved = parsed(first, other, {**second, "paused": paused})
        assert [(item.label, item.left) for item in saved.grants] == [
            ("Spring: two resets", 3),
            ("Summer", 2),
        ]
        assert saved.grants[0].clears == ("five_hour", "seven_day", "monthly")
        assert saved.grants[0].is_usable is not expected


def test_too_many() -> None:
    """The number of grants and of limits that they clear is limited."""
    rows = [grant(label=f"Grant {number}") for number in range(200)]
    assert len(parsed(*rows).grants) == MAX_GRANTS
    (found,) = parsed(grant(clears=[f"x{number}" for number in range(100)])).grants
    assert len(found.clears) == 8


@pytest.mark.parametrize(
    ("found", "valid"),
    [
        (GRANT, [False, True, True, False]),
        (Grant(None, None, None, 1), [True, True, True, True]),
        (Grant(None, START, END, 0), [False, False, False, False]),
        (Grant(None, None, END, 1), [True, True, True, False]),
        (Grant(None, START, None, 1), [False, True, True, True]),
    ],
)
def test_is_valid(found: Grant, valid: list[bool]) -> None:
    """A grant is valid from its start until its end, if a reset is left."""
    second = timedelta(seconds=1)
    times = (START - second, START, END - second, END)
    assert [found.is_valid(time) for time in times] == valid


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_any_json(value: Any) -> None:
    """No value raises an error."""
    parse_saved_resets({"cedar_ember": value})
    for member in ("label", "resets_left", "starts_at", "ends_at", "clears", "paused"):
        found = parsed(grant(**{member: value}))
        assert found is None or len(found.grants) == 1
