"""Automations from the blueprints."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components import persistent_notification
from homeassistant.core import CoreState
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from .common import Claude, enable, pass_steps, spend
from .events.common import begin, body, poll, with_opus

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
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
    """Set up an automation for each blueprint, with its inputs, as if they were just saved.

    While Home Assistant is not running, they start with it. A second one of the same blueprint has `_2` at the end of its name.
    """
    claude.hass.config.config_dir = str(tmp_path)
    folder = tmp_path / "blueprints" / "automation" / DOMAIN
    shutil.copytree(BLUEPRINTS, folder, dirs_exist_ok=True)
    automations = [
        {
            "alias": name,
            "use_blueprint": {
                "path": f"{DOMAIN}/{name.removesuffix('_2')}.yaml",
                "input": values,
            },
        }
        for name, values in inputs.items()
    ]
    config = {"automation": automations}
    assert await async_setup_component(claude.hass, "automation", config)
    await claude.hass.async_block_till_done()
    if not claude.hass.is_running:
        # It waits for the automations.
        await claude.hass.async_start()
    for name in inputs:
        state = claude.hass.states.get(f"automation.{name}")
        assert state
        assert state.state == "on"
    claude.hass.bus.async_fire("automation_reloaded")
    await claude.settle()


def stop(claude: Claude) -> None:
    """Continue as if Home Assistant was not running yet."""
    hass = claude.hass
    # A method since Home Assistant 2024.2.
    if hasattr(hass, "set_state"):
        hass.set_state(CoreState.not_running)
    else:
        hass.state = CoreState.not_running


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the logged errors, except failed polls."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "ERROR" and not record.name.endswith(".coordinator")
    ]


async def run(claude: Claude, name: str) -> None:
    """Run an automation by hand, without its conditions."""
    await claude.hass.services.async_call(
        "automation", "trigger", {"entity_id": f"automation.{name}"}, blocking=True
    )
    await claude.settle()


def notifications_of(claude: Claude) -> list[dict[str, Any]]:
    """Return the notifications in Home Assistant."""
    return [
        dict(item)
        for item in persistent_notification._async_get_or_create_notifications(
            claude.hass
        ).values()
    ]


def device_of(claude: Claude, entry: MockConfigEntry) -> str:
    """Return the ID of an account's device."""
    registry = dr.async_get(claude.hass)
    (device,) = dr.async_entries_for_config_entry(registry, entry.entry_id)
    return device.id


@pytest.fixture
async def without_timers(claude: Claude) -> AsyncGenerator[None, None]:
    """Turn all automations off at the end, as their timers would outlive the test."""
    yield
    if not claude.hass.services.has_service("automation", "turn_off"):
        return
    await claude.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "all"}, blocking=True
    )
    await claude.settle()


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
    # It resumed when it was saved.
    assert len(resumed) == 1
    resumed.clear()
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


async def test_pause_with_two_accounts(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The account of the sensors counts, and another one does not resume the work."""
    resumed = async_mock_service(claude.hass, "script", "resume_work")
    await begin(claude, body(93))
    claude.serve(body(100), "ben")
    await claude.entry("ben", title="Ben")
    await use_blueprints(claude, tmp_path, pause_and_resume={"resume": RESUME})
    claude.serve(body(40), "ben")
    await poll(claude, body(93), 2)
    assert not resumed
    claude.serve(body(100))
    await poll(claude, body(100))
    await poll(claude, body(93), 2)
    assert len(resumed) == 1
    assert not errors_of(caplog)


async def test_pause_of_a_spend_seat(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Work pauses at the spend limit, and resumes when it was raised."""
    paused = async_mock_service(claude.hass, "script", "pause_work")
    resumed = async_mock_service(claude.hass, "script", "resume_work")
    await begin(claude, spend(1000, 40000))
    await enable(claude, "sensor.claude_pulse_extra_usage")
    inputs = {
        "usage": ["sensor.claude_pulse_extra_usage"],
        "pause": PAUSE,
        "resume": RESUME,
    }
    await use_blueprints(claude, tmp_path, pause_and_resume=inputs)
    resumed.clear()
    await poll(claude, spend(39000, 40000), 2)
    assert (len(paused), len(resumed)) == (1, 0)
    await poll(claude, spend(39000, 80000), 4)
    assert (len(paused), len(resumed)) == (1, 1)
    assert not errors_of(caplog)


async def test_pause_after_a_restart(claude: Claude, tmp_path: Path) -> None:
    """The work pauses if the usage is already too high when Home Assistant starts."""
    paused = async_mock_service(claude.hass, "script", "pause_work")
    await begin(claude, body(97))
    stop(claude)
    await use_blueprints(claude, tmp_path, pause_and_resume={"pause": PAUSE})
    assert paused


async def test_untouched(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each blueprint can be saved as it is, if its required inputs are filled in."""
    async_mock_service(claude.hass, "mqtt", "publish")
    await begin(claude, body(60))
    names = [path.stem for path in BLUEPRINTS.glob("*.yaml") if path.stem != "voice"]
    inputs: dict[str, dict[str, Any]] = {name: {} for name in names}
    inputs["pixel_clock"] = {"prefix": "awtrix"}
    await use_blueprints(claude, tmp_path, **inputs)
    await poll(claude, body(100))
    claude.server.set_fault("server_error")
    await claude.pass_time()
    assert not errors_of(caplog)


@pytest.mark.parametrize("name", ["announcement", "daily_summary", "pixel_clock"])
async def test_notification_after_the_choice(
    claude: Claude, tmp_path: Path, name: str
) -> None:
    """The notification that asks for an account goes when the account is chosen."""
    async_mock_service(claude.hass, "mqtt", "publish")
    await begin(claude, body(60))
    claude.serve(body(60), "ben")
    other = await claude.entry("ben", title="Ben")
    inputs = {"prefix": "awtrix"} if name == "pixel_clock" else {}
    await use_blueprints(claude, tmp_path, **{name: inputs})
    await run(claude, name)
    titles = [item["title"] for item in notifications_of(claude)]
    assert titles == ["Choose a Claude account"]
    blueprint = {
        "path": f"{DOMAIN}/{name}.yaml",
        "input": {**inputs, "account": device_of(claude, other)},
    }
    with patch(
        "homeassistant.config.async_hass_config_yaml",
        return_value={"automation": [{"alias": name, "use_blueprint": blueprint}]},
    ):
        await claude.hass.services.async_call("automation", "reload", blocking=True)
    await claude.settle()
    await run(claude, name)
    titles = [item["title"] for item in notifications_of(claude)]
    assert "Choose a Claude account" not in titles
