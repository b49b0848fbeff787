"""Tests of the standalone script and its Home Assistant package."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
import json
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import Any, NamedTuple

from tests.simulator import Simulator

FOLDER = Path(__file__).parents[2] / "standalone"
SCRIPT = FOLDER / "claude_usage.py"
LAUNCHER = Path(__file__).parent / "launch.py"


def load(path: Path) -> ModuleType:
    """Return a Python file as a module."""
    spec = spec_from_file_location(path.stem, path)
    module = module_from_spec(spec)
    # Dataclasses need this.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def configuration(simulator: Simulator, account: str = "ada") -> dict[str, str]:
    """Return a configuration for the last seat of an account."""
    found = simulator.world.accounts[account]
    org_id = found.seats[-1].organization.uuid
    return {"org_id": org_id, "session_key": found.session_key}


class Result(NamedTuple):
    """The result of a run."""

    status: int
    stdout: str
    stderr: str

    @property
    def values(self) -> dict[str, Any]:
        """Return the printed JSON of a successful run without warnings."""
        assert (self.status, self.stderr) == (0, "")
        values: dict[str, Any] = json.loads(self.stdout)
        return values

    def assert_failed(self, status: int) -> None:
        """Check that the run printed one line on stderr, and no traceback."""
        assert (self.status, self.stdout) == (status, "")
        (line,) = self.stderr.splitlines()
        assert line.startswith("claude_usage: ")
        assert line.isprintable()


@dataclass
class Script:
    """The script, which sends its requests to the simulator."""

    simulator: Simulator
    config: Path

    @property
    def cache(self) -> Path:
        """Return the path of the cache."""
        return self.config.with_name("claude_usage_cache.json")

    def configure(self, content: Any, mode: int = 0o600) -> None:
        """Write the configuration: bytes, or JSON unless it is text."""
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        self.config.touch()
        self.config.chmod(mode)
        self.config.write_bytes(
            content.encode() if isinstance(content, str) else content
        )

    def configure_without_organization(self) -> None:
        """Write a configuration with a session key only."""
        self.configure({"session_key": configuration(self.simulator)["session_key"]})

    async def __call__(self, *arguments: str, **options: Any) -> Result:
        """Run the script with the configuration."""
        return await self.run(*arguments, "--config", str(self.config), **options)

    async def run(
        self,
        *arguments: str,
        path: Path = SCRIPT,
        python: str = sys.executable,
        now: str = "",
        seconds: float = 10,
        redirect: str = "",
        stdout: int = asyncio.subprocess.PIPE,
        **environment: str,
    ) -> Result:
        """Run the script in a process. A shell can redirect its output."""
        shell = ("sh", "-c", f'exec "$0" "$@" {redirect}') if redirect else ()
        launch = (python, str(LAUNCHER), self.simulator.url, now, str(seconds))
        process = await asyncio.create_subprocess_exec(
            *(*shell, *launch, str(path), *arguments),
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
            stderr=asyncio.subprocess.PIPE,
            stdout=stdout,
        )
        output, errors = await process.communicate()
        assert process.returncode is not None
        return Result(process.returncode, (output or b"").decode(), errors.decode())
