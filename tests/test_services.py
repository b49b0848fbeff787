"""The action that exports the hourly usage."""

from __future__ import annotations

from datetime import timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser
import yaml

from homeassistant.components.recorder import Recorder
from homeassistant.core import Context
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser

from .common import Claude, translation_of
from .forecast.traces import read_traces
from .test_history import BEGIN, HOUR, NOW, WEEK, import_use, office, serve_week

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("recorder_mock", "enable_custom_integrations"),
]


async def export(claude: Claude, context: Context | None = None) -> dict[str, Any]:
    """Run the action, and return its response."""
    return await claude.hass.services.async_call(
        "claude_pulse",
        "export_history",
        blocking=True,
        context=context,
        return_response=True,
    )


def hours_of(trace: dict[str, Any]) -> list[int]:
    """Return the usage of each hour."""
    hours: list[int] = []
    for item in trace["use"]:
        hours += [0] * -item if item and item < 0 else [item or 0]
    return hours


async def test_export(recorder_mock: Recorder, claude: Claude) -> None:
    """It contains the usage of each hour since the first statistics."""
    claude.clock.move_to(NOW)
    serve_week(claude, 70)
    await claude.entry(title="Private title")
    await import_use(claude, entity_id="sensor.private_title_weekly_usage")
    response = await export(claude)
    (trace,) = response["traces"]
    assert set(trace) == {"zone", "first", "offset", "weeks", "use"}
    assert trace["zone"] == claude.hass.config.time_zone
    assert (trace["offset"], trace["weeks"]) == (0, 6)
    start = BEGIN - 6 * WEEK
    assert trace["first"] == start.timestamp() / 3600
    for number, used in enumerate(hours_of(trace)):
        time = start + number * HOUR
        assert used == (2000 * office(time) / 2 if number else 0)
    # The first hour has nothing before it, and is unknown.
    assert trace["use"][0] is None
    for word in ("Private", claude.server.world.accounts["ada"].uuid, "entry"):
        assert word not in json.dumps(response)


async def test_more_weeks_than_the_habit(claude: Claude) -> None:
    """All statistics are exported, also those that the forecast ignores."""
    claude.clock.move_to(NOW)
    serve_week(claude, 70)
    await claude.entry()
    await import_use(claude)
    claude.clock.move_to(NOW + 20 * WEEK)
    (trace,) = (await export(claude))["traces"]
    assert sum(hours_of(trace)) > 6 * 79_000


async def test_minute_of_the_reset(claude: Claude) -> None:
    """The minute of the reset is exported."""
    claude.clock.move_to(NOW)
    reset = BEGIN + WEEK + timedelta(minutes=42)
    claude.serve({"seven_day": {"utilization": 70, "resets_at": reset.isoformat()}})
    await claude.entry()
    await import_use(claude)
    (trace,) = (await export(claude))["traces"]
    assert trace["offset"] == 42


async def test_begins_with_a_week(claude: Claude, tmp_path: Path) -> None:
    """Hours before the first reset are left out, and `scripts/forecast` reads the rest."""
    claude.clock.move_to(NOW)
    serve_week(claude, 70)
    await claude.entry()
    await import_use(claude, since=BEGIN - 6 * WEEK + 5 * HOUR)
    response = await export(claude)
    (trace,) = response["traces"]
    assert trace["first"] == (BEGIN - 5 * WEEK).timestamp() / 3600
    assert trace["weeks"] == 5
    for text in (json.dumps(response), yaml.safe_dump(response)):
        (tmp_path / "traces").write_text(text)
        (person,) = read_traces(tmp_path / "traces")
        assert (person.first, len(person.use)) == (trace["first"], 5 * 168 + 102)
        assert sum(person.use) == sum(hours_of(trace)) / 1000


async def test_no_history(claude: Claude) -> None:
    """Without statistics, the user reads why there are none."""
    await claude.entry()
    with pytest.raises(HomeAssistantError, match="no hourly statistics") as error:
        await export(claude)
    assert await translation_of(claude.hass, error.value) == f"{error.value}."


async def test_administrators_only(claude: Claude) -> None:
    """Other users are refused."""
    await claude.entry()
    user = MockUser(is_owner=False, groups=[]).add_to_hass(claude.hass)
    with pytest.raises(Unauthorized):
        await export(claude, Context(user_id=user.id))
    with pytest.raises(UnknownUser):
        await export(claude, Context(user_id="unknown"))
