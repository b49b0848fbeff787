"""Automations from the blueprints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from .common import Claude, pass_steps
from .events.common import START, begin, body, in_hours, poll, with_opus

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

BLUEPRINTS = Path(__file__).parents[1] / "blueprints" / "automation" / "claude_pulse"
PAUSE = [{"service": "script.pause_work"}]
RESUME = [{"service": "script.resume_work"}]


@pytest.fixture
def phone(claude: Claude) -> tuple[str, list[Any]]:
    """Return the device ID of a phone, and the messages that it receives."""
    entry = MockConfigEntry(domain="mobile_app", title="Ada's Pixel 8")
    entry.add_to_hass(claude.hass)
    device = dr.async_get(claude.hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "1")},
        name="Ada's Pixel 8",
    )
    calls = async_mock_service(claude.hass, "notify", "mobile_app_ada_s_pixel_8")
    return device.id, calls


async def use_blueprints(
    claude: Claude, tmp_path: Path, **inputs: dict[str, Any]
) -> None:
    """Set up an automation for each blueprint, with its inputs."""
    claude.hass.config.config_dir = str(tmp_path)
    folder = tmp_path / "blueprints" / "automation" / DOMAIN
    shutil.copytree(BLUEPRINTS, folder, dirs_exist_ok=True)
    automations = [
        {
            "alias": name,
            "use_blueprint": {"path": f"{DOMAIN}/{name}.yaml", "input": values},
        }
        for name, values in inputs.items()
    ]
    config = {"automation": automations}
    assert await async_setup_component(claude.hass, "automation", config)
    await claude.hass.async_block_till_done()
    for name in inputs:
        state = claude.hass.states.get(f"automation.{name}")
        assert state
        assert state.state == "on"


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the logged errors, except failed polls."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "ERROR" and not record.name.endswith(".coordinator")
    ]


async def wait_for(condition: Callable[[], Any]) -> None:
    """Wait a while for a condition. An automation that waits for a button never ends."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("percents", "titles"),
    [
        ((73, 0, 73), []),
        ((73, 0, 0), []),
        ((70, 76, 75, 76, 74, 76), ["76 % used"]),
        ((40, 60, 92, 100, 100), ["92 % used", "used up"]),
        ((85, 85, 86), []),
        ((100, 100, 40, 40), ["you can go on"]),
    ],
)
async def test_limits(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    percents: tuple[float, ...],
    titles: list[str],
) -> None:
    """A message to the phone for each threshold and limit."""
    device, calls = phone
    await begin(claude, body(percents[0]))
    await use_blueprints(claude, tmp_path, limits={"phone": device})
    for percent in percents[1:]:
        await poll(claude, body(percent))
    assert [call.data["title"] for call in calls] == [
        f"Claude Pulse Session: {title}" for title in titles
    ]
    for call in calls:
        assert "Resets at " in call.data["message"]
        assert call.data["data"]["clickAction"] == "https://claude.ai/settings/usage"
    assert not errors_of(caplog)


async def test_pause_button(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The button of a message runs the chosen actions, and no other button does."""
    device, calls = phone
    paused = async_mock_service(claude.hass, "script", "pause_work")
    await begin(claude, body(60))
    inputs = {"phone": device, "pause_button": True, "pause": PAUSE, "lowest": 80}
    await use_blueprints(claude, tmp_path, limits=inputs)
    # The threshold of 75% is below the lowest one.
    await poll(claude, body(85))
    assert not calls
    claude.serve(body(92))
    claude.clock.tick(timedelta(seconds=126))
    async_fire_time_changed(claude.hass)
    await wait_for(lambda: calls)
    (call,) = calls
    (button,) = call.data["data"]["actions"]
    assert button["title"] == "Pause"
    for action in ("another", button["action"]):
        assert not paused
        await wait_for(lambda: False)
        event = "mobile_app_notification_action"
        claude.hass.bus.async_fire(event, {"action": action})
    await wait_for(lambda: paused)
    assert len(paused) == 1
    assert not errors_of(caplog)


async def test_without_a_phone(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant shows the message. An automation that the user runs is a test."""
    calls = async_mock_service(claude.hass, "persistent_notification", "create")
    await begin(claude, body(60))
    await use_blueprints(
        claude, tmp_path, limits={}, will_run_out={}, use_it_or_lose_it={}
    )
    await poll(claude, body(76))
    assert [call.data["title"] for call in calls] == ["Claude Pulse Session: 76 % used"]
    await claude.hass.services.async_call(
        "automation", "trigger", {"entity_id": "automation.limits"}, blocking=True
    )
    await claude.hass.async_block_till_done()
    assert calls[-1].data["title"] == "Claude Pulse: this is a test"
    assert not errors_of(caplog)


async def test_weekly_forecasts(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A message if the week will run out, and if much of it is left before its reset."""
    device, calls = phone
    inputs = {"phone": device}
    _, log = await begin(claude, body(10, week=5))
    await use_blueprints(
        claude, tmp_path, will_run_out=inputs, use_it_or_lose_it=inputs
    )
    await poll(claude, body(10, week=66.1))
    assert log.texts == ["weekly will_run_out"]
    (call,) = calls
    assert call.data["title"] == "Claude Pulse Weekly: it will not last"
    assert "it is used up at " in call.data["message"]
    claude.clock.move_to("2026-05-08T13:00:00+00:00")
    await claude.pass_time()
    await claude.pass_time(2)
    assert log.texts[-1] == "weekly left_over"
    assert calls[-1].data["title"] == "Claude Pulse Weekly: use it or lose it"
    assert calls[-1].data["message"].startswith("33.9 % are left")
    assert not errors_of(caplog)


async def test_light_and_daily_summary(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A light shows the usage and is off during an outage. A message sums up the day."""
    device, calls = phone
    on = async_mock_service(claude.hass, "light", "turn_on")
    off = async_mock_service(claude.hass, "light", "turn_off")
    await begin(claude, body(60))
    await use_blueprints(
        claude,
        tmp_path,
        light_by_usage={"light": ["light.desk"]},
        daily_summary={"phone": device},
    )
    await poll(claude, body(99))
    assert on[-1].data["hs_color"][0] == pytest.approx(1.2)
    assert on[-1].data["entity_id"] == ["light.desk"]
    assert not off
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert off
    claude.server.clear_faults()
    claude.clock.move_to(START + timedelta(hours=4))
    await poll(claude, body(1, in_hours(claude, 5)), 2)
    assert on[-1].data["hs_color"][0] == 96
    claude.clock.move_to("2026-05-05T00:59:50+00:00")
    await claude.pass_time(15)
    (call,) = calls
    assert call.data["title"] == "Claude today"
    assert "Claude Pulse Weekly: 20 % used." in call.data["message"]
    assert not errors_of(caplog)
    # Its timer would outlive the test.
    data = {"entity_id": "automation.daily_summary"}
    await claude.hass.services.async_call("automation", "turn_off", data, blocking=True)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({**body(1), "five_hour": None}, "Claude Pulse Weekly: 20 % used."),
        (
            body(1, week=2),
            "Claude Pulse Session: 1 % used. Claude Pulse Weekly: 2 % used.",
        ),
        ({}, "claude.ai shows no usage of these limits at the moment."),
        (None, "Claude Pulse Session: not known. Claude Pulse Weekly: not known."),
    ],
)
async def test_daily_summary_of_existing_limits(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    answer: dict[str, Any] | None,
    message: str,
) -> None:
    """The message has the limits that the account has."""
    device, calls = phone
    await begin(claude, body(60))
    inputs = {"phone": device, "outlook": "binary_sensor.none"}
    await use_blueprints(claude, tmp_path, daily_summary=inputs)
    if answer is None:
        claude.server.set_fault("server_error")
        await claude.pass_time()
    else:
        await poll(claude, answer)
    name = {"entity_id": "automation.daily_summary"}
    for service in ("trigger", "turn_off"):
        await claude.hass.services.async_call(
            "automation", service, name, blocking=True
        )
    await claude.hass.async_block_till_done()
    (call,) = calls
    assert call.data["message"] == message


EXTRA_EVENTS = "event.claude_pulse_extra_events"
RESET = {"resets_at": "2026-05-04T16:00:00+00:00"}


@pytest.mark.parametrize(
    ("event", "title", "message"),
    [
        # A spend limit has no reset time.
        (
            {"event_type": "threshold_reached", "percent": 76.5, "threshold": 75},
            "76.5 % used",
            "23.5 % left.",
        ),
        (
            {"event_type": "limit_reached", "percent": 100},
            "used up",
            "claude.ai shows no reset time.",
        ),
        (
            {"event_type": "available_again", "percent": 40},
            "you can go on",
            "60 % left.",
        ),
        (
            {"event_type": "available_again", "percent": None, **RESET},
            "you can go on",
            "The account no longer has this limit.",
        ),
        # Saved resets.
        (
            {"event_type": "limit_reached", "percent": 100, "saved_resets": 0, **RESET},
            "used up",
            "Resets at 09:00.",
        ),
        (
            {"event_type": "limit_reached", "percent": 100, "saved_resets": 1, **RESET},
            "used up",
            "Resets at 09:00. You have 1 saved reset for it: on claude.ai, open Settings, "
            "Usage.",
        ),
        (
            {"event_type": "limit_reached", "percent": 100, "saved_resets": 2},
            "used up",
            "claude.ai shows no reset time. You have 2 saved resets for it: on claude.ai, "
            "open Settings, Usage.",
        ),
        ({"event_type": "refilled", "percent": 40, "before": 97, **RESET}, None, None),
        ({"event_type": "saved_reset_granted", "left": 1}, None, None),
    ],
)
async def test_event_of_a_limit(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    event: dict[str, Any],
    title: str | None,
    message: str | None,
) -> None:
    """A message says what is known about the limit. No other blueprint sends one."""
    device, calls = phone
    claude.clock.move_to(START)
    inputs = {"phone": device, "events": [EXTRA_EVENTS]}
    claude.hass.states.async_set(EXTRA_EVENTS, "unknown")
    await use_blueprints(
        claude, tmp_path, limits=inputs, will_run_out=inputs, use_it_or_lose_it=inputs
    )
    attributes = {"friendly_name": "Spend limit events", **event}
    claude.hass.states.async_set(EXTRA_EVENTS, START.isoformat(), attributes)
    await claude.hass.async_block_till_done()
    sent = [(call.data["title"], call.data["message"]) for call in calls]
    assert sent == ([(f"Spend limit: {title}", message)] if title else [])
    assert all(not call.data["data"]["actions"] for call in calls)
    assert not errors_of(caplog)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # Percentages of session, week and a model; the numbers of pauses and resumes.
        # Several of them, a rise after the pause, and a reset.
        ([(96, 97, 60), (99, 98, 60)], (1, 0)),
        ([(97, 20, 60), (2, 20, 60)], (1, 1)),
        # A failed poll says nothing.
        ([(97, 20, 60), None, (97, 20, 60)], (2, 0)),
        ([(97, 20, 60), None], (1, 0)),
        # A limit that no longer exists.
        ([(10, 20, 97), (10, 21, None)], (1, 1)),
        ([(97, 20, 60), (None, 21, 60)], (1, 1)),
        # A value that flickers, and one wrong answer.
        ([(97, 20, 60), *3 * [(94, 20, 60)], (93, 20, 60)], (1, 0)),
        ([(97, 20, 60), (0, 20, 60), (97, 20, 60)], (2, 0)),
        # A refill to just below the percentage, and to above it.
        ([*2 * [(100, 20, 60)], *2 * [(92, 20, 60)]], (1, 1)),
        ([*2 * [(100, 20, 60)], *2 * [(96, 20, 60)]], (1, 0)),
        # A refill, and a limit that the account no longer has.
        ([*2 * [(100, 20, 60)], *2 * [(60, 20, 60)]], (1, 1)),
        ([*2 * [(100, 20, 60)], (None, 20, 60)], (1, 1)),
    ],
)
async def test_pause_and_resume(
    claude: Claude,
    tmp_path: Path,
    answers: list[tuple[float | None, float, float | None] | None],
    expected: tuple[int, int],
) -> None:
    """Work pauses while one of several limits is high."""
    paused = async_mock_service(claude.hass, "script", "pause_work")
    resumed = async_mock_service(claude.hass, "script", "resume_work")
    await begin(claude, with_opus(body(60, week=60), 60))
    names = ("session", "weekly", "weekly_opus")
    usage = [f"sensor.claude_pulse_{name}_usage" for name in names]
    inputs = {"usage": usage, "pause": PAUSE, "resume": RESUME}
    await use_blueprints(claude, tmp_path, pause_and_resume=inputs)
    for answer in answers:
        claude.server.clear_faults()
        if answer is None:
            claude.server.set_fault("server_error")
        else:
            session, week, opus = answer
            served = body(session or 0, week=week)
            if session is None:
                served["five_hour"] = None
            claude.serve(served if opus is None else with_opus(served, opus))
        await claude.pass_time()
    await pass_steps(claude, 3)
    assert (len(paused), len(resumed)) == expected
