"""A model that is renamed with a version keeps its entities and its progress."""

from __future__ import annotations

from typing import Any

import pytest

from homeassistant.helpers import entity_registry as er

from .common import Claude, reload, row
from .events.common import WEEK_RESET, begin, body, poll

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]
FABLE = "sensor.claude_pulse_weekly_fable_usage"


def with_models(**percents: float) -> dict[str, Any]:
    """Return a usage body with weekly limits of models. An underscore is a space."""
    rows = [
        row(
            "weekly_scoped",
            percent,
            WEEK_RESET,
            name.replace("_", " ").replace("v", "."),
        )
        for name, percent in percents.items()
    ]
    return {**body(10), "limits": rows}


def usage_sensors(claude: Claude) -> set[str]:
    """Return the IDs of the registered usage sensors of models."""
    registry = er.async_get(claude.hass)
    return {
        item.entity_id
        for item in registry.entities.values()
        if item.unique_id.endswith(":usage")
    }


async def test_renamed_model(claude: Claude) -> None:
    """Its entities, its progress and its history continue, also after a reload."""
    entry, log = await begin(claude, with_models(Fable=60))
    await poll(claude, with_models(Fable_5v2=62), 2)
    assert claude.hass.states.get(FABLE).state == "62"
    assert usage_sensors(claude) == {FABLE}
    await poll(claude, with_models(Fable_5v2=76), 2)
    assert log.alerts == ["weekly_fable threshold_reached 75"]
    await reload(claude, entry)
    state = claude.hass.states.get(FABLE)
    assert (state.state, state.name) == ("76", "Claude Pulse Weekly Fable 5.2 usage")
    # And renamed again.
    await poll(claude, with_models(Fable_5v3=91), 2)
    assert claude.hass.states.get(FABLE).state == "91"
    assert log.alerts[1:] == ["weekly_fable threshold_reached 90"]
    assert usage_sensors(claude) == {FABLE}
    await reload(claude, entry)
    assert claude.hass.states.get(FABLE).state == "91"


@pytest.mark.parametrize(
    "models",
    [
        # Less use, both names at once, and two candidates.
        {"Fable_5v2": 30},
        {"Fable": 60, "Fable_5v2": 60},
        {"Fable_5v2": 60, "Fable_5v3": 60},
    ],
)
async def test_other_model(claude: Claude, models: dict[str, float]) -> None:
    """A model that is not certainly the same has entities of its own."""
    await begin(claude, with_models(Fable=60))
    await poll(claude, with_models(**models), 2)
    assert len(usage_sensors(claude)) == 1 + len(models.keys() - {"Fable"})


async def test_both_names_after_a_rename(claude: Claude) -> None:
    """If the old name comes back, they are two models."""
    await begin(claude, with_models(Fable=60))
    await poll(claude, with_models(Fable_5v2=62), 2)
    await poll(claude, with_models(Fable=5, Fable_5v2=64), 3)
    assert claude.hass.states.get(FABLE).state == "5"
    states = {claude.hass.states.get(item).state for item in usage_sensors(claude)}
    assert states == {"5", "64"}
