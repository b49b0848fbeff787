"""Start the simulator: `python -m tests.simulator [PORT]`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
import sys

from .server import CONTROL, Simulator


async def main(port: int) -> None:
    """Serve until the process is interrupted."""
    simulator = Simulator()
    await simulator.start(port)
    print(
        f"simulator at {simulator.url}, control at {simulator.url}{CONTROL}", flush=True
    )
    try:
        await asyncio.Event().wait()
    finally:
        await simulator.stop()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
