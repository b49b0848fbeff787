"""Windows and money of the usage body; the ten states are tested with the sensors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
            "\u200b": {"limit_dollars": 10},
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


def scoped(percent: float | None, name: str, **members: Any) -> dict[str, Any]:
    """Return a row about a model."""
    scope = {"model": {"display_name": name}}
    return {"kind": "weekly_scoped", "percent": percent, "scope": scope, **members}


def identities(*rows: Any, **members: Any) -> dict[Identity, float]:
    """Return the percentage of the further windows by identity."""
    found = parse_usage({"limits": list(rows), **members}).windows
    return {window.identity: window.percent for window in found}


def test_rows_and_named_members_complete_each_other() -> None:
    """Whichever place knows a member of a window, it is known."""
    usage = parse_usage(
        {
            "limits": [
                {"kind": "session", "percent": 31, "resets_at": None},
                {"kind": "weekly_all", "percent": None, "resets_at": RESET},
                scoped(12, "Opus 4"),
            ],
            "five_hour": {"utilization": 31.4, "resets_at": RESET},
            "seven_day": {"utilization": 77, "resets_at": None},
            "seven_day_opus": {"utilization": 12, "resets_at": RESET},
        }
    )
    assert usage.session
    assert (usage.session.percent, usage.session.resets_at) == (31.4, RESETS_AT)
    assert usage.weekly
    assert (usage.weekly.percent, usage.weekly.resets_at) == (77, RESETS_AT)
    (opus,) = usage.windows
    assert (opus.name, opus.percent, opus.resets_at) == ("Opus 4", 12, RESETS_AT)


def test_rows_of_the_session_are_one() -> None:
    """There is one session and one week, however often they are told."""
    usage = parse_usage(
        {"limits": [row("session", 5), row("session", 6, resets_at=RESET)]}
    )
    assert usage.session
    assert (usage.session.percent, usage.session.resets_at) == (5, RESETS_AT)
    assert usage.windows == ()


@pytest.mark.parametrize(
    "name", ["Fable 1", "fable-1", "FABLE_1", "Fable  1", "Ｆable 1"]
)
def test_one_window_over_time(name: str) -> None:
    """Case, punctuation and the width of letters make no other window."""
    assert identities(scoped(5, name)) == {Identity("weekly_scoped", "fable 1"): 5}


@pytest.mark.parametrize("turned", [False, True])
def test_two_rows_are_two_windows(turned: bool) -> None:
    """Each keeps its number, whatever the order in the answer."""
    rows = [scoped(1, "Fable 1"), scoped(2, "Fable-1")]
    found = identities(*(reversed(rows) if turned else rows))
    assert found == {
        Identity("weekly_scoped", "fable 1", 1): 1,
        Identity("weekly_scoped", "fable 1", 2): 2,
    }


def test_row_without_a_percentage_is_no_further_window() -> None:
    """It completes the one that has one, and is nothing by itself."""
    rows = (scoped(None, "Fable", resets_at=RESET), scoped(7, "Fable"))
    (window,) = parse_usage({"limits": list(rows)}).windows
    assert (window.identity.number, window.percent) == (1, 7)
    assert window.resets_at == RESETS_AT
    assert identities(scoped(None, "Fable")) == {}


def test_names_without_letters() -> None:
    """Signs tell windows apart where there is nothing else."""
    assert set(identities(scoped(1, "🚀"), scoped(2, "🌙"), scoped(3, "北京"))) == {
        Identity("weekly_scoped", "🚀"),
        Identity("weekly_scoped", "🌙"),
        Identity("weekly_scoped", "北京"),
    }


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        # The family is the one model of it that is listed.
        ([scoped(12, "Opus 4")], {"opus 4": 12.2}),
        ([scoped(12, "Opus")], {"opus": 12.2}),
        # Of two it can be either.
        (
            [scoped(12, "Opus 4"), scoped(30, "Opus 4.1")],
            {"opus 4": 12, "opus 4 1": 30},
        ),
        # Another name that begins alike.
        ([scoped(12, "Opusculum")], {"opusculum": 12, "opus": 12.2}),
        ([], {"opus": 12.2}),
    ],
)
def test_family_of_models(rows: list[Any], found: dict[str, float]) -> None:
    """`seven_day_opus` is the row `Opus 4`, where that is the only one."""
    named = {"utilization": 12.2, "resets_at": RESET}
    shown = identities(*rows, seven_day_opus=named)
    assert {identity.name: percent for identity, percent in shown.items()} == found


def test_over() -> None:
    """A reset that has passed ends a window, once it had its time to show."""
    window = UsageWindow(Identity("session"), None, 97, RESETS_AT)
    assert not window.is_over(RESETS_AT)
    assert not window.is_over(RESETS_AT + timedelta(seconds=59))
    assert window.is_over(RESETS_AT + timedelta(seconds=60))
    assert not UsageWindow(Identity("session"), None, 0, None).is_over(RESETS_AT)


def test_row_without_a_percentage_of_another_spelling_says_nothing() -> None:
    """It completes nobody: which of those that are alike it is about is not told."""
    rows = [
        scoped(None, "Fable 1", resets_at="2026-05-09T00:00:00Z"),
        scoped(50, "Fable-1", resets_at=RESET),
    ]
    (window,) = parse_usage({"limits": rows}).windows
    assert (window.name, window.percent) == ("Fable-1", 50)
    assert window.resets_at == RESETS_AT
