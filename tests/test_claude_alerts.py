"""The blueprint for alerts: which messages a phone gets, and when."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from .common import Claude
from .events.common import begin, body, in_hours, poll
from .test_blueprints import errors_of, phone, use_blueprints

__all__ = ["phone"]

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
]


@pytest.fixture
async def without_timers(claude: Claude) -> AsyncGenerator[None, None]:
    """Turn the automation off at the end, as it waits for the morning."""
    yield
    name = {"entity_id": "automation.claude_alerts"}
    await claude.hass.services.async_call("automation", "turn_off", name, blocking=True)


def texts_of(calls: list[Any]) -> list[str]:
    """Return the titles of messages, with a mark for those without a sound."""
    return [
        call.data["message"]
        if "title" not in call.data
        else f"{call.data['title']}{' (silent)' if 'push' in call.data['data'] else ''}"
        for call in calls
    ]


async def test_session(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A session that is used up: silent updates, and the message is removed at the end."""
    device, calls = phone
    await begin(claude, body(60))
    await use_blueprints(claude, tmp_path, claude_alerts={"phones": [device]})
    await poll(claude, body(100))
    await poll(claude, body(1, in_hours(claude, 5)))
    await claude.pass_time(5)
    assert texts_of(calls) == [
        "Session limit reached (silent)",
        "clear_notification",
        "Session limit: you can go on (silent)",
    ]
    assert calls[0].data["message"] == "You can continue at 09:00."
    assert not errors_of(caplog)


async def test_test_message(
    claude: Claude,
    phone: tuple[str, list[Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Run by hand, the automation sends a test message."""
    device, calls = phone
    await begin(claude, body(60))
    await use_blueprints(claude, tmp_path, claude_alerts={"phones": [device]})
    await claude.hass.services.async_call(
        "automation",
        "trigger",
        {"entity_id": "automation.claude_alerts"},
        blocking=True,
    )
    await claude.hass.async_block_till_done()
    assert texts_of(calls) == ["Claude Pulse alerts work"]
    assert not errors_of(caplog)
