"""The wait after a failed poll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    ForbiddenError,
    InvalidSessionError,
    OrganizationAccessError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)
from custom_components.claude_pulse.polling.back_off import BackOff, Failure

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
INTERVAL = timedelta(minutes=2)
KEY = "sk-ant-sid01-one"


def failed(
    *errors: ClaudeAiError,
    step: timedelta = timedelta(),
    interval: timedelta = INTERVAL,
) -> tuple[BackOff, list[Failure]]:
    """Return a back-off after some errors with a time between them, and its failures."""
    back_off = BackOff()
    failures = [
        back_off.fail(error, NOW + number * step, interval, KEY)
        for number, error in enumerate(errors)
    ]
    return back_off, failures


@pytest.mark.parametrize(
    ("errors", "minutes"),
    [
        # Each kind has a longest wait, and continues from the wait of another kind.
        ([BlockedError()] * 6, [4, 8, 16, 32, 60, 60]),
        ([RateLimitedError()] * 5, [4, 8, 16, 30, 30]),
        ([ForbiddenError()] * 5, [4, 8, 16, 30, 30]),
        ([OrganizationAccessError()] * 5, [4, 8, 16, 30, 30]),
        ([RateLimitedError()] * 4 + [BlockedError()] * 2, [4, 8, 16, 30, 60, 60]),
        ([UnavailableError()] * 3, [2, 2, 2]),
        # An outage is over in minutes, also after a block.
        ([BlockedError()] * 3 + [UnavailableError()] * 2, [4, 8, 16, 2, 2]),
        ([UnavailableError()] * 9 + [BlockedError()], [2] * 9 + [4]),
        # claude.ai asks for a wait: at least the interval, at most six hours, once.
        ([RateLimitedError(10800), RateLimitedError(), BlockedError()], [180, 30, 60]),
        ([RateLimitedError(21600), UnavailableError()], [360, 2]),
        ([RateLimitedError(21601)], [360]),
        ([RateLimitedError(1)], [2]),
        ([RateLimitedError(0.5), RateLimitedError(0), RateLimitedError(-1)], [2, 4, 8]),
        ([RateLimitedError(121)], [121 / 60]),
    ],
)
def test_waits(errors: list[ClaudeAiError], minutes: list[float]) -> None:
    """The waits after some errors in a row, and after a success."""
    back_off, failures = failed(*errors)
    assert [item.wait for item in failures] == [timedelta(minutes=m) for m in minutes]
    back_off.succeed(NOW)
    assert (back_off.failure, back_off.last_success) == (None, NOW)
    assert back_off.not_before(NOW, KEY) is None
    assert back_off.fail(errors[0], NOW, INTERVAL, KEY).wait == failures[0].wait


def test_wait_is_not_shorter_than_the_interval() -> None:
    """A long interval applies to failures too."""
    errors = (BlockedError(), UnavailableError(), RateLimitedError(60))
    _, failures = failed(*errors, interval=2 * HOUR)
    assert {item.wait for item in failures} == {2 * HOUR}


@pytest.mark.parametrize(
    ("error", "interval", "blocked"),
    [
        (RateLimitedError(600), INTERVAL, timedelta(minutes=10)),
        (UnavailableError(), INTERVAL, INTERVAL),
        # After an outage, a long interval must not delay the poll after a reset.
        (UnavailableError(), HOUR, INTERVAL),
        # claude.ai received nothing.
        (UnreachableError(), HOUR, timedelta()),
    ],
)
def test_no_request_before_a_time(
    error: ClaudeAiError, interval: timedelta, blocked: timedelta
) -> None:
    """The wait is over a second early, as timers can fire early."""
    back_off, (failure,) = failed(error, interval=interval)
    until = NOW + blocked
    assert failure.until == until
    if blocked:
        assert back_off.not_before(until - timedelta(seconds=2), KEY) == until
    assert back_off.not_before(until - timedelta(seconds=1), KEY) is None
    # A later time was set by another clock.
    assert back_off.not_before(NOW - timedelta(days=1), KEY) is None
    back_off.reset()
    assert back_off.not_before(NOW, KEY) is None


def test_refused_key() -> None:
    """Requests with a refused key are never sent, and with another key at once."""
    back_off, (failure,) = failed(InvalidSessionError())
    assert failure.is_key_expired
    assert KEY not in repr(failure)
    assert back_off.not_before(NOW + timedelta(days=9999), KEY) > NOW + 9999 * HOUR
    assert back_off.not_before(NOW, "another key") is None


def test_time_without_a_failure() -> None:
    """Before the first poll there is nothing to wait for."""
    back_off = BackOff()
    assert back_off.not_before(NOW, KEY) is None
    assert (back_off.failure, back_off.last_success, back_off.polls) == (None, None, 0)


def test_counts_and_time_of_a_block() -> None:
    """An outage does not end a block. Another answer of claude.ai does."""
    outage, block, limit = UnavailableError(), BlockedError(), RateLimitedError()
    errors = (outage, block, block, outage, block, limit, outage, block)
    back_off, failures = failed(*errors, step=HOUR)
    assert [
        (item.in_a_row, None if item.blocked_for is None else item.blocked_for / HOUR)
        for item in failures
    ] == [(1, None), (1, 0), (2, 1), (1, 2), (1, 3), (1, None), (1, None), (1, 0)]
    assert back_off.failures == {
        "blocked": 4,
        "cannot_connect": 3,
        "rate_limited": 1,
    }


@pytest.mark.parametrize(
    ("hours", "counted"), [(0.5, 0.5), (1, 1), (2, 1), (24, 1), (-1, 0)]
)
def test_clock_that_is_set_during_a_block(hours: float, counted: float) -> None:
    """At most the longest wait counts between two failures, and never a negative time."""
    _, failures = failed(BlockedError(), BlockedError(), step=hours * HOUR)
    assert failures[-1].blocked_for == counted * HOUR
