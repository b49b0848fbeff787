"""The messages of some days: none in quiet hours, and none twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.common import Claude
from tests.test_blueprints import phone, use_blueprints

from .people import GROUPS, START, WITHOUT_HISTORY
from .run import Case, Run, local_time

__all__ = ["phone"]

_AUTOMATION = {"entity_id": "automation.claude_alerts"}

# The default of the blueprint.
_QUIET_FROM, _QUIET_UNTIL = "22:00", "07:00"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each person, first with a history and then without."""
    people = metafunc.config.getoption("--alerts-people")
    cases = [Case("heavy", 0, is_known=True)]
    if people:
        cases = [
            Case(group, seed, is_known)
            for is_known in (True, False)
            for group in (GROUPS if is_known else WITHOUT_HISTORY)
            for seed in range(people)
        ][metafunc.config.getoption("--alerts-half") :: 2]
    metafunc.parametrize("case", cases, ids=str)


@contextmanager
def quiet_log() -> Iterator[None]:
    """Switch off most of the log, which takes time."""
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
async def without_timers(claude: Claude) -> AsyncGenerator[None, None]:
    """Turn the automation off at the end, as it waits for the morning."""
    yield
    turn_off = claude.hass.services.async_call
    await turn_off("automation", "turn_off", _AUTOMATION, blocking=True)


def check(run: Run) -> None:
    """Expect no message in quiet hours, and no event and no message twice."""
    for minute, title, _ in run.messages:
        assert _QUIET_UNTIL <= local_time(minute) < _QUIET_FROM, title
    of_limits = [
        event[1:]
        for event in run.seen
        if event[4] and (event[1] != "will_run_out" or event[2] == "session")
    ]
    assert len(of_limits) == len({*of_limits})
    # The texts say times of a day.
    in_a_day = [(minute // 1440, *texts) for minute, *texts in run.messages]
    assert len(in_a_day) == len({*in_a_day})


@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("without_timers")
async def test_alerts(
    case: Case,
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """A person gets messages only when the blueprint should send them."""
    option = request.config.getoption
    device, calls = phone
    await claude.hass.config.async_update(time_zone=str(START.tzinfo))
    claude.clock.move_to(START)
    claude.server.restart()
    run = Run(claude, case, calls, option("--alerts-days"))
    with quiet_log():
        runtime = await run.set_up(monkeypatch)
        await use_blueprints(claude, tmp_path, claude_alerts={"phones": [device]})
        await run.live(runtime)
    check(run)
    assert run.outcome.pushes
    if path := option("--alerts-report"):
        with path.open("a") as file:
            file.write(json.dumps(run.outcome.as_dict()) + "\n")
