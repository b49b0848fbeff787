"""Sequences of answers as claude.ai sends them, up to the automations that they trigger."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    async_get_device_automations,
    async_mock_service,
)

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.components.device_automation import DeviceAutomationType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .common import Claude, reload, row, spend
from .events.common import SESSION_RESET, WEEK_RESET, WEEKLY_EVENTS, begin

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations"),
]
# Two days later than the other one.
MOVED_RESET = "2026-05-11T12:00:00+00:00"
DAY = 24 * 60 * 60


def answer(
    session: float | None,
    week: float | None,
    fable: float | None = None,
    *,
    reset: str = WEEK_RESET,
    **members: Any,
) -> dict[str, Any]:
    """Return a usage body with rows of the limits that exist."""
    rows = [
        row(kind, percent, resets_at, model)
        for kind, percent, resets_at, model in (
            ("session", session, SESSION_RESET, None),
            ("weekly_all", week, reset, None),
            ("weekly_scoped", fable, reset, "Fable"),
        )
        if percent is not None
    ]
    return {"limits": rows, **members}


async def record_automations(claude: Claude) -> list[str]:
    """Create an automation for each device trigger, and return their records."""
    registry = er.async_get(claude.hass)
    device_id = registry.async_get(WEEKLY_EVENTS).device_id
    triggers = [
        item
        for item in await async_get_device_automations(
            claude.hass, DeviceAutomationType.TRIGGER, device_id
        )
        if item["domain"] == DOMAIN and item["type"] != "usage_crossed"
    ]
    async_mock_service(claude.hass, "test", "run")
    recorded: list[str] = []
    text = (
        "{{ trigger.entity_id }} {{ trigger.type }} {{ trigger.threshold | default }}"
    )
    automation = [
        {
            "alias": f"{number}",
            "trigger": {
                key: value for key, value in trigger.items() if key != "metadata"
            },
            "action": {"event": "recorded", "event_data": {"text": text}},
        }
        for number, trigger in enumerate(triggers)
    ]
    assert await async_setup_component(
        claude.hass, "automation", {"automation": automation}
    )

    def record(event: Any) -> None:
        """Record the event of an automation."""
        words = str(event.data["text"]).removeprefix("event.claude_pulse_")
        recorded.append(words.replace("_events", "").strip())

    claude.hass.bus.async_listen("recorded", record)
    return recorded


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # A saved reset of a model gives back a part of the week.
        (
            [answer(62, 91, 88), *3 * [answer(0, 79, 0)], answer(1, 80, 1)],
            ["session refilled", "weekly refilled", "weekly_fable refilled"],
        ),
        # Everybody is refilled after an incident, and uses Claude again.
        (
            [answer(30, 95), *2 * [answer(30, 0)], *2 * [answer(31, 76)]],
            ["weekly refilled", "weekly threshold_reached 75", "weekly will_run_out"],
        ),
        # The limit was raised.
        (
            [answer(60, 97), *3 * [answer(60, 100)], *2 * [answer(60, 92)]],
            ["weekly limit_reached", "weekly refilled", "weekly available_again"],
        ),
        # The session limit is lifted while it is reached.
        (
            [answer(88, 41), *2 * [answer(100, 41)], *3 * [answer(None, 42)]],
            [
                "session limit_reached",
                "session available_again",
            ],
        ),
        # The week is reached too, and refilled after the session limit is lifted.
        (
            [
                answer(99, 98),
                *2 * [answer(100, 100)],
                *3 * [answer(None, 100)],
                *2 * [answer(None, 50)],
            ],
            [
                "session limit_reached",
                "weekly limit_reached",
                "weekly refilled",
                "weekly available_again",
            ],
        ),
        # More than all of it, and one wrong answer.
        ([answer(60, 100), answer(60, 108), *2 * [answer(60, 100)]], []),
        ([answer(40, 10), answer(100, 95), *2 * [answer(40, 10)]], []),
        ([answer(60, 92), answer(60, 0), *2 * [answer(60, 92)]], []),
        # A refill, and one answer from before it.
        (
            [answer(60, 92), *2 * [answer(60, 0)], answer(60, 92), answer(60, 0)],
            ["weekly refilled"],
        ),
        # No limits at all for a while.
        ([answer(60, 100), *5 * [answer(None, None)], answer(60, 100)], []),
    ],
)
async def test_sequence(
    claude: Claude, answers: list[dict[str, Any]], expected: list[str]
) -> None:
    """Each answer is served for one poll."""
    await begin(claude, answers[0])
    recorded = await record_automations(claude)
    for body in answers[1:]:
        claude.serve(body)
        await claude.pass_time()
    for _ in range(5):
        await claude.pass_time(2)
    await claude.pass_time()
    assert sorted(recorded) == sorted(expected)


async def test_moved_weekly_reset(claude: Claude) -> None:
    """Left-over usage is due for the new day too, and nothing seems to run out."""
    await begin(claude, answer(0, 40))
    recorded = await record_automations(claude)
    # A day before the first reset.
    await claude.pass_time(4 * DAY + 60)
    await claude.pass_time(2)
    assert recorded == ["weekly left_over"]
    claude.serve(answer(0, 41, reset=MOVED_RESET))
    for _ in range(24):
        await claude.pass_time(2 * 60 * 60)
    assert recorded == ["weekly left_over", "weekly left_over"]


async def test_no_forecast_after_a_moved_reset(claude: Claude) -> None:
    """Usage since the first start is not forecast as usage since the new one."""
    entry, _ = await begin(claude, answer(0, 40))
    forecast = [
        ("weekly_projected_usage", "sensor"),
        ("weekly_pace", "sensor"),
        ("weekly_lasts", "binary_sensor"),
    ]

    def states() -> set[str]:
        """Return the states of the forecast of the week."""
        return {claude.state(key, platform) for key, platform in forecast}

    await claude.pass_time(DAY)
    assert "unknown" not in states()
    # From the first answer on, until the week is reset, also after a restart.
    claude.serve(answer(0, 41, reset=MOVED_RESET))
    await claude.pass_time()
    assert states() == {"unknown"}
    await claude.pass_time()
    await reload(claude, entry)
    assert states() == {"unknown"}
    claude.serve(answer(0, 100, reset=MOVED_RESET))
    await claude.pass_time(60 * 60)
    assert claude.state("weekly_lasts", "binary_sensor") == "off"
    await claude.pass_time(6 * DAY)
    claude.serve(answer(0, 10, reset="2026-05-18T12:00:00+00:00"))
    await claude.pass_time(DAY)
    assert "unknown" not in states()


async def test_seat_that_pays_by_spend(claude: Claude) -> None:
    """The spend limit triggers automations, in percent."""
    await begin(claude, spend(28000, 40000))
    recorded = await record_automations(claude)
    for cents in (30400, 37400, 40100, 43200, 40100, 100, 100):
        claude.serve(spend(cents, 40000))
        for _ in range(2):
            await claude.pass_time()
    await claude.pass_time(2)
    assert recorded == [
        "extra threshold_reached 75",
        "extra threshold_reached 90",
        "extra limit_reached",
        "extra refilled",
        "extra available_again",
    ]
