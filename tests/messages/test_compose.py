"""The sentences of messages: complete, true at every time, and safe with any event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.claude_pulse.claude_ai.saved_resets import Grant
from custom_components.claude_pulse.claude_ai.windows import (
    ACCOUNT,
    SAVED_RESETS,
    SESSION,
    SPEND,
    WEEKLY,
    Identity,
    UsageWindow,
)
from custom_components.claude_pulse.events.bus import bus_data
from custom_components.claude_pulse.events.model import (
    EXTRAS,
    ROSE,
    AccountEvent,
    SavedResetEvent,
    UsageEvent,
    types_of,
)
from custom_components.claude_pulse.language import texts as texts_module
from custom_components.claude_pulse.language.clock import Clock
from custom_components.claude_pulse.language.texts import Texts
from custom_components.claude_pulse.messages.compose import Message, compose

BERLIN = ZoneInfo("Europe/Berlin")
# A Monday.
NOW = datetime(2026, 5, 4, 14, 0, tzinfo=BERLIN)
ENGLISH = json.loads(
    (Path(texts_module.__file__).parent / "en.json").read_text("utf-8")
)
OPUS = Identity("weekly_scoped", "opus")
OTHER = Identity("daily", "cowork")
NAMES = {OPUS: "Opus", OTHER: "Cowork"}
IDENTITIES = (SESSION, WEEKLY, OPUS, OTHER, SPEND, SAVED_RESETS, ACCOUNT)
TYPES = [(identity, item) for identity in IDENTITIES for item in types_of(identity)]
TEST = {"type": "test", "kind": "account", "limit": "test", "device_id": "1"}
HOSTILE = ["{limit}", "{0}", "{", "}}", "%s", "%(a)s", "x" * 300, "{{ 1 }}", "\n<b>"]


def event(
    identity: Identity, event_type: str, at: datetime | None = None, **values: Any
) -> dict[str, Any]:
    """Return the data of an event on the bus, with a time in each of its fields."""
    sent: Any
    if identity == SAVED_RESETS:
        sent = SavedResetEvent(Grant("Winter", None, at, 2, ()), event_type)
    elif identity == ACCOUNT:
        sent = AccountEvent(event_type, since=at, expires_at=at, reason="blocked")
    else:
        percent = values.pop("percent", 82)
        name = values.pop("name", NAMES.get(identity))
        sent = UsageEvent(
            UsageWindow(identity, name, percent, at),
            event_type,
            before=values.pop("before", 40),
            runs_out_at=at,
            available_at=at,
            **values,
        )
    data = bus_data(sent)
    assert data is not None
    return {"device_id": "1", **data}


def session(event_type: str = ROSE, **values: Any) -> dict[str, Any]:
    """Return the data of an event of the session, by default of its progress."""
    return event(SESSION, event_type, **values)


def message_of(
    data: dict[str, Any], now: datetime = NOW, am_pm: bool = False, **arguments: Any
) -> Message:
    """Return the message for an event."""
    message = compose(data, Texts(ENGLISH, Clock(now, am_pm)), **arguments)
    assert message is not None
    return message


def text_of(*arguments: Any, **keywords: Any) -> str:
    """Return the title and the message for an event."""
    message = message_of(*arguments, **keywords)
    return f"{message.title} | {message.message}"


def at(time: str, zone: ZoneInfo = BERLIN) -> datetime:
    """Return a local time."""
    return datetime.fromisoformat(time).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            event(
                SESSION,
                "will_run_out",
                at("2026-05-04 16:20"),
                percent=64.5,
                certain=True,
            ),
            "Session limit runs out about 16:20 | 64.5% used. It resets at 16:20.",
        ),
        (
            session("will_run_out", at=at("2026-05-04 16:20")),
            "Session limit may be reached about 16:20 | 82% used. It resets at 16:20.",
        ),
        (
            event(WEEKLY, "will_run_out", at("2026-05-08 16:20"), certain=True),
            "Weekly limit runs out Friday about 16:20 | 82% used. It resets "
            "on Friday at 16:20.",
        ),
        (
            event(WEEKLY, "will_run_out", at("2026-05-11 16:20"), certain=True),
            "Weekly limit runs out on 11 May | 82% used. It resets on 11 May at 16:20.",
        ),
        (
            event(SESSION, "limit_reached", at("2026-05-04 16:20")),
            "Session limit reached | You can continue at 16:20.",
        ),
        (
            event(
                OPUS,
                "limit_reached",
                at("2026-05-07 09:00"),
                extra_usage="on",
                saved_resets=2,
            ),
            "Weekly Opus limit reached | You can continue on Thursday at 09:00. Until then, "
            "paid usage continues. Saved resets that can reset this limit: 2.",
        ),
        (
            event(SPEND, "limit_reached", extra_usage="spent"),
            "Spend limit reached | claude.ai does not say when you can continue.",
        ),
        (
            event(WEEKLY, "threshold_reached", at("2026-05-05 00:30"), threshold=75),
            "Weekly limit: 82% used | 18% left. It resets on Tuesday at 00:30.",
        ),
        (
            event(SPEND, "threshold_reached", threshold=75),
            "Spend limit: 82% used | 18% left.",
        ),
        (
            event(WEEKLY, "left_over", at("2026-05-05 12:00"), percent=40),
            "Weekly limit: 60% left | What you do not use is lost when it resets on "
            "Tuesday at 12:00.",
        ),
        (
            event(SESSION, "available_again", percent=1, late=True),
            "Session limit: you can continue | 1% used. This may have happened while Home "
            "Assistant was off.",
        ),
        (
            event(SESSION, "available_again", lifted=True),
            "Session limit: you can continue | Your account no longer has this limit.",
        ),
        (
            event(OTHER, "refilled", percent=12, before=90),
            "Daily Cowork limit refilled | 12% used. It was 90%.",
        ),
        (event(SESSION, "reset", before=90), "Session limit reset | 90% was used."),
        (
            event(ACCOUNT, "cannot_be_read", at("2026-05-04 12:55")),
            "Claude usage cannot be read | Your usage has not been watched since 12:55. "
            "The reason.",
        ),
        (
            event(ACCOUNT, "service_incident", at("2026-05-03 23:55")),
            "Claude has an incident | Claude's status page has shown it since Sunday "
            "23:55.",
        ),
        (
            event(ACCOUNT, "key_expires_soon", at("2026-05-07 09:00")),
            "Claude session key expires soon | It expires on Thursday at 09:00 or a "
            "little earlier. To renew it, open Repairs in Home Assistant.",
        ),
        (
            TEST,
            "Claude Pulse alerts work | You will get messages like this one.",
        ),
    ],
)
def test_sentences(data: dict[str, Any], expected: str) -> None:
    """The title and the message."""
    assert text_of(data, reason="The reason.") == expected


@pytest.mark.parametrize(("identity", "event_type"), TYPES)
def test_every_event_has_complete_sentences(
    identity: Identity, event_type: str
) -> None:
    """No sentence has a placeholder, a missing value, or a wrong space."""
    for time in (None, NOW, NOW + timedelta(days=3), NOW - timedelta(days=30)):
        message = message_of(event(identity, event_type, time))
        for text in (message.title, message.message):
            assert text
            assert "None" not in text
            assert not set("{}") & set(text)
            assert "  " not in text
            assert text == text.strip()
        assert message.message.endswith(".")
        assert message.url.startswith(("https://", "/config/"))


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each text."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, item in items:
        if isinstance(item, str):
            yield f"<{path}{key}>", item
        else:
            yield from leaves(item, f"{path}{key}/")


def _marked(tree: Any, path: str = "") -> Any:
    """Return the texts with their path in each of them."""
    if isinstance(tree, str):
        return f"<{path[:-1]}>{tree}"
    if isinstance(tree, list):
        return [_marked(item, f"{path}{key}/") for key, item in enumerate(tree)]
    return {key: _marked(item, f"{path}{key}/") for key, item in tree.items()}


def test_every_text_is_used() -> None:
    """No text is left that no event shows."""
    texts = Texts(_marked(ENGLISH), Clock(NOW))
    days = (*range(-6, 8), *range(8, 365, 28))
    moments = [None, *(NOW + timedelta(days=number) for number in days)]
    tuesday = Texts(_marked(ENGLISH), Clock(NOW + timedelta(days=1)))
    events = [TEST]
    events += [event(*item, at=moment) for item, moment in product(TYPES, moments)]
    events += [
        session("limit_reached", extra_usage=extra, saved_resets=1) for extra in EXTRAS
    ]
    events += [
        session("will_run_out", at=moment, certain=True) for moment in (None, NOW)
    ]
    events += [session("reset", late=True), session("available_again", lifted=True)]
    events += [session(percent=90), session(percent=90, at=NOW)]
    shown = str(tuesday.at(NOW + timedelta(days=7)))
    for data in events:
        message = compose(data, texts, account="Ada")
        assert message is not None
        shown += message.title + message.message
    # Answers are tested with voice, and the others with their blueprints.
    others = (
        *("<summary/", "<event/choose_account/", "<event/no_voice/"),
        *("<answer/", "<duration/", "<time/until"),
        *("<plural>", "<decimal>", "<space>", "<and>"),
    )
    assert [
        path
        for path, _ in leaves(ENGLISH)
        if path not in shown and not path.startswith(others)
    ] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name(name: str) -> None:
    """The name of a model or an account is only text."""
    title = message_of(event(OPUS, "limit_reached", name=name)).title
    shown = " ".join(name.split())
    if len(name) < 40:
        assert title == f"Weekly {shown} limit reached"
    assert len(title) < 70
    titled = message_of(session("reset"), account=name).title
    assert titled == f"{name}: Session limit reset"


@pytest.mark.parametrize("identity", [SESSION, OPUS, SAVED_RESETS, ACCOUNT])
def test_invalid_fields(identity: Identity) -> None:
    """A field that is missing or not valid leaves no trace in the sentences."""
    for event_type in types_of(identity):
        data = event(identity, event_type, NOW)
        for key, value in product(data, (None, "x", -1, float("nan"), [], {}, True)):
            message = compose({**data, key: value}, Texts(ENGLISH, Clock(NOW)))
            if message is not None:
                text = message.title + message.message
                assert "None" not in text
                assert "nan" not in text
                assert not set("{}[]") & set(text)
            without = {name: item for name, item in data.items() if name != key}
            message = compose(without, Texts(ENGLISH, Clock(NOW)))
            assert message is None or "None" not in message.title + message.message


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": "unknown", "kind": "session"},
        {"type": "limit_reached"},
        {"type": "will_run_out", "kind": "unknown"},
        {"type": "will_run_out", "kind": "model"},
        {"type": ["limit_reached"], "kind": "session"},
    ],
)
def test_unknown_event(data: dict[str, Any]) -> None:
    """There is no message without a known type or limit."""
    assert compose(data, Texts(ENGLISH, Clock(NOW))) is None


@pytest.mark.parametrize(
    ("percent", "shown"),
    [(0, "0%"), (7.4, "7.4%"), (7.0, "7%"), (99.94, "99.9%"), (33.333, "33.3%")],
)
def test_percent(percent: float, shown: str) -> None:
    """A percentage has at most one decimal."""
    message = message_of(session("available_again", percent=percent))
    assert message.message == f"{shown} used."


@pytest.mark.parametrize(
    ("now", "moment", "expected"),
    [
        # On a Sunday, the next one has its date, also in the last minute of the week.
        ("2026-05-03 12:00", "2026-05-10 12:00", "on 10 May at 12:00"),
        ("2026-05-03 12:00", "2026-05-10 00:00", "on 10 May at 00:00"),
        ("2026-05-03 23:59", "2026-05-10 23:59", "on 10 May at 23:59"),
        ("2026-05-03 12:00", "2026-05-03 18:00", "at 18:00"),
        ("2026-05-03 12:00", "2026-05-09 23:59", "on Saturday at 23:59"),
        # After midnight is another day.
        ("2026-05-03 23:50", "2026-05-04 00:10", "on Monday at 00:10"),
        ("2026-05-04 00:00", "2026-05-04 00:10", "at 00:10"),
        ("2026-05-03 12:00", "2026-06-01 09:05", "on 1 June at 09:05"),
        # In the past.
        ("2026-05-03 12:00", "2026-05-03 11:00", "at 11:00"),
        ("2026-05-03 00:10", "2026-05-02 23:50", "on 2 May at 23:50"),
        ("2026-05-03 12:00", "2025-05-01 23:50", "on 1 May at 23:50"),
        # The day with 25 hours, and with 23.
        ("2026-10-24 23:30", "2026-10-25 23:30", "on Sunday at 23:30"),
        ("2026-10-25 00:00", "2026-10-25 23:59", "at 23:59"),
        ("2026-10-18 12:00", "2026-10-25 12:00", "on 25 October at 12:00"),
        ("2026-03-29 00:30", "2026-03-29 23:30", "at 23:30"),
        ("2026-03-28 23:30", "2026-03-29 03:30", "on Sunday at 03:30"),
    ],
)
def test_time(now: str, moment: str, expected: str) -> None:
    """The day is certain, whatever the day is today."""
    data = session("threshold_reached", at=at(moment).astimezone(UTC))
    message = message_of(data, at(now))
    assert message.message == f"18% left. It resets {expected}."


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-05-04 00:05", "12:05 AM"),
        ("2026-05-04 12:05", "12:05 PM"),
        ("2026-05-04 23:05", "11:05 PM"),
    ],
)
def test_twelve_hours(moment: str, expected: str) -> None:
    """For people who read AM and PM."""
    data = session("threshold_reached", at=at(moment))
    assert message_of(data, am_pm=True).message.endswith(f"It resets at {expected}.")


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-05-04 12:55", "12:55"),
        ("2026-05-03 22:55", "Sunday 22:55"),
        ("2026-04-28 12:55", "Tuesday 12:55"),
        ("2026-04-27 12:55", "27 April, 12:55"),
        # The clock was set back.
        ("2026-05-05 12:55", "5 May, 12:55"),
    ],
)
def test_since(since: str, expected: str) -> None:
    """A day of the week in the past is one of the last six days."""
    message = message_of(event(ACCOUNT, "cannot_be_read", at(since)))
    assert message.message == f"Your usage has not been watched since {expected}."


def test_repeated_hour() -> None:
    """Each of the two hours at the end of daylight saving time is 02:30."""
    for hour in (0, 1):
        moment = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        data = session("threshold_reached", at=moment)
        message = message_of(data, at("2026-10-25 01:00"))
        assert message.message.endswith("It resets at 02:30.")


def test_tags() -> None:
    """One message for each limit, and for each subject of the account."""
    progress = {**session(percent=90), "device_id": "0" * 32}
    # The longest tag of a Live Activity.
    assert len(message_of(progress).tag) <= 64
    messages = map(message_of, [TEST, *(event(*item) for item in TYPES)])
    assert {item.tag.removeprefix("claude_pulse_1_") for item in messages} == {
        "account",
        "daily_cowork",
        "extra",
        "saved_resets",
        "service",
        "session",
        "test",
        "weekly",
        "weekly_opus",
    }
