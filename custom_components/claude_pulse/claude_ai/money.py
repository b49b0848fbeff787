"""Parse amounts of money: paid usage, credit pools and the prepaid balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .values import members_of, number_of, rounded, text_of


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole units of its currency (`23.82`, not cents)."""

    amount: float
    currency: str | None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Spend:
    """Paid usage beyond the plan.

    `limit` is None if it is unlimited. `percent` is the spent share of the limit,
    computed if claude.ai does not send it. `disabled_reason` is the reason that claude.ai
    gives, for example `out_of_credits`. `is_used_up` is True if nothing more can be spent
    because the limit is reached or the credits are used up.
    """

    enabled: bool
    spent: Money
    limit: Money | None
    percent: int | float | None
    disabled_reason: str | None = None
    is_used_up: bool = False


@dataclass(frozen=True, slots=True)
class CreditPool:
    """A pool of US dollars under a code name, for example of a promotion.

    `spent` and `remaining` are computed from each other if only one of them is sent. After
    `expires_at`, the pool can no longer be used.
    """

    label: str
    spent: Money | None
    limit: Money
    remaining: Money | None = None
    expires_at: datetime | None = None


def parse_balance(body: object) -> Money | None:
    """Return the balance from `/prepaid/credits`, or None."""
    members = members_of(body)
    money = _money(members_of(members.get("balance")).get("money"))
    return money or _minor_units(members.get("amount"), members.get("currency"), None)


def parse_spend(body: Mapping[str, Any]) -> Spend | None:
    """Return the paid usage from a usage body, or None if the account has none.

    `extra_usage` is the older form. It is used if `spend` is missing or has no amounts.
    """
    spend = members_of(body.get("spend"))
    extra = members_of(body.get("extra_usage"))
    unit = extra.get("currency"), extra.get("decimal_places")
    return _spend(
        spend.get("enabled"),
        _money(spend.get("used")),
        _money(spend.get("limit")),
        spend.get("percent"),
    ) or _spend(
        extra.get("is_enabled"),
        _minor_units(extra.get("used_credits"), *unit),
        _minor_units(extra.get("monthly_limit"), *unit),
        extra.get("utilization"),
    )


def _spend(
    enabled: object, spent: Money | None, limit: Money | None, percent: object
) -> Spend | None:
    """Return paid usage, or None if nothing is spent and nothing can be.

    A limit of zero is no paid usage, even if something was spent.
    """
    if spent is None or (limit and limit.amount <= 0):
        return None
    share = rounded(percent)
    if limit and share is None:
        share = rounded(spent.amount / limit.amount * 100)
    spend = Spend(enabled is True, spent, limit, share)
    return spend if limit or spend.enabled or spent.amount > 0 else None


def parse_pools(members: Mapping[str, Mapping[str, Any]]) -> Iterator[CreditPool]:
    """Yield the credit pools: the members that have a limit in dollars above 0."""
    for key, value in members.items():
        label, limit = text_of(key), number_of(value.get("limit_dollars"))
        if label and limit and limit > 0:
            spent = number_of(value.get("used_dollars"))
            yield CreditPool(
                label=label,
                spent=None if spent is None else Money(float(spent), "USD"),
                limit=Money(float(limit), "USD"),
            )


def _money(value: object) -> Money | None:
    """Return the amount of `{"amount_minor": …, "currency": …, "exponent": …}`."""
    members = members_of(value)
    return _minor_units(
        members.get("amount_minor"), members.get("currency"), members.get("exponent")
    )


def _minor_units(amount: object, currency: object, decimals: object) -> Money | None:
    """Convert minor units, such as cents, to an amount. The default is two decimals."""
    number = number_of(amount)
    if number is None:
        return None
    places = number_of(decimals, 0, 6)
    exponent = 2 if places is None else int(places)
    return Money(round(number / 10**exponent, exponent), text_of(currency), exponent)
