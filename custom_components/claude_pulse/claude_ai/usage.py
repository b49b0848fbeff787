"""Parse usage limits from `/usage`.

Every member of the body can be missing, null or of another type, and new ones appear
every month, so parsing never raises. The timestamps of claude.ai vary between answers;
percentages and reset times are rounded so that answers with the same content are equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

from .money import CreditPool, Spend, parse_pools, parse_spend
from .saved_resets import SavedResets, parse_saved_resets
from .values import members_of
from .windows import (
    MAX_LIMITS,
    SESSION,
    SPEND,
    WEEKLY,
    Identity,
    UsageWindow,
    is_window,
    parse_windows,
    without_version,
    words_of,
)

# No known account has more.
MAX_POOLS = 24


@dataclass(frozen=True, slots=True)
class Usage:
    """The content of one answer to `/usage`.

    `session` and `weekly` are None if the account has no such limit, which is not the
    same as 0%. `windows` are the other limits in the server's order. `spend` is None if
    the account has no paid usage. `saved_resets` is None if they are unknown. `truncated` is
    True if the answer had more than MAX_LIMITS limits or MAX_POOLS pools. `is_incomplete` is
    set by users of this package if they know from earlier answers that limits are missing.
    """

    session: UsageWindow | None = None
    weekly: UsageWindow | None = None
    windows: tuple[UsageWindow, ...] = ()
    spend: Spend | None = None
    pools: tuple[CreditPool, ...] = ()
    saved_resets: SavedResets | None = None
    truncated: bool = False
    is_incomplete: bool = False

    @property
    def has_windows(self) -> bool:
        """Return whether the account has a limit for a period of time."""
        return bool(self.session or self.weekly or self.windows)

    @property
    def spend_limit(self) -> UsageWindow | None:
        """Return the spend limit of a seat that is billed by usage and has no other limit."""
        spend = self.spend
        if self.has_windows or self.is_incomplete or spend is None:
            return None
        has_limit = spend.limit is not None and spend.limit.amount > 0
        percent = spend.percent if has_limit else None
        if spend.is_used_up:
            percent = max(percent or 0, 100)
        elif percent is not None:
            # 9,996 of 10,000 rounds to 100%, but something is left.
            percent = min(percent, 99.9)
        return None if percent is None else UsageWindow(SPEND, None, percent, None)

    @property
    def all_windows(self) -> tuple[UsageWindow, ...]:
        """Return the session, the week and the others, or else the spend limit."""
        fixed = (self.session, self.weekly, self.spend_limit)
        return (*(window for window in fixed if window), *self.windows)

    def with_identities(self, identities: Mapping[Identity, Identity]) -> Usage:
        """Return the usage in which some windows have another identity, but their own name.

        A window keeps its identity if another window already has the one that would
        replace it.
        """
        if not identities:
            return self
        windows = {window.identity: window for window in self.windows}
        for window in self.windows:
            identity = identities.get(window.identity)
            if identity is not None and identity not in windows:
                windows[identity] = replace(window, identity=identity)
                windows[window.identity] = windows[identity]
        shown = (windows[window.identity] for window in self.windows)
        return replace(self, windows=tuple(shown))


def parse_usage(body: object) -> Usage:
    """Return the usage from a body. Invalid parts are ignored."""
    body = members_of(body)
    members = {key: value for key, value in body.items() if isinstance(value, dict)}
    pool_members = {key: value for key, value in members.items() if not is_window(key)}
    pools = [*islice(parse_pools(pool_members), MAX_POOLS + 1)]
    windows, truncated = parse_windows(members, body.get("limits"))
    session, weekly = windows.pop(SESSION, None), windows.pop(WEEKLY, None)
    others = tuple(windows.values())
    return Usage(
        session=session,
        weekly=weekly,
        windows=others[:MAX_LIMITS],
        spend=parse_spend(body),
        pools=tuple(pools[:MAX_POOLS]),
        saved_resets=parse_saved_resets(body),
        truncated=truncated or len(pools) > MAX_POOLS or len(others) > MAX_LIMITS,
    )


def renamed(before: Usage, after: Usage) -> dict[Identity, Identity]:
    """Return the old identities of renamed models by their new ones, where it is certain.

    | Before | After, with the same kind and reset | Renamed |
    | --- | --- | --- |
    | Fable 40% | Fable 5.2 40% or more | yes |
    | Fable 5.2 40% | Fable 5.3 or Fable, 40% or more | yes |
    | Fable 5.2 0% | Fable 5.3 | no: a new model also starts at 0% |
    | Fable 40% | Fable 5.2 less than 40% | no |
    | Fable 40% | Fable and Fable 5.2, or Fable 5.2 and Fable 5.3 | no |
    | Fable 40% | Fable Lite, or Fable 5.2 (Cowork) | no |
    | any, without a reset | any | no |
    """
    known = {window.identity for window in before.windows}
    kept = {window.identity for window in after.windows}
    pairs = [
        (old, new)
        for old in before.windows
        for new in after.windows
        if old.identity not in kept
        and new.identity not in known
        and _is_renamed(old, new)
    ]
    old_counts = Counter(old.identity for old, _ in pairs)
    new_counts = Counter(new.identity for _, new in pairs)
    return {
        new.identity: old.identity
        for old, new in pairs
        if old_counts[old.identity] == new_counts[new.identity] == 1
    }


def _is_renamed(old: UsageWindow, new: UsageWindow) -> bool:
    """Return whether two windows can be the same, except for the version in the name."""
    before, after = words_of(old.name or ""), words_of(new.name or "")
    model = without_version(before)
    return (
        old.kind == new.kind
        and old.resets_at is not None
        and old.resets_at == new.resets_at
        and old.percent <= new.percent
        and (before == model or old.percent > 0)
        and bool(model)
        and model == without_version(after)
    )
