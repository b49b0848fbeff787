"""When a poll comes, what it leaves behind, and how a failed one is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.claude_ai.money import Money
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.polling import coordinator as coordinator_module
from custom_components.claude_pulse.polling.slots import async_take_slot
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .common import (
    add_entry,
    pass_time,
    serve,
    session,
    settle,
    states,
    update_by_hand,
    usage_requests,
)
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CONNECTION = "sensor.claude_pulse_connection"


@pytest.fixture(params=[0, 5])
def jitter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Choose the shortest or the longest jitter there can be."""
    ends: Callable[[int, int], int] = (min, max)[request.param > 0]
    monkeypatch.setattr(coordinator_module.random, "randint", ends)
    return request.param


async def seconds_to_the_next_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator, most: int
) -> int:
    """Let seconds pass until claude.ai is asked, and return how many."""
    before = usage_requests(simulator)
    for second in range(1, most + 1):
        await pass_time(hass, freezer, 1)
        if usage_requests(simulator) > before:
            return second
    raise AssertionError("not asked")


async def test_interval_and_its_jitter(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    jitter: int,
) -> None:
    """Up to five seconds later than the interval; Home Assistant rounds to its own."""
    freezer.move_to(NOW)
    entry = await add_entry(hass, simulator, update_interval=30)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    assert coordinator.update_interval == timedelta(seconds=30 + jitter)
    for _ in range(3):
        after = await seconds_to_the_next_poll(hass, freezer, simulator, 40)
        assert after == pytest.approx(30 + jitter, abs=1.5)


@pytest.mark.parametrize(
    ("minutes_to_reset", "seconds"),
    [
        # Fifteen seconds after the reset, where that is sooner than the interval.
        (1, 75),
        (2, 135),
        (30, 1815),
        (60, 3615),
        # The interval is sooner.
        (120, 7200),
        # Now, or just over: fifteen seconds, or as long as it is late.
        (0, 15),
        (-1, 60),
        (-10, 600),
        (-59, 3540),
        # Late by an hour, nobody waits for it any more.
        (-60, 7200),
        (-61, 7200),
    ],
)
async def test_reset_before_the_interval_is_over(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    minutes_to_reset: int,
    seconds: int,
) -> None:
    """The next poll comes after the reset of whichever window is the next."""
    monkeypatch.setattr(coordinator_module.random, "randint", min)
    freezer.move_to(NOW)
    reset = (NOW + timedelta(minutes=minutes_to_reset)).isoformat()
    rows = [
        {"kind": "session", "percent": 5, "resets_at": None},
        {"kind": "weekly_all", "percent": 5, "resets_at": "2026-05-09T00:00:00Z"},
        {"kind": "daily", "percent": 5, "resets_at": reset},
    ]
    serve(simulator, {"limits": rows})
    entry = await add_entry(hass, simulator, update_interval=7200)
    interval = hass.data[DOMAIN][entry.entry_id].update_interval
    assert interval.total_seconds() == pytest.approx(seconds, abs=1)


async def test_connection(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """What is wrong shows at once, although the values stay; and that it is over."""
    # Nothing else changes.
    serve(simulator, session(31, None))
    await add_entry(hass, simulator)
    assert hass.states.get(CONNECTION).state == "up_to_date"
    assert "last_update" not in hass.states.get(CONNECTION).attributes
    succeeded = simulator.now

    simulator.set_fault("rate_limited", retry_after="240")
    await pass_time(hass, freezer)
    assert hass.states.get(CONNECTION).state == "rate_limited"
    assert hass.states.get(CONNECTION).attributes["last_update"] == succeeded
    assert states(hass)["plan"] == "Max 20x"

    simulator.set_fault("challenge")
    await pass_time(hass, freezer, 242)
    assert hass.states.get(CONNECTION).state == "blocked"
    assert states(hass)["plan"] == "Max 20x"

    simulator.clear_faults()
    await pass_time(hass, freezer, 482)
    assert hass.states.get(CONNECTION).state == "up_to_date"
    assert "last_update" not in hass.states.get(CONNECTION).attributes


@pytest.mark.parametrize(
    ("minutes", "kept"), [(0, True), (12, True), (13, False), (30, False)]
)
@pytest.mark.parametrize("fault", ["rate_limited", "challenge"])
async def test_how_long_values_are_kept(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    minutes: int,
    kept: bool,
    fault: str,
) -> None:
    """Fifteen minutes after they were true, two of which have passed at the failure."""
    await add_entry(hass, simulator)
    simulator.set_fault(fault, retry_after="7200" if fault == "rate_limited" else None)
    await pass_time(hass, freezer)
    for _ in range(minutes):
        await pass_time(hass, freezer, 60)
    assert (states(hass)["plan"] == "Max 20x") is kept


@pytest.mark.parametrize(("seconds", "kept"), [(0, True), (899, True), (900, False)])
async def test_from_this_second_to_that(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    seconds: int,
    kept: bool,
) -> None:
    """What was true at this very moment is kept, and what was 15 minutes ago is not."""
    entry = await add_entry(hass, simulator)
    simulator.set_fault("challenge")
    freezer.tick(seconds)
    await hass.data[DOMAIN][entry.entry_id].async_refresh()
    await settle(hass)
    assert (states(hass)["plan"] == "Max 20x") is kept


@pytest.mark.parametrize("fault", ["rate_limited", "challenge"])
async def test_nothing_to_keep(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str,
) -> None:
    """After an outage there are no values that a limit could keep."""
    await add_entry(hass, simulator)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    assert states(hass)["plan"] == "unavailable"
    simulator.set_fault(fault)
    await pass_time(hass, freezer)
    assert hass.states.get(CONNECTION).state != "cannot_connect"
    assert states(hass)["plan"] == "unavailable"


async def test_success_counts_from_when_it_was(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A clock that has been set back makes no value younger than it is."""
    entry = await add_entry(hass, simulator)
    await pass_time(hass, freezer)
    simulator.set_fault("challenge")
    freezer.tick(-timedelta(minutes=5))
    await hass.data[DOMAIN][entry.entry_id].async_refresh()
    await settle(hass)
    assert states(hass)["plan"] == "unavailable"


async def test_counts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Polls are those that have asked, failures are told by kind."""
    await add_entry(hass, simulator)
    (coordinator,) = hass.data[DOMAIN].values()
    assert (coordinator.polls, dict(coordinator.failures)) == (1, {})
    simulator.set_fault("challenge")
    await pass_time(hass, freezer)
    for _ in range(3):
        # Too early: nothing is asked, and the values stay.
        await coordinator.async_refresh()
        assert coordinator.last_update_success
    assert (coordinator.polls, dict(coordinator.failures)) == (2, {"blocked": 1})
    for _ in range(2):
        await pass_time(hass, freezer, HOUR)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer, HOUR)
    assert coordinator.polls == 5
    assert coordinator.failures == {"blocked": 3, "cannot_connect": 1}


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        ("challenge", "blocked"),
        ("region_451", "region_blocked"),
        ("rate_limited", "rate_limited"),
        ("forbidden", "forbidden"),
        ("malformed", "invalid_org_id"),
        ("organization_missing", "org_not_found"),
        ("server_error", "cannot_connect"),
        ("session_invalid", "invalid_auth"),
    ],
)
async def test_how_a_failure_is_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    key: str,
) -> None:
    """In English in the log, and under the key of its translation."""
    entry = await add_entry(hass, simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    simulator.set_fault(fault)
    await pass_time(hass, freezer, 16 * 60)
    await pass_time(hass, freezer, 16 * 60)
    error = coordinator.last_exception
    assert (error.translation_domain, error.translation_key) == (DOMAIN, key)
    assert error.translation_placeholders is None
    assert coordinator.last_update_success is False
    assert coordinator.trouble == key
    assert coordinator.back_off.failure.message == str(error.args[0])
    assert coordinator.back_off.failure.message in caplog.text


async def test_stopped_before_the_first_answer(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """A set-up whose poll is stopped has found out nothing, and is tried again."""

    async def stop(_: Any) -> None:
        """Stop the entry's own poll, as Home Assistant that stops does."""
        hass.bus.async_fire("homeassistant_stop")
        await asyncio.Event().wait()

    simulator.on_request = stop
    entry = await add_entry(hass, simulator)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    # Before Home Assistant 2026.9 the reason is the message, later its translation.
    if entry.reason != "stopped":
        assert entry.error_reason_translation_key == "cannot_connect"


async def test_minute_does_not_poll_before_it_is_due(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half a minute late is a poll that has been slept through, not less."""
    freezer.move_to(NOW)
    entry = await add_entry(hass, simulator, update_interval=3600)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    due = simulator.now + coordinator.update_interval
    before = usage_requests(simulator)
    # The machine sleeps: its timers stand still, the clock on the wall does not.
    asleep = hass.loop.time()
    monkeypatch.setattr(hass.loop, "time", lambda: asleep)
    for late, asked in ((-30, 0), (0, 0), (29, 0), (30, 1), (40, 1)):
        freezer.move_to(due + timedelta(seconds=late))
        coordinator.async_tick()
        await settle(hass)
        assert usage_requests(simulator) == before + asked


async def test_minute_writes_what_follows_the_clock(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Without a request, also while the polls fail."""
    freezer.move_to(NOW)
    serve(simulator, session(31, "2026-05-04T14:30:00Z"))
    await add_entry(hass, simulator, update_interval=3600)
    assert states(hass)["session_reset_countdown"] == "2h 30m"
    before = len(simulator.requests)
    await pass_time(hass, freezer, 60)
    assert states(hass)["session_reset_countdown"] == "2h 29m"
    assert len(simulator.requests) == before


async def test_money_that_was_spent_asks_for_the_balance(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Not when nothing was spent."""
    seat = simulator.world.accounts["ada"].seats[-1]
    seat.prepaid_cents = 5000

    def spent(cents: int) -> dict[str, Any]:
        """Return a body with so much spent."""
        used = {"amount_minor": cents, "currency": "EUR", "exponent": 2}
        return session(5, None, spend={"used": used, "enabled": True})

    serve(simulator, spent(100))
    await add_entry(hass, simulator)

    def asked() -> int:
        """Count the requests for the balance."""
        return sum(r.path.endswith("/credits") for r in simulator.requests)

    assert asked() == 1
    for _ in range(3):
        await pass_time(hass, freezer)
    assert asked() == 1
    await pass_time(hass, freezer, 4 * HOUR + 60)
    assert asked() == 1
    serve(simulator, spent(101))
    await pass_time(hass, freezer)
    assert asked() == 2
    (coordinator,) = hass.data[DOMAIN].values()
    assert coordinator.data.balance == Money(50.0, "EUR")


async def test_asking_by_hand_while_polling_is_off_and_limited(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Values that nobody would give up are not kept, and the limit is told."""
    entry = await add_entry(hass, simulator)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await pass_time(hass, freezer, 30)
    simulator.set_fault("rate_limited")
    await update_by_hand(hass)
    assert states(hass)["plan"] == "unavailable"
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert ["fewer requests" in r.getMessage() for r in errors] == [True]


async def test_entries_of_one_name_are_told_apart(
    hass: HomeAssistant, simulator: Simulator
) -> None:
    """Each has a poller that belongs to it."""
    entries = [
        await add_entry(hass, simulator, name, title=f"Claude Pulse {name}")
        for name in ("ada", "ben")
    ]
    for entry in entries:
        coordinator = hass.data[DOMAIN][entry.entry_id]
        assert coordinator.config_entry is entry
        assert coordinator.name == DOMAIN


async def test_refused_organization_of_several_kinds(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """After a clear refusal an unclear one asks for the list at once."""
    await add_entry(hass, simulator)
    simulator.set_fault("organization_missing")
    await pass_time(hass, freezer)
    assert hass.states.get(CONNECTION).state == "org_not_found"
    lists = sum(r.path == "/api/organizations" for r in simulator.requests)
    simulator.set_fault("forbidden_organization")
    await pass_time(hass, freezer, HOUR)
    asked = sum(r.path == "/api/organizations" for r in simulator.requests)
    assert asked == lists + 1
    assert hass.states.get(CONNECTION).state == "org_not_found"


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        # When the values have to be given up, twelve minutes from now; and a second.
        ("7200", 12 * 60 + 1),
        ("721", 12 * 60 + 1),
        # When the wait is over.
        ("600", 601),
    ],
)
async def test_who_looks_again_while_values_are_kept(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    retry_after: str,
    seconds: int,
) -> None:
    """Home Assistant does, when something has to happen next."""
    entry = await add_entry(hass, simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    simulator.set_fault("rate_limited", retry_after=retry_after)
    freezer.tick(3 * 60)
    await coordinator.async_refresh()
    await settle(hass)
    assert states(hass)["plan"] == "Max 20x"
    assert coordinator.update_interval == timedelta(seconds=seconds)


async def test_unchanged_answer_tells_nobody(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Who listens is called when something has changed."""
    freezer.move_to(NOW)
    serve(simulator, session(31, "2026-05-04T14:30:00Z"))
    entry = await add_entry(hass, simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    calls: list[float] = []
    remove = coordinator.async_add_listener(
        lambda: calls.append(coordinator.data.usage.session.percent)
    )
    for _ in range(3):
        await coordinator.async_refresh()
    assert calls == []
    serve(simulator, session(32, "2026-05-04T14:30:00Z"))
    await coordinator.async_refresh()
    assert calls == [32]
    remove()


async def test_nothing_has_succeeded_yet(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A set-up under a limit has no values to keep, whatever was before it."""
    entry = await add_entry(hass, simulator)
    assert hass.data[DOMAIN][entry.entry_id].last_success == simulator.now
    simulator.set_fault("rate_limited", retry_after="600")
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert states(hass)["plan"] == "unavailable"
    assert "Unexpected" not in caplog.text


@pytest.mark.parametrize(
    ("wait", "polls", "most", "latest"),
    [
        (120, 50, 3, 152),
        (120, 121, 5, 178),
        (30, 50, 7, 44),
        (1, 3, 3, 1),
        (0.2, 2, 2, 1),
    ],
)
async def test_polls_share_out_the_seconds(
    hass: HomeAssistant, wait: float, polls: int, most: int, latest: int
) -> None:
    """Few in two seconds that follow each other, and no later than need be."""
    taken = Counter(
        async_take_slot(hass, timedelta(seconds=wait)) // timedelta(seconds=1)
        for _ in range(polls)
    )
    assert max(taken[second] + taken[second + 1] for second in taken) == most
    assert min(taken) == max(wait, 1)
    assert max(taken) == latest
