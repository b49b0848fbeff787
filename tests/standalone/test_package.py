"""The Home Assistant package, which runs the script."""

from __future__ import annotations

from datetime import timedelta
import json
from pathlib import Path
import shutil
import sys

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
from tests.common import TEN_KEYS, settle, states
from tests.simulator import Simulator

from . import FOLDER, LAUNCHER, Script, configuration

PACKAGE = FOLDER / "claude_usage.yaml"
INTEGRATION = Path(__file__).parents[2] / "custom_components" / "claude_pulse"


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow the timers of templates that use `now()`."""
    return True


@pytest.fixture(autouse=True)
async def config_folder(
    hass: HomeAssistant, simulator: Simulator, tmp_path: Path
) -> None:
    """Create a configuration folder, whose script sends its requests to the simulator."""
    hass.config.config_dir = str(tmp_path)
    script = shutil.copy(FOLDER / "claude_usage.py", tmp_path)
    Script(simulator, tmp_path / "claude_config.json").configure(
        configuration(simulator)
    )
    command = "python3 /config/claude_usage.py"
    text = PACKAGE.read_text()
    assert text.count(command) == 1
    launch = f"{sys.executable} {LAUNCHER} {simulator.url} '' 10 {script}"
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / PACKAGE.name).write_text(text.replace(command, launch))
    (tmp_path / "configuration.yaml").write_text(
        "homeassistant:\n  packages: !include_dir_named packages\n"
    )


async def load(hass: HomeAssistant) -> None:
    """Set up the integrations of the package."""
    config = await async_hass_config_yaml(hass)
    for domain in ("command_line", "template"):
        assert await async_setup_component(hass, domain, config)
    await settle(hass)


async def test_config_check(hass: HomeAssistant) -> None:
    """Home Assistant's check of the configuration finds no errors."""
    result = await async_check_ha_config_file(hass)
    assert result.errors == []
    assert getattr(result, "warnings", []) == []
    assert {"command_line", "template"} <= set(result)


async def test_states(hass: HomeAssistant, simulator: Simulator) -> None:
    """The sensors show the values in Home Assistant's time zone."""
    await hass.config.async_update(time_zone="Asia/Kolkata")
    reset = dt_util.utcnow().replace(second=0, microsecond=0) + timedelta(minutes=150)
    week = reset + timedelta(days=3)
    early = week - timedelta(milliseconds=400)
    simulator.world.accounts["ada"].seats[-1].fixed_body = {
        "five_hour": {"utilization": 31.4, "resets_at": reset.isoformat()},
        "seven_day": {"utilization": 77, "resets_at": early.isoformat()},
    }
    await load(hass)
    time_zone = dt_util.get_time_zone("Asia/Kolkata")
    reset, week = reset.astimezone(time_zone), week.astimezone(time_zone)
    shown = states(hass)
    assert shown.pop("session_reset_countdown") in ("2h 30m", "2h 29m")
    assert shown == {
        "session_usage": "31.4",
        "weekly_usage": "77",
        "session_reset_time": reset.strftime("%I:%M %p"),
        "weekly_reset": week.strftime("%A @ %I:%M %p"),
        "weekly_reset_weekday": week.strftime("%A"),
        "weekly_reset_time": week.strftime("%I:%M %p"),
        "session_used": "31.4",
        "session_limit": "100",
        "plan": "Max 20x",
    }
    assert hass.states.get("sensor.claude_usage").attributes["models"] == {}


async def test_no_limits(hass: HomeAssistant, simulator: Simulator) -> None:
    """The sensors of an account without limits are unknown."""
    simulator.world.accounts["ada"].seats[-1].fixed_body = {}
    await load(hass)
    assert states(hass) == {**dict.fromkeys(TEN_KEYS, "unknown"), "plan": "Max 20x"}


async def test_failure_and_recovery(hass: HomeAssistant, simulator: Simulator) -> None:
    """The sensors are unavailable after a failed run, until the next successful run."""
    await load(hass)
    assert "unavailable" not in states(hass).values()
    simulator.set_fault("challenge")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=3))
    await settle(hass)
    assert states(hass) == dict.fromkeys(TEN_KEYS, "unavailable")
    simulator.clear_faults()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
    await settle(hass)
    assert "unavailable" not in states(hass).values()


async def test_same_sensors_as_the_integration(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    """The sensors have the names, units, classes and icons of the integration."""
    await load(hass)
    texts = json.loads((INTEGRATION / "translations" / "en.json").read_text())
    icons = json.loads((INTEGRATION / "icons.json").read_text())["entity"]["sensor"]
    described = [(f"{window.key}_", item) for window, item in WINDOW_SENSORS]
    for prefix, description in (*described, *(("", item) for item in SEAT_SENSORS)):
        key = f"{prefix}{description.key}"
        state = hass.states.get(f"sensor.claude_pulse_{key}")
        attributes = state.attributes
        name = texts["entity"]["sensor"][key]["name"]
        unit = description.native_unit_of_measurement
        assert attributes["friendly_name"] == f"Claude Pulse {name}"
        assert attributes["icon"] == icons[key]["default"]
        assert attributes.get("unit_of_measurement") == unit
        assert attributes.get("state_class") == description.state_class
        registered = entity_registry.async_get(state.entity_id)
        assert registered.unique_id == f"claude_usage_{key}"


def test_intervals() -> None:
    """The script runs every 120 seconds, with time for three requests of 15 seconds."""
    sensor = yaml.safe_load(PACKAGE.read_text())["command_line"][0]["sensor"]
    assert sensor["scan_interval"] == 120
    assert 45 <= sensor["command_timeout"] <= 120
