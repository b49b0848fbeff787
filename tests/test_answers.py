"""Invalid texts do not break stored files, and the number of entities stays limited."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.usage import MAX_POOLS
from custom_components.claude_pulse.claude_ai.windows import MAX_LIMITS
from custom_components.claude_pulse.const import DOMAIN
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.helpers import entity_registry as er

from .common import Claude, account_of, reload, seat_of, session
from .flows import submit_form

HALF_AN_EMOJI = "X\ud83d"
RESET = "2027-01-01T00:00:00+00:00"
MAX_ENTITIES = 400


def scoped(name: str, percent: float = 5) -> dict[str, Any]:
    """Return the row of a model."""
    scope = {"model": {"id": None, "display_name": name}, "surface": None}
    row = {"kind": "weekly_scoped", "percent": percent, "resets_at": RESET}
    return {**row, "scope": scope}


def pool(dollars: float) -> dict[str, Any]:
    """Return a credit pool."""
    return {"limit_dollars": dollars, "used_dollars": 1}


def entities(claude: Claude, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    """Return the registered entities of an entry."""
    registry = er.async_get(claude.hass)
    return er.async_entries_for_config_entry(registry, entry.entry_id)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings of the integration."""
    return [
        record.getMessage()
        for record in caplog.records
        if DOMAIN in record.name and record.levelname == "WARNING"
    ]


async def stored(claude: Claude, hass_storage: dict[str, Any]) -> str:
    """Let Home Assistant write its files, and return their contents."""
    claude.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await claude.settle()
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
    claude: Claude,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    """Text from any part of a response is shown on one line and can be stored."""
    organization = account_of(claude).seats[-1].organization
    organization.name = organization.plan_display_name = text
    organization.capabilities = ("chat",)
    claude.serve(
        {
            "limits": [scoped(text), {"kind": text, "percent": 7}],
            text: pool(5),
            f"seven_day_{text}": {"utilization": 3, "resets_at": None},
        }
    )
    form = await submit_form(claude, **seat_of(claude.server))
    entry = form.result["result"]
    for _ in range(3):
        await claude.pass_time()
    ours = entities(claude, entry)
    states = filter(None, (claude.hass.states.get(item.entity_id) for item in ours))
    shown = [
        entry.title,
        *(str(item.original_name) for item in ours),
        *(text for state in states for text in (str(state.name), state.state)),
    ]
    assert any("X" in item for item in shown)
    for item in shown:
        assert item.isprintable()
        assert len(item) < 200
    assert "X" in await stored(claude, hass_storage)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("uuid", ["X", HALF_AN_EMOJI, "a_b", "9" * 10**4], ids=len)
async def test_account_without_a_uuid(
    claude: Claude,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    uuid: str,
) -> None:
    """Without an account UUID, the entry is identified by its organization."""
    monkeypatch.setattr(type(account_of(claude)), "uuid", uuid)
    form = await submit_form(claude, **seat_of(claude.server))
    entry = form.result["result"]
    assert entry.unique_id == entry.data["org_id"]
    assert entry.unique_id in await stored(claude, hass_storage)


async def test_very_many_limits(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """The session and the week are shown wherever they are, and one warning is logged."""
    rows = [scoped(f"Model {number}") for number in range(2000)]
    rows += [{"kind": "session", "percent": 31}, {"kind": "weekly_all", "percent": 77}]
    pools = {f"pool_{number}": pool(number + 1) for number in range(2000)}
    claude.serve({**pools, "limits": rows})
    entry = await claude.entry()
    for _ in range(3):
        await claude.pass_time()
    assert claude.state("session_usage") == "31"
    assert claude.state("weekly_usage") == "77"
    names = " ".join(str(item.original_name) for item in entities(claude, entry))
    assert len({*re.findall(r"Model \d+", names)}) == MAX_LIMITS
    assert len({*re.findall(r"Pool \d+", names)}) == MAX_POOLS
    (warning,) = warnings(caplog)
    assert "more limits or credit pools" in warning


async def test_new_names_in_every_poll(
    claude: Claude, hass_storage: dict[str, Any]
) -> None:
    """Names that appear only once are not registered, and stored files stay small."""
    entry = await claude.entry()
    before = len(entities(claude, entry))
    for poll in range(20):
        rows = [scoped(f"Model {poll}-{number}") for number in range(10)]
        pools = {f"pool_{poll}_{number}": pool(5) for number in range(10)}
        claude.serve(session(31, RESET, limits=rows, **pools))
        await claude.pass_time()
    assert len(entities(claude, entry)) == before
    await stored(claude, hass_storage)
    ours = [data for key, data in hass_storage.items() if entry.entry_id in key]
    assert 0 < len(json.dumps(ours)) < 20_000


async def test_names_that_change_now_and_then(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """Registered entities are limited; those without a limit are unavailable."""
    claude.serve(session(31, RESET, limits=[scoped("First")]))
    entry = await claude.entry()
    fixed = {item.entity_id for item in entities(claude, entry)}
    for change in range(12):
        rows = [scoped(f"Model {change}-{number}") for number in range(20)]
        for percent in range(8):
            claude.serve(session(31 + percent, RESET, limits=rows))
            await claude.pass_time()
    # Each platform checks the limit before the others have added.
    assert MAX_ENTITIES <= len(entities(claude, entry)) < 1.2 * MAX_ENTITIES
    # Each of the three platforms logs once.
    assert 1 <= len(warnings(caplog)) <= 3
    assert all("new ones are not added" in item for item in warnings(caplog))

    claude.serve(session(31, RESET, limits=[scoped("Last")]))
    await reload(claude, entry)
    assert claude.state("weekly_last_usage") == "5"
    first = claude.hass.states.get("sensor.claude_pulse_weekly_first_usage")
    assert (first.state, first.attributes["restored"]) == ("unavailable", True)
    assert fixed <= {item.entity_id for item in entities(claude, entry)}
