"""The dashboards to paste use built-in cards, and entities of all accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

import pytest

from homeassistant.helpers.template import Template
from homeassistant.util.yaml import parse_yaml

from .common import Claude

pytestmark = pytest.mark.smoke

DASHBOARDS = sorted((Path(__file__).parents[1] / "dashboards").iterdir())

# The cards and rows in use that Home Assistant 2024.1 has.
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
    """Yield the values of a key."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree[key]
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from values(branch, key)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
async def test_dashboard(claude: Claude, path: Path) -> None:
    """The dashboard shows values on every supported version."""
    await claude.entry()
    text = path.read_text()
    dashboard = parse_yaml(text)
    assert {*values(dashboard, "type")} <= BUILT_IN
    entities = {*re.findall(r"\b(?:binary_)?sensor\.\w+", text)}
    assert entities
    assert not [entity for entity in entities if not claude.hass.states.get(entity)]
    for content in values(dashboard, "content"):
        text = Template(content, claude.hass).async_render()
        assert text.startswith("### The week ")
