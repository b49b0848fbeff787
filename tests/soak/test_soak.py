"""Days of faults: every state is true or unavailable, and every notice has a reason."""

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
from .schedule import episodes, first_day, restarts
from .trouble import suffer


@contextmanager
def watched_log() -> Iterator[LogWatch]:
    """Watch the warnings and errors of the log."""
    log = LogWatch()
    logging.disable(logging.INFO)
    logging.getLogger().addHandler(log)
    yield log
    logging.getLogger().removeHandler(log)
    logging.disable(logging.NOTSET)


async def live(run: Run, days: int) -> None:
    """Pass the days, then recover from the last fault."""
    await run.set_up(restarts(days, run.random))
    for kind, start, length in episodes(days, run.random):
        await run.pass_until(run.begun + start)
        await suffer(run, kind, length)
    await run.pass_until(run.begun + timedelta(days=days))
    await run.pass_time(RECOVERY_FROM_LIMIT)
    await run.pass_until_all_alerts()
    run.counts["days"] = days


def check_all_is_well(run: Run) -> None:
    """Expect both entries to show values, and one flow for each dead key."""
    assert not run.simulator.faults
    for watch in run.watches:
        assert watch.showing
        assert not watch.obstacles.met
    counts, asked = run.counts, len(run.notices.for_a_key)
    counts["times that a key was asked for"] = asked
    restarts = counts["restarts while a key was asked for"]
    assert asked == counts["session keys that died"] + restarts


async def check_nothing_stays(run: Run) -> None:
    """Expect removed entries to leave nothing behind."""
    for entry in run.home.entries.values():
        await run.home.hass.config_entries.async_remove(entry.entry_id)
    # The registries clean up, then store that.
    for _ in range(2):
        await run.step(check=False)
    assert not [name for name in run.home.disk.content if name.startswith(DOMAIN)]


@pytest.mark.timeout(900)
async def test_soak(
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """All expectations hold while everything goes wrong."""
    option = request.config.getoption
    days, seed = option("--soak-days"), option("--soak-seed")
    chance = random.Random(seed)
    random.seed(seed)
    freezer.move_to(first_day(days))
    simulator.restart()
    # The patches of the storage in memory are undone after these.
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
