"""Which rows and members of a usage body are one window, and what each window is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.usage import (
    SESSION,
    WEEKLY,
    Identity,
    Money,
    Spend,
    Usage,
    UsageWindow,
    parse_balance,
    parse_usage,
)

RESET = "2026-05-08T01:45:00+00:00"
RESETS_AT = datetime(2026, 5, 8, 1, 45, tzinfo=UTC)
LATER = "2026-05-08T02:45:00+00:00"
LATER_AT = datetime(2026, 5, 8, 2, 45, tzinfo=UTC)


def row(
    kind: Any, percent: Any = 5, scope: Any = None, resets_at: Any = None
) -> dict[str, Any]:
    """Return a row of `limits[]`."""
    return {"kind": kind, "percent": percent, "scope": scope, "resets_at": resets_at}


def identities(*rows: Any, **members: Any) -> dict[Identity, float]:
    """Return the percentages of all windows of a body by their identity."""
    found = parse_usage({"limits": list(rows), **members}).all_windows
    return {window.identity: window.percent for window in found}


def test_two_windows_that_most_have() -> None:
    """Session and week by rows or by members, each where it belongs."""
    by_rows = parse_usage(
        {
            "limits": [
                row("weekly_all", 77, resets_at=LATER),
                row("session", 31, resets_at=RESET),
            ]
        }
    )
    by_members = parse_usage(
        {
            "seven_day": {"utilization": 77, "resets_at": LATER},
            "five_hour": {"utilization": 31, "resets_at": RESET},
        }
    )
    assert by_rows == by_members
    session, weekly = by_rows.all_windows
    assert session == by_rows.session == UsageWindow(SESSION, None, 31, RESETS_AT)
    assert weekly == by_rows.weekly == UsageWindow(WEEKLY, None, 77, LATER_AT)
    assert (session.kind, weekly.kind) == ("session", "weekly_all")
    assert by_rows.windows == ()


def test_their_scope_does_not_matter() -> None:
    """Whatever stands there, there is one session and one week."""
    found = identities(
        row("session", 31, "Fable"), row("weekly_all", 77, {"model": "Fable"})
    )
    assert found == {SESSION: 31, WEEKLY: 77}


def test_all_windows() -> None:
    """As far as the account has them: the session, the week and the others."""
    week = UsageWindow(WEEKLY, None, 1, None)
    other = UsageWindow(Identity("monthly"), None, 2, None)
    assert Usage().all_windows == ()
    assert Usage(weekly=week, windows=(other,)).all_windows == (week, other)
    found = Usage(session=other, weekly=week).all_windows
    assert found == (other, week)


def test_when_a_window_is_over() -> None:
    """A minute after its reset, and never without one."""
    window = UsageWindow(SESSION, None, 31, RESETS_AT)
    second = timedelta(seconds=1)
    assert not window.is_over(RESETS_AT)
    assert not window.is_over(RESETS_AT + 59 * second)
    assert window.is_over(RESETS_AT + 60 * second)
    assert not UsageWindow(SESSION, None, 31, None).is_over(RESETS_AT)


@pytest.mark.parametrize(
    ("found", "identity", "name"),
    [
        (row("weekly_scoped", 5, "Fable"), Identity("weekly_scoped", "fable"), "Fable"),
        (
            row("weekly_scoped", 5, " FABLE  4.5-Turbo "),
            Identity("weekly_scoped", "fable 4 5 turbo"),
            "FABLE 4.5-Turbo",
        ),
        # The same letters in another width, and a sharp s.
        (
            row("weekly_scoped", 5, "Ｆａｂｌｅ groß"),
            Identity("weekly_scoped", "fable gross"),
            "Ｆａｂｌｅ groß",
        ),
        (row("Monthly-ALL"), Identity("monthly_all"), None),
        (row("daily__cap", 5, "a_b"), Identity("daily_cap", "a b"), "a_b"),
        # Where there is no word, the text itself tells it apart.
        (row("???", 5, "+++"), Identity("???", "+++"), "+++"),
        # All models are the week.
        (row("weekly_scoped", 5, "All models"), WEEKLY, None),
        (row("weekly_scoped", 5, "ALL MODELS"), WEEKLY, None),
        (row("other", 5, {"model": {"display_name": "all models"}}), WEEKLY, None),
        (row("x", 5, "Most models"), Identity("x", "most models"), "Most models"),
        # The model goes before the surface, a text before its name.
        (
            row("x", 5, {"model": {"display_name": "A"}, "surface": "B"}),
            Identity("x", "a"),
            "A",
        ),
        (
            row("x", 5, {"model": {"name": "A"}, "surface": "B"}),
            Identity("x", "b"),
            "B",
        ),
        (row("x", 5, {"surface": {"display_name": "B"}}), Identity("x", "b"), "B"),
    ],
)
def test_identity(found: Any, identity: Identity, name: str | None) -> None:
    """What neither case nor punctuation changes, and the server's own words."""
    (window,) = parse_usage({"limits": [found]}).all_windows
    assert window.identity == identity
    assert window.name == name


@pytest.mark.parametrize(
    "rows",
    [
        [row(None)],
        [row("")],
        [row(5)],
        [row("weekly_scoped", None, "Fable")],
        [row("weekly_scoped", "5", "Fable")],
        ["weekly_scoped"],
        [None, []],
    ],
)
def test_no_window(rows: list[Any]) -> None:
    """A row without a kind or without a percentage is none, and stops no other."""
    assert parse_usage({"limits": rows}) == Usage()
    assert identities(*rows, row("session", 31)) == {SESSION: 31}


@pytest.mark.parametrize("limits", [None, {}, "limits", {"kind": "session"}, 5])
def test_limits_that_are_no_list(limits: Any) -> None:
    """Then the members say what there is."""
    found = parse_usage({"limits": limits, "five_hour": {"utilization": 31}})
    assert found == Usage(session=UsageWindow(SESSION, None, 31, None))


def test_named_members() -> None:
    """The week of a model is a member too; what has no percentage is none."""
    found = parse_usage(
        {
            "seven_day_opus": {"utilization": 12, "resets_at": RESET},
            "seven_day_": {"utilization": 13},
            "seven_day_oauth_apps": {"utilization": 14},
            "seven_days": {"utilization": 15},
            "my_seven_day_x": {"utilization": 16},
            "monthly": {"utilization": 17},
            "seven_day_cowork": {"utilization": None},
            "seven_day_sonnet": 18,
            "five_hour": {"utilization": True},
            "seven_day": None,
        }
    )
    scoped = "weekly_scoped"
    assert found == Usage(
        windows=(
            UsageWindow(Identity(scoped, "opus"), "Opus", 12, RESETS_AT),
            UsageWindow(Identity(scoped), None, 13, None),
            UsageWindow(Identity(scoped, "oauth apps"), "Oauth apps", 14, None),
        )
    )


@pytest.mark.parametrize(
    ("listed", "member", "percent", "resets_at"),
    [
        # Only the decimals are the member's, and only where the two agree.
        ((31, RESET), (31.4, LATER), 31.4, RESETS_AT),
        ((31, RESET), (30.6, RESET), 30.6, RESETS_AT),
        ((31, RESET), (31.9, RESET), 31.9, RESETS_AT),
        ((31, RESET), (32, RESET), 31, RESETS_AT),
        ((31, RESET), (32.5, RESET), 31, RESETS_AT),
        ((31, RESET), (30, RESET), 31, RESETS_AT),
        ((31.2, RESET), (31.4, RESET), 31.2, RESETS_AT),
        # What the row does not tell is the member's.
        ((31, None), (31, RESET), 31, RESETS_AT),
        ((None, RESET), (12, LATER), 12, RESETS_AT),
        ((None, None), (12.5, LATER), 12.5, LATER_AT),
        ((31, RESET), (None, LATER), 31, RESETS_AT),
    ],
)
@pytest.mark.parametrize(
    ("kind", "scope", "name"),
    [
        ("session", None, "five_hour"),
        ("weekly_all", None, "seven_day"),
        ("weekly_scoped", "Opus", "seven_day_opus"),
        ("weekly_scoped", "Opus 4.5", "seven_day_opus"),
    ],
)
def test_row_and_member(
    listed: tuple[Any, Any],
    member: tuple[Any, Any],
    percent: float,
    resets_at: datetime,
    kind: str,
    scope: str | None,
    name: str,
) -> None:
    """Both tell of one window, the row first."""
    (window,) = parse_usage(
        {
            "limits": [row(kind, listed[0], scope, listed[1])],
            name: {"utilization": member[0], "resets_at": member[1]},
        }
    ).all_windows
    assert (window.percent, window.resets_at) == (percent, resets_at)
    assert type(window.percent) is type(percent)


def test_which_row_a_member_is() -> None:
    """That of the name or of one version of it; of several, none is to be completed."""
    member = {"seven_day_opus": {"utilization": 12.5}}
    scoped = "weekly_scoped"
    opus, version = Identity(scoped, "opus"), Identity(scoped, "opus 4")
    assert identities(row(scoped, 12, "Opus 4"), **member) == {version: 12.5}
    assert identities(
        row(scoped, 12, "Opus 4"), row(scoped, 12, "Opus 5"), **member
    ) == {version: 12, Identity(scoped, "opus 5"): 12}
    # The name itself goes before its versions.
    assert identities(row(scoped, 12, "Opus 4"), row(scoped, 12, "Opus"), **member) == {
        version: 12,
        opus: 12.5,
    }
    # Another name that begins alike, a name within, another kind.
    for other in ("Opusculum", "Claude Opus 4", "Magnum opus"):
        assert identities(row(scoped, 12, other), **member) == {
            Identity(scoped, other.casefold()): 12,
            opus: 12.5,
        }
    assert identities(row("daily", 12, "Opus 4"), **member) == {
        Identity("daily", "opus 4"): 12,
        opus: 12.5,
    }


def test_members_without_a_name() -> None:
    """A member of the whole account completes no row of a model."""
    found = identities(
        row("weekly_scoped", 3, "Fable"), seven_day_={"utilization": 13.5}
    )
    assert found == {
        Identity("weekly_scoped", "fable"): 3,
        Identity("weekly_scoped"): 13.5,
    }


def test_windows_alike() -> None:
    """They are numbered by their exact names, in whatever order they come."""
    rows = [
        row("weekly_scoped", 1, "FABLE"),
        row("weekly_scoped", 2, "Fable"),
        row("weekly_scoped", 3, "fable"),
        row("weekly_scoped", 4, "Quill"),
        row("Weekly-Scoped", 5, "fable"),
    ]
    expected = {
        Identity("weekly_scoped", "fable", 1): 5,
        Identity("weekly_scoped", "fable", 2): 1,
        Identity("weekly_scoped", "fable", 3): 2,
        Identity("weekly_scoped", "fable", 4): 3,
        Identity("weekly_scoped", "quill"): 4,
    }
    for order in permutations(rows):
        found = identities(*order)
        assert found == expected
        # The order shown is the server's.
        assert list(found.values()) == [item["percent"] for item in order]


def test_several_of_the_whole_account() -> None:
    """Of unknown kinds each is a window; session and week are one each."""
    assert identities(row("monthly", 1), row("monthly", 2), row("daily", 3)) == {
        Identity("monthly", number=1): 1,
        Identity("monthly", number=2): 2,
        Identity("daily"): 3,
    }
    found = parse_usage(
        {
            "limits": [
                row("session", 31),
                row("session", 99, resets_at=RESET),
                row("weekly_all", None, resets_at=RESET),
                row("weekly_scoped", 77, "all models"),
            ]
        }
    )
    assert found.session == UsageWindow(SESSION, None, 31, RESETS_AT)
    assert found.weekly == UsageWindow(WEEKLY, None, 77, RESETS_AT)
    assert found.windows == ()


def test_row_without_a_percentage_takes_no_number() -> None:
    """It is not a window yet, so that of the same name is the first."""
    found = identities(row("x", None, "Fable"), row("x", 2, "Fable"))
    assert found == {Identity("x", "fable", 1): 2}


def used(cents: Any, currency: Any = "EUR", exponent: Any = 2) -> dict[str, Any]:
    """Return an amount as `spend` has it."""
    return {"amount_minor": cents, "currency": currency, "exponent": exponent}


@pytest.mark.parametrize(
    ("spend", "expected"),
    [
        # The share is computed where it is not told.
        (
            {"used": used(600), "limit": used(2400)},
            Spend(False, Money(6.0, "EUR"), Money(24.0, "EUR"), 25),
        ),
        (
            {"used": used(800), "limit": used(2400), "percent": None, "enabled": 1},
            Spend(False, Money(8.0, "EUR"), Money(24.0, "EUR"), 33.3),
        ),
        # Used, but neither limited nor enabled any more.
        (
            {"used": used(1), "enabled": False, "percent": 7},
            Spend(False, Money(0.01, "EUR"), None, 7),
        ),
        # A limit of one cent is a limit.
        (
            {"used": used(0), "limit": used(1), "percent": 0},
            Spend(False, Money(0.0, "EUR"), Money(0.01, "EUR"), 0),
        ),
        ({"used": used(5), "limit": used(-1), "enabled": True}, None),
        ({"used": used(-5)}, None),
        # Exponents from 0 to 6; two for anything else.
        ({"used": used(5, None, 6)}, Spend(False, Money(5e-6, None, 6), None, None)),
        ({"used": used(5, "X", 7)}, Spend(False, Money(0.05, "X"), None, None)),
        ({"used": used(5, "X", -1)}, Spend(False, Money(0.05, "X"), None, None)),
        ({"used": used(5, " ", "3")}, Spend(False, Money(0.05, None), None, None)),
        ({"used": used(5, "X", 1.9)}, Spend(False, Money(0.5, "X", 1), None, None)),
        ({"used": used(1.5)}, Spend(False, Money(0.01, "EUR"), None, None)),
        ({"used": used(None)}, None),
        ({"used": used(True)}, None),
        ({"limit": used(2400), "enabled": True}, None),
    ],
)
def test_spend(spend: Any, expected: Spend | None) -> None:
    """Paid usage, where there is any or could be."""
    assert parse_usage({"spend": spend}).spend == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (
            {"used_credits": 600, "monthly_limit": 2400, "currency": "EUR"},
            Spend(False, Money(6.0, "EUR"), Money(24.0, "EUR"), 25),
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
        ({"monthly_limit": 2400, "is_enabled": True}, None),
    ],
)
def test_extra_usage(extra: Any, expected: Spend | None) -> None:
    """The older form has its currency beside the amounts."""
    assert parse_usage({"extra_usage": extra}).spend == expected
    # What `spend` tells goes before it.
    both = parse_usage({"extra_usage": extra, "spend": {"used": used(1)}})
    assert both.spend == Spend(False, Money(0.01, "EUR"), None, None)


@pytest.mark.parametrize(
    ("members", "pools"),
    [
        (
            {"oak": {"limit_dollars": 1, "used_dollars": 0}},
            [("oak", Money(0.0, "USD"), Money(1.0, "USD"))],
        ),
        ({"oak": {"limit_dollars": 0.5}}, [("oak", None, Money(0.5, "USD"))]),
        ({"oak": {"limit_dollars": -1, "used_dollars": 1}}, []),
        ({"oak": {"used_dollars": 1}}, []),
        ({"oak": {"limit_dollars": "5"}}, []),
        (
            {
                "seven_day": {"limit_dollars": 5},
                "five_hour": {"limit_dollars": 5},
                "oak": [],
                "elm": {"limit_dollars": 0},
                "ash": {"limit_dollars": 2, "used_dollars": "1"},
            },
            [("ash", None, Money(2.0, "USD"))],
        ),
    ],
)
def test_pools(members: dict[str, Any], pools: list[Any]) -> None:
    """Members with a limit in dollars, but for session and week."""
    found = parse_usage(members).pools
    assert [(pool.label, pool.spent, pool.limit) for pool in found] == pools
    for pool in found:
        assert isinstance(pool.limit.amount, float)
        assert pool.spent is None or isinstance(pool.spent.amount, float)


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ({"balance": {"money": used(5597)}, "amount": 1}, Money(55.97, "EUR")),
        ({"balance": {"money": used(None)}, "amount": 5}, Money(0.05, None)),
        ({"balance": {"money": None}, "amount": 5, "currency": "X"}, Money(0.05, "X")),
        ({"balance": [], "amount": 500}, Money(5.0, None)),
        # It has no exponent of its own.
        ({"amount": 500, "exponent": 0, "decimal_places": 0}, Money(5.0, None)),
        ({"amount": -250, "currency": "EUR"}, Money(-2.5, "EUR")),
        ({}, None),
        (None, None),
    ],
)
def test_balance(body: Any, balance: Money | None) -> None:
    """In the newer form or in the older one."""
    assert parse_balance(body) == balance
