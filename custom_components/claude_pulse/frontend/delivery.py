"""Brings the card to the browser: serves its module, and lets the dashboards load it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from homeassistant.components.http import HomeAssistantView
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from ..const import DOMAIN, README_URL

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

_LOGGER = logging.getLogger(__name__)

_DATA = f"{DOMAIN}_frontend"

# Nothing in it may be called static: old service workers would keep that for ever.
URL = f"/{DOMAIN}/claude-pulse.js"
MODULE = Path(__file__).parent / "claude-pulse.js"


@dataclass
class _Delivery:
    """How the card is brought; `address` is None where it is not served.

    `extra` is the address that every page loads, where the resources are in YAML.
    """

    address: str | None = None
    extra: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    warned: bool = False


class _ModuleView(HomeAssistantView):
    """The module, asked for by whoever shows a dashboard; there is nothing secret in it."""

    name = f"{DOMAIN}:card"
    requires_auth = False
    url = URL

    async def get(self, _: web.Request) -> web.FileResponse:
        """Return the file as it is now, or that it has not changed."""
        return web.FileResponse(
            MODULE,
            headers={
                "Cache-Control": "no-cache",
                "Content-Type": "text/javascript; charset=utf-8",
            },
        )


async def async_setup_card(hass: HomeAssistant) -> None:
    """Serve the module, before anything asks for it: a browser does not try again."""
    if hass.http is None:
        return
    try:
        hass.http.register_view(_ModuleView)
        integration = await async_get_integration(hass, DOMAIN)
        digest = await hass.async_add_executor_job(_digest)
    except Exception as err:  # noqa: BLE001
        _LOGGER.warning(
            "The card cannot be had (%r); all else works. Restart, or install Claude"
            " Pulse again",
            err,
        )
        return
    _delivery(hass).address = f"{URL}?v={integration.version}-{digest}"


def _digest() -> str:
    """Return what tells one content of the module from another."""
    return hashlib.sha256(MODULE.read_bytes()).hexdigest()[:8]


async def async_show_card(hass: HomeAssistant) -> None:
    """Let the dashboards load the module; whatever is wrong there stops nothing here."""
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
                    "The card could not be added to the dashboards (%r). Add %s there as"
                    " a resource by hand, of the type JavaScript module; see %s",
                    err,
                    URL,
                    README_URL,
                )


async def async_remove_card(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Leave nothing behind in the dashboards' resources, if it is the last entry that goes.

    With none that is enabled the module would not be served after a restart.
    """
    for other in hass.config_entries.async_entries(DOMAIN):
        # In old versions, such as 2024.1, the one that goes is still among them.
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
                "The card could not be removed from the dashboards (%r). Remove the"
                " resource %s by hand",
                err,
                URL,
            )


async def _async_upsert(resources: Any, address: str) -> None:
    """Have the module among the resources once, at its present address."""
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
    """Return what names the module among the resources that are stored.

    In old versions, such as 2024.1, whoever adds to what is not loaded yet overwrites it.
    """
    await resources.async_get_info()
    return [item for item in resources.async_items() if _is_ours(item)]


def _is_ours(item: Any) -> bool:
    """Tell whether a resource is the module, of whatever version."""
    return str(item.get("url")).partition("?")[0] == URL


def _add_extra(hass: HomeAssistant, resources: Any, delivery: _Delivery) -> None:
    """Let every page load the module, unless the YAML does so for dashboards."""
    if "frontend" not in hass.config.components or delivery.extra is not None:
        return
    if any(_is_ours(item) for item in resources.async_items() or []):
        return
    from homeassistant.components import frontend  # noqa: PLC0415

    frontend.add_extra_js_url(hass, str(delivery.address))
    delivery.extra = delivery.address


def _remove_extra(hass: HomeAssistant, delivery: _Delivery) -> None:
    """Let no page load the module any more, where Home Assistant can do that."""
    from homeassistant.components import frontend  # noqa: PLC0415

    # Old versions, such as 2024.1, keep it until the next start.
    if remove := getattr(frontend, "remove_extra_js_url", None):
        remove(hass, delivery.extra)
        delivery.extra = None


def _resources(hass: HomeAssistant) -> Any:
    """Return the resources of the dashboards, None without dashboards."""
    lovelace = hass.data.get("lovelace")
    # A dict up to Home Assistant 2025.1.
    if isinstance(lovelace, dict):
        return lovelace.get("resources")
    return getattr(lovelace, "resources", None)


def _delivery(hass: HomeAssistant) -> _Delivery:
    """Return how the card is brought in this run of Home Assistant."""
    delivery: _Delivery = hass.data.setdefault(_DATA, _Delivery())
    return delivery
