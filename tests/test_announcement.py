"""The blueprint for announcements on satellites and speakers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from homeassistant.exceptions import HomeAssistantError

from .common import Claude
from .events.common import begin, body, in_hours, poll
from .test_blueprints import (
    device_of,
    errors_of,
    notifications_of,
    run,
    use_blueprints,
    without_timers,
)

__all__ = ["without_timers"]

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
]

SATELLITE = {"satellites": ["assist_satellite.kitchen"]}
SPEAKER = {"speakers": ["media_player.kitchen"]}
# It is early in the morning in the tests.
ALWAYS = {"from": "00:00:00", "until": "00:00:00"}
ALL = {"announcements": ["will_run_out", "limit_reached", "available_again"]}


@pytest.fixture
def announced(claude: Claude) -> list[Any]:
    """Return the announcements on satellites."""
    return async_mock_service(claude.hass, "assist_satellite", "announce")


@pytest.fixture
def spoken(claude: Claude) -> list[Any]:
    """Return the announcements on speakers."""
    claude.hass.states.async_set("tts.piper", "unknown")
    return async_mock_service(claude.hass, "tts", "speak")


async def test_satellite(
    claude: Claude,
    announced: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A session that is used up, in sentences."""
    await begin(claude, body(45))
    inputs = {**SATELLITE, **ALWAYS, **ALL}
    await use_blueprints(claude, tmp_path, announcement=inputs)
    await poll(claude, body(80))
    await poll(claude, body(100))
    await poll(claude, body(1, in_hours(claude, 5)))
    await claude.pass_time(5)
    expected, reached, available = (call.data["message"] for call in announced)
    assert expected == (
        "Session limit runs out about 05:27. 80% used. It resets at 09:00."
    )
    assert reached.startswith("Session limit reached. You can ")
    assert reached.endswith(" at 09:00.")
    assert available.startswith("Session limit: you can ")
    assert available.endswith(". 1% used.")
    assert announced[0].data["entity_id"] == ["assist_satellite.kitchen"]
    assert not errors_of(caplog)


async def test_defaults(
    claude: Claude,
    spoken: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That a limit is reached is not said, and a speaker uses the first voice."""
    await begin(claude, body(10, week=5))
    inputs = {**SPEAKER, "from": "05:00:00", "until": "21:00:00"}
    await use_blueprints(claude, tmp_path, announcement=inputs)
    await poll(claude, body(10, week=66.1))
    await poll(claude, body(100, week=66.1))
    (call,) = spoken
    assert call.data["message"].startswith("Weekly limit runs out ")
    assert call.data["entity_id"] == ["tts.piper"]
    assert call.data["media_player_entity_id"] == ["media_player.kitchen"]
    assert not errors_of(caplog)


@pytest.mark.parametrize(
    ("hours", "number"),
    [
        (("08:00:00", "21:00:00"), 0),
        (("04:00:00", "21:00:00"), 1),
        (("22:00:00", "06:00:00"), 1),
        (("22:00:00", "04:00:00"), 0),
    ],
)
async def test_hours(
    claude: Claude,
    announced: list[Any],
    tmp_path: Path,
    hours: tuple[str, str],
    number: int,
) -> None:
    """Nothing is said outside of the hours. It is about five o'clock."""
    await begin(claude, body(60))
    inputs = {**SATELLITE, **ALL, "from": hours[0], "until": hours[1]}
    await use_blueprints(claude, tmp_path, announcement=inputs)
    await poll(claude, body(100))
    assert len(announced) == number


async def test_a_satellite_that_fails(
    claude: Claude,
    spoken: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The speaker says it nevertheless."""

    async def fail(_: Any) -> None:
        """Fail like a satellite without a connection."""
        raise HomeAssistantError("not connected")

    claude.hass.services.async_register("assist_satellite", "announce", fail)
    await begin(claude, body(60))
    inputs = {**SATELLITE, **SPEAKER, **ALWAYS, "voice": "tts.cloud"}
    await use_blueprints(claude, tmp_path, announcement=inputs)
    await run(claude, "announcement")
    (call,) = spoken
    assert call.data["message"] == (
        "Claude Pulse alerts work. You will get messages like this one."
    )
    assert call.data["entity_id"] == ["tts.cloud"]
    assert all("not connected" in error for error in errors_of(caplog))


async def test_no_satellites(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Before Home Assistant 2025.2, only this automation fails."""
    _, log = await begin(claude, body(60))
    await use_blueprints(claude, tmp_path, announcement={**SATELLITE, **ALWAYS, **ALL})
    await poll(claude, body(100))
    assert log.texts[-1] == "session limit_reached"
    assert errors_of(caplog)
    assert all("announcement" in error for error in errors_of(caplog))
    caplog.clear()


async def test_no_voice(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Speakers without a voice cannot speak, and a notification says what to do."""
    await begin(claude, body(60))
    await use_blueprints(claude, tmp_path, announcement={**SPEAKER, **ALWAYS, **ALL})
    await run(claude, "announcement")
    (notification,) = notifications_of(claude)
    assert notification["title"] == "The speakers have no voice"
    assert "The automation announcement cannot speak" in notification["message"]
    assert not errors_of(caplog)


async def test_two_accounts(
    claude: Claude,
    announced: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only the chosen account is announced, with its name."""
    await begin(claude, body(60))
    claude.serve(body(60), "ben")
    other = await claude.entry("ben", title="Ben")
    inputs = {**SATELLITE, **ALWAYS, **ALL}
    chosen = {**inputs, "account": device_of(claude, other)}
    await use_blueprints(claude, tmp_path, announcement=inputs, announcement_2=chosen)
    await poll(claude, body(100))
    assert announced == []
    (notification,) = notifications_of(claude)
    assert notification["title"] == "Choose a Claude account"
    assert "The automation announcement does" in notification["message"]
    claude.serve(body(100), "ben")
    await poll(claude, body(100), 2)
    (call,) = announced
    assert call.data["message"].startswith("Ben: Session limit reached. ")
    assert not errors_of(caplog)
