"""Fixtures of the benchmarks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
import json
import logging
from pathlib import Path
import subprocess
import sys
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai import client
from homeassistant.core import HomeAssistant
from homeassistant.loader import Integration, async_get_custom_components
import tests.benchmarks
from tests.simulator import Simulator

from .crowd import add_crowd

ROOT = Path(__file__).parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the file of the results."""
    parser.addoption("--results", type=Path, help="write them there, as JSON")


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[dict[str, list[Any]]]:
    """Collect the results by table, and write them in the end."""
    found: dict[str, list[Any]] = defaultdict(list)
    yield found
    if path := request.config.getoption("--results"):
        path.write_text(json.dumps(found, indent=1))


@pytest.fixture(autouse=True)
async def quiet(
    hass: HomeAssistant, enable_custom_integrations: None
) -> AsyncGenerator[None, None]:
    """Switch off debug checks and logs, and load the yardstick."""
    hass.loop.set_debug(False)
    logging.disable(logging.INFO)
    known = await async_get_custom_components(hass)
    known["yardstick"] = Integration.resolve_from_root(
        hass, tests.benchmarks, "yardstick"
    )
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def apart(
    request: pytest.FixtureRequest,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> Iterator[Simulator]:
    """Start a simulator with a crowd in another process, which is not measured.

    Return one with the same accounts and the address, which serves nothing. The parameter
    is the argument of `crowd.py`.
    """
    command = [sys.executable, "-m", "tests.benchmarks.crowd"]
    command += [request.param] if hasattr(request, "param") else []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as it:  # noqa: S603
        simulator = Simulator()
        add_crowd(simulator)
        simulator.url = it.stdout.readline().strip()
        monkeypatch.setattr(client, "BASE_URL", simulator.url)
        yield simulator
        it.terminate()
