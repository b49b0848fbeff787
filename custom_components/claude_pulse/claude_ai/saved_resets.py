"""Parse saved resets, with which a user can reset limits before their time.

Claude Pulse only shows them. It never uses one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .values import members_of

# No known account has more grants.
MAX_GRANTS = 24


@dataclass(frozen=True, slots=True)
class Grant:
    """Saved resets that were granted together.

    A grant is identified by `label`, `starts_at` and `ends_at`; the ID that claude.ai sends
    is not kept. `left` is the number of resets that have not been used. `clears` are the
    names of the limits that a reset sets to 0, as claude.ai spells them. `is_paused` is True
    while claude.ai does not allow to use it.
    """

    label: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    left: int
    clears: tuple[str, ...] = ()
    is_paused: bool = False

    def is_valid(self, now: datetime) -> bool:
        """Return whether there is a reset left that has started and not expired."""
        return (
            self.left > 0
            and (self.starts_at is None or self.starts_at <= now)
            and (self.ends_at is None or now < self.ends_at)
        )


@dataclass(frozen=True, slots=True)
class SavedResets:
    """The saved resets of an account that is eligible for them, or of one that is not."""

    is_eligible: bool
    grants: tuple[Grant, ...] = ()


def parse_saved_resets(body: Mapping[str, Any]) -> SavedResets | None:
    """Return the saved resets from a usage body, or None if they are unknown."""
    raise NotImplementedError
