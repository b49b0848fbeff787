"""Windows and money of the usage body; the ten states are tested with the sensors."""

from __future__ import annotations

from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
import pytest

from custom_components.claude_pulse.claude_ai.usage import (
    CreditPool,
    Identity,
    Money,
    Spend,
    Usage,
    UsageWindow,
    parse_balance,
    parse_usage,
)

from . import json_values, spoiled_bodies

RESET = "2026-05-08T01:44:59.6+00:00"
RESETS_AT = datetime(2026, 5, 8, 1, 45, tzinfo=UTC)


def row(kind: str, percent: float, scope: Any = None, **members: Any) -> dict[str, Any]:
    """Return a row of `limits[]`."""
    return {"kind": kind, "percent": percent, "scope": scope, **members}


def windows(*rows: Any, **members: Any) -> list[tuple[str, str | None, float]]:
    """Return kind, name and percentage of the further windows of a body."""
    found = parse_usage({"limits": list(rows), **members}).windows
    return [(window.kind, window.name, window.percent) for window in found]


def test_a_window() -> None:
    """All that a row says is kept."""
    usage = parse_usage(
        {
            "limits": [
                row(
                    "weekly_scoped",
                    86.04,
                    {"model": {"id": None, "display_name": "Fable"}, "surface": None},
                    severity="warning",
                    is_active=True,
                    resets_at=RESET,
                )
            ]
        }
    )
    assert usage.windows == (
        UsageWindow(Identity("weekly_scoped", "fable"), "Fable", 86, RESETS_AT),
    )
    assert isinstance(usage.windows[0].percent, int)


@pytest.mark.parametrize(
    ("scope", "name"),
    [
        ({"model": {"display_name": "Fable"}, "surface": None}, "Fable"),
        ({"model": None, "surface": {"display_name": "Cowork"}}, "Cowork"),
        ({"model": {"display_name": ""}, "surface": "Cowork"}, "Cowork"),
        ({"model": "Fable"}, "Fable"),
        ("Fable", "Fable"),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_scope(scope: Any, name: str | None) -> None:
    """A scoped row is named after its model, else its surface, in any of its shapes."""
    assert windows(row("weekly_scoped", 5, scope)) == [("weekly_scoped", name, 5)]


def test_further_windows() -> None:
    """Unknown kinds are kept; each window counts once; named ones fill the gaps."""
    named = {"utilization": 12.25, "resets_at": RESET}
    assert windows(
        row("session", 1),
        row("weekly_all", 2),
        row("weekly_scoped", 3, "Fable"),
        row("weekly_scoped", 4, "fable"),
        row("weekly_scoped", 5, "All models"),
        row("monthly_all", 6),
        row("weekly_scoped", 12, "Opus"),
        seven_day_opus=named,
        seven_day_oauth_apps=named,
        seven_day_cowork=None,
        seven_day_sonnet={"utilization": None, "resets_at": RESET},
        seven_day_breakdown={"rows": []},
        nimbus_quill=named,
    ) == [
        ("weekly_scoped", "Fable", 3),
        ("weekly_scoped", "fable", 4),
        ("monthly_all", None, 6),
        ("weekly_scoped", "Opus", 12.2),
        ("weekly_scoped", "Oauth apps", 12.2),
    ]


EUR = {"currency": "EUR", "exponent": 2}


@pytest.mark.parametrize(
    ("body", "spend"),
    [
        # Minor units are not dollars.
        (
            {
                "spend": {
                    "used": {"amount_minor": 2382, **EUR},
                    "limit": {"amount_minor": 2400, **EUR},
                    "percent": 99.25,
                    "enabled": True,
                }
            },
            Spend(True, Money(23.82, "EUR"), Money(24.0, "EUR"), 99.2),
        ),
        # A null limit is unlimited.
        (
            {
                "spend": {
                    "used": {"amount_minor": 0, **EUR},
                    "limit": None,
                    "enabled": True,
                }
            },
            Spend(True, Money(0.0, "EUR"), None, None),
        ),
        # Neither enabled, nor ever used, nor limited: the account has none.
        ({"spend": {"used": {"amount_minor": 0, **EUR}, "limit": None}}, None),
        # A limit of zero is no pool.
        (
            {
                "spend": {
                    "used": {"amount_minor": 0, **EUR},
                    "limit": {"amount_minor": 0, **EUR},
                }
            },
            None,
        ),
        # A currency without decimals.
        (
            {
                "spend": {
                    "used": {"amount_minor": 500, "currency": "JPY", "exponent": 0}
                }
            },
            Spend(False, Money(500.0, "JPY", 0), None, None),
        ),
        # The trimmed form says nothing; the older one stands.
        (
            {
                "spend": {"enabled": False, "percent": 0},
                "extra_usage": {
                    "is_enabled": True,
                    "monthly_limit": 500,
                    "used_credits": 123.0,
                    "utilization": 24.6,
                    "currency": "USD",
                },
            },
            Spend(True, Money(1.23, "USD"), Money(5.0, "USD"), 24.6),
        ),
        (
            {"extra_usage": {"used_credits": 5, "currency": None, "decimal_places": 1}},
            Spend(False, Money(0.5, None, 1), None, None),
        ),
        ({"extra_usage": {"is_enabled": False, "used_credits": None}}, None),
        ({"extra_usage": {"used_credits": 0, "monthly_limit": 0}}, None),
        ({"spend": None, "extra_usage": []}, None),
        ({"spend": {"used": "free"}}, None),
        # An exponent that no currency has.
        (
            {"spend": {"used": {"amount_minor": 100, "exponent": 400}}},
            Spend(False, Money(1.0, None), None, None),
        ),
    ],
)
def test_money(body: dict[str, Any], spend: Spend | None) -> None:
    """Amounts come out in whole units of their currency."""
    assert parse_usage(body).spend == spend


USD, EUROS = "USD", "EUR"


@pytest.mark.parametrize(
    ("name", "windows_of_it", "spend", "pools"),
    [
        ("older", [], None, []),
        ("not_started", [], None, []),
        ("no_limits", [], None, []),
        ("untouched_model", [("Quill", 0, False)], None, []),
        (
            "paid_unlimited",
            [("Sonnet", 3, True)],
            Spend(True, Money(0.0, EUROS), None, 0),
            [],
        ),
        (
            "paid_out_of_credits",
            [("Quill", 91, True)],
            Spend(False, Money(29.88, EUROS), Money(30.0, EUROS), 100),
            [("iguana_necktie", 45.0, 150.0)],
        ),
        (
            "spend_only",
            [],
            Spend(True, Money(19.99, USD), Money(80.0, USD), 25),
            [],
        ),
        (
            "scoped_far_above_weekly",
            [
                ("Fable", 72, False),
                ("Cowork", 5, True),
                ("Plain text", 6, True),
                (None, 7, True),
                ("Sonnet", 12, False),
            ],
            None,
            [],
        ),
        ("code_names", [], None, [("iguana_necktie", 45.96, 200.0)]),
    ],
)
def test_whole_bodies(
    name: str,
    windows_of_it: list[tuple[str | None, float, bool]],
    spend: Spend | None,
    pools: list[tuple[str, float, float]],
) -> None:
    """What a careful reader finds in a body beside the session and the week."""
    path = Path(__file__).parents[1] / "fixtures" / "usage" / f"{name}.json"
    usage = parse_usage(json.loads(path.read_text())["body"])
    found = [(w.name, w.percent, w.resets_at is not None) for w in usage.windows]
    assert found == windows_of_it
    assert usage.spend == spend
    assert [(p.label, p.spent.amount, p.limit.amount) for p in usage.pools] == pools


def test_credit_pools() -> None:
    """Code-named members with a limit in dollars are pools, without one they are nothing."""
    usage = parse_usage(
        {
            "five_hour": {"utilization": 1, "limit_dollars": 5},
            "iguana_necktie": {
                "utilization": 22.98,
                "resets_at": RESET,
                "limit_dollars": 200,
                "used_dollars": 45.96,
            },
            "cedar_ember": {"limit_dollars": 10, "used_dollars": None},
            "nimbus_quill": {"utilization": 0.0, "limit_dollars": None},
            "amber_gauge": {"limit_dollars": 0, "used_dollars": 0},
            "cinder_cove": None,
        }
    )
    assert usage.pools == (
        CreditPool("iguana_necktie", Money(45.96, "USD"), Money(200.0, "USD")),
        CreditPool("cedar_ember", None, Money(10.0, "USD")),
    )


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        (
            {"amount": 1, "balance": {"money": {"amount_minor": 500, "exponent": 0}}},
            Money(500.0, None, 0),
        ),
        ({"amount": 5597, "currency": "EUR"}, Money(55.97, "EUR")),
        ({"amount": 0, "currency": "EUR", "balance": None}, Money(0.0, "EUR")),
        ({"amount": None}, None),
        ([], None),
    ],
)
def test_balance(body: Any, balance: Money | None) -> None:
    """The balance in whole units of its currency."""
    assert parse_balance(body) == balance


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 400])
def test_numbers_that_are_none(number: str) -> None:
    """What no percentage can be is no window."""
    body = json.loads(f'{{"five_hour": {{"utilization": {number}}}}}')
    assert parse_usage(body) == Usage()


@pytest.mark.parametrize("body", [None, [], "usage", 5])
def test_no_object(body: Any) -> None:
    """Another root says nothing."""
    assert parse_usage(body) == Usage()


@given(body=json_values | spoiled_bodies())
@settings(max_examples=500, deadline=None)
def test_any_json_in_any_place(body: Any) -> None:
    """No value in any place of a body raises, and what comes out can be compared."""
    assert parse_usage(body) == parse_usage(body)
