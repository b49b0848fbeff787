"""Detects events of saved resets in an answer of claude.ai. Pure.

Each grant of an answer is compared with the grants that are known:

| The answer | Event |
| --- | --- |
| is the first one of the entry, or after a restart the first one for more than a day | none, its grants become known |
| is the first one with saved resets | the next row, for grants that started in the last two days |
| has a valid grant that was new in an earlier answer | `SAVED_RESET_GRANTED`, once for each grant |
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

# The known grants: True if an event has said that the grant expires soon, False if not, and
# None if it is new and the next answer that has it must confirm it.
KnownGrants = Mapping[GrantKey, bool | None]

MAX_KNOWN = 100

# Saved resets can be unknown for a day, so grants older than this are not reported as new.
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

    `known` is None until an answer has contained saved resets. `is_first` is True if
    there is no earlier answer to compare this one with.
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
