"""What should not be in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import re

from .obstacles import Obstacles

_POLL_FAILED = re.compile(
    r"Error (fetching|requesting) claude_pulse data: |Authentication failed while fetching"
)
_NOT_STORED = "Error writing config for "
# Newer versions of Home Assistant, such as 2026.11, say so of each integration whose set-up
# they try again while they stop.
_SET_UP_CANCELLED = re.compile(
    r"Setup of config entry '.*' for claude_pulse integration cancelled\n"
)
# A reload that meets a fault.
_SET_UP_FAILED = re.compile(
    r"Config entry '.*' for claude_pulse integration (could not authenticate|not ready yet): "
)


class LogWatch(logging.Handler):
    """Collects errors, with their traces, that no fault in force accounts for."""

    def __init__(self) -> None:
        """Watch for errors."""
        super().__init__(logging.WARNING)
        self.full_disk = False
        self.obstacles: tuple[Obstacles, ...] = ()
        self.unexpected: list[str] = []
        self._silent = False

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Forgive nothing while entries end, not even a warning about us."""
        self._silent = True
        yield
        self._silent = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error that has no cause."""
        text = self.format(record)
        if self.full_disk and text.startswith(_NOT_STORED):
            expected = True
        elif self._silent and _SET_UP_CANCELLED.match(text):
            expected = text.endswith("CancelledError: Home Assistant is stopping")
        elif self._silent and _SET_UP_FAILED.match(text):
            expected = any(obstacles.met for obstacles in self.obstacles)
        elif self._silent:
            expected = record.levelno < logging.ERROR and "claude_pulse" not in text
        elif record.levelno < logging.ERROR:
            expected = True
        elif _POLL_FAILED.match(text):
            expected = any(obstacles.forgive() for obstacles in self.obstacles)
        else:
            expected = False
        if not expected:
            self.unexpected.append(text)
