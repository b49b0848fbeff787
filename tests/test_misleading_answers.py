"""Answers that are wrong or incomplete, and changes that look like something else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from .common import Claude, pass_steps, reload, row, spend
from .events.common import (
    START,
    WEEK_RESET,
    begin,
    body,
    in_hours,
    start_clock,
    with_opus,
)
from .test_blueprints import use_blueprints
from .test_renames import FABLE, usage_sensors, with_models
from .test_saved_resets import grant, texts, with_resets

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]
NO_WINDOWS: dict[str, Any] = {"five_hour": None, "seven_day": None, "limits": []}
OUT_OF_CREDITS = spend(2382, 2400, enabled=False, disabled_reason="out_of_credits")
NOT_ELIGIBLE = {"eligible": False, "grants": []}


async def once(claude: Claude, *bodies: dict[str, Any]) -> None:
    """Serve each body for exactly one poll."""
    for item in bodies:
        claude.serve(item)
        polls = claude.polls
        while claude.polls == polls:
            await claude.pass_time(5)
    await claude.pass_time(2)
    await claude.pass_time(2)


@pytest.mark.parametrize("start", [[50, 40, 40], [40]])
async def test_threshold_after_a_refill(claude: Claude, start: list[int]) -> None:
    """A fast rise to a threshold that was not reached before alerts, also after a refill."""
    _, log = await begin(claude, with_models(Fable=start[0]))
    percents = [*start[1:], *range(43, 75, 3), 74, 80, 80, 82, 85]
    await once(claude, *(with_models(Fable=percent) for percent in percents))
    assert "weekly_fable threshold_reached 75" in log.texts


@pytest.mark.parametrize("number", [2, 30])
async def test_answers_without_limits(
    claude: Claude, tmp_path: Path, number: int
) -> None:
    """A session that is used up is not available again, whatever else the account has."""
    _, log = await begin(claude, {**body(100), **spend(1000, 40000)})
    resumed = async_mock_service(claude.hass, "script", "resume_work")
    resume = {"resume": [{"service": "script.resume_work"}]}
    await use_blueprints(claude, tmp_path, pause_and_resume=resume)
    await once(claude, *number * [{**NO_WINDOWS, **spend(1000, 40000)}])
    assert (log.texts, len(resumed)) == ([], 0)


async def test_answers_without_limits_and_credits(claude: Claude) -> None:
    """Paid usage is not the limit of an account that had others a moment ago."""
    _, log = await begin(claude, {**body(30), **OUT_OF_CREDITS})
    await once(claude, {**NO_WINDOWS, **OUT_OF_CREDITS})
    assert claude.state("limit_reached", "binary_sensor") == "unknown"
    await once(claude, *2 * [{**NO_WINDOWS, **OUT_OF_CREDITS}])
    await once(claude, *4 * [{**body(31), **OUT_OF_CREDITS}])
    assert log.texts == []
    assert claude.state("extra_events", "event") == "missing"


@pytest.mark.parametrize("before", [None, NOT_ELIGIBLE])
async def test_first_grant(claude: Claude, before: dict[str, Any] | None) -> None:
    """The first grant of an account is announced."""
    _, log = await begin(claude, {**body(10), "cedar_ember": before})
    await once(claude, *3 * [{**body(10), "cedar_ember": before}])
    await once(claude, *4 * [with_resets(body(10), grant("Launch", 1, 30))])
    assert texts(log) == [("saved_reset_granted", "Launch")]


async def test_limit_of_a_model_under_another_name(claude: Claude) -> None:
    """A model's limit that gets another name is not available again."""

    def usage(percent: float, *rows: dict[str, Any]) -> dict[str, Any]:
        """Return a usage body with the member of the other name."""
        member = {"utilization": percent, "resets_at": WEEK_RESET}
        return {**body(10), "limits": [*rows], "seven_day_overage_included": member}

    _, log = await begin(claude, usage(95))
    fable = row("weekly_scoped", 100, WEEK_RESET, "Fable")
    await once(claude, *2 * [usage(100)], *4 * [usage(100, fable)])
    assert not [text for text in log.texts if "available_again" in text]


@pytest.mark.parametrize(("interval", "failures"), [(120, 12), (1800, 0)])
async def test_wrong_answer_after_a_long_time(
    claude: Claude, interval: int, failures: int
) -> None:
    """It has no events, after an outage or a long interval."""
    _, log = await begin(claude, body(40), update_interval=interval)
    claude.server.set_fault("gateway_page")
    await pass_steps(claude, failures)
    claude.server.clear_faults()
    await once(claude, body(100), *3 * [body(40)])
    assert log.texts == []


async def test_wrong_answer_after_a_reset(claude: Claude) -> None:
    """The next window does not begin almost used up."""
    start_clock(claude)
    _, log = await begin(claude, body(96, in_hours(claude, 0.2)))
    while claude.server.now < START + timedelta(minutes=12):
        await claude.pass_time(20)
    new = (START + timedelta(hours=5, minutes=12)).isoformat()
    await once(claude, body(93, new), *3 * [body(1, new)])
    assert log.texts == ["session reset"]


async def test_spend_limit_is_lifted(claude: Claude) -> None:
    """Without the limit, Claude is available again."""
    _, log = await begin(claude, spend(36000, 40000))
    await once(claude, *2 * [spend(40000, 40000)], *3 * [spend(40000, None)])
    assert log.texts[-1] == "extra available_again"


async def test_session_limit_is_lifted_at_its_reset(claude: Claude) -> None:
    """It is available again, and a session limit of a later plan is a new one."""
    start_clock(claude)
    resets_at = in_hours(claude, 0.2)
    _, log = await begin(claude, body(99, resets_at))
    await once(claude, *2 * [body(100, resets_at)])
    while claude.server.now < START + timedelta(minutes=13):
        await claude.pass_time(20)
    await once(claude, *4 * [{**body(0), "five_hour": None}])
    assert log.texts[-1] == "session available_again"
    count = len(log.texts)
    await once(claude, *40 * [{**body(0), "five_hour": None}])
    await once(claude, *3 * [body(5, in_hours(claude, 4))])
    assert len(log.texts) == count


@pytest.mark.parametrize("between", ["reload", "empty", "wrong"])
async def test_rename(claude: Claude, between: str) -> None:
    """A rename is recognized, whatever happens just before it."""
    entry, _ = await begin(claude, with_models(Fable=60))
    await once(claude, with_models(Fable=60))
    if between == "empty":
        await once(claude, NO_WINDOWS)
    elif between == "wrong":
        await once(claude, with_models(Fable=95))
    claude.serve(with_models(Fable_5v2=62))
    if between == "reload":
        await reload(claude, entry)
    await once(claude, *4 * [with_models(Fable_5v2=62)])
    assert usage_sensors(claude) == {FABLE}


async def test_spend_close_to_its_limit(claude: Claude) -> None:
    """A percentage that rounds to 100 is not the limit."""
    _, log = await begin(claude, spend(990000, 1000000))
    await once(claude, *2 * [spend(999600, 1000000)])
    assert log.texts == []
    assert claude.state("extra_usage_status") == "active"
    assert claude.state("limit_reached", "binary_sensor") == "off"


async def test_saved_reset_of_another_model(claude: Claude) -> None:
    """A saved reset of Fable does not reset Opus."""
    clears = ["five_hour", "seven_day_overage_included"]
    saved = grant("Fable reset", 1, 10, clears=clears)
    _, log = await begin(claude, with_resets(with_opus(body(10), 97), saved))
    await once(claude, with_resets(with_opus(body(10), 100), saved))
    assert log.states[-1].attributes["saved_resets"] == 0


async def test_grant_that_expires_soon_at_first(claude: Claude) -> None:
    """A grant that is about to expire when it is first seen is still an event."""
    _, log = await begin(claude, with_resets(body(10, None), grant("Soon", 1, 2)))
    await pass_steps(claude, 47, 3600)
    assert texts(log) == [("saved_reset_expires", "Soon")]


async def test_many_grants(claude: Claude) -> None:
    """More grants than any account has are counted."""
    grants = [grant(f"Grant {number}", 1, 20 + number) for number in range(30)]
    await begin(claude, with_resets(body(10), *grants))
    assert claude.state("saved_resets") == "30"
