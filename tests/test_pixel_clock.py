"""The blueprint for a pixel clock, and the action that it asks for the limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import voluptuous as vol

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .common import Claude, spend, translation_of
from .events.common import SESSION_RESET, begin, body, in_hours, poll, with_opus
from .test_blueprints import device_of, errors_of, use_blueprints, without_timers

__all__ = ["without_timers"]

pytestmark = [
    pytest.mark.smoke,
    pytest.mark.usefixtures("enable_custom_integrations", "without_timers"),
]

# That of MQTT, which needs a broker.
PUBLISH = vol.Schema({vol.Required("topic"): cv.string, "payload": cv.string})
BLUE, ORANGE, RED = "#039BE5", "#FFA600", "#DB4437"


@pytest.fixture
def published(claude: Claude) -> list[Any]:
    """Return the published pages."""
    return async_mock_service(claude.hass, "mqtt", "publish", PUBLISH)


def pages_of(published: list[Any]) -> list[tuple[str, str] | None]:
    """Return the texts and colors of pages that differ from the one before."""
    pages: list[tuple[str, str] | None] = []
    for call in published:
        page = json.loads(call.data["payload"] or "null")
        shown = page and (page["text"], page["color"])
        if pages[-1:] != [shown]:
            pages.append(shown)
    return pages


async def test_page(
    claude: Claude,
    published: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Text, bar and color, sent again before they expire, and removed if unknown."""
    await begin(claude, body(42.5))
    inputs = {"prefix": "awtrix_1a2b3c/", "icon": "12345"}
    await use_blueprints(claude, tmp_path, pixel_clock=inputs)
    (call,) = published
    assert call.data["topic"] == "awtrix_1a2b3c/custom/pixel_clock_page"
    assert json.loads(call.data["payload"]) == {
        "text": "42%",
        "color": BLUE,
        "progress": 42,
        "progressC": BLUE,
        "lifetime": 900,
        "noScroll": True,
        "icon": "12345",
    }
    await claude.pass_time(301)
    await claude.pass_time(301)
    assert len(published) == 3
    await poll(claude, body(100), 3)
    claude.server.set_fault("server_error")
    await claude.pass_time(301)
    await claude.pass_time(301)
    claude.server.clear_faults()
    await poll(claude, body(1, in_hours(claude, 5)), 4)
    assert pages_of(published) == [
        ("42%", BLUE),
        ("100%", RED),
        None,
        ("20%", BLUE),
    ]
    assert not errors_of(caplog)


@pytest.mark.parametrize(
    ("answer", "limit", "page"),
    [
        # The week runs out before its reset, so that it comes first.
        (body(30, week=66), "first", ("66%", ORANGE)),
        (body(30, week=66), "session", ("30%", BLUE)),
        # The model does not stop all use.
        (with_opus(body(30), 100), "first", ("30%", BLUE)),
        (with_opus(body(30), 100), "weekly", ("20%", BLUE)),
        # No session has started, or the account has none.
        (body(0, None, 0), "first", ("0%", BLUE)),
        (body(0, None), "session", ("0%", BLUE)),
        ({**body(30), "five_hour": None}, "session", None),
        # 9,996 of 10,000 is not all.
        (spend(999600, 1000000), "first", ("99%", ORANGE)),
        (spend(40000, 40000), "first", ("100%", RED)),
        (spend(100, 40000), "first", ("0%", BLUE)),
        (spend(100, None), "first", None),
        ({}, "first", None),
    ],
)
async def test_limits(
    claude: Claude,
    published: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
    limit: str,
    page: tuple[str, str] | None,
) -> None:
    """The page shows the limit that stops the person first, or the chosen one."""
    await begin(claude, answer)
    inputs = {"prefix": "awtrix", "limit": limit}
    await use_blueprints(claude, tmp_path, pixel_clock=inputs)
    assert pages_of(published) == [page]
    assert not errors_of(caplog)


async def test_without_mqtt(
    claude: Claude, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only this automation fails."""
    _, log = await begin(claude, body(60))
    pause = {"pause": [{"event": "paused"}]}
    await use_blueprints(
        claude, tmp_path, pixel_clock={"prefix": "awtrix"}, pause_and_resume=pause
    )
    paused = []
    claude.hass.bus.async_listen("paused", paused.append)
    await poll(claude, body(100))
    assert "session limit_reached" in log.texts
    assert paused
    assert errors_of(caplog)
    assert all("pixel_clock" in error for error in errors_of(caplog))
    caplog.clear()


async def test_two_accounts(
    claude: Claude,
    published: list[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Only the chosen account is shown."""
    await begin(claude, body(60))
    claude.serve(body(10, week=5), "ben")
    other = await claude.entry("ben", title="Ben")
    inputs = {"prefix": "awtrix"}
    chosen = {**inputs, "account": device_of(claude, other)}
    await use_blueprints(claude, tmp_path, pixel_clock=inputs, pixel_clock_2=chosen)
    await claude.pass_time(301)
    claude.hass.bus.async_fire("homeassistant_start")
    await claude.settle()
    pages = {
        call.data["topic"].rpartition("/")[2]: call.data["payload"]
        for call in published
    }
    assert pages["pixel_clock_page"] == ""
    assert json.loads(pages["pixel_clock_2_page"])["text"] == "10%"
    assert not errors_of(caplog)


async def test_action(claude: Claude) -> None:
    """The action returns each limit, and fails without an account."""
    entry, _ = await begin(claude, with_opus(body(30, week=66), 12))
    device = device_of(claude, entry)

    async def limits(device_id: str) -> Any:
        """Call the action."""
        return await claude.hass.services.async_call(
            DOMAIN,
            "get_limits",
            {"device_id": device_id},
            blocking=True,
            return_response=True,
        )

    answer = await limits(device)
    assert answer["device_id"] == device
    assert answer["first"] == answer["limits"][1]
    assert answer["limits"][0] == {
        "kind": "session",
        "limit": "session",
        "name": None,
        "percent": 30,
        "level": "good",
        "blocks": True,
        "resets_at": SESSION_RESET,
        "runs_out_at": None,
    }
    week, opus = answer["limits"][1:]
    assert (week["kind"], week["level"]) == ("weekly", "risk")
    assert week["runs_out_at"] < week["resets_at"]
    assert (opus["kind"], opus["limit"], opus["name"], opus["blocks"]) == (
        "model",
        "weekly_opus",
        "Opus",
        False,
    )
    with pytest.raises(ServiceValidationError) as error:
        await limits("another")
    assert await translation_of(claude.hass, error.value) == f"{error.value}."
    await claude.hass.config_entries.async_unload(entry.entry_id)
    await claude.settle()
    with pytest.raises(HomeAssistantError):
        await limits(device)
