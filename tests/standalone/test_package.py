"""The package, loaded by Home Assistant itself, with the script run for real."""

from __future__ import annotations

from datetime import timedelta
import json
from pathlib import Path
import shutil
import sys
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed
import yaml

from custom_components.claude_pulse.sensor import SEAT_SENSORS, WINDOW_SENSORS
from homeassistant.config import async_hass_config_yaml
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.check_config import async_check_ha_config_file
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.common import TEN_KEYS, seat_of, settle, states
from tests.simulator import Simulator

from . import FOLDER, LAUNCHER

PACKAGE = FOLDER / "claude_usage.yaml"
TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / "claude_pulse"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let templates that use `now()` wait for the next minute when a test ends."""
    return True


@pytest.fixture
async def config_folder(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> Path:
    """Lay out what a person copies, with the command pointed at the simulator."""
    hass.config.config_dir = str(tmp_path)
    script = shutil.copy(FOLDER / "claude_usage.py", tmp_path)
    config = tmp_path / "claude_config.json"
    config.touch(mode=0o600)
    config.write_text(json.dumps(seat_of(simulator)))
    command = "python3 /config/claude_usage.py"
    text = PACKAGE.read_text()
    assert text.count(command) == 1
    launch = f"{sys.executable} {LAUNCHER} {simulator.url} '' 10 {script}"
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / PACKAGE.name).write_text(text.replace(command, launch))
    (tmp_path / "configuration.yaml").write_text(
        "homeassistant:\n  packages: !include_dir_named packages\n"
    )
    return tmp_path


async def load(hass: HomeAssistant) -> dict[str, Any]:
    """Set up what the configuration asks for."""
    config = await async_hass_config_yaml(hass)
    for domain in ("command_line", "template"):
        assert await async_setup_component(hass, domain, config)
    await settle(hass)
    return config


async def run_again(hass: HomeAssistant, minutes: int) -> None:
    """Let the time of the next call come."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=minutes))
    await settle(hass)


@pytest.mark.usefixtures("config_folder")
async def test_config_check(hass: HomeAssistant) -> None:
    """Home Assistant's own check finds nothing to say."""
    found = await async_check_ha_config_file(hass)
    assert found.errors == []
    assert getattr(found, "warnings", []) == []
    assert {"command_line", "template"} <= set(found)


@pytest.mark.usefixtures("config_folder")
async def test_states(hass: HomeAssistant, simulator: Simulator) -> None:
    """The template sensors show what the account has, in Home Assistant's time zone."""
    await hass.config.async_update(time_zone="Asia/Kolkata")
    reset = dt_util.utcnow().replace(second=0, microsecond=0) + timedelta(minutes=150)
    week = reset + timedelta(days=3)
    jittered = week - timedelta(milliseconds=400)
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "five_hour": {"utilization": 31.4, "resets_at": reset.isoformat()},
        "seven_day": {"utilization": 77, "resets_at": jittered.isoformat()},
    }
    await load(hass)

    found = states(hass)
    time_zone = dt_util.get_time_zone("Asia/Kolkata")
    local, local_week = reset.astimezone(time_zone), week.astimezone(time_zone)
    assert found.pop("session_reset_countdown") in ("2h 30m", "2h 29m")
    assert found == {
        "session_usage": "31.4",
        "weekly_usage": "77",
        "session_reset_time": local.strftime("%I:%M %p"),
        "weekly_reset": local_week.strftime("%A @ %I:%M %p"),
        "weekly_reset_weekday": local_week.strftime("%A"),
        "weekly_reset_time": local_week.strftime("%I:%M %p"),
        "session_used": "31.4",
        "session_limit": "100",
        "plan": "Max 20x",
    }
    assert hass.states.get("sensor.claude_usage").attributes["models"] == {}


@pytest.mark.usefixtures("config_folder")
async def test_what_is_not_told_is_unknown(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """An account without limits has sensors without values."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = {}
    await load(hass)
    assert states(hass) == {**dict.fromkeys(TEN_KEYS, "unknown"), "plan": "Max 20x"}


@pytest.mark.usefixtures("config_folder")
async def test_failure_and_recovery(hass: HomeAssistant, simulator: Simulator) -> None:
    """A call that fails makes all unavailable, until one succeeds."""
    await load(hass)
    assert "unavailable" not in states(hass).values()
    simulator.set_fault("challenge")
    await run_again(hass, 3)
    assert states(hass) == dict.fromkeys(TEN_KEYS, "unavailable")

    simulator.clear_faults()
    await run_again(hass, 6)
    assert "unavailable" not in states(hass).values()


@pytest.mark.usefixtures("config_folder")
async def test_same_sensors_as_the_integration(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    """Names, units, classes and icons are the integration's, and ids are unique."""
    await load(hass)
    texts = json.loads((TRANSLATIONS / "translations" / "en.json").read_text())
    icons = json.loads((TRANSLATIONS / "icons.json").read_text())["entity"]["sensor"]
    described = [(f"{window.key}_", item) for window, item in WINDOW_SENSORS]
    for prefix, description in (*described, *(("", item) for item in SEAT_SENSORS)):
        key = f"{prefix}{description.key}"
        state = hass.states.get(f"sensor.claude_pulse_{key}")
        name = texts["entity"]["sensor"][key]["name"]
        attributes = state.attributes
        assert attributes["friendly_name"] == f"Claude Pulse {name}"
        assert attributes["icon"] == icons[key]["default"]
        assert attributes.get("unit_of_measurement") == (
            description.native_unit_of_measurement
        )
        assert attributes.get("state_class") == description.state_class
        assert entity_registry.async_get(state.entity_id).unique_id == (
            f"claude_usage_{key}"
        )


def test_polls_like_the_integration() -> None:
    """A call every 120 seconds, and time enough for it."""
    sensor = yaml.safe_load(PACKAGE.read_text())["command_line"][0]["sensor"]
    assert sensor["scan_interval"] == 120
    # Each of three requests may take 15 seconds.
    assert 45 <= sensor["command_timeout"] <= 120
