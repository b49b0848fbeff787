"""Serves the modules of the card and its texts, and adds the card to the dashboards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import hashlib
import logging
from pathlib import Path
from typing import Any

from aiohttp import web

from homeassistant.components.http import HomeAssistantView
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from ..const import CARD_HELP_URL, DOMAIN

_LOGGER = logging.getLogger(__name__)

_DATA = f"{DOMAIN}_frontend"

# Old service workers keep everything with "static" in its path forever.
URL = f"/{DOMAIN}/claude-pulse.js"
MODULE = Path(__file__).parent / "claude-pulse.js"
# The module with the dashboard, which the one of the card loads when it is needed.
DASHBOARD_URL = f"/{DOMAIN}/dashboard.js"
DASHBOARD = Path(__file__).parent / "dashboard.js"
TEXTS = Path(__file__).parent / "texts"


@dataclass
class _Delivery:
    """How the card is delivered.

    `address` is None if the card cannot be served. `extra` is the address that every page
    loads if the dashboard resources are in YAML.
    """

    address: str | None = None
    extra: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    warned: bool = False


class _ModuleView(HomeAssistantView):
    """A module of the frontend. It contains nothing secret."""

    requires_auth = False

    def __init__(self, url: str, path: Path) -> None:
        """Serve a file at a path of the server."""
        self.name = self.url = url
        self._path = path

    async def get(self, _: web.Request) -> web.FileResponse:
        """Return the file, or that it has not changed."""
        return web.FileResponse(
            self._path,
            headers={
                "Cache-Control": "no-cache",
                "Content-Type": "text/javascript; charset=utf-8",
            },
        )


class _TextsView(HomeAssistantView):
    """The texts of the card in other languages than English.

    Browsers keep them, because an address contains the hash of its content.
    """

    name = f"{DOMAIN}:texts"
    requires_auth = False
    url = f"/{DOMAIN}/texts/{{file}}"

    def __init__(self, files: dict[str, Path]) -> None:
        """Serve files by name."""
        self._files = files

    async def get(self, _: web.Request, file: str) -> web.FileResponse:
        """Return a file."""
        if file not in self._files:
            raise web.HTTPNotFound
        return web.FileResponse(
            self._files[file],
            headers={
                "Cache-Control": "public, max-age=31536000, immutable",
                "Content-Type": "application/json",
            },
        )


async def async_setup_card(hass: HomeAssistant) -> None:
    """Serve the module as soon as possible, because browsers do not retry."""
    if hass.http is None:
        return
    try:
        hass.http.register_view(_ModuleView(URL, MODULE))
        hass.http.register_view(_ModuleView(DASHBOARD_URL, DASHBOARD))
        integration = await async_get_integration(hass, DOMAIN)
        digest, texts = await hass.async_add_executor_job(_read)
        hass.http.register_view(_TextsView(texts))
    except Exception as err:  # noqa: BLE001
        _LOGGER.warning(
            "The card cannot be served (%r), everything else works. Restart Home "
            "Assistant, or install Claude Pulse again",
            err,
        )
        return
    _delivery(hass).address = f"{URL}?v={integration.version}-{digest}"


def _read() -> tuple[str, dict[str, Path]]:
    """Return a hash of the module, and the files of the texts by name."""
    digest = hashlib.sha256(MODULE.read_bytes()).hexdigest()[:8]
    return digest, {path.name: path for path in TEXTS.glob("*.json")}


async def async_show_card(hass: HomeAssistant) -> None:
    """Add the module to the dashboards. A failure is only logged."""
    delivery = _delivery(hass)
    resources = _resources(hass)
    if delivery.address is None or resources is None:
        return
    async with delivery.lock:
        try:
            if hasattr(resources, "async_create_item"):
                await _async_upsert(resources, delivery.address)
            else:
                _add_extra(hass, resources, delivery)
        except Exception as err:  # noqa: BLE001
            if not delivery.warned:
                delivery.warned = True
                _LOGGER.warning(
                    "The card could not be added to the dashboards (%r). Add the resource "
                    "%s with the type JavaScript module yourself, see %s",
                    err,
                    URL,
                    CARD_HELP_URL,
                )


async def async_remove_card(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remove the module from the dashboards if no other entry is enabled.

    It would not be served after a restart.
    """
    for other in hass.config_entries.async_entries(DOMAIN):
        # In old versions, such as 2024.1, the removed entry is still among them.
        if other.entry_id != entry.entry_id and not other.disabled_by:
            return
    delivery = _delivery(hass)
    resources = _resources(hass)
    async with delivery.lock:
        try:
            if hasattr(resources, "async_delete_item"):
                for item in await _async_ours(resources):
                    await resources.async_delete_item(item["id"])
            elif delivery.extra is not None:
                _remove_extra(hass, delivery)
        except Exception as err:  # noqa: BLE001
            _LOGGER.warning(
                "The card could not be removed from the dashboards (%r). Remove the "
                "resource %s yourself",
                err,
                URL,
            )


async def _async_upsert(resources: Any, address: str) -> None:
    """Have exactly one resource for the module, with its current address."""
    wanted = {"res_type": "module", "url": address}
    ours = await _async_ours(resources)
    if not ours:
        await resources.async_create_item(wanted)
        return
    first, *others = ours
    if (first.get("type"), first["url"]) != ("module", address):
        await resources.async_update_item(first["id"], wanted)
    for item in others:
        await resources.async_delete_item(item["id"])


async def _async_ours(resources: Any) -> list[Any]:
    """Return the stored resources of the module.

    In old versions, such as 2024.1, the collection has to be loaded before it is changed.
    """
    await resources.async_get_info()
    return [item for item in resources.async_items() if _is_ours(item)]


def _is_ours(item: Any) -> bool:
    """Return whether a resource is the module, in any version."""
    return str(item.get("url")).partition("?")[0] == URL


def _add_extra(hass: HomeAssistant, resources: Any, delivery: _Delivery) -> None:
    """Let every page load the module, unless a resource in YAML does."""
    if "frontend" not in hass.config.components or delivery.extra is not None:
        return
    if any(_is_ours(item) for item in resources.async_items() or []):
        return
    from homeassistant.components import frontend  # noqa: PLC0415

    frontend.add_extra_js_url(hass, str(delivery.address))
    delivery.extra = delivery.address


def _remove_extra(hass: HomeAssistant, delivery: _Delivery) -> None:
    """Let no page load the module any more, if Home Assistant supports that."""
    from homeassistant.components import frontend  # noqa: PLC0415

    # Old versions, such as 2024.1, keep it until the next start.
    if remove := getattr(frontend, "remove_extra_js_url", None):
        remove(hass, delivery.extra)
        delivery.extra = None


def _resources(hass: HomeAssistant) -> Any:
    """Return the collection of dashboard resources, or None."""
    lovelace = hass.data.get("lovelace")
    # A dict up to Home Assistant 2025.1.
    if isinstance(lovelace, dict):
        return lovelace.get("resources")
    return getattr(lovelace, "resources", None)


def _delivery(hass: HomeAssistant) -> _Delivery:
    """Return how the card is delivered."""
    delivery: _Delivery = hass.data.setdefault(_DATA, _Delivery())
    return delivery
