"""Counts of rows and requests."""

from __future__ import annotations

from collections import Counter
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.const import CONF_ORG_ID, CONF_SESSION_KEY, DOMAIN
from custom_components.claude_pulse.runtime import runtime_of
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from tests.common import POLL, add_entry, pass_time, seat_of, settle
from tests.simulator import Simulator

from .common import TWO_MINUTES, know_office_hours

KINDS = {
    "_reset_countdown": "countdown",
    "_runs_out_at": "run-out",
    "_projected_usage": "projection",
    "_pace": "pace",
}


def count_rows(hass: HomeAssistant) -> Counter[str]:
    """Count the states that a recorder would store from now on, by kind."""
    rows: Counter[str] = Counter()

    @callback
    def count(event: Event) -> None:
        """Count a state, also if only its attributes change."""
        entity_id = event.data["entity_id"]
        found = (kind for end, kind in KINDS.items() if entity_id.endswith(end))
        rows[next(found, "other")] += 1

    hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    return rows


@pytest.mark.freeze_time("2026-05-06T15:30:00+00:00")
@pytest.mark.parametrize("habit", ["none", "office hours"])
@pytest.mark.parametrize(
    ("weekly", "model"), [(92, 88), (70, 55), (60, 44), (20, 10)], ids=str
)
async def test_rows(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    results: dict[str, list[Any]],
    weekly: int,
    model: int,
    habit: str,
) -> None:
    """Rows of nine hours of a working day in which two weekly windows stay the same."""
    seat = simulator.world.accounts["ada"].seats[-1]
    for meter, percent in ((seat.weekly, weekly), (seat.models["Fable"], model)):
        meter.percent_per_hour, meter.percent_at_start = 0, percent
    seat.session.percent_per_hour, seat.session.started = 0, None
    entry = await add_entry(hass, simulator, update_interval=TWO_MINUTES)
    if habit != "none":
        know_office_hours(runtime_of(hass, entry))
    rows = count_rows(hass)
    for _ in range(523):
        await pass_time(hass, freezer, 60)
    results["rows"].append(
        {"habit": habit, "weekly": weekly, "model": model, "kinds": dict(rows)}
    )
    assert len(simulator.requests) > 260


@pytest.mark.parametrize(
    "fields", [(CONF_SESSION_KEY, CONF_ORG_ID), (CONF_SESSION_KEY,)]
)
async def test_requests_of_a_new_entry(
    hass: HomeAssistant,
    simulator: Simulator,
    results: dict[str, list[Any]],
    fields: tuple[str, ...],
) -> None:
    """Requests from Submit to the first states, and after them."""
    first: list[int] = []

    @callback
    def note(_: Event) -> None:
        """Note the number of requests."""
        first.append(len(simulator.requests))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    seat = seat_of(simulator)
    typed = {field: seat[field] for field in fields}
    await hass.config_entries.flow.async_configure(flow["flow_id"], typed)
    await settle(hass)
    paths = [
        request.path.replace(seat[CONF_ORG_ID], "…") for request in simulator.requests
    ]
    results["requests"].append(
        {
            "typed": fields,
            "before": paths[: first[0]],
            "after": paths[first[0] :],
        }
    )


@pytest.mark.parametrize("entries", [1, 50])
@pytest.mark.parametrize("hours_of_use", [0, 8], ids=["idle", "active"])
async def test_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    results: dict[str, list[Any]],
    entries: int,
    hours_of_use: int,
) -> None:
    """Requests and rows of a day."""
    seat = simulator.world.accounts["ada"].seats[-1]
    meters = (seat.session, seat.weekly, *seat.models.values())
    for meter in meters if not hours_of_use else ():
        meter.set_rate(0, simulator.now)
        meter.started = None
    for number in range(entries):
        await add_entry(hass, simulator, title=f"Claude Pulse {number}")
    simulator.requests.clear()
    rows = count_rows(hass)
    for poll in range(24 * 60 * 60 // POLL):
        if poll == hours_of_use * 60 * 60 // POLL:
            for meter in meters:
                meter.set_rate(0, simulator.now)
        # At most a minute, to keep what follows the clock.
        for _ in range(3):
            await pass_time(hass, freezer, POLL / 3)
    results["day"].append(
        {
            "day": "active" if hours_of_use else "idle",
            "entries": entries,
            "requests": len(simulator.requests),
            "rows": rows.total(),
            "clock": rows.total() - rows["other"],
        }
    )
    assert simulator.requests
