"""How much Claude is left: asked in a sentence, of Assist, of an automation or a model."""

from __future__ import annotations

from datetime import UTC, datetime
import json
from pathlib import Path
import shutil
import sys
from typing import Any
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.assist.answers import (
    NOTHING_EXPOSED,
    UNKNOWN_ACCOUNT,
    WINDOW_NOT_EXPOSED,
    Account,
    Window,
    answer,
)
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.setup import async_setup_component

from .common import add_entry, pass_time, serve, session, settle
from .features import has, needs
from .simulator import Simulator

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

ROOT = Path(__file__).parents[1]
SENTENCES = ROOT / "custom_sentences" / "en" / "claude_pulse.yaml"
BLUEPRINT = ROOT / "blueprints" / "automation" / DOMAIN / "voice.yaml"

SESSION_USAGE = "sensor.claude_pulse_session_usage"
WEEKLY_USAGE = "sensor.claude_pulse_weekly_usage"
OPUS_USAGE = "sensor.claude_pulse_weekly_opus_usage"

QUESTION = "How much Claude do I have left?"
EXPOSE = "Expose the usage sensors under Settings → Voice assistants → Expose."
NOT_READ = "claude.ai can't be read at the moment."
SESSION_LEFT = "58 % of the session is left, until 15:40."
WEEK_LEFT = "20 % of the week is left, until Thursday 18:00."

# A Monday, 14:00 in Berlin.
NOW = "2026-05-04T12:00:00+00:00"
SESSION_END = "2026-05-04T13:40:00Z"
WEEK = {"seven_day": {"utilization": 80, "resets_at": "2026-05-07T16:00:00Z"}}
OPUS = {
    "kind": "weekly_scoped",
    "percent": 35,
    "resets_at": "2026-05-07T16:00:00Z",
    "scope": {"model": {"display_name": "Opus"}},
}

# What people ask, by what they are told.
QUESTIONS = {
    f"{SESSION_LEFT} {WEEK_LEFT}": (
        "how much claude do i have left",
        "How much Claude Code have I got left?",
        "how much of my Claude usage is left",
        "how much cloud code is left",
        "how much Claude have I used",
        "What is my Claude usage?",
        "what's my Claude Code limit",
        "what's left of my Claude limits",
        "Can I still use Claude?",
        "do I still have any Claude left",
        "is there any Claude Code left",
        "am I out of Claude",
        "When does Claude reset?",
        "when does my Claude limit reset",
        "when can I use Claude again",
        "when will Claude be available again",
        "how long until Claude Code resets",
        "check my Claude usage",
        "Claude usage",
    ),
    SESSION_LEFT: (
        "How much of my Claude session is left?",
        "how much of the Claude Code session do I have left",
        "how much Claude do I have left in this session",
        "what is my Claude session usage",
        "when does the Claude five hour window reset",
        "is my Claude session used up",
    ),
    WEEK_LEFT: (
        "how much Claude do I have left this week",
        "how much Claude is left for the week",
        "what is my weekly Claude usage",
        "what is my Claude Code weekly limit",
        "when does my Claude week reset",
        "can I still use Claude this week",
    ),
}


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Any:
    """Nothing of this is logged as an error but a poll that fails."""
    yield
    errors = [
        message
        for record in caplog.get_records("call")
        if record.levelname in ("ERROR", "CRITICAL")
        and not (message := record.getMessage()).startswith(f"Error fetching {DOMAIN}")
    ]
    assert errors == []


@pytest.fixture
async def berlin(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Be in Berlin, on a Monday at two, with a session and a week under way."""
    freezer.move_to(NOW)
    await hass.config.async_update(time_zone="Europe/Berlin")
    serve(simulator, session(42, SESSION_END, **WEEK))


async def set_up_assist(
    hass: HomeAssistant,
    folder: Path,
    sentences: str | None = None,
    language: str = "en",
) -> None:
    """Set up Assist, with our sentences copied to where it finds them."""
    hass.config.config_dir = str(folder)
    target = folder / "custom_sentences" / language / SENTENCES.name
    target.parent.mkdir(parents=True)
    target.write_text(sentences or SENTENCES.read_text(), encoding="utf-8")
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await settle(hass)


async def ask(
    hass: HomeAssistant, text: str = QUESTION, language: str = "en"
) -> dict[str, Any]:
    """Ask Assist."""
    found = await hass.services.async_call(
        "conversation",
        "process",
        {"text": text, "language": language},
        blocking=True,
        return_response=True,
    )
    assert found is not None
    return dict(found["response"])


async def set_up(hass: HomeAssistant, simulator: Simulator, tmp_path: Path) -> None:
    """Have Assist, and an entry of which session and week are exposed."""
    await set_up_assist(hass, tmp_path)
    await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE, WEEKLY_USAGE)


async def hear(
    hass: HomeAssistant, text: str = QUESTION, language: str = "en"
) -> str | None:
    """Ask Assist, and return what it says, or None if it has not understood."""
    response = await ask(hass, text, language)
    if response["response_type"] == "error":
        return None
    assert response["response_type"] == "query_answer"
    return str(response["speech"]["plain"]["speech"])


def expose(hass: HomeAssistant, *entity_ids: str, exposed: bool = True) -> None:
    """Expose entities to Assist, as a person does on the page of voice assistants."""
    for entity_id in entity_ids:
        async_expose_entity(hass, "conversation", entity_id, exposed)


@pytest.mark.usefixtures("berlin")
async def test_what_is_exposed_is_told(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> None:
    """Nothing at first; then each window whose sensor is exposed, with its numbers."""
    await set_up_assist(hass, tmp_path)
    await add_entry(hass, simulator)
    response = await ask(hass)
    assert response["response_type"] == "query_answer"
    spoken = response["speech"]["plain"]["speech"]
    assert spoken == f"I can't see how much Claude is left. {EXPOSE}"

    expose(hass, SESSION_USAGE)
    assert await hear(hass) == SESSION_LEFT
    expose(hass, WEEKLY_USAGE)
    assert await hear(hass) == f"{SESSION_LEFT} {WEEK_LEFT}"
    assert hass.states.get(SESSION_USAGE).state == "42"
    assert hass.states.get(WEEKLY_USAGE).state == "80"

    expose(hass, SESSION_USAGE, exposed=False)
    assert await hear(hass) == WEEK_LEFT
    # Others that are exposed say nothing of how much is left.
    expose(hass, WEEKLY_USAGE, exposed=False)
    expose(hass, "sensor.claude_pulse_session_used", "sensor.claude_pulse_plan")
    assert EXPOSE in str(await hear(hass))


@pytest.mark.usefixtures("berlin")
async def test_sensors_are_known_by_what_they_are(
    hass: HomeAssistant,
    simulator: Simulator,
    tmp_path: Path,
    entity_registry: er.EntityRegistry,
) -> None:
    """Another entity id changes nothing; a sensor that is disabled is not told."""
    await set_up_assist(hass, tmp_path)
    entry = await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE, WEEKLY_USAGE)
    await settle(hass)
    entity_registry.async_update_entity(WEEKLY_USAGE, new_entity_id="sensor.of_ada")
    await settle(hass)
    assert await hear(hass) == f"{SESSION_LEFT} {WEEK_LEFT}"

    entity_registry.async_update_entity(
        SESSION_USAGE, disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert hass.states.get(SESSION_USAGE) is None
    assert await hear(hass) == WEEK_LEFT
    asked = await hear(hass, "how much of my Claude session is left")
    assert asked == f"I can't see how much of the session is left. {EXPOSE}"


@pytest.mark.usefixtures("berlin")
async def test_how_people_ask(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> None:
    """With Claude Code or without, of one window or of all."""
    await set_up(hass, simulator, tmp_path)
    told = {
        text: await hear(hass, text) for texts in QUESTIONS.values() for text in texts
    }
    assert told == {text: said for said, texts in QUESTIONS.items() for text in texts}


@pytest.mark.usefixtures("berlin")
async def test_other_questions_are_left_to_others(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> None:
    """Neither those about other things, nor those about one of our entities."""
    await set_up(hass, simulator, tmp_path)
    for text in ("how much milk do I have left", "how much of the week is left"):
        # Some versions answer with an intent of their own that sounds similar.
        response = json.dumps(await ask(hass, text))
        assert "%" not in response
        assert "claude" not in response.lower()
    told = await hear(hass, "what is the Claude Pulse Session usage")
    assert told is not None
    assert "42" in told


@pytest.mark.usefixtures("berlin")
async def test_used_up_and_not_begun(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """Until when nothing is left, and that nothing is used."""
    await set_up(hass, simulator, tmp_path)
    serve(simulator, session(100, SESSION_END, **WEEK))
    await pass_time(hass, freezer)
    used_up = "The session is used up until 15:40."
    assert await hear(hass) == f"{used_up} {WEEK_LEFT}"

    serve(simulator, session(0, None, **WEEK))
    await pass_time(hass, freezer)
    assert await hear(hass) == f"Nothing of the session is used. {WEEK_LEFT}"

    # An account that has no session; then decimals, as the sensor shows them.
    serve(simulator, WEEK)
    await pass_time(hass, freezer)
    unknown = "How much of the session is left is not known at the moment."
    assert hass.states.get(SESSION_USAGE).state == "unknown"
    assert await hear(hass) == f"{unknown} {WEEK_LEFT}"
    serve(simulator, session(42.3, SESSION_END))
    await pass_time(hass, freezer)
    assert hass.states.get(SESSION_USAGE).state == "42.3"
    assert "57.7 % of the session is left" in str(await hear(hass))


@pytest.mark.usefixtures("berlin")
async def test_failed_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """Nothing is told of values that the sensors do not show either."""
    await set_up(hass, simulator, tmp_path)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    assert hass.states.get(SESSION_USAGE).state == "unavailable"
    assert await hear(hass) == NOT_READ
    assert await hear(hass, "how much of my Claude session is left") == NOT_READ

    simulator.clear_faults()
    await pass_time(hass, freezer)
    assert await hear(hass) == f"{SESSION_LEFT} {WEEK_LEFT}"


@pytest.mark.usefixtures("berlin")
async def test_kept_values_are_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """As long as the sensors show them."""
    await set_up_assist(hass, tmp_path)
    await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE)
    simulator.set_fault("rate_limited")
    await pass_time(hass, freezer)
    assert hass.states.get(SESSION_USAGE).state == "42"
    assert await hear(hass) == SESSION_LEFT


@pytest.mark.usefixtures("berlin")
async def test_unloaded_and_removed(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> None:
    """An entry that is not loaded has nothing to tell, and one that is gone is nothing."""
    await set_up_assist(hass, tmp_path)
    entry = await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE, WEEKLY_USAGE)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    assert await hear(hass) == NOT_READ

    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert EXPOSE in str(await hear(hass))


@pytest.mark.usefixtures("berlin")
async def test_stuck_while_unloading(
    hass: HomeAssistant,
    simulator: Simulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What nobody polls any more is not told as if it were true now."""
    await set_up_assist(hass, tmp_path)
    entry = await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE)
    assert await hear(hass) == SESSION_LEFT
    with monkeypatch.context() as patch:
        stuck = AsyncMock(return_value=False)
        patch.setattr(hass.config_entries, "async_unload_platforms", stuck)
        assert not await hass.config_entries.async_unload(entry.entry_id)
    assert await hear(hass) == NOT_READ
    # Which newer versions call an error.
    caplog.clear()


@pytest.mark.usefixtures("berlin")
async def test_model_window(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """A model's week is told as the others, while there is one."""
    serve(simulator, session(42, SESSION_END, **WEEK, limits=[OPUS]))
    await set_up_assist(hass, tmp_path)
    await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE, OPUS_USAGE)
    assert hass.states.get(OPUS_USAGE).state == "35"
    opus = "65 % of the Opus week is left, until Thursday 18:00."
    assert await hear(hass) == f"{SESSION_LEFT} {opus}"
    assert await hear(hass, "how much of my Claude session is left") == SESSION_LEFT

    serve(simulator, session(42, SESSION_END, **WEEK))
    await pass_time(hass, freezer)
    assert await hear(hass) == SESSION_LEFT


@pytest.mark.usefixtures("berlin")
async def test_two_accounts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """Each is told by its title, also alone, and one that fails does not hide the other."""
    await set_up_assist(hass, tmp_path)
    serve(simulator, session(7, None), "ben")
    await add_entry(hass, simulator, title="Ada")
    await add_entry(hass, simulator, "ben", title="Ben at work")
    expose(hass, "sensor.ada_session_usage", "sensor.ada_weekly_usage")
    # One that is seen is told without a title.
    assert await hear(hass) == f"{SESSION_LEFT} {WEEK_LEFT}"
    expose(hass, "sensor.ben_at_work_session_usage")
    ada = f"Ada: {SESSION_LEFT} {WEEK_LEFT}"
    ben = "Ben at work: 93 % of the session is left."
    assert await hear(hass) == f"{ada} {ben}"
    assert await hear(hass, "how much Claude does ada have left") == ada
    assert await hear(hass, "how much Claude does BEN have left?") == ben
    assert await hear(hass, "what is the Claude usage of Ben at work") == ben
    assert await hear(hass, "how much Claude do I have left this week") == (
        f"Ada: {WEEK_LEFT}"
    )
    told = str(await hear(hass, "how much Claude does Carla have left"))
    assert told.lower() == "i know no account called carla, only ada and ben at work."

    simulator.set_fault("server_error", "ben")
    await pass_time(hass, freezer)
    assert await hear(hass) == f"{ada} Ben at work: {NOT_READ}"


@pytest.mark.usefixtures("berlin")
async def test_answer_in_other_words(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> None:
    """As the file says how: its template gets all there is to tell."""
    text = SENTENCES.read_text(encoding="utf-8")
    comment = [line.removeprefix("#").removeprefix(" ") for line in text.splitlines()]
    start = comment.index("responses:")
    template = comment[start : comment.index("", start)]
    german = [
        'language: "de"',
        "intents:",
        "  ClaudePulseGetUsage:",
        "    data:",
        # German sentences lose "noch" before they are compared, in some versions.
        '      - sentences: ["wie viel Claude habe ich [noch]"]',
        "        slots:",
        "          own_words: true",
        '      - sentences: ["Claude in fremden Worten"]',
        *template,
    ]
    await set_up_assist(hass, tmp_path, "\n".join(german), "de")
    await add_entry(hass, simulator)
    expose(hass, SESSION_USAGE)
    told = await hear(hass, "Claude in fremden Worten", "de")
    assert told == SESSION_LEFT
    told = await hear(hass, "Wie viel Claude habe ich noch?", "de")
    # Old versions, such as 2024.1, have no slots for it.
    if has("speech_slots"):
        assert told == "Von der Sitzung sind 58 % übrig, bis 04.05. 15:40."


@pytest.mark.usefixtures("berlin")
async def test_intent_by_itself(hass: HomeAssistant, simulator: Simulator) -> None:
    """It works without sentences, for whoever handles intents, and says what is unknown."""
    assert await async_setup_component(hass, "homeassistant", {})
    await add_entry(hass, simulator)
    assert "conversation" not in hass.config.components
    # Home Assistant gets it from us when intents come up after us.
    assert await async_setup_component(hass, "intent", {})
    await settle(hass)
    expose(hass, SESSION_USAGE, WEEKLY_USAGE)
    slots = {"window": {"value": "week"}, "account": {"value": "claude PULSE"}}
    response = await intent.async_handle(hass, "test", "ClaudePulseGetUsage", slots)
    assert response.speech["plain"]["speech"] == WEEK_LEFT
    told = response.as_dict().get("speech_slots", {})
    if has("speech_slots"):
        assert json.loads(json.dumps(told)) == {
            "answer": WEEK_LEFT,
            "accounts": [
                {
                    "account": "Claude Pulse",
                    "readable": True,
                    "windows": [
                        {
                            "window": "week",
                            "name": "week",
                            "used_percent": 80,
                            "left_percent": 20,
                            "resets_at": "2026-05-07T18:00:00+02:00",
                            "lasts_until_reset": False,
                        }
                    ],
                }
            ],
            "problem": None,
        }
    wrong = {"window": {"value": "month"}}
    with pytest.raises(intent.InvalidSlotInfo):
        await intent.async_handle(hass, "test", "ClaudePulseGetUsage", wrong)


@pytest.mark.usefixtures("berlin")
async def test_nothing_of_it_has_to_be_there(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """The integration works where nobody handles sentences."""
    await add_entry(hass, simulator)
    assert not {"conversation", "intent", "llm"} & hass.config.components
    assert hass.states.get(SESSION_USAGE).state == "42"


async def test_intent_that_a_version_cannot_run(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    hass_client: Any,
) -> None:
    """A missing name costs the intent, and not the diagnostics that come with it."""
    for component in ("http", "diagnostics", "homeassistant", "intent"):
        assert await async_setup_component(hass, component, {})
    module = "custom_components.claude_pulse.assist.usage_intent"
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.delattr("homeassistant.helpers.intent.IntentHandler")
    entry = await add_entry(hass, simulator)
    client = await hass_client()
    address = f"/api/diagnostics/config_entry/{entry.entry_id}"
    assert (await client.get(address)).status == 200
    sys.modules.pop(module, None)


@needs("tools_for_models")
@pytest.mark.usefixtures("berlin")
async def test_tool_for_models(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """It is offered while something is exposed, and tells that and nothing else."""
    from homeassistant.helpers import llm

    async def offered(api: str = llm.LLM_API_ASSIST) -> Any:
        """Return what a model is offered."""
        context = llm.LLMContext("test", Context(), "en", "conversation", None)
        tools = hass.data["llm_platforms"]
        platform = await tools.async_get_platform(DOMAIN)
        if api != llm.LLM_API_ASSIST:
            return platform.async_get_tools(hass, context, api)
        return await llm.async_get_api(hass, api, context)

    def ours(instance: Any) -> list[Any]:
        """Return the tools of ours."""
        return [tool for tool in instance.tools if DOMAIN in tool.name.lower()]

    await set_up_assist(hass, tmp_path)
    entry = await add_entry(hass, simulator)
    assert ours(await offered()) == []
    expose(hass, SESSION_USAGE)
    instance = await offered()
    (tool,) = ours(instance)
    assert tool.name == f"{DOMAIN}__get_usage"
    # Home Assistant sets it at one of a class that does not, and complains.
    assert type(tool).integration == DOMAIN
    # Home Assistant knows annotations and results since 2026.10.
    if hasattr(llm, "ToolAnnotations"):
        assert tool.annotations == llm.ToolAnnotations(
            read_only=True, destructive=False, idempotent=True, open_world=False
        )
    assert await offered("another API") is None
    # Neither is the intent offered beside it.
    assert not [item for item in instance.tools if "GetUsage" in item.name]

    async def call() -> Any:
        """Call the tool, and return what it tells."""
        result = await instance.async_call_tool(llm.ToolInput(tool.name, {}))
        if not hasattr(llm, "ToolResult"):
            return result
        assert not result.error
        return result.data

    result = await call()
    window = {
        "window": "session",
        "name": "session",
        "used_percent": 42,
        "left_percent": 58,
        "resets_at": "2026-05-04T15:40:00+02:00",
    }
    (account,) = result["accounts"]
    (told,) = account.pop("windows")
    assert account == {"account": "Claude Pulse", "readable": True}
    assert told.pop("lasts_until_reset") in (True, False)
    assert told == window
    secrets = (*entry.data.values(), entry.entry_id, entry.unique_id)
    assert not [secret for secret in secrets if str(secret) in json.dumps(result)]

    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    (account,) = (await call())["accounts"]
    assert account["readable"] is False
    assert account["windows"][0]["used_percent"] is None
    expose(hass, SESSION_USAGE, exposed=False)
    assert ours(await offered()) == []
    assert await call() == {"accounts": []}


@needs("voice_blueprint")
@pytest.mark.usefixtures("berlin")
async def test_blueprint(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    tmp_path: Path,
) -> None:
    """An automation answers what our intent answers, without a file of sentences."""
    folder = tmp_path / "blueprints" / "automation" / DOMAIN
    folder.mkdir(parents=True)
    shutil.copy(BLUEPRINT, folder)
    hass.config.config_dir = str(tmp_path)
    await add_entry(hass, simulator)
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    use = {"use_blueprint": {"path": f"{DOMAIN}/{BLUEPRINT.name}", "input": {}}}
    assert await async_setup_component(hass, "automation", {"automation": [use]})
    await settle(hass)

    async def said(text: str = QUESTION) -> str:
        """Return what is answered."""
        return str((await ask(hass, text))["speech"]["plain"]["speech"])

    assert await said() == f"{SESSION_LEFT} {WEEK_LEFT}"
    for text in (
        "how much of my Claude session is left",
        "what's my Claude Code usage",
        "can I still use Claude",
        "when does Claude reset",
        "do I have any Claude left",
    ):
        assert await said(text) == f"{SESSION_LEFT} {WEEK_LEFT}"

    serve(simulator, session(100, SESSION_END, **WEEK))
    await pass_time(hass, freezer)
    assert await said() == f"The session is used up until 15:40. {WEEK_LEFT}"
    serve(simulator, session(0, None, **WEEK))
    await pass_time(hass, freezer)
    assert await said() == f"Nothing of the session is used. {WEEK_LEFT}"
    serve(simulator, session(42.3, None))
    await pass_time(hass, freezer)
    assert await said() == (
        "57.7 % of the session is left. "
        "How much of the week is left is not known at the moment."
    )
    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    assert await said() == NOT_READ


# What is said, without a Home Assistant.

MONDAY = datetime(2026, 5, 4, 14, tzinfo=UTC)


def account(*windows: Window, title: str = "Ada", readable: bool = True) -> Account:
    """Return an account."""
    return Account(title, readable, windows)


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (Window("session", "session", 42), "58 % of the session is left."),
        (Window("session", "session", 99.9), "0.1 % of the session is left."),
        (Window("session", "session", 0), "Nothing of the session is used."),
        (Window("week", "week", 100), "The week is used up."),
        (Window("week", "week", 101.5), "The week is used up."),
        (Window("model", "Opus", 1), "99 % of the Opus week is left."),
        (Window("other", "Monthly", 1), "99 % of the window Monthly is left."),
    ],
)
def test_what_is_said_of_a_window(window: Window, told: str) -> None:
    """In one sentence."""
    assert answer([account(window)], MONDAY).text == told


@pytest.mark.parametrize(
    ("resets_at", "told"),
    [
        (datetime(2026, 5, 4, 23, 59, tzinfo=UTC), "23:59"),
        (datetime(2026, 5, 5, 0, 5, tzinfo=UTC), "Tuesday 00:05"),
        (datetime(2026, 5, 10, 9, 0, tzinfo=UTC), "Sunday 09:00"),
        (datetime(2026, 5, 11, 14, 0, tzinfo=UTC), "11 May 14:00"),
        (datetime(2026, 12, 1, 14, 0, tzinfo=UTC), "1 December 14:00"),
        (datetime(2026, 5, 3, 14, 0, tzinfo=UTC), "3 May 14:00"),
    ],
)
def test_what_is_said_of_a_reset(resets_at: datetime, told: str) -> None:
    """A day of this week by its name, others by their date."""
    window = Window("week", "week", 0, resets_at)
    text = answer([account(window)], MONDAY).text
    assert text == f"100 % of the week is left, until {told}."


def test_what_is_left_of_nothing() -> None:
    """There is not less than nothing, and what is unknown stays so."""
    assert Window("week", "week", 101.5).left == 0
    assert Window("week", "week").left is None


def test_what_is_wrong() -> None:
    """Each problem has a text, and nothing else is told with it."""
    one, two = account(Window("week", "week", 1)), account(title="Ben at work")
    found = answer([], MONDAY)
    assert (found.problem, found.accounts) == (NOTHING_EXPOSED, ())
    found = answer([one, two], MONDAY, name=" carla ")
    assert (found.problem, found.accounts) == (UNKNOWN_ACCOUNT, ())
    assert found.text == "I know no account called carla, only Ada and Ben at work."
    found = answer([one], MONDAY, window="session")
    assert (found.problem, found.accounts) == (WINDOW_NOT_EXPOSED, ())
    # What is said has no punctuation.
    for title in ("Ben  at work", "Ben at work & Co.", "Ben, at work"):
        two = account(title=title)
        assert answer([one, two], MONDAY, name="ben at work").accounts == [two]
    # A title that is the same goes before one that has the word in it.
    three = account(Window("week", "week", 2), title="ada at home")
    assert answer([one, three], MONDAY, name=" ADA ").accounts == [one]
    assert answer([one, three], MONDAY, name="home").accounts == [three]
    assert answer([one, three], MONDAY, name="om").problem == UNKNOWN_ACCOUNT
