"""Tests of what works without the integration."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
import sys
from typing import NamedTuple

from tests.simulator import Simulator

FOLDER = Path(__file__).parents[2] / "standalone"
SCRIPT = FOLDER / "claude_usage.py"
LAUNCHER = Path(__file__).parent / "launch.py"


class Result(NamedTuple):
    """What a run of the script leaves."""

    status: int
    stdout: str
    stderr: str


async def run(
    simulator: Simulator,
    *arguments: str,
    script: Path = SCRIPT,
    python: str = sys.executable,
    now: str = "",
    patience: float = 10,
    **environment: str,
) -> Result:
    """Run the script for real, asking the simulator."""
    process = await asyncio.create_subprocess_exec(
        *(python, str(LAUNCHER), simulator.url, now, str(patience), str(script)),
        *arguments,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await process.communicate()
    assert process.returncode is not None
    return Result(process.returncode, stdout.decode(), stderr.decode())
