"""What an entry does over time: polling, every fault, and recovery."""

from __future__ import annotations

from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
)

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .common import (
    ANSWERING_FAULTS,
    POLL,
    SLOW_FAULTS,
    TEN_KEYS,
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
from .simulator.faults import FAULTS

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

UNAVAILABLE = dict.fromkeys(TEN_KEYS, "unavailable")
BLOCKED_OR_LIMITED = (1, 6)


async def test_one_request_per_poll_and_the_plan_every_six_hours(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A poll is one request; plan and balance are asked for every six hours."""
    entry = await add_entry(hass, simulator)
    org_id = entry.data["org_id"]
    usage = f"/api/organizations/{org_id}/usage"
    plan = f"/api/organizations/{org_id}"
    balance = f"{plan}/prepaid/credits"
    assert [r.path for r in simulator.requests] == [usage, plan, balance]

    for _ in range(170):
        await pass_time(hass, freezer)
    paths = [r.path for r in simulator.requests[3:]]
    # 170 polls, and one for each session window that ended on the way.
    assert 170 <= paths.count(usage) <= 172
    assert (paths.count(plan), paths.count(balance)) == (0, 0)

    for _ in range(4):
        await pass_time(hass, freezer)
    paths = [r.path for r in simulator.requests]
    assert (paths.count(plan), paths.count(balance)) == (2, 2)


async def test_interval_and_jitter(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The next poll comes after the interval, and within a few seconds of it."""
    await add_entry(hass, simulator, update_interval=300)
    await pass_time(hass, freezer, 298)
    assert usage_requests(simulator) == 1
    await pass_time(hass, freezer, 8)
    assert usage_requests(simulator) == 2


async def test_plan_follows_a_change(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Another plan shows within six hours; a plan that is not told stays what it was."""
    await add_entry(hass, simulator)
    organization = simulator.world.accounts["ada"].seats[-1].organization
    organization.rate_limit_tier = "default_claude_max_5x"
    simulator.silent_organization = True
    for _ in range(3):
        await pass_time(hass, freezer, 7300)
    assert states(hass)["plan"] == "Max 20x"

    simulator.silent_organization = False
    await pass_time(hass, freezer, 3700)

    assert states(hass)["plan"] == "Max 5x"


async def test_wakes_up_after_a_reset(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A new window shows soon after it began, however long the interval is."""
    await add_entry(hass, simulator, update_interval=86400)
    seat = simulator.world.accounts["ada"].seats[-1]
    _, reset = seat.session.read(simulator.now)
    left = (reset - simulator.now).total_seconds()
    await pass_time(hass, freezer, left)
    assert float(states(hass)["session_usage"]) > 5
    assert usage_requests(simulator) == 1

    await pass_time(hass, freezer, 16)
    assert float(states(hass)["session_usage"]) < 1
    assert states(hass)["session_reset_countdown"] == "5h 0m"
    assert usage_requests(simulator) == 2


@pytest.mark.parametrize("name", ANSWERING_FAULTS)
async def test_fault_then_recovery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    """Each fault does what its row says, and only a dead key asks a person."""
    entry = await add_entry(hass, simulator)
    before = states(hass)
    key = entry.data["session_key"]
    row = FAULTS[name].row
    caplog.clear()
    simulator.set_fault(name)
    await pass_time(hass, freezer)

    # A limit or a challenge says nothing about the values so far.
    if row in BLOCKED_OR_LIMITED:
        kept = states(hass)
        # Only the clock goes on.
        assert kept.pop("session_reset_countdown") != before["session_reset_countdown"]
        assert kept.items() <= before.items()
    else:
        assert states(hass) == UNAVAILABLE
        # Told once.
        errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
        assert len(errors) == 1
        assert "claude.ai" in errors[0].getMessage()
    assert len(reauth_flows(hass)) == (row == 2)

    await pass_time(hass, freezer, 16 * 60)
    assert states(hass) == UNAVAILABLE
    assert len(reauth_flows(hass)) == (row == 2)
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1

    simulator.clear_faults()
    if row == 2:
        (flow,) = reauth_flows(hass)
        await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"session_key": key}
        )
        await settle(hass)
    else:
        await pass_time(hass, freezer, 6 * 60 * 60)
        assert "Fetching claude_pulse data recovered" in caplog.text
    assert "unavailable" not in states(hass).values()
    assert not reauth_flows(hass)


@pytest.mark.parametrize("name", ANSWERING_FAULTS)
async def test_fault_while_setting_up(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    name: str,
) -> None:
    """Each fault delays the set-up, says why, and gives way by itself; but a dead key."""
    simulator.set_fault(name)
    entry = await add_entry(hass, simulator)
    dead = FAULTS[name].row == 2
    assert entry.state is (
        ConfigEntryState.SETUP_ERROR if dead else ConfigEntryState.SETUP_RETRY
    )
    assert len(reauth_flows(hass)) == dead
    assert entry.reason

    simulator.clear_faults()
    for _ in range(12):
        await pass_time(hass, freezer, 60)
    assert (entry.state is ConfigEntryState.LOADED) != dead


@pytest.mark.parametrize("name", SLOW_FAULTS)
async def test_no_answer_then_recovery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    name: str,
) -> None:
    """A claude.ai whose answer does not end is unavailable, and comes back by itself."""
    simulator.on_slow_answer = lambda: freezer.tick(16)
    await add_entry(hass, simulator)
    simulator.set_fault(name)
    await pass_time(hass, freezer)
    assert states(hass) == UNAVAILABLE

    simulator.clear_faults()
    await pass_time(hass, freezer)
    assert "unavailable" not in states(hass).values()


async def test_dead_key_is_confirmed_before_a_person_is_asked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One refusal that the next request does not confirm changes nothing."""
    await add_entry(hass, simulator)
    refuse = FAULTS["session_invalid"]

    class Once(type(refuse)):
        """A fault that is over after one answer."""

        async def __call__(self, request):
            """Answer, and end."""
            simulator.clear_faults()
            return await super().__call__(request)

    simulator.faults[None] = Once(refuse.row, refuse.status, refuse.body)
    before = usage_requests(simulator)
    await pass_time(hass, freezer)

    assert usage_requests(simulator) == before + 2
    assert "unavailable" not in states(hass).values()
    assert not reauth_flows(hass)


@pytest.mark.smoke
async def test_dead_key_stops_polling(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Nothing is asked with a dead key, until there is another one."""
    entry = await add_entry(hass, simulator)
    simulator.world.accounts["ada"].log_out()
    await pass_time(hass, freezer)
    assert len(reauth_flows(hass)) == 1
    assert states(hass) == UNAVAILABLE
    before = len(simulator.requests)
    for _ in range(5):
        await pass_time(hass, freezer, 3600)

    assert len(simulator.requests) == before
    assert len(reauth_flows(hass)) == 1
    assert entry.state is ConfigEntryState.LOADED


async def test_refused_organization_with_a_dead_key(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A refused organization is the dead key's, if the list is refused too."""
    await add_entry(hass, simulator)
    simulator.set_fault("organization_refused", "ada")
    await pass_time(hass, freezer)
    assert not reauth_flows(hass)
    assert states(hass) == UNAVAILABLE

    # The list is refused as well, for there is no such key any more.
    simulator.world.accounts["ada"].log_out()
    simulator.set_fault("organization_refused")
    await pass_time(hass, freezer, 2 * POLL)
    assert len(reauth_flows(hass)) == 1


async def test_unclear_refusals(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The third unclear refusal in a row asks for the list of organizations."""
    await add_entry(hass, simulator)
    simulator.set_fault("forbidden_organization")
    lists = []
    for minutes in (2, 4, 8, 16):
        await pass_time(hass, freezer, minutes * 61 + 30)
        paths = [request.path for request in simulator.requests]
        lists.append(paths.count("/api/organizations"))
    assert lists == [0, 0, 1, 2]
    assert "without saying why" in caplog.text
    assert issues(hass) == {"organization"}
    assert not reauth_flows(hass)

    simulator.clear_faults()
    await pass_time(hass, freezer, 30 * 60)
    assert "unavailable" not in states(hass).values()
    assert not issues(hass)


async def test_unclear_refusals_of_a_dead_key(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The list's refusal is confirmed too, before a person is asked."""
    await add_entry(hass, simulator)
    simulator.set_fault("forbidden_organization")
    for minutes in (2, 4):
        await pass_time(hass, freezer, minutes * 61 + 30)
    simulator.list_fault = "session_invalid"
    await pass_time(hass, freezer, 8 * 61 + 30)
    paths = [request.path for request in simulator.requests]
    assert paths.count("/api/organizations") == 2
    assert len(reauth_flows(hass)) == 1


async def test_unclear_refusals_with_something_between(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Three in a row are meant, not three in all."""
    await add_entry(hass, simulator)
    for name in ("forbidden", "forbidden", "server_error", "forbidden", "forbidden"):
        simulator.set_fault(name)
        await pass_time(hass, freezer, 31 * 60)
    paths = [request.path for request in simulator.requests]
    assert "/api/organizations" not in paths


async def test_values_are_kept_for_fifteen_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Under a challenge the last values stay, and then are given up without a poll."""
    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="7200")
    await pass_time(hass, freezer)
    before = usage_requests(simulator)
    await pass_time(hass, freezer, 12 * 60)
    assert "unavailable" not in states(hass).values()

    await pass_time(hass, freezer, 60)
    assert states(hass) == UNAVAILABLE
    assert usage_requests(simulator) == before

    simulator.clear_faults()
    await pass_time(hass, freezer, 7200)
    assert "unavailable" not in states(hass).values()


async def test_reset_does_not_break_into_a_back_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A window's reset asks nothing while claude.ai wants to be left alone."""
    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after=str(5 * 3600))
    await pass_time(hass, freezer)
    before = usage_requests(simulator)
    await pass_time(hass, freezer, 4 * 3600)

    assert usage_requests(simulator) == before


@pytest.mark.smoke
async def test_unload_during_a_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """An entry that goes in the middle of a poll leaves no timer and no error behind."""
    entry = await add_entry(hass, simulator)
    freezer.tick(timedelta(hours=7))
    async_fire_time_changed(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)

    assert entry.state is ConfigEntryState.NOT_LOADED
    assert states(hass) == UNAVAILABLE
    before = len(simulator.requests)
    await pass_time(hass, freezer, 7200)
    assert len(simulator.requests) == before


async def test_two_accounts_never_mix(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Alternating polls of two accounts show each its own numbers, whatever cookies come."""
    for account in ("ada", "ben"):
        simulator.world.accounts[account].seats[-1].fixed_body = {}
    await add_entry(hass, simulator, "ada")
    await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    for number in range(1, 30):
        for account, base in (("ada", 0), ("ben", 50)):
            simulator.world.accounts[account].seats[-1].fixed_body = {
                "five_hour": {"utilization": base + number, "resets_at": None}
            }
        await pass_time(hass, freezer)
        assert states(hass)["session_usage"] == f"{number}"
        assert states(hass, "claude_pulse_work")["session_usage"] == f"{50 + number}"

    keys = {seat_of(simulator, account)["session_key"] for account in ("ada", "ben")}
    assert {request.session_key for request in simulator.requests} == keys
    for account in ("ada", "ben"):
        data = seat_of(simulator, account)
        asked = {r.path for r in simulator.requests if data["org_id"] in r.path}
        mine = {
            r.path for r in simulator.requests if r.session_key == data["session_key"]
        }
        assert asked == mine
