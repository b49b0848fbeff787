"""Delivery of the card to browsers: its module and the dashboard resources."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import gzip
import hashlib
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
import yarl

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.frontend import delivery
from homeassistant.components import frontend
from homeassistant.components.http import HomeAssistantHTTP
from homeassistant.components.lovelace import resources as lovelace_resources
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component

from .common import Claude, messages_of

pytestmark = pytest.mark.smoke

Resource = tuple[str, str]
Resources = Callable[[], Awaitable[list[Resource]]]

STORED = "lovelace_resources"
ROOT = Path(__file__).parents[1] / "custom_components" / DOMAIN
MANIFEST = json.loads((ROOT / "manifest.json").read_text())
MODULE = (ROOT / "frontend" / "claude-pulse.js").read_bytes()
DASHBOARD = (ROOT / "frontend" / "dashboard.js").read_bytes()
URL = "/claude_pulse/claude-pulse.js"
ADDRESS = f"{URL}?v={MANIFEST['version']}-{hashlib.sha256(MODULE).hexdigest()[:8]}"
CARD = ("module", ADDRESS)
# Resources of others.
OTHERS = [
    ("module", "/hacsfiles/button-card/button-card.js?v=1"),
    ("css", "/local/claude_pulse/claude-pulse.js"),
]


@pytest.fixture(autouse=True)
def no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not open the port of Home Assistant, as in the newer test kit."""
    monkeypatch.setattr(HomeAssistantHTTP, "start", AsyncMock())


@pytest.fixture
def resources(hass_ws_client: WebSocketGenerator) -> Resources:
    """Return a function that requests the types and addresses of the resources."""

    async def resources() -> list[Resource]:
        """Request the resources as a browser does."""
        client = await hass_ws_client()
        await client.send_json({"id": 5, "type": "lovelace/resources"})
        answer = await client.receive_json()
        await client.close()
        return [(item["type"], item["url"]) for item in answer["result"]]

    return resources


def store(hass_storage: dict[str, Any], *cards: Resource) -> None:
    """Store resources: those of others, then cards with the IDs c, d and e."""
    items = zip("abcde", (*OTHERS, *cards), strict=False)
    data = {
        "items": [{"id": key, "type": kind, "url": url} for key, (kind, url) in items]
    }
    hass_storage[STORED] = {"version": 1, "key": STORED, "data": data}


def extra_modules(hass: HomeAssistant) -> set[str]:
    """Return the addresses of the modules that every page loads."""
    return set(hass.data[frontend.DATA_EXTRA_MODULE_URL].urls)


async def set_up_dashboards(claude: Claude, **config: Any) -> None:
    """Set up the frontend with its dashboards."""
    assert await async_setup_component(claude.hass, "frontend", {"lovelace": config})
    await claude.settle()


async def remove(claude: Claude, *entries: Any) -> None:
    """Remove entries."""
    for entry in entries:
        await claude.hass.config_entries.async_remove(entry.entry_id)
    await claude.settle()


def test_manifest() -> None:
    """The dashboards are set up before Claude Pulse."""
    assert "lovelace" in MANIFEST["after_dependencies"]


@pytest.mark.parametrize(
    ("url", "content"), [(URL, MODULE), ("/claude_pulse/dashboard.js", DASHBOARD)]
)
@pytest.mark.usefixtures("enable_custom_integrations")
async def test_modules_over_http(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    url: str,
    content: bytes,
) -> None:
    """The modules need no login, and browsers revalidate them."""
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client_no_auth()

    response = await client.get(f"{url}?v=whatever")

    assert response.status == 200
    assert await response.read() == content
    assert response.content_type == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    etag = response.headers["ETag"]
    again = await client.get(url, headers={"If-None-Match": etag})
    assert again.status == 304
    assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.usefixtures("enable_custom_integrations")
async def test_texts_over_http(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The texts of a language need no login, and browsers keep them."""
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "de-01234567.json").write_text('{"used": "verbraucht"}')
    (tmp_path / "other.json").write_text("{}")
    monkeypatch.setattr(delivery, "TEXTS", texts)
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client_no_auth()

    response = await client.get("/claude_pulse/texts/de-01234567.json")

    assert response.status == 200
    assert await response.json() == {"used": "verbraucht"}
    assert response.headers["Cache-Control"].endswith("max-age=31536000, immutable")
    for path in ("fr-01234567.json", "..%2Fother.json", "%2e%2e/other.json", ""):
        missing = await client.get(
            yarl.URL(f"/claude_pulse/texts/{path}", encoded=True)
        )
        assert missing.status in {400, 404}, path


def test_lock_file_names_no_address() -> None:
    """The packages come from the registry of the person who installs them."""
    lock = (ROOT.parents[1] / "frontend" / "package-lock.json").read_text()
    assert "integrity" in lock
    assert "://" not in lock


def test_texts_of_the_card() -> None:
    """All languages have the same texts with the same values, in alphabetical order."""
    sources = ROOT.parents[1] / "frontend" / "src" / "texts"
    english = json.loads((sources / "en.json").read_text())
    assert list(english) == sorted(english)
    values = re.compile(r"{(\w+)}")

    def base(key: str) -> str:
        """Return a key without its plural form, of which each language has its own."""
        return re.sub(r"_(zero|one|two|few|many|other)$", "", key)

    values_of = {base(key): sorted(values.findall(english[key])) for key in english}
    for path in sources.glob("*.json"):
        texts = json.loads(path.read_text())
        assert list(texts) == sorted(texts), path.name
        assert {base(key) for key in texts} == values_of.keys(), path.name
        for key, text in texts.items():
            expected = values_of[base(key)]
            assert sorted(values.findall(text)) == expected, (path.name, key)
            if key != base(key):
                assert f"{base(key)}_other" in texts, (path.name, key)


def test_size() -> None:
    """The module is small, also when it is compressed."""
    assert len(MODULE) <= 90 * 1024
    assert len(gzip.compress(MODULE)) <= 30 * 1024


def test_dashboard_of_the_module() -> None:
    """The module of the card loads the dashboard that was built with it."""
    digest = hashlib.sha256(DASHBOARD).hexdigest()[:8]
    assert f"./dashboard.js?v={digest}".encode() in MODULE


async def test_added_once(claude: Claude, resources: Resources) -> None:
    """Two entries that are set up at the same time add one resource."""
    await set_up_dashboards(claude)
    entries = [claude.stored_entry(name) for name in ("ada", "cora")]
    assert await async_setup_component(claude.hass, DOMAIN, {})
    await claude.settle()
    assert [entry.state for entry in entries] == [ConfigEntryState.LOADED] * 2
    assert await resources() == [CARD]
    assert not extra_modules(claude.hass)


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize(
    "before",
    [
        [],
        [CARD],
        [("module", f"{URL}?v=0.0.9-01234567")],
        [("module", URL)],
        [("js", URL)],
        [("module", f"{URL}?v=1"), ("module", f"{URL}?v=2"), ("module", URL)],
    ],
)
async def test_updated_in_place(
    claude: Claude,
    resources: Resources,
    hass_storage: dict[str, Any],
    before: list[Resource],
    loaded: bool,
) -> None:
    """One resource of this version remains, and other resources do not change."""
    store(hass_storage, *before)
    await set_up_dashboards(claude)
    assert await async_setup_component(claude.hass, DOMAIN, {})
    if loaded:
        assert await resources() == [*OTHERS, *before]
    entry = await claude.entry()
    assert await resources() == [*OTHERS, CARD]
    await claude.hass.config_entries.async_reload(entry.entry_id)
    await claude.settle()

    claude.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await claude.settle()
    items = hass_storage[STORED]["data"]["items"]
    assert [(item["type"], item["url"]) for item in items] == [*OTHERS, CARD]
    ids = [item["id"] for item in items]
    assert ids == ["a", "b", "c" if before else ids[2]]


async def test_removed_with_the_last_entry(
    claude: Claude, resources: Resources, hass_storage: dict[str, Any]
) -> None:
    """The resource exists while any entry is enabled, loaded or not."""
    entries = claude.hass.config_entries
    store(hass_storage, ("module", f"{URL}?v=1"))
    await set_up_dashboards(claude)
    first = await claude.entry()
    second = await claude.entry("cora")
    await remove(claude, first)
    assert await resources() == [*OTHERS, CARD]
    await entries.async_unload(second.entry_id)
    assert await resources() == [*OTHERS, CARD]
    await entries.async_setup(second.entry_id)
    # After a restart, the module would not be served for a disabled entry.
    for disabled_by, cards in ((ConfigEntryDisabler.USER, []), (None, [CARD])):
        await entries.async_set_disabled_by(second.entry_id, disabled_by)
        await claude.settle()
        assert await resources() == [*OTHERS, *cards]
    await remove(claude, second)
    assert await resources() == OTHERS

    third = await claude.entry()
    assert await resources() == [*OTHERS, CARD]
    await remove(claude, third)
    assert await resources() == OTHERS


async def test_removed_with_a_disabled_entry(
    claude: Claude, resources: Resources, hass_storage: dict[str, Any]
) -> None:
    """The resource is removed although the integration was never set up."""
    store(hass_storage, ("module", f"{URL}?v=1"))
    await set_up_dashboards(claude)
    entry = MockConfigEntry(
        disabled_by=ConfigEntryDisabler.USER, domain=DOMAIN, version=2
    )
    entry.add_to_hass(claude.hass)
    await remove(claude, entry)
    assert DOMAIN not in claude.hass.config.components
    assert await resources() == OTHERS


async def test_added_during_set_up_retry(claude: Claude, resources: Resources) -> None:
    """An entry whose set-up is retried adds the resource."""
    await set_up_dashboards(claude)
    claude.server.set_fault("challenge")
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert await resources() == [CARD]


async def test_resources_in_yaml(claude: Claude) -> None:
    """Every page loads the card until the last entry is removed."""
    await set_up_dashboards(claude, mode="yaml", resources=[])
    first = await claude.entry()
    second = await claude.entry("cora")
    assert extra_modules(claude.hass) == {ADDRESS}
    await remove(claude, first)
    assert extra_modules(claude.hass) == {ADDRESS}
    await remove(claude, second)
    removable = hasattr(frontend, "remove_extra_js_url")
    assert extra_modules(claude.hass) == (set() if removable else {ADDRESS})
    await claude.entry()
    assert extra_modules(claude.hass) == {ADDRESS}


async def test_card_in_yaml(claude: Claude) -> None:
    """A card that the user lists in YAML is not loaded twice."""
    theme = {"type": "css", "url": "/local/theme.css"}
    card = {"type": "module", "url": f"{URL}?mine"}
    await set_up_dashboards(claude, mode="yaml", resources=[theme, card])
    entry = await claude.entry()
    assert not extra_modules(claude.hass)
    await remove(claude, entry)
    assert not extra_modules(claude.hass)


@pytest.mark.parametrize(
    ("components", "yaml"),
    [((), False), (("http",), False), (("http", "lovelace"), False), (("http",), True)],
)
async def test_without_frontend(
    claude: Claude,
    caplog: pytest.LogCaptureFixture,
    components: tuple[str, ...],
    yaml: bool,
) -> None:
    """Without a frontend, an entry is set up and removed without a warning."""
    for component in components:
        assert await async_setup_component(claude.hass, component, {})
    if yaml:
        resources = lovelace_resources.ResourceYAMLCollection([])
        claude.hass.data["lovelace"] = {"resources": resources}
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.LOADED
    await remove(claude, entry)
    assert not claude.hass.config_entries.async_entries(DOMAIN)
    assert not messages_of(caplog, "frontend.delivery")


@pytest.mark.parametrize("fails", ["async_get_info", "async_create_item"])
async def test_resources_that_fail(
    claude: Claude,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: str,
) -> None:
    """Entries are set up and removed, and one warning each says what to do."""
    await set_up_dashboards(claude)
    collection = lovelace_resources.ResourceStorageCollection
    error = AsyncMock(side_effect=HomeAssistantError("no space left"))
    monkeypatch.setattr(collection, fails, error)
    entries = [await claude.entry(), await claude.entry("cora")]
    assert [entry.state for entry in entries] == [ConfigEntryState.LOADED] * 2
    (line,) = messages_of(caplog, "frontend.delivery")
    assert f"Add the resource {URL} " in line

    monkeypatch.setattr(collection, "async_get_info", error)
    await remove(claude, *entries)
    assert not claude.hass.config_entries.async_entries(DOMAIN)
    _, line = messages_of(caplog, "frontend.delivery")
    assert f"Remove the resource {URL} " in line


async def test_missing_module(
    claude: Claude,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """No resource is added for a module that cannot be read."""
    monkeypatch.setattr(delivery, "MODULE", tmp_path / "claude-pulse.js")
    await set_up_dashboards(claude)
    entry = await claude.entry()
    assert entry.state is ConfigEntryState.LOADED
    assert await resources() == []
    (line,) = messages_of(caplog, "frontend.delivery")
    assert "FileNotFoundError(" in line


async def test_set_up_during_removal(claude: Claude, resources: Resources) -> None:
    """An entry that is set up while the last one is removed has the card."""
    await set_up_dashboards(claude)
    old = await claude.entry()
    new = claude.stored_entry("cora")
    await asyncio.gather(
        claude.hass.config_entries.async_remove(old.entry_id),
        claude.hass.config_entries.async_setup(new.entry_id),
    )
    await claude.settle()
    assert new.state is ConfigEntryState.LOADED
    assert await resources() == [CARD]
