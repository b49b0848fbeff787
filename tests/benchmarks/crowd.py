"""A simulator with many accounts: `python -m tests.benchmarks.crowd`.

With `close`, each answer closes its connection, as it is for polls minutes apart.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace
import sys

from tests.simulator import Simulator
from tests.simulator.world import uuid_of

CROWD = 50


def add_crowd(simulator: Simulator) -> list[str]:
    """Add accounts like ada to a simulator, and return their names."""
    accounts = simulator.world.accounts
    names = [f"ada{number}" for number in range(CROWD)]
    for name in names:
        accounts[name] = account = deepcopy(accounts["ada"])
        account.name = name
        for seat in account.seats:
            uuid = uuid_of(f"{name} in {seat.organization.uuid}")
            seat.organization = replace(seat.organization, uuid=uuid)
    return names


async def main() -> None:
    """Serve the crowd, and print the URL."""
    simulator = Simulator()
    simulator.closes = "close" in sys.argv
    add_crowd(simulator)
    await simulator.start()
    print(simulator.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
