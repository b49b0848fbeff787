"""Since when a session key is known, and when an offer of another is believed again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.polling import session_key
from custom_components.claude_pulse.stored import data_of
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .common import (
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    seat_of,
    settle,
    states,
    usage_requests,
)
from .simulator import Simulator
from .simulator.server import Request

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR, DAY = 60 * 60, 24 * 60 * 60
NOW = datetime(2026, 5, 31, 12, 0, tzinfo=UTC)


async def test_offer_is_believed_again_after_a_day(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Not a minute before, and then the whole renewal takes place anew."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    old, new = account.session_key, account.renew()
    account.refuse_new_key()
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == old
    await pass_time(hass, freezer, 23 * HOUR)
    await pass_time(hass, freezer, 57 * 60)
    assert entry.data["session_key"] == old
    await pass_time(hass, freezer, 3 * 60)
    assert entry.data["session_key"] == new
    assert entry.data["previous_session_key"] == old
    account.accepted.add(account.keys)
    account.end_old_keys()
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == new
    assert "previous_session_key" not in entry.data
    assert "unavailable" not in states(hass).values()


async def test_key_entered_while_the_old_one_is_tried(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Whoever enters a key wins over what is restored."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    old = account.session_key
    account.renew()
    account.refuse_new_key()
    await pass_time(hass, freezer)
    assert entry.data["previous_session_key"] == old
    entered = account.renew()

    async def enter(request: Request) -> None:
        """Store another key, as a form does, when the old one is tried."""
        if request.session_key == old:
            data = {**entry.data, "session_key": entered}
            data.pop("previous_session_key", None)
            hass.config_entries.async_update_entry(entry, data=data)

    simulator.on_request = enter
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == entered
    assert "previous_session_key" not in entry.data
    assert "unavailable" not in states(hass).values()
    assert not reauth_flows(hass)


async def test_key_entered_while_another_is_offered(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Nobody asks with an offer that has not been stored."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    old, entered = account.session_key, account.renew()
    offered = account.renew()

    async def enter(_: Request) -> None:
        """Store another key, as a form does, before the poll is through."""
        data = {**entry.data, "session_key": entered}
        hass.config_entries.async_update_entry(entry, data=data)

    simulator.on_request = enter
    await pass_time(hass, freezer)
    before = len(simulator.requests)
    await pass_time(hass, freezer)
    asked = [request.session_key for request in simulator.requests[before:]]
    assert old in asked
    assert offered not in asked
    assert entry.data["session_key"] == entered


@pytest.mark.parametrize(
    ("since", "ends_soon"),
    [
        ((NOW - timedelta(days=25)).isoformat(), True),
        ((NOW - timedelta(days=25) + timedelta(minutes=1)).isoformat(), False),
        # In another zone, and as it could be written by hand.
        ("2026-05-06T14:00:00+02:00", True),
        ("2026-05-06T14:01:00+02:00", False),
        ("2026-05-01 00:00:00+00:00", True),
        # Replaced by the time at which the key was seen to work.
        ("long ago", False),
        ("", False),
        (None, False),
        (5, False),
        ([], False),
    ],
)
async def test_since_when_a_key_is_known(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    since: Any,
    ends_soon: bool,
) -> None:
    """It is what the entry says, if it says something that can be read."""
    freezer.move_to(NOW)
    data = {**seat_of(simulator), "session_key_since": since}
    entry = MockConfigEntry(data=data, domain=DOMAIN, title="Claude Pulse", version=2)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == ({"key_ends"} if ends_soon else set())
    if data_of(MockConfigEntry(data=data)).session_key_since is None:
        data["session_key_since"] = NOW.isoformat()
    assert dict(entry.data) == data


async def test_first_proof_is_noted(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """An entry that does not say since when is told so, once."""
    freezer.move_to(NOW)
    entry = await add_entry(hass, simulator)
    assert entry.data["session_key_since"] == NOW.isoformat()
    written = entry.data
    for _ in range(3):
        await pass_time(hass, freezer)
    assert entry.data is written


async def test_renewal_that_is_proved_is_dated(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Since its proof, not since the offer."""
    entry = await add_entry(hass, simulator)
    since = entry.data["session_key_since"]
    simulator.world.accounts["ada"].renew()
    await pass_time(hass, freezer)
    assert entry.data["session_key_since"] == since
    await pass_time(hass, freezer)
    proved = simulator.now.isoformat()
    assert entry.data["session_key_since"] == proved
    await pass_time(hass, freezer)
    assert entry.data["session_key_since"] == proved


def test_pause_before_a_refusal_is_confirmed() -> None:
    """A key that is being renewed on the other side has a moment for it."""
    assert session_key.CONFIRM_PAUSE == 5


async def test_refusal_is_confirmed_with_the_same_key(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Where there is no other one; and once."""
    entry = await add_entry(hass, simulator)
    key = entry.data["session_key"]
    simulator.set_fault("session_invalid")
    before = usage_requests(simulator)
    await pass_time(hass, freezer)
    asked = [r.session_key for r in simulator.requests if r.path.endswith("/usage")]
    assert asked[before:] == [key, key]
    assert len(reauth_flows(hass)) == 1
