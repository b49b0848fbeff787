"""The forms for a new entry, a new session key, another organization and options."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.claude_pulse.claude_ai import client
from custom_components.claude_pulse.const import ALERTS_IMPORT_URL, DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import device_registry as dr
from homeassistant.util import slugify

from .common import (
    ANSWERING_FAULTS,
    Claude,
    account_of,
    reauth_flows,
    reload,
    seat_of,
)
from .features import has
from .flows import open_form, open_reauth, submit_form
from .simulator.faults import FAULTS

# The error that a form shows for each row of the error table.
ERRORS = {
    1: {"base": "blocked"},
    2: {"session_key": "invalid_auth"},
    3: {"org_id": "org_not_found"},
    4: {"org_id": "invalid_org_id"},
    5: {"base": "region_blocked"},
    6: {"base": "rate_limited"},
    7: {"base": "forbidden"},
    8: {"base": "cannot_connect"},
}
# One fault of each row.
FAULT_OF_ROW = {FAULTS[name].row: name for name in reversed(ANSWERING_FAULTS)}
# The account dan has access to the API only.
API_ONLY_KEY = "sk-ant-sid02-dan-1-".ljust(130, "k")
HEADER = "Cookie: id=1; sessionKey={key}; lastActiveOrg={last}; __cf_bm=x"

BEN = {"personal": "ben · Pro", "team": "Analytical Engines · Team"}


@pytest.mark.smoke
async def test_user(claude: Claude) -> None:
    """One usage request verifies a session key and an organization."""
    data = seat_of(claude.server)
    form = await open_form(claude)
    assert form.page == ("user", {})

    await form.submit(**data)
    assert form.outcome == "create_entry"
    assert form.result["title"] == "Claude Pulse"
    assert form.result["data"] == data
    assert form.result["options"] == {}
    last_page = "with_dashboard" if has("community_dashboards") else "default"
    assert (form.result["description"] or "default") == last_page
    assert form.placeholders == {"blueprint": ALERTS_IMPORT_URL}
    entry = form.result["result"]
    assert entry.unique_id == f"{data['org_id']}_{account_of(claude).uuid}"
    assert entry.state is ConfigEntryState.LOADED
    paths = [request.path for request in claude.server.requests]
    assert paths[0] == f"/api/organizations/{data['org_id']}/usage"
    assert "/api/organizations" not in paths


@pytest.mark.parametrize(
    ("account", "typed"),
    [
        # An organization for the API only is listed first.
        ("ada", "{key}"),
        ("ada", "sessionKey={key}; lastActiveOrg={first}"),
        # Of two organizations, the header names the second.
        ("ben", HEADER),
    ],
)
async def test_organization_of_a_session_key(
    claude: Claude, account: str, typed: str
) -> None:
    """The session key or the pasted header determines the organization."""
    first, last = (seat.organization.uuid for seat in account_of(claude, account).seats)
    data = seat_of(claude.server, account)
    form = await open_form(claude)
    pasted = typed.format(key=data["session_key"], first=first, last=last)
    await form.submit(session_key=pasted)
    assert form.outcome == "create_entry"
    assert form.result["data"] == data


@pytest.mark.smoke
async def test_several_organizations(claude: Claude) -> None:
    """Several organizations are offered by name and plan."""
    data = seat_of(claude.server, "ben")
    form = await submit_form(claude, session_key=data["session_key"])
    assert form.page == ("organization", {})
    assert list(form.organizations) == list(BEN.values())

    await form.submit(org_id=form.organizations[BEN["team"]])
    assert form.outcome == "create_entry"
    assert form.result["data"] == data


async def test_unknown_account(claude: Claude) -> None:
    """Without an answer about the account, the organization is the unique ID."""
    claude.server.silent_account = True
    data = seat_of(claude.server)
    form = await submit_form(claude, **data)
    assert form.result["result"].unique_id == data["org_id"]

    claude.server.silent_account = False
    form = await submit_form(claude, **data)
    assert form.outcome == "already_configured"


async def test_unknown_organization(claude: Claude) -> None:
    """An entry is created without the name and plan of its organization."""
    await claude.entry("ben")
    claude.server.silent_organization = True
    form = await submit_form(claude, **seat_of(claude.server))
    assert form.outcome == "create_entry"
    assert form.result["title"] == "Claude Pulse 2"
    assert claude.state("plan", slug="claude_pulse_2") == "unknown"


@pytest.mark.smoke
@pytest.mark.parametrize("fields", [("session_key", "org_id"), ("session_key",)])
async def test_duplicate(claude: Claude, fields: tuple[str, ...]) -> None:
    """A seat has one entry."""
    await claude.entry()
    data = seat_of(claude.server)
    form = await submit_form(claude, **{field: data[field] for field in fields})
    assert form.outcome == "already_configured"


async def test_titles(claude: Claude, device_registry: dr.DeviceRegistry) -> None:
    """The first title is plain; the next ones, like the models, name the organization."""
    devices = []
    for account in ("ada", "ben", "cora", "eve"):
        form = await submit_form(claude, **seat_of(claude.server, account))
        entry = form.result["result"]
        devices += dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert devices[-1].name == entry.title
        assert devices[-1].manufacturer == "Claude Pulse (unofficial)"
    assert [(device.name, device.model) for device in devices] == [
        ("Claude Pulse", "Max 20x · ada"),
        ("Claude Pulse Analytical Engines", "Team · Analytical Engines"),
        # Another seat in the same organization.
        ("Claude Pulse Analytical Engines 2", "Team · Analytical Engines"),
        # A personal organization, without the domain of the e-mail address.
        ("Claude Pulse eve", "Free · eve"),
    ]
    assert claude.state("plan", slug="claude_pulse_eve") == "Free"

    organization = account_of(claude).seats[-1].organization
    organization.rate_limit_tier = "default_claude_max_5x"
    for _ in range(3):
        await claude.pass_time(7 * 3600)
    assert device_registry.async_get(devices[0].id).model == "Max 5x · ada"


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        (("R&D", "R D"), ("Claude Pulse R&D", "Claude Pulse R D 2")),
        (("北京", "Bei Jing"), ("Claude Pulse 北京", "Claude Pulse Bei Jing 2")),
        (("🚀", "🌙"), ("Claude Pulse 🚀 2", "Claude Pulse 🌙 3")),
    ],
)
async def test_titles_with_the_same_slug(
    claude: Claude, names: tuple[str, str], titles: tuple[str, str]
) -> None:
    """A number in the title makes entity IDs distinct before their keys."""
    await claude.entry()
    for account, name, title in zip(("ben", "eve"), names, titles, strict=True):
        account_of(claude, account).seats[-1].organization.name = name
        form = await submit_form(claude, **seat_of(claude.server, account))
        assert form.result["title"] == title
        assert claude.state("plan", slug=slugify(title)) in ("Team", "Free")
    ids = claude.hass.states.async_entity_ids("sensor")
    assert not [entity_id for entity_id in ids if entity_id.endswith("_2")]


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_and_recovery(claude: Claude, fault: str) -> None:
    """A fault is an error at its field; the form keeps the organization only."""
    data = seat_of(claude.server)
    claude.server.on_slow_answer = lambda: claude.clock.tick(16)
    claude.server.set_fault(fault)
    form = await submit_form(claude, **data)
    assert form.errors == ERRORS[FAULTS[fault].row]
    assert form.suggested == {"org_id": data["org_id"]}

    claude.server.clear_faults()
    await form.submit(**data)
    assert form.outcome == "create_entry"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"session_key": "hello"}, {"session_key": "invalid_key_format"}),
        ({"session_key": "sk-ant-sid01-short"}, {"session_key": "invalid_key_format"}),
        ({"session_key": "sk-ant-sid01-abc…xyz"}, {"session_key": "key_cut"}),
        ({"session_key": "sk-ant-api03-" + "x" * 90}, {"session_key": "api_key"}),
        ({"session_key": "sk-ant-oat01-" + "x" * 90}, {"session_key": "oauth_token"}),
        ({"session_key": "sk-ant-sid01-" + "x" * 90}, {"session_key": "invalid_auth"}),
        (
            {"session_key": API_ONLY_KEY, "org_id": None},
            {"session_key": "no_usable_org"},
        ),
        ({"org_id": "my organization"}, {"org_id": "invalid_org_id"}),
        (
            {"org_id": "5d1f0a9e-1111-4222-8333-444455556666"},
            {"org_id": "org_not_found"},
        ),
    ],
)
async def test_invalid_input_and_recovery(
    claude: Claude, typed: dict[str, str | None], errors: dict[str, str]
) -> None:
    """Invalid input is an error at its field."""
    data = seat_of(claude.server)
    form = await submit_form(claude, **{**data, **typed})
    assert form.errors == errors

    await form.submit(**data)
    assert form.outcome == "create_entry"


async def test_unexpected_error(
    claude: Claude, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is shown as an unknown error and logged."""
    form = await open_form(claude)
    with monkeypatch.context() as patch:
        patch.setattr(client, "BASE_URL", None)
        await form.submit(**seat_of(claude.server))
    assert form.errors == {"base": "unknown"}
    assert "Unexpected error" in caplog.text
    assert "Traceback" in caplog.text

    await form.submit(**seat_of(claude.server))
    assert form.outcome == "create_entry"


@pytest.mark.smoke
async def test_reauth(claude: Claude) -> None:
    """A new session key of the same seat brings the sensors back."""
    entry = await claude.entry()
    account_of(claude).log_out()
    await reload(claude, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    form = await open_reauth(claude)
    assert form.page == ("reauth_confirm", {})
    assert form.fields == ["session_key"]
    assert form.placeholders["name"] == "Claude Pulse"

    unique_id, org_id = entry.unique_id, entry.data["org_id"]
    key = account_of(claude).log_in()
    await form.submit(session_key=f"sessionKey={quote(key)}")
    assert form.outcome == "reauth_successful"
    assert entry.data.items() >= {"session_key": key, "org_id": org_id}.items()
    assert entry.unique_id == unique_id
    assert entry.state is ConfigEntryState.LOADED
    assert claude.state("plan") == "Max 20x"
    assert not reauth_flows(claude.hass)


@pytest.mark.parametrize(("row", "fault"), FAULT_OF_ROW.items())
@pytest.mark.parametrize("source", ["reauth", "reconfigure", "options"])
async def test_change_fault_and_recovery(
    claude: Claude, source: str, row: int, fault: str
) -> None:
    """A fault changes nothing; its error is at a field that the form has."""
    entry = await claude.entry()
    before = dict(entry.data)
    form = await open_form(claude, source, entry)
    typed = {"session_key": account_of(claude).log_in()}
    claude.server.set_fault(fault)
    await form.submit(**typed)
    assert dict(entry.data) == before
    if source == "reauth" and row == 3:
        # The account has no other organization to choose.
        assert form.errors == {"session_key": "no_usable_org"}
    elif source == "reauth" and row == 4:
        assert form.page == ("organization", {})
        typed = {"org_id": before["org_id"]}
    else:
        assert form.errors == ERRORS[row]

    claude.server.clear_faults()
    await form.submit(**typed)
    assert form.outcome in ("create_entry", f"{source}_successful")
    assert entry.data["session_key"] != before["session_key"]


# ada and ben have different organizations, ben and cora have the same one.
@pytest.mark.parametrize(("account", "other"), [("ada", "ben"), ("ben", "cora")])
async def test_reauth_with_another_account(
    claude: Claude, account: str, other: str
) -> None:
    """The session key of another account changes nothing."""
    entry = await claude.entry(account)
    before = dict(entry.data)
    form = await submit_form(
        claude, "reauth", entry, session_key=account_of(claude, other).session_key
    )
    assert form.errors == {"session_key": "wrong_account"}
    assert dict(entry.data) == before

    await form.submit(session_key=account_of(claude, account).log_in())
    assert form.outcome == "reauth_successful"


async def test_reauth_adds_the_account(claude: Claude) -> None:
    """Reauth completes the unique ID of an entry with an unknown account."""
    entry = await claude.entry()
    org_id = entry.data["org_id"]
    claude.hass.config_entries.async_update_entry(entry, unique_id=org_id)
    await submit_form(claude, "reauth", entry, session_key=account_of(claude).log_in())
    assert entry.unique_id == f"{org_id}_{account_of(claude).uuid}"


async def test_reconfigure_to_the_seat_of_another_entry(claude: Claude) -> None:
    """Two entries cannot have the same seat."""
    entry = await claude.entry("ben")
    account = account_of(claude, "ben")
    personal = account.seats[0].organization.uuid
    for unique_id in (None, f"{personal}_{account.uuid}"):
        MockConfigEntry(domain=DOMAIN, unique_id=unique_id).add_to_hass(claude.hass)
    before = dict(entry.data)
    form = await submit_form(claude, "reconfigure", entry, org_id=personal)
    assert form.errors == {"org_id": "already_configured"}
    assert form.suggested == {"org_id": BEN["personal"]}
    assert dict(entry.data) == before

    await form.submit(org_id=before["org_id"])
    assert form.outcome == "reconfigure_successful"
    assert dict(entry.data) == before


@pytest.mark.smoke
async def test_options(claude: Claude) -> None:
    """The interval can be changed; the session key stays and is not shown."""
    entry = await claude.entry()
    data = dict(entry.data)
    form = await open_form(claude, "options", entry)
    assert form.suggested == {"org_id": "ada · Max 20x", "update_interval": 120}
    polls = claude.polls

    await form.submit(update_interval=300.0)
    assert form.outcome == "create_entry"
    assert dict(entry.options) == {"update_interval": 300}
    assert dict(entry.data) == data
    assert entry.state is ConfigEntryState.LOADED
    # A reload, and no request to verify the session key.
    assert claude.polls == polls + 1
    form = await open_form(claude, "options", entry)
    assert form.suggested["update_interval"] == 300


@pytest.mark.smoke
async def test_two_options_dialogs(claude: Claude) -> None:
    """A dialog does not undo the organization that another dialog has changed."""
    entry = await claude.entry("ben")
    first = await open_form(claude, "options", entry)
    await first.submit(further_options=True)
    second = await open_form(claude, "options", entry)
    personal = account_of(claude, "ben").seats[0].organization.uuid
    await second.submit(org_id=personal)
    unique_id = entry.unique_id
    await first.submit()
    assert first.outcome == "create_entry"
    assert entry.data["org_id"] == personal
    assert entry.unique_id == unique_id
    assert unique_id.startswith(personal)


async def test_further_options(claude: Claude) -> None:
    """The second page opens only if its box is ticked."""
    entry = await claude.entry()
    form = await open_form(claude, "options", entry)
    requests, polls = len(claude.server.requests), claude.polls
    await form.submit(org_id="nonsense", further_options=True)
    assert form.page == ("init", {"org_id": "invalid_org_id"})
    assert form.suggested["further_options"] is True
    await form.submit(org_id=entry.data["org_id"], update_interval=300)
    assert form.page == ("further", {})
    further = {
        "left_over": 30,
        "left_over_hours": 24,
        "saved_reset_days": 3,
        "working_days": [],
    }
    assert form.suggested == {**further, "thresholds": ["75", "90"]}

    for invalid in ("much", "0", "100", "-5", "7.5", ""):
        typed = {"thresholds": ["75", invalid], "working_days": ["mon"], "left_over": 4}
        await form.submit(**typed, left_over_hours=None, saved_reset_days=None)
        assert form.page == ("further", {"thresholds": "invalid_threshold"})
        assert form.suggested == typed
    with pytest.raises(vol.Invalid):
        await form.submit(working_days=["someday"])
    # Nothing is stored before the second page is submitted.
    assert dict(entry.options) == {}
    assert len(claude.server.requests) == requests

    typed = {
        "left_over": 40.0,
        "left_over_hours": 12.0,
        "saved_reset_days": 7.0,
        "working_days": ["sat", "sun"],
    }
    await form.submit(**typed, thresholds=["80", " 5 %", "80"])
    assert form.outcome == "create_entry"
    options = {"update_interval": 300, **typed, "thresholds": [5, 80]}
    assert dict(entry.options) == options
    assert isinstance(entry.options["left_over"], int)
    assert entry.state is ConfigEntryState.LOADED
    assert claude.polls == polls + 1

    # The first page alone keeps the further options.
    form = await open_form(claude, "options", entry)
    assert not form.suggested.get("further_options")
    await form.submit()
    assert dict(entry.options) == options

    # An empty field removes its option or restores the default.
    form = await submit_form(claude, "options", entry, further_options=True)
    assert form.suggested == {**typed, "thresholds": ["5", "80"]}
    await form.submit(**dict.fromkeys(form.suggested))
    assert dict(entry.options) == {"update_interval": 300, "thresholds": [], **further}


async def test_key_expires_before_the_second_page(claude: Claude) -> None:
    """The second page stores the key that the first page verified; reauth starts."""
    entry = await claude.entry()
    key = account_of(claude).log_in()
    form = await submit_form(
        claude, "options", entry, session_key=key, further_options=True
    )
    assert form.page == ("further", {})
    account_of(claude).log_out()
    await form.submit(working_days=["mon"])
    assert form.outcome == "create_entry"
    assert entry.data["session_key"] == key
    assert entry.options["working_days"] == ["mon"]
    assert len(reauth_flows(claude.hass)) == 1


@pytest.mark.parametrize("page", ["init", "further"])
async def test_options_of_a_removed_entry(claude: Claude, page: str) -> None:
    """Both pages abort if the entry was removed."""
    entry = await claude.entry()
    form = await open_form(claude, "options", entry)
    if page == "further":
        await form.submit(further_options=True)
    assert form.page == (page, {})
    await claude.hass.config_entries.async_remove(entry.entry_id)
    await form.submit()
    assert form.outcome == "entry_removed"


@pytest.mark.smoke
@pytest.mark.parametrize(
    "typed",
    [BEN["personal"], "{org_id}", "https://claude.ai/api/organizations/{org_id}/usage"],
)
@pytest.mark.parametrize("source", ["options", "reconfigure"])
async def test_another_organization(claude: Claude, source: str, typed: str) -> None:
    """Another organization can be chosen by name, or its ID can be typed."""
    entry = await claude.entry("ben")
    key = entry.data["session_key"]
    account = account_of(claude, "ben")
    org_id = account.seats[0].organization.uuid
    form = await open_form(claude, source, entry)
    assert form.suggested["org_id"] == BEN["team"]
    await form.submit(org_id="nonsense")
    assert form.errors == {"org_id": "invalid_org_id"}
    assert list(form.organizations) == list(BEN.values())

    await form.submit(org_id=typed.format(org_id=org_id.upper()))
    assert form.outcome in ("create_entry", "reconfigure_successful")
    assert entry.data.items() >= {"session_key": key, "org_id": org_id}.items()
    assert entry.unique_id == f"{org_id}_{account.uuid}"
    assert entry.state is ConfigEntryState.LOADED
    assert claude.state("plan") == "Pro"


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        # After a failed poll, the list of organizations is not requested.
        ("challenge", 0),
        ("rate_limited", 0),
        ("server_error", 0),
        ("session_invalid", 0),
        # The form waits for the list for a few seconds only.
        ("hang", 1),
    ],
)
async def test_form_without_organizations(
    claude: Claude, fault: str, requests: int
) -> None:
    """The form opens with the ID of the organization if there is no list."""
    entry = await claude.entry()
    # Less than the timeout of a request.
    claude.server.on_slow_answer = lambda: claude.clock.tick(6)
    claude.server.set_fault(fault)
    if not requests:
        await claude.pass_time()
    before = len(claude.server.requests)
    form = await open_form(claude, "options", entry)
    assert form.organizations == {}
    assert form.suggested["org_id"] == entry.data["org_id"]
    assert len(claude.server.requests) == before + requests


async def test_options_during_an_outage(claude: Claude) -> None:
    """The interval can be changed while claude.ai is not available."""
    entry = await claude.entry()
    claude.server.set_fault("drop")
    await submit_form(claude, "options", entry, session_key="", update_interval=600)
    assert dict(entry.options) == {"update_interval": 600}
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_options_with_key_and_organization(claude: Claude) -> None:
    """An error in the options form keeps the other fields, except for the key."""
    entry = await claude.entry("ben")
    account = account_of(claude, "ben")
    personal = account.seats[0].organization.uuid
    shown = {
        "further_options": False,
        "org_id": BEN["personal"],
        "update_interval": 120,
    }
    form = await open_form(claude, "options", entry)
    await form.submit(org_id=personal, session_key="nonsense")
    assert form.errors == {"session_key": "invalid_key_format"}
    assert form.suggested == shown
    foreign = account_of(claude, "cora").session_key
    await form.submit(session_key=foreign)
    assert form.errors == {"org_id": "org_not_found"}
    assert form.suggested == shown
    await form.submit(org_id=BEN["team"], session_key=foreign)
    assert form.errors == {"session_key": "wrong_account"}
    assert form.suggested == {**shown, "org_id": BEN["team"]}

    key = account.log_in()
    await form.submit(org_id=personal, session_key=key)
    assert form.outcome == "create_entry"
    assert entry.data.items() >= {"session_key": key, "org_id": personal}.items()
    assert dict(entry.options) == {"update_interval": 120}


@pytest.mark.parametrize("source", ["user", "reauth", "reconfigure", "options"])
@pytest.mark.parametrize("good", [0, 1])
async def test_two_keys(claude: Claude, good: int, source: str) -> None:
    """Of two keys in a header, the one that claude.ai accepts is stored."""
    entry = None if source == "user" else await claude.entry()
    key = account_of(claude).log_in()
    keys = ["sk-ant-sid02-".ljust(130, "o")] * 2
    keys[good] = key
    header = f"Cookie: sessionKey={keys[0]}; a=b; sessionKey={keys[1]}"
    where = (source, entry) if entry else ()
    form = await submit_form(claude, *where, session_key=header)
    assert form.outcome in ("create_entry", f"{source}_successful")
    (entry,) = claude.hass.config_entries.async_entries(DOMAIN)
    assert entry.data["session_key"] == key
    assert "unavailable" not in claude.states().values()


@pytest.mark.parametrize("source", ["user", "reauth", "reconfigure", "options"])
async def test_cut_key(claude: Claude, source: str) -> None:
    """A key that was cut is an error at its field, and nothing is sent."""
    entry = None if source == "user" else await claude.entry()
    form = await open_form(claude, *((source, entry) if entry else ()))
    requests = len(claude.server.requests)
    await form.submit(session_key="sk-ant-sid02-abc...xyz")
    assert form.errors == {"session_key": "key_cut"}
    assert len(claude.server.requests) == requests


async def test_only_an_expired_key_is_passed_over(claude: Claude) -> None:
    """The second key is not tried if the first one belongs to another account."""
    entry = await claude.entry()
    keys = [account_of(claude, name).session_key for name in ("ben", "ada")]
    header = "; ".join(f"sessionKey={key}" for key in keys)
    form = await submit_form(claude, "reconfigure", entry, session_key=header)
    assert form.errors == {"session_key": "wrong_account"}


async def test_two_keys_after_the_organization_moved(claude: Claude) -> None:
    """The second step of reauth asks for the organizations of the accepted key."""
    entry = await claude.entry()
    account = account_of(claude)
    moved, key = account.move(), account.log_in()
    header = f"sessionKey={'sk-ant-sid02-'.ljust(130, 'o')}; sessionKey={key}"
    form = await submit_form(claude, "reauth", entry, session_key=header)
    assert form.page == ("organization", {})
    await form.submit(org_id=moved.uuid)
    assert form.outcome == "reauth_successful"
    assert entry.data["session_key"] == key
