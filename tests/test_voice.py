"""Answers about usage: by Assist, an automation, the intent and a language model's tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
import json
import logging
from pathlib import Path
import shutil
import sys
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.auth.models import User
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify

from .common import Claude, enable, row, session, spend
from .features import has, needs

pytestmark = pytest.mark.smoke

ROOT = Path(__file__).parents[1]
SENTENCES = ROOT / "custom_sentences" / "en" / "claude_pulse.yaml"
BLUEPRINT = ROOT / "blueprints" / "automation" / DOMAIN / "voice.yaml"

SESSION_USAGE = "sensor.claude_pulse_session_usage"
WEEKLY_USAGE = "sensor.claude_pulse_weekly_usage"

# A Monday, 14:00 in Berlin.
NOW = "2026-05-04T12:00:00+00:00"
SESSION_RESET = "2026-05-04T13:40:00Z"
WEEK_RESET = "2026-05-07T16:00:00Z"


def week(percent: float, resets_at: str | None = None) -> dict[str, Any]:
    """Return a usage body with a week."""
    return {"seven_day": {"utilization": percent, "resets_at": resets_at}}


def window(name: str, used: float, resets_at: str, *, lasts: bool) -> dict[str, Any]:
    """Return a window as structured answers have it, on a first day."""
    keys = ("used_today_percent", "budget_today_percent", "full_sessions_left")
    return {
        "window": name,
        "name": name,
        "used_percent": used,
        "left_percent": 100 - used,
        "resets_at": resets_at,
        "lasts_until_reset": lasts,
        **(dict.fromkeys(keys) if name == "week" else {}),
    }


def left(percent: float, limit: str, until: str | None = None) -> str:
    """Return the sentence about a limit that is not reached."""
    return f"{percent}% of the {limit} is left{f', until {until}' if until else ''}."


def unknown(limit: str) -> str:
    """Return the sentence about a limit whose usage is unknown."""
    return f"How much of the {limit} is left is not known at the moment."


WEEK = week(80, WEEK_RESET)
SESSION_LEFT = left(58, "session", "15:40")
WEEK_LEFT = left(20, "week", "Thursday 18:00")
BOTH_LEFT = f"{SESSION_LEFT} {WEEK_LEFT}"
NOTHING_USED = "Nothing of the session is used."
NOT_READ = "claude.ai can't be read at the moment."
EXPOSE = "Expose the usage sensors under Settings → Voice assistants → Expose."

QUESTION = "How much Claude do I have left?"
SESSION_QUESTION = "how much of my Claude session is left"

SESSION_USED = "42% of the session is used. It resets at 15:40."
WEEK_USED = "80% of the week is used. It resets on Thursday at 18:00."
SESSION_RESETS = "The session resets in 1 hour 40 minutes, at 15:40."
WEEK_RESETS = "The week resets in 3 days 4 hours, on Thursday at 18:00."

TODAY_UNKNOWN = "How much of the week you can use today is not known at the moment."
SESSIONS_UNKNOWN = "How many sessions are left is not known at the moment."

# What people ask, by answer.
QUESTIONS = {
    BOTH_LEFT: (
        "how much claude do i have left",
        "How much Claude Code have I got left?",
        "how much of my Claude usage is left",
        "how much cloud code is left",
        "What is my Claude usage?",
        "what's my Claude Code limit",
        "what's left of my Claude limits",
        "check my Claude usage",
        "Claude usage",
        "Claude status",
        # What is left of a sentence is no account.
        "how much Claude is left for today",
        "how much Claude do I have left for today",
        "how much Claude is left for the day",
        "how much Claude is left for me",
        "how much Claude is left for the rest of the day",
        "how much Claude does it have left",
        "what percentage of Claude is left",
    ),
    f"Yes. {BOTH_LEFT}": (
        "Can I still use Claude?",
        "do I still have any Claude left",
        "is there any Claude Code left",
    ),
    f"No. {BOTH_LEFT}": (
        "am I out of Claude",
        "have I hit my limit",
        "have I reached my Claude limit",
        "have I hit any limits yet",
        "am I at my limit",
    ),
    f"{SESSION_USED} {WEEK_USED}": (
        "how much Claude have I used",
        "how much have I used",
        "what percentage of Claude have I used",
        "what percentage am I at",
    ),
    f"{SESSION_RESETS} {WEEK_RESETS}": (
        "When does Claude reset?",
        "when does my Claude limit reset",
        "how long until Claude Code resets",
    ),
    SESSION_LEFT: (
        "How much of my Claude session is left?",
        "how much of the session is left",
        "how much of the Claude Code session do I have left",
        "how much Claude do I have left in this session",
        "how much Claude is left on this session",
        "how much Claude does this session have left",
        "what is my Claude session usage",
    ),
    SESSION_RESETS: (
        "when does the Claude five hour window reset",
        "how long until my session resets",
        "how much time do I have until my current session resets",
    ),
    SESSION_USED: ("how much of my session have I used",),
    f"No. {SESSION_LEFT}": ("is my Claude session used up",),
    WEEK_LEFT: (
        "how much Claude do I have left this week",
        "how much Claude is left for the week",
        "what is my weekly Claude usage",
        "what is my Claude Code weekly limit",
    ),
    WEEK_USED: (
        "how much have I used this week",
        "how much Claude have I used this week",
        "what percentage of the week have I used",
    ),
    WEEK_RESETS: ("when does my Claude week reset",),
    f"Yes. {WEEK_LEFT}": ("can I still use Claude this week",),
    f"No. {WEEK_LEFT}": ("have I hit my weekly limit",),
    f"You can continue now. {BOTH_LEFT}": (
        "When can I continue?",
        "when can we carry on with Claude Code",
        " ".join(("when can I go", "on")),
        "when can I use Claude again",
        "when will Claude be available again",
    ),
    TODAY_UNKNOWN: (
        "How much can I use today?",
        "how much Claude can I still use today",
        "what is left of today's Claude budget",
    ),
    SESSIONS_UNKNOWN: (
        "How many sessions are left?",
        "how many Claude sessions do I have left this week",
        "how many more full sessions can I use",
        "how many sessions still fit into the week",
    ),
    "No. claude.ai answers.": ("is Claude down", "is there a problem with Claude"),
}


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail if an error is logged that is not a failed poll."""
    yield
    assert [
        message
        for record in caplog.get_records("call")
        # aiohttp cannot log a request while time is frozen.
        if record.levelno >= logging.ERROR
        and record.name != "aiohttp.access"
        and not (message := record.getMessage()).startswith(f"Error fetching {DOMAIN}")
    ] == []


@pytest.fixture(autouse=True)
async def berlin(claude: Claude) -> None:
    """Set the time and the time zone, and serve a session and a week."""
    claude.clock.move_to(NOW)
    await claude.hass.config.async_update(time_zone="Europe/Berlin")
    claude.serve(session(42, SESSION_RESET, **WEEK))


async def set_up(claude: Claude, *components: str) -> None:
    """Set up components."""
    for component in ("homeassistant", *components):
        assert await async_setup_component(claude.hass, component, {})
    await claude.settle()


async def set_up_assist(
    claude: Claude, folder: Path, sentences: str, language: str = "en"
) -> None:
    """Set up Assist with a sentence file."""
    claude.hass.config.config_dir = str(folder)
    target = folder / "custom_sentences" / language / SENTENCES.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(sentences, encoding="utf-8")
    await set_up(claude, "conversation")


@pytest.fixture
async def assist(claude: Claude, tmp_path: Path) -> None:
    """Set up Assist with our sentences."""
    await set_up_assist(claude, tmp_path, SENTENCES.read_text(encoding="utf-8"))


@pytest.fixture
async def entry(claude: Claude, assist: None) -> MockConfigEntry:
    """Return an entry whose session and week are exposed to Assist."""
    entry = await claude.entry()
    expose(claude, SESSION_USAGE, WEEKLY_USAGE)
    return entry


def expose(claude: Claude, *entity_ids: str, exposed: bool = True) -> None:
    """Expose entities to Assist, or no longer."""
    for entity_id in entity_ids:
        async_expose_entity(claude.hass, "conversation", entity_id, exposed)


async def process(
    claude: Claude, text: str = QUESTION, language: str = "en"
) -> dict[str, Any]:
    """Return the response of Assist."""
    result = await claude.hass.services.async_call(
        "conversation",
        "process",
        {"text": text, "language": language},
        blocking=True,
        return_response=True,
    )
    return result["response"]


async def ask(claude: Claude, text: str = QUESTION, language: str = "en") -> str | None:
    """Return the answer of Assist, or None if no sentence matches."""
    response = await process(claude, text, language)
    if response["response_type"] == "error":
        return None
    assert response["response_type"] == "query_answer"
    return response["speech"]["plain"]["speech"]


async def handle(claude: Claude, **slots: str) -> tuple[str, Any]:
    """Return the text and the speech slots of the intent's response."""
    values = {key: {"value": value} for key, value in slots.items()}
    response = await intent.async_handle(
        claude.hass, "test", "ClaudePulseGetUsage", values
    )
    speech_slots = response.as_dict().get("speech_slots")
    return response.speech["plain"]["speech"], json.loads(json.dumps(speech_slots))


async def check_changes(claude: Claude, ask: Callable[[], Awaitable[Any]]) -> None:
    """Check the answer while usage changes."""
    for body, answer in (
        (
            session(100, SESSION_RESET, **WEEK),
            f"The session is used up until 15:40. {WEEK_LEFT}",
        ),
        (session(0, None, **WEEK), f"{NOTHING_USED} {WEEK_LEFT}"),
        # The account has no session limit or no weekly limit.
        (WEEK, WEEK_LEFT),
        (session(42.3, None), left(57.7, "session")),
    ):
        claude.serve(body)
        await claude.pass_time()
        assert await ask() == answer
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert await ask() == NOT_READ


@pytest.mark.usefixtures("assist")
async def test_only_exposed_windows(claude: Claude) -> None:
    """The answer has each window whose usage sensor is exposed, and none by default."""
    await claude.entry()
    assert await ask(claude) == f"I can't see how much Claude is left. {EXPOSE}"

    expose(claude, SESSION_USAGE)
    assert await ask(claude) == SESSION_LEFT
    expose(claude, WEEKLY_USAGE)
    assert await ask(claude) == BOTH_LEFT
    assert (claude.state("session_usage"), claude.state("weekly_usage")) == ("42", "80")

    expose(claude, SESSION_USAGE, exposed=False)
    assert await ask(claude) == WEEK_LEFT
    # Other sensors do not count.
    expose(claude, WEEKLY_USAGE, exposed=False)
    expose(claude, "sensor.claude_pulse_session_used", "sensor.claude_pulse_plan")
    assert EXPOSE in str(await ask(claude))


async def test_renamed_or_disabled_sensor(
    claude: Claude, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    """A sensor can have any entity id; a disabled sensor is not in the answer."""
    await claude.settle()
    entity_registry.async_update_entity(WEEKLY_USAGE, new_entity_id="sensor.of_ada")
    await claude.settle()
    assert await ask(claude) == BOTH_LEFT

    entity_registry.async_update_entity(
        SESSION_USAGE, disabled_by=er.RegistryEntryDisabler.USER
    )
    await claude.settle()
    assert claude.state("session_usage") == "missing"
    assert await ask(claude) == WEEK_LEFT
    answer = await ask(claude, SESSION_QUESTION)
    assert answer == f"I can't see how much of the session is left. {EXPOSE}"


@pytest.mark.usefixtures("entry")
async def test_questions(claude: Claude) -> None:
    """People ask about Claude or Claude Code, and about one window or all."""
    for answer, texts in QUESTIONS.items():
        assert {text: await ask(claude, text) for text in texts} == dict.fromkeys(
            texts, answer
        )


@pytest.mark.usefixtures("entry")
async def test_other_questions(claude: Claude) -> None:
    """Questions about other things or about an entity are not answered by the intent."""
    for text in (
        "how much milk do I have left",
        "how much of the week is left",
        "cloud status",
        "what is the cloud status",
        "is the cloud down",
    ):
        # Some versions answer with an intent of their own.
        response = json.dumps(await process(claude, text), default=str)
        assert "%" not in response
        assert "claude" not in response.lower()
    assert "42" in await ask(claude, "what is the Claude Pulse Session usage")


@pytest.mark.usefixtures("entry")
async def test_usage_changes(claude: Claude) -> None:
    """The answer follows the usage."""
    await check_changes(claude, lambda: ask(claude))


@pytest.mark.usefixtures("entry")
async def test_failed_poll(claude: Claude) -> None:
    """The answer has the values that the sensors show, also after a failure."""
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert claude.state("session_usage") == "unavailable"
    assert await ask(claude) == NOT_READ
    assert await ask(claude, SESSION_QUESTION) == NOT_READ

    claude.server.clear_faults()
    await claude.pass_time()
    assert await ask(claude) == BOTH_LEFT
    claude.server.set_fault("rate_limited")
    await claude.pass_time()
    assert claude.state("session_usage") == "42"
    assert await ask(claude) == BOTH_LEFT


async def test_unloaded_and_removed(claude: Claude, entry: MockConfigEntry) -> None:
    """An entry that is not loaded has no values; a removed one is not in the answer."""
    assert await claude.hass.config_entries.async_unload(entry.entry_id)
    await claude.settle()
    assert await ask(claude) == NOT_READ
    await claude.hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()
    assert EXPOSE in str(await ask(claude))


@pytest.mark.usefixtures("entry")
async def test_when_to_continue(claude: Claude) -> None:
    """After the last reset of what blocks, or now."""
    question = "when can I continue"
    for body, answer in (
        (session(100, SESSION_RESET, **WEEK), "at 15:40, when the session resets."),
        (
            session(100, SESSION_RESET, **week(100, WEEK_RESET)),
            "on Thursday at 18:00, when the week resets.",
        ),
        (session(42, SESSION_RESET, **WEEK), f"now. {BOTH_LEFT}"),
    ):
        claude.serve(body)
        await claude.pass_time()
        assert await ask(claude, question) == f"You can continue {answer}"
    claude.serve(session(100, None, **WEEK))
    await claude.pass_time()
    assert await ask(claude, question) == "The session is used up."
    # Whether the session is used up may not be said.
    expose(claude, SESSION_USAGE, exposed=False)
    assert await ask(claude, question) == WEEK_LEFT
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert await ask(claude, question) == NOT_READ


async def check_today(claude: Claude, ask: Callable[[str], Awaitable[Any]]) -> None:
    """Check the answers about the day, from midnight on."""
    claude.clock.move_to("2026-05-05T21:59:00+00:00")
    await claude.pass_time(30)
    await claude.pass_time(120)
    question = "how much can I use today"
    # 20 of 42 hours, and 24 of 42 are for the day.
    for percent, answer in (
        (80, "You can use 11% of the week today. Of 11%, 0% is used."),
        (84, "You can use 7% of the week today. Of 11%, 4% is used."),
        (95, "You have used 15% of the week today. The budget was 11%."),
    ):
        claude.serve(session(42, None, **week(percent, WEEK_RESET)))
        await claude.pass_time()
        assert await ask(question) == answer
        assert await ask("how many sessions are left") == SESSIONS_UNKNOWN


@pytest.mark.usefixtures("entry")
async def test_today(claude: Claude) -> None:
    """The answer has what the sensors show, if the week is exposed."""
    assert await ask(claude, "how much can I use today") == TODAY_UNKNOWN
    await check_today(claude, lambda text: ask(claude, text))
    claude.serve(session(42, None, **week(100, WEEK_RESET)))
    await claude.pass_time()
    used_up = "The week is used up until Thursday 18:00."
    for question in ("how much can I use today", "how many sessions are left"):
        assert await ask(claude, question) == used_up
    expose(claude, WEEKLY_USAGE, exposed=False)
    hidden = f"I can't see how much of the week is left. {EXPOSE}"
    assert await ask(claude, "how much can I use today") == hidden
    expose(claude, WEEKLY_USAGE)
    claude.serve(session(42, None))
    await claude.pass_time()
    none = "This account has no weekly limit."
    assert await ask(claude, "how many sessions are left") == none


@pytest.mark.usefixtures("assist")
async def test_model(claude: Claude) -> None:
    """A model's week is in the answer while it exists."""
    opus = row("weekly_scoped", 35, WEEK_RESET, "Opus")
    claude.serve(session(42, SESSION_RESET, **WEEK, limits=[opus]))
    await claude.entry()
    expose(claude, SESSION_USAGE, "sensor.claude_pulse_weekly_opus_usage")
    assert claude.state("weekly_opus_usage") == "35"
    opus_left = left(65, "Opus week", "Thursday 18:00")
    assert await ask(claude) == f"{SESSION_LEFT} {opus_left}"
    for text in ("how much Opus is left", "how much Claude is left on Opus"):
        assert await ask(claude, text) == opus_left
    assert await ask(claude, "is Opus used up") == f"No. {opus_left}"
    assert await ask(claude, "how much Fable is left") == (
        "This account has no Fable limit."
    )
    assert await ask(claude, SESSION_QUESTION) == SESSION_LEFT

    claude.serve(session(42, SESSION_RESET, **WEEK))
    await claude.pass_time()
    assert await ask(claude) == SESSION_LEFT


@pytest.mark.usefixtures("assist")
async def test_two_accounts(claude: Claude) -> None:
    """Accounts are called by their titles, and one that fails does not hide the other."""
    claude.serve(session(7, None), "ben")
    await claude.entry(title="Ada")
    await claude.entry("ben", title="Ben at work")
    expose(claude, "sensor.ada_session_usage", "sensor.ada_weekly_usage")
    # A single exposed account needs no title.
    assert await ask(claude) == BOTH_LEFT
    expose(claude, "sensor.ben_at_work_session_usage")
    ada, ben = f"Ada: {BOTH_LEFT}", f"Ben at work: {left(93, 'session')}"
    for text, answer in (
        (QUESTION, f"{ada} {ben}"),
        ("how much Claude does ada have left", ada),
        ("how much Claude does BEN have left?", ben),
        ("what is the Claude usage of Ben at work", ben),
        ("how much Claude do I have left this week", f"Ada: {WEEK_LEFT}"),
        ("how much Claude does ada have left this week", f"Ada: {WEEK_LEFT}"),
        ("how much Claude is left for Ada this week", f"Ada: {WEEK_LEFT}"),
        ("how much Claude is left for Ada today", ada),
    ):
        assert await ask(claude, text) == answer
    answer = str(await ask(claude, "how much Claude does Carla have left"))
    assert answer.lower() == (
        "i know no account called carla, only ada and ben at work."
    )

    claude.server.set_fault("server_error", "ben")
    await claude.pass_time()
    assert await ask(claude) == f"{ada} Ben at work: {NOT_READ}"


async def test_limit_that_the_account_lacks(
    claude: Claude, entry: MockConfigEntry
) -> None:
    """Only a question about this limit mentions it. A limit that is over is not known."""
    claude.serve(WEEK)
    await claude.pass_time()
    assert await ask(claude) == WEEK_LEFT
    no_session = "This account has no session limit."
    assert await ask(claude, SESSION_QUESTION) == no_session
    assert await ask(claude, "how long until my session resets") == no_session
    # An exposed sensor would not show it either.
    expose(claude, SESSION_USAGE, exposed=False)
    assert await ask(claude, SESSION_QUESTION) == no_session
    expose(claude, SESSION_USAGE)

    claude.serve(session(42, SESSION_RESET, **WEEK))
    await claude.pass_time()
    await claude.pass_time(1.75 * 3600)
    assert claude.state("session_usage") == "unknown"
    assert await ask(claude, SESSION_QUESTION) == unknown("session")

    claude.serve({})
    await claude.pass_time()
    assert await ask(claude) == "claude.ai shows no limits for this account."
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert await ask(claude, SESSION_QUESTION) == NOT_READ


@pytest.mark.usefixtures("assist")
async def test_spend_limit(claude: Claude) -> None:
    """A seat that is billed by usage has one limit, with amounts if they are exposed."""
    claude.serve(spend(37410, 40000))
    await claude.entry()
    await enable(claude)
    keys = ("extra_usage", "extra_usage_spent", "extra_usage_limit")
    sensors = [f"sensor.claude_pulse_{key}" for key in keys]
    expose(claude, SESSION_USAGE, *sensors[:2])
    assert await ask(claude) == "6.5% of the spend limit is left."
    expose(claude, *sensors)
    left = "6.5% of the spend limit is left: 25.90 of 400.00 euros."
    assert await ask(claude) == left
    assert await ask(claude, "can I still use Claude") == f"Yes. {left}"
    assert await ask(claude, "how much have I used") == (
        "93.5% of the spend limit is used: 374.10 of 400.00 euros."
    )
    assert await ask(claude, "when does Claude reset") == (
        "When the spend limit resets is not known."
    )
    assert await ask(claude, "will it last") == (
        "There is no forecast for the spend limit at the moment."
    )
    assert await ask(claude, SESSION_QUESTION) == "This account has no session limit."
    await set_up(claude, "intent")
    _, slots = await handle(claude)
    if has("speech_slots"):
        (shown,) = slots["accounts"][0]["windows"]
        assert (shown["window"], shown["used_percent"]) == ("spend", 93.5)
        amounts = [shown[key] for key in ("spent", "spend_limit", "currency")]
        assert amounts == [374.1, 400, "EUR"]

    claude.serve(spend(40000, 40000))
    await claude.pass_time()
    assert await ask(claude, "have I hit my limit") == (
        "Yes. The spend limit is used up."
    )


@pytest.mark.usefixtures("assist")
async def test_yes_or_no(claude: Claude) -> None:
    """An answer starts with yes or no only if that is known."""
    opus = row("weekly_scoped", 100, WEEK_RESET, "Opus")
    claude.serve(session(42, SESSION_RESET, **WEEK, limits=[opus]))
    await claude.entry()
    expose(claude, SESSION_USAGE, WEEKLY_USAGE, "sensor.claude_pulse_weekly_opus_usage")
    opus_used_up = "The Opus week is used up until Thursday 18:00."
    for text, answer in (
        # Other models can be used.
        ("can I still use Claude", f"Yes. {BOTH_LEFT} {opus_used_up}"),
        ("am I out of Claude", f"No. {BOTH_LEFT} {opus_used_up}"),
        ("have I hit my limit", f"Yes. {opus_used_up}"),
        ("can I still use Opus", f"No. {opus_used_up}"),
        ("will Opus last", f"No. {opus_used_up}"),
    ):
        assert await ask(claude, text) == answer
    # The week, which is not exposed, could be used up.
    expose(claude, WEEKLY_USAGE, exposed=False)
    assert await ask(claude, "can I still use Claude") == (
        f"{SESSION_LEFT} {opus_used_up}"
    )


async def test_will_it_last(claude: Claude, entry: MockConfigEntry) -> None:
    """Limits without a forecast are not in the answer, unless none has one."""
    week_lasts = "The week is expected to last until its reset on Thursday at 18:00."
    for body, answers in (
        (session(0, None, **week(20, WEEK_RESET)), [f"Yes. {week_lasts}"] * 2),
        (
            session(0, None, **week(0, None)),
            [
                "There is no forecast for the session and the week at the moment.",
                "There is no forecast for the week at the moment.",
            ],
        ),
        (
            session(100, SESSION_RESET, **week(20, WEEK_RESET)),
            [
                f"No. The session is used up until 15:40. {week_lasts}",
                f"Yes. {week_lasts}",
            ],
        ),
    ):
        claude.serve(body)
        await claude.pass_time()
        for text, answer in zip(
            ("will it last", "will it last this week"), answers, strict=True
        ):
            assert await ask(claude, text) == answer
    claude.serve(session(0, None, **week(90, WEEK_RESET)))
    await claude.pass_time()
    answer = str(await ask(claude, "will I run out of Claude"))
    assert answer.startswith("Yes. The week is expected to run out on ")
    answer = str(await ask(claude, "will Claude last"))
    assert answer.startswith("No. The week is expected to run out on ")
    assert answer.endswith(", before its reset on Thursday at 18:00.")


async def test_is_claude_down(claude: Claude, entry: MockConfigEntry) -> None:
    """The status sensor answers if it is exposed, or else whether polls succeed."""
    question = "is Claude down"
    assert await ask(claude, question) == "No. claude.ai answers."
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert await ask(claude, question) == f"Perhaps. {NOT_READ}"
    claude.server.set_fault("session_invalid")
    await claude.pass_time()
    assert await ask(claude, question) == f"I do not know. {NOT_READ}"


@pytest.mark.usefixtures("assist")
@pytest.mark.parametrize(
    ("indicator", "answer"),
    [
        ("none", "No. Claude's status page reports no problem."),
        ("major", "In part. Claude's status page reports a major problem."),
        ("critical", "Yes. Claude's status page reports a critical problem."),
    ],
)
async def test_status_page(claude: Claude, indicator: str, answer: str) -> None:
    """The status page answers for claude.ai, also while it cannot be read."""
    claude.server.indicator = indicator
    await claude.entry()
    sensor = "sensor.claude_pulse_service_status"
    await enable(claude, sensor)
    assert EXPOSE in str(await ask(claude, "is Claude down"))
    expose(claude, sensor)
    assert await ask(claude, "is Claude down") == answer
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert await ask(claude, "is Claude down") == f"{answer} {NOT_READ}"


@pytest.mark.parametrize(
    ("locale", "country", "am_pm"),
    [
        (None, "DE", False),
        (None, "US", True),
        ({"language": "en", "time_format": "12"}, "DE", True),
        ({"language": "en", "time_format": "24"}, "US", False),
        ({"language": "en", "time_format": "language"}, "US", True),
        ({"language": "en-GB", "time_format": "language"}, "US", False),
        ({"language": "de", "time_format": "system"}, "US", False),
        ("invalid", "DE", False),
    ],
)
async def test_clock_format(
    claude: Claude,
    entry: MockConfigEntry,
    hass_admin_user: User,
    hass_storage: dict[str, Any],
    locale: Any,
    country: str,
    am_pm: bool,
) -> None:
    """Times are as the person's profile says, or as the language and the country do."""
    await claude.hass.config.async_update(country=country)
    hass_storage[f"frontend.user_data_{hass_admin_user.id}"] = {
        "version": 1,
        "data": {"language": locale},
    }
    result = await claude.hass.services.async_call(
        "conversation",
        "process",
        {"text": QUESTION, "language": "en"},
        blocking=True,
        context=Context(user_id=hass_admin_user.id),
        return_response=True,
    )
    times = ("3:40 PM", "Thursday 6:00 PM") if am_pm else ("15:40", "Thursday 18:00")
    assert result["response"]["speech"]["plain"]["speech"] == (
        f"{left(58, 'session', times[0])} {left(20, 'week', times[1])}"
    )


async def test_intent_without_assist(claude: Claude) -> None:
    """The intent needs no sentences, and the integration needs no intents."""
    await claude.entry()
    assert not {"conversation", "intent", "llm"} & claude.hass.config.components
    assert claude.state("session_usage") == "42"
    await set_up(claude, "intent")
    expose(claude, SESSION_USAGE, WEEKLY_USAGE)
    text, speech_slots = await handle(claude, window="week", account="claude PULSE")
    assert text == WEEK_LEFT
    if has("speech_slots"):
        shown = window("week", 80, "2026-05-07T18:00:00+02:00", lasts=False)
        account = {"account": "Claude Pulse", "readable": True, "windows": [shown]}
        expected = {"answer": WEEK_LEFT, "accounts": [account], "problem": None}
        assert speech_slots == expected
    with pytest.raises(intent.InvalidSlotInfo):
        await handle(claude, window="month")


async def test_intent_fails_to_load(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, hass_client: ClientSessionGenerator
) -> None:
    """Diagnostics work although this version lacks a name that the intent needs."""
    await set_up(claude, "http", "diagnostics", "intent")
    module = "custom_components.claude_pulse.assist.usage_intent"
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr("homeassistant.helpers.intent.IntentHandler")
    entry = await claude.entry()
    client = await hass_client()
    address = f"/api/diagnostics/config_entry/{entry.entry_id}"
    assert (await client.get(address)).status == 200
    sys.modules.pop(module, None)


@pytest.mark.parametrize(
    ("key", "body", "answer"),
    [
        ("session", session(42, None), left(58, "session")),
        ("session", session(99.9, None), left(0.1, "session")),
        ("session", session(0, None), NOTHING_USED),
        ("weekly", week(100), "The week is used up."),
        ("weekly", week(101.5), "The week is used up."),
        (
            "weekly_opus",
            {"limits": [row("weekly_scoped", 1, model="Opus")]},
            left(99, "Opus week"),
        ),
        ("monthly", {"limits": [row("monthly", 1)]}, left(99, "limit Monthly")),
        # A reset within a week has its weekday, others have their date.
        ("weekly", week(0, "2026-05-04T21:59:00Z"), left(100, "week", "23:59")),
        ("weekly", week(0, "2026-05-04T22:05:00Z"), left(100, "week", "Tuesday 00:05")),
        ("weekly", week(0, "2026-05-10T07:00:00Z"), left(100, "week", "Sunday 09:00")),
        ("weekly", week(0, "2026-05-11T12:00:00Z"), left(100, "week", "11 May 14:00")),
        (
            "weekly",
            week(0, "2026-12-01T13:00:00Z"),
            left(100, "week", "1 December 14:00"),
        ),
    ],
)
async def test_sentences(
    claude: Claude, key: str, body: dict[str, Any], answer: str
) -> None:
    """Each window has one sentence."""
    claude.serve(body)
    await claude.entry()
    await set_up(claude, "intent")
    expose(claude, f"sensor.claude_pulse_{key}_usage")
    assert (await handle(claude))[0] == answer


@pytest.mark.parametrize(
    ("title", "asked", "called"),
    [
        # Speech has no punctuation.
        ("Ben  at work", "ben at work", "Ben  at work"),
        ("Ben at work & Co.", "ben at work", "Ben at work & Co."),
        ("Ben, at work", "ben at work", "Ben, at work"),
        # An exact match comes before a title that contains the word.
        ("ada at home", " ADA ", "Ada"),
        ("ada at home", "home", "ada at home"),
        ("ada at home", "om", None),
        ("Ben at work", " carla ", None),
    ],
)
async def test_account_by_name(
    claude: Claude, title: str, asked: str, called: str | None
) -> None:
    """An account is found by its title or by words of it."""
    claude.serve(session(7, None), "ben")
    await claude.entry(title="Ada")
    await claude.entry("ben", title=title)
    await set_up(claude, "intent")
    expose(claude, "sensor.ada_session_usage")
    expose(claude, f"sensor.{slugify(title)}_session_usage")
    answers = {
        "Ada": f"Ada: {SESSION_LEFT}",
        title: f"{title}: {left(93, 'session')}",
        None: f"I know no account called {asked.strip()}, only Ada and {title}.",
    }
    assert (await handle(claude, account=asked))[0] == answers[called]


@needs("speech_slots")
async def test_problems(claude: Claude) -> None:
    """A problem has a key, and the response then has no account."""
    claude.serve(session(5, None, **week(101.5)))
    await claude.entry()
    await set_up(claude, "intent")

    async def problem(**slots: str) -> str:
        """Return the problem of a response without accounts."""
        _, speech_slots = await handle(claude, **slots)
        assert speech_slots["accounts"] == []
        return speech_slots["problem"]

    assert await problem() == "nothing_exposed"
    expose(claude, WEEKLY_USAGE)
    assert await problem(account="carla") == "unknown_account"
    assert await problem(window="session") == "window_not_exposed"
    claude.serve(week(101.5))
    await claude.pass_time()
    expose(claude, SESSION_USAGE)
    assert await problem(window="session") == "no_such_limit"
    _, speech_slots = await handle(claude)
    windows = speech_slots["accounts"][0]["windows"]
    assert [window["left_percent"] for window in windows] == [0]


@needs("tools_for_models")
async def test_tool_for_models(claude: Claude, entry: MockConfigEntry) -> None:
    """The tool is offered while a window is exposed, and returns exposed windows only."""
    from homeassistant.helpers import llm

    hass = claude.hass
    context = llm.LLMContext("test", Context(), "en", "conversation", None)

    async def api() -> llm.APIInstance:
        """Return the API of Assist."""
        return await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)

    async def tools() -> list[llm.Tool]:
        """Return our tools."""
        return [tool for tool in (await api()).tools if DOMAIN in tool.name.lower()]

    expose(claude, SESSION_USAGE, WEEKLY_USAGE, exposed=False)
    assert await tools() == []
    expose(claude, SESSION_USAGE)
    instance = await api()
    (tool,) = await tools()
    assert tool.name == f"{DOMAIN}__get_usage"
    # Home Assistant sets a missing integration, and logs that.
    assert type(tool).integration == DOMAIN
    # Home Assistant has annotations and results since 2026.10.
    if hasattr(llm, "ToolAnnotations"):
        assert tool.annotations == llm.ToolAnnotations(
            read_only=True, destructive=False, idempotent=True, open_world=False
        )
    platform = await hass.data["llm_platforms"].async_get_platform(DOMAIN)
    assert platform.async_get_tools(hass, context, "another API") is None
    # The tool replaces the intent.
    assert not [item for item in instance.tools if "GetUsage" in item.name]

    async def call() -> Any:
        """Return the result of the tool."""
        result = await instance.async_call_tool(llm.ToolInput(tool.name, {}))
        if not hasattr(llm, "ToolResult"):
            return result
        assert not result.error
        return result.data

    result = await call()
    private = (*entry.data.values(), entry.entry_id, entry.unique_id)
    assert not [secret for secret in private if str(secret) in json.dumps(result)]
    (account,) = result["accounts"]
    lasts = account["windows"][0]["lasts_until_reset"]
    assert lasts in (True, False)
    shown = window("session", 42, "2026-05-04T15:40:00+02:00", lasts=lasts)
    assert account == {
        "account": "Claude Pulse",
        "readable": True,
        "windows": [shown],
    }

    claude.server.set_fault("server_error")
    await claude.pass_time()
    (account,) = (await call())["accounts"]
    assert account["readable"] is False
    assert account["windows"][0]["used_percent"] is None
    # The account has no session limit.
    claude.server.clear_faults()
    claude.serve(WEEK)
    await claude.pass_time()
    (account,) = (await call())["accounts"]
    assert (account["readable"], account["windows"]) == (True, [])
    expose(claude, SESSION_USAGE, exposed=False)
    assert await tools() == []
    assert await call() == {"accounts": []}


@needs("voice_blueprint")
async def test_blueprint(claude: Claude, tmp_path: Path) -> None:
    """An automation answers as the intent does, without a sentence file."""
    folder = tmp_path / "blueprints" / "automation" / DOMAIN
    folder.mkdir(parents=True)
    shutil.copy(BLUEPRINT, folder)
    claude.hass.config.config_dir = str(tmp_path)
    await claude.entry()
    await set_up(claude, "conversation")
    use = {"use_blueprint": {"path": f"{DOMAIN}/{BLUEPRINT.name}", "input": {}}}
    config = {"automation": [use]}
    assert await async_setup_component(claude.hass, "automation", config)
    await claude.settle()

    async def ask(text: str = QUESTION) -> str:
        """Return the answer of the automation."""
        return (await process(claude, text))["speech"]["plain"]["speech"]

    for text in (
        QUESTION,
        SESSION_QUESTION,
        "what's my Claude Code usage",
        "can I still use Claude",
        "when does Claude reset",
        "do I have any Claude left",
    ):
        assert await ask(text) == BOTH_LEFT
    assert "%" not in await ask("what is the cloud status")
    assert await ask("when can I continue") == BOTH_LEFT
    await check_changes(claude, ask)
    claude.server.clear_faults()
    await claude.pass_time()
    assert await ask("how much can I use today") == TODAY_UNKNOWN
    await check_today(claude, ask)
    claude.clock.move_to(NOW)
    await claude.pass_time()
    for body, answer in (
        ({}, "claude.ai shows no usage of these limits at the moment."),
        (spend(37400, 40000), left(6.5, "spend limit")),
    ):
        claude.server.clear_faults()
        claude.serve(body)
        await claude.pass_time()
        await enable(claude)
        assert await ask() == answer
    registry = er.async_get(claude.hass)
    for entity_id in (SESSION_USAGE, WEEKLY_USAGE, "sensor.claude_pulse_extra_usage"):
        registry.async_update_entity(entity_id, new_entity_id=f"{entity_id}_renamed")
    await claude.settle()
    assert await ask() == (
        "The usage sensors are missing. Choose them in the automation that answers."
    )
