"""No secret and nothing personal reaches a log, an exception or a form."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest
import voluptuous as vol

from custom_components.claude_pulse.claude_ai.errors import ClaudeAiError

from .claude_ai.conftest import open_client
from .common import (
    ANSWERING_FAULTS,
    Claude,
    account_of,
    reauth_flows,
    reload,
    seat_of,
)
from .flows import Form, open_form, open_reauth, submit_form
from .simulator import Simulator
from .simulator.faults import FAULTS

ORG_ID = "1a2b3c4d-0000-4000-8000-123456789abc"
SECRET = "Ab3dEf6hIj9lMn2pQr5tUv8x-" * 4
KEY = f"sk-ant-sid02-{SECRET}"
HEADER = (
    f"Cookie: anthropic-device-id={ORG_ID}; sessionKey={KEY}; lastActiveOrg={ORG_ID}"
)

# What people paste into a field that is not for a session key.
PASTED = (
    KEY,
    f"  {KEY}\n",
    f'"{KEY}"',
    f"“{KEY}”",
    quote(f"sessionKey={KEY}", safe=""),
    f"{KEY[:40]}\n{KEY[40:]}",
    f"{KEY[:40]}\u200b{KEY[40:]}",
    # Parts of a session key.
    KEY[:30],
    KEY[3:],
    KEY[40:],
    KEY[-20:],
    f"sk-ant-sid02-{ORG_ID}",
    f"sk-ant-api03-{SECRET}",
    f"sk-ant-oat01-{SECRET}",
    HEADER,
    quote(HEADER),
    f"curl -H '{HEADER}' https://claude.ai/api/organizations/{ORG_ID}/usage",
    "ada@example.org",
)


def secrets(simulator: Simulator) -> set[str]:
    """Return the session keys, e-mail addresses and UUIDs of the simulator."""
    values = set()
    for account in simulator.world.accounts.values():
        values |= {account.session_key, account.email, account.uuid}
        values |= {seat.organization.uuid for seat in account.seats}
    return values


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Return the lines of a text that contain a secret."""
    return [
        line
        for line in text.splitlines()
        if any(secret.lower() in line.lower() for secret in secrets)
    ]


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    """Return the log without the records of the test kit, which logs stored data."""
    records = [item for item in caplog.records if not item.name.startswith("pytest_")]
    assert any("claude_pulse" in record.name for record in records)
    return "\n".join(map(logging.Formatter().format, records))


def shown_by(form: Form) -> str:
    """Return everything that a form and the list of flows show."""
    flows = form.claude.hass.config_entries
    progress = [*flows.flow.async_progress(), *flows.options.async_progress()]
    return repr([form.schema, form.errors, form.placeholders, progress])


@pytest.mark.parametrize("fault", [None, *ANSWERING_FAULTS])
async def test_log(
    claude: Claude, caplog: pytest.LogCaptureFixture, fault: str | None
) -> None:
    """Set-up, polls, forms and recovery log no secret at debug level."""
    caplog.set_level(logging.DEBUG)
    old = secrets(claude.server)
    entry = await claude.entry()
    if fault:
        claude.server.set_fault(fault)
    for _ in range(4):
        await claude.pass_time()
    await submit_form(claude, **seat_of(claude.server))
    await reload(claude, entry)
    entry.async_start_reauth(claude.hass)
    await claude.settle()
    form = await open_reauth(claude)
    typed = {
        "session_key": account_of(claude).log_in(),
        "org_id": entry.data["org_id"],
    }
    await form.submit(session_key=typed["session_key"])
    claude.server.clear_faults()
    if reauth_flows(claude.hass):
        form = await open_reauth(claude)
        await form.submit(**{field: typed[field] for field in form.fields})
    await claude.pass_time(3600)
    assert entry.data["session_key"] == typed["session_key"]
    assert leaks(log_of(caplog), old | secrets(claude.server)) == []


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("fault", [None, *FAULTS])
async def test_exception(simulator: Simulator, fault: str | None) -> None:
    """An exception and its causes contain no secret; None is a refused connection."""
    account = simulator.world.accounts["ada"]
    if fault:
        simulator.set_fault(fault)
    else:
        await simulator.stop()
    async with open_client(account.session_key) as client:
        with pytest.raises(ClaudeAiError) as raised:
            await client.usage(account.seats[-1].organization.uuid)
    shown = str(raised.getrepr(style="native"))
    assert leaks(f"{raised.value!r} {shown}", secrets(simulator)) == []
    assert fault or "ClientConnectorError" in str(raised.value)


@pytest.mark.parametrize("fault", [None, "server_error"])
@pytest.mark.parametrize("source", ["user", "reconfigure", "options"])
async def test_key_in_the_organization_field(
    claude: Claude, caplog: pytest.LogCaptureFixture, source: str, fault: str | None
) -> None:
    """A pasted key reaches no form, log, flow in progress or entry."""
    caplog.set_level(logging.DEBUG)
    entry = await claude.entry()
    form = await open_form(claude, source, None if source == "user" else entry)
    more = {"session_key": entry.data["session_key"]} if source == "user" else {}
    if fault:
        claude.server.set_fault(fault)
    for pasted in PASTED:
        await form.submit(**more, org_id=pasted)
        assert form.errors
        assert form.suggested.get("org_id") in (None, ORG_ID)
        shown = shown_by(form)
        assert pasted not in shown
        stored = repr((entry.data, entry.options, entry.unique_id))
        parts = {SECRET[:10], SECRET[-10:], quote(HEADER), "ada@"}
        assert leaks(f"{shown}\n{stored}", parts) == []
    assert leaks(log_of(caplog), {SECRET[:10], SECRET[-10:]}) == []


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        (ORG_ID[:-1], ORG_ID[:-1]),
        (f"{ORG_ID}0", f"{ORG_ID}0"),
        (ORG_ID.upper()[5:], ORG_ID.upper()[5:]),
        (f"{ORG_ID[:-1]}x", f"{ORG_ID[:-1]}x"),
        ("Analytical Engines", "Analytical Engines"),
        # An ID that claude.ai does not know.
        (f"https://claude.ai/api/organizations/{ORG_ID}/usage", ORG_ID),
        (f" {ORG_ID}\n", ORG_ID),
    ],
)
async def test_mistyped_organization(
    claude: Claude, typed: str, suggestion: str
) -> None:
    """The form keeps a text that cannot be a secret, so that it can be corrected."""
    key = account_of(claude).session_key
    form = await submit_form(claude, session_key=key, org_id=typed)
    assert "org_id" in form.errors
    assert form.suggested == {"org_id": suggestion}


async def test_key_in_other_fields(claude: Claude) -> None:
    """The form removes a pasted key from the thresholds; other fields reject it."""
    entry = await claude.entry()
    form = await open_form(claude, "options", entry)
    with pytest.raises(vol.Invalid) as rejected:
        await form.submit(update_interval=KEY)
    assert SECRET[:10] not in repr((rejected.value, vars(rejected.value)))
    await form.submit(further_options=True)
    for pasted in PASTED:
        await form.submit(thresholds=["75", pasted, "much"])
        assert form.errors == {"thresholds": "invalid_threshold"}
        assert form.suggested["thresholds"] == ["75", "much"]
        assert pasted not in shown_by(form)


async def test_key_as_a_choice(claude: Claude) -> None:
    """The list of organizations rejects a key without repeating it."""
    key = account_of(claude, "ben").session_key
    form = await submit_form(claude, session_key=key)
    assert form.page == ("organization", {})
    with pytest.raises(vol.Invalid) as rejected:
        await form.submit(org_id=KEY)
    assert SECRET[:10] not in repr((rejected.value, vars(rejected.value)))


@pytest.mark.parametrize("source", ["reconfigure", "options"])
async def test_key_stored_as_the_organization(claude: Claude, source: str) -> None:
    """The form of an entry with a key as its organization does not show the key."""
    entry = await claude.entry()
    data = {**entry.data, "org_id": KEY}
    claude.hass.config_entries.async_update_entry(entry, data=data)
    form = await open_form(claude, source, entry)
    assert not form.suggested.get("org_id")
    assert SECRET[:10] not in shown_by(form)
