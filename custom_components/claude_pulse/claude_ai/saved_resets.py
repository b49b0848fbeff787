"""Parse saved resets, with which a user can reset limits before their time.

Claude Pulse only shows them. It never uses one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from .values import items_of, members_of, minute_of, number_of, text_of
from .windows import Identity

# No known account has more grants.
MAX_GRANTS = 100
_MAX_CLEARED = 8

# The names of limits in `clears`. The third is the weekly limit of one model.
_LIMITS = {"session": "five_hour", "weekly_all": "seven_day"}
_MODEL_LIMIT, _MODELS = "seven_day_overage_included", ("fable", "overage")


class GrantKey(NamedTuple):
    """Identifies a grant. The ID that claude.ai sends is not kept."""

    label: str | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Grant:
    """Saved resets that were granted together.

    `left` is the number of resets that have not been used. `clears` are the
    names of the limits that a reset sets to 0, as claude.ai spells them. `is_usable` is False
    while claude.ai does not allow its use.
    """

    label: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    left: int
    clears: tuple[str, ...] = ()
    is_usable: bool = True

    @property
    def key(self) -> GrantKey:
        """Return the key of the grant."""
        return GrantKey(self.label, self.starts_at, self.ends_at)

    def is_valid(self, now: datetime) -> bool:
        """Return whether there is a reset left that has started and not expired."""
        return (
            self.left > 0
            and (self.starts_at is None or self.starts_at <= now)
            and (self.ends_at is None or now < self.ends_at)
        )


@dataclass(frozen=True, slots=True)
class SavedResets:
    """The saved resets of an account, and whether it is eligible for them."""

    is_eligible: bool
    grants: tuple[Grant, ...] = ()

    def number_for(self, identity: Identity, now: datetime) -> int:
        """Return how many saved resets can reset a limit now."""
        name = _LIMITS.get(identity.kind)
        if identity.name.startswith(_MODELS):
            name = _MODEL_LIMIT
        return sum(
            grant.left
            for grant in self.valid(now)
            if grant.is_usable and name in grant.clears
        )

    def valid(self, now: datetime) -> list[Grant]:
        """Return the valid grants, sorted by when they expire."""
        valid = (grant for grant in self.grants if grant.is_valid(now))
        return sorted(
            valid, key=lambda grant: (grant.ends_at is None, grant.ends_at or now)
        )


def parse_saved_resets(body: Mapping[str, Any]) -> SavedResets | None:
    """Return the saved resets from a usage body, or None if they are unknown.

    Grants with the same label, start and end are one. Grants after MAX_GRANTS and those
    without a number of resets are ignored. If all are, the saved resets are unknown.
    """
    member = body.get("cedar_ember")
    if not isinstance(member, Mapping):
        return None
    if member.get("eligible") is not True:
        return SavedResets(is_eligible=False)
    grants: dict[GrantKey, Grant] = {}
    items = items_of(member.get("grants"))[:MAX_GRANTS]
    for item in items:
        if grant := _grant(members_of(item)):
            known = grants.get(grant.key)
            grants[grant.key] = _together(known, grant) if known else grant
    if items and not grants:
        return None
    return SavedResets(is_eligible=True, grants=tuple(grants.values()))


def _grant(members: Mapping[str, Any]) -> Grant | None:
    """Return a grant, or None if the number of resets that are left is unknown."""
    left = number_of(members.get("resets_left"), minimum=0)
    if left is None or left != int(left):
        return None
    clears = map(text_of, items_of(members.get("clears"))[:_MAX_CLEARED])
    return Grant(
        label=text_of(members.get("label")),
        starts_at=minute_of(members.get("starts_at")),
        ends_at=minute_of(members.get("ends_at")),
        left=int(left),
        clears=tuple(dict.fromkeys(name for name in clears if name)),
        is_usable=members.get("paused") is not True
        and members.get("usable_now") is not False,
    )


def _together(grant: Grant, other: Grant) -> Grant:
    """Return one grant for two with the same label, start and end."""
    return replace(
        grant,
        left=grant.left + other.left,
        clears=tuple(dict.fromkeys((*grant.clears, *other.clears))),
        is_usable=grant.is_usable or other.is_usable,
    )
