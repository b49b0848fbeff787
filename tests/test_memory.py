"""What is remembered of a failure in the storage, and what a start makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
import hashlib
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.claude_ai.errors import (
    BlockedError,
    ForbiddenError,
    InvalidSessionError,
    OrganizationAccessError,
    RateLimitedError,
    UnavailableError,
)
from custom_components.claude_pulse.const import DOMAIN
from custom_components.claude_pulse.polling.back_off import back_off_of
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .common import (
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    seat_of,
    settle,
    states,
    update_by_hand,
    usage_requests,
)
from .simulator import Simulator

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

MINUTE, HOUR = 60, 60 * 60
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENTRY_ID = "0a1b2c"
FILE = f"claude_pulse.{ENTRY_ID}"
WARNING = "What failed before the start cannot be read; going on"


def digest(key: str) -> str:
    """Return what is stored of a key that is dead."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def in_minutes(minutes: float) -> str:
    """Return the time of so many minutes from NOW, as it is stored."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def memory(**members: Any) -> dict[str, Any]:
    """Return what is stored sixteen minutes before a challenge's wait is over."""
    return {
        "key": BlockedError.key,
        "message": "As it was said",
        "in_a_row": 3,
        "at": in_minutes(0),
        "wait": 16 * 60.0,
        "until": in_minutes(16),
        "blocked_for": 12 * 60.0,
        **members,
    }


async def start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    storage: dict[str, Any],
    stored: Any,
    **options: Any,
) -> MockConfigEntry:
    """Set up an entry at NOW, as after a start of Home Assistant that finds the file."""
    freezer.move_to(NOW)
    storage[FILE] = {"version": 1, "minor_version": 1, "key": FILE, "data": stored}
    entry = MockConfigEntry(
        data=seat_of(simulator),
        domain=DOMAIN,
        entry_id=ENTRY_ID,
        options=options,
        title="Claude Pulse",
        version=2,
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(ENTRY_ID)
    await settle(hass)
    return entry


async def test_what_is_stored(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """The last failure, how many there were of it, and until when nothing is asked."""
    freezer.move_to(NOW)
    entry = await add_entry(hass, simulator, update_interval=150)
    file = f"claude_pulse.{entry.entry_id}"
    simulator.set_fault("challenge")
    await pass_time(hass, freezer, 156)
    first = simulator.now
    # Five minutes are worth it.
    assert hass_storage[file]["version"] == 1
    assert hass_storage[file]["data"] == {
        "key": "blocked",
        "message": BlockedError.message,
        "in_a_row": 1,
        "at": first.isoformat(),
        "wait": 300.0,
        "until": (first + timedelta(seconds=300)).isoformat(),
        "blocked_for": 0.0,
        "about": None,
    }
    await pass_time(hass, freezer, 302)
    assert hass_storage[file]["data"] == {
        "key": "blocked",
        "message": BlockedError.message,
        "in_a_row": 2,
        "at": simulator.now.isoformat(),
        "wait": 600.0,
        "until": (simulator.now + timedelta(seconds=600)).isoformat(),
        "blocked_for": 302.0,
        "about": None,
    }
    simulator.set_fault("rate_limited", retry_after="1200")
    await pass_time(hass, freezer, 602)
    assert hass_storage[file]["data"] == {
        "key": "rate_limited",
        "message": RateLimitedError.message,
        "in_a_row": 1,
        "at": simulator.now.isoformat(),
        "wait": 1200.0,
        "until": (simulator.now + timedelta(seconds=1200)).isoformat(),
        "blocked_for": None,
        "about": None,
    }
    simulator.clear_faults()
    await pass_time(hass, freezer, 1202)
    assert file not in hass_storage


async def test_what_is_not_worth_storing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """A wait of less than five minutes, unless the key is dead."""
    entry = await add_entry(hass, simulator, update_interval=149)
    file = f"claude_pulse.{entry.entry_id}"
    simulator.set_fault("challenge")
    await pass_time(hass, freezer, 156)
    assert file not in hass_storage
    simulator.set_fault("session_invalid")
    await pass_time(hass, freezer, 300)
    stored = hass_storage[file]["data"]
    assert (stored["key"], stored["wait"]) == ("invalid_auth", 298.0)
    # It does not say which key, only whether it is the same.
    assert stored["about"] == digest(entry.data["session_key"])
    assert stored["blocked_for"] is None


async def test_wait_goes_on_after_a_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """Nothing is asked before it is over; then the next wait is twice as long."""
    simulator.set_fault("challenge")
    entry = await start(hass, freezer, simulator, hass_storage, memory())
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason
    assert back_off_of(hass, entry).failure.message == "As it was said"
    for _ in range(15):
        await pass_time(hass, freezer, MINUTE)
    assert not simulator.requests
    # Home Assistant's own retries come every ten minutes at least.
    for _ in range(12):
        await pass_time(hass, freezer, MINUTE)
    assert usage_requests(simulator) == 1
    stored = hass_storage[FILE]["data"]
    assert (stored["in_a_row"], stored["wait"]) == (4, 32 * 60)
    assert (12 + 15) * 60 <= stored["blocked_for"] <= (12 + 27) * 60
    assert not issues(hass)

    simulator.clear_faults()
    for _ in range(45):
        await pass_time(hass, freezer, MINUTE)
    assert entry.state is ConfigEntryState.LOADED
    assert FILE not in hass_storage


async def test_long_challenge_is_known_at_a_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """It has been a day, with what was before the start."""
    stored = memory(blocked_for=24 * 60 * 60.0)
    await start(hass, freezer, simulator, hass_storage, stored)
    assert issues(hass) == {"blocked"}
    assert not simulator.requests


async def test_dead_key_is_known_at_a_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """A person is asked, claude.ai is not, however long ago it was."""
    key = seat_of(simulator)["session_key"]
    stored = memory(
        key="invalid_auth",
        wait=120.0,
        until=in_minutes(-9999),
        blocked_for=None,
        about=digest(key),
    )
    entry = await start(hass, freezer, simulator, hass_storage, stored)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert len(reauth_flows(hass)) == 1
    assert not simulator.requests


@pytest.mark.parametrize("about", [digest("another key"), "", None])
async def test_death_of_another_key_is_nothing_to_this_one(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    about: str | None,
) -> None:
    """A key that came into the entry since then is asked about."""
    stored = memory(key="invalid_auth", wait=120.0, about=about)
    entry = await start(hass, freezer, simulator, hass_storage, stored)
    assert entry.state is ConfigEntryState.LOADED
    assert not reauth_flows(hass)
    assert FILE not in hass_storage


@pytest.mark.parametrize(
    ("members", "options"),
    [
        # Over, or within the second that timers may be early.
        ({"until": in_minutes(0)}, {}),
        ({"until": in_minutes(-5)}, {}),
        ({"until": in_minutes(1 / 60)}, {}),
        # Further away than the wait: the clock was another one.
        ({"until": in_minutes(16 + 1 / 60)}, {}),
        ({"until": in_minutes(60 * 24 * 365)}, {}),
        ({"until": in_minutes(3), "wait": 60}, {}),
    ],
)
async def test_wait_that_is_over_at_a_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    members: dict[str, Any],
    options: dict[str, Any],
) -> None:
    """Then claude.ai is asked, and the file goes."""
    stored = memory(**members)
    entry = await start(hass, freezer, simulator, hass_storage, stored, **options)
    assert entry.state is ConfigEntryState.LOADED
    assert FILE not in hass_storage


@pytest.mark.parametrize(
    ("members", "options"),
    [
        ({"until": in_minutes(2 / 60)}, {}),
        ({"until": in_minutes(16)}, {}),
        # The interval may have been made longer since.
        ({"until": in_minutes(9), "wait": 60}, {"update_interval": 10 * MINUTE}),
        ({"blocked_for": None}, {}),
        ({"in_a_row": "3"}, {}),
        # Written by another zone.
        ({"until": "2026-05-04T14:16:00+02:00"}, {}),
    ],
)
async def test_wait_that_is_not_over_at_a_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    members: dict[str, Any],
    options: dict[str, Any],
) -> None:
    """Then nothing is asked yet."""
    stored = memory(**members)
    entry = await start(hass, freezer, simulator, hass_storage, stored, **options)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert not simulator.requests


@pytest.mark.parametrize(
    "stored",
    [
        {},
        [],
        "text",
        5,
        {**memory(), "key": None},
        {**memory(), "key": []},
        {**memory(), "key": "of another version"},
        {name: value for name, value in memory().items() if name != "key"},
    ],
)
async def test_file_that_cannot_be_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    stored: Any,
) -> None:
    """It is said, claude.ai is asked, and the file goes."""
    entry = await start(hass, freezer, simulator, hass_storage, stored)
    assert entry.state is ConfigEntryState.LOADED
    warnings = [r.getMessage() for r in caplog.records if "events.storage" in r.name]
    assert warnings == [WARNING]
    assert FILE not in hass_storage
    assert "unavailable" not in states(hass).values()
    # Once is enough.
    await hass.config_entries.async_reload(ENTRY_ID)
    await settle(hass)
    assert caplog.text.count(WARNING) == 1


async def test_nothing_is_said_of_a_file_that_is_not_there(
    hass: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Most starts find none."""
    await add_entry(hass, simulator)
    assert not [record for record in caplog.records if "events.storage" in record.name]


async def test_nothing_is_written_while_all_is_well(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No file is looked for to be removed, let alone written."""
    touched: list[str] = []

    async def touch(store: Store[Any], *_: Any) -> None:
        """Remember which file is touched."""
        if store.key.startswith(DOMAIN) and not store.key.endswith(".told"):
            touched.append(store.key)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "async_save", touch)
        patch.setattr(Store, "async_remove", touch)
        await add_entry(hass, simulator)
        for _ in range(5):
            await pass_time(hass, freezer)
    assert touched == []


async def test_disk_that_is_full_is_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In the system's words, and without the name of a file."""

    async def refuse(*_: Any) -> None:
        """Write nothing."""
        raise OSError(28, "No space left on device", "/config/.storage/x")

    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="7200")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "async_save", refuse)
        await pass_time(hass, freezer)
    warnings = {r.getMessage() for r in caplog.records if "events.storage" in r.name}
    assert warnings == {
        f"What {what} cannot be stored: No space left on device"
        for what in ("failed", "was told")
    }


async def test_disk_is_told_of_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until it has taken something again."""

    async def refuse(*_: Any) -> None:
        """Write nothing."""
        raise OSError(28, "No space left on device")

    def told() -> int:
        """Count the warnings."""
        return caplog.text.count("What failed cannot be stored")

    await add_entry(hass, simulator)
    simulator.set_fault("rate_limited", retry_after="600")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "async_save", refuse)
        for _ in range(4):
            await pass_time(hass, freezer, 602)
        assert told() == 1
    await pass_time(hass, freezer, 602)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "async_save", refuse)
        await pass_time(hass, freezer, 602)
    assert told() == 2


async def test_file_that_could_not_be_removed_goes_later(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next poll tries again, as a start would believe it."""

    async def refuse(*_: Any) -> None:
        """Remove nothing."""
        raise OSError(30, "Read-only file system")

    entry = await add_entry(hass, simulator)
    file = f"claude_pulse.{entry.entry_id}"
    simulator.set_fault("rate_limited", retry_after="600")
    await pass_time(hass, freezer)
    simulator.clear_faults()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "async_remove", refuse)
        await pass_time(hass, freezer, 602)
    assert "unavailable" not in states(hass).values()
    assert file in hass_storage
    await pass_time(hass, freezer)
    assert file not in hass_storage


async def test_before_the_first_poll(hass: HomeAssistant) -> None:
    """There is no failure, and nothing to wait for."""
    entry = MockConfigEntry(domain=DOMAIN)
    back_off = back_off_of(hass, entry)
    assert back_off.failure is None
    assert (back_off.rest, back_off.wait) == (timedelta(), timedelta(minutes=2))


async def test_failure_that_outlives_its_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """What is noted after the entry has gone leaves no file."""
    entry = await start(hass, freezer, simulator, hass_storage, memory())
    back_off = back_off_of(hass, entry)
    assert FILE in hass_storage
    await hass.config_entries.async_remove(ENTRY_ID)
    await settle(hass)
    assert FILE not in hass_storage
    for error in (BlockedError(), InvalidSessionError(), RateLimitedError(7200)):
        await back_off.async_fail(error)
    await settle(hass)
    assert FILE not in hass_storage


async def test_each_entry_has_its_own(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hass_storage: dict[str, Any],
) -> None:
    """What one waits for is nothing to the other."""
    one = await start(hass, freezer, simulator, hass_storage, memory())
    other = await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    assert one.state is ConfigEntryState.SETUP_RETRY
    assert other.state is ConfigEntryState.LOADED
    assert back_off_of(hass, one) is back_off_of(hass, one)
    assert back_off_of(hass, one) is not back_off_of(hass, other)
    assert back_off_of(hass, other).failure is None


@pytest.mark.parametrize(("seconds", "asked"), [(2, 0), (1, 1), (0, 1)])
async def test_to_the_second(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    seconds: int,
    asked: int,
) -> None:
    """A wait is over a second early, as timers may be."""
    await add_entry(hass, simulator, update_interval=3600)
    simulator.set_fault("rate_limited", retry_after="7200")
    await pass_time(hass, freezer, 3606)
    before = usage_requests(simulator)
    # Not by Home Assistant's own timers, which would ask anyway.
    freezer.tick(7200 - seconds)
    await update_by_hand(hass)
    assert usage_requests(simulator) == before + asked


@pytest.mark.parametrize(("seconds", "asked"), [(118, 0), (119, 1), (120, 1)])
async def test_outage_under_a_long_interval(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    seconds: int,
    asked: int,
) -> None:
    """Two minutes later it may be asked again, by hand or because of a reset."""
    await add_entry(hass, simulator, update_interval=3600)
    simulator.set_fault("server_error")
    await pass_time(hass, freezer, 3606)
    before = usage_requests(simulator)
    freezer.tick(seconds)
    await update_by_hand(hass)
    assert usage_requests(simulator) == before + asked


async def test_where_no_connection_came_about(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """claude.ai has heard nothing, so asking by hand is not too early; it is otherwise."""
    await add_entry(hass, simulator)
    port = int(simulator.url.rpartition(":")[2])
    await simulator.stop()
    await pass_time(hass, freezer)
    assert states(hass)["plan"] == "unavailable"
    assert "Unexpected" not in caplog.text
    await simulator.start(port)
    await update_by_hand(hass)
    assert states(hass)["plan"] == "Max 20x"

    simulator.set_fault("server_error")
    await pass_time(hass, freezer)
    simulator.clear_faults()
    await pass_time(hass, freezer, 60)
    await update_by_hand(hass)
    assert states(hass)["plan"] == "unavailable"
    await pass_time(hass, freezer, 61)
    assert states(hass)["plan"] == "Max 20x"


@pytest.mark.parametrize(
    ("errors", "minutes"),
    [
        # Each kind has its own longest wait, and the next kind begins with the last wait.
        ([BlockedError()] * 6, [4, 8, 16, 32, 60, 60]),
        ([RateLimitedError()] * 5, [4, 8, 16, 30, 30]),
        ([ForbiddenError()] * 5, [4, 8, 16, 30, 30]),
        ([OrganizationAccessError()] * 5, [4, 8, 16, 30, 30]),
        ([RateLimitedError()] * 4 + [BlockedError()] * 2, [4, 8, 16, 30, 60, 60]),
        ([UnavailableError()] * 3, [2, 2, 2]),
        ([BlockedError()] * 3 + [UnavailableError()] * 2, [4, 8, 16, 16, 16]),
        # What a limit asks for counts once, and then an hour at most.
        (
            [RateLimitedError(3 * HOUR), RateLimitedError(), BlockedError()],
            [180, 30, 60],
        ),
        ([RateLimitedError(6 * HOUR), UnavailableError()], [360, 60]),
        ([RateLimitedError(6 * HOUR + 1)], [360]),
        ([RateLimitedError(1)], [2]),
        ([RateLimitedError(0.5), RateLimitedError(0), RateLimitedError(-1)], [2, 4, 8]),
        ([RateLimitedError(121)], [121 / 60]),
    ],
)
async def test_waits(
    hass: HomeAssistant, simulator: Simulator, errors: list[Any], minutes: list[float]
) -> None:
    """How long claude.ai is left alone after one error and the other, to the second."""
    back_off = back_off_of(hass, await add_entry(hass, simulator))
    assert back_off.wait == timedelta(minutes=2)
    found = [(await back_off.async_fail(error)).wait for error in errors]
    assert found == [timedelta(minutes=wait) for wait in minutes]
    assert back_off.wait == found[-1]
    await back_off.async_clear()
    assert back_off.wait == timedelta(minutes=2)
    assert back_off.rest == timedelta()


async def test_challenges_in_between(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """An outage ends no challenge, any answer of claude.ai does; each counts its own."""
    freezer.move_to(NOW)
    back_off = back_off_of(hass, await add_entry(hass, simulator))
    told = []
    for error in (
        UnavailableError(),
        BlockedError(),
        BlockedError(),
        UnavailableError(),
        BlockedError(),
        RateLimitedError(),
        UnavailableError(),
        BlockedError(),
    ):
        failure = await back_off.async_fail(error)
        lasted = failure.blocked_for
        told.append((failure.in_a_row, lasted and lasted / timedelta(hours=1)))
        freezer.tick(timedelta(hours=1))
    nothing = timedelta()
    assert told == [
        (1, None),
        (1, nothing),
        (2, 1),
        (1, 2),
        (1, 3),
        (1, None),
        (1, None),
        (1, nothing),
    ]


@pytest.mark.parametrize(
    ("hours", "counted"), [(0.5, 0.5), (1, 1), (2, 1), (24, 1), (-1, 0)]
)
async def test_clock_that_is_set_between_challenges(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    hours: float,
    counted: float,
) -> None:
    """Between two challenges there is an hour at most, and never less than nothing."""
    back_off = back_off_of(hass, await add_entry(hass, simulator))
    await back_off.async_fail(BlockedError())
    freezer.tick(timedelta(hours=hours))
    failure = await back_off.async_fail(BlockedError())
    assert failure.blocked_for == timedelta(hours=counted)
