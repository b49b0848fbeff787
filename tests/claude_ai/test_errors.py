"""The errors, as a program and as a person read them."""

from __future__ import annotations

import pytest

from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)


def test_texts() -> None:
    """A message in English, and a detail where there is one."""
    assert str(BlockedError()) == BlockedError.message
    assert str(UnavailableError()) == UnavailableError.message
    assert str(UnavailableError("x")) == f"{UnavailableError.message} (x)"
    assert str(UnavailableError("")) == UnavailableError.message
    assert str(UnreachableError("x")) == str(UnavailableError("x"))


@pytest.mark.parametrize("retry_after", [None, 0.0, 600.0])
def test_retry_after(retry_after: float | None) -> None:
    """What a limit asks for is remembered, and not said."""
    error = RateLimitedError(retry_after)
    assert error.retry_after == retry_after
    assert str(error) == RateLimitedError.message
    assert RateLimitedError().retry_after is None


def test_each_error_says_something_else() -> None:
    """One key and one message for each thing a person has to do differently."""
    kinds = [ClaudeAiError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    told = {(kind.key, kind.message) for kind in kinds}
    # Without a connection claude.ai is as unavailable as with a broken one.
    assert len(told) == len(kinds) - 1
    assert len({key for key, _ in told}) == len(told)
