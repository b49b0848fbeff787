"""Thirty days of faults: true or unavailable at every moment, and no notice without a cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
import json
import logging
import random
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.const import DOMAIN
from tests.simulator import Simulator

from .clock import Clock
from .home import Disk, Home
from .log import LogWatch
from .obstacles import RECOVERY_FROM_LIMIT
from .run import Run
from .schedule import episodes, first_day
from .trouble import suffer


@contextmanager
def watched_log() -> Iterator[LogWatch]:
    """Watch the log; what only informs costs time."""
    log = LogWatch()
    logging.disable(logging.INFO)
    logging.getLogger().addHandler(log)
    yield log
    logging.getLogger().removeHandler(log)
    logging.disable(logging.NOTSET)


async def live(run: Run, days: int) -> None:
    """Let the days pass, with all that goes wrong in them."""
    await run.set_up(days)
    for episode in episodes(days, run.random):
        await run.pass_until(run.begun + episode.start)
        await suffer(run, episode)
    await run.pass_until(run.begun + timedelta(days=days))
    await run.pass_time(RECOVERY_FROM_LIMIT)
    await run.pass_until_all_is_told()
    run.counts["days"] = days


def check_all_is_well(run: Run) -> None:
    """See that both entries show their values, and that a person was asked often enough."""
    assert not run.simulator.faults
    for watch in run.watches:
        assert watch.showing
        assert not watch.obstacles.met
    counts = run.counts
    counts["times that a key was asked for"] = len(run.notices.for_a_key)
    assert counts["times that a key was asked for"] == (
        counts["session keys that died"] + counts["restarts while a key was asked for"]
    )


async def check_nothing_stays(run: Run) -> None:
    """See that entries that are removed leave nothing behind."""
    hass = run.home.hass
    for entry in run.home.entries.values():
        await hass.config_entries.async_remove(entry.entry_id)
    # The registries clean up after themselves, once and once more.
    await run.settle_alone()
    await run.settle_alone()
    assert not [name for name in run.home.disk.content if name.startswith(DOMAIN)]


@pytest.mark.timeout(900)
async def test_soak(
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Everything goes wrong, several times; nothing is lost, and nothing false is shown."""
    option = request.config.getoption
    days, seed = option("--soak-days"), option("--soak-seed")
    chance = random.Random(seed)
    random.seed(seed)
    freezer.move_to(first_day(days))
    simulator.restart()
    # Undone before what is patched under it, by the storage in memory.
    with monkeypatch.context() as patch, watched_log() as log:
        clock = Clock(freezer, simulator, patch)
        home = Home(Disk(hass_storage, patch, chance), simulator)
        run = Run(clock, simulator, home, log, chance)
        await home.start()
        try:
            await live(run, days)
            check_all_is_well(run)
            await check_nothing_stays(run)
        except AssertionError as err:
            err.add_note("\n".join(run.diary))
            raise
        finally:
            await home.stop()
    assert log.unexpected == []
    if path := option("--soak-report"):
        path.write_text(json.dumps(run.report(), indent=1))
