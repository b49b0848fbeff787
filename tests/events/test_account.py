"""Events of the account: each row of the table, each event once, and clocks that jump."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.claude_pulse.claude_ai.status import STATUSES
from custom_components.claude_pulse.events.account import (
    AccountProgress,
    AccountState,
    detect_account_events,
)
from custom_components.claude_pulse.events.model import AccountEvent
from custom_components.claude_pulse.events.storage import EventState

from .common import START

MINUTE, HOUR, DAY = (timedelta(minutes=m) for m in (1, 60, 1440))
FINE = AccountState(key_since=START)
OUTAGE = replace(FINE, failure="cannot_connect")
EXPIRED = replace(FINE, failure="invalid_auth", is_key_expired=True)
INCIDENT = replace(FINE, status="major")
CALM = replace(FINE, status="operational")


class Checks:
    """Checks of an account. The state is stored between any two of them."""

    def __init__(self) -> None:
        """Initialize at START, without any progress."""
        self.events: list[AccountEvent] = []
        self.now = START
        self.progress = AccountProgress()
        # The minutes from START to each event.
        self.minutes: list[float] = []

    def run(self, state: AccountState, minutes: float, step: float = 1) -> None:
        """Check each minute, or in another step."""
        for _ in range(int(minutes / step)):
            self.now += step * MINUTE
            stored = EventState("org", account=self.progress).as_dict()
            progress = EventState.from_dict(stored).account
            assert progress == self.progress
            self.progress, events = detect_account_events(progress, state, self.now)
            self.events += events
            self.minutes += [(self.now - START) / MINUTE] * len(events)

    @property
    def types(self) -> list[str]:
        """Return the types of the events."""
        return [event.type for event in self.events]


def test_key_expires_soon() -> None:
    """Once after 25 days, and again with another key."""
    checks = Checks()
    checks.run(FINE, 30 * 24 * 60, 60)
    assert checks.types == ["key_expires_soon"]
    assert checks.minutes == [25 * 24 * 60]
    assert checks.events[0].as_dict() == {
        "since": None,
        "expires_at": "2026-06-01T12:00:00+00:00",
        "reason": None,
        "late": False,
    }
    another = replace(FINE, key_since=checks.now)
    checks.run(another, 24 * 24 * 60, 60)
    assert len(checks.events) == 1
    checks.run(another, 2 * 24 * 60, 60)
    assert checks.types == 2 * ["key_expires_soon"]


@pytest.mark.parametrize("state", [EXPIRED, replace(FINE, key_since=None)])
def test_key_that_does_not_expire_soon(state: AccountState) -> None:
    """It has expired already, or its age is unknown."""
    checks = Checks()
    checks.run(state, 30 * 24 * 60, 60)
    assert "key_expires_soon" not in checks.types


def test_key_expired() -> None:
    """At once and once, until it can be read again."""
    checks = Checks()
    checks.run(FINE, 10)
    checks.run(EXPIRED, 300)
    checks.run(FINE, 10)
    checks.run(EXPIRED, 10)
    assert checks.types == ["key_expired", "readable_again", "key_expired"]
    assert checks.minutes == [11, 311, 321]
    expired, again, _ = checks.events
    assert expired.reason == "invalid_auth"
    assert expired.since == again.since == START + 11 * MINUTE


def test_cannot_be_read() -> None:
    """After an hour and once, until it can be read again."""
    checks = Checks()
    checks.run(OUTAGE, 60)
    checks.run(FINE, 1)
    checks.run(OUTAGE, 60)
    assert checks.types == []
    checks.run(OUTAGE, 600)
    checks.run(FINE, 600)
    assert checks.types == ["cannot_be_read", "readable_again"]
    assert checks.minutes == [122, 722]
    failed, again = checks.events
    assert failed.reason == "cannot_connect"
    assert failed.since == again.since == START + 62 * MINUTE


def test_key_expires_during_an_outage() -> None:
    """An expired key is reported after an outage, an outage not after an expired key."""
    checks = Checks()
    checks.run(OUTAGE, 90)
    checks.run(EXPIRED, 90)
    checks.run(OUTAGE, 90)
    checks.run(FINE, 2)
    assert checks.types == ["cannot_be_read", "key_expired", "readable_again"]


@pytest.mark.parametrize(
    ("jumps", "after"),
    [
        # Forward, back, and both.
        ([5 * HOUR], 60),
        ([-5 * HOUR], 60),
        ([5 * HOUR, -5 * HOUR], 60),
        ([-365 * DAY, 365 * DAY], 60),
        # A machine that sleeps for most of the time.
        (10 * [HOUR], 60),
    ],
)
def test_clock_that_jumps(jumps: list[timedelta], after: float) -> None:
    """Only minutes in which checks ran count, and up to three for each jump."""
    checks = Checks()
    checks.run(OUTAGE, 10)
    run = 10
    for jump in jumps:
        checks.now += jump
        checks.run(OUTAGE, 1)
        run += 1
    assert checks.types == []
    while not checks.types:
        checks.run(OUTAGE, 1)
        run += 1
    assert after - 3 * len(jumps) <= run <= after + 1 + len(jumps)
    checks.run(OUTAGE, 300)
    assert checks.types == ["cannot_be_read"]


def test_service_incident() -> None:
    """After five minutes and once, until there was none for 15 minutes."""
    checks = Checks()
    checks.run(INCIDENT, 5)
    checks.run(CALM, 1)
    checks.run(INCIDENT, 5)
    assert checks.types == []
    checks.run(replace(FINE, status="minor"), 60)
    checks.run(CALM, 14)
    checks.run(INCIDENT, 10)
    checks.run(CALM, 14)
    assert checks.types == ["service_incident"]
    checks.run(CALM, 60)
    assert checks.types == ["service_incident", "service_recovered"]
    assert checks.minutes == [12, 111]
    began, over = checks.events
    assert (began.reason, over.reason) == ("minor", "minor")
    assert began.since == over.since == START + 7 * MINUTE


def test_unknown_status_changes_nothing() -> None:
    """It neither begins nor ends an incident."""
    checks = Checks()
    checks.run(FINE, 60)
    assert checks.types == []
    checks.run(INCIDENT, 10)
    checks.run(FINE, 600)
    assert checks.types == ["service_incident"]
    checks.run(INCIDENT, 600)
    assert checks.types == ["service_incident"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([FINE, OUTAGE, EXPIRED, INCIDENT, CALM]),
            st.integers(-300, 300),
            st.integers(1, 90),
        ),
        max_size=12,
    )
)
def test_any_sequence(steps: list[tuple[AccountState, int, int]]) -> None:
    """No event is repeated, and nothing is over that was not reported."""
    checks = Checks()
    for state, jump, minutes in steps:
        checks.now += jump * MINUTE
        checks.run(state, minutes, 3)
    failing = incident = None
    for event in checks.events:
        if event.type in ("key_expired", "cannot_be_read"):
            assert failing != event.type
            assert (failing, event.type) != ("key_expired", "cannot_be_read")
            failing = event.type
        elif event.type == "readable_again":
            assert failing
            failing = None
        elif event.type == "service_incident":
            assert incident is None
            incident = event.reason
            assert incident in STATUSES
        elif event.type == "service_recovered":
            assert incident == event.reason
            incident = None
    assert failing == checks.progress.failed
    assert incident == checks.progress.incident
