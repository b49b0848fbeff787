"""The keys and messages of the errors."""

from __future__ import annotations

import pytest

from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ClaudeAiError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)


def test_message() -> None:
    """A message can have a detail."""
    assert str(BlockedError()) == BlockedError.message
    assert str(UnavailableError("")) == UnavailableError.message
    assert str(UnavailableError("x")) == f"{UnavailableError.message} (x)"
    assert str(UnreachableError("x")) == str(UnavailableError("x"))


@pytest.mark.parametrize("retry_after", [None, 0.0, 600.0])
def test_retry_after(retry_after: float | None) -> None:
    """The wait is an attribute, and not part of the message."""
    error = RateLimitedError(retry_after)
    assert error.retry_after == retry_after
    assert str(error) == RateLimitedError.message
    assert RateLimitedError().retry_after is None


def test_keys_and_messages() -> None:
    """Each error has its own key and message, except UnreachableError."""
    kinds = [ClaudeAiError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    texts = {(kind.key, kind.message) for kind in kinds}
    assert len(texts) == len({key for key, _ in texts}) == len(kinds) - 1
