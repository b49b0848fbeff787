"""Parse usage limits from `/usage`.

Every member of the body can be missing, null or of another type, and new ones appear
every month, so parsing never raises. The timestamps of claude.ai vary between answers;
percentages and reset times are rounded so that answers with the same content are equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
import re
from typing import Any, NamedTuple
import unicodedata

from .money import CreditPool, Spend, parse_pools, parse_spend
from .saved_resets import SavedResets, parse_saved_resets
from .values import items_of, members_of, minute_of, rounded, text_of

KIND_SESSION = "session"
KIND_WEEKLY = "weekly_all"
KIND_WEEKLY_SCOPED = "weekly_scoped"
# Not a kind of the server: those are normalized and have no hyphen.
KIND_SPEND = "extra-usage"
KIND_SAVED_RESETS = "saved-resets"

_FIXED_KINDS = (KIND_SESSION, KIND_WEEKLY)

# The older form: named members of the body.
_FIXED_MEMBERS = {"five_hour": KIND_SESSION, "seven_day": KIND_WEEKLY}
_SCOPED_PREFIX = "seven_day_"

_WORDS = re.compile(r"[^\W_]+")

# No known account has more. The session and weekly limits are not counted.
MAX_LIMITS = 24
MAX_POOLS = 24
_MAX_ROWS = MAX_LIMITS + len(_FIXED_KINDS)

# Old values count as current until this long after the reset.
_RESET_DELAY = timedelta(minutes=1)


class Identity(NamedTuple):
    """Identifies a window across answers.

    `kind` and `name` come from the server, without case and punctuation. `name` is empty
    if the window is for the whole account. `number` distinguishes windows of one answer
    that have the same kind and name.
    """

    kind: str
    name: str = ""
    number: int = 1


SESSION = Identity(KIND_SESSION)
WEEKLY = Identity(KIND_WEEKLY)
SPEND = Identity(KIND_SPEND)
# Not a limit, but a subject of events like one.
SAVED_RESETS = Identity(KIND_SAVED_RESETS)


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """A usage limit for a period of time.

    `name` is the display name of the limited model or surface, or None. `percent` is 0
    to 100 and can exceed 100 for a moment; it is a float only if it has a decimal.
    `resets_at` is in UTC on a whole minute, or None if the window has not started.
    """

    identity: Identity
    name: str | None
    percent: int | float
    resets_at: datetime | None

    @property
    def kind(self) -> str:
        """Return the kind of limit."""
        return self.identity.kind

    def is_over(self, now: datetime) -> bool:
        """Return whether the reset has passed, so that the values are outdated."""
        return self.resets_at is not None and now - self.resets_at >= _RESET_DELAY


@dataclass(frozen=True, slots=True)
class Usage:
    """The content of one answer to `/usage`.

    `session` and `weekly` are None if the account has no such limit, which is not the
    same as 0%. `windows` are the other limits in the server's order. `spend` is None if
    the account has no paid usage. `saved_resets` is None if they are unknown. `truncated` is
    True if the answer had more than MAX_LIMITS limits or MAX_POOLS pools.
    """

    session: UsageWindow | None = None
    weekly: UsageWindow | None = None
    windows: tuple[UsageWindow, ...] = ()
    spend: Spend | None = None
    pools: tuple[CreditPool, ...] = ()
    saved_resets: SavedResets | None = None
    truncated: bool = False

    @property
    def spend_limit(self) -> UsageWindow | None:
        """Return the spend limit of a seat that pays by spend: it has no other limit."""
        spend = self.spend
        if self.session or self.weekly or self.windows or spend is None:
            return None
        percent = spend.percent if spend.limit else None
        if spend.is_used_up:
            percent = max(percent or 0, 100)
        return None if percent is None else UsageWindow(SPEND, None, percent, None)

    @property
    def all_windows(self) -> tuple[UsageWindow, ...]:
        """Return the session, the week and the others, or else the spend limit."""
        fixed = (self.session, self.weekly, self.spend_limit)
        return (*(window for window in fixed if window), *self.windows)


def parse_usage(body: object) -> Usage:
    """Return the usage from a body. Invalid parts are ignored."""
    body = members_of(body)
    members = {key: value for key, value in body.items() if isinstance(value, dict)}
    pool_members = {key: value for key, value in members.items() if not _is_window(key)}
    # One more than the maximum is read, to detect a truncated answer at low cost.
    rows = [*islice(_listed_rows(body.get("limits")), _MAX_ROWS + 1)]
    named = [*islice(_named_rows(members), _MAX_ROWS + 1)]
    pools = [*islice(parse_pools(pool_members), MAX_POOLS + 1)]
    windows = {
        identity: UsageWindow(identity, row.name, row.percent, row.resets_at)
        for identity, row in _merged(rows[:_MAX_ROWS], named[:_MAX_ROWS]).items()
        if row.percent is not None
    }
    session, weekly = windows.pop(SESSION, None), windows.pop(WEEKLY, None)
    others = tuple(windows.values())
    return Usage(
        session=session,
        weekly=weekly,
        windows=others[:MAX_LIMITS],
        spend=parse_spend(body),
        pools=tuple(pools[:MAX_POOLS]),
        saved_resets=parse_saved_resets(body),
        truncated=max(len(rows), len(named)) > _MAX_ROWS
        or len(pools) > MAX_POOLS
        or len(others) > MAX_LIMITS,
    )


class _Row(NamedTuple):
    """The values of a window in one place of the body."""

    kind: str
    name: str | None
    percent: int | float | None
    resets_at: datetime | None

    @property
    def spelling(self) -> tuple[str, str]:
        """Return kind and name as claude.ai spells them."""
        return self.kind, self.name or ""

    @property
    def identity(self) -> Identity:
        """Return the identity with number 1."""
        return _identity_of(*self.spelling)

    def completed_by(self, other: _Row) -> _Row:
        """Return the row with missing values, or the decimals, from another row."""
        percent = self.percent if self.percent is not None else other.percent
        if (
            isinstance(percent, int)
            and other.percent is not None
            and 0 < abs(other.percent - percent) < 1
        ):
            percent = other.percent
        return self._replace(
            percent=percent, resets_at=self.resets_at or other.resets_at
        )


@lru_cache(maxsize=100)
def _identity_of(kind: str, name: str) -> Identity:
    """Return the identity of a kind and a name, without case and punctuation."""
    return Identity("_".join(_words(kind)) or kind, " ".join(_words(name)) or name)


def _words(text: str) -> list[str]:
    """Return the words of a text in a form that ignores case and width."""
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def _listed_rows(limits: object) -> Iterator[_Row]:
    """Yield the rows of `limits[]`, session and week first."""
    rows = [row for row in items_of(limits) if isinstance(row, dict)]
    for row in sorted(rows, key=lambda row: row.get("kind") not in _FIXED_KINDS):
        if (kind := text_of(row.get("kind"))) is None:
            continue
        name = None if kind in _FIXED_KINDS else _scope_name(row.get("scope"))
        if name is not None and name.casefold() == "all models":
            kind, name = KIND_WEEKLY, None
        yield _Row(
            kind, name, rounded(row.get("percent")), minute_of(row.get("resets_at"))
        )


def _scope_name(scope: object) -> str | None:
    """Return the name of a scope: that of its model, or else of its surface."""
    if not isinstance(scope, Mapping):
        return text_of(scope)
    return _display_name(scope.get("model")) or _display_name(scope.get("surface"))


def _display_name(part: object) -> str | None:
    """Return the name of a model or a surface, which can also be plain text."""
    return text_of(part.get("display_name") if isinstance(part, Mapping) else part)


def _is_window(key: str) -> bool:
    """Return whether a member of the body is a window."""
    return key in _FIXED_MEMBERS or key.startswith(_SCOPED_PREFIX)


def _named_rows(members: Mapping[str, Mapping[str, Any]]) -> Iterator[_Row]:
    """Yield the windows that are named members of the body, session and week first."""
    keys = filter(_is_window, members)
    for key in sorted(keys, key=lambda key: key not in _FIXED_MEMBERS):
        value = members[key]
        if (percent := rounded(value.get("utilization"))) is None:
            continue
        name = None
        if key not in _FIXED_MEMBERS:
            words = key.removeprefix(_SCOPED_PREFIX).replace("_", " ")
            name = text_of(words.capitalize())
        kind = _FIXED_MEMBERS.get(key, KIND_WEEKLY_SCOPED)
        yield _Row(kind, name, percent, minute_of(value.get("resets_at")))


def _merged(rows: Sequence[_Row], named: Sequence[_Row]) -> dict[Identity, _Row]:
    """Return one row for each window. The rows of `limits[]` take precedence."""
    merged = _identified(rows)
    for member in named:
        same = _rows_of(member, merged)
        if not same:
            merged[member.identity] = member
        elif len(same) == 1:
            merged[same[0]] = merged[same[0]].completed_by(member)
    return merged


def _identified(rows: Sequence[_Row]) -> dict[Identity, _Row]:
    """Return the rows of `limits[]` by identity, in the server's order.

    The session and the week exist once. Other rows with the same identity are windows
    of their own, numbered in the order of their spelling, so that the numbers do not
    depend on the order of the answer. A row without a percentage is not a window
    of its own: it completes the last row of the same spelling.
    """
    spellings: dict[Identity, list[tuple[str, str]]] = {}
    for row in sorted(rows, key=lambda row: row.spelling):
        if row.percent is not None and row.identity not in (SESSION, WEEKLY):
            spellings.setdefault(row.identity, []).append(row.spelling)
    counts: Counter[tuple[str, str]] = Counter()
    identified: dict[Identity, _Row] = {}
    for row in rows:
        identity = row.identity
        if numbered := spellings.get(identity):
            count = numbered.count(row.spelling)
            if not count:
                continue
            if row.percent is not None:
                counts[row.spelling] += 1
                count = counts[row.spelling]
            number = numbered.index(row.spelling) + count
            identity = identity._replace(number=number)
        known = identified.get(identity)
        identified[identity] = known.completed_by(row) if known else row
    return identified


def _rows_of(named: _Row, rows: Mapping[Identity, _Row]) -> list[Identity]:
    """Return the identities of the rows that a named member describes.

    `seven_day_opus` describes the row `Opus 4`.
    """
    wanted = named.identity
    same = [key for key in rows if key[:2] == wanted[:2]]
    if same or not wanted.name:
        return same
    versions = f"{wanted.name} "
    return [
        key for key in rows if key.kind == wanted.kind and key.name.startswith(versions)
    ]
