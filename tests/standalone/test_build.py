"""The script is what its sources make, and nothing gets lost or mixed up on the way."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import sys
from types import ModuleType

import pytest

from . import FOLDER, SCRIPT

BUILDER = FOLDER / "source" / "build.py"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """Return the builder as a module."""
    spec = spec_from_file_location("build", BUILDER)
    module = module_from_spec(spec)
    # Where dataclasses look for it.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(builder: ModuleType, tmp_path: Path) -> Callable[..., str]:
    """Return what makes one file of the texts of `client.py` and `script.py`."""

    def make(client: str, script: str) -> str:
        """Write them, and build."""
        sources = (tmp_path / "client.py", tmp_path / "script.py")
        for path, text in zip(sources, (client, script), strict=True):
            path.write_text(f'"""About {path.stem}."""\n\n{text}')
        return builder.build(sources)

    return make


def test_script_is_what_the_command_makes(
    builder: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a change of its sources, `scripts/standalone` has been run."""
    assert SCRIPT.read_text() == builder.build(), "run scripts/standalone"
    monkeypatch.setattr(sys, "argv", ["build.py", "--check"])
    builder.main()


def test_stale_script(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check fails with the command that helps; the command writes the file."""
    monkeypatch.setattr(builder, "SCRIPT", tmp_path / "claude_usage.py")
    builder.SCRIPT.write_text("old")
    monkeypatch.setattr(sys, "argv", ["build.py", "--check"])
    with pytest.raises(SystemExit, match="run scripts/standalone"):
        builder.main()
    assert builder.SCRIPT.read_text() == "old"
    monkeypatch.setattr(sys, "argv", ["build.py"])
    builder.main()
    assert builder.SCRIPT.read_text() == SCRIPT.read_text()


CLIENT = """\
from json import loads
import math

# The most.
_LIMIT = 5
UNUSED = math.pi


def unused() -> float:
    return loads("5")


# Why so.
class Used:
    limit = _LIMIT
"""
OWN = """\
from __future__ import annotations

from pathlib import PurePath, Path

from custom_components.claude_pulse.claude_ai.client import Used


def main() -> None:
    print(Path(), Used.limit)


if __name__ == "__main__":
    main()
"""
ONE_FILE = '''\
#!/usr/bin/env python3
"""About script."""

# Made by scripts/standalone: change claude_ai/ or standalone/source/script.py, and
# run it again.

from __future__ import annotations

from pathlib import Path

# --- claude_ai/client.py
# About client.

# The most.
_LIMIT = 5


# Why so.
class Used:
    limit = _LIMIT


# --- The script's own part


def main() -> None:
    print(Path(), Used.limit)


if __name__ == "__main__":
    main()
'''


def test_one_file(made: Callable[..., str]) -> None:
    """What is needed is kept with its comments, in one file with one import block."""
    assert made(CLIENT, OWN) == ONE_FILE


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("Used = main = 5\n", "the name main has another meaning in client.py"),
        ("from re import Path\nUsed = 1\n", "the name Path has another meaning"),
        ("Used = 1\n\n\ndef Used(): ...\n", "the name Used has another meaning"),
        ("", "Used of client.py is not there"),
        ("from .other import x\n", "is other missing"),
        ("import aiohttp.web\n", "import from aiohttp.web what is needed"),
        ("from aiohttp import web\n", "not in the standard library"),
        ("import aiohttp\n", "not in the standard library"),
        ("from re import sub as Used\n", "without another name"),
        ("def Used():\n    import re\n", "elsewhere than at the top"),
        ("Used = 1\n# Over.\n", "belongs to nothing"),
    ],
)
def test_what_cannot_be_one_file(
    builder: ModuleType, made: Callable[..., str], client: str, said: str
) -> None:
    """Where one file would mean another thing than its modules, none is made."""
    with pytest.raises(builder.BuildError, match=said):
        made(client, OWN)
