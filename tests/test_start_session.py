"""The blueprint that runs an action when a session is over and none has started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from .common import Claude, pass_steps, spend
from .events.common import begin, body, in_hours, poll
from .test_blueprints import errors_of, run, stop, use_blueprints, without_timers

__all__ = ["without_timers"]

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
]

# It is five o'clock on a Monday in the tests.
INPUTS = {
    "actions": [{"service": "script.ask_claude"}],
    "from": "05:00:00",
    "until": "17:00:00",
}
NONE = body(0, None)


@pytest.fixture
def started(claude: Claude) -> list[Any]:
    """Return the calls of the person's script."""
    return async_mock_service(claude.hass, "script", "ask_claude")


async def test_once_for_each_session(
    claude: Claude,
    started: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It runs when the session is over, and again after the next one."""
    await begin(claude, body(60, in_hours(claude, 1)))
    # The clock has been moved.
    await poll(claude, body(60, in_hours(claude, 1)))
    await use_blueprints(claude, tmp_path, start_session=INPUTS)
    assert not started
    claude.serve(NONE)
    await pass_steps(claude, 8, 600)
    assert len(started) == 1
    await poll(claude, body(0, in_hours(claude, 4)), 2)
    await pass_steps(claude, 20, 600)
    assert len(started) == 1
    claude.serve(NONE)
    await pass_steps(claude, 9, 600)
    assert len(started) == 2
    assert not errors_of(caplog)


async def test_an_action_that_starts_nothing(
    claude: Claude, started: list[Any], tmp_path: Path
) -> None:
    """It is repeated after four hours, but not after a restart, an outage or a reload."""
    entry, _ = await begin(claude, NONE)
    await use_blueprints(claude, tmp_path, start_session=INPUTS)
    assert len(started) == 1
    claude.server.set_fault("server_error")
    await claude.pass_time()
    claude.server.clear_faults()
    await pass_steps(claude, 3, 600)
    await claude.hass.config_entries.async_reload(entry.entry_id)
    claude.hass.bus.async_fire("automation_reloaded")
    await pass_steps(claude, 18, 600)
    assert len(started) == 1
    await pass_steps(claude, 6, 600)
    assert len(started) == 2


@pytest.mark.parametrize(
    ("inputs", "number"),
    [
        ({}, 1),
        ({"from": "00:00:00", "until": "00:00:00"}, 1),
        ({"from": "22:00:00", "until": "06:00:00"}, 1),
        ({"from": "07:00:00"}, 0),
        ({"until": "05:00:00", "from": "03:00:00"}, 0),
        ({"days": ["tue", "wed"]}, 0),
    ],
)
async def test_hours_and_days(
    claude: Claude,
    started: list[Any],
    tmp_path: Path,
    inputs: dict[str, Any],
    number: int,
) -> None:
    """It runs only at the chosen times."""
    await begin(claude, NONE)
    await use_blueprints(claude, tmp_path, start_session={**INPUTS, **inputs})
    await claude.pass_time(901)
    assert len(started) == number


async def test_start_of_the_hours(
    claude: Claude, started: list[Any], tmp_path: Path
) -> None:
    """It runs at the first hour, if the session was over in the night."""
    await begin(claude, NONE)
    inputs = {**INPUTS, "from": "05:30:00"}
    await use_blueprints(claude, tmp_path, start_session=inputs)
    assert not started
    await pass_steps(claude, 15)
    assert len(started) == 1


@pytest.mark.parametrize(
    "answer",
    [
        # A session that has just started, one without a reset time, and none at all.
        body(0),
        body(5, None),
        {**body(0), "five_hour": None},
        spend(0, 40000),
        {},
    ],
)
async def test_not_without_a_known_end(
    claude: Claude,
    started: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
) -> None:
    """Nothing runs if a session may be running, or if the account has none."""
    await begin(claude, answer)
    await use_blueprints(claude, tmp_path, start_session=INPUTS)
    await pass_steps(claude, 8)
    claude.server.set_fault("server_error")
    await pass_steps(claude, 8)
    assert not started
    assert not errors_of(caplog)


async def test_restart(
    claude: Claude,
    started: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It runs when Home Assistant starts without a session."""
    await begin(claude, NONE)
    stop(claude)
    await use_blueprints(claude, tmp_path, start_session=INPUTS)
    await claude.pass_time(301)
    assert len(started) == 1
    # By hand, the action is tried.
    await run(claude, "start_session")
    assert len(started) == 2
    assert not errors_of(caplog)


async def test_two_accounts(claude: Claude, started: list[Any], tmp_path: Path) -> None:
    """The chosen sensors count."""
    await begin(claude, body(60))
    claude.serve(NONE, "ben")
    await claude.entry("ben", title="Ben")
    inputs = {
        **INPUTS,
        "usage": "sensor.ben_session_usage",
        "resets_at": "sensor.ben_session_resets_at",
    }
    await use_blueprints(claude, tmp_path, start_session=INPUTS, start_session_2=inputs)
    await claude.pass_time(301)
    assert len(started) == 1
    ran = claude.hass.states.get("automation.start_session_2")
    assert ran
    assert ran.attributes["last_triggered"]


async def test_one_wrong_answer(
    claude: Claude, started: list[Any], tmp_path: Path
) -> None:
    """A single answer without the session starts nothing, and the real end does."""
    await begin(claude, body(60, in_hours(claude, 1)))
    await use_blueprints(claude, tmp_path, start_session=INPUTS)
    claude.serve(NONE)
    await claude.pass_time()
    claude.serve(body(61, in_hours(claude, 1)))
    await pass_steps(claude, 5)
    assert not started
    await pass_steps(claude, 6, 600)
    claude.serve(NONE)
    await pass_steps(claude, 3, 600)
    assert len(started) == 1


async def test_tried_by_hand(
    claude: Claude, started: list[Any], tmp_path: Path
) -> None:
    """Trying the action in a session does not use up the next one."""
    await begin(claude, body(60, in_hours(claude, 1)))
    # The clock has been moved.
    await poll(claude, body(60, in_hours(claude, 1)))
    await use_blueprints(claude, tmp_path, start_session=INPUTS)
    await run(claude, "start_session")
    assert len(started) == 1
    claude.serve(NONE)
    await pass_steps(claude, 8, 600)
    assert len(started) == 2
