"""The blueprint for a light that shows how much is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component

from .common import Claude, spend
from .events.common import begin, body, poll
from .test_blueprints import (
    device_of,
    errors_of,
    notifications_of,
    use_blueprints,
    without_timers,
)

__all__ = ["without_timers"]

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
]

LIGHT, SHELF = "light.desk", "light.shelf"
WARM = {
    "brightness": 200,
    "color_mode": "hs",
    "hs_color": (30.0, 40.0),
    "supported_color_modes": ["hs"],
}
# It is early in the morning in the tests.
DAY = {"night_from": "22:00:00", "night_until": "03:00:00"}
NIGHT = {"night_from": "05:30:00", "night_until": "07:00:00"}


@pytest.fixture
async def light(claude: Claude) -> None:
    """Have a light that is on."""
    hass = claude.hass
    assert await async_setup_component(hass, "scene", {})

    async def turn_on(call: ServiceCall) -> None:
        """Turn the light on."""
        entity_ids = call.data["entity_id"]
        for entity_id in [entity_ids] if isinstance(entity_ids, str) else entity_ids:
            color = call.data.get("hs_color", (0.0, 0.0))
            hass.states.async_set(entity_id, "on", {**WARM, "hs_color": tuple(color)})

    async def turn_off(call: ServiceCall) -> None:
        """Turn the light off."""
        hass.states.async_set(LIGHT, "off")

    hass.services.async_register("light", "turn_on", turn_on)
    hass.services.async_register("light", "turn_off", turn_off)
    hass.states.async_set(LIGHT, "on", WARM)


def color_of(claude: Claude, light: str = LIGHT) -> Any:
    """Return the hue and the saturation of a light that is on, otherwise its state."""
    state = claude.hass.states.get(light)
    assert state
    return state.attributes["hs_color"] if state.state == "on" else state.state


@pytest.mark.usefixtures("light")
async def test_color(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The light shows the higher limit, and looks as before while that is unknown."""
    await begin(claude, body(50, week=20))
    await use_blueprints(claude, tmp_path, light_by_usage={"light": [LIGHT], **DAY})
    assert color_of(claude) == (60, 100)
    await poll(claude, body(50, week=75), 3)
    assert color_of(claude) == (30, 100)
    await poll(claude, body(100, week=75), 3)
    assert color_of(claude) == (0, 100)
    claude.server.set_fault("server_error")
    await claude.pass_time(305)
    await claude.pass_time(305)
    assert color_of(claude) == (30, 40)
    claude.server.clear_faults()
    await poll(claude, body(100, week=75), 4)
    assert color_of(claude) == (0, 100)
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
async def test_a_light_that_is_off_stays_off(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It shows the usage when somebody turns it on."""
    hass = claude.hass
    hass.states.async_set(LIGHT, "off")
    hass.states.async_set(SHELF, "unavailable")
    await begin(claude, body(50))
    inputs = {"light": [LIGHT, SHELF], **DAY}
    await use_blueprints(claude, tmp_path, light_by_usage=inputs)
    await poll(claude, body(60), 3)
    assert color_of(claude) == "off"
    hass.states.async_set(LIGHT, "on", WARM)
    await claude.settle()
    assert color_of(claude) == (48, 100)
    assert color_of(claude, SHELF) == "unavailable"
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize("turn_on", [False, True])
async def test_night(
    claude: Claude,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    turn_on: bool,
) -> None:
    """At night, the light looks as before; it is off again if it was turned on."""
    if turn_on:
        claude.hass.states.async_set(LIGHT, "off")
    await begin(claude, body(50))
    # The time is 5:00.
    inputs = {"light": [LIGHT], "turn_on": turn_on, **NIGHT}
    await use_blueprints(claude, tmp_path, light_by_usage=inputs)
    assert color_of(claude) == (60, 100)
    await claude.pass_time(1900)
    assert color_of(claude) == ("off" if turn_on else (30, 40))
    await poll(claude, body(100), 3)
    assert color_of(claude) == ("off" if turn_on else (30, 40))
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize(
    ("answer", "color"),
    [
        (spend(10000, 40000), (90, 100)),
        (spend(10000, None), (30, 40)),
        ({}, (30, 40)),
        ({**body(0), "five_hour": None}, (96, 100)),
    ],
)
async def test_accounts(
    claude: Claude,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
    color: tuple[int, int],
) -> None:
    """The spend limit counts if it is the only one. Without a limit, nothing happens."""
    await begin(claude, answer)
    await use_blueprints(claude, tmp_path, light_by_usage={"light": [LIGHT], **DAY})
    await claude.pass_time(301)
    assert color_of(claude) == color
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
async def test_two_accounts(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An account has to be chosen if there are several, and only this one counts."""
    await begin(claude, body(50))
    claude.serve(body(0, week=10), "ben")
    other = await claude.entry("ben", title="Ben")
    inputs = {"light": [LIGHT], "limit": "weekly", **DAY}
    chosen = {**inputs, "light": [SHELF], "account": device_of(claude, other)}
    claude.hass.states.async_set(SHELF, "on", WARM)
    await use_blueprints(
        claude, tmp_path, light_by_usage=inputs, light_by_usage_2=chosen
    )
    await claude.pass_time(301)
    assert color_of(claude) == (30, 40)
    assert color_of(claude, SHELF) == (108, 100)
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
async def test_a_light_without_power(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A light that had no power by day does not show the usage at night."""
    claude.hass.states.async_set(LIGHT, "unavailable")
    await begin(claude, body(50))
    # The time is 5:00.
    inputs = {"light": [LIGHT], "turn_on": True, **NIGHT}
    await use_blueprints(claude, tmp_path, light_by_usage=inputs)
    claude.hass.states.async_set(LIGHT, "on", WARM)
    await claude.settle()
    await claude.pass_time(301)
    assert color_of(claude) == (60, 100)
    await claude.pass_time(1900)
    assert color_of(claude) in ("off", (30, 40))
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
async def test_a_second_account(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When it comes, a notification asks for the account, and the light is given back."""
    await begin(claude, body(50))
    await use_blueprints(claude, tmp_path, light_by_usage={"light": [LIGHT], **DAY})
    assert color_of(claude) == (60, 100)
    claude.serve(body(0), "ben")
    other = await claude.entry("ben", title="Ben")
    await claude.pass_time(301)
    await claude.pass_time(301)
    assert [item["title"] for item in notifications_of(claude)] == [
        "Choose a Claude account"
    ]
    assert color_of(claude) == (30, 40)
    await claude.hass.config_entries.async_remove(other.entry_id)
    await claude.settle()
    await claude.pass_time(301)
    assert color_of(claude) == (60, 100)
    assert not notifications_of(claude)
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
async def test_night_after_a_restart(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A light that was turned on before a restart is off at night nevertheless."""
    claude.hass.states.async_set(LIGHT, "off")
    await begin(claude, body(50))
    # The time is 5:00.
    inputs = {"light": [LIGHT], "turn_on": True, **NIGHT}
    await use_blueprints(claude, tmp_path, light_by_usage=inputs)
    assert color_of(claude) == (60, 100)
    # A restart removes the scene that says how the light was.
    for scene in claude.hass.states.async_entity_ids("scene"):
        await claude.hass.services.async_call(
            "scene", "delete", {"entity_id": scene}, blocking=True
        )
    await claude.pass_time(301)
    assert color_of(claude) == (60, 100)
    await claude.pass_time(1900)
    assert color_of(claude) == "off"
    assert not errors_of(caplog)


@pytest.mark.usefixtures("light")
async def test_a_light_that_fails(claude: Claude, tmp_path: Path) -> None:
    """The other lights show the usage nevertheless, and are as before at night."""
    hass = claude.hass
    turn_on = hass.services.async_services()["light"]["turn_on"].job.target

    async def fail_or_turn_on(call: ServiceCall) -> None:
        """Fail like a bulb that does not respond."""
        if LIGHT in call.data["entity_id"]:
            raise HomeAssistantError("no response")
        await turn_on(call)

    hass.services.async_register("light", "turn_on", fail_or_turn_on)
    hass.states.async_set(SHELF, "on", WARM)
    await begin(claude, body(50))
    # The time is 5:00.
    inputs = {"light": [LIGHT, SHELF], **NIGHT}
    await use_blueprints(claude, tmp_path, light_by_usage=inputs)
    assert color_of(claude, SHELF) == (60, 100)
    await claude.pass_time(1900)
    assert color_of(claude, SHELF) == (30, 40)
