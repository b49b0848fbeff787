"""The dashboards to paste: built-in cards, and entities that everybody has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template
from homeassistant.util.yaml import parse_yaml

from .common import add_entry
from .simulator import Simulator

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]

DASHBOARDS = sorted((Path(__file__).parents[1] / "dashboards").iterdir())

# Those in use that Home Assistant 2024.1 has, as rows too.
BUILT_IN = {
    "divider",
    "entities",
    "gauge",
    "glance",
    "history-graph",
    "horizontal-stack",
    "markdown",
    "statistics-graph",
    "tile",
    "vertical-stack",
}


def values(tree: Any, key: str) -> Iterator[Any]:
    """Yield whatever stands at a key."""
    if isinstance(tree, list):
        for branch in tree:
            yield from values(branch, key)
    elif isinstance(tree, dict):
        for name, branch in tree.items():
            if name == key:
                yield branch
            yield from values(branch, key)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
async def test_dashboard(hass: HomeAssistant, simulator: Simulator, path: Path) -> None:
    """It shows something to whoever pastes it, on every version."""
    await add_entry(hass, simulator)
    text = path.read_text()
    dashboard = parse_yaml(text)
    assert {*values(dashboard, "type")} <= BUILT_IN
    entities = {*re.findall(r"\b(?:binary_)?sensor\.\w+", text)}
    assert entities
    missing = {entity for entity in entities if not hass.states.get(entity)}
    assert not missing
    for content in values(dashboard, "content"):
        assert Template(content, hass).async_render().startswith("### The week ")
