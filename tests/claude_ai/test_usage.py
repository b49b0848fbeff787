"""The windows of a usage body: which exist, their identities and their values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
import json
from typing import Any

from hypothesis import given, settings
import pytest

from custom_components.claude_pulse.claude_ai.usage import Usage, parse_usage, renamed
from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    WEEKLY,
    Identity,
    UsageWindow,
)

from . import BODIES, json_values, spoiled_bodies

RESET = "2026-05-08T01:44:59.6+00:00"
RESETS_AT = datetime(2026, 5, 8, 1, 45, tzinfo=UTC)
LATER = "2026-05-08T02:45:00+00:00"
LATER_AT = datetime(2026, 5, 8, 2, 45, tzinfo=UTC)
SCOPED = "weekly_scoped"


def row(
    kind: Any, percent: Any = 5, scope: Any = None, resets_at: Any = None
) -> dict[str, Any]:
    """Return a row of `limits[]`."""
    return {"kind": kind, "percent": percent, "scope": scope, "resets_at": resets_at}


def member(percent: Any, resets_at: Any = None) -> dict[str, Any]:
    """Return a window as a named member of the body."""
    return {"utilization": percent, "resets_at": resets_at}


def percentages(*rows: Any, **members: Any) -> dict[Identity, float]:
    """Return the percentages of all windows of a body by identity."""
    windows = parse_usage({"limits": list(rows), **members}).all_windows
    return {window.identity: window.percent for window in windows}


def test_session_and_week() -> None:
    """Rows and named members give the same session and week."""
    by_rows = parse_usage(
        {
            "limits": [
                row("weekly_all", 77, {"model": "Fable"}, LATER),
                row("session", 31, "Fable", RESET),
            ]
        }
    )
    by_members = parse_usage(
        {"seven_day": member(77, LATER), "five_hour": member(31, RESET)}
    )
    session = UsageWindow(SESSION, None, 31, RESETS_AT)
    weekly = UsageWindow(WEEKLY, None, 77, LATER_AT)
    assert by_rows == by_members == Usage(session=session, weekly=weekly)
    assert by_rows.all_windows == (session, weekly)
    assert (session.kind, weekly.kind) == ("session", "weekly_all")


def test_all_windows() -> None:
    """The windows that exist are listed: session, week, others."""
    week = UsageWindow(WEEKLY, None, 1, None)
    other = UsageWindow(Identity("monthly"), None, 2, None)
    assert Usage().all_windows == ()
    assert Usage(weekly=week, windows=(other,)).all_windows == (week, other)
    assert Usage(session=other, weekly=week).all_windows == (other, week)


def test_is_over() -> None:
    """A window is over one minute after its reset."""
    window = UsageWindow(SESSION, None, 31, RESETS_AT)
    assert not window.is_over(RESETS_AT + timedelta(seconds=59))
    assert window.is_over(RESETS_AT + timedelta(seconds=60))
    assert not UsageWindow(SESSION, None, 31, None).is_over(RESETS_AT)


@pytest.mark.parametrize(
    ("kind", "scope", "identity", "name"),
    [
        # Case, punctuation, width and spaces do not change the identity.
        (SCOPED, "Fable 1", (SCOPED, "fable 1"), "Fable 1"),
        (SCOPED, " FABLE  4.5-Turbo ", (SCOPED, "fable 4 5 turbo"), "FABLE 4.5-Turbo"),
        (SCOPED, "Ｆａｂｌｅ groß", (SCOPED, "fable gross"), "Ｆａｂｌｅ groß"),
        ("Monthly-ALL", None, ("monthly_all",), None),
        ("daily__cap", "a_b", ("daily_cap", "a b"), "a_b"),
        # Text without letters is kept.
        ("???", "+++", ("???", "+++"), "+++"),
        (SCOPED, "🚀", (SCOPED, "🚀"), "🚀"),
        (SCOPED, "北京", (SCOPED, "北京"), "北京"),
        # All models are the week.
        (SCOPED, "All models", WEEKLY, None),
        ("other", {"model": {"display_name": "ALL MODELS"}}, WEEKLY, None),
        ("x", "Most models", ("x", "most models"), "Most models"),
        # Model and surface.
        ("x", {"model": {"display_name": "A"}, "surface": "B"}, ("x", "a b"), "A (B)"),
        ("x", {"model": "A", "surface": {"display_name": ""}}, ("x", "a"), "A"),
        ("x", {"model": "A"}, ("x", "a"), "A"),
        ("x", {"model": {"name": "A"}, "surface": "B"}, ("x", "b"), "B"),
        ("x", {"model": {"display_name": ""}, "surface": "B"}, ("x", "b"), "B"),
        ("x", {"surface": {"display_name": "B"}}, ("x", "b"), "B"),
        ("x", {"display_name": "C"}, ("x",), None),
        ("x", {}, ("x",), None),
        ("x", [], ("x",), None),
    ],
)
def test_identity_and_name(
    kind: str, scope: Any, identity: tuple[str, ...], name: str | None
) -> None:
    """The identity ignores the spelling, which the name keeps."""
    (window,) = parse_usage({"limits": [row(kind, 5, scope)]}).all_windows
    assert window == UsageWindow(Identity(*identity), name, 5, None)


@pytest.mark.parametrize(
    "rows",
    [
        [row(None)],
        [row("")],
        [row(5)],
        [row(SCOPED, None, "Fable")],
        [row(SCOPED, "5", "Fable")],
        [row(SCOPED, True, "Fable")],
        [SCOPED],
        [None, []],
    ],
)
def test_invalid_row(rows: list[Any]) -> None:
    """A row without kind or percentage is ignored; the others are read."""
    assert parse_usage({"limits": rows}) == Usage()
    assert percentages(*rows, row("session", 31)) == {SESSION: 31}


@pytest.mark.parametrize("limits", [None, {}, "limits", {"kind": "session"}, 5])
def test_limits_of_another_type(limits: Any) -> None:
    """The named members are read if `limits` is not a list."""
    usage = parse_usage({"limits": limits, "five_hour": member(31)})
    assert usage == Usage(session=UsageWindow(SESSION, None, 31, None))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1" * 400])
def test_number_out_of_range(number: str) -> None:
    """A window without a usable percentage does not exist."""
    body = json.loads(f'{{"five_hour": {{"utilization": {number}}}}}')
    assert parse_usage(body) == Usage()


def test_named_members() -> None:
    """The named members with a percentage are windows."""
    usage = parse_usage(
        {
            "seven_day_opus": member(12, RESET),
            "seven_day_": member(13),
            "seven_day_oauth_apps": member(14),
            "seven_days": member(15),
            "my_seven_day_x": member(16),
            "monthly": member(17),
            "seven_day_cowork": member(None),
            "seven_day_sonnet": 18,
            "five_hour": member(True),
            "seven_day": None,
        }
    )
    assert usage == Usage(
        windows=(
            UsageWindow(Identity(SCOPED, "opus"), "Opus", 12, RESETS_AT),
            UsageWindow(Identity(SCOPED), None, 13, None),
            UsageWindow(Identity(SCOPED, "oauth apps"), "Oauth apps", 14, None),
        )
    )


@pytest.mark.parametrize(
    ("listed", "named", "percent", "resets_at"),
    [
        # A member adds decimals if the numbers agree otherwise.
        ((31, RESET), (31.4, LATER), 31.4, RESETS_AT),
        ((31, RESET), (30.6, RESET), 30.6, RESETS_AT),
        ((31, RESET), (31.9, RESET), 31.9, RESETS_AT),
        ((31, RESET), (32, RESET), 31, RESETS_AT),
        ((31, RESET), (32.5, RESET), 31, RESETS_AT),
        ((31, RESET), (30, RESET), 31, RESETS_AT),
        ((31.2, RESET), (31.4, RESET), 31.2, RESETS_AT),
        # A member adds missing values.
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
        (SCOPED, "Opus", "seven_day_opus"),
        (SCOPED, "Opus 4.5", "seven_day_opus"),
    ],
)
def test_row_and_member_of_one_window(
    listed: tuple[Any, Any],
    named: tuple[Any, Any],
    percent: float,
    resets_at: datetime,
    kind: str,
    scope: str | None,
    name: str,
) -> None:
    """A named member completes the row of the same window."""
    limits = [row(kind, listed[0], scope, listed[1])]
    (window,) = parse_usage({"limits": limits, name: member(*named)}).all_windows
    assert (window.percent, window.resets_at) == (percent, resets_at)
    assert type(window.percent) is type(percent)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # The only version of the model is its window.
        ([(SCOPED, "Opus 4")], {"opus 4": 12.5}),
        # With two versions, none is completed.
        ([(SCOPED, "Opus 4"), (SCOPED, "Opus 5")], {"opus 4": 12, "opus 5": 12}),
        # The same name takes precedence over a version.
        ([(SCOPED, "Opus 4"), (SCOPED, "Opus")], {"opus 4": 12, "opus": 12.5}),
        # These are other windows.
        ([(SCOPED, "Opusculum")], {"opusculum": 12, "opus": 12.5}),
        ([(SCOPED, "Claude Opus 4")], {"claude opus 4": 12, "opus": 12.5}),
        ([(SCOPED, "Magnum opus")], {"magnum opus": 12, "opus": 12.5}),
        ([("daily", "Opus 4")], {"opus 4": 12, "opus": 12.5}),
        ([], {"opus": 12.5}),
    ],
)
def test_row_of_a_named_member(
    rows: list[tuple[str, str]], expected: dict[str, float]
) -> None:
    """`seven_day_opus` completes the row `Opus`, or else the only version of it."""
    limits = [row(kind, 12, name) for kind, name in rows]
    found = percentages(*limits, seven_day_opus=member(12.5))
    assert {identity.name: percent for identity, percent in found.items()} == expected


def test_named_member_without_a_name() -> None:
    """A member of the whole account does not complete the row of a model."""
    found = percentages(row(SCOPED, 3, "Fable"), seven_day_=member(13.5))
    assert found == {Identity(SCOPED, "fable"): 3, Identity(SCOPED): 13.5}


def test_same_identity() -> None:
    """Windows with the same identity are numbered by spelling, in any order."""
    rows = [
        row(SCOPED, 1, "FABLE"),
        row(SCOPED, 2, "Fable"),
        row(SCOPED, 3, "fable"),
        row(SCOPED, 4, "Quill"),
        row("Weekly-Scoped", 5, "fable"),
    ]
    expected = {
        Identity(SCOPED, "fable", 1): 5,
        Identity(SCOPED, "fable", 2): 1,
        Identity(SCOPED, "fable", 3): 2,
        Identity(SCOPED, "fable", 4): 3,
        Identity(SCOPED, "quill"): 4,
    }
    for order in permutations(rows):
        found = percentages(*order)
        assert found == expected
        # The windows are in the order of the answer.
        assert list(found.values()) == [item["percent"] for item in order]


def test_same_spelling() -> None:
    """Rows of the same spelling are windows, numbered in the order of the answer."""
    assert percentages(row("monthly", 1), row("monthly", 2), row("daily", 3)) == {
        Identity("monthly", number=1): 1,
        Identity("monthly", number=2): 2,
        Identity("daily"): 3,
    }


def test_one_session_and_one_week() -> None:
    """Several rows of the session or the week complete each other."""
    usage = parse_usage(
        {
            "limits": [
                row("session", 31),
                row("session", 99, resets_at=RESET),
                row("weekly_all", None, resets_at=RESET),
                row(SCOPED, 77, "all models"),
            ]
        }
    )
    session = UsageWindow(SESSION, None, 31, RESETS_AT)
    assert usage == Usage(session, UsageWindow(WEEKLY, None, 77, RESETS_AT))


@pytest.mark.parametrize("name", ["Fable", "fable"])
def test_row_without_a_percentage(name: str) -> None:
    """It completes a row of the same spelling only, and has no number."""
    rows = [row("x", None, name, LATER), row("x", 2, "Fable")]
    resets_at = LATER_AT if name == "Fable" else None
    window = UsageWindow(Identity("x", "fable", 1), "Fable", 2, resets_at)
    assert parse_usage({"limits": rows}) == Usage(windows=(window,))
    assert parse_usage({"limits": rows[::-1]}) == Usage(windows=(window,))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no_limits", []),
        ("untouched_model", [("Quill", 0, False)]),
        ("paid_unlimited", [("Sonnet", 3, True)]),
        ("paid_out_of_credits", [("Quill", 91, True)]),
        ("spend_only", []),
        (
            "scoped_far_above_weekly",
            [
                ("Fable", 72, False),
                ("Cowork", 5, True),
                ("Plain text", 6, True),
                (None, 7, True),
                ("Sonnet", 12, False),
            ],
        ),
    ],
)
def test_windows_of_a_body(
    name: str, expected: list[tuple[str | None, float, bool]]
) -> None:
    """The other windows of a whole body have a name, a percentage and a reset."""
    windows = parse_usage(BODIES[name]).windows
    found = [(item.name, item.percent, item.resets_at is not None) for item in windows]
    assert found == expected


def scope(model: str | None = None, surface: str | None = None) -> dict[str, Any]:
    """Return the scope of a row."""
    return {
        "model": model and {"id": None, "display_name": model},
        "surface": surface and {"display_name": surface},
    }


def names(*rows: Any, **members: Any) -> list[str | None]:
    """Return the names of the windows of a body."""
    windows = parse_usage({"limits": list(rows), **members}).windows
    return [window.name for window in windows]


def test_model_and_surface() -> None:
    """Limits of one model on several surfaces have different names, in any order."""
    rows = [
        row(SCOPED, 5, scope("Fable")),
        row(SCOPED, 6, scope("Fable", "Cowork")),
        row(SCOPED, 7, scope("Fable", "Chat")),
        row(SCOPED, 8, scope(None, "Cowork")),
        row(SCOPED, 9, scope("All models", "Cowork")),
    ]
    expected = {
        "Fable": 5,
        "Fable (Cowork)": 6,
        "Fable (Chat)": 7,
        "Cowork": 8,
        "All models (Cowork)": 9,
    }
    for order in permutations(rows):
        windows = parse_usage({"limits": list(order)}).all_windows
        assert {window.name: window.percent for window in windows} == expected
        assert {window.identity.number for window in windows} == {1}


def test_named_member_and_surface() -> None:
    """A named member of a model is not its limit on one surface."""
    rows = [row(SCOPED, 5, scope("Opus 4", "Cowork")), row(SCOPED, 6, scope("Opus 4"))]
    found = percentages(*rows, seven_day_opus=member(6.5))
    assert [*found.values()] == [5, 6.5]
    assert names(rows[0], seven_day_opus=member(6.5)) == ["Opus 4 (Cowork)", "Opus"]


FABLE = row(SCOPED, 40, "Fable", RESET)
OVERAGE = "seven_day_overage_included"


@pytest.mark.parametrize(
    ("percent", "resets_at", "repeated"),
    [
        (40, RESET, True),
        (40.9, RESET, True),
        (39.4, "2026-05-08T01:45:00.2Z", True),
        (41, RESET, False),
        (40, LATER, False),
        (40, None, False),
    ],
)
@pytest.mark.parametrize("form", ["member", "kind", "name", "scope"])
def test_overage(percent: float, resets_at: str, repeated: bool, form: str) -> None:
    """A model's limit under another name is not a second one. Alone, it is one."""
    name = "Overage included"
    rows, members = [], {}
    if form == "member":
        members = {OVERAGE: member(percent, resets_at)}
    elif form == "kind":
        rows = [row(OVERAGE, percent, None, resets_at)]
    elif form == "name":
        rows = [row(SCOPED, percent, scope("Overage-Included"), resets_at)]
    else:
        rows = [row(OVERAGE, percent, scope("Fable"), resets_at)]
        name = "Fable"
    assert names(*rows, **members) == [name]
    for order in ([FABLE, *rows], [*rows, FABLE]):
        assert len(names(*order, **members)) == (1 if repeated else 2)
    assert len(names(*rows, **members, seven_day_fable=member(40, RESET))) == (
        1 if repeated or form == "scope" else 2
    )
    # The account's week and another kind are other limits.
    others = [row("weekly_all", 40, None, RESET), row("daily", 40, "Fable", RESET)]
    assert name in names(*rows, *others, **members)


def test_overage_without_use() -> None:
    """Limits that have not started are the same, too."""
    rows = [row(SCOPED, 0, "Fable"), row(SCOPED, None, "Opus")]
    assert names(*rows, **{OVERAGE: member(0)}) == ["Fable"]
    # All forms of it are one.
    rows = [row(OVERAGE, 7), row(OVERAGE, 7)]
    assert percentages(rows[0], **{OVERAGE: member(7.4)}) == {
        Identity(SCOPED, "overage included"): 7.4
    }


def usage_of(*windows: tuple[str | None, float], reset: Any = RESETS_AT) -> Usage:
    """Return usage of models with a name and a percentage."""
    return Usage(
        windows=tuple(
            UsageWindow(
                Identity(SCOPED, " ".join((name or "").casefold().split())),
                name,
                percent,
                reset,
            )
            for name, percent in windows
        )
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("Fable", 40)], [("Fable 5.2", 40)]),
        ([("Fable", 40)], [("Fable 5.2", 41.5)]),
        ([("Fable", 0)], [("Fable 5.2", 0)]),
        ([("Fable", 40)], [("Fable v6", 40)]),
        ([("Fable 5.2", 40)], [("Fable 5.3", 40)]),
        ([("Fable 5.2", 40)], [("Fable", 40)]),
        ([("Fable (Cowork)", 40)], [("Fable 5.2 (Cowork)", 40)]),
        ([("Opus", 3), ("Fable", 40)], [("Fable 5.2", 40), ("Opus", 3)]),
        ([("Opus", 3), ("Fable", 40)], [("Fable 5.2", 40), ("Opus 5", 3)]),
        ([("Fable", 40)], [("Fable 5.2", 40), ("Quill 2", 40)]),
    ],
)
def test_renamed(
    before: list[tuple[str, float]], after: list[tuple[str, float]]
) -> None:
    """A model with the same reset and at least the same percentage got a version."""
    old, new = usage_of(*before), usage_of(*after)
    found = renamed(old, new)
    pairs = {new_id.name: old_id.name for new_id, old_id in found.items()}
    assert pairs
    for new_name, old_name in pairs.items():
        assert new_name.split()[0] == old_name.split()[0]
    kept = {window.identity for window in new.windows} - found.keys()
    shown = new.with_identities(found)
    assert {window.identity for window in shown.windows} == kept | {*found.values()}
    assert [window.name for window in shown.windows] == [name for name, _ in after]
    assert [window.percent for window in shown.windows] == [used for _, used in after]
    # The identities are those of before now.
    assert renamed(old, shown) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([("Fable", 40)], [("Fable", 40)]),
        # The percentage is lower.
        ([("Fable", 40)], [("Fable 5.2", 39)]),
        # The old name is still there, or there is a choice.
        ([("Fable", 40)], [("Fable", 40), ("Fable 5.2", 40)]),
        ([("Fable", 40)], [("Fable 5.2", 40), ("Fable 5.3", 40)]),
        ([("Fable 5.1", 4), ("Fable 5.2", 4)], [("Fable 5.3", 40)]),
        # The new name existed before.
        ([("Fable", 40), ("Fable 5.2", 40)], [("Fable 5.2", 40)]),
        # A new version without use.
        ([("Fable 5.2", 0)], [("Fable 5.3", 0)]),
        # Another model.
        ([("Fable", 40)], [("Fable Lite", 40)]),
        ([("Fable", 40)], [("Fables 5", 40)]),
        ([("Fable", 40)], [("Fable 5.2 (Cowork)", 40)]),
        ([("Fable", 40)], [("Claude Fable 5", 40)]),
        ([("5", 40)], [("6", 40)]),
        ([(None, 40)], [("", 40)]),
        ([("Fable", 40)], []),
        ([], [("Fable 5.2", 40)]),
    ],
)
def test_not_renamed(
    before: list[tuple[str | None, float]], after: list[tuple[str | None, float]]
) -> None:
    """Without certainty, a window is another one."""
    assert renamed(usage_of(*before), usage_of(*after)) == {}


def test_not_renamed_with_another_reset() -> None:
    """The reset has to be the same one, and known."""
    after = usage_of(("Fable 5.2", 40))
    for reset in (None, LATER_AT):
        assert renamed(usage_of(("Fable", 40), reset=reset), after) == {}
    before, after = (
        usage_of((name, 40), reset=None) for name in ("Fable", "Fable 5.2")
    )
    assert renamed(before, after) == {}
    other = UsageWindow(Identity("daily", "fable 5 2"), "Fable 5.2", 40, RESETS_AT)
    assert renamed(usage_of(("Fable", 40)), Usage(windows=(other,))) == {}


def test_with_identities() -> None:
    """A window gets another identity, unless the answer has a window with it."""
    old, new, newer = (Identity(SCOPED, name) for name in ("fable", "f 5.2", "f 5.3"))
    usage = usage_of(("F 5.2", 40), ("Opus", 3))
    changed = usage.with_identities({new: old, newer: old})
    assert [window.identity for window in changed.windows] == [
        old,
        Identity(SCOPED, "opus"),
    ]
    assert usage.with_identities({}) == usage
    both = usage_of(("F 5.2", 40), ("Fable", 3))
    assert both.with_identities({new: old}) == both
    # The first one gets an identity that two should have.
    versions = usage_of(("F 5.2", 40), ("F 5.3", 50))
    found = versions.with_identities({new: old, newer: old})
    assert [window.identity for window in found.windows] == [old, newer]


@pytest.mark.parametrize("body", [None, [], "usage", 5])
def test_body_of_another_type(body: Any) -> None:
    """A body that is not an object contains no usage."""
    assert parse_usage(body) == Usage()


@given(body=json_values | spoiled_bodies())
@settings(max_examples=500, deadline=None)
def test_any_body(body: Any) -> None:
    """No body raises an error, and the same body gives the same usage."""
    assert parse_usage(body) == parse_usage(body)
