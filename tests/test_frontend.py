"""How the card comes to the browser: its address, and the dashboards' resources."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
import re
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.frontend import delivery as card
from homeassistant.components import frontend
from homeassistant.components.http import HomeAssistantHTTP
from homeassistant.components.lovelace import resources as lovelace_resources
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component

from .common import add_entry, messages_of, seat_of, settle, store_entry
from .simulator import Simulator

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

STORED = "lovelace_resources"
THEIRS = [
    {"id": "a", "type": "module", "url": "/hacsfiles/button-card/button-card.js?v=1"},
    {"id": "b", "type": "css", "url": "/local/claude_pulse/claude-pulse.js"},
]
MANIFEST = json.loads((Path(card.__file__).parents[1] / "manifest.json").read_text())


@pytest.fixture(autouse=True)
def _no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no port of the machine, as the newer test kit does."""
    monkeypatch.setattr(HomeAssistantHTTP, "start", AsyncMock())


def store(hass_storage: dict[str, Any], *items: dict[str, str]) -> None:
    """Have resources on the disk, which nobody has loaded yet."""
    hass_storage[STORED] = {
        "version": 1,
        "key": STORED,
        "data": {"items": [*THEIRS, *items]},
    }


def ours(number: str, query: str) -> dict[str, str]:
    """Return a resource that is the card."""
    return {"id": number, "type": "module", "url": f"{card.URL}{query}"}


async def resources(connect: WebSocketGenerator) -> list[tuple[str, str]]:
    """Return the types and addresses of the resources, as a browser gets them."""
    client = await connect()
    await client.send_json({"id": 5, "type": "lovelace/resources"})
    answer = await client.receive_json()
    await client.close()
    return [(item["type"], item["url"]) for item in answer["result"]]


async def cards(connect: WebSocketGenerator) -> list[str]:
    """Return the addresses of the card, all others being as they were."""
    found = await resources(connect)
    others = [(kind, url) for kind, url in found if not url.startswith(card.URL)]
    assert others in ([(item["type"], item["url"]) for item in THEIRS], [])
    assert {kind for kind, url in found if url.startswith(card.URL)} <= {"module"}
    return [url for _, url in found if url.startswith(card.URL)]


def extra(hass: HomeAssistant) -> set[str]:
    """Return what every page loads."""
    return set(hass.data[frontend.DATA_EXTRA_MODULE_URL].urls)


async def set_up_dashboards(hass: HomeAssistant, **config: Any) -> None:
    """Set up the frontend with its dashboards; YAML is for the resources, too."""
    assert await async_setup_component(hass, "frontend", {"lovelace": config})
    await settle(hass)


@pytest.fixture(name="address")
async def _address() -> str:
    """Return where the card is."""
    return f"{card.URL}?v={MANIFEST['version']}-{card._digest()}"


async def test_address(address: str) -> None:
    """It tells the version and the content, and no service worker keeps it."""
    assert re.fullmatch(
        r"/claude_pulse/claude-pulse\.js\?v=[\d.]+-[0-9a-f]{8}", address
    )
    assert "lovelace" in MANIFEST["after_dependencies"]


async def test_module_over_http(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """Anybody gets it, is to ask again, and is told when it is the same."""
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client_no_auth()

    response = await client.get(f"{card.URL}?v=whatever")

    assert response.status == 200
    assert await response.read() == card.MODULE.read_bytes()
    assert response.content_type == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    etag = response.headers["ETag"]
    again = await client.get(card.URL, headers={"If-None-Match": etag})
    assert again.status == 304
    assert again.headers["Cache-Control"] == "no-cache"


async def test_added_once(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    address: str,
) -> None:
    """Where there are no resources yet, also by two entries at the same time."""
    await set_up_dashboards(hass)
    entries = [store_entry(hass, simulator, name) for name in ("ada", "cora")]
    assert await async_setup_component(hass, DOMAIN, {})
    await settle(hass)
    assert [entry.state for entry in entries] == [ConfigEntryState.LOADED] * 2
    assert await cards(hass_ws_client) == [address]
    assert not extra(hass)


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize(
    "before",
    [
        [],
        [ours("c", "?v=0.0.9-01234567")],
        [ours("c", "")],
        [{**ours("c", ""), "type": "js"}],
        [ours("c", "?v=1"), ours("d", "?v=2"), ours("e", "")],
    ],
)
async def test_updated_in_place(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    address: str,
    before: list[dict[str, str]],
    loaded: bool,
) -> None:
    """There is one of the present version, and the others are let be, on the disk too."""
    store(hass_storage, *before)
    await set_up_dashboards(hass)
    assert await async_setup_component(hass, DOMAIN, {})
    if loaded:
        await resources(hass_ws_client)
    entry = await add_entry(hass, simulator)
    assert await cards(hass_ws_client) == [address]
    # Whatever comes later changes nothing.
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)

    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    *others, stored = hass_storage[STORED]["data"]["items"]
    assert others == THEIRS
    assert (stored["type"], stored["url"]) == ("module", address)
    if before:
        assert stored["id"] == "c"


async def test_restart_keeps_one(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    address: str,
) -> None:
    """It is left as it is where nothing has changed."""
    _, _, query = address.partition(card.URL)
    store(hass_storage, ours("c", query))
    before = json.dumps(hass_storage[STORED])
    await set_up_dashboards(hass)
    await add_entry(hass, simulator)
    assert await cards(hass_ws_client) == [address]
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    assert json.dumps(hass_storage[STORED]) == before


async def test_removed_with_the_last_entry(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    address: str,
) -> None:
    """Neither an unload nor one of two takes it away, and a new entry brings it back."""
    store(hass_storage, ours("d", "?v=1"))
    await set_up_dashboards(hass)
    first = await add_entry(hass, simulator)
    second = await add_entry(hass, simulator, "cora")
    await hass.config_entries.async_remove(first.entry_id)
    await settle(hass)
    assert await cards(hass_ws_client) == [address]
    await hass.config_entries.async_unload(second.entry_id)
    assert await cards(hass_ws_client) == [address]
    await hass.config_entries.async_setup(second.entry_id)
    await hass.config_entries.async_set_disabled_by(
        second.entry_id, ConfigEntryDisabler.USER
    )
    await settle(hass)
    # With none that is enabled, nobody would serve it after a restart.
    assert await cards(hass_ws_client) == []
    await hass.config_entries.async_set_disabled_by(second.entry_id, None)
    await settle(hass)
    assert await cards(hass_ws_client) == [address]
    await hass.config_entries.async_remove(second.entry_id)
    await settle(hass)
    assert await cards(hass_ws_client) == []

    third = await add_entry(hass, simulator)
    assert await cards(hass_ws_client) == [address]
    await hass.config_entries.async_remove(third.entry_id)
    await settle(hass)
    assert await cards(hass_ws_client) == []
    assert len(await resources(hass_ws_client)) == len(THEIRS)


async def test_removed_where_nothing_was_set_up(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    hass_storage: dict[str, Any],
    simulator: Simulator,
) -> None:
    """An entry that has been disabled since before the start takes it along, too."""
    store(hass_storage, ours("c", "?v=1"))
    await set_up_dashboards(hass)
    entry = MockConfigEntry(
        data=seat_of(simulator),
        disabled_by=ConfigEntryDisabler.USER,
        domain=DOMAIN,
        version=2,
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert DOMAIN not in hass.config.components
    assert await cards(hass_ws_client) == []


async def test_there_while_claude_is_not(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    address: str,
) -> None:
    """An entry that cannot be set up yet has the card all the same."""
    await set_up_dashboards(hass)
    simulator.set_fault("challenge")
    entry = await add_entry(hass, simulator)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await cards(hass_ws_client) == [address]


async def test_resources_in_yaml(
    hass: HomeAssistant, simulator: Simulator, address: str
) -> None:
    """Every page loads it once, until the last entry is gone."""
    await set_up_dashboards(hass, mode="yaml", resources=[])
    entry = await add_entry(hass, simulator)
    second = await add_entry(hass, simulator, "cora")
    assert extra(hass) == {address}
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert extra(hass) == {address}
    await hass.config_entries.async_remove(second.entry_id)
    await settle(hass)
    able = hasattr(frontend, "remove_extra_js_url")
    assert extra(hass) == (set() if able else {address})
    await add_entry(hass, simulator)
    assert extra(hass) == {address}


async def test_yaml_that_names_it(hass: HomeAssistant, simulator: Simulator) -> None:
    """Nobody loads it twice."""
    line = {"type": "module", "url": f"{card.URL}?mine"}
    await set_up_dashboards(
        hass, mode="yaml", resources=[{"type": "css", "url": "/local/theme.css"}, line]
    )
    entry = await add_entry(hass, simulator)
    assert not extra(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert not extra(hass)


@pytest.mark.parametrize("components", [(), ("http",), ("http", "lovelace")])
async def test_without_a_frontend(
    hass: HomeAssistant,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    components: tuple[str, ...],
) -> None:
    """All else works as ever, and there is nothing to complain about."""
    for component in components:
        assert await async_setup_component(hass, component, {})
    await check_entry_comes_and_goes(hass, simulator)
    assert not messages_of(caplog, "frontend.delivery")


async def test_yaml_without_a_frontend(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """There are no pages then that could load it."""
    assert await async_setup_component(hass, "http", {})
    hass.data["lovelace"] = {"resources": lovelace_resources.ResourceYAMLCollection([])}
    await check_entry_comes_and_goes(hass, simulator)


async def check_entry_comes_and_goes(hass: HomeAssistant, simulator: Simulator) -> None:
    """Set up an entry, and remove it."""
    entry = await add_entry(hass, simulator)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert not hass.config_entries.async_entries(DOMAIN)


@pytest.mark.parametrize("fails", ["async_get_info", "async_create_item"])
async def test_resources_that_fail(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: str,
) -> None:
    """Two entries are set up, and one warning says what a person can do."""

    async def fail(*_: Any) -> None:
        """Fail as a disk does."""
        raise HomeAssistantError("no space left")

    await set_up_dashboards(hass)
    collection = lovelace_resources.ResourceStorageCollection
    monkeypatch.setattr(collection, fails, fail)
    entries = [
        await add_entry(hass, simulator),
        await add_entry(hass, simulator, "cora"),
    ]
    assert [entry.state for entry in entries] == [ConfigEntryState.LOADED] * 2
    (line,) = messages_of(caplog, "frontend.delivery")
    assert f"Add {card.URL} there as a resource by hand" in line

    monkeypatch.setattr(collection, "async_get_info", fail)
    for entry in entries:
        await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert not hass.config_entries.async_entries(DOMAIN)
    _, line = messages_of(caplog, "frontend.delivery")
    assert f"Remove the resource {card.URL} by hand" in line


async def test_file_that_is_missing(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """Nothing is named that cannot be had."""
    monkeypatch.setattr(card, "MODULE", tmp_path / "claude-pulse.js")
    await set_up_dashboards(hass)
    entry = await add_entry(hass, simulator)
    assert entry.state is ConfigEntryState.LOADED
    assert await cards(hass_ws_client) == []
    (line,) = messages_of(caplog, "frontend.delivery")
    assert line.startswith("The card cannot be had (FileNotFoundError(")


async def test_entry_and_removal_at_the_same_time(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    simulator: Simulator,
    address: str,
) -> None:
    """Whoever comes while the last one goes has the card."""
    await set_up_dashboards(hass)
    old = await add_entry(hass, simulator)
    new: MockConfigEntry = store_entry(hass, simulator, "cora")
    await asyncio.gather(
        hass.config_entries.async_remove(old.entry_id),
        hass.config_entries.async_setup(new.entry_id),
    )
    await settle(hass)
    assert new.state is ConfigEntryState.LOADED
    assert await cards(hass_ws_client) == [address]
