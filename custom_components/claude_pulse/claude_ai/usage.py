"""Usage windows and money, as `/usage` tells them. Pure.

Any member of the body can be missing, null or of another type, and new ones
appear every month: nothing here raises on a shape. Percentages are rounded to
what a person reads and reset times to the minute, so that two bodies that say the
same compare equal although claude.ai's timestamps jitter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
import re
from typing import Any, NamedTuple, TypeVar
import unicodedata

from .values import minute_of, number_of, rounded, text_of

KIND_SESSION = "session"
KIND_WEEKLY = "weekly_all"
KIND_WEEKLY_SCOPED = "weekly_scoped"

_FIXED = (KIND_SESSION, KIND_WEEKLY)

# The older form: members of the body that are windows, or start the name of one.
_FIVE_HOUR = "five_hour"
_SEVEN_DAY = "seven_day"
_SEVEN_DAY_PREFIX = "seven_day_"

_T = TypeVar("_T")

_WORDS = re.compile(r"[^\W_]+")

# No known account has more. The session and weekly limits are not counted.
MAX_LIMITS = 24
MAX_POOLS = 24

# What a reset is given to show in an answer before the window is called over.
_RESET_TAKES = timedelta(minutes=1)


class Identity(NamedTuple):
    """What two readings of one window have in common.

    `kind` and `name` are the server's, without what case and punctuation change;
    `name` is empty for a window of the whole account. Of several rows in one
    answer that nothing else tells apart, `number` counts.
    """

    kind: str
    name: str = ""
    number: int = 1


# The two windows that most accounts have.
SESSION = Identity(KIND_SESSION)
WEEKLY = Identity(KIND_WEEKLY)


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """One limit over a span of time.

    `name` is the model or surface that the limit is about, in the server's words.
    `percent` is 0 to 100 (a moment's overshoot is kept), whole numbers as int,
    others with one decimal. `resets_at` is an aware UTC time on a whole minute,
    or None for a window that has not started.
    """

    identity: Identity
    name: str | None
    percent: int | float
    resets_at: datetime | None

    @property
    def kind(self) -> str:
        """Return what sort of limit it is."""
        return self.identity.kind

    def is_over(self, now: datetime) -> bool:
        """Tell whether its reset has passed, whatever is still served."""
        return self.resets_at is not None and now - self.resets_at >= _RESET_TAKES


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole units of its currency (`23.82`, not cents)."""

    amount: float
    currency: str | None
    decimals: int = 2

    @property
    def unit(self) -> tuple[str | None, int]:
        """Return what amounts that can be compared have in common."""
        return self.currency, self.decimals


@dataclass(frozen=True, slots=True)
class Spend:
    """Paid usage beyond the plan.

    A `limit` of None is unlimited. `percent` is the share of the limit, computed
    where the server does not say it.
    """

    enabled: bool
    spent: Money
    limit: Money | None
    percent: int | float | None


@dataclass(frozen=True, slots=True)
class CreditPool:
    """A pool of dollars under a code name, such as a promotion's."""

    label: str
    spent: Money | None
    limit: Money


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer of `/usage` says.

    `session` and `weekly` are None when the account has no such limit, which
    is another thing than 0 %. `windows` are all the others, in the server's
    order, each with an identity of its own. `spend` is None when the account has
    no paid usage. `truncated` is True if the answer had more than MAX_LIMITS
    limits or MAX_POOLS pools.
    """

    session: UsageWindow | None = None
    weekly: UsageWindow | None = None
    windows: tuple[UsageWindow, ...] = ()
    spend: Spend | None = None
    pools: tuple[CreditPool, ...] = ()
    truncated: bool = False

    @property
    def all_windows(self) -> tuple[UsageWindow, ...]:
        """Return the session, the week and all others, as far as the account has them."""
        fixed = (window for window in (self.session, self.weekly) if window)
        return (*fixed, *self.windows)


class _Row(NamedTuple):
    """A window as one place of the body tells it, which may be in part."""

    kind: str
    name: str | None
    percent: int | float | None
    resets_at: datetime | None

    @property
    def words(self) -> tuple[str, str]:
        """Return the server's words for it."""
        return (self.kind, self.name or "")

    @property
    def identity(self) -> Identity:
        """Return whose row it is, but for the number."""
        return Identity(
            kind="_".join(_words(self.kind)) or self.kind,
            name=" ".join(_words(self.name or "")) or self.name or "",
        )

    def completed_by(self, other: _Row) -> _Row:
        """Take what only the other place tells: a member, or the decimals."""
        percent = self.percent if self.percent is not None else other.percent
        # Elsewhere than in the decimals, which a row may lack, the two agree.
        if (
            isinstance(percent, int)
            and other.percent is not None
            and 0 < abs(other.percent - percent) < 1
        ):
            percent = other.percent
        return self._replace(
            percent=percent, resets_at=self.resets_at or other.resets_at
        )


def parse_usage(body: object) -> Usage:
    """Read the body of `/usage`; what cannot be read is left out."""
    if not isinstance(body, Mapping):
        return Usage()
    members = _members(body)
    rows, more_rows = _first(_rows(body.get("limits")), MAX_LIMITS + len(_FIXED))
    named, more_named = _first(_named_windows(members), MAX_LIMITS + len(_FIXED))
    pools, more_pools = _first(_pools(members), MAX_POOLS)
    limits = _identified(rows)
    for member in named:
        covered = _rows_of(member, limits)
        if not covered:
            limits[member.identity] = member
        elif len(covered) == 1:
            limits[covered[0]] = limits[covered[0]].completed_by(member)
    windows = {
        identity: UsageWindow(identity, row.name, row.percent, row.resets_at)
        for identity, row in limits.items()
        if row.percent is not None
    }
    session, weekly = windows.pop(SESSION, None), windows.pop(WEEKLY, None)
    others = tuple(windows.values())
    return Usage(
        session=session,
        weekly=weekly,
        windows=others[:MAX_LIMITS],
        spend=_spend(body.get("spend")) or _extra_usage(body.get("extra_usage")),
        pools=tuple(pools),
        truncated=more_rows or more_named or more_pools or len(others) > MAX_LIMITS,
    )


def _first(items: Iterator[_T], most: int) -> tuple[list[_T], bool]:
    """Return the first of some items, and whether there are more.

    Only one more item is read, so a long answer costs little.
    """
    first = list(islice(items, most))
    return first, next(items, None) is not None


def _is_window(key: str) -> bool:
    """Tell whether a member of the body is a window by its name."""
    return key in (_FIVE_HOUR, _SEVEN_DAY) or key.startswith(_SEVEN_DAY_PREFIX)


def _members(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are objects, session and week first."""
    fixed = {key: body.get(key) for key in (_FIVE_HOUR, _SEVEN_DAY)}
    members = {**fixed, **body}
    return {key: value for key, value in members.items() if isinstance(value, dict)}


def _rows(limits: object) -> Iterator[_Row]:
    """Read the modern form: the rows of `limits[]`, session and week first."""
    listed = limits if isinstance(limits, list) else []
    rows = [row for row in listed if isinstance(row, dict)]
    for row in sorted(rows, key=lambda row: row.get("kind") not in _FIXED):
        if (kind := text_of(row.get("kind"))) is None:
            continue
        name = None if kind in _FIXED else _name(row.get("scope"))
        if name is not None and name.casefold() == "all models":
            kind, name = KIND_WEEKLY, None
        yield _Row(
            kind, name, rounded(row.get("percent")), minute_of(row.get("resets_at"))
        )


def _named_windows(members: Mapping[str, Any]) -> Iterator[_Row]:
    """Read the older form: each window under a name of its own."""
    for key, value in members.items():
        if (percent := rounded(value.get("utilization"))) is None:
            continue
        resets_at = minute_of(value.get("resets_at"))
        if key == _FIVE_HOUR:
            yield _Row(KIND_SESSION, None, percent, resets_at)
        elif key == _SEVEN_DAY:
            yield _Row(KIND_WEEKLY, None, percent, resets_at)
        elif key.startswith(_SEVEN_DAY_PREFIX):
            name = key.removeprefix(_SEVEN_DAY_PREFIX).replace("_", " ").capitalize()
            yield _Row(KIND_WEEKLY_SCOPED, text_of(name), percent, resets_at)


def _identified(rows: Sequence[_Row]) -> dict[Identity, _Row]:
    """Give each row its identity, in the server's order.

    There is one session and one week. Of others with one identity each is a window,
    numbered by their exact names: their order in the answer matters only to rows that
    are spelled alike.
    """
    numbers: Counter[Identity] = Counter()
    places: dict[tuple[str, str], Identity] = {}
    identities: dict[int, Identity] = {}
    # Those without a percentage last: they are no windows, but can complete one.
    order = sorted(
        range(len(rows)),
        key=lambda place: (rows[place].percent is None, rows[place].words),
    )
    for place in order:
        row = rows[place]
        identity = row.identity
        if row.percent is None:
            alike = places.get(row.words)
            if alike is None and numbers[identity]:
                continue
            identity = alike or identity
        elif identity not in (SESSION, WEEKLY):
            numbers[identity] += 1
            identity = identity._replace(number=numbers[identity])
        identities[place] = places[row.words] = identity
    identified: dict[Identity, _Row] = {}
    for place, identity in sorted(identities.items()):
        known = identified.get(identity)
        identified[identity] = known.completed_by(rows[place]) if known else rows[place]
    return identified


def _rows_of(named: _Row, rows: Mapping[Identity, _Row]) -> list[Identity]:
    """Return the rows that are what a named member is: `Opus 4` is `seven_day_opus`."""
    wanted = named.identity
    same = [key for key in rows if key[:2] == wanted[:2]]
    if same or not wanted.name:
        return same
    versions = f"{wanted.name} "
    return [
        key for key in rows if key.kind == wanted.kind and key.name.startswith(versions)
    ]


@lru_cache(maxsize=100)
def _words(text: str) -> tuple[str, ...]:
    """Return the words of a text, whatever their case and what stands between them."""
    return tuple(_WORDS.findall(unicodedata.normalize("NFKC", text).casefold()))


def _name(scope: object) -> str | None:
    """Name what a row is about; the scope and its parts may be plain texts."""
    if not isinstance(scope, Mapping):
        return text_of(scope)
    for part in (scope.get("model"), scope.get("surface")):
        value = part.get("display_name") if isinstance(part, Mapping) else part
        if name := text_of(value):
            return name
    return None


def _spend(value: object) -> Spend | None:
    """Read `spend`, unless it is the trimmed form that says nothing."""
    if not isinstance(value, Mapping) or (spent := _money(value.get("used"))) is None:
        return None
    return _if_any(
        Spend(
            enabled=value.get("enabled") is True,
            spent=spent,
            limit=_money(value.get("limit")),
            percent=rounded(value.get("percent")),
        )
    )


def _extra_usage(value: object) -> Spend | None:
    """Read `extra_usage`, the older form: minor units beside their currency."""
    if not isinstance(value, Mapping):
        return None
    currency, decimals = value.get("currency"), value.get("decimal_places")
    spent = _minor_units(value.get("used_credits"), currency, decimals)
    if spent is None:
        return None
    return _if_any(
        Spend(
            enabled=value.get("is_enabled") is True,
            spent=spent,
            limit=_minor_units(value.get("monthly_limit"), currency, decimals),
            percent=rounded(value.get("utilization")),
        )
    )


def _if_any(spend: Spend) -> Spend | None:
    """Drop what is none: a limit of zero, of which nothing is a share, or no use at all."""
    if spend.limit is not None:
        if spend.limit.amount <= 0:
            return None
        if spend.percent is None:
            share = spend.spent.amount / spend.limit.amount * 100
            return replace(spend, percent=rounded(share))
        return spend
    return spend if spend.enabled or spend.spent.amount > 0 else None


def parse_balance(body: object) -> Money | None:
    """Read the balance out of `/prepaid/credits`; None for anything else."""
    if not isinstance(body, Mapping):
        return None
    balance = body.get("balance")
    money = _money(balance.get("money")) if isinstance(balance, Mapping) else None
    return money or _minor_units(body.get("amount"), body.get("currency"), None)


def _pools(members: Mapping[str, Any]) -> Iterator[CreditPool]:
    """Yield the code-named dollar pools; one without a limit above 0 is nothing."""
    for key, value in members.items():
        limit = number_of(value.get("limit_dollars"))
        if limit is None or limit <= 0 or _is_window(key):
            continue
        if (label := text_of(key)) is None:
            continue
        spent = number_of(value.get("used_dollars"))
        yield CreditPool(
            label=label,
            spent=None if spent is None else Money(float(spent), "USD"),
            limit=Money(float(limit), "USD"),
        )


def _money(value: object) -> Money | None:
    """Read `{"amount_minor": …, "currency": …, "exponent": …}`."""
    if not isinstance(value, Mapping):
        return None
    return _minor_units(
        value.get("amount_minor"), value.get("currency"), value.get("exponent")
    )


def _minor_units(amount: object, currency: object, decimals: object) -> Money | None:
    """Turn minor units (cents) into an amount of the currency; two decimals by default."""
    number = number_of(amount)
    if number is None:
        return None
    places = number_of(decimals)
    exponent = int(places) if places is not None and 0 <= places <= 6 else 2
    return Money(round(number / 10**exponent, exponent), text_of(currency), exponent)
