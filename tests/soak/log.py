"""Finds unexpected lines in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import re

from .obstacles import Obstacles

_POLL_FAILED = re.compile(
    r"Error (fetching|requesting) claude_pulse \w+ data: |Authentication failed while fetching"
)
_NOT_STORED = "Error writing config for "
# Since 2026, Home Assistant logs this if it stops while it retries a set-up.
_SET_UP_CANCELLED = re.compile(
    r"Setup of config entry '.*' for claude_pulse integration cancelled\n"
)
# A reload during a fault.
_SET_UP_FAILED = re.compile(
    r"Config entry '.*' for claude_pulse integration (could not authenticate|not ready yet): "
)


class LogWatch(logging.Handler):
    """Collects errors that no fault explains."""

    def __init__(self) -> None:
        """Initialize without errors."""
        super().__init__(logging.WARNING)
        self.full_disk = False
        self.obstacles: tuple[Obstacles, ...] = ()
        self.unexpected: list[str] = []
        self._strict = False

    @contextmanager
    def strict(self) -> Iterator[None]:
        """Expect not even a warning about Claude Pulse, because entries stop."""
        self._strict = True
        yield
        self._strict = False

    def emit(self, record: logging.LogRecord) -> None:
        """Collect an error that is not expected."""
        text = self.format(record)
        if not self._expects(text, record.levelno >= logging.ERROR):
            self.unexpected.append(text)

    def _expects(self, text: str, error: bool) -> bool:
        """Return whether a line is expected."""
        if self.full_disk and text.startswith(_NOT_STORED):
            return True
        if self._strict and _SET_UP_CANCELLED.match(text):
            return text.endswith("CancelledError: Home Assistant is stopping")
        if self._strict and _SET_UP_FAILED.match(text):
            return any(obstacles.met for obstacles in self.obstacles)
        if self._strict:
            return not error and "claude_pulse" not in text
        if error and _POLL_FAILED.match(text):
            return any(obstacles.forgive() for obstacles in self.obstacles)
        return not error
