"""What the recorder's statistics make of money, in a real recorder."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import add_entry, pass_time, serve, settle
from .simulator import Simulator
from .test_money import enable_all, spend

SPENT = "sensor.claude_pulse_extra_usage_spent"


async def sums(hass: HomeAssistant, start: Any) -> list[float]:
    """Return the sum of what was spent, after each period of five minutes."""
    found = await get_instance(hass).async_add_executor_job(
        lambda: statistics_during_period(
            hass, start, None, {SPENT}, "5minute", None, {"sum"}
        )
    )
    return [round(row["sum"], 2) for row in found[SPENT]]


@pytest.mark.parametrize("reload", [False, True])
async def test_spending_that_begins_anew(
    recorder_mock: Recorder,
    enable_custom_integrations: None,
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    reload: bool,
) -> None:
    """With a new month the sum goes on; money back is taken off; a restart forgets nothing."""
    freezer.move_to("2026-05-31T22:00:00+00:00")
    assert await async_setup_component(hass, "sensor", {})
    serve(simulator, spend(1000))
    entry = await add_entry(hass, simulator, update_interval=30)
    await enable_all(hass, entry)
    await pass_time(hass, freezer, 40)
    await settle(hass)
    start = dt_util.utcnow().replace(second=0, microsecond=0)
    start -= timedelta(minutes=start.minute % 5)
    period = start
    for cents in (3000, 2900, 100, 500):
        serve(simulator, spend(cents))
        if reload:
            await hass.config_entries.async_reload(entry.entry_id)
        await pass_time(hass, freezer, 40)
        await async_wait_recording_done(hass)
        freezer.move_to(period + timedelta(minutes=5))
        do_adhoc_statistics(hass, start=period)
        await async_wait_recording_done(hass)
        period += timedelta(minutes=5)
        freezer.tick(10)
        # The poll that was due meanwhile still sees what was spent so far.
        await settle(hass)
    found = await sums(hass, start)
    base = found[0]
    assert [round(value - base, 2) for value in found] == [0, -1, 0, 4]
