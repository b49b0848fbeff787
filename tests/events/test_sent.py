"""Sent events that are still true: each row of the table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from custom_components.claude_pulse.claude_ai.saved_resets import Grant
from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    WEEKLY,
    Identity,
    UsageWindow,
)
from custom_components.claude_pulse.events.model import (
    AccountEvent,
    Event,
    SavedResetEvent,
    UsageEvent,
)
from custom_components.claude_pulse.events.sent import (
    SentEvent,
    still_true,
    with_sent,
)

from .common import START

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def usage(event_type: str, identity: Identity = SESSION, hours: float = 5) -> Event:
    """Return an event of a limit that is reset some hours after START."""
    window = UsageWindow(identity, None, 80, START + hours * HOUR)
    return UsageEvent(window, event_type, 70, threshold=75)


def granted(days: float = 30) -> Event:
    """Return the event of a grant that expires some days after START."""
    grant = Grant(None, START, START + days * DAY, 1)
    return SavedResetEvent(grant, "saved_reset_granted")


def send(*events: Event) -> list[SentEvent]:
    """Send events, a minute after each other, and return those that are still true."""
    sent: list[SentEvent] = []
    for number, event in enumerate(events):
        at = START + number * timedelta(minutes=1)
        sent = with_sent(sent, SentEvent(at, event))
    return sent


def types(*events: Event) -> list[str]:
    """Return the types of the events that are still true."""
    return [item.event.type for item in send(*events)]


@pytest.mark.parametrize("later", ["reset", "refilled"])
def test_reset_ends_all_events_of_its_limit(later: str) -> None:
    """Those of another limit and of the account remain."""
    before = ("threshold_reached", "limit_reached", "will_run_out", "left_over")
    events = [usage(item) for item in before]
    others = [usage("limit_reached", WEEKLY), AccountEvent("key_expired"), granted()]
    assert types(*events, *others, usage(later)) == [
        "limit_reached",
        "key_expired",
        "saved_reset_granted",
    ]


@pytest.mark.parametrize(
    ("before", "later", "expected"),
    [
        (
            ["threshold_reached", "limit_reached", "will_run_out"],
            "available_again",
            ["available_again"],
        ),
        (
            ["limit_reached", "left_over"],
            "available_again",
            ["left_over", "available_again"],
        ),
        (["available_again"], "limit_reached", ["limit_reached"]),
        (["available_again"], "reset", []),
        (
            ["will_run_out", "threshold_reached", "left_over"],
            "limit_reached",
            ["limit_reached"],
        ),
        (["threshold_reached"], "threshold_reached", ["threshold_reached"]),
        (
            ["threshold_reached"],
            "will_run_out",
            ["threshold_reached", "will_run_out"],
        ),
    ],
)
def test_later_event_of_a_limit(
    before: list[str], later: str, expected: list[str]
) -> None:
    """It ends the events that it makes untrue."""
    assert types(*map(usage, before), usage(later)) == expected


@pytest.mark.parametrize(
    ("before", "later", "expected"),
    [
        (
            ["cannot_be_read", "key_expires_soon", "key_expired"],
            "readable_again",
            [],
        ),
        (["key_expires_soon"], "key_expired", ["key_expired"]),
        (["key_expires_soon"], "readable_again", ["key_expires_soon"]),
        (["service_incident"], "readable_again", ["service_incident"]),
        (["service_incident"], "service_recovered", []),
        (["key_expired"], "service_recovered", ["key_expired"]),
        (["cannot_be_read"], "key_expired", ["key_expired"]),
    ],
)
def test_later_event_of_the_account(
    before: list[str], later: str, expected: list[str]
) -> None:
    """It ends the events that it makes untrue."""
    assert types(*map(AccountEvent, before), AccountEvent(later)) == expected


def test_the_later_one_of_two_equal_events_remains() -> None:
    """It has the time and the values of the later one."""
    (item,) = send(usage("threshold_reached"), usage("threshold_reached", hours=4))
    assert item.at == START + timedelta(minutes=1)
    assert item.event.valid_until == START + 4 * HOUR


def test_time() -> None:
    """An event is true until its reset, and is forgotten after two days."""
    sent = send(
        usage("limit_reached"),
        usage("limit_reached", WEEKLY, hours=90),
        granted(days=1),
        AccountEvent("key_expired"),
    )

    def true_at(hours: float, since: float = 0) -> list[str]:
        """Return the types of the events that are true some hours after START."""
        now = START + hours * HOUR
        found = still_true(sent, START + since * HOUR, now)
        return [item.event.type for item in found]

    everything = [item.event.type for item in sent]
    assert true_at(4.9) == everything
    assert true_at(5) == everything[1:]
    assert true_at(24) == ["limit_reached", "key_expired"]
    assert true_at(4, since=0.01) == everything[1:]
    assert true_at(4, since=1) == []
    new = SentEvent(START + 2 * DAY + HOUR, usage("threshold_reached", hours=90))
    assert with_sent(sent, new) == [new]
