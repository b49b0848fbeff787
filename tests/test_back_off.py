"""How long claude.ai is left alone after a failure, over reloads and restarts too."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import (
    POLL,
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    settle,
    states,
    usage_requests,
)
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60


def files(storage: dict[str, Any]) -> list[str]:
    """Return the names of what is remembered of failures in the storage folder."""
    ours = [name for name in storage if name.startswith("claude_pulse")]
    return [name for name in ours if not name.endswith(".told")]


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Reload an entry; all that a restart keeps is kept by it as well, and no more."""
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)


async def waits(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    polls: int,
) -> list[int]:
    """Return the minutes between so many polls from now, rounded down."""
    times = []
    before = usage_requests(simulator)
    while len(times) <= polls:
        await pass_time(hass, freezer, 30)
        if usage_requests(simulator) > before:
            before = usage_requests(simulator)
            times.append(simulator.now)
    minute = timedelta(minutes=1)
    return [(later - earlier) // minute for earlier, later in pairwise(times)]


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("challenge", [4, 8, 16, 32, 60, 60]),
        ("rate_limited", [4, 8, 16, 30, 30]),
        ("server_error", [2, 2, 2]),
    ],
)
async def test_back_off(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    name: str,
    minutes: list[int],
) -> None:
    """A challenge and a limit double the wait; a success restores the interval."""
    await add_entry(hass, simulator)
    simulator.set_fault(name)
    assert await waits(hass, freezer, simulator, len(minutes)) == [
        pytest.approx(wait, abs=1) for wait in minutes
    ]

    simulator.clear_faults()
    assert (await waits(hass, freezer, simulator, 2))[-1] == 2


@pytest.mark.parametrize(
    ("retry_after", "minutes"),
    [
        # A wish within reason.
        ("600", 10),
        # At least the interval.
        ("1", 2),
        # At most six hours.
        ("99999999999999999999", 360),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 360),
        ("Wed, 21 Oct 2099 07:28:00 -0000", 360),
        # Not a wish: doubled.
        ("0", 4),
        ("-5", 4),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 4),
        ("nan", 4),
        ("soon", 4),
        ("Wed, 21 Oct 99999999999 07:28:00 GMT", 4),
        ("Wed, 21 Oct 2099 07:28:00 +9999999999999999999999", 4),
    ],
)
async def test_retry_after(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    retry_after: str,
    minutes: int,
) -> None:
    """The wait that a limit asks for is kept within bounds."""
    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after=retry_after)
    (wait,) = await waits(hass, freezer, simulator, 1)
    assert wait == pytest.approx(minutes, abs=1)


@pytest.mark.parametrize("name", ["challenge", "rate_limited", "forbidden"])
async def test_wait_survives_a_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    name: str,
) -> None:
    """Neither reloads nor Home Assistant's own retries ask before the wait is over."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault(name)
    for minutes in (2, 4, 8):
        await pass_time(hass, freezer, minutes * 61 + 30)
    assert files(hass_storage) == [f"claude_pulse.{entry.entry_id}"]
    before = usage_requests(simulator)

    # The wait is 16 minutes now.
    for _ in range(5):
        await reload(hass, entry)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert "claude.ai" in entry.reason
        await pass_time(hass, freezer, 3 * 60)
    assert usage_requests(simulator) == before
    # The next one is twice as long, not the first again.
    for _ in range(25):
        await pass_time(hass, freezer, 60)
    assert usage_requests(simulator) == before + 1
    assert not reauth_flows(hass)

    simulator.clear_faults()
    for _ in range(45):
        await pass_time(hass, freezer, 60)
    assert entry.state is ConfigEntryState.LOADED
    assert "unavailable" not in states(hass).values()
    assert not files(hass_storage)
    assert (await waits(hass, freezer, simulator, 2))[-1] == 2


async def test_outage_during_set_up_is_not_hammered(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Home Assistant retries a set-up every few seconds; claude.ai is asked at the interval."""
    simulator.set_fault("server_error")
    await add_entry(hass, simulator)
    for _ in range(3 * POLL):
        await pass_time(hass, freezer, 2)
    assert 3 <= usage_requests(simulator) <= 6


async def test_no_connection_during_set_up_is_retried_soon(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A network that comes up after Home Assistant costs seconds, not minutes."""
    await simulator.stop()
    entry = await add_entry(hass, simulator)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await simulator.start()
    for _ in range(5):
        await pass_time(hass, freezer, 3)
    assert entry.state is ConfigEntryState.LOADED


async def test_refresh_by_hand_respects_the_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Asking for an update asks nothing while claude.ai wants to be left alone."""
    await async_setup_component(hass, "homeassistant", {})
    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="1200")
    await pass_time(hass, freezer)
    before = usage_requests(simulator)
    for _ in range(6):
        await hass.services.async_call(
            "homeassistant",
            "update_entity",
            {"entity_id": "sensor.claude_pulse_session_usage"},
            blocking=True,
        )
        await pass_time(hass, freezer, 120)
        assert states(hass)["plan"] == "Max 20x"
    assert usage_requests(simulator) == before

    simulator.clear_faults()
    await pass_time(hass, freezer, 481)
    assert usage_requests(simulator) == before + 1


async def test_outage_does_not_make_a_back_off_shorter(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Only a success brings the interval back."""
    await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    for minutes in (2, 4, 8, 16):
        await pass_time(hass, freezer, minutes * 61 + 30)
    simulator.set_fault("server_error")
    assert (await waits(hass, freezer, simulator, 2))[-1] == pytest.approx(32, abs=1)
    simulator.set_fault("challenge")
    assert (await waits(hass, freezer, simulator, 2))[-1] == pytest.approx(60, abs=1)


async def test_longer_interval_is_kept_to(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A back-off never asks more often than the person wants."""
    await add_entry(hass, simulator, update_interval=2 * HOUR)
    simulator.set_fault("challenge")
    await pass_time(hass, freezer, 2 * HOUR + 10)
    before = usage_requests(simulator)
    await pass_time(hass, freezer, 2 * HOUR - 10)
    assert usage_requests(simulator) == before


async def test_a_person_who_changes_something_need_not_wait(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Submitting the options, unchanged too, asks at once."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="21600")
    await pass_time(hass, freezer, HOUR)
    await reload(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    simulator.clear_faults()

    options = hass.config_entries.options
    flow = await options.async_init(entry.entry_id)
    await options.async_configure(
        flow["flow_id"], {"org_id": entry.data["org_id"], "update_interval": 120}
    )
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED


async def test_clock_that_was_wrong(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A wait that was noted in a far future is none."""
    entry = await add_entry(hass, simulator)
    freezer.tick(timedelta(days=3650))
    simulator.set_fault("challenge")
    await pass_time(hass, freezer)
    await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(-timedelta(days=3650))
    simulator.clear_faults()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_outage_after_a_long_limit(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """What a limit has asked for is over when it is over: an outage then costs an hour."""
    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="21600")
    await pass_time(hass, freezer)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer, 21600)
    simulator.clear_faults()
    await pass_time(hass, freezer, HOUR)
    assert "unavailable" not in states(hass).values()


@pytest.mark.parametrize(
    "stored",
    [
        {"version": 1, "minor_version": 1, "key": "x", "data": {}},
        {"version": 1, "minor_version": 1, "key": "x", "data": ["what", "else"]},
        {"version": 9, "minor_version": 1, "key": "x", "data": {}},
    ],
)
async def test_unreadable_memory(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    stored: dict[str, Any],
) -> None:
    """A file that cannot be read keeps no entry from being set up."""
    entry = await add_entry(hass, simulator)
    hass_storage[f"claude_pulse.{entry.entry_id}"] = stored
    await reload(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    simulator.set_fault("challenge")
    await pass_time(hass, freezer)
    await reload(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_long_challenge_is_explained(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """After a day a repair issue says what helps, restarts or not, and clears itself."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    for hour in range(23):
        await pass_time(hass, freezer, HOUR)
        if hour % 5 == 0:
            await reload(hass, entry)
            # Nothing came through for a moment: that ends no challenge.
            simulator.set_fault("server_error")
            await pass_time(hass, freezer, HOUR)
            simulator.set_fault("challenge")
        if hour < 17:
            assert not issues(hass)
    for _ in range(60):
        await pass_time(hass, freezer, 2 * 60)
    assert issues(hass) == {"blocked"}
    issue_id = f"blocked_{entry.entry_id}"
    issue = ir.async_get(hass).async_get_issue("claude_pulse", issue_id)
    assert not issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not reauth_flows(hass)

    ir.async_delete_issue(hass, "claude_pulse", issue_id)
    await reload(hass, entry)
    assert issues(hass) == {"blocked"}
    simulator.clear_faults()
    for _ in range(75):
        await pass_time(hass, freezer, 60)
    assert "unavailable" not in states(hass).values()
    assert not issues(hass)


async def test_challenge_ends_by_any_answer_of_claude_ai(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A dead key behind a long challenge is what a person is told of then."""
    await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    for _ in range(26):
        await pass_time(hass, freezer, HOUR)
    assert issues(hass) == {"blocked"}
    simulator.clear_faults()
    simulator.world.accounts["ada"].log_out()
    await pass_time(hass, freezer, HOUR)
    assert not issues(hass)
    assert len(reauth_flows(hass)) == 1


async def test_clock_set_right_during_a_challenge(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A challenge of some minutes has not lasted a day because the clock was set right."""
    await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    await pass_time(hass, freezer)
    freezer.tick(timedelta(days=2))
    await pass_time(hass, freezer)
    assert issues(hass) == set()
