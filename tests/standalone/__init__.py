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
    redirect: str = "",
    stdout: int = asyncio.subprocess.PIPE,
    **environment: str,
) -> Result:
    """Run the script for real, asking the simulator; a shell can redirect its output."""
    shell = ("sh", "-c", f'exec "$0" "$@" {redirect}') if redirect else ()
    process = await asyncio.create_subprocess_exec(
        *(*shell, python, str(LAUNCHER), simulator.url, now, str(patience)),
        *(str(script), *arguments),
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        stderr=asyncio.subprocess.PIPE,
        stdout=stdout,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return Result(process.returncode, (output or b"").decode(), errors.decode())
