"""Usage windows and money, as `/usage` tells them. Pure.

Any member of the body can be missing, null or of another type, and new ones
appear every month: nothing here raises on a shape. Percentages are rounded to
what a person reads and reset times to the minute, so that two bodies that say the
same compare equal although claude.ai's timestamps jitter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

KIND_SESSION = "session"
KIND_WEEKLY = "weekly_all"
KIND_WEEKLY_SCOPED = "weekly_scoped"

# The identities of the two windows that most accounts have.
SESSION = (KIND_SESSION, "")
WEEKLY = (KIND_WEEKLY, "")

# The older form: members of the body that are windows, or start the name of one.
_FIVE_HOUR = "five_hour"
_SEVEN_DAY = "seven_day"
_SEVEN_DAY_PREFIX = "seven_day_"

# Seconds since 1970 beyond this (the year 2286) are meant as milliseconds.
_EPOCH_LIMIT = 1e10

# No percentage, amount or time is larger; infinities and NaN fail this too.
_NUMBER_LIMIT = 1e15


@dataclass(frozen=True, slots=True)
class UsageWindow:
    """One limit over a span of time.

    `percent` is 0 to 100 (a moment's overshoot is kept), whole numbers as int,
    others with one decimal. `resets_at` is an aware UTC time on a whole minute,
    or None for a window that has not started. `name` is the model or surface
    that the limit is about, in the server's words.
    """

    kind: str
    name: str | None
    percent: int | float
    resets_at: datetime | None
    severity: str | None = None
    is_active: bool = False

    @property
    def identity(self) -> tuple[str, str]:
        """Return what two readings of one window have in common."""
        return (self.kind, (self.name or "").casefold())


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole units of its currency (`23.82`, not cents)."""

    amount: float
    currency: str | None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Spend:
    """Paid usage beyond the plan.

    A `limit` of None is unlimited. `percent` is the share of the limit, computed
    where the server does not say it.
    """

    enabled: bool
    used: Money
    limit: Money | None
    percent: int | float | None


@dataclass(frozen=True, slots=True)
class CreditPool:
    """A pool of dollars under a code name, such as a promotion's."""

    label: str
    used: Money | None
    limit: Money
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer of `/usage` says.

    `session` and `weekly` are None when the account has no such limit, which
    is another thing than 0 %. `windows` are all the others, in the server's
    order. `spend` is None when the account has no paid usage.
    """

    session: UsageWindow | None = None
    weekly: UsageWindow | None = None
    windows: tuple[UsageWindow, ...] = ()
    spend: Spend | None = None
    pools: tuple[CreditPool, ...] = ()

    def window(self, identity: tuple[str, str]) -> UsageWindow | None:
        """Return the window of an identity, if the account has it now."""
        for window in (self.session, self.weekly, *self.windows):
            if window and window.identity == identity:
                return window
        return None


def parse_usage(body: object) -> Usage:
    """Read the body of `/usage`; what cannot be read is left out."""
    if not isinstance(body, Mapping):
        return Usage()
    windows: dict[tuple[str, str], UsageWindow] = {}
    for row in _rows(body.get("limits")):
        windows.setdefault(row.identity, row)
    for named in _named_windows(body):
        row = windows.setdefault(named.identity, named)
        windows[named.identity] = _with_decimals(row, named)
    return Usage(
        session=windows.pop(SESSION, None),
        weekly=windows.pop(WEEKLY, None),
        windows=tuple(windows.values()),
        spend=_spend(body.get("spend")) or _extra_usage(body.get("extra_usage")),
        pools=tuple(_pools(body)),
    )


def _rows(limits: object) -> Iterator[UsageWindow]:
    """Read the modern form: the rows of `limits[]`."""
    for row in limits if isinstance(limits, list) else []:
        if not isinstance(row, Mapping) or (kind := _text(row.get("kind"))) is None:
            continue
        if (percent := _rounded(row.get("percent"))) is None:
            continue
        name = None if kind in (KIND_SESSION, KIND_WEEKLY) else _name(row.get("scope"))
        if name is not None and name.casefold() == "all models":
            kind, name = KIND_WEEKLY, None
        yield UsageWindow(
            kind=kind,
            name=name,
            percent=percent,
            resets_at=_time(row.get("resets_at")),
            severity=_text(row.get("severity")),
            is_active=row.get("is_active") is True,
        )


def _named_windows(body: Mapping[str, Any]) -> Iterator[UsageWindow]:
    """Read the older form: each window under a name of its own."""
    for key, value in body.items():
        if not isinstance(value, Mapping):
            continue
        if (percent := _rounded(value.get("utilization"))) is None:
            continue
        resets_at = _time(value.get("resets_at"))
        if key == _FIVE_HOUR:
            yield UsageWindow(KIND_SESSION, None, percent, resets_at)
        elif key == _SEVEN_DAY:
            yield UsageWindow(KIND_WEEKLY, None, percent, resets_at)
        elif key.startswith(_SEVEN_DAY_PREFIX):
            name = key.removeprefix(_SEVEN_DAY_PREFIX).replace("_", " ").capitalize()
            yield UsageWindow(KIND_WEEKLY_SCOPED, name, percent, resets_at)


def _with_decimals(row: UsageWindow, named: UsageWindow) -> UsageWindow:
    """Give a row the decimals that only its older form carries; else the two agree."""
    if isinstance(row.percent, int) and 0 < abs(named.percent - row.percent) < 1:
        return replace(row, percent=named.percent)
    return row


def _name(scope: object) -> str | None:
    """Name what a row is about; the scope and its parts may be plain texts."""
    if not isinstance(scope, Mapping):
        return _text(scope)
    for part in (scope.get("model"), scope.get("surface")):
        value = part.get("display_name") if isinstance(part, Mapping) else part
        if name := _text(value):
            return name
    return None


def _spend(value: object) -> Spend | None:
    """Read `spend`, unless it is the trimmed form that says nothing."""
    if not isinstance(value, Mapping) or (used := _money(value.get("used"))) is None:
        return None
    return _pool_or_none(
        Spend(
            enabled=value.get("enabled") is True,
            used=used,
            limit=_money(value.get("limit")),
            percent=_rounded(value.get("percent")),
        )
    )


def _extra_usage(value: object) -> Spend | None:
    """Read `extra_usage`, the older form: minor units beside their currency."""
    if not isinstance(value, Mapping):
        return None
    currency, decimals = value.get("currency"), value.get("decimal_places")
    used = _minor_units(value.get("used_credits"), currency, decimals)
    if used is None:
        return None
    return _pool_or_none(
        Spend(
            enabled=value.get("is_enabled") is True,
            used=used,
            limit=_minor_units(value.get("monthly_limit"), currency, decimals),
            percent=_rounded(value.get("utilization")),
        )
    )


def _pool_or_none(spend: Spend) -> Spend | None:
    """Drop what is none: a limit of zero, of which nothing is a share, or no use at all."""
    if spend.limit is not None:
        if spend.limit.amount <= 0:
            return None
        if spend.percent is None:
            share = spend.used.amount / spend.limit.amount * 100
            return replace(spend, percent=_rounded(share))
        return spend
    return spend if spend.enabled or spend.used.amount > 0 else None


def parse_balance(body: object) -> Money | None:
    """Read the balance out of `/prepaid/credits`; None for anything else."""
    if not isinstance(body, Mapping):
        return None
    balance = body.get("balance")
    money = _money(balance.get("money")) if isinstance(balance, Mapping) else None
    return money or _minor_units(body.get("amount"), body.get("currency"), None)


def _pools(body: Mapping[str, Any]) -> Iterator[CreditPool]:
    """Yield the code-named dollar pools; one without a limit above 0 is nothing."""
    for label, value in body.items():
        if label in (_FIVE_HOUR, _SEVEN_DAY) or not isinstance(value, Mapping):
            continue
        limit = _number(value.get("limit_dollars"))
        if limit is None or limit <= 0:
            continue
        used = _number(value.get("used_dollars"))
        yield CreditPool(
            label=label,
            used=None if used is None else Money(float(used), "USD"),
            limit=Money(float(limit), "USD"),
            resets_at=_time(value.get("resets_at")),
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
    number = _number(amount)
    if number is None:
        return None
    places = _number(decimals)
    exponent = int(places) if places is not None and 0 <= places <= 6 else 2
    return Money(round(number / 10**exponent, exponent), _text(currency), exponent)


def _rounded(value: object) -> int | float | None:
    """Return a number as a person reads it: whole, or with one decimal."""
    number = _number(value)
    if number is None:
        return None
    rounded = round(float(number), 1)
    return int(rounded) if rounded.is_integer() else rounded


def _number(value: object) -> int | float | None:
    """Return a finite number; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < _NUMBER_LIMIT else None


def _time(value: object) -> datetime | None:
    """Read a timestamp (ISO 8601 or epoch) and round it to the nearest minute, in UTC.

    claude.ai's jitter from one answer to the next, across the minute's boundary.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = moment.timestamp()
    elif (number := _number(value)) is not None:
        seconds = number / 1000 if number > _EPOCH_LIMIT else number
    else:
        return None
    if not 0 < seconds < _EPOCH_LIMIT:
        return None
    return datetime.fromtimestamp(round(seconds / 60) * 60, UTC)


def _text(value: object) -> str | None:
    """Return a text with something in it, or None."""
    return value.strip() or None if isinstance(value, str) else None
