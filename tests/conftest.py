"""Fixtures of all tests: a simulator of claude.ai, and Home Assistant."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from aiohttp import ClientTimeout
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.claude_ai import client, status
from custom_components.claude_pulse.polling import session_key

# Imported late by Home Assistant otherwise, and not possible while time is frozen.
import homeassistant.components.hassio  # noqa: F401
from homeassistant.core import HomeAssistant

from .common import Claude
from .simulator import Simulator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `scripts/alerts`, `scripts/soak` and `scripts/fuzz` set."""
    group = parser.getgroup("alerts")
    group.addoption("--alerts-days", type=int, default=3, help="how long, simulated")
    group.addoption("--alerts-people", type=int, default=0, help="how many of a group")
    group.addoption("--alerts-half", type=int, help="0 or 1, which half of the people")
    group.addoption("--alerts-report", type=Path, help="where to write what happened")
    group = parser.getgroup("soak")
    group.addoption("--soak-days", type=int, default=4, help="how long, simulated")
    group.addoption("--soak-seed", type=int, default=2026, help="of what goes wrong")
    group.addoption("--soak-report", type=Path, help="where to write the counts")
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz-answers", type=int, default=200, help="how many")
    group.addoption("--fuzz-seed", type=int, default=2026, help="of their changes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the soak first, because it takes longest."""
    items.sort(key=lambda item: "soak" not in item.nodeid)


@pytest.fixture
async def simulator(
    hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch, socket_enabled: None
) -> AsyncGenerator[Simulator, None]:
    """Start the simulator, and point the client at it; nothing reaches the disk."""
    simulator = Simulator()
    await simulator.start()
    monkeypatch.setattr(client, "BASE_URL", simulator.url)
    monkeypatch.setattr(status, "STATUS_URL", simulator.status_url)
    monkeypatch.setattr(session_key, "CONFIRM_PAUSE", 0)
    yield simulator
    await simulator.stop()


@pytest.fixture
def claude(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
) -> Claude:
    """Return Home Assistant, the simulator and a frozen clock."""
    return Claude(hass, simulator, freezer)


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait 15 seconds for an answer that never comes."""
    monkeypatch.setattr(client, "TIMEOUT", ClientTimeout(total=0.1))


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave asyncio's debug mode off, unless PYTHONASYNCIODEBUG is set.

    It records a stack for each task and future: half of the CPU time of the tests.
    """
