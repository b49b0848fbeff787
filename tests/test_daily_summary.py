"""The blueprint for a daily summary, and the action that writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custom_components.claude_pulse.claude_ai.windows import SESSION, WEEKLY
from custom_components.claude_pulse.runtime import runtime_of

from .common import Claude, spend
from .events.common import begin, body, in_hours, with_opus
from .test_blueprints import (
    device_of,
    errors_of,
    notifications_of,
    phone,
    run,
    stop,
    use_blueprints,
    without_timers,
)

__all__ = ["phone", "without_timers"]

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
]

WEEK = "Weekly limit: 20% used. It resets on Saturday at 05:00."
LASTS = "The weekly limit is expected to last until its reset."


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (
            body(60),
            ["Session limit: 60% used. It resets at 09:00.", WEEK, LASTS],
        ),
        # No session has started, or the account has none.
        (body(0, None), ["Session limit: 0% used.", WEEK, LASTS]),
        ({**body(60), "five_hour": None}, [WEEK, LASTS]),
        (
            with_opus(body(100), 12.5),
            [
                "Session limit reached. It resets at 09:00.",
                WEEK,
                "Weekly Opus limit: 12.5% used. It resets on Saturday at 05:00.",
                LASTS,
            ],
        ),
        # The week will not last, and it is used up.
        (
            {**body(0, week=66), "five_hour": None},
            [
                "Weekly limit: 66% used. It resets on Saturday at 05:00.",
                "The weekly limit is expected to run out on Wednesday at 05:00.",
            ],
        ),
        (
            {**body(0, week=100), "five_hour": None},
            ["Weekly limit reached. It resets on Saturday at 05:00."],
        ),
        (spend(38000, 40000), ["Spend limit: 95% used."]),
        (spend(38000, None), ["Your account has no limits at the moment."]),
        ({}, ["Your account has no limits at the moment."]),
    ],
)
async def test_limits(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
    lines: list[str],
) -> None:
    """The message has a sentence for each limit that the account has."""
    device, calls = phone
    await begin(claude, answer)
    await use_blueprints(claude, tmp_path, daily_summary={"phones": [device]})
    await run(claude, "daily_summary")
    (call,) = calls
    assert call.data["title"] == "Claude today"
    assert call.data["message"].splitlines() == lines
    assert call.data["data"]["url"] == "https://claude.ai/settings/usage"
    assert not errors_of(caplog)


async def test_time_and_days(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It comes on the chosen days, also after a restart, and further actions run."""
    device, calls = phone
    further: list[Any] = []
    claude.hass.bus.async_listen("further", further.append)
    await begin(claude, body(60))
    inputs = {
        "phones": [device],
        # It is about five o'clock on a Monday.
        "at": "05:30:00",
        "days": ["tue"],
        "actions": [{"event": "further", "event_data": {"said": "{{ message }}"}}],
    }
    stop(claude)
    await use_blueprints(claude, tmp_path, daily_summary=inputs)
    await claude.pass_time(3600)
    assert not calls
    claude.clock.move_to("2026-05-05T12:29:50+00:00")
    claude.serve(body(7, in_hours(claude, 3)))
    await claude.pass_time(0)
    await claude.pass_time(15)
    (call,) = calls
    assert call.data["message"].startswith("Session limit: 7% used.")
    (event,) = further
    assert event.data["said"] == call.data["message"]
    assert not errors_of(caplog)


async def test_unreadable(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A usage that cannot be read is not zero. Without a phone, Home Assistant shows it."""
    await begin(claude, body(60))
    await use_blueprints(claude, tmp_path, daily_summary={})
    claude.server.set_fault("server_error")
    await claude.pass_time()
    await run(claude, "daily_summary")
    (notification,) = notifications_of(claude)
    assert notification["message"].startswith(
        "Your usage cannot be read at the moment. "
    )
    assert "%" not in notification["message"]
    assert not errors_of(caplog)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (
            {"used_today": 4.2, "budget_today": 12.0, "sessions_left": 7},
            [
                "Today, 4.2% of the week was used. The budget for today is 12%.",
                "Full sessions that still fit into the week: 7.",
            ],
        ),
        ({"used_today": 0.0}, ["Today, 0% of the week was used."]),
        ({"budget_today": 12.0}, ["The budget for today is 12% of the week."]),
        ({}, []),
    ],
)
async def test_today(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, float],
    lines: list[str],
) -> None:
    """The use of today, the budget, and the sessions that still fit, if they are known."""
    device, calls = phone
    entry, _ = await begin(claude, body(60))
    runtime = runtime_of(claude.hass, entry)
    unknown = dict.fromkeys(("used_today", "budget_today", "sessions_left"))
    week = replace(runtime.readings[WEEKLY], **unknown | values)
    readings = {SESSION: runtime.readings[SESSION], WEEKLY: week}
    monkeypatch.setattr(runtime, "reading", readings.get)
    await use_blueprints(claude, tmp_path, daily_summary={"phones": [device]})
    await run(claude, "daily_summary")
    (call,) = calls
    assert call.data["message"].splitlines()[3:] == lines


async def test_two_accounts(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The message has the name of the account, which has to be chosen."""
    device, calls = phone
    await begin(claude, body(60))
    claude.serve(body(10), "ben")
    other = await claude.entry("ben", title="Ben")
    chosen = {"phones": [device], "account": device_of(claude, other)}
    await use_blueprints(claude, tmp_path, daily_summary={}, daily_summary_2=chosen)
    await run(claude, "daily_summary")
    (notification,) = notifications_of(claude)
    assert notification["title"] == "Choose a Claude account"
    await run(claude, "daily_summary_2")
    (call,) = calls
    assert call.data["title"] == "Ben: Claude today"
    assert call.data["message"].startswith("Session limit: 10% used.")
    assert not errors_of(caplog)
