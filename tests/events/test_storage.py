"""Stored progress and pending events, also invalid ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.saved_resets import Grant
from custom_components.claude_pulse.claude_ai.windows import SESSION, UsageWindow
from custom_components.claude_pulse.events.account import AccountProgress
from custom_components.claude_pulse.events.model import (
    AccountEvent,
    Refill,
    SavedResetEvent,
    UsageEvent,
    WindowProgress,
)
from custom_components.claude_pulse.events.sent import SentEvent
from custom_components.claude_pulse.events.storage import EventState

from .common import SESSION_RESET, START, stored_state

RESET = datetime.fromisoformat(SESSION_RESET)
PROGRESS = WindowProgress(
    50,
    RESET,
    unconfirmed_since=START,
    unconfirmed_percent=80,
    unconfirmed_reset=START,
    at_risk=False,
    refill=Refill(90, 45),
)
EVENT = UsageEvent(
    UsageWindow(SESSION, "name", 50, RESET),
    "threshold_reached",
    40,
    threshold=50,
    runs_out_at=RESET,
    certain=True,
    saved_resets=1,
    late=True,
)
GRANT = Grant("A reset", START, START + timedelta(days=30), 1, ("five_hour",))
GRANTED = SavedResetEvent(GRANT, "saved_reset_granted", late=True)
EXPIRED = AccountEvent("key_expired", since=START, reason="invalid_auth", late=True)
REACHED = UsageEvent(
    UsageWindow(SESSION, None, 100, RESET),
    "limit_reached",
    90,
    binding=False,
    available_at=RESET,
    extra_usage="spent",
)
ACCOUNT = AccountProgress(
    checked_at=START,
    warned_of=START - timedelta(days=25),
    failing_since=START,
    failing_for=timedelta(minutes=61),
    failed="key_expired",
    incident_since=START,
    incident_for=timedelta(minutes=6),
    incident="major",
    recovered_for=timedelta(minutes=3),
)
STATE = EventState(
    "org",
    START,
    {SESSION: PROGRESS},
    {GRANT.key: True},
    [EVENT, GRANTED, EXPIRED],
    [SentEvent(START, REACHED), SentEvent(START, EXPIRED)],
    ACCOUNT,
)
STORED = stored_state("org")
_STORED_EXPIRED = {
    "type": "key_expired",
    "since": START.isoformat(),
    "expires_at": None,
    "reason": "invalid_auth",
    "late": True,
}
STORED["pending"].append(_STORED_EXPIRED)
STORED["sent"] = [
    {
        "at": START.isoformat(),
        "event": {
            "window": {
                "identity": ["session", "", 1],
                "name": None,
                "percent": 100,
                "resets_at": SESSION_RESET,
            },
            "type": "limit_reached",
            "before": 90,
            "threshold": None,
            "runs_out_at": None,
            "certain": False,
            "saved_resets": 0,
            "lifted": False,
            "late": False,
            "binding": False,
            "available_at": SESSION_RESET,
            "extra_usage": "spent",
        },
    },
    {"at": START.isoformat(), "event": _STORED_EXPIRED},
]
STORED["account"] = {
    "checked_at": START.isoformat(),
    "warned_of": (START - timedelta(days=25)).isoformat(),
    "failing_since": START.isoformat(),
    "failing_for": 3660,
    "failed": "key_expired",
    "incident_since": START.isoformat(),
    "incident_for": 360,
    "incident": "major",
    "recovered_for": 180,
}
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


def test_whether_an_event_is_late_is_stored() -> None:
    """The dispatcher decides it again after a start."""
    pending = [replace(EVENT, late=False), GRANTED, EXPIRED]
    assert read(("pending", 0, "late"), False) == replace(STATE, pending=pending)


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_optional_values_get_a_default(wrong: object) -> None:
    """An invalid value does not affect the others."""
    for field in (
        "resets_at",
        "unconfirmed_since",
        "unconfirmed_percent",
        "unconfirmed_reset",
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
        expected = replace(STATE, pending=[event, GRANTED, EXPIRED])
        assert read(("pending", 0, *path), wrong) == expected
    nameless = replace(EVENT, window=replace(EVENT.window, name=None))
    name = None if wrong == "x" else wrong
    expected = replace(STATE, pending=[nameless, GRANTED, EXPIRED])
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
    (_, event, _) = read(("pending", 1, "grant", "left"), wrong).pending
    assert event == replace(GRANTED, grant=replace(GRANT, left=0))


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_items_without_an_essential_value_are_dropped(wrong: object) -> None:
    """The other items stay."""
    nothing = replace(STATE, progress={})
    for path in (("progress",), ("progress", 0)):
        assert read(path, wrong) == nothing
    for field in ("identity", "percent"):
        assert read(("progress", 0, field), wrong) == nothing
        assert read(("pending", 0, "window", field), wrong).pending == [
            GRANTED,
            EXPIRED,
        ]
    assert read(("pending",), wrong).pending == []
    assert read(("pending", 0), wrong).pending == [GRANTED, EXPIRED]
    for field in ("window", "type", "threshold"):
        assert read(("pending", 0, field), wrong).pending == [GRANTED, EXPIRED]
    assert read(("pending", 1, "type"), wrong).pending == [EVENT, EXPIRED]


def test_values_of_a_later_version_are_ignored() -> None:
    """Unknown fields, longer identities and unknown types do no harm."""
    assert read(("new",), 1) == STATE
    assert read(("progress", 0, "new"), 1) == STATE
    assert read(("progress", 0, "identity"), ["session", "", 1, "new"]) == STATE
    assert read(("pending", 0, "type"), "new").pending == [GRANTED, EXPIRED]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_invalid_progress_of_the_account(wrong: object) -> None:
    """An invalid value is unknown: nothing failed, and nothing is reported again."""
    assert read(("account",), wrong) == replace(STATE, account=AccountProgress())
    for field in (
        "checked_at",
        "warned_of",
        "failing_since",
        "failed",
        "incident_since",
        "incident",
        "recovered_for",
    ):
        expected = replace(ACCOUNT, **{field: None})
        assert read(("account", field), wrong).account == expected
    for field in ("failing_for", "incident_for"):
        expected = replace(ACCOUNT, **{field: timedelta()})
        assert read(("account", field), wrong).account == expected


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_invalid_events_that_were_sent(wrong: object) -> None:
    """An event without its time or its type is dropped. Other values get a default."""
    (reached, expired) = STATE.sent
    assert read(("sent",), wrong).sent == []
    assert read(("sent", 0), wrong).sent == [expired]
    assert read(("sent", 0, "at"), wrong).sent == [expired]
    assert read(("sent", 0, "event"), wrong).sent == [expired]
    assert read(("sent", 1, "event", "type"), wrong).sent == [reached]
    for field, default in (
        ("available_at", None),
        ("binding", True),
        ("extra_usage", "off"),
    ):
        event = replace(REACHED, **{field: default})
        found = read(("sent", 0, "event", field), wrong).sent
        assert found == [SentEvent(START, event), expired]
    for field in ("since", "expires_at"):
        event = replace(EXPIRED, **{field: None})
        found = read(("sent", 1, "event", field), wrong).sent
        assert found == [reached, SentEvent(START, event)]


def test_text_of_a_failure_that_does_not_exist() -> None:
    """Values of another version cause no event that something is over."""
    assert read(("account", "failed"), "cannot_connect").account.failed is None
    assert read(("account", "incident"), "new").account.incident is None
