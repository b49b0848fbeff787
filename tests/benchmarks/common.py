"""What several benchmarks do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from aiohttp import ClientSession
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import CONF_ORG_ID, CONF_SESSION_KEY, DOMAIN
from custom_components.claude_pulse.forecast.habit import WEEKS, History, Hour
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from tests.common import seat_of, settle
from tests.simulator import Simulator
from tests.simulator.server import _HEADERS, CONTROL
from tests.simulator.world import make_world

# An interval that ends in its second minute, jitter included.
TWO_MINUTES = 110

# Ada's windows.
KEYS = ("session", "weekly", "weekly_fable")


async def add_yardstick(
    hass: HomeAssistant,
    simulator: Simulator,
    account: str = "ada",
    *,
    title: str = "Yardstick",
) -> MockConfigEntry:
    """Set up a yardstick that asks what an entry of the same account would."""
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


async def serve_unchanged(simulator: Simulator) -> None:
    """Let a simulator that runs apart serve ada the same numbers from now on."""
    seat = make_world(dt_util.utcnow()).accounts["ada"].seats[-1]
    body = seat.body(dt_util.utcnow(), timedelta)
    async with ClientSession() as session:
        url = f"{simulator.url}{CONTROL}/accounts/ada/usage"
        await session.put(url, json=body)


async def requests_of(simulator: Simulator) -> int:
    """Return how many requests a simulator that runs apart has had."""
    async with (
        ClientSession() as session,
        session.get(simulator.url + CONTROL) as response,
    ):
        return (await response.json())["requests"]


def hours_of_office(until: datetime) -> Iterator[Hour]:
    """Yield as much history as is read, of 80 points a week from 9 to 17."""
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
def know_office_hours(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Have the history of all windows of an entry, as if a recorder had told it."""
    coordinator = hass.data[DOMAIN][entry.entry_id]
    for key in KEYS:
        history = History()
        history.add(hours_of_office(dt_util.utcnow()))
        coordinator.history._histories[key] = history
    coordinator.history._last = None
    coordinator.async_tick()
