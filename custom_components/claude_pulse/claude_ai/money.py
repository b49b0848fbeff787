"""Parse amounts of money: paid usage, credit pools and the prepaid balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from .values import (
    members_of,
    minute_of,
    number_of,
    rounded,
    text_of,
    with_decimals,
)

_OUT_OF_CREDITS = "out_of_credits"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole units of its currency (`23.82`, not cents)."""

    amount: float
    currency: str | None
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Spend:
    """Paid usage beyond the plan.

    `spent` is None if claude.ai only says that nothing more can be spent. `limit` is None
    if it is unlimited, and zero only if there is a `disabled_reason`. `percent` is the
    spent share of the limit, computed if claude.ai does not send it. `disabled_reason` is
    the reason that claude.ai gives, for example `out_of_credits`. `is_used_up` is True if
    nothing more can be spent because the limit is reached or the credits are used up.
    """

    enabled: bool
    spent: Money | None
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


class _Form(NamedTuple):
    """Paid usage in one of its two forms: `spend`, or the older `extra_usage`."""

    enabled: bool
    spent: Money | None
    limit: Money | None
    percent: int | float | None

    @property
    def has_limit(self) -> bool:
        """Return whether there is a limit above zero."""
        return self.limit is not None and self.limit.amount > 0

    @property
    def is_zero(self) -> bool:
        """Return whether the limit is zero, so that nothing can be spent."""
        return self.limit is not None and not self.has_limit

    @property
    def is_paid_usage(self) -> bool:
        """Return whether something is or can be spent."""
        if self.spent is None or self.is_zero:
            return False
        return self.has_limit or self.enabled or self.spent.amount > 0

    @property
    def share(self) -> int | float | None:
        """Return the spent share of the limit as it was sent, or else computed."""
        if self.percent is None and self.spent and self.limit and self.has_limit:
            return rounded(self.spent.amount / self.limit.amount * 100)
        return self.percent


def parse_spend(body: Mapping[str, Any]) -> Spend | None:
    """Return the paid usage from a usage body, or None if the account has none.

    The amounts are those of `spend`, or else of `extra_usage`, the older form. What one
    form says about a reached limit is valid for both.

    | Limit | Spent | Paid usage |
    | --- | --- | --- |
    | above zero | known | yes |
    | none | above zero, or enabled | yes |
    | none | otherwise | if the credits or the limit are used up |
    | zero | known | if there is a `disabled_reason` |
    """
    spend, extra = members_of(body.get("spend")), members_of(body.get("extra_usage"))
    unit = extra.get("currency"), extra.get("decimal_places")
    modern = _Form(
        spend.get("enabled") is True,
        _money(spend.get("used")),
        _money(spend.get("limit")),
        rounded(spend.get("percent")),
    )
    older = _Form(
        extra.get("is_enabled") is True,
        _minor_units(extra.get("used_credits"), *unit),
        _minor_units(extra.get("monthly_limit"), *unit),
        rounded(extra.get("utilization")),
    )
    # The form that says most. The first one is preferred.
    form, other = sorted(
        (modern, older), key=lambda form: (not form.is_paid_usage, form.spent is None)
    )
    percent = form.share
    if percent is not None:
        percent = with_decimals(percent, other.share)
    reasons = [text_of(part.get("disabled_reason")) for part in (spend, extra)]
    # The reason that matters most to a user, or else the first one.
    reasons.sort(key=lambda reason: (reason != _OUT_OF_CREDITS, reason is None))
    reason = reasons[0]
    is_reached = any(part.get("spend_limit_reached") is True for part in (spend, extra))
    if form.has_limit and percent is not None and percent >= 100:
        # A percentage of 100 can be rounded.
        is_below = form.spent and form.limit and form.spent.amount < form.limit.amount
        is_reached = is_reached or percent > 100 or not is_below
    is_used_up = reason == _OUT_OF_CREDITS or (is_reached and not form.is_zero)
    is_disabled = form.is_zero and form.spent is not None and reason is not None
    if not (form.is_paid_usage or is_used_up or is_disabled):
        return None
    return Spend(form.enabled, form.spent, form.limit, percent, reason, is_used_up)


def parse_pools(members: Mapping[str, Mapping[str, Any]]) -> Iterator[CreditPool]:
    """Yield the credit pools: the members that have a limit in dollars above 0."""
    for key, value in members.items():
        label, limit = text_of(key), _dollars(value.get("limit_dollars"))
        if label and limit and limit.amount > 0:
            spent = _dollars(value.get("used_dollars"))
            remaining = _dollars(value.get("remaining_dollars"))
            yield CreditPool(
                label=label,
                spent=spent or _difference(limit, remaining),
                limit=limit,
                remaining=remaining or _difference(limit, spent),
                expires_at=minute_of(value.get("resets_at")),
            )


def _dollars(value: object) -> Money | None:
    """Return an amount of US dollars, rounded to cents."""
    number = number_of(value)
    return None if number is None else Money(round(float(number), 2), "USD")


def _difference(limit: Money, amount: Money | None) -> Money | None:
    """Return the part of a limit that an amount leaves, at least zero."""
    if amount is None:
        return None
    left = max(limit.amount - amount.amount, 0.0)
    return replace(limit, amount=round(left, limit.decimals))


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
