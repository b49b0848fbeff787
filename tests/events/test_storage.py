"""Stored progress and pending events, also invalid ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.saved_resets import Grant
from custom_components.claude_pulse.claude_ai.windows import SESSION, UsageWindow
from custom_components.claude_pulse.events.model import (
    Refill,
    SavedResetEvent,
    UsageEvent,
    WindowProgress,
)
from custom_components.claude_pulse.events.storage import EventState

from .common import SESSION_RESET, START, stored_state

RESET = datetime.fromisoformat(SESSION_RESET)
PROGRESS = WindowProgress(
    50,
    RESET,
    doubted_at=START,
    doubted_percent=80,
    doubted_reset=START,
    at_risk=False,
    refill=Refill(90, 45),
)
EVENT = UsageEvent(
    UsageWindow(SESSION, "name", 50, RESET),
    "threshold_reached",
    40,
    threshold=50,
    runs_out_at=RESET,
    saved_resets=1,
    late=True,
)
GRANT = Grant("A reset", START, START + timedelta(days=30), 1, ("five_hour",))
GRANTED = SavedResetEvent(GRANT, "saved_reset_granted", late=True)
STATE = EventState(
    "org", START, {SESSION: PROGRESS}, {GRANT.key: True}, [EVENT, GRANTED]
)
STORED = stored_state("org")
# Values that no field can have.
WRONG = (None, [], {}, [None, 5, []], {"a": 1}, float("nan"), -1e30, "x")


def read(path: tuple[str | int, ...], value: object) -> EventState:
    """Return the state after one stored value was replaced."""
    stored: Any = json.loads(json.dumps(STORED))
    parent = stored
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return EventState.from_dict(stored)


def test_format() -> None:
    """The JSON is stable, and contains everything."""
    assert json.loads(json.dumps(STATE.as_dict())) == STORED
    assert EventState.from_dict(STORED) == STATE


def test_pending_events_are_late_after_a_restart() -> None:
    """An event that is read happened before Home Assistant started."""
    assert read(("pending", 0, "late"), False) == STATE


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_optional_values_get_a_default(wrong: object) -> None:
    """An invalid value does not affect the others."""
    for field in (
        "resets_at",
        "doubted_at",
        "doubted_percent",
        "doubted_reset",
        "at_risk",
        "refill",
    ):
        item = replace(PROGRESS, **{field: None})
        expected = replace(STATE, progress={SESSION: item})
        assert read(("progress", 0, field), wrong) == expected
    assert read(("progress", 0, "left_over"), wrong) == STATE
    assert read(("answered_at",), wrong) == replace(STATE, answered_at=None)
    for path, event in (
        (("before",), replace(EVENT, before=50)),
        (("runs_out_at",), replace(EVENT, runs_out_at=None)),
        (
            ("window", "resets_at"),
            replace(EVENT, window=replace(EVENT.window, resets_at=None)),
        ),
    ):
        expected = replace(STATE, pending=[event, GRANTED])
        assert read(("pending", 0, *path), wrong) == expected
    nameless = replace(EVENT, window=replace(EVENT.window, name=None))
    name = None if wrong == "x" else wrong
    expected = replace(STATE, pending=[nameless, GRANTED])
    assert read(("pending", 0, "window", "name"), name) == expected


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_invalid_grants(wrong: object) -> None:
    """An invalid value of a grant is unknown."""
    known = {} if isinstance(wrong, list) and not wrong else None
    if not isinstance(wrong, list):
        assert read(("grants",), wrong).grants == known
    (key,) = read(("grants", 0, "ends_at"), wrong).grants or ()
    assert key == GRANT.key._replace(ends_at=None)
    assert read(("grants", 0, "warned"), wrong).grants == {GRANT.key: None}
    (_, event) = read(("pending", 1, "grant", "left"), wrong).pending
    assert event == replace(GRANTED, grant=replace(GRANT, left=0))


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_items_without_an_essential_value_are_dropped(wrong: object) -> None:
    """The other items stay."""
    nothing = replace(STATE, progress={})
    for path in (("progress",), ("progress", 0)):
        assert read(path, wrong) == nothing
    for field in ("identity", "percent"):
        assert read(("progress", 0, field), wrong) == nothing
        assert read(("pending", 0, "window", field), wrong).pending == [GRANTED]
    assert read(("pending",), wrong).pending == []
    assert read(("pending", 0), wrong).pending == [GRANTED]
    for field in ("window", "type", "threshold"):
        assert read(("pending", 0, field), wrong).pending == [GRANTED]
    assert read(("pending", 1, "type"), wrong).pending == [EVENT]


def test_values_of_a_later_version_are_ignored() -> None:
    """Unknown fields, longer identities and unknown types do no harm."""
    assert read(("new",), 1) == STATE
    assert read(("progress", 0, "new"), 1) == STATE
    assert read(("progress", 0, "identity"), ["session", "", 1, "new"]) == STATE
    assert read(("pending", 0, "type"), "new").pending == [GRANTED]
