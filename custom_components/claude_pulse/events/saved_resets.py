"""Detects events of saved resets in an answer of claude.ai. Pure.

Each grant of an answer is compared with the grants that are known:

| The answer | Event |
| --- | --- |
| is the first one of the entry | none, its grants become known |
| is the first one with saved resets | the next row, for grants of the last two days |
| has a valid grant that is not known, and the answer before had it, too | `SAVED_RESET_GRANTED` |
| has a known, valid grant that expires soon | `SAVED_RESET_EXPIRES`, once for each grant |
| has no saved resets, or lacks a known grant | none, the grant stays known |

A grant is valid from its start to its end, while a reset is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice

from ..claude_ai.saved_resets import GrantKey, SavedResets
from .model import SAVED_RESET_EXPIRES, SAVED_RESET_GRANTED, SavedResetEvent

# The known grants, and whether the user knows from an event that they expire soon, or None for
# a new one that the next answer has to confirm.
KnownGrants = Mapping[GrantKey, bool | None]

MAX_KNOWN = 100

# Saved resets can be unknown for a day. Older grants are not new after that.
_NEW = timedelta(days=2)


def detect_saved_resets(
    known: KnownGrants | None,
    saved_resets: SavedResets | None,
    now: datetime,
    expires_before: timedelta,
    *,
    is_first: bool = False,
) -> tuple[KnownGrants | None, list[SavedResetEvent]]:
    """Return the grants that are known after an answer, and the events.

    `known` is None until an answer has contained saved resets. `is_first` is True for the
    first answer of an entry.
    """
    if saved_resets is None:
        return known, []
    after = dict(known or {})
    events: list[SavedResetEvent] = []
    for grant in saved_resets.grants:
        if not grant.is_valid(now):
            continue
        expires = grant.ends_at is not None and grant.ends_at - now <= expires_before
        if grant.key not in after:
            is_new = known is not None or (
                grant.starts_at is not None and now - grant.starts_at < _NEW
            )
            after[grant.key] = None if is_new and not is_first else False
        elif after[grant.key] is None:
            # The event that it was granted says when it expires.
            after[grant.key] = expires
            events.append(SavedResetEvent(grant, SAVED_RESET_GRANTED))
        elif expires and not after[grant.key]:
            after[grant.key] = True
            events.append(SavedResetEvent(grant, SAVED_RESET_EXPIRES))
    # The oldest ones are forgotten.
    return dict(islice(after.items(), max(len(after) - MAX_KNOWN, 0), None)), events
