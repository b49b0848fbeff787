"""The requests of the client, and its results."""

from __future__ import annotations

import json
import re
import zlib

from aiohttp import ClientSession, web
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.claude_pulse.claude_ai import client as client_module, errors
from custom_components.claude_pulse.claude_ai.client import ClaudeAiClient
from custom_components.claude_pulse.claude_ai.money import Money
from custom_components.claude_pulse.claude_ai.organization import (
    MAX_ORGANIZATIONS,
    Organization,
)
from tests.simulator import Simulator
from tests.simulator.faults import FAULTS

from . import KEY, ORG_ID
from .conftest import Ada, Serve


async def test_request(serve: Serve, client: ClaudeAiClient) -> None:
    """Each request has the headers of the usage page, with the key as the only cookie."""
    cookies = [("Set-Cookie", "sessionKey=another"), ("Set-Cookie", "__cf_bm=x")]
    server = await serve({}, headers=cookies)
    await client.usage(ORG_ID)
    await client.usage(ORG_ID)
    for request in server.requests:
        path = f"/api/organizations/{ORG_ID}/usage?cedar_ember=1"
        assert request.raw_path == path
        # The case of the names is that of a browser.
        headers = {name.decode(): value.decode() for name, value in request.raw_headers}
        for name in ("Host", "Connection"):
            headers.pop(name, None)
        assert re.fullmatch(
            r"Mozilla/5\.0 \(Windows NT 10\.0; Win64; x64\) AppleWebKit/537\.36 "
            r"\(KHTML, like Gecko\) Chrome/\d+\.0\.0\.0 Safari/537\.36",
            headers.pop("User-Agent"),
        )
        assert headers == {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Accept-Language": "en-US,en;q=0.9",
            "Cookie": f"sessionKey={KEY}",
            "Referer": "https://claude.ai/settings/usage",
            "anthropic-client-platform": "web_claude_ai",
        }


def test_base_url() -> None:
    """The client sends its requests to claude.ai, encrypted."""
    assert client_module.BASE_URL == "https://claude.ai"


async def test_closed_session(
    simulator: Simulator, session: ClientSession, client: ClaudeAiClient
) -> None:
    """A client with a closed session sends no requests."""
    await session.close()
    with pytest.raises(errors.UnavailableError, match=r"\(closed\)$"):
        await client.organizations()
    assert not simulator.requests


async def test_api_only_organization(ada: Ada) -> None:
    """An organization with API access only has no usage."""
    first, second = await ada.client.organizations()
    assert (first.has_usage, second.has_usage) == (False, True)
    with pytest.raises(errors.OrganizationAccessError):
        await ada.client.usage(first.org_id)
    assert (await ada.client.usage(second.org_id)).session is not None
    assert (await ada.client.organization(second.org_id)).plan == "Max 20x"
    assert await ada.client.account() == ada.account.uuid


async def test_organization_without_details(
    serve: Serve, client: ClaudeAiClient
) -> None:
    """An organization without name or UUID has the requested ID."""
    await serve({"uuid": ORG_ID, "name": "", "capabilities": ["chat"]})
    assert (await client.organization(ORG_ID)).name is None
    await serve({"name": "Lab"})
    assert await client.organization(ORG_ID) == Organization(ORG_ID)


async def test_balance(ada: Ada) -> None:
    """The balance is an amount, or None if the account has none."""
    assert await ada.client.balance(ada.org_id) is None
    ada.seat.prepaid_cents = 5597
    assert await ada.client.balance(ada.org_id) == Money(55.97, "EUR")
    ada.simulator.set_fault("forbidden")
    assert await ada.client.balance(ada.org_id) is None
    ada.simulator.set_fault("server_error")
    with pytest.raises(errors.UnavailableError):
        await ada.client.balance(ada.org_id)
    path = f"/api/organizations/{ada.org_id}/prepaid/credits"
    assert {request.path for request in ada.simulator.requests} == {path}


async def test_account_not_available(ada: Ada) -> None:
    """The account is None if claude.ai refuses it. Other errors are raised."""
    ada.simulator.silent_account = True
    assert await ada.client.account() is None
    raised = {
        "session_invalid": errors.InvalidSessionError,
        "challenge": errors.BlockedError,
        "challenge_503": errors.BlockedError,
        "rate_limited": errors.RateLimitedError,
        "region_451": errors.RegionBlockedError,
        "drop": errors.UnavailableError,
    }
    for fault, error in raised.items():
        ada.simulator.set_fault(fault)
        with pytest.raises(error):
            await ada.client.account()
    assert {request.path for request in ada.simulator.requests} == {"/api/account"}


@pytest.mark.parametrize(
    ("listed", "error"),
    [
        ([(ORG_ID, "chat")], errors.ForbiddenError),
        ([("another", "api"), (ORG_ID.upper(), "chat")], errors.ForbiddenError),
        ([(ORG_ID, "api")], errors.OrganizationAccessError),
        ([("another", "chat")], errors.OrganizationAccessError),
        ([], errors.OrganizationAccessError),
    ],
)
async def test_refused_organization(
    serve: Serve,
    client: ClaudeAiClient,
    listed: list[tuple[str, str]],
    error: type[errors.ClaudeAiError],
) -> None:
    """The reason is unclear if the organization is still listed with usage."""
    refusal = {"error": {"message": "Invalid authorization for organization"}}
    rows = [{"uuid": uuid, "capabilities": [name]} for uuid, name in listed]

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/api/organizations":
            return web.json_response(rows)
        return web.json_response(refusal, status=403)

    await serve(answer)
    with pytest.raises(error) as raised:
        await client.usage(ORG_ID)
    assert raised.type is error
    assert client.usage_body == refusal


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 500, 502, 503, 529])
@pytest.mark.parametrize("body", [{}, "no JSON", {"error": {"message": "x"}}])
async def test_account_refused(
    serve: Serve, client: ClaudeAiClient, status: int, body: object
) -> None:
    """An error without a meaning for the session key is no account."""
    server = await serve(body, status=status)
    assert await client.account() is None
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body"), [(200, "no JSON"), (200, []), (504, "<html></html>")]
)
async def test_account_without_an_object(
    serve: Serve, client: ClaudeAiClient, status: int, body: object
) -> None:
    """An answer that is not a JSON object is no account."""
    await serve(body, status=status)
    assert await client.account() is None


async def test_saved_resets(ada: Ada) -> None:
    """Saved resets are part of the only request for the usage."""
    hal = ada.simulator.world.accounts["hal"]
    ada.client.session_key = hal.session_key
    usage = await ada.client.usage(hal.seats[0].organization.uuid)
    assert usage.saved_resets.is_eligible
    assert [grant.left for grant in usage.saved_resets.grants] == [2]
    assert [request.query for request in ada.simulator.requests] == ["cedar_ember=1"]


async def test_refused_parameter(ada: Ada, freezer: FrozenDateTimeFactory) -> None:
    """Without the parameter there are no saved resets. A day later they are requested."""
    ada.simulator.set_fault("parameter_refused")
    for _ in range(2):
        usage = await ada.client.usage(ada.org_id)
        assert usage.session is not None
        assert usage.saved_resets is None
    queries = ["cedar_ember=1", "", ""]
    freezer.tick(24 * 60 * 60 - 1)
    ada.simulator.clear_faults()
    await ada.client.usage(ada.org_id)
    freezer.tick(1)
    usage = await ada.client.usage(ada.org_id)
    assert usage.saved_resets is not None
    queries += ["", "cedar_ember=1"]
    assert [request.query for request in ada.simulator.requests] == queries


@pytest.mark.parametrize(
    ("fault", "queries"),
    [
        # The second request is refused, too, and shows why.
        ("forbidden_organization", ["cedar_ember=1", ""]),
        ("malformed", ["cedar_ember=1", ""]),
        ("organization_missing", ["cedar_ember=1", "", ""]),
        ("no_json_403", ["cedar_ember=1", ""]),
        # These have nothing to do with the parameter.
        ("session_invalid", ["cedar_ember=1"]),
        ("unauthorized", ["cedar_ember=1"]),
        ("challenge", ["cedar_ember=1"]),
        ("browser_refused", ["cedar_ember=1"]),
        ("captive_portal", ["cedar_ember=1"]),
        ("region_451", ["cedar_ember=1"]),
        ("rate_limited", ["cedar_ember=1"]),
        ("server_error", ["cedar_ember=1"]),
        ("gateway_page", ["cedar_ember=1"]),
        ("login_redirect", ["cedar_ember=1"]),
    ],
)
async def test_refused_request(ada: Ada, fault: str, queries: list[str]) -> None:
    """A refusal that can be that of the parameter is tried once without it."""
    ada.simulator.set_fault(fault)
    with pytest.raises(errors.ClaudeAiError):
        await ada.client.usage(ada.org_id)
    assert [request.query for request in ada.simulator.requests] == queries
    ada.simulator.clear_faults()
    assert (await ada.client.usage(ada.org_id)).saved_resets is not None
    assert ada.simulator.requests[-1].query == "cedar_ember=1"


@pytest.mark.parametrize(("status", "requests"), [(401, 1), (408, 1), (418, 2)])
async def test_refusal_without_json(
    serve: Serve, client: ClaudeAiClient, status: int, requests: int
) -> None:
    """A status that has nothing to do with the parameter is no refusal of it."""
    server = await serve("no JSON", status=status)
    with pytest.raises(errors.UnavailableError):
        await client.usage(ORG_ID)
    assert len(server.requests) == requests


async def test_parameter_refused_and_no_json(
    serve: Serve, client: ClaudeAiClient
) -> None:
    """The parameter is left out only after a good answer without it."""

    async def answer(request: web.Request) -> web.Response:
        """Refuse the parameter, and send something else without it."""
        return web.Response(text="no JSON", status=400 if request.query else 200)

    server = await serve(answer)
    for _ in range(2):
        with pytest.raises(errors.UnavailableError):
            await client.usage(ORG_ID)
    assert [bool(request.query) for request in server.requests] == [True, False] * 2


async def test_usage_body(ada: Ada) -> None:
    """The last JSON of `usage` is kept without changes, also after another answer."""
    ada.seat.fixed_body = {"five_hour": {"utilization": 31}, "new": ["x"]}
    assert ada.client.usage_body is None
    await ada.client.usage(ada.org_id)
    await ada.client.organizations()
    assert ada.client.usage_body == ada.seat.fixed_body
    ada.simulator.set_fault("no_json")
    with pytest.raises(errors.UnavailableError):
        await ada.client.usage(ada.org_id)
    assert ada.client.usage_body == ada.seat.fixed_body


async def test_offered_key(ada: Ada) -> None:
    """The client stores another key from the cookie of a good answer, but does not use it."""
    client, account = ada.client, ada.account
    old = account.session_key
    await client.organizations()
    assert client.offered_key is None
    new = account.renew()
    await client.organizations()
    assert client.offered_key == new
    assert client.session_key == old
    # An answer without a key does not remove it.
    account.cookie = "null"
    await client.organizations()
    assert client.offered_key == new
    # An error does not offer a key.
    client.offered_key = account.cookie = None
    ada.simulator.set_fault("error_with_200")
    with pytest.raises(errors.UnavailableError):
        await client.organizations()
    assert client.offered_key is None
    ada.simulator.clear_faults()
    client.session_key = new
    await client.organizations()
    assert client.offered_key is None
    keys = [request.session_key for request in ada.simulator.requests]
    assert keys == [*[old] * 4, new]


async def test_connection_errors(ada: Ada) -> None:
    """The message names the kind of error only. A missing connection has its own class."""
    ada.simulator.set_fault("drop")
    with pytest.raises(errors.UnavailableError) as raised:
        await ada.client.organizations()
    assert raised.type is errors.UnavailableError
    assert str(raised.value).endswith("(ServerDisconnectedError)")
    assert raised.value.__cause__ is None
    await ada.simulator.stop()
    with pytest.raises(errors.UnreachableError, match=r"\(ClientConnectorError\)$"):
        await ada.client.organizations()


def compressed(body: bytes, encoding: str) -> bytes:
    """Return a body in an encoding."""
    if encoding == "identity":
        return body
    compressor = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    return compressor.compress(body) + compressor.flush()


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate", "GZip"])
@pytest.mark.parametrize("excess", [0, 1])
async def test_largest_answer(
    serve: Serve, client: ClaudeAiClient, encoding: str, excess: int
) -> None:
    """A body of 1 MiB is read, compressed or not. A larger one is refused."""
    body = json.dumps({"uuid": ORG_ID}).encode().ljust(2**20 + excess)
    body = compressed(body, encoding.lower())
    await serve(body, headers={"Content-Encoding": encoding})
    if excess:
        with pytest.raises(errors.UnavailableError, match=r"\(answer too large\)$"):
            await client.account()
    else:
        assert await client.account() == ORG_ID


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"{}"),
        ("deflate", b"{}"),
        ("br", b"{}"),
        ("gzip, gzip", compressed(compressed(b"{}", "gzip"), "gzip")),
        ("", b"{}"),
    ],
)
async def test_invalid_encoding(
    serve: Serve, client: ClaudeAiClient, encoding: str, body: bytes
) -> None:
    """A body in another encoding than the requested or the named one is refused."""
    await serve(body, headers={"Content-Encoding": encoding})
    message = r"\(answer cannot be decompressed\)$"
    with pytest.raises(errors.UnavailableError, match=message) as raised:
        await client.account()
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('{"name": "Größe"}'.encode("latin-1"), "Gr\ufffd\ufffde"),
        ('\ufeff{"name": "Größe"}'.encode(), "Größe"),
    ],
)
async def test_text(
    serve: Serve, client: ClaudeAiClient, body: bytes, name: str
) -> None:
    """A body is UTF-8, whatever its content type. Invalid bytes are replaced."""
    body = body.replace(b"{", f'{{"uuid": "{ORG_ID}", '.encode())
    await serve(body, content_type="text/plain")
    assert (await client.organization(ORG_ID)).name == name


# The error of each row of the error table.
ERRORS = {
    1: errors.BlockedError,
    2: errors.InvalidSessionError,
    3: errors.OrganizationAccessError,
    4: errors.InvalidOrganizationIdError,
    5: errors.RegionBlockedError,
    6: errors.RateLimitedError,
    7: errors.ForbiddenError,
    8: errors.UnavailableError,
}


@pytest.mark.parametrize("name", [name for name in FAULTS if not FAULTS[name].slow])
async def test_fault(ada: Ada, name: str) -> None:
    """Each fault raises the error of its row."""
    ada.simulator.set_fault(name, retry_after="600" if name == "rate_limited" else None)
    with pytest.raises(errors.ClaudeAiError) as raised:
        await ada.client.usage(ada.org_id)
    assert raised.type is ERRORS[FAULTS[name].row]
    if isinstance(raised.value, errors.RateLimitedError):
        assert raised.value.retry_after == 600


async def test_body_of_a_challenge(serve: Serve, client: ClaudeAiClient) -> None:
    """The body of a challenge is not read."""
    await serve(b" " * 2**21, headers={"CF-Mitigated": "challenge"})
    with pytest.raises(errors.BlockedError):
        await client.usage(ORG_ID)


async def test_too_many_organizations(
    serve: Serve, client: ClaudeAiClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The first organizations are read, and one warning is logged."""
    await serve([{"uuid": f"{number:032x}"} for number in range(100)])
    for _ in range(2):
        assert len(await client.organizations()) == MAX_ORGANIZATIONS
    (warning,) = [
        record.getMessage()
        for record in caplog.records
        if record.name == client_module.__name__
    ]
    assert "more organizations than" in warning


async def test_truncated_usage(
    serve: Serve, client: ClaudeAiClient, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning is logged if there are too many limits."""
    rows = [{"kind": f"x{number}", "percent": 1} for number in range(100)]
    await serve({"limits": rows})
    for _ in range(2):
        assert (await client.usage(ORG_ID)).truncated
    assert caplog.text.count("more limits or credit pools than") == 1
