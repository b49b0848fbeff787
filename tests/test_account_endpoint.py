"""Forms work without an answer about the account."""

from __future__ import annotations

import pytest

from homeassistant.config_entries import ConfigEntryState

from .common import Claude, account_of, seat_of
from .flows import open_reauth, submit_form
from .simulator.faults import FAULTS, Fault, error_body

REFUSED = error_body("invalid_request_error", "Not here")
# claude.ai does not have the address any more, or refuses it.
MISSING = {
    "400": Fault(0, 400, REFUSED),
    "404": Fault(0, 404, REFUSED),
}
# Another answer can follow.
UNAVAILABLE = {
    "403": Fault(0, 403, "Forbidden", "text/plain"),
    "405": Fault(0, 405, "Method Not Allowed", "text/plain"),
    "410": Fault(0, 410, REFUSED),
    "500": FAULTS["server_error"],
    "502": FAULTS["gateway_page"],
    "no JSON": FAULTS["no_json"],
    "a list": FAULTS["no_object"],
}
WITHOUT_ACCOUNT = {**MISSING, **UNAVAILABLE}


def faults(found: dict[str, Fault]) -> pytest.MarkDecorator:
    """Run a test with each of the faults."""
    return pytest.mark.parametrize("fault", found.values(), ids=found.keys())


@faults(WITHOUT_ACCOUNT)
async def test_set_up(claude: Claude, fault: Fault) -> None:
    """The entry is created, and its account is unknown."""
    claude.server.account_fault = fault
    data = seat_of(claude.server)
    form = await submit_form(claude, session_key=data["session_key"])
    assert form.outcome == "create_entry"
    assert form.result["result"].unique_id == data["org_id"]
    assert claude.state("plan") == "Max 20x"


@faults(MISSING)
async def test_reauth(claude: Claude, fault: Fault) -> None:
    """A new session key is stored."""
    entry = await claude.entry()
    unique_id = entry.unique_id
    claude.server.account_fault = fault
    account = account_of(claude)
    account.log_out()
    await claude.pass_time()
    form = await open_reauth(claude)
    await form.submit(session_key=account.log_in())
    assert form.outcome == "reauth_successful"
    assert entry.data["session_key"] == account.session_key
    assert (entry.unique_id, entry.state) == (unique_id, ConfigEntryState.LOADED)


@faults(MISSING)
async def test_reconfigure(claude: Claude, fault: Fault) -> None:
    """A new session key is stored."""
    entry = await claude.entry()
    claude.server.account_fault = fault
    key = account_of(claude).log_in()
    form = await submit_form(claude, "reconfigure", entry, session_key=key)
    assert form.outcome == "reconfigure_successful"
    assert entry.data["session_key"] == key


@faults(UNAVAILABLE)
async def test_key_of_another_account(claude: Claude, fault: Fault) -> None:
    """While the account of a key is unknown, a known account gets no new key."""
    entry = await claude.entry()
    stored = dict(entry.data)
    claude.server.account_fault = fault
    form = await submit_form(
        *(claude, "reconfigure", entry),
        session_key=account_of(claude, "cora").session_key,
        org_id=seat_of(claude.server)["org_id"],
    )
    assert "cannot_connect" in form.errors.values()
    assert dict(entry.data) == stored


@pytest.mark.parametrize(
    ("fault", "error"),
    [("session_invalid", "invalid_auth"), ("challenge", "blocked")],
)
async def test_other_errors(claude: Claude, fault: str, error: str) -> None:
    """An expired key and a block are errors here, too."""
    claude.server.account_fault = FAULTS[fault]
    form = await submit_form(claude, **seat_of(claude.server))
    assert error in form.errors.values()
