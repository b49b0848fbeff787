"""Paid usage, credit pools and the prepaid balance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.money import (
    CreditPool,
    Money,
    Spend,
    parse_balance,
)
from custom_components.claude_pulse.claude_ai.usage import parse_usage
from custom_components.claude_pulse.claude_ai.windows import SPEND, UsageWindow

from . import BODIES


def amount(cents: Any, currency: Any = "EUR", exponent: Any = 2) -> dict[str, Any]:
    """Return an amount of `spend`."""
    return {"amount_minor": cents, "currency": currency, "exponent": exponent}


def euros(value: float) -> Money:
    """Return an amount in euros."""
    return Money(value, "EUR")


@pytest.mark.parametrize(
    ("spend", "expected"),
    [
        (
            {
                "used": amount(2382),
                "limit": amount(2400),
                "percent": 99.25,
                "enabled": True,
            },
            Spend(True, euros(23.82), euros(24.0), 99.2),
        ),
        # A missing percentage is computed.
        (
            {"used": amount(600), "limit": amount(2400)},
            Spend(False, euros(6.0), euros(24.0), 25),
        ),
        (
            {"used": amount(800), "limit": amount(2400), "percent": "5", "enabled": 1},
            Spend(False, euros(8.0), euros(24.0), 33.3),
        ),
        # There is no limit.
        (
            {"used": amount(0), "limit": None, "enabled": True},
            Spend(True, euros(0.0), None, None),
        ),
        ({"used": amount(1), "percent": 7}, Spend(False, euros(0.01), None, 7)),
        # Nothing is spent, and nothing can be.
        ({"used": amount(0), "limit": None}, None),
        ({"used": amount(-5)}, None),
        # Limits of one cent, zero and less.
        (
            {"used": amount(0), "limit": amount(1), "percent": 0},
            Spend(False, euros(0.0), euros(0.01), 0),
        ),
        ({"used": amount(5), "limit": amount(0), "enabled": True}, None),
        ({"used": amount(5), "limit": amount(-1), "enabled": True}, None),
        # Exponents from 0 to 6. The default is two.
        (
            {"used": amount(500, "JPY", 0)},
            Spend(False, Money(500.0, "JPY", 0), None, None),
        ),
        ({"used": amount(5, None, 6)}, Spend(False, Money(5e-6, None, 6), None, None)),
        ({"used": amount(5, "X", 7)}, Spend(False, Money(0.05, "X"), None, None)),
        ({"used": amount(5, "X", -1)}, Spend(False, Money(0.05, "X"), None, None)),
        ({"used": amount(5, " ", "3")}, Spend(False, Money(0.05, None), None, None)),
        ({"used": amount(5, "X", 1.9)}, Spend(False, Money(0.5, "X", 1), None, None)),
        ({"used": amount(1.5)}, Spend(False, euros(0.01), None, None)),
        # Invalid amounts.
        ({"used": amount(None)}, None),
        ({"used": amount(True)}, None),
        ({"used": "free"}, None),
        ({"limit": amount(2400), "enabled": True}, None),
        ([], None),
    ],
)
def test_spend(spend: Any, expected: Spend | None) -> None:
    """Amounts are in whole units of their currency."""
    assert parse_usage({"spend": spend}).spend == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (
            {"used_credits": 600, "monthly_limit": 2400, "currency": "EUR"},
            Spend(False, euros(6.0), euros(24.0), 25),
        ),
        (
            {
                "used_credits": 60,
                "monthly_limit": 240,
                "currency": "JPY",
                "decimal_places": 0,
                "utilization": 26,
                "is_enabled": True,
            },
            Spend(True, Money(60.0, "JPY", 0), Money(240.0, "JPY", 0), 26),
        ),
        (
            {"used_credits": 0, "is_enabled": True},
            Spend(True, Money(0.0, None), None, None),
        ),
        ({"used_credits": 0, "is_enabled": "yes"}, None),
        ({"used_credits": None, "is_enabled": False}, None),
        ({"used_credits": 0, "monthly_limit": 0}, None),
        ({"monthly_limit": 2400, "is_enabled": True}, None),
        ([], None),
    ],
)
def test_extra_usage(extra: Any, expected: Spend | None) -> None:
    """The older form is used if `spend` has no amounts."""
    for spend in (None, {"enabled": False, "percent": 0}):
        body = {"extra_usage": extra, "spend": spend}
        assert parse_usage(body).spend == expected
    body = {"extra_usage": extra, "spend": {"used": amount(1)}}
    assert parse_usage(body).spend == Spend(False, euros(0.01), None, None)


@pytest.mark.parametrize(
    ("name", "spend", "pools"),
    [
        ("untouched_model", None, []),
        ("paid_unlimited", Spend(True, euros(0.0), None, 0), []),
        (
            "paid_out_of_credits",
            Spend(False, euros(29.88), euros(30.0), 99.6, "out_of_credits", True),
            [("iguana_necktie", 45.0, 150.0)],
        ),
        ("spend_only", Spend(True, Money(19.99, "USD"), Money(80.0, "USD"), 25), []),
        ("code_names", None, [("iguana_necktie", 45.96, 200.0)]),
    ],
)
def test_money_of_a_body(
    name: str, spend: Spend | None, pools: list[tuple[str, float, float]]
) -> None:
    """The money of a whole body is paid usage and credit pools."""
    usage = parse_usage(BODIES[name])
    assert usage.spend == spend
    found = [(item.label, item.spent.amount, item.limit.amount) for item in usage.pools]
    assert found == pools


@pytest.mark.parametrize(
    ("pool", "spent", "limit"),
    [
        ({"limit_dollars": 1, "used_dollars": 0}, 0.0, 1.0),
        ({"limit_dollars": 0.5}, None, 0.5),
        ({"limit_dollars": 10, "used_dollars": None}, None, 10.0),
        ({"limit_dollars": 2, "used_dollars": "1"}, None, 2.0),
        ({"limit_dollars": -1, "used_dollars": 1}, None, None),
        ({"limit_dollars": 0, "used_dollars": 0}, None, None),
        ({"limit_dollars": None, "utilization": 0.0}, None, None),
        ({"limit_dollars": "5"}, None, None),
        ({"used_dollars": 1}, None, None),
        ([], None, None),
        (None, None, None),
    ],
)
def test_credit_pool(pool: Any, spent: float | None, limit: float | None) -> None:
    """A member with a limit in dollars is a pool, except a window or one without a name."""
    names = ("five_hour", "seven_day", "seven_day_x", "\u200b", "oak")
    pools = parse_usage(dict.fromkeys(names, pool)).pools
    if limit is None:
        assert pools == ()
    else:
        money, left = (
            (None, None)
            if spent is None
            else (Money(spent, "USD"), Money(limit - spent, "USD"))
        )
        assert pools == (CreditPool("oak", money, Money(limit, "USD"), left),)
        assert isinstance(pools[0].limit.amount, float)
        assert money is None or isinstance(pools[0].spent.amount, float)


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ({"balance": {"money": amount(5597)}, "amount": 1}, euros(55.97)),
        ({"balance": {"money": amount(500, None, 0)}}, Money(500.0, None, 0)),
        ({"balance": {"money": amount(None)}, "amount": 5}, Money(0.05, None)),
        ({"balance": {"money": None}, "amount": 5, "currency": "X"}, Money(0.05, "X")),
        ({"balance": [], "amount": 500}, Money(5.0, None)),
        ({"balance": None, "amount": 0, "currency": "EUR"}, euros(0.0)),
        # The older form always has two decimals.
        ({"amount": 500, "exponent": 0, "decimal_places": 0}, Money(5.0, None)),
        ({"amount": -250, "currency": "EUR"}, euros(-2.5)),
        ({"amount": None}, None),
        ([], None),
        (None, None),
    ],
)
def test_balance(body: Any, balance: Money | None) -> None:
    """The balance is in the newer or in the older form."""
    assert parse_balance(body) == balance


def extra(**members: Any) -> dict[str, Any]:
    """Return `extra_usage` with 18.30 of 24 euros."""
    return {
        "is_enabled": True,
        "monthly_limit": 2400,
        "used_credits": 1830.0,
        "utilization": 76.25,
        "currency": "EUR",
        "decimal_places": 2,
        "disabled_reason": None,
        "spend_limit_reached": False,
        **members,
    }


def spent(**members: Any) -> dict[str, Any]:
    """Return `spend` with 18.30 of 24 euros."""
    return {
        "used": amount(1830),
        "limit": amount(2400),
        "percent": 76,
        "enabled": True,
        "disabled_reason": None,
        **members,
    }


TRIMMED = {"enabled": False, "percent": 0}


@pytest.mark.parametrize(
    ("percent", "utilization", "expected"),
    [(76, 76.25, 76.2), (76, 75.6, 75.6), (76, 77.5, 76), (76.4, 76.25, 76.4)],
)
def test_decimals(percent: float, utilization: float, expected: float) -> None:
    """The percentage has the decimals that the older form has."""
    body = {
        "spend": spent(percent=percent),
        "extra_usage": extra(utilization=utilization),
    }
    assert parse_usage(body).spend.percent == expected


@pytest.mark.parametrize("spend", [None, TRIMMED, {"enabled": False}, []])
def test_only_the_older_form(spend: Any) -> None:
    """The older form has the same content."""
    found = parse_usage({"spend": spend, "extra_usage": extra()}).spend
    assert found == Spend(True, euros(18.3), euros(24.0), 76.2)
    # A trimmed percentage is no percentage.
    body = {"spend": spend, "extra_usage": extra(utilization=None)}
    assert parse_usage(body).spend.percent == 76.2


@pytest.mark.parametrize(
    ("modern", "older", "reason", "used_up"),
    [
        ({}, {}, None, False),
        ({"disabled_reason": "out_of_credits"}, {}, "out_of_credits", True),
        ({}, {"disabled_reason": "out_of_credits"}, "out_of_credits", True),
        ({}, {"spend_limit_reached": True}, None, True),
        ({"spend_limit_reached": True}, {}, None, True),
        ({}, {"spend_limit_reached": 1}, None, False),
        ({"percent": 99.9}, {}, None, False),
        # Rounded: 18.30 of 24 euros are spent.
        ({"percent": 100}, {}, None, False),
        ({"percent": 100, "used": amount(2399)}, {}, None, False),
        ({"percent": 100, "used": amount(2400)}, {}, None, True),
        ({"percent": 108}, {}, None, True),
        ({"percent": 100, "limit": None}, {}, None, False),
        ({"disabled_reason": "by_owner"}, {}, "by_owner", False),
        ({"disabled_reason": "x"}, {"disabled_reason": "y"}, "x", False),
        (
            {"disabled_reason": "x"},
            {"disabled_reason": "out_of_credits"},
            "out_of_credits",
            True,
        ),
        ({"disabled_reason": 5}, {"disabled_reason": " "}, None, False),
    ],
)
def test_used_up(
    modern: dict[str, Any], older: dict[str, Any], reason: str | None, used_up: bool
) -> None:
    """The limit or the credits are used up if either form says so."""
    body = {"spend": spent(**modern), "extra_usage": extra(**older)}
    found = parse_usage(body).spend
    assert (found.disabled_reason, found.is_used_up) == (reason, used_up)
    # The same without the other form.
    if not older:
        assert parse_usage({"spend": body["spend"]}).spend.is_used_up is used_up
    if not modern:
        for spend in (None, TRIMMED):
            body["spend"] = spend
            assert parse_usage(body).spend.is_used_up is used_up


OUT = {"disabled_reason": "out_of_credits"}
ZERO = {"used": amount(0), "limit": amount(0), "enabled": False, "percent": 0}
NOTHING = extra(
    is_enabled=False,
    monthly_limit=None,
    used_credits=None,
    utilization=None,
    currency=None,
    decimal_places=None,
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Nothing left is not the same as no paid usage.
        (
            {"spend": {**ZERO, **OUT}},
            Spend(False, euros(0.0), euros(0.0), 0, "out_of_credits", True),
        ),
        (
            {"spend": {**ZERO, "limit": None, **OUT}},
            Spend(False, euros(0.0), None, 0, "out_of_credits", True),
        ),
        (
            {"spend": {**TRIMMED, **OUT}},
            Spend(False, None, None, 0, "out_of_credits", True),
        ),
        (
            {"spend": TRIMMED, "extra_usage": {**NOTHING, **OUT}},
            Spend(False, None, None, 0, "out_of_credits", True),
        ),
        (
            {"extra_usage": {**NOTHING, **OUT}},
            Spend(False, None, None, None, "out_of_credits", True),
        ),
        (
            {"extra_usage": {**NOTHING, "used_credits": 0, "monthly_limit": 0, **OUT}},
            Spend(False, Money(0.0, None), Money(0.0, None), None, *OUT.values(), True),
        ),
        (
            {"extra_usage": {**NOTHING, "spend_limit_reached": True}},
            Spend(False, None, None, None, None, True),
        ),
        # A limit of zero with a reason is disabled.
        (
            {"spend": {**ZERO, "disabled_reason": "by_owner"}},
            Spend(False, euros(0.0), euros(0.0), 0, "by_owner"),
        ),
        # No paid usage.
        ({"spend": ZERO, "extra_usage": NOTHING}, None),
        ({"spend": TRIMMED, "extra_usage": NOTHING}, None),
        ({"spend": {**TRIMMED, "disabled_reason": "by_owner"}}, None),
        ({"extra_usage": {**NOTHING, "utilization": 100}}, None),
        ({"spend": {**ZERO, "percent": 100}}, None),
        ({"spend": ZERO, "extra_usage": {"spend_limit_reached": True}}, None),
    ],
)
def test_nothing_left(body: dict[str, Any], expected: Spend | None) -> None:
    """Out of credits is visible, whatever the amounts are."""
    assert parse_usage(body).spend == expected


@pytest.mark.parametrize(
    ("body", "percent"),
    [
        ({"spend": spent()}, 76),
        ({"extra_usage": extra()}, 76.2),
        ({"spend": TRIMMED, "extra_usage": extra(spend_limit_reached=True)}, 100),
        ({"spend": spent(percent=108)}, 108),
        ({"spend": {**spent(limit=None), **OUT}}, 100),
        ({"spend": {**ZERO, **OUT}}, 100),
        ({"spend": spent(limit=None)}, None),
        ({"spend": spent(), "five_hour": {"utilization": 0}}, None),
        ({"spend": spent(), "limits": [{"kind": "x", "percent": 0}]}, None),
    ],
)
def test_spend_limit(body: dict[str, Any], percent: float | None) -> None:
    """Without other limits, the spend limit is the limit of the account."""
    found = parse_usage(body)
    window = found.spend_limit
    assert (window and window.percent) == percent
    if window:
        assert found.all_windows == (UsageWindow(SPEND, None, percent, None),)


@pytest.mark.parametrize(
    ("pool", "used", "left", "limit"),
    [
        ({"used_dollars": 1.5, "remaining_dollars": 8.25}, 1.5, 8.25, 10.0),
        ({"used_dollars": 1.5}, 1.5, 8.5, 10.0),
        ({"remaining_dollars": 8.5}, 1.5, 8.5, 10.0),
        ({"remaining_dollars": 0}, 10.0, 0.0, 10.0),
        ({}, None, None, 10.0),
        # More than the limit, and more decimals than the currency has.
        ({"used_dollars": 12}, 12.0, 0.0, 10.0),
        ({"remaining_dollars": 12}, 0.0, 12.0, 10.0),
        ({"used_dollars": 3.333333, "limit_dollars": 9.999}, 3.33, 6.67, 10.0),
        ({"used_dollars": 0.1 + 0.2, "limit_dollars": 0.4}, 0.3, 0.1, 0.4),
    ],
)
def test_rest_of_a_pool(
    pool: dict[str, float], used: float | None, left: float | None, limit: float
) -> None:
    """Spent and remaining are computed from each other, in cents."""
    (found,) = parse_usage({"oak": {"limit_dollars": 10, **pool}}).pools
    amounts = (found.spent, found.remaining, found.limit)
    assert [money and money.amount for money in amounts] == [used, left, limit]
    assert {money.currency for money in amounts if money} == {"USD"}


@pytest.mark.parametrize(
    ("resets_at", "expires_at"),
    [
        ("2026-08-20T07:58:59.7Z", datetime(2026, 8, 20, 7, 59, tzinfo=UTC)),
        (None, None),
        ("soon", None),
    ],
)
def test_expiry_of_a_pool(resets_at: Any, expires_at: datetime | None) -> None:
    """The reset of a pool is its expiry."""
    (found,) = parse_usage({"oak": {"limit_dollars": 10, "resets_at": resets_at}}).pools
    assert found.expires_at == expires_at
