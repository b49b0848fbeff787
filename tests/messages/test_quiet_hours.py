"""The blueprint for alerts in quiet hours: silent at night, and what matters in the morning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.claude_pulse.claude_ai.windows import (
    SESSION,
    WEEKLY,
    UsageWindow,
)
from custom_components.claude_pulse.events.model import UsageEvent
from custom_components.claude_pulse.events.sent import SentEvent, still_true
from homeassistant.core import Event
from homeassistant.util import dt as dt_util

from ..common import account_of, pass_steps
from ..events.common import body, in_hours
from ..events.test_restarts import House, house
from ..test_blueprints import errors_of, stop
from .common import add_phone, notifications
from .conftest import AUTOMATION, Alerts

__all__ = ["house"]

pytestmark = [pytest.mark.smoke]

ALL = ["session", "session_reached", "session_again", "weekly", "thresholds", "account"]
REACHED = "Weekly limit reached"


async def reach_week(alerts: Alerts) -> None:
    """Reach the weekly limit with the next polls."""
    alerts.claude.serve(body(20, week=100))
    await pass_steps(alerts.claude, 2)


def inputs(quiet_from: str, quiet_until: str) -> dict[str, str]:
    """Return the inputs for quiet hours."""
    return {"quiet_from": quiet_from, "quiet_until": quiet_until}


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "time", "quiet"),
    [
        # Over midnight. The first second belongs to it, and the last time does not.
        ("22:00:00", "07:00:00", "21:59:59", False),
        ("22:00:00", "07:00:00", "22:00:00", True),
        ("22:00:00", "07:00:00", "23:59:59", True),
        ("22:00:00", "07:00:00", "00:00:00", True),
        ("22:00:00", "07:00:00", "06:59:59", True),
        ("22:00:00", "07:00:00", "07:00:00", False),
        # Within a day.
        ("13:00:00", "15:30:00", "12:59:59", False),
        ("13:00:00", "15:30:00", "13:00:00", True),
        ("13:00:00", "15:30:00", "15:29:59", True),
        ("13:00:00", "15:30:00", "15:30:00", False),
        # From and until midnight.
        ("00:00:00", "06:00:00", "23:59:59", False),
        ("00:00:00", "06:00:00", "00:00:00", True),
        ("20:00:00", "00:00:00", "23:59:59", True),
        ("20:00:00", "00:00:00", "00:00:00", False),
        # Never.
        ("07:00:00", "07:00:00", "07:00:00", False),
        ("00:00:00", "00:00:00", "00:00:00", False),
        ("00:00:00", "00:00:00", "12:00:00", False),
    ],
)
async def test_times(
    alerts: Alerts, quiet_from: str, quiet_until: str, time: str, quiet: bool
) -> None:
    """An event in quiet hours has no sound, and one at any other time has."""
    await alerts.start(**inputs(quiet_from, quiet_until))
    sent_at = dt_util.now() + timedelta(days=1)
    hour, minute, second = map(int, time.split(":"))
    sent_at = sent_at.replace(hour=hour, minute=minute, second=second, microsecond=0)
    await alerts.fire(WEEKLY, "limit_reached", percent=100, sent_at=sent_at)
    assert alerts.phone.sounds == ([] if quiet else [REACHED])
    # An update without a sound is sent at any time.
    await alerts.fire(SESSION, "limit_reached", percent=100, sent_at=sent_at)
    assert "Session limit reached (silent)" in alerts.phone.texts


@pytest.mark.parametrize("until", ["2026-05-04 21:59:59", "2026-05-04 22:00:00"])
async def test_event_at_the_start(alerts: Alerts, until: str) -> None:
    """An event at the start of the quiet hours is sent once: now, or in the morning."""
    await alerts.start(body(20, in_hours(alerts.claude, 4)))
    alerts.claude.serve(body(20, week=100))
    await alerts.wait_until("2026-05-04 21:57:30")
    await alerts.wait_until(until)
    is_quiet = until.endswith("22:00:00")
    assert alerts.phone.sounds == ([] if is_quiet else [REACHED])
    await alerts.wait_until("2026-05-05 07:00:00")
    assert alerts.phone.sounds == [REACHED]


@pytest.mark.parametrize("until", ["06:59:59", "07:00:00", "07:00:01"])
async def test_event_at_the_end(alerts: Alerts, until: str) -> None:
    """An event at the end of the quiet hours is sent once."""
    await alerts.start()
    await alerts.wait_until("2026-05-05 06:50")
    alerts.claude.serve(body(20, week=100))
    await alerts.wait_until("2026-05-05 06:57:30")
    assert alerts.phone.sounds == []
    await alerts.wait_until(f"2026-05-05 {until}")
    await alerts.wait_until("2026-05-05 07:05")
    assert alerts.phone.sounds == [REACHED]
    await alerts.wait_until("2026-05-06 07:00")
    assert alerts.phone.sounds == [REACHED]


async def test_morning(alerts: Alerts) -> None:
    """Events that are still true are sent, each in its own run, and no others."""
    claude, phone = alerts.claude, alerts.phone
    blink = async_mock_service(claude.hass, "script", "blink")
    await alerts.start(
        body(20, week=60), actions=[{"service": "script.blink"}], messages=ALL
    )
    await alerts.wait_until("2026-05-04 23:00")
    claude.serve(body(100, in_hours(claude, 5), week=80))
    await pass_steps(claude, 3)
    assert phone.sounds == []
    # The threshold is over, because the limit is reached.
    claude.serve(body(100, in_hours(claude, 4.9), week=100))
    await pass_steps(claude, 3)
    await alerts.wait_until("2026-05-05 03:00")
    # The session key expires.
    account_of(claude).log_out()
    await pass_steps(claude, 10, 60)
    assert phone.sounds == []
    await alerts.wait_until("2026-05-05 06:59:59")
    assert phone.sounds == []
    await alerts.wait_until("2026-05-05 07:00")
    # The session was reset in the night.
    assert sorted(phone.sounds) == ["Claude session key expired", REACHED]
    assert len(blink) == 2
    await alerts.wait_until("2026-05-06 07:00")
    assert len(phone.sounds) == 2


async def test_failing_actions(
    alerts: Alerts, caplog: pytest.LogCaptureFixture
) -> None:
    """Further actions that fail or wait do not stop the next message of the morning."""
    hass, phone = alerts.claude.hass, alerts.phone

    async def fail(_: Any) -> None:
        """Fail as an action does."""
        raise ValueError

    hass.services.async_register("script", "fail", fail)
    await alerts.start(actions=[{"service": "script.fail"}])
    await alerts.wait_until("2026-05-04 23:00")
    await reach_week(alerts)
    account_of(alerts.claude).log_out()
    await pass_steps(alerts.claude, 10, 60)
    await alerts.wait_until("2026-05-05 07:00")
    assert sorted(phone.sounds) == ["Claude session key expired", REACHED]
    # Home Assistant logs what the actions did.
    assert errors_of(caplog)
    caplog.clear()


async def test_reset_in_the_night(alerts: Alerts) -> None:
    """A session limit that was reset is not sent, and its message is gone."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(phones=[], messages=["session", "session_reached"])
    await alerts.wait_until("2026-05-04 22:30")
    claude.serve(body(100, in_hours(claude, 3)))
    await pass_steps(claude, 3)
    assert list(notifications(claude.hass).values()) == ["Session limit reached"]
    await alerts.wait_until("2026-05-05 02:00")
    claude.serve(body(2, in_hours(claude, 4)))
    await pass_steps(claude, 3)
    await alerts.wait_until("2026-05-05 07:00")
    assert list(notifications(claude.hass).values()) == [
        "Session limit: you can continue"
    ]
    assert phone.calls == []


async def test_reset_of_a_reached_week_in_the_night(alerts: Alerts) -> None:
    """A week that was reset in quiet hours is reported when they are over."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(20, week=60))
    await reach_week(alerts)
    assert phone.sounds == [REACHED]
    await alerts.wait_until("2026-05-09 13:30")
    week = {"utilization": 0, "resets_at": in_hours(claude, 7 * 24)}
    night = inputs("13:00:00", "15:30:00")
    await alerts.reconfigure(**night)
    await alerts.wait_until("2026-05-09 14:30")
    claude.serve({**body(0, in_hours(claude, 5)), "seven_day": week})
    await pass_steps(claude, 3)
    assert phone.texts[-1] == "clear_notification"
    await alerts.wait_until("2026-05-09 15:30")
    assert phone.sounds == [REACHED, "Weekly limit: you can continue"]
    await alerts.wait_until("2026-05-10 15:30")
    assert len(phone.sounds) == 2


async def test_updates_in_the_night(alerts: Alerts) -> None:
    """An update without a sound is sent at night, and not again in the morning."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start()
    await alerts.wait_until("2026-05-05 05:00")
    claude.serve(body(60, in_hours(claude, 4)))
    await pass_steps(claude, 3)
    claude.serve(body(100, in_hours(claude, 3.9)))
    await pass_steps(claude, 3)
    assert phone.texts[-1] == "Session limit reached (silent)"
    phone.calls.clear()
    await alerts.wait_until("2026-05-05 07:00")
    assert phone.calls == []


async def test_no_quiet_hours(alerts: Alerts) -> None:
    """Without quiet hours, nothing is sent again in the morning."""
    await alerts.start(**inputs("07:00:00", "07:00:00"))
    await alerts.wait_until("2026-05-05 02:00")
    await reach_week(alerts)
    assert alerts.phone.sounds == [REACHED]
    await alerts.wait_until("2026-05-05 07:00")
    assert alerts.phone.sounds == [REACHED]


async def test_quiet_at_noon(alerts: Alerts) -> None:
    """Quiet hours within a day."""
    await alerts.start(**inputs("13:00:00", "15:30:00"))
    await reach_week(alerts)
    assert alerts.phone.sounds == []
    await alerts.wait_until("2026-05-04 15:30")
    assert alerts.phone.sounds == [REACHED]


@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        # One hour is missing, and one comes twice.
        ("2027-03-27 22:00", "2027-03-28 07:00"),
        ("2026-10-24 22:00", "2026-10-25 07:00"),
    ],
)
async def test_daylight_saving(alerts: Alerts, evening: str, morning: str) -> None:
    """In these nights, too: nothing is sent twice, and nothing is lost."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start()

    def answer(week: float) -> dict[str, Any]:
        """Return an answer whose week is not reset for some days."""
        weekly = {"utilization": week, "resets_at": "2027-04-02T12:00:00+00:00"}
        if evening.startswith("2026"):
            weekly["resets_at"] = "2026-10-30T12:00:00+00:00"
        return {**body(20, in_hours(claude, 4)), "seven_day": weekly}

    day = evening.partition(" ")[0]
    await alerts.wait_until(f"{day} 21:30")
    claude.serve(answer(60))
    await pass_steps(claude, 4)
    phone.calls.clear()
    # Before the quiet hours, but within nine hours before their end.
    claude.serve(answer(80))
    await pass_steps(claude, 4)
    assert phone.sounds == ["Weekly limit: 80% used"]
    await alerts.wait_until(evening)
    claude.serve(answer(100))
    await pass_steps(claude, 4)
    await alerts.wait_until(morning)
    assert phone.sounds == ["Weekly limit: 80% used", REACHED]


async def test_two_automations(alerts: Alerts, tmp_path: Path) -> None:
    """The events of the night are sent again only to the automation that asks."""
    sent: list[Event] = []
    alerts.claude.hass.bus.async_listen("claude_pulse_night_event", sent.append)
    await alerts.start()
    await alerts.wait_until("2026-05-04 23:00")
    await reach_week(alerts)
    await alerts.wait_until("2026-05-05 07:00")
    assert alerts.phone.sounds == [REACHED]
    (again,) = sent
    assert again.data["automation"] == AUTOMATION
    other = {**again.data, "automation": "automation.other"}
    alerts.claude.hass.bus.async_fire("claude_pulse_night_event", other)
    await alerts.claude.hass.async_block_till_done()
    assert alerts.phone.sounds == [REACHED]


async def _start_house(
    house: House, tmp_path: Path, *, restarts: bool = False
) -> Alerts:
    """Start Home Assistant with the automation, or again, with what it stored."""
    await house.start(wait=1)
    claude = house.claude
    if restarts:
        stop(claude)
    await claude.hass.config.async_update(time_zone="Europe/Berlin")
    alerts = Alerts(claude, tmp_path, add_phone(claude.hass))
    await alerts.automate()
    await claude.pass_time(12)
    return alerts


async def _start_night(house: House, directory: Path) -> Alerts:
    """Reach the week and lose the key after 23:00, in quiet hours."""
    house.claude.serve(body(20))
    alerts = await _start_house(house, directory)
    await alerts.wait_until("2026-05-04 23:00")
    await reach_week(alerts)
    account_of(house.claude).log_out()
    await pass_steps(house.claude, 10, 60)
    return alerts


# The first Home Assistant still waits for the morning.
@pytest.mark.parametrize("expected_lingering_timers", [True])
@pytest.mark.parametrize("crash", [False, True])
async def test_restart_in_the_night(house: House, tmp_path: Path, crash: bool) -> None:
    """The events before a restart are sent in the morning, those of the account as well."""
    claude = house.claude
    alerts = await _start_night(house, tmp_path)
    assert alerts.phone.sounds == []
    await house.stop(crash=crash)
    claude.clock.tick(timedelta(hours=2))
    alerts = await _start_house(house, tmp_path)
    await pass_steps(claude, 5, 60)
    assert alerts.phone.sounds == []
    await alerts.wait_until("2026-05-05 07:00")
    assert sorted(alerts.phone.sounds) == ["Claude session key expired", REACHED]
    await alerts.call("turn_off")
    await house.stop()


# The first Home Assistant still waits for the morning.
@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_off_in_the_morning(house: House, tmp_path: Path) -> None:
    """If Home Assistant is off when the quiet hours end, it sends what matters later."""
    claude = house.claude
    alerts = await _start_night(house, tmp_path)
    await alerts.wait_until("2026-05-05 06:55")
    assert alerts.phone.sounds == []
    await house.stop()
    claude.clock.tick(timedelta(minutes=10))
    alerts = await _start_house(house, tmp_path, restarts=True)
    await pass_steps(claude, 5, 60)
    await alerts.wait_until("2026-05-06 07:00")
    assert sorted(alerts.phone.sounds) == ["Claude session key expired", REACHED]
    await alerts.call("turn_off")
    await house.stop()


@pytest.mark.parametrize(("hour", "is_true"), [(6, True), (8, False)])
def test_time_of_a_forecast_has_passed(hour: int, is_true: bool) -> None:
    """In the morning, a limit that has not run out as expected is not announced."""
    sent_at = datetime(2026, 5, 5, 3, tzinfo=UTC)
    window = UsageWindow(SESSION, None, 60, sent_at + timedelta(hours=6))
    runs_out_at = sent_at + timedelta(hours=4)
    event = UsageEvent(window, "will_run_out", 60, runs_out_at=runs_out_at)
    sent = [SentEvent(sent_at, event)]
    now = sent_at.replace(hour=hour)
    assert still_true(sent, sent_at, now) == (sent if is_true else [])
