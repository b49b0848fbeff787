"""A session key that claude.ai renews by its cookie, and one that will end."""

from __future__ import annotations

from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .common import (
    add_entry,
    issues,
    pass_time,
    reauth_flows,
    settle,
    states,
    stops_during,
    usage_requests,
)
from .simulator import Simulator
from .simulator.faults import FAULTS
from .simulator.server import Request

pytestmark = pytest.mark.usefixtures("enable_custom_integrations")

DAY = 24 * 60 * 60


def keys_asked_with(simulator: Simulator, since: int) -> list[str | None]:
    """Return the session keys of the polls after so many."""
    polls = [r for r in simulator.requests if r.path.endswith("/usage")]
    return [request.session_key for request in polls[since:]]


@pytest.mark.smoke
async def test_renewed_key_is_taken_over(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The next poll carries it; the old one is kept until then; nothing is reloaded."""
    entry = await add_entry(hass, simulator)
    coordinator = hass.data[DOMAIN][entry.entry_id]
    account = simulator.world.accounts["ada"]
    old, new = account.session_key, account.renew()
    since = entry.data["session_key_since"]
    before = usage_requests(simulator)

    await pass_time(hass, freezer)
    assert entry.data["session_key"] == new
    assert entry.data["previous_session_key"] == old
    assert entry.data["session_key_since"] == since

    account.end_old_keys()
    await pass_time(hass, freezer)
    assert keys_asked_with(simulator, before) == [old, new]
    assert entry.data["session_key"] == new
    assert "previous_session_key" not in entry.data
    assert entry.data["session_key_since"] > since
    assert hass.data[DOMAIN][entry.entry_id] is coordinator
    assert "unavailable" not in states(hass).values()


async def test_renewed_key_that_is_refused(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The old one is tried once, restored, and the offer not believed for a day."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    before = dict(entry.data)
    old, new = account.session_key, account.renew()
    account.refuse_new_key()
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == new
    asked = usage_requests(simulator)

    await pass_time(hass, freezer)
    assert keys_asked_with(simulator, asked) == [new, old]
    assert dict(entry.data) == before
    for _ in range(20):
        await pass_time(hass, freezer)
    assert set(keys_asked_with(simulator, asked + 2)) == {old}
    assert dict(entry.data) == before
    assert not reauth_flows(hass)
    assert "unavailable" not in states(hass).values()


async def test_both_keys_refused(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Then the session is over, and a person is asked, once."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    old, new = account.session_key, account.renew()
    await pass_time(hass, freezer)
    account.log_out()
    asked = usage_requests(simulator)
    await pass_time(hass, freezer)
    assert keys_asked_with(simulator, asked) == [new, old, new]
    assert len(reauth_flows(hass)) == 1
    assert entry.data["session_key"] == new

    (flow,) = reauth_flows(hass)
    key = account.log_in()
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"session_key": key}
    )
    await settle(hass)
    assert entry.data["session_key"] == key
    assert "previous_session_key" not in entry.data
    assert "unavailable" not in states(hass).values()


@pytest.mark.parametrize("fault", ["challenge", "server_error", "rate_limited"])
async def test_no_verdict_on_the_old_key(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    fault: str,
) -> None:
    """A fault while the old key is tried decides nothing; the next poll does."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    old, new = account.session_key, account.renew()
    account.refuse_new_key()
    await pass_time(hass, freezer)
    # Whose key is accepted is in the way of the fault; whose is not, is refused.
    simulator.set_fault(fault, "ada")
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == new
    assert entry.data["previous_session_key"] == old
    assert not reauth_flows(hass)

    simulator.clear_faults()
    await pass_time(hass, freezer, 300)
    assert entry.data["session_key"] == old
    assert "unavailable" not in states(hass).values()


async def test_restart_between_renewal_and_proof(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """The old key is not lost by a restart."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    old = account.session_key
    account.renew()
    account.refuse_new_key()
    await pass_time(hass, freezer)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["session_key"] == old
    assert not reauth_flows(hass)


PLAUSIBLE = "sk-ant-sid02-".ljust(130, "z")


@pytest.mark.parametrize(
    "cookie",
    [
        # How a session is ended.
        '""; Max-Age=0',
        "; Max-Age=0",
        f"{PLAUSIBLE}; Max-Age=0",
        f"{PLAUSIBLE}; max-age=-1",
        f"{PLAUSIBLE}; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        f"{PLAUSIBLE}; expires=never",
        f"{PLAUSIBLE}; expires=Wed, 21 Oct 99999999999 07:28:00 GMT",
        # Nothing that is a session key.
        "null",
        "sk-ant-api03-".ljust(130, "z"),
        "sk-ant-sid02-short",
        f"{PLAUSIBLE}%0d%0aX: y",
        f"{PLAUSIBLE} {PLAUSIBLE}",
        f'"{PLAUSIBLE}"',
        # A cookie of another name.
        f"x; other=sessionKey={PLAUSIBLE}",
        f"x; sessionKey={PLAUSIBLE}",
    ],
)
async def test_never_stored(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    cookie: str,
) -> None:
    """An emptied, ended or implausible cookie changes nothing."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    simulator.world.accounts["ada"].cookie = cookie
    await pass_time(hass, freezer)
    assert dict(entry.data) == before
    assert "unavailable" not in states(hass).values()


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
async def test_ways_to_set_a_cookie(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    attributes: str,
) -> None:
    """Whatever attributes come with it."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    key = account.renew()
    account.cookie = key + attributes
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == key


@pytest.mark.parametrize(
    "attributes", ["; Domain=example.com", "; Domain=.ai", "; Path=/login"]
)
async def test_foreign_cookie(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    simulator: Simulator,
    attributes: str,
) -> None:
    """A cookie that a browser would not send back leaves the key as it is."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    account = simulator.world.accounts["ada"]
    account.cookie = f"{account.renew()}{attributes}"
    await pass_time(hass, freezer)
    assert dict(entry.data) == before


async def test_no_key_from_a_failure(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """Only a good answer is believed."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    cookie = {"Set-Cookie": f"sessionKey={PLAUSIBLE}"}
    for name in ("captive_portal", "server_error", "no_json", "forbidden", "no_object"):
        headers = {**FAULTS[name].headers, **cookie}
        simulator.faults[None] = replace(FAULTS[name], headers=headers)
        await pass_time(hass, freezer, 3600)
        assert dict(entry.data) == before


async def test_other_accounts_keep_their_key(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A renewal is for the entry that asked."""
    await add_entry(hass, simulator, "ada")
    other = await add_entry(hass, simulator, "ben", title="Claude Pulse Work")
    before = dict(other.data)
    simulator.world.accounts["ada"].renew()
    for _ in range(3):
        await pass_time(hass, freezer)
    assert dict(other.data) == before


async def test_person_wins_over_a_renewal(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A key that is entered while a poll is under way is not replaced by its offer."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    entered = account.renew()
    account.renew()

    async def enter(_: Request) -> None:
        """Store another key, as a form does, before the poll is through."""
        data = {**entry.data, "session_key": entered}
        hass.config_entries.async_update_entry(entry, data=data)

    simulator.on_request = enter
    await pass_time(hass, freezer)
    assert entry.data["session_key"] == entered
    assert "previous_session_key" not in entry.data


async def test_poll_that_outlives_its_entry(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A poll under way when the entry is unloaded stores nothing any more."""
    entry = await add_entry(hass, simulator)
    before = dict(entry.data)
    simulator.world.accounts["ada"].renew()
    stops_during(hass, simulator, entry, "/prepaid/credits")
    # The usage is read, and now the balance is asked for.
    await pass_time(hass, freezer, 7 * 3600)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert dict(entry.data) == before


async def test_entered_key_has_no_one_before_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A renewal that was not proved is forgotten with the key it was of."""
    entry = await add_entry(hass, simulator)
    account = simulator.world.accounts["ada"]
    account.renew()
    await pass_time(hass, freezer)
    assert "previous_session_key" in entry.data
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )

    async def break_down(_: Request) -> None:
        """Answer what proves the key, but not the poll after it."""
        if len(keys_asked_with(simulator, asked)) > 1:
            simulator.set_fault("server_error")

    asked = usage_requests(simulator)
    key, simulator.on_request = account.log_in(), break_down
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"org_id": entry.data["org_id"], "session_key": key}
    )
    await settle(hass)
    assert entry.data["session_key"] == key
    assert "previous_session_key" not in entry.data


async def test_key_that_will_end(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A warning comes 25 days after the key was entered; a new key by Reconfigure ends it."""
    entry = await add_entry(hass, simulator)
    await pass_time(hass, freezer, 24.9 * DAY)
    await pass_time(hass, freezer)
    assert not issues(hass)
    await pass_time(hass, freezer, 0.1 * DAY)
    assert issues(hass) == {"key_ends"}
    assert not reauth_flows(hass)
    issue_id = f"key_ends_{entry.entry_id}"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.is_fixable
    assert issue.translation_placeholders == {"name": "Claude Pulse"}

    # Ignored is ignored, over reloads too.
    ir.async_ignore_issue(hass, DOMAIN, issue_id, True)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await pass_time(hass, freezer)
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id).dismissed_version

    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    await hass.config_entries.flow.async_configure(
        flow["flow_id"],
        {
            "org_id": entry.data["org_id"],
            "session_key": simulator.world.accounts["ada"].log_in(),
        },
    )
    await settle(hass)
    assert not issues(hass)
    await pass_time(hass, freezer, 25 * DAY)
    assert issues(hass) == {"key_ends"}


async def test_renewal_starts_the_25_days_anew(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """And clears the warning."""
    await add_entry(hass, simulator)
    await pass_time(hass, freezer, 26 * DAY)
    assert issues(hass) == {"key_ends"}
    simulator.world.accounts["ada"].renew()
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    await pass_time(hass, freezer)
    assert not issues(hass)


async def test_dead_key_takes_the_place_of_the_warning(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, simulator: Simulator
) -> None:
    """A person is told one thing, not two."""
    await add_entry(hass, simulator)
    await pass_time(hass, freezer, 26 * DAY)
    simulator.world.accounts["ada"].log_out()
    await pass_time(hass, freezer)
    assert not issues(hass)
    assert len(reauth_flows(hass)) == 1
