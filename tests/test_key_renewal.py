"""A session key that claude.ai renews with a cookie."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.claude_pulse.polling import session_key
from homeassistant.config_entries import ConfigEntryState

from .common import POLL, Claude, account_of, reauth_flows, reload, stops_during
from .flows import enter_key_during, open_form, open_reauth
from .simulator.faults import FAULTS
from .simulator.server import Request

PLAUSIBLE = "sk-ant-sid02-".ljust(130, "z")


def keys_used(claude: Claude, since: int) -> list[str | None]:
    """Return the session keys of the polls after the first `since`."""
    polls = [r for r in claude.server.requests if r.path.endswith("/usage")]
    return [request.session_key for request in polls[since:]]


async def offered_key(
    claude: Claude, *, refused: bool = False
) -> tuple[MockConfigEntry, str, str]:
    """Return an entry after a poll that offered a key, its old and its new key."""
    entry = await claude.entry()
    account = account_of(claude)
    old, new = account.session_key, account.renew()
    if refused:
        account.refuse_new_key()
    await claude.pass_time()
    assert entry.data["session_key"] == new
    assert entry.data["previous_session_key"] == old
    return entry, old, new


@pytest.mark.smoke
async def test_renewal(claude: Claude) -> None:
    """The next poll uses the new key; the old one is kept until then."""
    start = claude.server.now.isoformat()
    entry, old, new = await offered_key(claude)
    assert entry.data["session_key_since"] == start
    account_of(claude).end_old_keys()
    await claude.pass_time()
    proved = claude.server.now.isoformat()
    await claude.pass_time()
    assert entry.data["session_key"] == new
    assert "previous_session_key" not in entry.data
    assert entry.data["session_key_since"] == proved
    # A reload would send another request.
    assert keys_used(claude, 0) == [old, old, new, new]
    assert "unavailable" not in claude.states().values()


async def test_refused_renewal(claude: Claude) -> None:
    """The old key is restored, and the new one is not tried again for a day."""
    start = claude.server.now.isoformat()
    entry, old, new = await offered_key(claude, refused=True)
    polls = claude.polls
    await claude.pass_time()
    assert keys_used(claude, polls) == [new, old]
    restored = dict(entry.data)
    assert restored["session_key_since"] == start
    for _ in range(20):
        await claude.pass_time()
    await claude.pass_time(23 * 3600 - 20 * POLL)
    await claude.pass_time(57 * 60)
    assert set(keys_used(claude, polls + 2)) == {old}
    assert dict(entry.data) == restored
    assert "previous_session_key" not in restored
    assert not reauth_flows(claude.hass)
    assert "unavailable" not in claude.states().values()

    await claude.pass_time(3 * 60)
    assert entry.data["session_key"] == new
    assert entry.data["previous_session_key"] == old
    account_of(claude).accepted = {account_of(claude).keys}
    await claude.pass_time()
    assert entry.data["session_key"] == new
    assert "previous_session_key" not in entry.data
    assert "unavailable" not in claude.states().values()


async def test_both_keys_refused(claude: Claude) -> None:
    """Reauth starts once if claude.ai refuses both keys."""
    entry, old, new = await offered_key(claude)
    account_of(claude).log_out()
    polls = claude.polls
    await claude.pass_time()
    assert keys_used(claude, polls) == [new, old, new]
    assert entry.data["session_key"] == new

    form = await open_reauth(claude)
    key = account_of(claude).log_in()
    await form.submit(session_key=key)
    assert entry.data["session_key"] == key
    assert "previous_session_key" not in entry.data
    assert "unavailable" not in claude.states().values()


@pytest.mark.parametrize("fault", ["challenge", "server_error", "rate_limited"])
async def test_fault_and_recovery(claude: Claude, fault: str) -> None:
    """A fault during the test of the old key decides nothing."""
    entry, old, new = await offered_key(claude, refused=True)
    # The fault applies to accepted keys only.
    claude.server.set_fault(fault, "ada")
    await claude.pass_time()
    assert entry.data["session_key"] == new
    assert entry.data["previous_session_key"] == old
    assert not reauth_flows(claude.hass)

    claude.server.clear_faults()
    await claude.pass_time(300)
    assert entry.data["session_key"] == old
    assert "unavailable" not in claude.states().values()


async def test_reload_during_a_renewal(claude: Claude) -> None:
    """A reload keeps the old key."""
    entry, old, _ = await offered_key(claude, refused=True)
    await reload(claude, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["session_key"] == old
    assert not reauth_flows(claude.hass)


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        "; Max-Age=2419200",
        "; Domain=.claude.ai; Path=/; Secure; HttpOnly; SameSite=Lax",
        "; Expires=Wed, 21 Oct 2099 07:28:00 GMT",
        "; expires=Wed, 21-Oct-2099 07:28:00 GMT",
    ],
)
async def test_cookie_with_attributes(claude: Claude, attributes: str) -> None:
    """A cookie can have attributes that keep it valid for claude.ai."""
    entry = await claude.entry()
    account_of(claude).cookie = PLAUSIBLE + attributes
    await claude.pass_time()
    assert entry.data["session_key"] == PLAUSIBLE


@pytest.mark.parametrize(
    "cookie",
    [
        # A cookie that is deleted or has expired.
        '""; Max-Age=0',
        "; Max-Age=0",
        f"{PLAUSIBLE}; Max-Age=0",
        f"{PLAUSIBLE}; max-age=-1",
        f"{PLAUSIBLE}; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        f"{PLAUSIBLE}; expires=never",
        f"{PLAUSIBLE}; expires=Wed, 21 Oct 99999999999 07:28:00 GMT",
        # Not a session key.
        "null",
        "sk-ant-api03-".ljust(130, "z"),
        "sk-ant-sid02-short",
        f"{PLAUSIBLE}%0d%0aX: y",
        f"{PLAUSIBLE} {PLAUSIBLE}",
        f'"{PLAUSIBLE}"',
        # A cookie with another name.
        f"x; other=sessionKey={PLAUSIBLE}",
        f"x; sessionKey={PLAUSIBLE}",
        # A cookie that a browser does not send to claude.ai.
        f"{PLAUSIBLE}; Domain=example.com",
        f"{PLAUSIBLE}; Domain=.ai",
        f"{PLAUSIBLE}; Path=/login",
    ],
)
async def test_ignored_cookie(claude: Claude, cookie: str) -> None:
    """A cookie without a usable session key changes nothing."""
    entry = await claude.entry()
    before = dict(entry.data)
    account_of(claude).cookie = cookie
    await claude.pass_time()
    assert dict(entry.data) == before
    assert "unavailable" not in claude.states().values()


async def test_cookie_of_a_failure(claude: Claude) -> None:
    """A failed poll does not renew the session key."""
    entry = await claude.entry()
    before = dict(entry.data)
    cookie = {"Set-Cookie": f"sessionKey={PLAUSIBLE}"}
    for name in ("captive_portal", "server_error", "no_json", "forbidden", "no_object"):
        headers = {**FAULTS[name].headers, **cookie}
        claude.server.faults[None] = replace(FAULTS[name], headers=headers)
        await claude.pass_time(3600)
        assert dict(entry.data) == before


async def test_other_entry(claude: Claude) -> None:
    """A renewal does not change other entries."""
    await claude.entry()
    other = await claude.entry("ben", title="Claude Pulse Work")
    before = dict(other.data)
    account_of(claude).renew()
    for _ in range(3):
        await claude.pass_time()
    assert dict(other.data) == before


async def test_key_entered_during_a_renewal(claude: Claude) -> None:
    """A key that is entered during a poll is kept, and the offered one is not used."""
    entry = await claude.entry()
    account = account_of(claude)
    old, entered, offered = account.session_key, account.renew(), account.renew()
    enter_key_during(claude, entry, old, entered)
    for _ in range(2):
        await claude.pass_time()
        assert entry.data["session_key"] == entered
        assert "previous_session_key" not in entry.data
    assert claude.polls == 3
    assert offered not in keys_used(claude, 0)


async def test_key_entered_during_the_test_of_the_old_one(claude: Claude) -> None:
    """The old key does not replace a key that is entered."""
    entry, old, _ = await offered_key(claude, refused=True)
    entered = account_of(claude).renew()
    enter_key_during(claude, entry, old, entered)
    await claude.pass_time()
    assert entry.data["session_key"] == entered
    assert "previous_session_key" not in entry.data
    assert "unavailable" not in claude.states().values()
    assert not reauth_flows(claude.hass)


async def test_unload_during_a_poll(claude: Claude) -> None:
    """A poll stores no key after the entry is unloaded."""
    entry = await claude.entry()
    before = dict(entry.data)
    account_of(claude).renew()
    stops_during(claude.hass, claude.server, entry, "/usage")
    await claude.pass_time()
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert dict(entry.data) == before


async def test_entered_key_replaces_both(claude: Claude) -> None:
    """A key that is entered during a renewal removes the previous key."""
    entry, _, _ = await offered_key(claude)
    form = await open_form(claude, "reconfigure", entry)
    key, polls = account_of(claude).log_in(), claude.polls

    async def fail(_: Request) -> None:
        """Fail the poll after the request that verifies the key."""
        if claude.polls > polls + 1:
            claude.server.set_fault("server_error")

    claude.server.on_request = fail
    await form.submit(session_key=key)
    assert entry.data["session_key"] == key
    assert "previous_session_key" not in entry.data


async def test_refusal_is_confirmed(claude: Claude) -> None:
    """A single key is tried a second time before reauth starts."""
    entry = await claude.entry()
    key, polls = entry.data["session_key"], claude.polls
    claude.server.set_fault("session_invalid")
    await claude.pass_time()
    assert keys_used(claude, polls) == [key, key]
    assert len(reauth_flows(claude.hass)) == 1


def test_pause_before_the_confirmation() -> None:
    """A renewal on the side of claude.ai has five seconds to finish."""
    assert session_key.CONFIRM_PAUSE == 5
