"""Questions in each language, and the answers in it."""

from __future__ import annotations

from pathlib import Path
import shutil
from typing import Any

import home_assistant_intents
import pytest
import yaml

from custom_components.claude_pulse.assist.answers import answer
from custom_components.claude_pulse.assist.exposed import (
    ASSIST,
    async_accounts,
    async_service,
)
from custom_components.claude_pulse.assist.questions import LEFT, QUESTIONS, Question
from custom_components.claude_pulse.language.clock import async_clock
from custom_components.claude_pulse.language.texts import async_texts

from .common import Claude
from .events.common import body, with_opus
from .test_voice import NOW, SENTENCES, ask, expose, set_up_assist

FILES = SENTENCES.parents[1]
LANGUAGES = sorted(path.name for path in FILES.iterdir())
SAID = Path(__file__).parent / "voice"

pytestmark = [pytest.mark.smoke, pytest.mark.freeze_time(NOW)]


def said(language: str) -> list[dict[str, Any]]:
    """Return the sentences of a language, with the questions that they are."""
    found: list[dict[str, Any]] = yaml.safe_load(
        (SAID / f"{language}.yaml").read_text("utf-8")
    )
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_said(language: str) -> None:
    """Each language asks each question, about the session, the week and a model."""
    asked = said(language)
    assert {item.get("question", LEFT) for item in asked} == {*QUESTIONS}
    assert {item.get("window") for item in asked} == {None, "session", "week"}
    assert any("model" in item for item in asked)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_sentences(claude: Claude, tmp_path: Path, language: str) -> None:
    """Each sentence asks its question, and is answered in its language."""
    known = Path(home_assistant_intents.__file__).parent.rglob("*.json")
    if language.lower() not in {item.stem.lower() for item in known}:
        pytest.skip("This version of Home Assistant does not speak this language")
    hass = claude.hass
    path = FILES / language / SENTENCES.name
    # Some versions of Home Assistant look for pt-br.
    lower = tmp_path / "custom_sentences" / language.lower() / SENTENCES.name
    lower.parent.mkdir(parents=True)
    shutil.copy(path, lower)
    await set_up_assist(claude, tmp_path, path.read_text("utf-8"), language)
    claude.serve(with_opus(body(42, week=80), 12))
    await claude.entry()
    for name in ("session", "weekly", "weekly_opus"):
        expose(claude, f"sensor.claude_pulse_{name}_usage")
    clock = await async_clock(hass, None, language)
    texts = await async_texts(hass, language, clock)
    accounts, service = async_accounts(hass, ASSIST), async_service(hass, ASSIST)
    wrong = {}
    for item in said(language):
        asked = Question(
            item.get("question", LEFT), item.get("window"), item.get("model")
        )
        expected = answer(asked, accounts, service, texts).text
        assert "{" not in expected
        if (found := await ask(claude, item["say"], language)) != expected:
            wrong[item["say"]] = found, expected
    assert not wrong, "\n".join(map(str, wrong.items()))
