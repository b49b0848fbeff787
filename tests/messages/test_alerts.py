"""The blueprint for alerts: which messages a phone gets, and when they go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.claude_pulse.claude_ai.windows import (
    ACCOUNT,
    SAVED_RESETS,
    SESSION,
    SPEND,
    WEEKLY,
)
from custom_components.claude_pulse.const import CONF_SESSION_KEY_SINCE
from custom_components.claude_pulse.events.model import ROSE, types_of
from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.util import dt as dt_util

from ..common import account_of, enable, pass_steps, reload
from ..events.common import body, in_hours, poll, with_opus
from .common import add_phone, notifications
from .conftest import AUTOMATION, Alerts
from .test_compose import OPUS, OTHER, TYPES

pytestmark = [pytest.mark.smoke]

# What has a sound with each choice, as limits and types of events, and what has none.
CHOICES = {
    "session": (
        ["session will_run_out"],
        ["session limit_reached", "session available_again"],
    ),
    "session_reached": (["session limit_reached"], []),
    "session_again": (["session available_again"], []),
    "live": ([], ["session progress"]),
    "weekly": (
        ["weekly will_run_out", "weekly limit_reached", "weekly available_again"],
        [],
    ),
    "thresholds": (["weekly threshold_reached"], []),
    "left_over": (["weekly left_over"], []),
    "models": (
        [
            *(
                f"weekly_opus {item}"
                for item in ("will_run_out", "limit_reached", "available_again")
            ),
            "daily_cowork limit_reached",
            "daily_cowork available_again",
        ],
        [],
    ),
    "extra": (
        ["extra threshold_reached", "extra limit_reached", "extra available_again"],
        [],
    ),
    "saved_resets": (
        ["saved_resets saved_reset_granted", "saved_resets saved_reset_expires"],
        [],
    ),
    "account": (
        [
            f"account {item}"
            for item in ("key_expires_soon", "key_expired", "cannot_be_read")
        ],
        ["account readable_again"],
    ),
    "service": (["account service_incident"], ["account service_recovered"]),
}


async def test_session(alerts: Alerts) -> None:
    """A session that is used up: silent updates, and the message is removed at the end."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(60))
    await poll(claude, body(100))
    await poll(claude, body(1, in_hours(claude, 5)))
    await claude.pass_time(5)
    assert phone.texts == [
        "Session limit reached (silent)",
        "clear_notification",
        "Session limit: you can continue (silent)",
    ]
    assert phone.calls[0].data["message"] == "You can continue at 18:00."


async def test_untouched(alerts: Alerts) -> None:
    """Saved without a change, the messages of the only account are notifications."""
    claude = alerts.claude
    await alerts.start(body(20, week=74), phones=[])
    await poll(claude, body(20, week=80))
    assert list(notifications(claude.hass).values()) == ["Weekly limit: 80% used"]
    await poll(claude, body(20, week=100))
    assert list(notifications(claude.hass).values()) == ["Weekly limit reached"]
    next_week = {"utilization": 0, "resets_at": in_hours(claude, 168)}
    await poll(claude, {**body(20), "seven_day": next_week})
    await claude.pass_time(5)
    assert list(notifications(claude.hass).values()) == [
        "Weekly limit: you can continue"
    ]
    assert alerts.phone.calls == []


@pytest.mark.parametrize("choice", [*CHOICES, "none", "all"])
async def test_choices(alerts: Alerts, choice: str) -> None:
    """Each choice has its events, and all others are not sent."""
    chosen = list(CHOICES) if choice == "all" else [choice]
    await alerts.start(messages=[item for item in chosen if item in CHOICES])
    sounds, updates = [], []
    for identity, event_type in [*TYPES, (SESSION, ROSE)]:
        if event_type == ROSE and identity != SESSION:
            continue
        await alerts.fire(identity, event_type, percent=100, before=80)
        for call in alerts.phone.calls:
            if "title" not in call.data:
                continue
            slug = {SESSION: "session", WEEKLY: "weekly", OPUS: "weekly_opus"}.get(
                identity
            ) or {OTHER: "daily_cowork", SPEND: "extra", ACCOUNT: "account"}.get(
                identity, "saved_resets"
            )
            name = f"{slug} {'progress' if event_type == ROSE else event_type}"
            (updates if "push" in call.data["data"] else sounds).append(name)
        alerts.phone.calls.clear()
    parts = [CHOICES[item] for item in chosen if item in CHOICES]
    expected = {item for with_sound, _ in parts for item in with_sound}
    assert len(sounds) == len(set(sounds))
    assert set(sounds) == expected
    assert set(updates) == {item for _, silent in parts for item in silent} - expected


async def test_removed_at_reset(alerts: Alerts) -> None:
    """The message of a limit goes at its reset or refill, and no other does."""
    await alerts.start(phones=[])
    hass = alerts.claude.hass
    for identity in (WEEKLY, OPUS):
        await alerts.fire(identity, "limit_reached", percent=100)
    assert len(notifications(hass)) == 2
    await alerts.fire(WEEKLY, "reset")
    assert list(notifications(hass).values()) == ["Weekly Opus limit reached"]
    await alerts.fire(OPUS, "refilled")
    assert not notifications(hass)


async def test_another_limit_still_blocks(alerts: Alerts) -> None:
    """There is no "you can continue" before all limits that block have been reset."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(
        body(60, week=90), messages=["weekly", "session_again", "session"]
    )
    await poll(claude, body(100, week=100))
    await claude.pass_time(5)
    # Both say when one can really continue.
    assert sorted(phone.texts) == [
        "Session limit reached (silent)",
        "Weekly limit reached",
    ]
    messages = {call.data["message"] for call in phone.calls}
    assert messages == {"You can continue on Saturday at 14:00."}
    await poll(claude, body(0, in_hours(claude, 5), week=100))
    await claude.pass_time(5)
    assert phone.texts[2:] == ["clear_notification"]
    next_week = {"utilization": 0, "resets_at": in_hours(claude, 168)}
    await poll(claude, {**body(1, in_hours(claude, 5)), "seven_day": next_week})
    await claude.pass_time(5)
    assert phone.sounds == ["Weekly limit reached", "Weekly limit: you can continue"]


async def test_models_only_if_binding(alerts: Alerts) -> None:
    """A model is reported if it stops the person before the week does."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(with_opus(body(20, week=50), 60))
    await poll(claude, with_opus(body(20, week=50), 100))
    assert phone.texts == ["Weekly Opus limit reached"]
    opus = {"utilization": 0, "resets_at": in_hours(claude, 168)}
    await poll(claude, {**body(20, week=50), "seven_day_opus": opus})
    await claude.pass_time(5)
    assert phone.texts[1:] == [
        "clear_notification",
        "Weekly Opus limit: you can continue",
    ]
    await alerts.fire(OPUS, "will_run_out", binding=False)
    assert len(phone.calls) == 3


async def test_live_update(alerts: Alerts) -> None:
    """Steps of five points without a sound, and the end at the reset."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(2), messages=["live"])
    for percent in (4, 5, 6, 9, 10, 14, 23, 100):
        await poll(claude, body(percent))
    shown = [call.data["data"] for call in phone.calls]
    assert [data["progress"] for data in shown] == [5, 10, 23, 100]
    assert all(data["live_update"] and data["push"] for data in shown)
    assert {data["when"] for data in shown} == {1777910400}
    (tag,) = {data["tag"] for data in shown}
    phone.calls.clear()
    await poll(claude, body(0, in_hours(claude, 5)))
    cleared = [call.data["data"]["tag"] for call in phone.calls]
    assert tag in cleared
    assert set(phone.texts) == {"clear_notification"}
    phone.calls.clear()
    await poll(claude, body(7, in_hours(claude, 4.9)))
    assert [call.data["data"]["progress"] for call in phone.calls] == [7]


async def test_no_live_update_by_default(alerts: Alerts) -> None:
    """Progress is not sent, unless it is chosen."""
    await alerts.start(body(2))
    await poll(alerts.claude, body(30))
    assert alerts.phone.calls == []


async def test_expired_key(alerts: Alerts) -> None:
    """It reaches the phone within ten minutes, and the end does without a sound."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(100))
    account_of(claude).log_out()
    await pass_steps(claude, 10, 60)
    assert phone.texts == ["Claude session key expired"]
    assert phone.calls[0].data["data"]["url"].startswith("/config/integrations")
    await pass_steps(claude, 60, 60)
    assert len(phone.calls) == 1


async def test_key_expired_while_home_assistant_was_off(alerts: Alerts) -> None:
    """The set-up fails, so that there are no entities, and the phone gets the message."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(100))
    entry = alerts.entries[0]
    await claude.hass.config_entries.async_unload(entry.entry_id)
    account_of(claude).log_out()
    await claude.hass.config_entries.async_setup(entry.entry_id)
    await claude.settle()
    await pass_steps(claude, 10, 60)
    assert phone.texts == ["Claude session key expired"]


async def test_outage(alerts: Alerts) -> None:
    """It is reported after 60 to 70 minutes, once, and its end without a sound."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start()
    claude.server.set_fault("server_error")
    await pass_steps(claude, 59, 60)
    assert phone.calls == []
    await pass_steps(claude, 11, 60)
    assert phone.texts == ["Claude usage cannot be read"]
    assert "has not been watched since 14:" in phone.calls[0].data["message"]
    await pass_steps(claude, 120, 60)
    assert len(phone.calls) == 1
    claude.server.clear_faults()
    await pass_steps(claude, 40, 60)
    assert phone.texts[1:] == ["Claude usage is watched again (silent)"]


async def test_incident(alerts: Alerts) -> None:
    """An incident of the service, which needs its sensor, and its end."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(messages=["service"])
    await enable(claude, "sensor.claude_pulse_service_status")
    claude.server.indicator = "major"
    await pass_steps(claude, 15, 60)
    assert phone.texts == ["Claude has an incident"]
    claude.server.indicator = "none"
    await pass_steps(claude, 30, 60)
    assert phone.texts[1:] == ["Claude's incident is over (silent)"]
    assert {call.data["data"]["tag"][-8:] for call in phone.calls} == {"_service"}


async def test_spend_seat(alerts: Alerts) -> None:
    """A seat that is billed by usage: thresholds and the limit, without amounts."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(name="gus")
    seat = account_of(claude, "gus").seats[-1]
    seat.spent_cents = (38400, 40000)
    await pass_steps(claude, 3)
    seat.spent_cents = (40000, 40000)
    await pass_steps(claude, 3)
    assert phone.texts == ["Spend limit reached"]
    assert phone.calls[0].data["message"] == (
        "claude.ai does not say when you can continue."
    )
    seat.spent_cents = (40000, 80000)
    await pass_steps(claude, 3)
    assert phone.sounds == ["Spend limit reached", "Spend limit: you can continue"]


async def test_ultra(alerts: Alerts) -> None:
    """A plan without a session: the week and the model."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(name="fay")
    seat = account_of(claude, "fay").seats[-1]
    assert seat.weekly
    for meter, percent, sounds in (
        (seat.weekly, 91, ["Weekly limit: 91% used"]),
        (seat.models["Fable"], 60, ["Weekly Fable limit: you can continue"]),
        (seat.models["Fable"], 100, ["Weekly Fable limit reached"]),
    ):
        phone.calls.clear()
        meter.percent_per_hour, meter.percent_at_start = 0, percent
        await pass_steps(claude, 3)
        assert phone.sounds == sounds


async def test_saved_resets(alerts: Alerts) -> None:
    """A saved reset that can be used, and one that was granted."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(name="hal")
    seat = account_of(claude, "hal").seats[-1]
    assert seat.session
    assert seat.grants
    seat.session.percent_at_start = 100
    await pass_steps(claude, 3)
    assert phone.texts == ["Session limit reached (silent)"]
    assert (
        "Saved resets that can reset this limit: 2." in phone.calls[0].data["message"]
    )
    seat.grants.append(
        type(seat.grants[0])(
            "Spring",
            seat.grants[0].starts_at,
            seat.grants[0].ends_at,
            total=1,
            left=1,
        )
    )
    await pass_steps(claude, 3)
    assert phone.sounds == ["You got a saved reset"]


async def test_several_phones(alerts: Alerts) -> None:
    """One phone is gone: the others get the message, and Home Assistant shows it."""
    other = add_phone(alerts.claude.hass, "Tablet")
    phones = [alerts.phone.device, "unknown", other.device]
    run = async_mock_service(alerts.claude.hass, "script", "blink")
    actions = [
        {"service": "script.blink", "data": {"text": "{{ title }}, {{ event.kind }}"}}
    ]
    await alerts.start(phones=phones, actions=actions)
    await alerts.fire(WEEKLY, "limit_reached", percent=100)
    assert alerts.phone.texts == other.texts == ["Weekly limit reached"]
    assert list(notifications(alerts.claude.hass).values()) == ["Weekly limit reached"]
    assert [call.data["text"] for call in run] == ["Weekly limit reached, weekly"]
    # Only with a sound.
    await alerts.fire(SESSION, "limit_reached", percent=100)
    assert len(run) == 1


async def test_slow_actions(alerts: Alerts) -> None:
    """Further actions that take an hour do not hold up the next message."""
    actions = [
        {"service": "script.begin"},
        {"delay": {"hours": 1}},
        {"service": "script.finish"},
    ]
    begun, finished = (
        async_mock_service(alerts.claude.hass, "script", name)
        for name in ("begin", "finish")
    )
    await alerts.start(actions=actions)
    device_id = alerts.device_of(alerts.entries[0])
    for number, event_type in enumerate(("will_run_out", "limit_reached")):
        data = {"type": event_type, "kind": "weekly", "limit": "weekly", "percent": 90}
        alerts.claude.hass.bus.async_fire(
            "claude_pulse_event", {**data, "device_id": device_id}
        )
        await wait_for(partial(_is_longer, begun, number))
    assert alerts.phone.sounds == [
        "Weekly limit runs out before its reset",
        "Weekly limit reached",
    ]
    # Both wait now.
    await wait_for(partial(_is_longer, finished, 0))
    assert finished == []
    await alerts.claude.pass_time(3601)
    assert len(finished) == 2


async def wait_for(condition: Callable[[], bool]) -> None:
    """Wait a while for a condition. An automation with a delay does not end."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0)


def _is_longer(calls: list[Any], number: int) -> bool:
    """Return whether there are more calls than a number."""
    return len(calls) > number


async def test_german(alerts: Alerts) -> None:
    """Messages are in the language of Home Assistant, whatever the region."""
    alerts.claude.hass.config.language = "de-CH"
    await alerts.start()
    await alerts.fire(WEEKLY, "limit_reached", percent=100)
    await alerts.fire(ACCOUNT, "cannot_be_read")
    assert alerts.phone.texts == [
        "Wochenlimit erreicht",
        "Claude-Nutzung nicht abrufbar",
    ]


async def test_test_message(alerts: Alerts) -> None:
    """Run by hand, also in quiet hours, the automation sends a test message."""
    await alerts.start(messages=[])
    await alerts.run_by_hand()
    await alerts.wait_until("2026-05-05 02:00")
    await alerts.run_by_hand()
    assert alerts.phone.texts == ["Claude Pulse alerts work"] * 2


CHOOSE = "Choose a Claude account"


async def test_two_accounts(alerts: Alerts) -> None:
    """Only the chosen account's usage is sent, with its name."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start()
    other = await claude.entry("ben", title="Ben")
    device = alerts.device_of(other)
    await alerts.reconfigure(account=device)
    await poll(claude, body(20, week=100))
    assert phone.calls == []
    claude.serve(body(20, week=100), "ben")
    await pass_steps(claude, 3)
    assert phone.sounds == ["Ben: Weekly limit reached"]
    assert not notifications(claude.hass)


async def test_no_account_is_chosen(alerts: Alerts) -> None:
    """Nobody's usage is sent. A notification says what to do, until it is done."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(20, week=60))
    other = await claude.entry("ben", title="Ben")
    await poll(claude, body(20, week=100))
    assert phone.calls == []
    assert list(notifications(claude.hass).values()) == [CHOOSE]
    # Chosen: it is gone at once.
    await alerts.reconfigure(account=alerts.device_of(other))
    assert not notifications(claude.hass)
    # Not chosen again: it is there at once.
    await alerts.reconfigure()
    assert list(notifications(claude.hass).values()) == [CHOOSE]
    await alerts.run_by_hand()
    assert phone.calls == []
    # There is only one account any more.
    await claude.hass.config_entries.async_remove(other.entry_id)
    await claude.settle()
    await alerts.fire(WEEKLY, "limit_reached", percent=100)
    assert phone.texts == ["Weekly limit reached"]
    assert not notifications(claude.hass)


async def test_deleted_account(alerts: Alerts) -> None:
    """The chosen account is gone: a notification says so, every morning."""
    await alerts.start(account="unknown")
    await alerts.fire(WEEKLY, "limit_reached", percent=100)
    assert list(notifications(alerts.claude.hass).values()) == [CHOOSE]
    persistent_notification.async_dismiss(
        alerts.claude.hass, f"claude_pulse_{AUTOMATION}"
    )
    assert not notifications(alerts.claude.hass)
    await alerts.wait_until("2026-05-05 07:00")
    assert list(notifications(alerts.claude.hass).values()) == [CHOOSE]


async def test_every_type_is_known(alerts: Alerts) -> None:
    """The blueprint knows each event that is not only an end."""
    await alerts.start()
    known = {item for parts in CHOICES.values() for part in parts for item in part}
    ends = {"reset", "refilled"}
    for identity in (SESSION, WEEKLY, SAVED_RESETS, ACCOUNT):
        missing = {
            item
            for item in types_of(identity)
            if item not in ends and not any(name.endswith(item) for name in known)
        }
        assert missing == set()


async def test_key_is_renewed(alerts: Alerts) -> None:
    """The message about a key that expires soon goes when there is another key."""
    claude = alerts.claude
    await alerts.start(phones=[])
    entry = alerts.entries[0]
    since = dt_util.utcnow() - timedelta(days=26)
    await _set_key_since(alerts, entry, since)
    assert list(notifications(claude.hass).values()) == [
        "Claude session key expires soon"
    ]
    await _set_key_since(alerts, entry, dt_util.utcnow())
    assert not notifications(claude.hass)


async def _set_key_since(alerts: Alerts, entry: Any, since: datetime) -> None:
    """Store when the session key was entered, as the form does, and reload."""
    claude = alerts.claude
    data = {**entry.data, CONF_SESSION_KEY_SINCE: since.isoformat()}
    claude.hass.config_entries.async_update_entry(entry, data=data)
    await reload(claude, entry)
    await pass_steps(claude, 3, 60)


async def test_saved_reset_is_used(alerts: Alerts) -> None:
    """The message about a saved reset goes when none is left."""
    claude = alerts.claude
    await alerts.start(name="hal", phones=[])
    seat = account_of(claude, "hal").seats[-1]
    assert seat.grants
    granted = type(seat.grants[0])(
        "Spring", seat.grants[0].starts_at, seat.grants[0].ends_at, total=1, left=1
    )
    seat.grants.append(granted)
    await pass_steps(claude, 3)
    assert list(notifications(claude.hass).values()) == ["You got a saved reset"]
    seat.grants.clear()
    await pass_steps(claude, 5)
    assert not notifications(claude.hass)


async def test_disabled_account(alerts: Alerts) -> None:
    """Nobody is asked to choose an account that is chosen, and only disabled."""
    claude = alerts.claude
    await alerts.start()
    entry = alerts.entries[0]
    await claude.entry("ben", title="Ben")
    await alerts.reconfigure(account=alerts.device_of(entry))
    await claude.hass.config_entries.async_set_disabled_by(
        entry.entry_id, ConfigEntryDisabler.USER
    )
    await claude.settle()
    await alerts.wait_until("2026-05-05 07:00")
    assert not notifications(claude.hass)


@pytest.mark.parametrize("end", ["no session any more", "key expired"])
async def test_end_of_a_live_update(alerts: Alerts, end: str) -> None:
    """A live update goes when nothing updates it any more."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(2), messages=["live"])
    await poll(claude, body(100), 2)
    (tag,) = {call.data["data"]["tag"] for call in phone.calls}
    phone.calls.clear()
    if end == "key expired":
        account_of(claude).log_out()
    else:
        claude.serve({**body(100), "five_hour": None})
    await pass_steps(claude, 10)
    cleared = [call.data["data"]["tag"] for call in phone.calls]
    assert phone.texts
    assert set(phone.texts) == {"clear_notification"}
    assert tag in cleared


async def test_no_run_without_a_message(alerts: Alerts) -> None:
    """An event that sends nothing does not run the automation, which has a logbook."""
    claude, phone = alerts.claude, alerts.phone
    await alerts.start(body(2))
    runs: list[Any] = []
    claude.hass.bus.async_listen("automation_triggered", runs.append)
    for percent in (6, 11, 16, 21):
        await poll(claude, body(percent))
    assert phone.calls == []
    assert not runs
