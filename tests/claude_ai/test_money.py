"""Paid usage, credit pools and the prepaid balance."""

from __future__ import annotations

from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.money import (
    CreditPool,
    Money,
    Spend,
    parse_balance,
)
from custom_components.claude_pulse.claude_ai.usage import parse_usage

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
            Spend(False, euros(29.88), euros(30.0), 100),
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
    assert usage.pools == tuple(
        CreditPool(label, Money(spent, "USD"), Money(limit, "USD"))
        for label, spent, limit in pools
    )


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
        money = None if spent is None else Money(spent, "USD")
        assert pools == (CreditPool("oak", money, Money(limit, "USD")),)
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
