"""Each fault of claude.ai and the recovery from it."""

from __future__ import annotations

import logging

import pytest

from homeassistant.config_entries import ConfigEntryState

from .common import (
    ANSWERING_FAULTS,
    POLL,
    SLOW_FAULTS,
    TEN_KEYS,
    Claude,
    pass_steps,
    reauth_flows,
    seat_of,
)
from .simulator.faults import FAULTS
from .simulator.server import Request

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

HOUR = 60 * 60
UNAVAILABLE = dict.fromkeys(TEN_KEYS, "unavailable")
BLOCKED, EXPIRED_KEY, RATE_LIMITED = 1, 2, 6


def lists(claude: Claude) -> int:
    """Count the requests for the list of organizations."""
    paths = [request.path for request in claude.server.requests]
    return paths.count("/api/organizations")


@pytest.mark.parametrize("name", ANSWERING_FAULTS)
async def test_fault_then_recovery(
    claude: Claude, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A fault is logged once, and only an expired key needs the user."""
    entry = await claude.entry()
    before = claude.states()
    row = FAULTS[name].row
    caplog.clear()

    def errors() -> list[str]:
        """Return the logged errors."""
        found = [item for item in caplog.records if item.levelno >= logging.ERROR]
        return [item.getMessage() for item in found]

    def info_lines() -> list[str]:
        """Return the logged lines of the coordinator that are no errors."""
        return [
            item.getMessage()
            for item in caplog.records
            if item.levelno == logging.INFO and "last values stay" in item.getMessage()
        ]

    claude.server.set_fault(name)
    await claude.pass_time()
    assert len(info_lines()) == (row in (BLOCKED, RATE_LIMITED))
    if row in (BLOCKED, RATE_LIMITED):
        kept = claude.states()
        # Only the countdown continues.
        assert kept.pop("session_reset_countdown") != before["session_reset_countdown"]
        assert kept.items() <= before.items()
    else:
        assert claude.states() == UNAVAILABLE
        (error,) = errors()
        assert "claude.ai" in error
    assert len(reauth_flows(claude.hass)) == (row == EXPIRED_KEY)

    await claude.pass_time(16 * 60)
    assert claude.states() == UNAVAILABLE
    assert len(reauth_flows(claude.hass)) == (row == EXPIRED_KEY)
    assert len(errors()) == 1

    claude.server.clear_faults()
    if row == EXPIRED_KEY:
        (flow,) = reauth_flows(claude.hass)
        await claude.hass.config_entries.flow.async_configure(
            flow["flow_id"], {"session_key": entry.data["session_key"]}
        )
        await claude.settle()
    else:
        await claude.pass_time(6 * HOUR)
        name = f"claude_pulse {entry.entry_id}"
        assert f"Fetching {name} data recovered" in caplog.text
    assert "unavailable" not in claude.states().values()
    assert not reauth_flows(claude.hass)


async def test_a_short_block(claude: Claude, caplog: pytest.LogCaptureFixture) -> None:
    """A block during which the values stay is logged once, and its end too."""
    caplog.set_level(logging.INFO)
    entry = await claude.entry()
    caplog.clear()
    claude.server.set_fault("challenge")
    await pass_steps(claude, 6, 60)
    assert "unavailable" not in claude.states().values()
    claude.server.clear_faults()
    await pass_steps(claude, 12, 60)
    lines = [
        item.getMessage()
        for item in caplog.records
        if item.name.endswith("polling.coordinator") and item.levelno >= logging.INFO
    ]
    name = f"claude_pulse {entry.entry_id}"
    assert [line.split(": ")[:2] for line in lines] == [
        [name, "the last values stay for now"],
        [name, "claude.ai can be read again"],
    ]


@pytest.mark.parametrize("name", ANSWERING_FAULTS)
async def test_fault_during_set_up(claude: Claude, name: str) -> None:
    """Home Assistant retries, or asks for a key if this one has expired."""
    claude.server.set_fault(name)
    entry = await claude.entry()
    expired = FAULTS[name].row == EXPIRED_KEY
    state = ConfigEntryState.SETUP_ERROR if expired else ConfigEntryState.SETUP_RETRY
    assert entry.state is state
    assert len(reauth_flows(claude.hass)) == expired
    assert entry.reason
    claude.server.clear_faults()
    await pass_steps(claude, 12, 60)
    assert (entry.state is ConfigEntryState.LOADED) != expired


@pytest.mark.parametrize("name", SLOW_FAULTS)
async def test_answer_that_takes_too_long(claude: Claude, name: str) -> None:
    """The poll fails after 15 seconds, and the next one recovers."""
    claude.server.on_slow_answer = lambda: claude.clock.tick(16)
    await claude.entry()
    claude.server.set_fault(name)
    await claude.pass_time()
    assert claude.states() == UNAVAILABLE
    claude.server.clear_faults()
    await claude.pass_time()
    assert "unavailable" not in claude.states().values()


async def test_refused_key_is_confirmed(claude: Claude) -> None:
    """One refusal that the next request does not confirm changes nothing."""
    await claude.entry()
    polls = 0

    async def refuse_once(request: Request) -> None:
        """Refuse the first poll."""
        nonlocal polls
        polls += request.path.endswith("/usage")
        if polls == 2:
            claude.server.clear_faults()

    claude.server.on_request = refuse_once
    claude.server.set_fault("session_invalid")
    await claude.pass_time()
    assert polls == 2
    assert "unavailable" not in claude.states().values()
    assert not reauth_flows(claude.hass)


async def test_refused_organization_with_an_expired_key(claude: Claude) -> None:
    """If the list of organizations is refused too, the key has expired."""
    await claude.entry()
    claude.server.set_fault("organization_refused", "ada")
    await claude.pass_time()
    assert not reauth_flows(claude.hass)
    assert claude.states() == UNAVAILABLE
    claude.server.world.accounts["ada"].log_out()
    claude.server.set_fault("organization_refused")
    await claude.pass_time(2 * POLL)
    assert len(reauth_flows(claude.hass)) == 1


async def test_unclear_refusals(
    claude: Claude, caplog: pytest.LogCaptureFixture
) -> None:
    """After the third one in a row, the organizations are requested."""
    await claude.entry()
    claude.server.set_fault("forbidden_organization")
    requested = []
    for minutes in (2, 4, 8, 16):
        await claude.pass_time(minutes * 61 + 30)
        requested.append(lists(claude))
    assert requested == [0, 0, 1, 2]
    assert "without giving a reason" in caplog.text
    assert claude.issues == {"organization"}
    assert not reauth_flows(claude.hass)
    claude.server.clear_faults()
    await claude.pass_time(30 * 60)
    assert "unavailable" not in claude.states().values()
    assert not claude.issues


async def test_unclear_refusals_of_an_expired_key(claude: Claude) -> None:
    """A refusal of the list is confirmed before the user is asked."""
    await claude.entry()
    claude.server.set_fault("forbidden_organization")
    for minutes in (2, 4):
        await claude.pass_time(minutes * 61 + 30)
    claude.server.list_fault = "session_invalid"
    await claude.pass_time(8 * 61 + 30)
    assert lists(claude) == 2
    assert len(reauth_flows(claude.hass)) == 1


async def test_unclear_refusals_that_are_not_in_a_row(claude: Claude) -> None:
    """Another failure in between restarts the count."""
    await claude.entry()
    for name in ("forbidden", "forbidden", "server_error", "forbidden", "forbidden"):
        claude.server.set_fault(name)
        await claude.pass_time(31 * 60)
    assert lists(claude) == 0


async def test_unclear_refusal_after_a_clear_one(claude: Claude) -> None:
    """The organizations are requested at once."""
    await claude.entry()
    claude.server.set_fault("organization_missing")
    await claude.pass_time()
    assert claude.state("connection") == "org_not_found"
    before = lists(claude)
    claude.server.set_fault("forbidden_organization")
    await claude.pass_time(HOUR)
    assert lists(claude) == before + 1
    assert claude.state("connection") == "org_not_found"


async def test_two_accounts(claude: Claude) -> None:
    """Each entry has its own values, requests and failures."""
    slugs = {"ada": "claude_pulse", "ben": "claude_pulse_work"}
    for account in slugs:
        claude.serve({}, account)
    await claude.entry("ada")
    await claude.entry("ben", title="Claude Pulse Work")
    for number in range(1, 30):
        for account, base in (("ada", 0), ("ben", 50)):
            window = {"utilization": base + number, "resets_at": None}
            claude.serve({"five_hour": window}, account)
        await claude.pass_time()
        assert claude.states()["session_usage"] == f"{number}"
        assert claude.states(slugs["ben"])["session_usage"] == f"{50 + number}"
    requests = claude.server.requests
    seats = [seat_of(claude.server, account) for account in slugs]
    keys = {data["session_key"] for data in seats}
    assert {request.session_key for request in requests} == keys
    for data in seats:
        of_organization = {r.path for r in requests if data["org_id"] in r.path}
        key = data["session_key"]
        assert {r.path for r in requests if r.session_key == key} == of_organization
    claude.server.set_fault("challenge", "ada")
    await claude.pass_time()
    assert claude.state("connection") == "blocked"
    assert claude.state("connection", slug=slugs["ben"]) == "up_to_date"
