"""What the benchmarks share: their results, quiet, and a simulator apart."""

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
    """Add where the results go."""
    parser.addoption("--results", type=Path, help="write them there, as JSON")


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Iterator[dict[str, list[Any]]]:
    """Collect what is measured, by the table it is for, and write it in the end."""
    found: dict[str, list[Any]] = defaultdict(list)
    yield found
    if path := request.config.getoption("--results"):
        path.write_text(json.dumps(found, indent=1))


@pytest.fixture(autouse=True)
async def quiet(
    hass: HomeAssistant, enable_custom_integrations: None
) -> AsyncGenerator[None, None]:
    """Measure the integration, not the checks and logs of a test run; know the yardstick."""
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
    """Start a simulator with a crowd in its own process, so that its work does not count.

    What is returned knows the same accounts and the address, and serves nothing. The
    parameter is the argument of `crowd.py`.
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
