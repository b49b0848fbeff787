"""Invalid texts do not break stored files, and the number of entities stays limited."""

from __future__ import annotations

import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.claude_ai.usage import MAX_LIMITS, MAX_POOLS
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.dynamic_entities import MAX_ENTITIES
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import (
    add_entry,
    messages_of,
    pass_time,
    seat_of,
    serve,
    session,
    settle,
)
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HALF_AN_EMOJI = "X\ud83d"
RESET = "2027-01-01T00:00:00+00:00"


def scoped(name: str, percent: float = 5) -> dict[str, Any]:
    """Return the row of a model."""
    scope = {"model": {"id": None, "display_name": name}, "surface": None}
    row = {"kind": "weekly_scoped", "percent": percent, "resets_at": RESET}
    return {**row, "scope": scope}


def pool(dollars: float) -> dict[str, Any]:
    """Return a credit pool."""
    return {"limit_dollars": dollars, "used_dollars": 1}


async def stored(hass: HomeAssistant, hass_storage: dict[str, Any]) -> str:
    """Let Home Assistant write its files, and return their contents."""
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    assert "core.entity_registry" in hass_storage
    return json.dumps(hass_storage)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HALF_AN_EMOJI, id="surrogate"),
        pytest.param("\u202eX", id="direction"),
        pytest.param("X\n", id="line break"),
        pytest.param("\x00X\x1b", id="control"),
        pytest.param("X\u200b", id="invisible"),
        pytest.param("X" + "y" * 10**4, id="long"),
    ],
)
async def test_texts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    """Text from any part of a response is shown on one line and can be stored."""
    account = simulator.world.accounts["ada"]
    organization = account.seats[-1].organization
    organization.name = organization.plan_display_name = text
    organization.capabilities = ("chat",)
    serve(
        simulator,
        {
            "limits": [scoped(text), {"kind": text, "percent": 7}],
            text: pool(5),
            f"seven_day_{text}": {"utilization": 3, "resets_at": None},
        },
    )
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(flow["flow_id"], seat_of(simulator))
    await settle(hass)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    for _ in range(3):
        await pass_time(hass, freezer)
    registry = er.async_get(hass)
    ours = er.async_entries_for_config_entry(registry, entry.entry_id)
    states = [hass.states.get(item.entity_id) for item in ours]
    shown = [
        entry.title,
        *(str(item.original_name) for item in ours),
        *(str(state.name) for state in states if state),
        *(state.state for state in states if state),
    ]
    assert any("X" in item for item in shown)
    for item in shown:
        assert item.isprintable()
        assert len(item) < 200
    assert "X" in await stored(hass, hass_storage)
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert errors == []


@pytest.mark.parametrize("uuid", ["X", HALF_AN_EMOJI, "a_b", "9" * 10**4], ids=len)
async def test_account_without_a_uuid(
    hass: HomeAssistant,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    uuid: str,
) -> None:
    """Without an account UUID, the entry is identified by its organization."""
    monkeypatch.setattr(type(simulator.world.accounts["ada"]), "uuid", uuid)
    flows = hass.config_entries.flow
    flow = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    await flows.async_configure(flow["flow_id"], seat_of(simulator))
    await settle(hass)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id == entry.data["org_id"]
    assert entry.unique_id in await stored(hass, hass_storage)


async def test_very_many_limits(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The session and the week are shown wherever they are, and one warning is logged."""
    rows = [scoped(f"Model {number}") for number in range(2000)]
    rows += [{"kind": "session", "percent": 31}, {"kind": "weekly_all", "percent": 77}]
    pools = {f"pool_{number}": pool(number + 1) for number in range(2000)}
    serve(simulator, {**pools, "limits": rows})
    entry = await add_entry(hass, simulator)
    for _ in range(3):
        await pass_time(hass, freezer)
    assert hass.states.get("sensor.claude_pulse_session_usage").state == "31"
    assert hass.states.get("sensor.claude_pulse_weekly_usage").state == "77"
    usage = hass.data[DOMAIN][entry.entry_id].data.usage
    assert (len(usage.windows), len(usage.pools)) == (MAX_LIMITS, MAX_POOLS)
    (warning,) = messages_of(caplog, "claude_ai.client")
    assert "more limits or credit pools" in warning


async def test_new_names_in_every_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Names that appear only once are not registered, and the storage file stays small."""
    entry = await add_entry(hass, simulator)
    registry = er.async_get(hass)

    def count() -> int:
        """Count the entities of the entry."""
        return len(er.async_entries_for_config_entry(registry, entry.entry_id))

    before = count()
    for poll in range(20):
        rows = [scoped(f"Model {poll}-{number}") for number in range(10)]
        pools = {f"pool_{poll}_{number}": pool(5) for number in range(10)}
        serve(simulator, session(31, RESET, limits=rows, **pools))
        await pass_time(hass, freezer)
    assert count() == before
    told = hass_storage[f"{DOMAIN}.{entry.entry_id}.told"]["data"]["marks"]
    assert len(told) < 100


async def test_names_that_change_now_and_then(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Registered entities are limited; set-up removes those that no longer exist."""
    serve(simulator, session(31, RESET, limits=[scoped("First")]))
    entry = await add_entry(hass, simulator)
    registry = er.async_get(hass)

    def registered() -> set[str]:
        """Return the IDs of the entities of the entry."""
        ours = er.async_entries_for_config_entry(registry, entry.entry_id)
        return {item.entity_id for item in ours}

    fixed = registered()
    for change in range(12):
        rows = [scoped(f"Model {change}-{number}") for number in range(20)]
        for percent in range(8):
            serve(simulator, session(31 + percent, RESET, limits=rows))
            await pass_time(hass, freezer)
    # Each platform checks the limit before the others have added.
    assert MAX_ENTITIES <= len(registered()) < 1.2 * MAX_ENTITIES
    warnings = messages_of(caplog, "dynamic_entities")
    # Each of the three platforms logs once.
    assert 1 <= len(warnings) <= 3
    assert all("new ones are not added" in warning for warning in warnings)

    serve(simulator, session(31, RESET, limits=[scoped("Last")]))
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    left = registered()
    assert len(left) <= MAX_ENTITIES // 2 + 10
    assert "sensor.claude_pulse_weekly_last_usage" in left
    assert "sensor.claude_pulse_weekly_first_usage" not in left
    assert {item for item in fixed if "first" not in item} <= left
