"""The long-term statistics of money, in a real recorder."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import Claude, enable, spend

SPENT = "sensor.claude_pulse_extra_usage_spent"
PERIOD = timedelta(minutes=5)


@pytest.mark.parametrize("reload", [False, True])
async def test_spending_starts_again(
    recorder_mock: Recorder, claude: Claude, reload: bool
) -> None:
    """The sum continues in a new month and decreases with a refund, also after a restart."""
    claude.clock.move_to("2026-05-31T22:00:00+00:00")
    assert await async_setup_component(claude.hass, "sensor", {})
    claude.serve(spend(1000))
    entry = await claude.entry(update_interval=30)
    await enable(claude)
    await claude.pass_time(40)
    start = period = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    for cents in (3000, 2900, 100, 500):
        claude.serve(spend(cents))
        if reload:
            await claude.hass.config_entries.async_reload(entry.entry_id)
        await claude.pass_time(40)
        await async_wait_recording_done(claude.hass)
        claude.clock.move_to(period + PERIOD)
        do_adhoc_statistics(claude.hass, start=period)
        await async_wait_recording_done(claude.hass)
        period += PERIOD
        claude.clock.tick(10)
        # A poll that is due still receives the amount of this period.
        await claude.settle()

    rows = await get_instance(claude.hass).async_add_executor_job(
        lambda: statistics_during_period(
            claude.hass, start, None, {SPENT}, "5minute", None, {"sum"}
        )
    )
    sums = [row["sum"] - rows[SPENT][0]["sum"] for row in rows[SPENT]]
    assert sums == pytest.approx([0, -1, 0, 4])
