"""Parse limits from a usage body: the rows of `limits[]` and the older named members."""

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

from .values import items_of, minute_of, rounded, text_of, with_decimals

KIND_SESSION = "session"
KIND_WEEKLY = "weekly_all"
KIND_WEEKLY_SCOPED = "weekly_scoped"
# Our own kinds. They have a hyphen, which no normalized kind from the server has.
KIND_SPEND = "extra-usage"
KIND_SAVED_RESETS = "saved-resets"
KIND_ACCOUNT = "the-account"

_FIXED_KINDS = (KIND_SESSION, KIND_WEEKLY)

# The older form: named members of the body.
_FIXED_MEMBERS = {"five_hour": KIND_SESSION, "seven_day": KIND_WEEKLY}
_SCOPED_PREFIX = "seven_day_"

# claude.ai can send a model's weekly limit again under this name: as a member, as a kind, or as
# the name of a row.
_OVERAGE = "Overage included"

_WORDS = re.compile(r"[^\W_]+")
_VERSION = re.compile(r"v?\d\w*")

# No known account has more. The session and weekly limits are not counted.
MAX_LIMITS = 24
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


def identity_of(stored: object) -> Identity | None:
    """Return an identity that was stored as a JSON list, or None."""
    match stored:
        case [str(kind), str(name), int(number), *_]:
            return Identity(kind, name, number)
    return None


SESSION = Identity(KIND_SESSION)
WEEKLY = Identity(KIND_WEEKLY)
SPEND = Identity(KIND_SPEND)
# These are not limits, but they have events like limits.
SAVED_RESETS = Identity(KIND_SAVED_RESETS)
ACCOUNT = Identity(KIND_ACCOUNT)


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """A usage limit for a period of time.

    `name` is the display name of the limited model or surface, or None. `percent` is 0
    to 100 and can exceed 100 for a moment; it is a float only if it has a decimal.
    `resets_at` is in UTC on a whole minute, or None if claude.ai sends
    none: the window has not started, or its reset time is unknown.
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


def parse_windows(
    members: Mapping[str, Mapping[str, Any]], limits: object
) -> tuple[dict[Identity, UsageWindow], bool]:
    """Return the windows of a usage body, and whether there are more than are read.

    `members` are the members of the body that are objects, and `limits` is its list.
    """
    # One more than the maximum is read, to detect a truncated answer at low cost.
    rows = [*islice(_listed_rows(limits), _MAX_ROWS + 1)]
    named = [*islice(_named_rows(members), _MAX_ROWS + 1)]
    windows = {
        identity: UsageWindow(identity, row.name, row.percent, row.resets_at)
        for identity, row in _merged(rows[:_MAX_ROWS], named[:_MAX_ROWS]).items()
        if row.percent is not None
    }
    return windows, max(len(rows), len(named)) > _MAX_ROWS


def is_window(key: str) -> bool:
    """Return whether a member of the body is a window."""
    return key in _FIXED_MEMBERS or key.startswith(_SCOPED_PREFIX)


class _Row(NamedTuple):
    """The values of a window in one place of the body."""

    kind: str
    name: str | None
    percent: int | float | None
    resets_at: datetime | None
    is_overage: bool = False

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
        percent = other.percent
        if self.percent is not None:
            percent = with_decimals(self.percent, other.percent)
        return self._replace(
            percent=percent, resets_at=self.resets_at or other.resets_at
        )

    def repeats(self, other: _Row) -> bool:
        """Return whether the row repeats the other one, a model's weekly limit."""
        return (
            other.identity.kind == KIND_WEEKLY_SCOPED
            and other.name is not None
            and self.resets_at == other.resets_at
            and self.percent is not None
            and other.percent is not None
            and abs(self.percent - other.percent) < 1
        )


@lru_cache(maxsize=100)
def _identity_of(kind: str, name: str) -> Identity:
    """Return the identity of a kind and a name, without case and punctuation."""
    return Identity("_".join(words_of(kind)) or kind, " ".join(words_of(name)) or name)


def words_of(text: str) -> list[str]:
    """Return the words of a text in a form that ignores case and width."""
    return _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())


def without_version(words: list[str]) -> list[str]:
    """Return the words of a model's name without those of its version."""
    return words[:1] + [word for word in words[1:] if not _VERSION.fullmatch(word)]


def _listed_rows(limits: object) -> Iterator[_Row]:
    """Yield the rows of `limits[]`, session and week first."""
    rows = [row for row in items_of(limits) if isinstance(row, dict)]
    for row in sorted(rows, key=lambda row: row.get("kind") not in _FIXED_KINDS):
        if (kind := text_of(row.get("kind"))) is None:
            continue
        name = None if kind in _FIXED_KINDS else _scope_name(row.get("scope"))
        if name is not None and name.casefold() == "all models":
            kind, name = KIND_WEEKLY, None
        percent, resets_at = (
            rounded(row.get("percent")),
            minute_of(row.get("resets_at")),
        )
        if is_overage := _is_overage(kind) or _is_overage(name):
            kind = KIND_WEEKLY_SCOPED
            name = _OVERAGE if name is None or _is_overage(name) else name
        yield _Row(kind, name, percent, resets_at, is_overage)


@lru_cache(maxsize=64)
def _is_overage(text: str | None) -> bool:
    """Return whether a kind or a name is that of a model's limit under another name."""
    words = "_".join(words_of(text or ""))
    return words.removeprefix(_SCOPED_PREFIX) == "overage_included"


def _scope_name(scope: object) -> str | None:
    """Return the name of a scope: that of its model, its surface, or both."""
    if not isinstance(scope, Mapping):
        return text_of(scope)
    model, surface = map(_display_name, (scope.get("model"), scope.get("surface")))
    return text_of(f"{model} ({surface})") if model and surface else model or surface


def _display_name(part: object) -> str | None:
    """Return the name of a model or a surface, which can also be plain text."""
    return text_of(part.get("display_name") if isinstance(part, Mapping) else part)


def _named_rows(members: Mapping[str, Mapping[str, Any]]) -> Iterator[_Row]:
    """Yield the windows that are named members of the body, session and week first."""
    keys = filter(is_window, members)
    for key in sorted(keys, key=lambda key: key not in _FIXED_MEMBERS):
        value = members[key]
        if (percent := rounded(value.get("utilization"))) is None:
            continue
        name = None
        if key not in _FIXED_MEMBERS:
            words = key.removeprefix(_SCOPED_PREFIX).replace("_", " ")
            name = text_of(words.capitalize())
        kind = _FIXED_MEMBERS.get(key, KIND_WEEKLY_SCOPED)
        resets_at = minute_of(value.get("resets_at"))
        yield _Row(kind, name, percent, resets_at, _is_overage(name))


def _merged(rows: Sequence[_Row], named: Sequence[_Row]) -> dict[Identity, _Row]:
    """Return one row for each window. The rows of `limits[]` take precedence."""
    models = [row for row in (*rows, *named) if not row.is_overage]

    def is_own(row: _Row) -> bool:
        """Return whether a row does not repeat a model's limit."""
        return not (row.is_overage and any(map(row.repeats, models)))

    merged = _identified([*filter(is_own, rows)])
    for member in filter(is_own, named):
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
    return [
        key
        for key in rows
        if key.kind == wanted.kind
        and " ".join(without_version(key.name.split())) == wanted.name
    ]
