"""The packages and modules import only what is below them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from custom_components import claude_pulse

PACKAGE = Path(claude_pulse.__file__).parent

# From the bottom to the top. A name is a module or a package.
LEVELS = (
    {"claude_ai", "const", "formatting"},
    {"language", "naming", "stored"},
    {"device", "seat"},
    {"reauth"},
    {"forecast", "polling"},
    {"events"},
    {"runtime"},
    {"assist", "automation", "frontend", "messages", "validation"},
    {"dynamic_entities", "entity", "fields", "migration", "platforms"},
    {"account_sensors", "copies", "services"},
    {
        "",
        "binary_sensor",
        "calendar",
        "condition",
        "config_flow",
        "device_trigger",
        "diagnostics",
        "event",
        "intent",
        "llm",
        "repairs",
        "sensor",
        "system_health",
        "trigger",
    },
)
LEVEL_OF = {name: level for level, names in enumerate(LEVELS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: tuple[str, ...]) -> str:
    """Return the package or the top-level module of a module."""
    return module[0] if module and module[0] != "__init__" else ""


def imports_of(path: Path) -> set[str]:
    """Return the rooms that a module imports from."""
    package = path.relative_to(PACKAGE).parts[:-1]
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            if node.module:
                rooms.add(room_of((*base, *node.module.split("."))))
            else:
                rooms |= {room_of((*base, alias.name)) for alias in node.names}
    return rooms


@pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES]
)
def test_imports_only_lower_levels(path: Path) -> None:
    """A module imports from its own package and from lower levels."""
    room = room_of(path.relative_to(PACKAGE).with_suffix("").parts)
    level = LEVEL_OF[room]
    for imported in imports_of(path) - {room}:
        assert LEVEL_OF[imported] < level


def test_client_does_not_know_home_assistant() -> None:
    """The client runs in any asyncio program."""
    for path in (PACKAGE / "claude_ai").glob("*.py"):
        assert "homeassistant" not in path.read_text()
        assert imports_of(path) <= {"claude_ai"}


@pytest.mark.parametrize(
    "module",
    [
        "events/account.py",
        "events/answer.py",
        "events/bus.py",
        "events/comparison.py",
        "events/detection.py",
        "events/model.py",
        "events/saved_resets.py",
        "events/sent.py",
        "events/storage.py",
        "forecast/capacity.py",
        "forecast/habit.py",
        "forecast/projection.py",
        "forecast/today.py",
        "naming.py",
        "polling/back_off.py",
        "polling/schedule.py",
    ],
)
def test_pure_module(module: str) -> None:
    """A pure module imports nothing of Home Assistant except `slugify`."""
    text = (PACKAGE / module).read_text()
    assert text.count("homeassistant") == text.count(
        "from homeassistant.util import slugify"
    )
