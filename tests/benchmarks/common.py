"""Helpers of several benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import CONF_ORG_ID, CONF_SESSION_KEY
from custom_components.claude_pulse.forecast.habit import WEEKS, Hour, HourlyUsage
from custom_components.claude_pulse.runtime import Runtime
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.common import seat_of, settle
from tests.simulator import Simulator
from tests.simulator.server import _HEADERS, CONTROL
from tests.simulator.world import make_world

# An update interval of less than two minutes with jitter.
TWO_MINUTES = 110

# The windows of ada.
KEYS = ("session", "weekly", "weekly_scoped:fable")


async def add_yardstick(
    hass: HomeAssistant,
    simulator: Simulator,
    account: str = "ada",
    *,
    title: str = "Yardstick",
) -> MockConfigEntry:
    """Set up a yardstick that polls the same URL as an entry of the account."""
    seat = seat_of(simulator, account)
    entry = MockConfigEntry(
        data={
            "url": f"{simulator.url}/api/organizations/{seat[CONF_ORG_ID]}/usage",
            "headers": {
                **_HEADERS,
                "Accept-Encoding": "gzip, deflate",
                "Cookie": f"sessionKey={seat[CONF_SESSION_KEY]}",
                "User-Agent": "Mozilla/5.0 Chrome/156.0.0.0",
            },
        },
        domain="yardstick",
        title=title,
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    return entry


def coordinator_of(hass: HomeAssistant, entry: ConfigEntry) -> Any:
    """Return the coordinator of an entry, through its first sensor."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    sensors = (entity for entity in entities if entity.domain == Platform.SENSOR)
    sensor = hass.data["entity_components"]["sensor"].get_entity(
        next(sensors).entity_id
    )
    return sensor.coordinator


async def serve_unchanged(simulator: Simulator) -> None:
    """Serve ada the same numbers from now on, in a simulator in another process."""
    seat = make_world(dt_util.utcnow()).accounts["ada"].seats[-1]
    body = seat.body(dt_util.utcnow(), timedelta)
    async with ClientSession() as session:
        url = f"{simulator.url}{CONTROL}/accounts/ada/usage"
        await session.put(url, json=body)


async def requests_of(simulator: Simulator) -> int:
    """Return the number of requests to a simulator in another process."""
    async with (
        ClientSession() as session,
        session.get(simulator.url + CONTROL) as response,
    ):
        return (await response.json())["requests"]


def hours_of_office(until: datetime) -> Iterator[Hour]:
    """Yield the longest history that is read, with 80 points a week from 9 to 17."""
    end = int(until.timestamp() // 3600)
    percent = 0
    for number in range(end - WEEKS * 168, end):
        time = dt_util.as_local(dt_util.utc_from_timestamp(number * 3600))
        if (time.weekday(), time.hour) == (5, 0):
            percent = 0
        used = 2 if time.weekday() < 5 and 9 <= time.hour < 17 else 0
        yield Hour(number, percent, percent + used)
        percent += used


@callback
def know_office_hours(runtime: Runtime) -> None:
    """Give all windows of an entry the history that a recorder would."""
    for key in KEYS:
        history = HourlyUsage()
        history.add(hours_of_office(dt_util.utcnow()))
        runtime.history._histories[key] = history
    runtime.history._last = None
    runtime.history.async_tick()
